//! A connection that becomes a WebSocket's, once the head of its last response has left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue};
use hyper_util::rt::TokioIo;
use nano_websocket::{Alarm, Clock, Config, Role, ServerHandshake};
use nano_worker::{CloseFrame, Exit, Instance, SocketEnd, Stop};

use super::client::Client;
use super::linger::Linger;
use super::link::Link;
use super::timers::Timers;
use crate::access::Sending;
use crate::lease::Lease;

/// What is about to become of a connection.
pub(crate) struct Upgrade {
    handshake: ServerHandshake,
    /// The app has the other end.
    socket: SocketEnd,
    instance: Option<Arc<dyn Instance>>,
    /// Set when the instance, or its version of the app, is to take nothing in any more.
    leaving: Vec<Stop>,
    /// The most bytes of a message.
    max_message: u64,
}

impl Upgrade {
    /// By this handshake, to a WebSocket of the app that has this lease.
    pub(crate) fn new(handshake: ServerHandshake, socket: SocketEnd, lease: &Lease) -> Self {
        Self {
            handshake,
            socket,
            instance: lease.member().map(|member| member.instance().clone()),
            leaving: lease.leaving(),
            max_message: lease.limits().message,
        }
    }

    /// Adds the fields of the response that say so, in place of the app's.
    pub(crate) fn say(&self, fields: &mut HeaderMap<HeaderValue>) {
        fields.remove(http::header::SEC_WEBSOCKET_EXTENSIONS);
        for (name, value) in self.handshake.clone().fields() {
            fields.insert(name, value);
        }
    }
}

/// The upgrade of a connection that has one before it, with its request: that ends with the WebSocket.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<(Box<Upgrade>, Arc<Sending>)>>);

impl Slot {
    /// The response is on its way.
    pub(crate) fn put(&self, upgrade: Box<Upgrade>, sending: Arc<Sending>) {
        *self.lock() = Some((upgrade, sending));
    }

    /// It has left; or the connection is gone.
    pub(super) fn take(&self) -> Option<(Box<Upgrade>, Arc<Sending>)> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Box<Upgrade>, Arc<Sending>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock of a connection, which may move.
struct LinkClock(Timers);

impl Clock for LinkClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn at(&self, instant: Instant) -> Alarm {
        Box::pin(self.0.at(instant))
    }
}

/// Serves a WebSocket until it ends. `ahead` has been read of it already.
pub(super) async fn serve(
    mut io: Linger<TokioIo<Client>>,
    ahead: Bytes,
    (upgrade, sending): (Box<Upgrade>, Arc<Sending>),
    link: &Link,
    stop: &Stop,
) {
    let Upgrade {
        handshake,
        socket,
        instance,
        leaving,
        max_message,
    } = *upgrade;
    io.get_mut().inner_mut().is_upgraded();
    let usual = Config::of(
        Role::Server,
        handshake.deflate,
        Arc::new(LinkClock(link.timers.clone())),
    );
    let config = Config {
        max_message: usize::try_from(max_message).unwrap_or(usual.max_message),
        pace: link.limits.pace(),
        ..usual
    };
    let leaves = async {
        let leaving = leaving.iter().chain([stop]).map(Stop::stopped);
        // One that is lost keeps its end of the socket.
        let ended = async {
            match &instance {
                Some(instance) => drop(instance.clone().ended().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = futures_util::future::select_all(leaving) => {
                CloseFrame::of(CloseFrame::GOING_AWAY, "")
            }
            () = ended => farewell(instance.as_ref()),
        }
    };
    let gone = |_| farewell(instance.as_ref());
    // The connection may have come to an end meanwhile; the socket is the last that is told.
    let carried = nano_websocket::run(TokioIo::new(io), &ahead, &socket, &config, leaves, gone);
    tokio::select! {
        biased;
        ended = carried => {
            if let Some(fault) = ended.fault {
                tracing::debug!("a WebSocket ended: {fault}");
            }
        }
        () = link.evicted() => {
            socket.finish(Some("the server needs the connection for others"));
        }
    }
    drop(sending);
}

/// What a client is told whose app is gone without a word.
fn farewell(instance: Option<&Arc<dyn Instance>>) -> CloseFrame {
    let exit = instance.and_then(|instance| {
        let ended = instance.clone().ended().now_or_never();
        ended.or_else(|| instance.condemned())
    });
    match exit {
        Some(Exit::Stopped | Exit::Evicted) => {
            CloseFrame::of(CloseFrame::RESTART, "the app is restarted")
        }
        Some(_) => CloseFrame::of(CloseFrame::FAILURE, "the app has ended"),
        None => CloseFrame::of(CloseFrame::FAILURE, "the app has let go of the WebSocket"),
    }
}
