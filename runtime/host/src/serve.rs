//! The life of `nano serve`: from a configuration to an exit.

use std::io;
use std::sync::Arc;

use nano_worker::Launcher;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::host::{Host, Refusal};

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
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(io::Error),
}

/// Serves until a signal asks for an end. A second signal cuts the drain off.
///
/// # Errors
/// See [`ServeError`]. Whether a drain was complete is logged, not returned.
pub async fn serve(
    config: Config,
    launcher: Arc<dyn Launcher>,
    dev: bool,
) -> Result<Ending, ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Signals)?;
    let host = Host::new(launcher, dev);
    host.apply(config).await?;
    signals.next().await;
    tokio::select! {
        _ = host.drain() => Ok(Ending::Drained),
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
