//! Where the bytes of an outgoing body go: the isolate's end of a body that is a stream of the app's.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use nano_engine::{State, promise_op};
use nano_webidl::idl::Bytes as Buffer;
use nano_webidl::{Fallible, Scope, Trace, Value, type_error};

use crate::bindings::native_sink::NativeSinkMethods;
use crate::charged::{MANY, charge};
use crate::worker::{BodyError, BodyErrorKind, BodyWriter};

/// Is told what the app's stream failed with.
type OnError = Box<dyn for<'s, 'i> Fn(&mut Scope<'s, 'i>, Value<'s>)>;

/// A body's writing end, for the built-in script that reads the app's stream.
pub struct NativeSink {
    /// Gone after the end.
    writer: RefCell<Option<Arc<BodyWriter>>>,
    /// Dropped at the end: what shall last as long as the body.
    guard: RefCell<Option<Box<dyn Any>>>,
    /// Called with what the app's stream failed with.
    on_error: OnError,
}

impl Trace for NativeSink {}

impl NativeSink {
    /// A sink into this writer, which keeps `guard` until the body's end. `on_error` is told the reason where the app's stream fails.
    pub fn new(
        writer: BodyWriter,
        guard: impl Any,
        on_error: impl for<'s, 'i> Fn(&mut Scope<'s, 'i>, Value<'s>) + 'static,
    ) -> NativeSink {
        NativeSink {
            writer: RefCell::new(Some(Arc::new(writer))),
            guard: RefCell::new(Some(Box::new(guard))),
            on_error: Box::new(on_error),
        }
    }

    /// Ends the body as one that was cut short: its reader sees an error.
    pub fn cut_short(&self) {
        drop((self.writer.take(), self.guard.take()));
    }
}

impl NativeSinkMethods for NativeSink {
    fn write<'s>(&self, scope: &mut Scope<'s, '_>, chunk: Buffer<'s>) -> Fallible<Value<'s>> {
        let gone = || type_error("the reader of this body is gone");
        let Some(writer) = self.writer.borrow().clone() else {
            return Err(gone());
        };
        let mut chunk = Bytes::from(chunk.to_vec());
        if chunk.len() >= MANY {
            chunk = charge(scope, chunk)?;
        }
        if chunk.is_empty() {
            return Ok(v8::undefined(scope).into());
        }
        // Room for the chunk, and for one more after it, means that the next may come at once.
        match writer.try_write(chunk) {
            Ok(true) => Ok(v8::undefined(scope).into()),
            Ok(false) => Err(gone()),
            Err(chunk) => {
                let wait = async move { writer.write(chunk).await };
                let promise = promise_op(scope, wait, move |scope, taken| {
                    if taken {
                        return Ok(v8::undefined(scope).into());
                    }
                    Err(gone()
                        .to_exception(scope)
                        .unwrap_or_else(|| v8::undefined(scope).into()))
                });
                Ok(promise.into())
            }
        }
    }

    fn close(&self) -> Fallible<()> {
        // The last write has been waited for, so nobody else has the writer.
        if let Some(writer) = self.writer.take().and_then(Arc::into_inner) {
            writer.finish();
        }
        self.guard.take();
        Ok(())
    }

    fn error<'s>(&self, scope: &mut Scope<'s, '_>, reason: Value<'s>) -> Fallible<()> {
        let writer = self.writer.take().and_then(Arc::into_inner);
        let message = reason.to_rust_string_lossy(scope);
        (self.on_error)(scope, reason);
        self.guard.take();
        if let (Some(writer), Some(tokio)) = (writer, State::from_scope(scope).tokio()) {
            tokio.spawn(writer.fail(BodyError::new(BodyErrorKind::App, message)));
        }
        Ok(())
    }
}
