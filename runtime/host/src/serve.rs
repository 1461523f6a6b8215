//! The life of `nano serve`: from a configuration to an exit.

use std::io;
use std::sync::Arc;

use nano_worker::Launcher;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::host::{Host, Refusal};
use crate::inherited::Inherited;
use crate::notify::Manager;
use crate::reload::{Load, Reloader};

/// The signals that end a process. (SIGQUIT is nginx's name for a drain.)
const SIGNALS: [SignalKind; 3] = [
    SignalKind::terminate(),
    SignalKind::interrupt(),
    SignalKind::quit(),
];

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What is configured cannot be served.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The system has no thread for what looks at changes.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// Serves until a signal asks for an end. A second signal cuts the drain off. `load` gives the configuration as it is by then: when a
/// SIGHUP asks for it, or when something has changed and the configuration wants that to be noticed. `inherited` are sockets that are
/// bound already. What `signals` listen to must have been held back since before the configuration was read.
///
/// # Errors
/// See [`ServeError`]. Whether a drain was complete is logged, not returned.
pub async fn serve(
    mut config: Config,
    load: Load,
    launcher: Arc<dyn Launcher>,
    dev: bool,
    inherited: Inherited,
    mut signals: Signals,
) -> Result<Ending, ServeError> {
    let reloader = Reloader::new(load, &mut config);
    let ask = reloader.ask();
    let host = Host::new(launcher, ask.clone(), dev);
    host.inherit(inherited).await;
    host.apply(config).await?;
    reloader.start(host.clone()).map_err(ServeError::Thread)?;
    let manager = Manager::of(&host);
    if let Some(manager) = &manager {
        manager.follow();
    }
    while signals.next().await.is_none() {
        match &manager {
            Some(manager) => manager.reload(&ask),
            None => ask.reload(),
        }
    }
    if let Some(manager) = &manager {
        manager.stops();
    }
    tokio::select! {
        _ = host.drain() => Ok(Ending::Drained),
        number = signals.end() => Ok(Ending::Cut(number)),
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
#[derive(Debug)]
pub struct Signals {
    /// Those that ask for an end.
    ends: [Signal; SIGNALS.len()],
    /// It asks for the configuration to be loaded anew.
    hangup: Signal,
}

impl Signals {
    /// Listens to them, in the context of a runtime.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> io::Result<Self> {
        let [terminate, interrupt, quit] = SIGNALS;
        Ok(Self {
            ends: [signal(terminate)?, signal(interrupt)?, signal(quit)?],
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The number of the next one that asks for an end.
    async fn end(&mut self) -> i32 {
        loop {
            if let Some(number) = self.next().await {
                return number;
            }
        }
    }

    /// The number of the next one, if that asks for an end; else it asks for a reload.
    async fn next(&mut self) -> Option<i32> {
        let [terminate, interrupt, quit] = &mut self.ends;
        let kind = tokio::select! {
            _ = terminate.recv() => SIGNALS[0],
            _ = interrupt.recv() => SIGNALS[1],
            _ = quit.recv() => SIGNALS[2],
            _ = self.hangup.recv() => return None,
        };
        Some(kind.as_raw_value())
    }
}
