//! Serializable objects, <https://html.spec.whatwg.org/multipage/structured-data.html#serializable-objects>: what glue asks of an
//! interface that has `[Serializable]`.

use std::any::Any;

use nano_engine::external_memory::ExternalMemory;

use crate::object::not_of_type;
use crate::{Fallible, PlatformObject, Ref, Scope};

/// The steps of an interface with `[Serializable]`.
pub trait Serializable: PlatformObject {
    /// What is kept of an object; belongs to no isolate.
    type Data: 'static;

    /// The serialization steps.
    ///
    /// # Errors
    /// Whatever makes the object impossible to copy.
    fn serialize<'s>(scope: &mut Scope<'s, '_>, object: Ref<'s, Self>) -> Fallible<Self::Data>;

    /// The deserialization steps: an object that is as the other one was.
    ///
    /// # Errors
    /// A `RangeError` where there is no memory for it.
    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        data: &Self::Data,
    ) -> Fallible<v8::Local<'s, v8::Object>>;

    /// About how many bytes the data takes; they count against the app's memory limit.
    fn data_size(data: &Self::Data) -> usize;
}

/// The data of an object between its serialization and its deserialization.
pub struct SerializedObject {
    kind: u16,
    data: Box<dyn Any>,
    _memory: ExternalMemory,
}

impl SerializedObject {
    /// The object's interface: its index in the tables.
    pub fn kind(&self) -> u16 {
        self.kind
    }
}

type Serialize =
    for<'s, 'i> fn(&mut Scope<'s, 'i>, v8::Local<'s, v8::Object>) -> Fallible<SerializedObject>;
type Deserialize =
    for<'s, 'i> fn(&mut Scope<'s, 'i>, &SerializedObject) -> Fallible<v8::Local<'s, v8::Object>>;

/// The steps of one interface, in its table.
pub struct Steps {
    /// The serialization steps, for an object of the interface.
    pub serialize: Serialize,
    /// The deserialization steps, for data of the interface.
    pub deserialize: Deserialize,
}

impl Steps {
    /// Those of an interface.
    pub const fn of<T: Serializable>() -> Steps {
        Steps {
            serialize: |scope, object| {
                let object = Ref::<T>::from_value(scope, object.into())
                    .ok_or_else(|| not_of_type(T::NAME))?;
                let data = T::serialize(scope, object)?;
                Ok(SerializedObject {
                    kind: T::KIND,
                    _memory: ExternalMemory::new(T::data_size(&data)),
                    data: Box::new(data),
                })
            },
            deserialize: |scope, serialized| match serialized.data.downcast_ref() {
                Some(data) => T::deserialize(scope, data),
                None => Err(not_of_type(T::NAME)),
            },
        }
    }
}
