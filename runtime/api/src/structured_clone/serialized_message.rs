//! A serialized value in the hands of built-in scripts: what waits in the queue of a message port.

use std::cell::Cell;

use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{Fallible, Ref, Scope, Trace, Traced, Value, type_error};

use crate::bindings::serialized_message::SerializedMessageMethods;
use crate::structured_clone::{self, Serialized};

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
            memory: ExternalMemory::new(serialized.external_size()),
            serialized: Cell::new(Some(serialized)),
            holders: holders.iter().map(|_| Traced::default()).collect(),
        };
        let message = Ref::new(scope, message);
        // References in a list that the collector does not know yet would not survive the making of the object.
        for (place, holder) in message.value().holders.iter().zip(holders) {
            place.set(scope, holder);
        }
        Ok(message)
    }
}

impl SerializedMessageMethods for SerializedMessage {
    fn deserialize<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Vec<Value<'s>>> {
        let serialized = self
            .serialized
            .take()
            .ok_or_else(|| type_error("a message can be deserialized only once"))?;
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
}
