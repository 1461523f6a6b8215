//! Whose lines share a budget, and the account of them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where lines come from. What one source says too much is never another's loss.
#[derive(Debug)]
pub(crate) struct Source {
    kind: Kind,
    account: Mutex<Account>,
}

#[derive(Debug)]
enum Kind {
    /// The host's own events.
    Host,
    /// What clients make the host say: connections, requests that are for no app.
    Clients,
    /// What an app says.
    Said(Arc<str>),
    /// The requests of an app.
    Requests(Arc<str>),
}

/// What became of a source's lines since the process's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogStatistics {
    /// Lines that were written.
    pub lines: u64,
    /// Lines that were dropped because the output did not take them in time, or not at all.
    pub dropped_lines: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
}

#[derive(Debug, Default)]
struct Account {
    /// In the queue.
    waiting: Amount,
    /// On the way to the output.
    leaving: Amount,
    /// Dropped, and not told yet.
    untold: Amount,
    /// The writer knows that the source has lines, or has lost some.
    is_listed: bool,
    total: LogStatistics,
}

#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    lines: u64,
    bytes: usize,
}

/// The answer to a line.
pub(super) struct Offer {
    /// There is room for it.
    pub(super) is_taken: bool,
    /// The writer does not know of the source.
    pub(super) is_first: bool,
}

impl Source {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self {
            kind,
            account: Mutex::default(),
        })
    }

    pub(super) fn host() -> Arc<Self> {
        Self::new(Kind::Host)
    }

    pub(super) fn clients() -> Arc<Self> {
        Self::new(Kind::Clients)
    }

    pub(super) fn said(app: Arc<str>) -> Arc<Self> {
        Self::new(Kind::Said(app))
    }

    pub(super) fn requests(app: Arc<str>) -> Arc<Self> {
        Self::new(Kind::Requests(app))
    }

    /// The app that the lines are about, where they are about one.
    pub(super) fn app(&self) -> Option<&str> {
        match &self.kind {
            Kind::Host | Kind::Clients => None,
            Kind::Said(app) | Kind::Requests(app) => Some(app),
        }
    }

    pub(super) fn statistics(&self) -> LogStatistics {
        self.lock().total
    }

    /// Takes a line, if all that wait are no more than `share` bytes; else drops it.
    pub(super) fn offer(&self, bytes: usize, share: usize) -> Offer {
        let mut account = self.lock();
        let is_taken = account.waiting.bytes + bytes <= share;
        let line = Amount { lines: 1, bytes };
        if is_taken {
            account.waiting.add(line);
        } else {
            account.lose(line);
        }
        Offer {
            is_taken,
            is_first: !std::mem::replace(&mut account.is_listed, true),
        }
    }

    /// The writer has taken what waits.
    pub(super) fn taken(&self) {
        let mut account = self.lock();
        account.is_listed = false;
        account.leaving = std::mem::take(&mut account.waiting);
    }

    /// The output has, or has not, taken what the writer had.
    pub(super) fn written(&self, complete: bool) {
        let mut account = self.lock();
        let left = std::mem::take(&mut account.leaving);
        if complete {
            account.total.lines += left.lines;
        } else {
            account.lose(left);
        }
    }

    /// Lines and bytes that were dropped since this was last asked, if there are any.
    pub(super) fn take_untold(&self) -> Option<(u64, u64)> {
        let untold = std::mem::take(&mut self.lock().untold);
        (untold.lines > 0).then_some((untold.lines, untold.bytes as u64))
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// "app shop", after "lines of".
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Host => f.write_str("the host"),
            Kind::Clients => f.write_str("connections and requests for no app"),
            Kind::Said(app) => write!(f, "app {app}"),
            Kind::Requests(app) => write!(f, "requests of app {app}"),
        }
    }
}

impl Account {
    fn lose(&mut self, amount: Amount) {
        self.untold.add(amount);
        self.total.dropped_lines += amount.lines;
        self.total.dropped_bytes += amount.bytes as u64;
    }
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
    }
}

impl std::ops::Add for LogStatistics {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            dropped_lines: self.dropped_lines + other.dropped_lines,
            dropped_bytes: self.dropped_bytes + other.dropped_bytes,
        }
    }
}
