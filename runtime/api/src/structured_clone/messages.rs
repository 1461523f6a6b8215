//! `Messages`: how built-in scripts serialize what they send.

use nano_webidl::{Error, Fallible, Ref, Scope, Value, type_error};

use super::serialized_message::SerializedMessage;
use crate::bindings::messages::MessagesMethods;

/// The namespace.
pub struct Messages;

impl MessagesMethods for Messages {
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
