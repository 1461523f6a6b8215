//! Whose lines share a budget, and the account of them.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where lines come from. What one source says too much is never another's loss.
#[derive(Debug)]
pub(crate) struct Source {
    kind: Kind,
    /// Where the writer has it in its list; changes, and is looked at, with the writer's lock held.
    place: AtomicUsize,
    account: Mutex<Account>,
}

/// A place in no list.
const NOWHERE: usize = usize::MAX;

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
    /// Lines that were dropped: the output did not take them in time, or not at all, or there were more than the source may have.
    pub dropped_lines: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
}

#[derive(Debug, Default)]
struct Account {
    /// Dropped, and not told yet.
    untold: Amount,
    rate: Option<Rate>,
    second: Second,
    /// Dropped for the rate, and not told yet.
    over: Option<Loss>,
    total: LogStatistics,
}

/// What a source may have in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) lines: u64,
    /// The line that passes it is the last one.
    pub(crate) bytes: u64,
}

/// What a source has had in a second.
#[derive(Debug, Default)]
struct Second {
    /// `None` before the first one.
    ends: Option<Instant>,
    lines: u64,
    bytes: u64,
}

/// Lines that were dropped, to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loss {
    /// The limit of the app's that they passed, by its name in the configuration; `None`: the output did not take them.
    pub(super) limit: Option<&'static str>,
    pub(super) lines: u64,
    pub(super) bytes: u64,
}

/// So many lines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    lines: u64,
    pub(super) bytes: usize,
}

/// The answer to whoever has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Granted,
    Refused {
        /// Nobody knows yet that lines are to be told of.
        is_first: bool,
    },
}

/// What rates are for; so long, too, lines that were dropped for one are counted before they are told of.
pub(super) const SECOND: Duration = Duration::from_secs(1);

impl Source {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self {
            kind,
            place: AtomicUsize::new(NOWHERE),
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

    /// Where the writer has it in its list.
    pub(super) fn place(&self) -> Option<usize> {
        let place = self.place.load(Relaxed);
        (place != NOWHERE).then_some(place)
    }

    pub(super) fn is_listed_at(&self, place: usize) {
        self.place.store(place, Relaxed);
    }

    pub(super) fn is_not_listed(&self) {
        self.place.store(NOWHERE, Relaxed);
    }

    /// A line is dropped that there is no room for.
    pub(super) fn lose(&self, line: &str) {
        self.lock().lose(Amount::of(line));
    }

    /// Bounds what the source may have in a second.
    pub(super) fn limit(&self, rate: Rate) {
        self.lock().rate = Some(rate);
    }

    /// Whether the source may have another line now, one that says so many bytes. If not, it is dropped.
    pub(super) fn admits(&self, bytes: usize, now: Instant) -> Admission {
        let mut account = self.lock();
        let Some(rate) = account.rate else {
            return Admission::Granted;
        };
        let bytes = bytes as u64;
        let second = &mut account.second;
        if second.ends.is_none_or(|ends| ends <= now) {
            *second = Second {
                ends: Some(now + SECOND),
                ..Second::default()
            };
        }
        let limit = if second.lines >= rate.lines {
            "log_lines"
        } else if second.bytes >= rate.bytes {
            "log_kb"
        } else {
            second.lines += 1;
            second.bytes += bytes;
            return Admission::Granted;
        };
        account.total.dropped_lines += 1;
        account.total.dropped_bytes += bytes;
        let is_first = account.over.is_none();
        let over = account.over.get_or_insert(Loss {
            limit: Some(limit),
            lines: 0,
            bytes: 0,
        });
        over.lines += 1;
        over.bytes += bytes;
        Admission::Refused { is_first }
    }

    /// The output has, or has not, taken so many lines.
    pub(super) fn written(&self, lines: Amount, complete: bool) {
        let mut account = self.lock();
        if complete {
            account.total.lines += lines.lines;
        } else {
            account.lose(lines);
        }
    }

    /// What the output has not taken since this was last asked, if there is something.
    pub(super) fn take_untold(&self) -> Option<Loss> {
        let untold = std::mem::take(&mut self.lock().untold);
        (untold.lines > 0).then_some(Loss {
            limit: None,
            lines: untold.lines,
            bytes: untold.bytes as u64,
        })
    }

    /// What there was too much of since this was last asked, if there was.
    pub(super) fn take_over(&self) -> Option<Loss> {
        self.lock().over.take()
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
    pub(super) fn of(line: &str) -> Self {
        Self {
            lines: 1,
            bytes: line.len(),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_bounds_the_lines_and_bytes_of_each_second() {
        let source = Source::said("a".into());
        let now = Instant::now();
        let granted = |bytes, now| {
            let admissions = (0..10).map(|_| source.admits(bytes, now));
            admissions.filter(|a| *a == Admission::Granted).count()
        };
        assert_eq!(granted(100, now), 10);
        source.limit(Rate {
            lines: 4,
            bytes: 1000,
        });
        assert_eq!(granted(100, now), 4);
        assert_eq!(granted(100, now + SECOND / 2), 0);
        let loss = source.take_over();
        let limit = Some("log_lines");
        let (lines, bytes) = (16, 1600);
        assert_eq!(
            loss,
            Some(Loss {
                limit,
                lines,
                bytes
            })
        );
        // A long line is let in as long as there is anything left.
        assert_eq!(granted(999, now + SECOND), 2);
        assert_eq!(
            source.admits(1, now + SECOND),
            Admission::Refused { is_first: false }
        );
        assert_eq!(
            source.take_over().and_then(|loss| loss.limit),
            Some("log_kb")
        );
        assert_eq!(
            source.admits(1, now + SECOND),
            Admission::Refused { is_first: true }
        );
        assert_eq!(granted(500, now + SECOND * 2), 2);
        assert_eq!(granted(0, now + SECOND * 3), 4);
        assert_eq!(source.statistics().dropped_lines, 16 + 8 + 2 + 8 + 6);
    }
}
