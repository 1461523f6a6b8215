//! Serializable platform objects, <https://html.spec.whatwg.org/multipage/structured-data.html#serializable-objects>.
//!
//! An interface becomes serializable by an entry in [`SERIALIZABLE`].

use std::any::Any;

use nano_engine::native_memory::Weight;
use nano_engine::text::text;
use nano_webidl::{Fallible, PlatformObject, Ref, Scope, script};

use super::serialize::data_clone_error;
use crate::bindings::TABLES;
use crate::console::inspect::script_interface;
use crate::fileapi::blob::Blob;
use crate::fileapi::file::File;
use crate::webidl::dom_exception::{self, DomException, SerializedException};

/// The data of an object between serialization and deserialization, which counts against the app's limit.
pub(super) struct Data {
    data: Box<dyn Any>,
    _weight: Weight,
}

impl Data {
    /// Data that takes about so many bytes.
    fn new(data: impl Any, size: usize) -> Data {
        Data {
            data: Box::new(data),
            _weight: Weight::new(size),
        }
    }
}

/// The deserialization steps of an interface; `None` if the data is not of it.
type Deserialize =
    for<'s, 'i> fn(&mut Scope<'s, 'i>, &dyn Any) -> Option<Fallible<v8::Local<'s, v8::Object>>>;

/// A serializable interface.
struct Serializable {
    /// The serialization steps; `None` if the object is not of the interface.
    serialize:
        for<'s, 'i> fn(&mut Scope<'s, 'i>, v8::Local<'s, v8::Object>) -> Option<Fallible<Data>>,
    /// The deserialization steps.
    deserialize: Deserialize,
}

/// All serializable interfaces that are not of the language; derived interfaces before their parents.
static SERIALIZABLE: &[Serializable] = &[
    // https://webidl.spec.whatwg.org/#idl-DOMException, QuotaExceededError included.
    Serializable {
        serialize: |scope, object| {
            let exception = Ref::<DomException>::from_value(scope, object.into())?;
            let serialized = dom_exception::serialize(scope, exception);
            Some(serialized.map(|data| {
                let size = data.native_size();
                Data::new(data, size)
            }))
        },
        deserialize: |scope, data| {
            let exception: &SerializedException = data.downcast_ref()?;
            Some(dom_exception::deserialize(scope, exception))
        },
    },
    // https://w3c.github.io/FileAPI/#file-section
    by_clone::<File>(),
    // https://w3c.github.io/FileAPI/#blob-section
    by_clone::<Blob>(),
];

/// An interface whose objects are clones of each other's Rust values.
const fn by_clone<T: PlatformObject + Clone>() -> Serializable {
    Serializable {
        serialize: |scope, object| {
            let object = Ref::<T>::from_value(scope, object.into())?;
            let size = size_of::<T>() + object.native_size();
            Some(Ok(Data::new(T::clone(object.value()), size)))
        },
        deserialize: |scope, data| {
            let value: &T = data.downcast_ref()?;
            Some(Ok(Ref::new(scope, value.clone()).object()))
        },
    }
}

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

/// The serialization steps of the object's interface: its place in the table, and the data. `None`: it is not serializable.
pub(super) fn serialize<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
) -> Fallible<Option<(u32, Data)>> {
    for (index, interface) in (0..).zip(SERIALIZABLE) {
        if let Some(data) = (interface.serialize)(scope, object) {
            return Ok(Some((index, data?)));
        }
    }
    Ok(None)
}

/// The deserialization steps.
pub(super) fn deserialize<'s>(
    scope: &mut Scope<'s, '_>,
    interface: u32,
    data: &Data,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let interface = SERIALIZABLE.get(interface as usize);
    let object = interface.and_then(|interface| (interface.deserialize)(scope, &*data.data));
    object.unwrap_or_else(|| {
        Err(data_clone_error(
            "The data of a platform object is not of its interface",
        ))
    })
}

/// Whether the object has transfer steps in a built-in script: it is a `MessagePort` or a stream.
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
    if let Some(head) = nano_webidl::object::head(scope, object)
        && let Some(interface) = TABLES.interfaces.get(usize::from(head.kind()))
    {
        return interface.name.to_owned();
    }
    match script_interface(scope, object) {
        Some(name) => name,
        None => text(scope, object.get_constructor_name(), 100),
    }
}
