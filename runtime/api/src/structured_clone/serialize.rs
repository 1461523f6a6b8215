//! StructuredSerializeWithTransfer, <https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializewithtransfer>.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroI32;
use std::rc::Rc;
use std::sync::Arc;

use nano_engine::allocator::Bound;
use nano_engine::hardening::wasm_functions::Functions;
use nano_engine::text::text;
use nano_engine::{State, entry};
use nano_webidl::serializable::SerializedObject;
use nano_webidl::{DomExceptionName, Error, Fallible, Scope, Value};
use v8::ValueSerializerHelper as _;

use super::{Serialized, Transferred, host};

/// Stands before the place in the transfer list of an object that is transferred by a built-in script.
pub(super) const TRANSFERRED: u32 = 0;
/// Stands before the place of a platform object's data.
pub(super) const PLATFORM_OBJECT: u32 = 1;

/// Serializes a value, and takes what the objects in `transfer` own away from them. Gives the data holders of those that built-in
/// scripts implement, in the order of the list, for [`super::deserialize()`].
///
/// # Errors
/// A `DataCloneError` for what cannot be cloned or transferred, and what getters of the value throw.
pub fn serialize<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    transfer: &[v8::Local<'s, v8::Object>],
) -> Fallible<(Serialized, Vec<v8::Local<'s, v8::Object>>)> {
    // 1. and 2.
    let transfer = transferables(scope, transfer)?;
    // 3. Let serialized be ? StructuredSerializeInternal(value, false, memory).
    let mut delegate = Delegate::default();
    for (index, transferable) in (0..).zip(&transfer) {
        if let Transferable::Script(object) = transferable {
            let same_hash = delegate.transferred.entry(object.get_identity_hash());
            let object = v8::Global::new(scope, *object);
            same_hash.or_default().push((index, object));
        }
    }
    let delegate = Rc::new(delegate);
    let bytes = {
        v8::tc_scope!(let scope, scope);
        let context = scope.get_current_context();
        let serializer = entry::serializer(scope, SharedDelegate(delegate.clone()));
        // What is written is short-lived, so it may be as large as all that the app may have; with what those have written in whose
        // getters this one was begun.
        let limit = State::from_scope(scope).account().limit();
        let bound = Bound::of_first(limit, || serializer.write_header()).ok_or_else(no_room)?;
        for (id, transferable) in (0..).zip(&transfer) {
            if let Transferable::Buffer(buffer) = transferable {
                serializer.transfer_array_buffer(id, *buffer);
            }
        }
        let written = serializer.write_value(context, value);
        drop(bound);
        match written {
            Some(true) => serializer.release(),
            _ => match delegate.error.take() {
                // What the serializer itself refuses becomes an error of the member that was called, with its name in the message.
                Some(error) => {
                    scope.reset();
                    return Err(error);
                }
                None => {
                    scope.rethrow();
                    return Err(Error::Thrown);
                }
            },
        }
    };
    // 5. For each transferable of transferList:
    // 5.1 If it has an [[ArrayBufferData]] internal slot and IsDetachedBuffer is true, then throw a "DataCloneError". (A getter of
    // the value may have detached it.) All buffers before the first is taken, so that a failure takes none away.
    for transferable in &transfer {
        if matches!(transferable, Transferable::Buffer(buffer) if buffer.was_detached()) {
            return Err(data_clone_error(
                "An ArrayBuffer in the transfer list is detached",
            ));
        }
    }
    // 5.2 and 5.5, for objects of built-in scripts: ? the transfer steps. They, too, come before the buffers, as they may fail.
    let mut holders = Vec::new();
    for transferable in &transfer {
        if let Transferable::Script(object) = transferable {
            holders.push(host::transfer(scope, *object)?);
        }
    }
    let mut transferred = Vec::with_capacity(transfer.len());
    for transferable in &transfer {
        transferred.push(match transferable {
            Transferable::Script(_) => Transferred::Script,
            // 5.4 Set dataHolder.[[ArrayBufferData]], … and perform ? DetachArrayBuffer(transferable).
            Transferable::Buffer(buffer) => {
                let store = buffer.get_backing_store();
                buffer.detach(None).ok_or(Error::Thrown)?;
                Transferred::Buffer(store)
            }
        });
    }
    let serialized = Serialized {
        bytes: bytes.into(),
        transferred,
        shared: delegate.shared.take(),
        modules: delegate.modules.take(),
        hosts: delegate.hosts.take(),
    };
    Ok((serialized, holders))
}

/// An object of the transfer list.
enum Transferable<'s> {
    Buffer(v8::Local<'s, v8::ArrayBuffer>),
    /// A built-in script has its transfer steps.
    Script(v8::Local<'s, v8::Object>),
}

/// Steps 1 and 2: checks the transfer list.
fn transferables<'s>(
    scope: &mut Scope<'s, '_>,
    transfer: &[v8::Local<'s, v8::Object>],
) -> Fallible<Vec<Transferable<'s>>> {
    let mut transferables = Vec::with_capacity(transfer.len());
    let mut memory = HashSet::with_capacity(transfer.len());
    for (index, object) in transfer.iter().enumerate() {
        // 2.1 and 2.2: neither a SharedArrayBuffer nor an object that is not transferable.
        let buffer = v8::Local::<v8::ArrayBuffer>::try_from(*object).ok();
        if buffer.is_none() && !host::is_transferable(scope, *object)? {
            let what = host::describe(scope, *object);
            let hint = match what.as_str() {
                "SharedArrayBuffer" => "; it is shared when it is part of the value",
                _ => "",
            };
            let message = format!(
                "Value at index {index} of the transfer list is a {what}, which is not transferable{hint}"
            );
            return Err(data_clone_error(message));
        }
        // 2.3 If memory[transferable] exists, then throw a "DataCloneError".
        if !memory.insert(*object) {
            let what = host::describe(scope, *object);
            return Err(data_clone_error(format!(
                "The {what} at index {index} of the transfer list is a duplicate of an earlier one"
            )));
        }
        let Some(buffer) = buffer else {
            transferables.push(Transferable::Script(*object));
            continue;
        };
        // Before anything is serialized, as in other engines.
        if buffer.was_detached() {
            return Err(data_clone_error(format!(
                "The ArrayBuffer at index {index} of the transfer list is detached and cannot be transferred"
            )));
        }
        // A WebAssembly.Memory's buffer: DetachArrayBuffer throws a TypeError.
        if !buffer.is_detachable() {
            return Err(nano_webidl::type_error(format!(
                "The ArrayBuffer at index {index} of the transfer list cannot be detached; it belongs to a WebAssembly.Memory"
            )));
        }
        transferables.push(Transferable::Buffer(buffer));
    }
    Ok(transferables)
}

pub(super) fn data_clone_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::DataClone, message)
}

fn no_room() -> Error {
    data_clone_error("The value does not fit into the app's memory limit")
}

/// What V8 asks while it serializes, and what is collected beside its bytes.
#[derive(Default)]
struct Delegate {
    /// The reason to stop.
    error: Cell<Option<Error>>,
    /// The objects that built-in scripts transfer, with their places in the transfer list, by their hashes.
    transferred: HashMap<NonZeroI32, Vec<(u32, v8::Global<v8::Object>)>>,
    shared: RefCell<Vec<v8::SharedRef<v8::BackingStore>>>,
    modules: RefCell<Vec<(Arc<v8::CompiledWasmModule>, Arc<Functions>)>>,
    hosts: RefCell<Vec<SerializedObject>>,
}

impl Delegate {
    /// The object's place in the transfer list, if a built-in script transfers it.
    fn transferred(&self, object: v8::Local<v8::Object>) -> Option<u32> {
        // An object that is asked for its hash keeps it from then on.
        if self.transferred.is_empty() {
            return None;
        }
        let mut same_hash = self.transferred.get(&object.get_identity_hash())?.iter();
        same_hash.find_map(|(index, other)| (*other == object).then_some(*index))
    }

    /// Keeps the reason, and throws something: V8 stops at a pending exception.
    fn fail(&self, scope: &mut Scope, error: Error) {
        error.throw(scope);
        if error != Error::Thrown {
            self.error.set(Some(error));
        }
    }
}

/// The delegate, as V8's serializer owns it.
struct SharedDelegate(Rc<Delegate>);

impl v8::ValueSerializerImpl for SharedDelegate {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        message: v8::Local<'s, v8::String>,
    ) {
        // It quotes what cannot be cloned: a function with all of its source.
        let message = text(scope, message, 1000);
        self.0.fail(scope, data_clone_error(message));
    }

    fn has_custom_host_object(&self, _: &v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
    ) -> Option<bool> {
        Some(self.0.transferred(object).is_some() || host::is_platform_object(scope, object))
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        serializer: &dyn v8::ValueSerializerHelper,
    ) -> Option<bool> {
        if let Some(index) = self.0.transferred(object) {
            serializer.write_uint32(TRANSFERRED);
            serializer.write_uint32(index);
            return Some(true);
        }
        // Each object may take memory, and nothing but this stops V8's loop.
        if State::from_scope(scope).is_terminated() {
            self.0.fail(scope, no_room());
            return None;
        }
        match host::serialize(scope, object) {
            Ok(Some(data)) => {
                let mut hosts = self.0.hosts.borrow_mut();
                serializer.write_uint32(PLATFORM_OBJECT);
                serializer.write_uint32(u32::try_from(hosts.len()).ok()?);
                hosts.push(data);
                Some(true)
            }
            Ok(None) => {
                let what = host::describe(scope, object);
                let hint = if host::is_transferable(scope, object).unwrap_or(false) {
                    "; it can be transferred: put it into the transfer list"
                } else {
                    ""
                };
                self.0.fail(
                    scope,
                    data_clone_error(format!("{what} object could not be cloned{hint}")),
                );
                None
            }
            Err(error) => {
                self.0.fail(scope, error);
                None
            }
        }
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        _: &mut v8::PinScope<'s, '_>,
        buffer: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        let mut shared = self.0.shared.borrow_mut();
        shared.push(buffer.get_backing_store());
        u32::try_from(shared.len() - 1).ok()
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        module: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        let module = module.get_compiled_module();
        let functions = Functions::of(scope, &module)
            .map_err(|refusal| self.0.fail(scope, data_clone_error(refusal.to_string())))
            .ok()?;
        let mut modules = self.0.modules.borrow_mut();
        modules.push((Arc::new(module), Arc::new(functions)));
        u32::try_from(modules.len() - 1).ok()
    }
}
