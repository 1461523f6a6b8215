//! `Internals`: functions for built-in scripts.

use std::time::Duration;

use nano_engine::{State, TimerId};
use nano_webidl::idl::{Bytes, CallbackFunction};
use nano_webidl::{Error, Fallible, Ref, Scope, Value, object, type_error};

use crate::bindings::TABLES;
use crate::bindings::internals::InternalsMethods;
use crate::fetch::body::{Kind, package_data};
use crate::internal::serialized_message::SerializedMessage;
use crate::state::ApiState;

/// The namespace.
pub struct Internals;

impl InternalsMethods for Internals {
    fn now(scope: &mut Scope) -> Fallible<f64> {
        Ok(ApiState::of(scope).now())
    }

    fn time_origin(scope: &mut Scope) -> Fallible<f64> {
        Ok(ApiState::of(scope).time_origin())
    }

    fn report_exception<'s>(scope: &mut Scope<'s, '_>, exception: Value<'s>) -> Fallible<()> {
        (crate::EMBEDDING.report_exception)(scope, exception, None);
        Ok(())
    }

    fn set_timer<'s>(
        scope: &mut Scope<'s, '_>,
        callback: CallbackFunction<'s>,
        milliseconds: f64,
        unreferenced: bool,
    ) -> Fallible<u32> {
        let timers = State::from_scope(scope).timers();
        let callback = v8::Global::new(scope, callback.0);
        let delay = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .unwrap_or(Duration::from_secs(u32::MAX.into()));
        let id = timers.set(
            delay,
            false,
            Box::new(move |scope| {
                let callback = v8::Local::new(scope, &callback);
                let receiver = v8::undefined(scope).into();
                // What it throws stays pending: the engine reports it.
                let _ = callback.call(scope, receiver, &[]);
            }),
        );
        if unreferenced {
            timers.set_referenced(id, false);
        }
        Ok(id.0)
    }

    fn set_timer_referenced(scope: &mut Scope, id: u32, referenced: bool) -> Fallible<()> {
        State::from_scope(scope)
            .timers()
            .set_referenced(TimerId(id), referenced);
        Ok(())
    }

    fn clear_timer(scope: &mut Scope, id: u32) -> Fallible<()> {
        State::from_scope(scope).timers().clear(TimerId(id));
        Ok(())
    }

    fn post_task<'s>(scope: &mut Scope<'s, '_>, callback: CallbackFunction<'s>) -> Fallible<()> {
        ApiState::post_task(scope, callback.0);
        Ok(())
    }

    fn structured_serialize<'s>(
        scope: &mut Scope<'s, '_>,
        value: Value<'s>,
        transfer: v8::Local<'s, v8::Object>,
        context: v8::Local<'s, v8::String>,
    ) -> Fallible<Ref<'s, SerializedMessage>> {
        let transfer = elements(scope, transfer)?;
        SerializedMessage::serialize(scope, value, &transfer).map_err(|error| {
            // The app called something else than this function.
            error
                .in_context(&context.to_rust_string_lossy(scope))
                .throw(scope);
            Error::Thrown
        })
    }

    fn is_promise<'s>(_scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<bool> {
        Ok(value.is_promise())
    }

    fn is_instance<'s>(
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        value: Value<'s>,
    ) -> Fallible<bool> {
        let Ok(value) = v8::Local::<v8::Object>::try_from(value) else {
            return Ok(false);
        };
        let Some(head) = object::head(scope, value) else {
            return Ok(false);
        };
        let name = name.to_rust_string_lossy(scope);
        let mut kind = Some(head.kind());
        while let Some(interface) = kind.and_then(|kind| TABLES.interfaces.get(usize::from(kind))) {
            if interface.name == name {
                return Ok(true);
            }
            kind = interface.parent;
        }
        Ok(false)
    }

    fn settled<'s>(
        scope: &mut Scope<'s, '_>,
        id: f64,
        fulfilled: bool,
        value: Value<'s>,
    ) -> Fallible<()> {
        ApiState::settled(
            scope,
            id as u64,
            if fulfilled { Ok(value) } else { Err(value) },
        );
        Ok(())
    }

    fn package_data<'s>(
        scope: &mut Scope<'s, '_>,
        kind: v8::Local<'s, v8::String>,
        content_type: Vec<u8>,
        bytes: Bytes<'s>,
    ) -> Fallible<Value<'s>> {
        let kind = kind.to_rust_string_lossy(scope);
        let kind = Kind::from_name(&kind)
            .ok_or_else(|| type_error(format!("no kind of body data is called '{kind}'")))?;
        let bytes = bytes.to_vec(scope)?.into();
        package_data(scope, kind, &content_type, bytes)
    }
}

/// The elements of an array of objects, by index: an app may have replaced the iterator of arrays.
fn elements<'s>(
    scope: &mut Scope<'s, '_>,
    array: v8::Local<'s, v8::Object>,
) -> Fallible<Vec<v8::Local<'s, v8::Object>>> {
    let array = v8::Local::<v8::Array>::try_from(array).map_err(|_| type_error("is not a list"))?;
    (0..array.length())
        .map(|index| {
            let element = array.get_index(scope, index).ok_or(Error::Thrown)?;
            element
                .try_into()
                .map_err(|_| type_error("is a list with something else than objects"))
        })
        .collect()
}
