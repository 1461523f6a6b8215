//! Serializable objects, <https://html.spec.whatwg.org/multipage/structured-data.html#serializable-objects>: what glue asks of an
//! interface that has `[Serializable]`.

use std::any::Any;
use std::sync::Arc;

use nano_engine::external_memory::ExternalMemory;

use crate::object::not_of_type;
use crate::{Fallible, PlatformObject, Ref, Scope};

/// The steps of an interface with `[Serializable]`.
pub trait Serializable: PlatformObject {
    /// What is kept of an object; belongs to no isolate.
    type Data: Send + Sync + 'static;

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

    /// The deserialization steps in another isolate. What memory the object has in common with the one that was serialized counts
    /// for both.
    ///
    /// # Errors
    /// The same.
    fn receive<'s>(
        scope: &mut Scope<'s, '_>,
        data: &Self::Data,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        Self::deserialize(scope, data)
    }

    /// About how many bytes the data takes; they count against the app's memory limit.
    fn data_size(data: &Self::Data) -> usize;

    /// The same with what it has in common with other objects, whose memory that is: as much stays where only the data is left.
    fn full_size(data: &Self::Data) -> usize {
        Self::data_size(data)
    }
}

/// The data of an object between its serialization and its deserialization, in the memory of an isolate.
pub struct SerializedObject {
    data: ObjectData,
    /// Whether it comes from another isolate.
    is_received: bool,
    _memory: ExternalMemory,
}

/// The data itself, which any isolate may have.
#[derive(Clone)]
pub struct ObjectData {
    kind: u16,
    data: Arc<dyn Any + Send + Sync>,
    size: usize,
    full_size: usize,
}

impl ObjectData {
    /// About how many bytes stay where nothing else is left: see [`Serializable::full_size`].
    pub fn full_size(&self) -> usize {
        self.full_size
    }
}

impl SerializedObject {
    fn new(data: ObjectData, is_received: bool) -> SerializedObject {
        SerializedObject {
            is_received,
            _memory: ExternalMemory::new(data.size),
            data,
        }
    }

    /// Of data that another isolate gives.
    pub fn received(data: &ObjectData) -> SerializedObject {
        Self::new(data.clone(), true)
    }

    /// Another one of the same data.
    pub fn copy(&self) -> SerializedObject {
        Self::new(self.data.clone(), self.is_received)
    }

    /// The data.
    pub fn data(&self) -> &ObjectData {
        &self.data
    }

    /// The object's interface: its index in the tables.
    pub fn kind(&self) -> u16 {
        self.data.kind
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
                let data = ObjectData {
                    kind: T::KIND,
                    size: T::data_size(&data),
                    full_size: T::full_size(&data),
                    data: Arc::new(data),
                };
                Ok(SerializedObject::new(data, false))
            },
            deserialize: |scope, serialized| match serialized.data.data.downcast_ref() {
                Some(data) if serialized.is_received => T::receive(scope, data),
                Some(data) => T::deserialize(scope, data),
                None => Err(not_of_type(T::NAME)),
            },
        }
    }
}
