//! Platform objects in structured cloning: an interface is serializable or transferable by `[Serializable]` and `[Transferable]`
//! in the IDL, from which glue makes the tables that this file asks.

use nano_engine::text::text;
use nano_webidl::serializable::SerializedObject;
use nano_webidl::{Fallible, Scope, object, script};

use super::serialize::data_clone_error;
use crate::bindings::TABLES;
use crate::console::inspect::script_interface;

/// Whether the object belongs to an interface, so that it is not for V8 to clone it as a plain object.
pub(super) fn is_platform_object<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> bool {
    if object.is_api_wrapper() {
        return true;
    }
    // OPTIMIZATION: plain objects, which most are, need no look at their brand: their prototype is one without a prototype.
    // DEPARTURE: a platform object whose prototype an app replaced by `Object.prototype` is cloned as a plain object.
    let Some(prototype) = object.get_prototype(scope) else {
        return false;
    };
    let Ok(prototype) = v8::Local::<v8::Object>::try_from(prototype) else {
        return false;
    };
    if prototype.is_proxy()
        || prototype
            .get_prototype(scope)
            .is_none_or(|prototype| prototype.is_null())
    {
        return false;
    }
    script_interface(scope, object).is_some()
}

/// The serialization steps of the object's interface. `None`: it is not serializable.
pub(super) fn serialize<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<Option<SerializedObject>> {
    let interface = object::head(scope, object)
        .and_then(|head| TABLES.interfaces.get(usize::from(head.kind())));
    match interface.and_then(|interface| interface.serialization.as_ref()) {
        Some(steps) => (steps.serialize)(scope, object).map(Some),
        None => Ok(None),
    }
}

/// The deserialization steps.
pub(super) fn deserialize<'s>(
    scope: &mut Scope<'s, '_>,
    data: &SerializedObject,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let interface = TABLES.interfaces.get(usize::from(data.kind()));
    match interface.and_then(|interface| interface.serialization.as_ref()) {
        Some(steps) => (steps.deserialize)(scope, data),
        None => Err(data_clone_error(
            "The data of a platform object is not of a serializable interface",
        )),
    }
}

/// Whether the object has transfer steps, which are those of a built-in script.
pub(super) fn is_transferable<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<bool> {
    if object.is_api_wrapper() {
        return Ok(false);
    }
    let transferable = script::call(scope, "isTransferable", &[object.into()])?;
    Ok(transferable.is_true())
}

/// The transfer steps: gives the data holder.
pub(super) fn transfer<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let holder = script::call(scope, "transfer", &[object.into()])?;
    holder
        .try_into()
        .map_err(|_| data_clone_error("The transferred object has no data holder"))
}

/// The transfer-receiving steps, from the data holder.
pub(super) fn receive<'s>(
    scope: &mut Scope<'s, '_>,
    holder: Option<v8::Local<'s, v8::Object>>,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let missing = || data_clone_error("The data of a transferred object is missing");
    let holder = holder.ok_or_else(missing)?;
    let object = script::call(scope, "receiveTransferred", &[holder.into()])?;
    object.try_into().map_err(|_| missing())
}

/// What an object is, for messages: the name of its interface or class.
pub(super) fn describe<'s>(scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> String {
    if let Some(head) = object::head(scope, object)
        && let Some(interface) = TABLES.interfaces.get(usize::from(head.kind()))
    {
        return interface.name.to_owned();
    }
    match script_interface(scope, object) {
        Some(name) => name,
        None => text(scope, object.get_constructor_name(), 100),
    }
}
