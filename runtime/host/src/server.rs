//! Listeners and connections.

mod client;
mod connection;
mod http2;
mod linger;
pub(crate) mod link;
mod placement;
pub(crate) mod timers;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use nano_worker::Stop;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::config::ListenAddress;
use crate::dispatch::Dispatcher;
use link::Link;
use placement::{Place, Socket};
use timers::Timers;

/// The largest head of a request, and the largest chunk of a body; larger heads get 431.
pub const MAX_HEAD: usize = 64 << 10;
/// The most header fields of a request; more get 431. It is hyper's own number for HTTP/1: with another one hyper takes its lists
/// of fields from the heap and fills them, a twentieth of a small request's instructions.
pub const MAX_FIELDS: usize = 100;
/// The pause when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// The system refuses: the port is taken, or needs privileges.
    pub async fn bind(address: ListenAddress) -> io::Result<Self> {
        let wanted = address.socket();
        let bound = match TcpListener::bind(wanted).await {
            // A machine without IPv6.
            Err(error) if address.ip.is_none() && error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port)).await
            }
            bound => bound,
        };
        let socket = bound?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL to try it with, of this host, or of the address.
    pub fn url(&self, host: Option<String>) -> String {
        let host = host.unwrap_or_else(|| match self.address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                "localhost".to_owned()
            }
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        format!("http://{host}:{}", self.address.port())
    }
}

/// Serves listeners until it is told to stop.
#[derive(Debug)]
pub struct Server {
    stop: Stop,
    /// Closed when the last connection is.
    alive: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Accepts connections of these listeners, each for its dispatcher.
    pub fn start(listeners: Vec<(Listener, Arc<Dispatcher>)>) -> Self {
        let stop = Stop::default();
        let (living, alive) = mpsc::channel(1);
        for (listener, dispatcher) in listeners {
            tokio::spawn(accept(
                listener.socket,
                dispatcher,
                stop.clone(),
                living.clone(),
            ));
        }
        Self { stop, alive }
    }

    /// Stops accepting, closes idle connections, and waits until the others have had their responses. Returns false if
    /// the deadline came first.
    pub async fn drain(&mut self, deadline: Duration) -> bool {
        self.stop.set();
        tokio::time::timeout(deadline, self.alive.recv())
            .await
            .is_ok()
    }
}

async fn accept(
    socket: TcpListener,
    dispatcher: Arc<Dispatcher>,
    stop: Stop,
    living: mpsc::Sender<Infallible>,
) {
    let mut stopped = stop.stopped();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = &mut stopped => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let visitor = Visitor {
                    dispatcher: dispatcher.clone(),
                    stop: stop.clone(),
                    living: living.clone(),
                };
                tokio::spawn(visitor.accept(stream));
            }
            // The client has gone again already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// What a connection is given.
struct Visitor {
    dispatcher: Arc<Dispatcher>,
    stop: Stop,
    /// Dropped when the connection is over.
    living: mpsc::Sender<Infallible>,
}

impl Visitor {
    /// Serves the connection where it is best served.
    async fn accept(self, stream: TcpStream) {
        let app = tokio::select! {
            app = placement::find(&stream, &self.dispatcher) => app,
            () = self.stop.stopped() => return,
            () = tokio::time::sleep(self.dispatcher.clients().head) => return,
        };
        let Ok(app) = app else { return };
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let place = Arc::new(Place::default());
        let limits = self.dispatcher.clients();
        let link = Link::new(
            local,
            limits,
            Timers::new(place.clone()),
            self.dispatcher.ids().clone(),
        );
        let socket = Socket::new(stream, place.clone());
        let connection = connection::serve(socket, link, self);
        placement::serve(connection, place, app);
    }
}
