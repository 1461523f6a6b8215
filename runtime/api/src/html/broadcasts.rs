//! `Broadcasts`: how messages of BroadcastChannels get from one instance of an app to the others.

use std::sync::Arc;

use nano_engine::external_memory::{Reservation, for_nobody};
use nano_engine::{Handle, State, text};
use nano_webidl::room::{code_units, no_room, require_room};
use nano_webidl::{DomExceptionName, Error, Fallible, Ref, Scope, Value, script};
use nano_worker::{Agent, BroadcastListener};

use crate::bindings::broadcasts::BroadcastsMethods;
use crate::environment::request_context;
use crate::structured_clone::Portable;
use crate::structured_clone::serialized_message::SerializedMessage;

/// The namespace.
pub struct Broadcasts;

type Name<'s> = v8::Local<'s, v8::String>;

/// What comes as a message.
struct Content {
    /// Nothing where it cannot leave its isolate.
    portable: Option<Portable>,
    /// How often what it was sent for has come through servers like this: a circle of calls that broadcasts are a part of ends, too.
    passes: usize,
}

/// About what a message takes besides its bytes, and for each instance that it is for.
const MESSAGE: usize = 256;
/// About what it takes to listen to a name, besides that.
const LISTENING: usize = 256;

/// What an isolate is to the others of its app.
fn agent<'s>(scope: &Scope<'s, '_>) -> &'s Arc<Agent> {
    State::from_scope(scope).extension()
}

/// Wakes an isolate up.
struct Listener(Handle);

impl BroadcastListener for Listener {
    fn wake(&self) {
        // One that has ended takes nothing any more.
        self.0.post_fn(receive);
    }
}

/// A turn for the next message. It belongs to no request.
fn receive(scope: &mut Scope) {
    let agent = agent(scope);
    let Some(broadcast) = for_nobody(|| agent.next_broadcast()) else {
        return;
    };
    // No channel may have this name any more.
    if require_room(scope, size_of_val(&*broadcast.name)).is_err() {
        return;
    }
    let Some(name) = text::two_byte(scope, &broadcast.name) else {
        return;
    };
    let content = broadcast.content().downcast_ref::<Content>();
    let passes = content.map_or(0, |content| content.passes);
    let message = message(scope, content);
    // From here on it is this isolate's that has it.
    drop(broadcast);
    request_context::enter_after(scope, passes);
    // What it throws stays pending: the engine reports it.
    let _ = script::call(scope, "receiveBroadcast", &[name.into(), message]);
    request_context::leave(scope);
}

/// The message, or undefined.
fn message<'s>(scope: &mut Scope<'s, '_>, content: Option<&Content>) -> Value<'s> {
    let portable = content.and_then(|content| content.portable.as_ref());
    let message = portable.and_then(|portable| SerializedMessage::receive(scope, portable).ok());
    match message {
        Some(message) => message.object().into(),
        None => v8::undefined(scope).into(),
    }
}

impl BroadcastsMethods for Broadcasts {
    fn send_broadcast<'s>(
        scope: &mut Scope<'s, '_>,
        name: Name<'s>,
        message: Ref<'s, SerializedMessage>,
    ) -> Fallible<()> {
        let agent = agent(scope);
        let name = code_units(scope, name)?;
        let heard_by = for_nobody(|| agent.heard_by(&name));
        if heard_by == 0 {
            return Ok(());
        }
        let content = Content {
            portable: message.portable(),
            passes: request_context::passes(scope),
        };
        // A message keeps its name, also where nobody listens any more.
        let size = content.portable.as_ref().map_or(0, Portable::size)
            + size_of_val(&*name)
            + MESSAGE * (1 + heard_by);
        let sent = match Reservation::take(scope, size) {
            Some(charge) => for_nobody(|| {
                let sent = agent.broadcast(&name, Box::new(content), size, Box::new(charge));
                sent.map_err(|error| Error::dom(DomExceptionName::QuotaExceeded, error.to_string()))
            }),
            None => Err(no_room(size)),
        };
        sent.map_err(|error| {
            // The app called something else than this function.
            error
                .in_context("Failed to execute 'postMessage' on 'BroadcastChannel'")
                .throw(scope);
            Error::Thrown
        })
    }

    fn listen_to_broadcasts<'s>(scope: &mut Scope<'s, '_>, name: Name<'s>) -> Fallible<()> {
        let state = State::from_scope(scope);
        let name = code_units(scope, name)?;
        let size = LISTENING + size_of_val(&*name);
        let charge = Reservation::take(scope, size).ok_or_else(|| no_room(size))?;
        for_nobody(|| {
            let listener = Arc::new(Listener(state.handle()));
            agent(scope).listen(&name, listener, Box::new(charge));
        });
        Ok(())
    }

    fn ignore_broadcasts<'s>(scope: &mut Scope<'s, '_>, name: Name<'s>) -> Fallible<()> {
        let name = code_units(scope, name)?;
        for_nobody(|| agent(scope).stop_listening(&name));
        Ok(())
    }
}
