//! Which lines of an app are wanted. It may change at any time, and is asked for each line.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use nano_worker::LogLevel;

use crate::config::{LogConfig, LoggedRequests};

/// A [`LogConfig`] that many threads look at, and how many requests it has been asked about.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The first level that is wanted.
    level: AtomicU8,
    requests: AtomicU8,
    sample: AtomicU32,
    asked: AtomicU32,
}

/// More than any level.
const NO_LEVEL: u8 = LogLevel::Error as u8 + 1;

impl Wanted {
    pub(super) fn new(config: LogConfig) -> Self {
        let this = Self::default();
        this.set(config);
        this
    }

    pub(super) fn set(&self, config: LogConfig) {
        let level = config.level.map_or(NO_LEVEL, |level| level as u8);
        self.level.store(level, Relaxed);
        self.requests.store(config.requests as u8, Relaxed);
        self.sample.store(config.sample, Relaxed);
    }

    /// Whether what an app says at this level is wanted.
    pub(super) fn level(&self, level: LogLevel) -> bool {
        level as u8 >= self.level.load(Relaxed)
    }

    /// Whether the line of a request is wanted.
    pub(super) fn request(&self, failed: bool) -> bool {
        const ALL: u8 = LoggedRequests::All as u8;
        const FAILED: u8 = LoggedRequests::Failed as u8;
        match self.requests.load(Relaxed) {
            ALL => {
                let sample = self.sample.load(Relaxed);
                failed || sample <= 1 || self.asked.fetch_add(1, Relaxed).is_multiple_of(sample)
            }
            FAILED => failed,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_compared() {
        let levels = [
            LogLevel::Debug,
            LogLevel::Info,
            LogLevel::Warn,
            LogLevel::Error,
        ];
        let wanted = Wanted::new(LogConfig::default());
        let logged = || levels.map(|level| wanted.level(level));
        assert_eq!(logged(), [true; 4]);
        for (level, expected) in [
            (Some(LogLevel::Warn), [false, false, true, true]),
            (None, [false; 4]),
        ] {
            wanted.set(LogConfig {
                level,
                ..LogConfig::default()
            });
            assert_eq!(logged(), expected);
        }
    }

    #[test]
    fn of_requests_that_do_not_fail_some_are_wanted() {
        let wanted = Wanted::default();
        let logged = |requests, sample, failed| {
            wanted.set(LogConfig {
                requests,
                sample,
                ..LogConfig::default()
            });
            (0..12).filter(|_| wanted.request(failed)).count()
        };
        assert_eq!(logged(LoggedRequests::All, 1, false), 12);
        assert_eq!(logged(LoggedRequests::All, 4, false), 3);
        assert_eq!(logged(LoggedRequests::All, 4, true), 12);
        assert_eq!(logged(LoggedRequests::Failed, 1, false), 0);
        assert_eq!(logged(LoggedRequests::Failed, 4, true), 12);
        assert_eq!(logged(LoggedRequests::None, 1, true), 0);
    }
}
