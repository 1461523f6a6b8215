//! A serialized value in the hands of built-in scripts: what waits in the queue of a message port.

use std::cell::Cell;

use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{Error, Fallible, Ref, Scope, Trace, Traced, Value, require_room, type_error};

use crate::bindings::serialized_message::SerializedMessageMethods;
use crate::structured_clone::{self, Portable, Serialized};

/// A message on its way.
#[derive(Trace)]
pub struct SerializedMessage {
    /// `None` once it was deserialized.
    #[untraced]
    serialized: Cell<Option<Serialized>>,
    /// Of `serialized`.
    #[untraced]
    memory: ExternalMemory,
    /// The data holders of what is transferred by built-in scripts.
    holders: Vec<Traced<v8::Object>>,
}

impl SerializedMessage {
    /// StructuredSerializeWithTransfer.
    ///
    /// # Errors
    /// See [`structured_clone::serialize`].
    pub fn serialize<'s>(
        scope: &mut Scope<'s, '_>,
        value: Value<'s>,
        transfer: &[v8::Local<'s, v8::Object>],
    ) -> Fallible<Ref<'s, SerializedMessage>> {
        let (serialized, holders) = structured_clone::serialize(scope, value, transfer)?;
        let message = SerializedMessage {
            holders: holders.iter().map(|_| Traced::default()).collect(),
            ..SerializedMessage::of(serialized)
        };
        let message = Ref::new(scope, message);
        // References in a list that the collector does not know yet would not survive the making of the object.
        for (place, holder) in message.value().holders.iter().zip(holders) {
            place.set(scope, holder);
        }
        Ok(message)
    }

    /// A message that another isolate has sent.
    ///
    /// # Errors
    /// A `RangeError` where there is no memory for it.
    pub fn receive<'s>(
        scope: &mut Scope<'s, '_>,
        portable: &Portable,
    ) -> Fallible<Ref<'s, SerializedMessage>> {
        require_room(scope, portable.size())?;
        Ok(Ref::new(
            scope,
            SerializedMessage::of(portable.serialized()),
        ))
    }

    /// What other isolates may read of it; see [`Serialized`].
    pub fn portable(&self) -> Option<Portable> {
        self.look(Serialized::portable).ok().flatten()
    }

    fn of(serialized: Serialized) -> SerializedMessage {
        SerializedMessage {
            memory: ExternalMemory::new(serialized.external_size()),
            serialized: Cell::new(Some(serialized)),
            holders: Vec::new(),
        }
    }

    fn look<R>(&self, look: impl FnOnce(&Serialized) -> R) -> Fallible<R> {
        let serialized = self.serialized.take().ok_or_else(used)?;
        let result = look(&serialized);
        self.serialized.set(Some(serialized));
        Ok(result)
    }
}

fn used() -> Error {
    type_error("a message can be deserialized only once")
}

impl SerializedMessageMethods for SerializedMessage {
    fn deserialize<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Vec<Value<'s>>> {
        let serialized = self.serialized.take().ok_or_else(used)?;
        self.memory.set(0);
        let holders: Vec<_> = self
            .holders
            .iter()
            .filter_map(|holder| holder.get(scope))
            .collect();
        let deserialized = structured_clone::deserialize(scope, &serialized, &holders)?;
        let mut record = vec![deserialized.value];
        record.extend(deserialized.transferred.into_iter().map(Value::from));
        Ok(record)
    }

    fn copy<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, SerializedMessage>> {
        let copy = self.look(Serialized::copy)?;
        let copy = copy.ok_or_else(|| type_error("what is transferred has one owner"))?;
        Ok(Ref::new(scope, SerializedMessage::of(copy)))
    }
}
