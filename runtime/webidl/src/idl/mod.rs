//! One marker type per IDL type, so that generated code reads like the IDL: `idl::Sequence<idl::ByteString>`.
//!
//! Conversions say what a value *is not* ("is not a sequence."); whoever asked for the conversion puts the subject before it.
//!
//! <https://webidl.spec.whatwg.org/#js-type-mapping>

mod buffers;
mod collections;
mod numbers;
mod promise;
mod strings;

pub use buffers::*;
pub use collections::*;
pub use numbers::*;
pub use promise::Promise;
pub use strings::*;

use std::marker::PhantomData;

use nano_engine::external_memory::{self, ExternalMemory};

use crate::{
    Error, Fallible, PlatformObject, Ref, Scope, ScriptInterface, ScriptRef, Value, require_room,
    type_error,
};

/// An IDL type.
pub trait Idl {
    /// The Rust type of its values; 's is the handle scope of JavaScript values among them.
    type Native<'s>;
}

/// A type that JavaScript values convert to.
pub trait FromJs: Idl {
    /// "Convert a JavaScript value to an IDL value."
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Self::Native<'s>>;
}

/// A type whose values convert to JavaScript.
pub trait ToJs: Idl {
    /// "Convert an IDL value to a JavaScript value."
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: Self::Native<'s>) -> Fallible<Value<'s>>;

    /// About how many bytes the value holds outside of V8's heap, beside its own size. What V8 has of them is a copy.
    fn held(_: &Self::Native<'_>) -> usize {
        0
    }
}

/// Converts what native code gives to JavaScript. The members of interfaces need not know of it: what they have made is there beside
/// V8's copy, so there must be room for both, and it counts meanwhile.
///
/// # Errors
/// Those of the conversion, and a `RangeError` if both do not fit into the isolate's memory limit.
pub fn result<'s, T: ToJs>(scope: &mut Scope<'s, '_>, value: T::Native<'s>) -> Fallible<Value<'s>> {
    /// Less is not worth a look.
    const FEW: usize = 64 << 10;
    let held = T::held(&value);
    if held < FEW {
        return T::to_js(scope, value);
    }
    require_room(scope, held.saturating_mul(2))?;
    let _there = ExternalMemory::new(held);
    external_memory::settle(scope);
    T::to_js(scope, value)
}

/// <https://webidl.spec.whatwg.org/#js-any>
pub struct Any;

impl Idl for Any {
    type Native<'s> = Value<'s>;
}

impl FromJs for Any {
    fn from_js<'s>(_: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Value<'s>> {
        Ok(value)
    }
}

impl ToJs for Any {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Value<'s>> {
        Ok(value)
    }
}

/// <https://webidl.spec.whatwg.org/#js-undefined>
pub struct Undefined;

impl Idl for Undefined {
    type Native<'s> = ();
}

impl FromJs for Undefined {
    fn from_js<'s>(_: &mut Scope<'s, '_>, _: Value<'s>) -> Fallible<()> {
        Ok(())
    }
}

impl ToJs for Undefined {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, (): ()) -> Fallible<Value<'s>> {
        Ok(v8::undefined(scope).into())
    }
}

/// <https://webidl.spec.whatwg.org/#js-object>
pub struct Object;

impl Idl for Object {
    type Native<'s> = v8::Local<'s, v8::Object>;
}

impl FromJs for Object {
    fn from_js<'s>(_: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<v8::Local<'s, v8::Object>> {
        value
            .try_into()
            .map_err(|_| type_error("is not an object."))
    }
}

impl ToJs for Object {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Object>) -> Fallible<Value<'s>> {
        Ok(value.into())
    }
}

/// <https://webidl.spec.whatwg.org/#js-boolean>
pub struct Boolean;

impl Idl for Boolean {
    type Native<'s> = bool;
}

impl FromJs for Boolean {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<bool> {
        Ok(value.boolean_value(scope))
    }
}

impl ToJs for Boolean {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: bool) -> Fallible<Value<'s>> {
        Ok(v8::Boolean::new(scope, value).into())
    }
}

/// <https://webidl.spec.whatwg.org/#js-nullable-type>
pub struct Nullable<T>(PhantomData<T>);

impl<T: Idl> Idl for Nullable<T> {
    type Native<'s> = Option<T::Native<'s>>;
}

impl<T: FromJs> FromJs for Nullable<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Option<T::Native<'s>>> {
        if value.is_null_or_undefined() {
            Ok(None)
        } else {
            T::from_js(scope, value).map(Some)
        }
    }
}

impl<T: ToJs> ToJs for Nullable<T> {
    fn to_js<'s>(scope: &mut Scope<'s, '_>, value: Option<T::Native<'s>>) -> Fallible<Value<'s>> {
        match value {
            Some(value) => T::to_js(scope, value),
            None => Ok(v8::null(scope).into()),
        }
    }

    fn held(value: &Option<T::Native<'_>>) -> usize {
        value.as_ref().map_or(0, T::held)
    }
}

/// An interface that a Rust type implements, <https://webidl.spec.whatwg.org/#js-interface>.
pub struct Interface<T>(PhantomData<T>);

impl<T: PlatformObject> Idl for Interface<T> {
    type Native<'s> = Ref<'s, T>;
}

impl<T: PlatformObject> FromJs for Interface<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Ref<'s, T>> {
        crate::object::require(scope, value)
    }
}

impl<T: PlatformObject> ToJs for Interface<T> {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: Ref<'s, T>) -> Fallible<Value<'s>> {
        Ok(value.object().into())
    }
}

/// An interface that a built-in script implements, <https://webidl.spec.whatwg.org/#js-interface>.
pub struct Script<T>(PhantomData<T>);

impl<T: ScriptInterface> Idl for Script<T> {
    type Native<'s> = ScriptRef<'s, T>;
}

impl<T: ScriptInterface> FromJs for Script<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<ScriptRef<'s, T>> {
        crate::script::require(scope, value)
    }
}

impl<T: ScriptInterface> ToJs for Script<T> {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: ScriptRef<'s, T>) -> Fallible<Value<'s>> {
        Ok(value.object().into())
    }
}

/// A callback function, <https://webidl.spec.whatwg.org/#js-callback-function>.
pub struct Callback;

/// A function of the app that a standard calls back.
#[derive(Clone, Copy)]
pub struct CallbackFunction<'s>(pub v8::Local<'s, v8::Function>);

impl<'s> CallbackFunction<'s> {
    /// <https://webidl.spec.whatwg.org/#invoke-a-callback-function>, arguments and result as JavaScript values.
    pub fn invoke(
        &self,
        scope: &mut Scope<'s, '_>,
        this: Value<'s>,
        arguments: &[Value<'s>],
    ) -> Fallible<Value<'s>> {
        self.0.call(scope, this, arguments).ok_or(Error::Thrown)
    }
}

impl Idl for Callback {
    type Native<'s> = CallbackFunction<'s>;
}

impl FromJs for Callback {
    fn from_js<'s>(_: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<CallbackFunction<'s>> {
        value
            .try_into()
            .map(CallbackFunction)
            .map_err(|_| type_error("is not a function."))
    }
}

impl ToJs for Callback {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: CallbackFunction<'s>) -> Fallible<Value<'s>> {
        Ok(value.0.into())
    }
}

/// Reads one member while a dictionary is converted; `None` where it is `undefined`.
/// <https://webidl.spec.whatwg.org/#js-dictionary>, steps 4.1.1 to 4.1.4.
pub fn dictionary_member<'s, T: FromJs>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: (usize, &'static str),
) -> Fallible<Option<T::Native<'s>>> {
    let name = crate::Realm::key(scope, key.0, key.1);
    let value = object.get(scope, name.into()).ok_or(Error::Thrown)?;
    if value.is_undefined() {
        return Ok(None);
    }
    T::from_js(scope, value)
        .map(Some)
        .map_err(|e| e.of(format_args!("member '{}'", key.1)))
}

/// The object whose members a dictionary conversion reads: `None` for `undefined` and `null`.
/// <https://webidl.spec.whatwg.org/#js-dictionary>, step 1.
pub fn dictionary_object<'s>(
    name: &str,
    value: Value<'s>,
) -> Fallible<Option<v8::Local<'s, v8::Object>>> {
    if value.is_null_or_undefined() {
        return Ok(None);
    }
    value
        .try_into()
        .map(Some)
        .map_err(|_| type_error(format!("is not of type '{name}'.")))
}

/// Sets one member while a dictionary is converted to JavaScript.
pub fn set_dictionary_member<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: (usize, &'static str),
    value: Value<'s>,
) -> Fallible<()> {
    let name = crate::Realm::key(scope, key.0, key.1);
    object
        .create_data_property(scope, name.into(), value)
        .ok_or(Error::Thrown)?;
    Ok(())
}
