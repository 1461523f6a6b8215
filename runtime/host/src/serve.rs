//! The life of `nano serve`: from a configuration to an exit.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nano_worker::Launcher;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::config::{Config, Diagnostic, ListenAddress, example};
use crate::dispatch::{Dispatcher, RequestIds};
use crate::router::Router;
use crate::server::{Listener, Server};

/// The signals that end a process. (SIGQUIT is nginx's name for a drain.)
const SIGNALS: [SignalKind; 3] = [
    SignalKind::terminate(),
    SignalKind::interrupt(),
    SignalKind::quit(),
];

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {error}{}", remedy(error))]
    Bind {
        /// The address.
        address: ListenAddress,
        /// The system's answer; part of the message.
        error: io::Error,
    },
    /// The same, for an address of the configuration.
    #[error("{0}")]
    BindConfigured(Box<Diagnostic>),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another process has it: choose another one with --port",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need privileges: choose another one with --port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "; no network interface has this address: choose another one with --host"
        }
        _ => "",
    }
}

/// Says it at the place of the configuration that asks for the port, where there is one.
fn cannot_bind(config: &Config, address: ListenAddress, error: io::Error) -> ServeError {
    match config.ports.get(&address.port) {
        None => ServeError::Bind { address, error },
        Some(place) => {
            let help = match error.kind() {
                io::ErrorKind::AddrInUse => Some("another process has it: choose another port"),
                io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need privileges: choose another port")
                }
                io::ErrorKind::AddrNotAvailable => {
                    Some("no network interface has this address: choose another one")
                }
                _ => None,
            };
            let message = format!("cannot listen on {address}: {error}");
            ServeError::BindConfigured(Box::new(place.says(message, help)))
        }
    }
}

/// A running host.
pub struct Host {
    apps: Vec<Arc<App>>,
    server: Server,
    addresses: Vec<SocketAddr>,
}

impl Host {
    /// Binds the configured addresses, starts to serve, and starts the apps. An app that fails to start is logged, and
    /// answered for with 503; the others serve.
    ///
    /// # Errors
    /// An address cannot be bound.
    pub async fn start(
        config: &Config,
        launcher: &Arc<dyn Launcher>,
        dev: bool,
    ) -> Result<Self, ServeError> {
        let apps: Vec<_> = config
            .apps
            .iter()
            .map(|app| App::new(app.clone(), launcher.clone()))
            .collect();
        // An app with a port of its own is served there only.
        let mut ports: BTreeMap<u16, Vec<&Arc<App>>> = BTreeMap::new();
        for app in &apps {
            let port = app.config().port.unwrap_or(config.listen.port);
            ports.entry(port).or_default().push(app);
        }
        let ids: Arc<RequestIds> = Arc::default();
        let mut listeners = Vec::new();
        for port in ports.keys() {
            let address = config.listen.with_port(*port);
            let bound = Listener::bind(address).await;
            listeners.push(bound.map_err(|error| cannot_bind(config, address, error))?);
        }
        let addresses = listeners.iter().map(Listener::address).collect();
        let listeners = listeners.into_iter().zip(ports.into_values());
        let listeners = listeners.map(|(listener, apps)| {
            let mut router = Router::default();
            for app in &apps {
                let hosts = &app.config().hosts;
                hosts.iter().for_each(|host| router.insert(host, (*app).clone()));
            }
            let address = listener.address();
            let url = listener.url(example(apps.iter().flat_map(|app| &app.config().hosts)));
            tracing::info!(address = %address, port = address.port(), url, apps = apps.len(), "listening");
            let dispatcher = Dispatcher::new(router, dev, config.clients, ids.clone());
            (listener, Arc::new(dispatcher))
        });
        let listeners: Vec<_> = listeners.collect();
        let server = Server::start(listeners);
        for app in &apps {
            let app = app.clone();
            // Whoever asks first while it starts waits for the same instance. Failures are logged where they happen.
            tokio::spawn(async move { drop(app.instance().await) });
        }
        Ok(Self {
            apps,
            server,
            addresses,
        })
    }

    /// The bound addresses, in the order of their configured ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops accepting, lets requests and `waitUntil` promises finish, and stops the apps. Returns false if the
    /// deadline cut something off.
    pub async fn drain(mut self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        let in_flight: usize = self.apps.iter().map(|app| app.in_flight()).sum();
        tracing::info!(in_flight, "shutting down");
        let served = self.server.drain(deadline).await;
        let left = until.saturating_duration_since(Instant::now());
        let drains = self.apps.iter().map(|app| app.drain(left));
        let drained = futures_util::future::join_all(drains).await;
        let complete = served && drained.into_iter().all(|complete| complete);
        if complete {
            tracing::info!("shut down");
        } else {
            let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(
                deadline_ms,
                "shut down at the deadline; some work was cut off"
            );
        }
        complete
    }
}

/// Serves until a signal asks for an end. A second signal cuts the drain off.
///
/// # Errors
/// See [`ServeError`]. Whether a drain was complete is logged, not returned.
pub async fn serve(
    config: &Config,
    launcher: Arc<dyn Launcher>,
    dev: bool,
) -> Result<Ending, ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Signals)?;
    let host = Host::start(config, &launcher, dev).await?;
    signals.next().await;
    tokio::select! {
        _ = host.drain(config.drain) => Ok(Ending::Drained),
        number = signals.next() => Ok(Ending::Cut(number)),
    }
}

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By the first signal.
    Drained,
    /// By a second signal, of this number.
    Cut(i32),
}

/// The signals that serving listens to.
struct Signals {
    /// Those that ask for an end.
    ends: [Signal; SIGNALS.len()],
    /// Elsewhere it asks for a configuration to be loaded anew, so nobody expects an end of it.
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let [terminate, interrupt, quit] = SIGNALS;
        Ok(Self {
            ends: [signal(terminate)?, signal(interrupt)?, signal(quit)?],
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The number of the next one that asks for an end.
    async fn next(&mut self) -> i32 {
        let [terminate, interrupt, quit] = &mut self.ends;
        loop {
            tokio::select! {
                _ = terminate.recv() => return SIGNALS[0].as_raw_value(),
                _ = interrupt.recv() => return SIGNALS[1].as_raw_value(),
                _ = quit.recv() => return SIGNALS[2].as_raw_value(),
                _ = self.hangup.recv() => tracing::warn!(
                    "SIGHUP changes nothing: the configuration cannot be loaded anew while NANO serves. To have it read, end \
                     this process with SIGTERM and start it again"
                ),
            }
        }
    }
}
