//! Listeners and connections.

mod linger;
mod placement;
pub(crate) mod timers;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use nano_api::worker::Stop;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::config::ListenAddress;
use crate::dispatch::Dispatcher;
use linger::Linger;
use placement::{Place, Socket};
use timers::Timers;

/// The largest head of a request, and the largest chunk of a body; larger heads get 431.
pub const MAX_HEAD: usize = 64 << 10;
/// How long a client may take for a request's head, and how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection at a time.
const MAX_STREAMS: u32 = 256;
/// An HTTP/2 connection whose peer does not answer a ping is gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
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

    /// A URL to try it with.
    pub fn url(&self) -> String {
        let host = match self.address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
                "localhost".to_owned()
            }
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
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
                tokio::spawn(visitor.welcome(stream));
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
    async fn welcome(self, stream: TcpStream) {
        let app = tokio::select! {
            app = placement::find(&stream, &self.dispatcher) => app,
            () = self.stop.stopped() => return,
            () = tokio::time::sleep(HEAD_TIMEOUT) => return,
        };
        let Ok(app) = app else { return };
        let Ok(local) = stream.local_addr() else {
            return;
        };
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        // Responses are written whole; waiting for more to send only delays them. An error costs no more than that.
        let _ = stream.set_nodelay(true);
        let place = Arc::new(Place::default());
        let socket = Socket::new(stream, place.clone());
        let connection = connection(socket, local, Timers::new(place.clone()), self);
        placement::serve(connection, place, app);
    }
}

/// Serves a connection until it ends; on several runtimes, see [`placement`].
async fn connection(socket: Socket, local: SocketAddr, timers: Timers, visitor: Visitor) {
    let Visitor {
        dispatcher,
        stop,
        living: _living,
    } = visitor;
    let io = Linger::new(TokioIo::new(socket), timers.clone());
    let its_timers = timers.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let answer = dispatcher.handle(request, local, &its_timers);
        answer.map(Ok::<_, Infallible>)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(timers.clone())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(timers)
        .max_header_list_size(MAX_HEAD as u32)
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(PING_INTERVAL);
    let connection = builder.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        log_failure(&*error);
    }
}

/// Says what is wrong with a connection where its operator can do something about it.
fn log_failure(error: &(dyn std::error::Error + Send + Sync + 'static)) {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_parse_too_large() => {
            let limit = MAX_HEAD;
            tracing::warn!(
                status = 431,
                limit,
                "a request's head is larger than the limit: {error}"
            );
        }
        Some(error) if error.is_parse() => {
            tracing::warn!(status = 400, "a request is malformed: {error}");
        }
        _ => tracing::debug!("a connection ended: {error}"),
    }
}
