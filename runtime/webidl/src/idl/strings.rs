//! String types, <https://webidl.spec.whatwg.org/#js-DOMString>.

use std::marker::PhantomData;

use nano_engine::external_memory;
use nano_engine::text::text;

use super::{FromJs, Idl, ToJs};
use crate::{Error, Fallible, Scope, Value, range_error, require_room, room, type_error};

fn to_string<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<v8::Local<'s, v8::String>> {
    match v8::Local::<v8::String>::try_from(value) {
        Ok(string) => Ok(string),
        Err(_) => value.to_string(scope).ok_or(Error::Thrown),
    }
}

/// A JavaScript string of this text.
///
/// # Errors
/// A `RangeError` where it is longer than V8's longest string, or does not fit into the isolate's memory limit.
pub fn string<'s>(scope: &mut Scope<'s, '_>, text: &str) -> Fallible<v8::Local<'s, v8::String>> {
    nano_engine::text::utf8(scope, text.as_bytes()).ok_or_else(too_long)
}

/// A string of code units, which may have surrogates that have no partner; see [`room::code_units`].
///
/// # Errors
/// A `RangeError` if it does not fit.
pub fn string_of_units<'s>(
    scope: &mut Scope<'s, '_>,
    units: &[u16],
) -> Fallible<v8::Local<'s, v8::String>> {
    nano_engine::text::two_byte(scope, units).ok_or_else(too_long)
}

fn too_long() -> Error {
    range_error(
        "the string is longer than the longest possible string, or does not fit into the app's memory limit",
    )
}

/// A string that can be one of some short ones only; a longer one is cut, and none of them.
pub fn token<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<String> {
    /// In code units.
    const LONGEST: usize = 100;
    let string = to_string(scope, value)?;
    Ok(text(scope, string, LONGEST))
}

/// `DOMString`, kept as the JavaScript string that it is: code units, lone surrogates included.
pub struct DomString;

impl Idl for DomString {
    type Native<'s> = v8::Local<'s, v8::String>;
}

impl FromJs for DomString {
    fn from_js<'s>(
        scope: &mut Scope<'s, '_>,
        value: Value<'s>,
    ) -> Fallible<v8::Local<'s, v8::String>> {
        to_string(scope, value)
    }
}

impl ToJs for DomString {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: v8::Local<'s, v8::String>) -> Fallible<Value<'s>> {
        Ok(value.into())
    }
}

/// `[LegacyNullToEmptyString] T`
pub struct LegacyNullToEmptyString<T>(PhantomData<T>);

impl<T: Idl> Idl for LegacyNullToEmptyString<T> {
    type Native<'s> = T::Native<'s>;
}

impl<T: FromJs> FromJs for LegacyNullToEmptyString<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<T::Native<'s>> {
        let value = if value.is_null() {
            v8::String::empty(scope).into()
        } else {
            value
        };
        T::from_js(scope, value)
    }
}

impl<T: ToJs> ToJs for LegacyNullToEmptyString<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: T::Native<'s>) -> Fallible<Value<'s>> {
        T::to_js(scope, value)
    }

    fn held(value: &T::Native<'_>) -> usize {
        T::held(value)
    }
}

/// `USVString`: lone surrogates become U+FFFD.
pub struct UsvString;

impl Idl for UsvString {
    type Native<'s> = String;
}

impl FromJs for UsvString {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<String> {
        let text = to_string(scope, value)?;
        let text = room::text(scope, text)?;
        external_memory::converted(scope, size_of::<String>() + text.len());
        Ok(text)
    }
}

impl ToJs for UsvString {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: String) -> Fallible<Value<'s>> {
        Ok(string(scope, &value)?.into())
    }

    fn held(value: &String) -> usize {
        value.len()
    }
}

/// `ByteString`, <https://webidl.spec.whatwg.org/#js-ByteString>.
pub struct ByteString;

impl Idl for ByteString {
    type Native<'s> = Vec<u8>;
}

impl FromJs for ByteString {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Vec<u8>> {
        let text = to_string(scope, value)?;
        if !text.contains_only_onebyte() {
            return Err(type_error(
                "has a character whose code is greater than 255.",
            ));
        }
        require_room(scope, text.length())?;
        let bytes = nano_engine::text::latin1(scope, text);
        external_memory::converted(scope, size_of::<Vec<u8>>() + bytes.len());
        Ok(bytes)
    }
}

impl ToJs for ByteString {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: Vec<u8>) -> Fallible<Value<'s>> {
        let text = nano_engine::text::one_byte(scope, &value);
        text.map(Into::into).ok_or_else(too_long)
    }

    fn held(value: &Vec<u8>) -> usize {
        value.len()
    }
}
