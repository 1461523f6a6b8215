//! One end of a WebSocket, in the hands of its built-in script.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use nano_engine::external_memory::{ExternalMemory, Reservation};
use nano_engine::{OpId, State};
use nano_webidl::idl::{Bytes as Buffer, CallbackFunction};
use nano_webidl::{Error, Fallible, Ref, Scope, Trace, Value, room, script};
use nano_worker::{CloseFrame, SocketEnd, SocketMessage};

use super::account;
use super::coupling::{Coupling, Given};
use super::listener::Listener;
use crate::bindings::native_socket::NativeSocketMethods;
use crate::environment::request_context::{self, WorkId};
use crate::fetch::websocket::{Opened, Opening};
use crate::fileapi::blob::Blob;
use crate::reserved::with_reservation;

/// A message takes so much besides its bytes.
const OVERHEAD: usize = 128;

/// An end, or a connection that is about to have one.
#[derive(Trace)]
pub struct NativeSocket {
    #[untraced]
    inner: Rc<Inner>,
}

/// What a socket and its listener have in common.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) end: RefCell<Option<SocketEnd>>,
    /// How it gets one.
    pub(super) opening: RefCell<Option<Opening>>,
    /// Of a pair: with its other end, and which this is.
    coupling: RefCell<Option<(Arc<Coupling>, usize)>>,
    /// What is waited for.
    pub(super) op: Cell<Option<OpId>>,
    /// What ends it with the request that it is made for.
    pub(super) work: Cell<Option<WorkId>>,
    /// What was buffered before this turn, and what has been sent in it: nothing leaves within a turn, for those who look.
    in_turn: Cell<Option<usize>>,
    is_started: Cell<bool>,
    is_finished: Cell<bool>,
    /// What it takes besides messages.
    pub(super) memory: ExternalMemory,
}

/// About what an end takes: itself, its part of the channel, a task that listens.
pub(super) const SOCKET: usize = 1 << 10;

impl NativeSocket {
    pub(super) fn opening(opening: Opening) -> NativeSocket {
        let inner = Inner::default();
        inner.memory.set(SOCKET + opening.size());
        inner.opening.replace(Some(opening));
        NativeSocket {
            inner: Rc::new(inner),
        }
    }

    /// Of this end; the isolate pays for what that is sent.
    pub(super) fn of_end(
        scope: &Scope,
        end: SocketEnd,
        coupling: Option<(Arc<Coupling>, usize)>,
    ) -> NativeSocket {
        end.set_account(account::of(State::from_scope(scope).handle()));
        let inner = Inner::default();
        inner.memory.set(SOCKET);
        inner.end.replace(Some(end));
        inner.coupling.replace(coupling);
        NativeSocket {
            inner: Rc::new(inner),
        }
    }

    /// Takes the end out, unless somebody hears by it.
    pub(super) fn take(&self) -> Option<Given> {
        if self.inner.is_started.get() {
            return None;
        }
        Some(Given {
            end: self.inner.end.take()?,
            coupling: self.inner.coupling.take(),
        })
    }

    /// Sends bytes that the app has been asked for.
    fn send(
        &self,
        scope: &Scope,
        message: fn(Bytes) -> SocketMessage,
        bytes: Bytes,
        reservation: Reservation,
    ) -> bool {
        let end = self.inner.end.borrow();
        if let Some(end) = &*end
            && !self.inner.is_finished.get()
        {
            let before = self.inner.in_turn.get().unwrap_or_else(|| {
                State::from_scope(scope).keep_for_this_turn(Turn(self.inner.clone()));
                end.buffered()
            });
            self.inner.in_turn.set(Some(before + bytes.len()));
            // Nobody may be there any more, which the app is about to hear.
            end.put(message(with_reservation(bytes, reservation)));
        }
        true
    }
}

/// A turn in which something is sent.
struct Turn(Rc<Inner>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.in_turn.set(None);
    }
}

impl Inner {
    /// Whether it is one of a pair.
    pub(super) fn is_paired(&self) -> bool {
        self.coupling.borrow().is_some()
    }

    /// Nothing is heard any more, and what was done for it is over.
    pub(super) fn over(&self, scope: &Scope) {
        if let Some(work) = self.work.take() {
            request_context::done(scope, work);
        }
        self.memory.set(0);
        self.opening.take();
        drop(self.end.take());
        if let Some((coupling, side)) = self.coupling.take() {
            coupling.hears(side, false);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // In a finalizer, too: nothing of V8 is touched.
        drop(self.end.take());
        if let Some((coupling, side)) = self.coupling.take() {
            coupling.hears(side, false);
        }
    }
}

impl NativeSocketMethods for NativeSocket {
    fn start<'s>(&self, scope: &mut Scope<'s, '_>, callback: CallbackFunction<'s>) -> Fallible<()> {
        if self.inner.is_started.replace(true) {
            return Ok(());
        }
        if let Some((coupling, side)) = &*self.inner.coupling.borrow() {
            coupling.hears(*side, true);
        }
        Listener::start(scope, self.inner.clone(), callback)
    }

    fn send_text<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        data: v8::Local<'s, v8::String>,
    ) -> Fallible<bool> {
        let Ok(text) = room::text(scope, data) else {
            return Ok(false);
        };
        let Some(reservation) = Reservation::take(scope, text.len() + OVERHEAD) else {
            return Ok(false);
        };
        Ok(self.send(scope, SocketMessage::Text, text.into(), reservation))
    }

    fn send_bytes<'s>(&self, scope: &mut Scope<'s, '_>, data: Buffer<'s>) -> Fallible<bool> {
        let Some(reservation) = Reservation::take(scope, data.len() + OVERHEAD) else {
            return Ok(false);
        };
        let bytes = data.to_vec(scope)?;
        Ok(self.send(scope, SocketMessage::Binary, bytes.into(), reservation))
    }

    fn send_blob<'s>(&self, scope: &mut Scope<'s, '_>, data: Ref<'s, Blob>) -> Fallible<bool> {
        let Ok(bytes) = data.value().data().to_bytes(scope) else {
            return Ok(false);
        };
        let Some(reservation) = Reservation::take(scope, bytes.len() + OVERHEAD) else {
            return Ok(false);
        };
        Ok(self.send(scope, SocketMessage::Binary, bytes, reservation))
    }

    fn close<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        code: i32,
        reason: v8::Local<'s, v8::String>,
    ) -> Fallible<()> {
        let frame = match u16::try_from(code) {
            Ok(code) => CloseFrame::of(code, &room::text(scope, reason)?),
            Err(_) => CloseFrame::default(),
        };
        if let Some(end) = &*self.inner.end.borrow() {
            end.close(frame);
        }
        Ok(())
    }

    fn finish<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<()> {
        self.inner.is_finished.set(true);
        if let Some(end) = &*self.inner.end.borrow() {
            // What the other end says last is still heard.
            end.finish(None);
            return Ok(());
        }
        if let Some(op) = self.inner.op.take() {
            State::from_scope(scope).ops().cancel(op);
        }
        self.inner.over(scope);
        Ok(())
    }

    fn buffered(&self) -> Fallible<f64> {
        if let Some(bytes) = self.inner.in_turn.get() {
            return Ok(bytes as f64);
        }
        let end = self.inner.end.borrow();
        Ok(end.as_ref().map_or(0, SocketEnd::buffered) as f64)
    }
}

/// The WebSocket that a connection to a server, or another app, has become.
pub(crate) fn of_response<'s>(
    scope: &mut Scope<'s, '_>,
    opened: Opened,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let Opened {
        end,
        protocol,
        extensions,
    } = opened;
    let native = NativeSocket::of_end(scope, end, None);
    let native = Ref::new(scope, native).object();
    let protocol = string(scope, &protocol)?;
    let extensions = string(scope, &extensions)?;
    let socket = script::call(
        scope,
        "socketOfResponse",
        &[native.into(), protocol, extensions],
    )?;
    socket.try_into().map_err(|_| Error::Thrown)
}

/// Short text of a peer's.
fn string<'s>(scope: &mut Scope<'s, '_>, text: &str) -> Fallible<Value<'s>> {
    let string = v8::String::new(scope, text).ok_or(Error::Thrown)?;
    Ok(string.into())
}
