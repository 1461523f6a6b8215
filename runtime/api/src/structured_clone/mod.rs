//! Structured cloning, <https://html.spec.whatwg.org/multipage/structured-data.html>.
//!
//! V8's serializer knows the language's own objects. Everything else is here: which platform objects can be serialized
//! ([`host`]), and what is passed beside the bytes ([`Serialized`]): transferred and shared memory, WebAssembly modules.
//!
//! * [`serialize`] is StructuredSerializeWithTransfer.
//! * [`deserialize`] is StructuredDeserializeWithTransfer.
//! * [`SerializedMessage`](serialized_message::SerializedMessage) is a value in between, for built-in scripts.
//! * [`Portable`] is one that another isolate may read.

mod deserialize;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod host;
pub mod messages;
mod serialize;
pub mod serialized_message;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use nano_engine::hardening::wasm_functions::Functions;
use nano_webidl::serializable::{ObjectData, SerializedObject};
use nano_webidl::{Fallible, Scope, Value};

pub use deserialize::{Deserialized, deserialize};
pub use serialize::serialize;

/// A serialized value, beside the data holders of objects that built-in scripts transfer. Lives in memory only, and within its isolate: it shares memory with the objects that it was made of.
pub struct Serialized {
    /// V8's format.
    bytes: Bytes,
    /// The transferred objects, in the order of the list.
    transferred: Vec<Transferred>,
    /// The memory of SharedArrayBuffers.
    shared: Vec<v8::SharedRef<v8::BackingStore>>,
    /// Compiled WebAssembly modules, whose functions count.
    modules: Vec<(Arc<v8::CompiledWasmModule>, Arc<Functions>)>,
    /// The data of platform objects.
    hosts: Vec<SerializedObject>,
}

impl Serialized {
    /// About how many bytes it has of its own, beside the data of platform objects.
    pub fn external_size(&self) -> usize {
        self.bytes.len() + self.transferred.len() * size_of::<Transferred>()
    }

    /// Another one of the same value; `None` where something is transferred, which has one owner.
    fn copy(&self) -> Option<Serialized> {
        self.transferred.is_empty().then(|| Serialized {
            bytes: self.bytes.clone(),
            transferred: Vec::new(),
            shared: self.shared.clone(),
            modules: self.modules.clone(),
            hosts: self.hosts.iter().map(SerializedObject::copy).collect(),
        })
    }

    /// What other isolates may read; `None` where the value is, or has, something that belongs to one alone: what is transferred, or has the
    /// \[\[AgentCluster\]\] of its realm, <https://html.spec.whatwg.org/multipage/structured-data.html#structureddeserialize>.
    fn portable(&self) -> Option<Portable> {
        let is_portable =
            self.transferred.is_empty() && self.shared.is_empty() && self.modules.is_empty();
        is_portable.then(|| Portable {
            bytes: self.bytes.clone(),
            hosts: self.hosts.iter().map(|host| host.data().clone()).collect(),
        })
    }
}

/// A serialized value that belongs to no isolate.
pub struct Portable {
    /// V8's format.
    bytes: Bytes,
    /// The data of platform objects.
    hosts: Vec<ObjectData>,
}

impl Portable {
    /// About how many bytes it takes, with those that it has in common with objects of the isolate that it comes from.
    pub fn size(&self) -> usize {
        let hosts = self.hosts.iter().map(ObjectData::full_size);
        self.bytes.len() + hosts.sum::<usize>()
    }

    /// The value, in the memory of the isolate that this thread works for.
    fn serialized(&self) -> Serialized {
        Serialized {
            bytes: self.bytes.clone(),
            transferred: Vec::new(),
            shared: Vec::new(),
            modules: Vec::new(),
            hosts: self.hosts.iter().map(SerializedObject::received).collect(),
        }
    }
}

/// A transferred object on its way.
enum Transferred {
    /// The memory of an ArrayBuffer.
    Buffer(v8::SharedRef<v8::BackingStore>),
    /// An object whose transfer steps are a built-in script's: the next one of the data holders.
    Script,
}

/// `structuredClone(value, { transfer })`, <https://html.spec.whatwg.org/multipage/structured-data.html#dom-structuredclone>.
///
/// # Errors
/// A `DataCloneError` for what cannot be cloned or transferred, and what getters of the value throw.
pub fn structured_clone<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    transfer: Vec<v8::Local<'s, v8::Object>>,
) -> Fallible<Value<'s>> {
    // OPTIMIZATION: primitives are their own clones; symbols have none.
    if transfer.is_empty() && !value.is_object() && !value.is_symbol() {
        return Ok(value);
    }
    // 1. Let serialized be ? StructuredSerializeWithTransfer(value, options["transfer"]).
    let (serialized, holders) = serialize(scope, value, &transfer)?;
    // 2. Let deserializeRecord be ? StructuredDeserializeWithTransfer(serialized, this's relevant realm).
    // 3. Return deserializeRecord.[[Deserialized]].
    Ok(deserialize(scope, &serialized, &holders)?.value)
}
