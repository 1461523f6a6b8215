//! Where the bytes of an outgoing body go: the isolate's end of a body that is a stream of the app's.

use std::any::Any;
use std::cell::{Cell, RefCell};

use bytes::Bytes;
use nano_engine::external_memory::TakenBuffer;
use nano_engine::{ErrorReport, State, promise_op};
use nano_webidl::idl::Bytes as Buffer;
use nano_webidl::{Error, Fallible, Scope, Trace, Value, type_error};
use nano_worker::{BodyError, BodyErrorKind, BodyWriter, Put};

use crate::bindings::native_sink::NativeSinkMethods;
use crate::reserved::{MIN_RESERVED_BYTES, reserve, with_reservation};

/// Is told what the app's stream failed with.
type OnError = Box<dyn for<'s, 'i> Fn(&mut Scope<'s, 'i>, Value<'s>)>;

/// A body's writing end, for the built-in script that reads the app's stream.
#[derive(Trace)]
pub struct NativeSink {
    /// Gone after the end.
    #[untraced]
    writer: RefCell<Option<BodyWriter>>,
    /// Dropped at the end: what shall last as long as the body.
    #[untraced]
    guard: RefCell<Option<Box<dyn Any>>>,
    /// Called with what the app's stream failed with.
    #[untraced]
    on_error: OnError,
    /// Bytes that were handed on without being reserved.
    #[untraced]
    unreserved: Cell<usize>,
    /// Small chunks that wait are reserved together.
    #[untraced]
    reserves_joined: Cell<bool>,
}

impl NativeSink {
    /// A sink into this writer, which keeps `guard` until the body's end. `on_error` is told the reason where the app's stream fails.
    pub fn new(
        writer: BodyWriter,
        guard: impl Any,
        on_error: impl for<'s, 'i> Fn(&mut Scope<'s, 'i>, Value<'s>) + 'static,
    ) -> NativeSink {
        NativeSink {
            writer: RefCell::new(Some(writer)),
            guard: RefCell::new(Some(Box::new(guard))),
            on_error: Box::new(on_error),
            unreserved: Cell::new(0),
            reserves_joined: Cell::new(false),
        }
    }

    /// Ends the body as one that was cut short: its reader sees an error.
    pub fn cut_short(&self) {
        drop((self.writer.take(), self.guard.take()));
    }
}

impl NativeSinkMethods for NativeSink {
    fn write<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        chunk: Buffer<'s>,
        owned: bool,
    ) -> Fallible<Value<'s>> {
        let gone = || type_error("the reader of this body is gone");
        // Nobody copies for a reader who has left.
        if self.writer.borrow().is_none() {
            return Err(gone());
        }
        let chunk = self.take_or_copy(scope, chunk, owned)?;
        let room = match &*self.writer.borrow() {
            None => return Err(gone()),
            Some(writer) => match writer.put(chunk) {
                Put::Gone => return Err(gone()),
                Put::TooLong { stated } => {
                    return Err(type_error(format!(
                        "the body has more than the {stated} bytes that its content-length says"
                    )));
                }
                Put::Room => return Ok(v8::undefined(scope).into()),
                Put::Full => writer.room(),
            },
        };
        let promise = promise_op(scope, room, move |scope, room| {
            if room {
                return Ok(v8::undefined(scope).into());
            }
            Err(gone()
                .to_exception(scope)
                .unwrap_or_else(|| v8::undefined(scope).into()))
        });
        Ok(promise.ok_or(Error::Thrown)?.into())
    }

    fn close(&self) -> Fallible<()> {
        if let Some(writer) = self.writer.take() {
            writer.finish();
        }
        self.guard.take();
        Ok(())
    }

    fn error<'s>(&self, scope: &mut Scope<'s, '_>, reason: Value<'s>) -> Fallible<()> {
        let guard = self.guard.take();
        // Nobody is told of a failure whose reader has left, or knows already how the body ended.
        if let Some(writer) = self.writer.take().filter(|writer| !writer.is_closed()) {
            let message = ErrorReport::new(scope, reason, None).message;
            (self.on_error)(scope, reason);
            writer.fail(BodyError::new(BodyErrorKind::App, message));
        }
        drop(guard);
        Ok(())
    }
}

impl NativeSink {
    /// A chunk's bytes. To copy few is cheaper than to take them.
    fn take_or_copy<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        chunk: Buffer<'s>,
        owned: bool,
    ) -> Fallible<Bytes> {
        if let Buffer::View(view) = chunk
            && owned
            && chunk.len() >= MIN_RESERVED_BYTES
            && let Some(taken) = TakenBuffer::of(scope, view)
        {
            return Ok(Bytes::from_owner(taken));
        }
        let bytes = Bytes::from(chunk.to_vec(scope)?);
        // Small chunks may wait for a reader in great numbers: only a body that is small itself is not worth the cost.
        let unreserved = self.unreserved.get() + bytes.len();
        if unreserved >= MIN_RESERVED_BYTES {
            self.reserve_joined(scope);
            return reserve(scope, bytes);
        }
        self.unreserved.set(unreserved);
        Ok(bytes)
    }

    /// Reserves what small chunks become that wait, too: their own reservations end when they are joined.
    fn reserve_joined(&self, scope: &mut Scope) {
        if let (false, Some(writer)) = (self.reserves_joined.replace(true), &*self.writer.borrow())
        {
            let isolate = State::from_scope(scope).handle();
            writer.on_joined(move |bytes| {
                let mut reservation = isolate.reservation();
                reservation.set(bytes.len());
                with_reservation(bytes, reservation)
            });
        }
    }
}
