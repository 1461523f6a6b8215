//! A bound address, and the connections that come to it.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use nano_worker::Stop;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

use super::connection::{self, GRACE};
use super::crowd::Crowd;
use super::link::Link;
use super::placement::{self, Place, Socket};
use super::timers::Timers;
use crate::config::ListenAddress;
use crate::dispatch::Dispatcher;
use crate::http::forwarded::Peer;

/// The pause when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Connections that may wait to be accepted, if the system allows as many. It has the clients of others ask again after a second.
const BACKLOG: u32 = 1024;

/// A bound address.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds an address.
    ///
    /// # Errors
    /// The system refuses: the port is taken, or needs privileges.
    pub(crate) fn bind(address: ListenAddress) -> io::Result<Self> {
        let wanted = address.socket();
        let bound = match listen(wanted) {
            // A machine without IPv6.
            Err(error) if address.ip.is_none() && error.kind() != io::ErrorKind::AddrInUse => {
                listen((Ipv4Addr::UNSPECIFIED, address.port).into())
            }
            bound => bound,
        };
        let socket = bound?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// A socket that listens already. Must be called within the host's runtime.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn of(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL to try it with, of this host, or of the address.
    pub(crate) fn url(&self, host: Option<String>) -> String {
        let host = host.unwrap_or_else(|| match self.address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                "localhost".to_owned()
            }
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        format!("http://{host}:{}", self.address.port())
    }

    /// Accepts connections, whose requests the dispatcher answers. Must be called within the host's runtime.
    pub(crate) fn serve(self, dispatcher: Dispatcher, crowd: Arc<Crowd>) -> Listening {
        let stop = Stop::default();
        let (living, alive) = mpsc::channel(1);
        let visitor = Visitor {
            dispatcher: Arc::new(dispatcher),
            crowd,
            stop: stop.clone(),
            living,
        };
        tokio::spawn(accept(self.socket, visitor));
        Listening {
            address: self.address,
            stop,
            alive,
        }
    }
}

/// As [`TcpListener::bind`], which takes the standard library's backlog of 128.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Connections of a process that has ended do not keep its port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A listener that serves until it is told to stop.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    stop: Stop,
    /// Closed when the last connection is.
    alive: mpsc::Receiver<Infallible>,
}

impl Listening {
    /// The bound address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, closes idle connections, and waits until the others have had their responses. Returns false if
    /// the deadline came first.
    pub(crate) async fn drain(mut self, deadline: Duration) -> bool {
        self.stop.set();
        tokio::time::timeout(deadline, self.alive.recv())
            .await
            .is_ok()
    }
}

async fn accept(socket: TcpListener, visitor: Visitor) {
    let mut stopped = visitor.stop.stopped();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = &mut stopped => return accept_the_last(socket, &visitor),
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(visitor.clone().accept(stream))),
            // The client has gone again already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                visitor.crowd.make_room_for_one();
                tracing::warn!(%error, "cannot accept a connection; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Closes the listener. Those who have connected by now are served: the system would reset what waits.
fn accept_the_last(socket: TcpListener, visitor: &Visitor) {
    let Ok(socket) = socket.into_std() else {
        return;
    };
    while let Ok((stream, _)) = socket.accept() {
        let stream = stream
            .set_nonblocking(true)
            .and_then(|()| TcpStream::from_std(stream));
        if let Ok(stream) = stream {
            tokio::spawn(visitor.clone().accept(stream));
        }
    }
}

/// What a connection is given.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) dispatcher: Arc<Dispatcher>,
    crowd: Arc<Crowd>,
    pub(super) stop: Stop,
    /// Dropped when the connection is over.
    pub(super) living: mpsc::Sender<Infallible>,
}

impl Visitor {
    /// Serves the connection where it is best served.
    async fn accept(self, stream: TcpStream) {
        let limits = self.dispatcher.clients();
        let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else {
            return;
        };
        let place = Arc::new(Place::default());
        let link = Link::new(
            local,
            Peer::new(peer.ip(), &self.dispatcher.proxies()),
            limits,
            Timers::new(place.clone()),
            self.dispatcher.ids().clone(),
            self.crowd.clone(),
        );
        let Some(member) = self.crowd.join(&link) else {
            return;
        };
        let app = tokio::select! {
            app = placement::find(&stream, &self.dispatcher) => app,
            () = link.closing() => return,
            () = self.stop.stopped().then(|()| tokio::time::sleep(GRACE)) => return,
            () = tokio::time::sleep(limits.head) => return,
        };
        let Ok(app) = app else { return };
        // It waits for its turn where it is served.
        link.reads();
        if let Some(app) = &app {
            link.is_with(app.id());
        }
        let socket = Socket::new(stream, place.clone());
        let connection = connection::serve(socket, link, self).map(|()| drop(member));
        placement::serve(connection, place, app.as_deref());
    }
}
