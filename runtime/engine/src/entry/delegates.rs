//! Objects of ours whose methods V8 calls: delegates of its serializer and deserializer, channels of its inspector.

use v8::inspector::{Channel, ChannelImpl, StringBuffer};
use v8::{
    Isolate, Local, Object, PinScope, SharedArrayBuffer, UniquePtr, ValueDeserializer,
    ValueDeserializerHelper, ValueDeserializerImpl, ValueSerializer, ValueSerializerHelper,
    ValueSerializerImpl, WasmModuleObject,
};

use super::{catch, enter, enter_without_scripts};

/// A serializer that asks `delegate`.
pub fn serializer<'a, D: ValueSerializerImpl + 'a>(
    scope: &PinScope,
    delegate: D,
) -> ValueSerializer<'a> {
    ValueSerializer::new(scope, Box::new(Guarded(delegate)))
}

/// A deserializer of these bytes that asks `delegate`.
pub fn deserializer<'a, D: ValueDeserializerImpl + 'a>(
    scope: &PinScope,
    delegate: D,
    bytes: &'a [u8],
) -> ValueDeserializer<'a> {
    ValueDeserializer::new(scope, Box::new(Guarded(delegate)), bytes)
}

/// A channel of an inspector's session.
pub fn channel(channel: impl ChannelImpl + 'static) -> Channel {
    Channel::new(Box::new(Guarded(channel)))
}

/// Passes on every call, through the one way in.
struct Guarded<D>(D);

impl<D: ValueSerializerImpl> ValueSerializerImpl for Guarded<D> {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        message: Local<'s, v8::String>,
    ) {
        enter(scope, |scope| self.0.throw_data_clone_error(scope, message));
    }

    fn has_custom_host_object(&self, isolate: &Isolate) -> bool {
        catch(|| self.0.has_custom_host_object(isolate)).unwrap_or(false)
    }

    fn is_host_object<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        object: Local<'s, Object>,
    ) -> Option<bool> {
        enter(scope, |scope| self.0.is_host_object(scope, object))?
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        object: Local<'s, Object>,
        serializer: &dyn ValueSerializerHelper,
    ) -> Option<bool> {
        enter(scope, |scope| {
            self.0.write_host_object(scope, object, serializer)
        })?
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        buffer: Local<'s, SharedArrayBuffer>,
    ) -> Option<u32> {
        enter(scope, |scope| {
            self.0.get_shared_array_buffer_id(scope, buffer)
        })?
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut PinScope<'_, '_>,
        module: Local<WasmModuleObject>,
    ) -> Option<u32> {
        enter(scope, |scope| {
            self.0.get_wasm_module_transfer_id(scope, module)
        })?
    }
}

impl<D: ValueDeserializerImpl> ValueDeserializerImpl for Guarded<D> {
    fn read_host_object<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        deserializer: &dyn ValueDeserializerHelper,
    ) -> Option<Local<'s, Object>> {
        enter_without_scripts(scope, |scope| self.0.read_host_object(scope, deserializer))?
    }

    fn get_shared_array_buffer_from_id<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        id: u32,
    ) -> Option<Local<'s, SharedArrayBuffer>> {
        enter_without_scripts(scope, |scope| {
            self.0.get_shared_array_buffer_from_id(scope, id)
        })?
    }

    fn get_wasm_module_from_id<'s>(
        &self,
        scope: &mut PinScope<'s, '_>,
        id: u32,
    ) -> Option<Local<'s, WasmModuleObject>> {
        enter_without_scripts(scope, |scope| self.0.get_wasm_module_from_id(scope, id))?
    }
}

/// A panic is in the log; the message is lost.
impl<C: ChannelImpl> ChannelImpl for Guarded<C> {
    fn send_response(&self, call: i32, message: UniquePtr<StringBuffer>) {
        let _ = catch(|| self.0.send_response(call, message));
    }

    fn send_notification(&self, message: UniquePtr<StringBuffer>) {
        let _ = catch(|| self.0.send_notification(message));
    }

    fn flush_protocol_notifications(&self) {
        let _ = catch(|| self.0.flush_protocol_notifications());
    }
}
