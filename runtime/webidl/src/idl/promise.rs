//! `Promise<T>`, <https://webidl.spec.whatwg.org/#js-promise>.

use std::future::Future;
use std::marker::PhantomData;

use nano_engine::promise_op;

use super::{FromJs, Idl, ToJs};
use crate::{Error, Fallible, Scope, Value};

/// A promise for a value of type `T`.
pub struct Promise<T>(PhantomData<T>);

impl<T> Idl for Promise<T> {
    type Native<'s> = v8::Local<'s, v8::Promise>;
}

impl<T> FromJs for Promise<T> {
    fn from_js<'s>(
        scope: &mut Scope<'s, '_>,
        value: Value<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        match value.try_into() {
            Ok(promise) => Ok(promise),
            Err(_) => resolved(scope, value),
        }
    }
}

impl<T> ToJs for Promise<T> {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: v8::Local<'s, v8::Promise>) -> Fallible<Value<'s>> {
        Ok(value.into())
    }
}

impl<T: ToJs> Promise<T> {
    /// <https://webidl.spec.whatwg.org/#a-promise-resolved-with>
    ///
    /// # Errors
    /// What the conversion of the value throws.
    pub fn resolved<'s>(
        scope: &mut Scope<'s, '_>,
        value: T::Native<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let value = super::result::<T>(scope, value)?;
        resolved(scope, value)
    }

    /// <https://webidl.spec.whatwg.org/#a-promise-rejected-with>
    ///
    /// # Errors
    /// [`Error::Thrown`] stays what it is.
    pub fn rejected<'s>(
        scope: &mut Scope<'s, '_>,
        error: &Error,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let reason = error.to_exception(scope).ok_or(Error::Thrown)?;
        let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
        resolver.reject(scope, reason).ok_or(Error::Thrown)?;
        Ok(resolver.get_promise(scope))
    }

    /// A promise for what `finish` makes of the result of `work`, which runs in parallel. Errors of `finish` reject it, and so does a
    /// panic of `work`.
    ///
    /// # Errors
    /// The isolate is being ended.
    pub fn spawn<'s, R: Send + 'static>(
        scope: &mut Scope<'s, '_>,
        work: impl Future<Output = R> + Send + 'static,
        finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let promise = promise_op(scope, work, move |scope, result| {
            let value = finish(scope, result).and_then(|value| super::result::<T>(scope, value));
            // Of what was thrown already the exception is pending, and rejects the promise.
            value.map_err(|error| {
                let reason = error.to_exception(scope);
                reason.unwrap_or_else(|| v8::undefined(scope).into())
            })
        });
        promise.ok_or(Error::Thrown)
    }
}

fn resolved<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
    resolver.resolve(scope, value).ok_or(Error::Thrown)?;
    Ok(resolver.get_promise(scope))
}
