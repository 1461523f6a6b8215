//! Hears what comes by a WebSocket: each thing in a turn of its own.

use std::rc::Rc;

use nano_engine::{State, spawn_op, text};
use nano_webidl::idl::{CallbackFunction, uint8_array};
use nano_webidl::{Fallible, Scope, Value, type_error};
use nano_worker::{CloseFrame, SocketEnd, SocketEvent, SocketMessage};

use super::account;
use super::native_socket::{Inner, SOCKET};
use crate::environment::request_context;
use crate::fetch::websocket::{OVER, Opened, Opening, Started};

/// What the script is called with.
#[derive(Clone, Copy)]
enum Kind {
    Open,
    Message,
    Close,
    Gone,
}

/// A script that hears.
pub(super) struct Listener {
    inner: Rc<Inner>,
    callback: v8::Global<v8::Function>,
    /// What it does, it does for the request that has begun to listen.
    frame: v8::Global<v8::Value>,
}

impl Listener {
    pub(super) fn start<'s>(
        scope: &mut Scope<'s, '_>,
        inner: Rc<Inner>,
        callback: CallbackFunction<'s>,
    ) -> Fallible<()> {
        let frame = scope.get_continuation_preserved_embedder_data();
        let listener = Rc::new(Listener {
            callback: v8::Global::new(scope, callback.0),
            frame: v8::Global::new(scope, frame),
            inner,
        });
        let opening = listener.inner.opening.take();
        match opening {
            Some(opening) => listener.open(scope, opening),
            None => {
                listener.clone().ends_with_request(scope);
                listener.listen(scope)
            }
        }
    }

    /// One that a fetch has brought ends with the request that it works for. That of a pair may be what its request goes on for.
    fn ends_with_request(self: Rc<Self>, scope: &Scope) {
        if self.inner.is_paired() {
            return;
        }
        if let Some(request) = request_context::current_request(scope) {
            let this = self.clone();
            let end = move |scope: &mut Scope| this.end(scope, OVER);
            self.inner
                .work
                .set(request_context::work(scope, request, end));
        }
    }

    /// Waits for a connection.
    fn open(self: Rc<Self>, scope: &mut Scope, opening: Opening) -> Fallible<()> {
        let (ended, opened) = (self.clone(), self.clone());
        let started = opening.start(
            scope,
            move |scope, why| ended.end(scope, why),
            move |scope, outcome| {
                opened.inner.op.take();
                match outcome {
                    Ok(new) => opened.opened(scope, new),
                    Err(failure) => opened.gone(scope, Some(&failure)),
                }
            },
        );
        let Started { op, work } = started.map_err(|error| type_error(error.to_string()))?;
        self.inner.op.set(Some(op));
        self.inner.work.set(work);
        Ok(())
    }

    fn opened(self: Rc<Self>, scope: &mut Scope, opened: Opened) {
        let Opened {
            end,
            protocol,
            extensions,
        } = opened;
        end.set_account(account::of(State::from_scope(scope).handle()));
        self.inner.end.replace(Some(end));
        self.inner.memory.set(SOCKET);
        let protocol = string(scope, protocol.as_bytes());
        let extensions = string(scope, extensions.as_bytes());
        let values = protocol.zip(extensions);
        let is_well = values.is_some_and(|(protocol, extensions)| {
            self.call(scope, Kind::Open, protocol, extensions)
        });
        self.go_on(scope, is_well);
    }

    /// Waits for the next thing.
    fn listen(self: Rc<Self>, scope: &mut Scope) -> Fallible<()> {
        let next = self.inner.end.borrow().as_ref().map(SocketEnd::next);
        let Some(next) = next else {
            return Ok(());
        };
        let this = self.clone();
        let spawned = spawn_op(scope, next, move |scope, event| {
            this.inner.op.take();
            // It does not panic.
            this.hear(scope, event.unwrap_or(SocketEvent::Gone(None)));
        });
        let op = spawned.map_err(|error| type_error(error.to_string()))?;
        self.inner.op.set(Some(op));
        Ok(())
    }

    fn hear(self: Rc<Self>, scope: &mut Scope, event: SocketEvent) {
        match event {
            SocketEvent::Message(message) => {
                let size = message.bytes().len();
                let Some(value) = value(scope, message) else {
                    return self.refuse(scope);
                };
                let none = v8::undefined(scope).into();
                let is_well = self.call(scope, Kind::Message, value, none);
                if let Some(end) = &*self.inner.end.borrow() {
                    end.taken(size);
                }
                self.go_on(scope, is_well);
            }
            SocketEvent::Close(frame) => {
                let code = frame.code.map_or(-1, i32::from);
                let code = v8::Integer::new(scope, code).into();
                let reason = string(scope, frame.reason.as_bytes());
                let is_well =
                    reason.is_some_and(|reason| self.call(scope, Kind::Close, code, reason));
                self.go_on(scope, is_well);
            }
            SocketEvent::Gone(reason) => self.gone(scope, reason.as_deref()),
        }
    }

    /// Listens on, unless something has gone wrong that nobody could hear of.
    fn go_on(self: Rc<Self>, scope: &mut Scope, is_well: bool) {
        let inner = self.inner.clone();
        if !is_well || self.listen(scope).is_err() {
            inner.over(scope);
        }
    }

    /// There is no room for what has come, which its sender is told, too.
    fn refuse(&self, scope: &mut Scope) {
        let why = "a message does not fit into the app's memory limit";
        if let Some(end) = &*self.inner.end.borrow() {
            end.close(CloseFrame::of(CloseFrame::TOO_BIG, why));
        }
        self.end(scope, why);
    }

    /// Ends it from this side.
    fn end(&self, scope: &mut Scope, why: &str) {
        if let Some(op) = self.inner.op.take() {
            State::from_scope(scope).ops().cancel(op);
        }
        self.gone(scope, Some(why));
    }

    fn gone(&self, scope: &mut Scope, reason: Option<&str>) {
        let reason = match reason {
            Some(reason) => string(scope, reason.as_bytes()),
            None => Some(v8::null(scope).into()),
        };
        let none = v8::undefined(scope).into();
        if let Some(reason) = reason {
            self.call(scope, Kind::Gone, reason, none);
        }
        self.inner.over(scope);
    }

    /// Calls the script. Returns false if that did not come to its end.
    fn call<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        kind: Kind,
        first: Value<'s>,
        second: Value<'s>,
    ) -> bool {
        let callback = v8::Local::new(scope, &self.callback);
        let frame = v8::Local::new(scope, &self.frame);
        scope.set_continuation_preserved_embedder_data(frame);
        State::from_scope(scope).works_for_current(scope);
        let kind = v8::Integer::new(scope, kind as i32).into();
        let receiver = v8::undefined(scope).into();
        // What it throws stays pending: the engine reports it, as this frame's.
        let is_well = callback
            .call(scope, receiver, &[kind, first, second])
            .is_some();
        if is_well {
            let none = v8::undefined(scope).into();
            scope.set_continuation_preserved_embedder_data(none);
        }
        is_well
    }
}

fn string<'s>(scope: &mut Scope<'s, '_>, bytes: &[u8]) -> Option<Value<'s>> {
    text::utf8(scope, bytes).map(Into::into)
}

/// A message's content; `None` if there is no room for it.
fn value<'s>(scope: &mut Scope<'s, '_>, message: SocketMessage) -> Option<Value<'s>> {
    match message {
        SocketMessage::Text(bytes) => string(scope, &bytes),
        SocketMessage::Binary(bytes) => {
            nano_webidl::require_room(scope, bytes.len()).ok()?;
            uint8_array(scope, bytes.into()).ok().map(Into::into)
        }
    }
}
