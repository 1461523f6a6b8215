//! StructuredDeserializeWithTransfer,
//! <https://html.spec.whatwg.org/multipage/structured-data.html#structureddeserializewithtransfer>.

use std::cell::Cell;
use std::rc::Rc;

use nano_engine::entry;
use nano_engine::hardening::wasm_functions;
use nano_webidl::{Error, Fallible, Scope, Value, range_error};
use v8::ValueDeserializerHelper as _;

use super::serialize::{TRANSFERRED, data_clone_error};
use super::{Serialized, Transferred, host};

/// A value that was deserialized.
pub struct Deserialized<'s> {
    /// The value.
    pub value: Value<'s>,
    /// The transferred objects, in the order of the transfer list.
    pub transferred: Vec<v8::Local<'s, v8::Object>>,
}

/// Makes the value again, in the current realm. Once: what is transferred has one owner. `holders` are the data holders that came
/// with the value.
///
/// # Errors
/// A `RangeError` or a `DataCloneError` where there is no memory for it.
pub fn deserialize<'s>(
    scope: &mut Scope<'s, '_>,
    serialized: &Serialized,
    holders: &[v8::Local<'s, v8::Object>],
) -> Fallible<Deserialized<'s>> {
    let context = scope.get_current_context();
    // 3. For each transferDataHolder: an ArrayBuffer of the same memory, or what the transfer-receiving steps make.
    let mut transferred: Vec<v8::Local<v8::Object>> =
        Vec::with_capacity(serialized.transferred.len());
    let mut holders = holders.iter();
    for entry in &serialized.transferred {
        transferred.push(match entry {
            Transferred::Buffer(store) => v8::ArrayBuffer::with_backing_store(scope, store).into(),
            Transferred::Script => host::receive(scope, holders.next().copied())?,
        });
    }
    let error = Rc::new(Cell::new(None));
    let value = {
        v8::tc_scope!(let scope, scope);
        // The delegate borrows `serialized`, and so do the bytes: the deserializer ends first.
        let delegate = Delegate {
            serialized,
            transferred: transferred
                .iter()
                .map(|object| v8::Global::new(scope, *object))
                .collect(),
            error: error.clone(),
        };
        let deserializer = entry::deserializer(scope, delegate, &serialized.bytes);
        for (id, object) in (0..).zip(&transferred) {
            if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(*object) {
                deserializer.transfer_array_buffer(id, buffer);
            }
        }
        // 4.
        let header = deserializer.read_header(context);
        let value = header.and_then(|_| deserializer.read_value(context));
        match (value, error.take()) {
            (Some(value), _) => value,
            (None, Some(error)) => {
                scope.reset();
                return Err(error);
            }
            (None, None) if scope.has_caught() => {
                // The bytes are V8's own, so that there was no room is all that can be wrong with them.
                let exception = scope.exception().filter(|_| !scope.has_terminated());
                if exception.is_some_and(|e| e.to_rust_string_lossy(scope) == UNREADABLE) {
                    scope.reset();
                    return Err(range_error("The clone does not fit into the memory limit"));
                }
                scope.rethrow();
                return Err(Error::Thrown);
            }
            (None, None) => return Err(data_clone_error("The value could not be deserialized")),
        }
    };
    // 5.
    Ok(Deserialized { value, transferred })
}

/// What V8 throws for whatever it cannot read.
const UNREADABLE: &str = "Error: Unable to deserialize cloned data.";

struct Delegate<'a> {
    serialized: &'a Serialized,
    /// The objects that were received, at their places in the transfer list.
    transferred: Vec<v8::Global<v8::Object>>,
    error: Rc<Cell<Option<Error>>>,
}

impl Delegate<'_> {
    fn fail(&self, scope: &mut Scope, error: Error) {
        error.throw(scope);
        if error != Error::Thrown {
            self.error.set(Some(error));
        }
    }
}

impl v8::ValueDeserializerImpl for Delegate<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        deserializer: &dyn v8::ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let (mut what, mut index) = (0, 0);
        let known = deserializer.read_uint32(&mut what) && deserializer.read_uint32(&mut index);
        if what == TRANSFERRED && known {
            let object = self.transferred.get(index as usize);
            return object.map(|object| v8::Local::new(scope, object));
        }
        let data = self.serialized.hosts.get(index as usize).filter(|_| known);
        let object = match data {
            Some(data) => host::deserialize(scope, data),
            None => Err(data_clone_error("The data of a platform object is missing")),
        };
        object.map_err(|error| self.fail(scope, error)).ok()
    }

    fn get_shared_array_buffer_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        id: u32,
    ) -> Option<v8::Local<'s, v8::SharedArrayBuffer>> {
        let store = self.serialized.shared.get(id as usize);
        if store.is_none() {
            self.fail(
                scope,
                data_clone_error("The memory of a SharedArrayBuffer is missing"),
            );
        }
        Some(v8::SharedArrayBuffer::with_backing_store(scope, store?))
    }

    fn get_wasm_module_from_id<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        id: u32,
    ) -> Option<v8::Local<'s, v8::WasmModuleObject>> {
        let Some((module, functions)) = self.serialized.modules.get(id as usize) else {
            self.fail(scope, data_clone_error("A WebAssembly module is missing"));
            return None;
        };
        let module = v8::WasmModuleObject::from_compiled_module(scope, module)?;
        wasm_functions::keep(scope, module, functions.clone());
        Some(module)
    }
}
