//! Bodies that native code wants whole.

use bytes::Bytes;
use nano_engine::{State, promise_op};
use nano_webidl::{Error, Fallible, Scope, Value, idl, script, type_error};

use super::body::{Body, Claim, name};
use super::gather::collect;
use crate::environment::promise_reactions::when_settled;

impl Body {
    /// Uses the body up, and gives a promise that resolves once `then` has seen its bytes, `None` where there is no body. It must not be
    /// unusable. The bytes are the app's memory until `then` returns.
    ///
    /// # Errors
    /// The isolate ends, or `then` fails at once.
    pub(crate) fn whole<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        then: impl FnOnce(&mut Scope, Option<Bytes>) -> Fallible<()> + 'static,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let bytes = match self.claim(scope)? {
            Claim::Null => None,
            Claim::Bytes(kept) => Some(kept.bytes),
            Claim::Incoming(stream, abortable) => {
                let collected = collect(stream, State::from_scope(scope).handle());
                let promise = promise_op(scope, collected, move |scope, collected| {
                    let reason = abortable.and_then(|abortable| abortable.state().reason(scope));
                    if let Some(reason) = reason {
                        return Err(reason);
                    }
                    let done = match collected {
                        // Its room is taken until then.
                        Ok((bytes, _room)) => then(scope, Some(bytes)),
                        Err(error) => Err(type_error(error.to_string())),
                    };
                    settled(scope, done)
                });
                return promise.ok_or(Error::Thrown);
            }
            Claim::Stream(stream) => return whole_stream(scope, stream, then),
        };
        then(scope, bytes)?;
        let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
        let undefined = v8::undefined(scope).into();
        resolver.resolve(scope, undefined).ok_or(Error::Thrown)?;
        Ok(resolver.get_promise(scope))
    }
}

fn whole_stream<'s>(
    scope: &mut Scope<'s, '_>,
    stream: v8::Local<'s, v8::Object>,
    then: impl FnOnce(&mut Scope, Option<Bytes>) -> Fallible<()> + 'static,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    let arguments = [stream.into(), name(scope, "bytes"), name(scope, "")];
    let read = script::call(scope, "consumeStream", &arguments)?;
    let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
    let settle = v8::Global::new(scope, resolver);
    when_settled(scope, read, move |scope, outcome| {
        let resolver = v8::Local::new(scope, &settle);
        v8::tc_scope!(let scope, scope);
        let done = match outcome {
            Ok(value) => {
                let done = copy(scope, value).and_then(|bytes| then(scope, Some(bytes)));
                settled(scope, done)
            }
            Err(reason) => Err(reason),
        };
        // It fails where the isolate ends.
        let _ = match done {
            Ok(value) => resolver.resolve(scope, value),
            Err(reason) => resolver.reject(scope, reason),
        };
    })?;
    Ok(resolver.get_promise(scope))
}

/// A copy of the bytes of a `Uint8Array`.
fn copy(scope: &mut Scope, value: Value) -> Fallible<Bytes> {
    let view: v8::Local<v8::ArrayBufferView> =
        value.try_into().map_err(|_| type_error("no bytes"))?;
    Ok(idl::Bytes::View(view).to_vec(scope)?.into())
}

/// What a promise becomes that waits for this.
fn settled<'s>(scope: &mut Scope<'s, '_>, done: Fallible<()>) -> Result<Value<'s>, Value<'s>> {
    let undefined = v8::undefined(scope).into();
    match done {
        Ok(()) => Ok(undefined),
        Err(error) => Err(error.to_exception(scope).unwrap_or(undefined)),
    }
}
