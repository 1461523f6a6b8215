//! Objects of interfaces that built-in scripts implement, seen from Rust.

use std::marker::PhantomData;

use crate::object::not_of_type;
use crate::{Error, Fallible, Realm, Scope, Value};

/// An interface with `[Implementation=Script]`; generated glue has one marker type for each.
pub trait ScriptInterface: 'static {
    /// The interface's identifier.
    const NAME: &'static str;
}

/// An object whose brand was checked: it is of the interface `T`.
pub struct ScriptRef<'s, T: ScriptInterface> {
    object: v8::Local<'s, v8::Object>,
    interface: PhantomData<T>,
}

impl<T: ScriptInterface> Clone for ScriptRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ScriptInterface> Copy for ScriptRef<'_, T> {}

impl<'s, T: ScriptInterface> ScriptRef<'s, T> {
    /// The object, if it is of the interface.
    pub fn from_value(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Option<ScriptRef<'s, T>> {
        let object: v8::Local<v8::Object> = value.try_into().ok()?;
        if object.is_api_wrapper() {
            return None;
        }
        let name = v8::String::new(scope, T::NAME)?;
        let implementation = call(scope, "unwrapScript", &[name.into(), value]).ok()?;
        implementation.is_object().then_some(ScriptRef {
            object,
            interface: PhantomData,
        })
    }

    /// An object that a built-in script made, which therefore needs no check.
    pub fn trusted(object: v8::Local<'s, v8::Object>) -> ScriptRef<'s, T> {
        ScriptRef {
            object,
            interface: PhantomData,
        }
    }

    /// The JavaScript object.
    pub fn object(&self) -> v8::Local<'s, v8::Object> {
        self.object
    }
}

/// The conversion of an argument of such an interface type.
pub fn require<'s, T: ScriptInterface>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<ScriptRef<'s, T>> {
    ScriptRef::from_value(scope, value).ok_or_else(|| not_of_type(T::NAME))
}

/// Calls a function that a built-in script exports to native code.
pub fn call<'s>(
    scope: &mut Scope<'s, '_>,
    name: &'static str,
    arguments: &[Value<'s>],
) -> Fallible<Value<'s>> {
    let function = Realm::script_function(scope, name);
    let receiver = v8::undefined(scope).into();
    function
        .call(scope, receiver, arguments)
        .ok_or(Error::Thrown)
}
