//! How long an app that fails has to wait for its next instance.

use std::time::{Duration, Instant};

/// An app that ran this long without a failure starts from zero.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// An instance that ended is replaced at once this many times: a few bad requests must not take the app away. A new
/// instance costs milliseconds; what repeated offenders cost is the time until their limits stop them.
const FREE_ENDS: u32 = 10;

/// A crashed instance keeps its memory until the process ends, so an app that crashes again and again waits ever longer.
const FIRST_DELAY_OF_CRASHES: Duration = Duration::from_secs(1);
const LONGEST_DELAY_OF_CRASHES: Duration = Duration::from_secs(3600);

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The app did not start.
    Start,
    /// Its instance ended on its own: it passed a limit, or the engine failed.
    End,
    /// It did not start, or its instance was ended, where the process was short of memory: others may be to blame, and it is to be back
    /// when they have made room.
    Shortage,
    /// Its instance crashed, at the start or later. This is never forgiven.
    Crash,
}

/// The record of an app's failures.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    starts: u32,
    ends: u32,
    shortages: u32,
    crashes: u32,
    last: Option<Instant>,
    retry_at: Option<Instant>,
}

impl Backoff {
    /// Notes a failure, and says how long to wait.
    pub(crate) fn failed(&mut self, failure: Failure, now: Instant) -> Duration {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) > FORGIVEN_AFTER)
        {
            *self = Self {
                crashes: self.crashes,
                ..Self::default()
            };
        }
        self.last = Some(now);
        let doublings = match failure {
            Failure::Start => {
                self.starts += 1;
                Some(self.starts - 1)
            }
            Failure::End => {
                self.ends += 1;
                (self.ends - 1).checked_sub(FREE_ENDS)
            }
            Failure::Shortage => {
                self.shortages += 1;
                self.shortages.checked_sub(FREE_ENDS + 1).map(|_| 0)
            }
            Failure::Crash => {
                self.crashes += 1;
                let delay = FIRST_DELAY_OF_CRASHES
                    .saturating_mul(4_u32.saturating_pow(self.crashes - 1))
                    .min(LONGEST_DELAY_OF_CRASHES);
                self.retry_at = Some(now + delay);
                return delay;
            }
        };
        let delay = match doublings {
            None => Duration::ZERO,
            Some(count) => FIRST_DELAY
                .saturating_mul(1 << count.min(16))
                .min(LONGEST_DELAY),
        };
        self.retry_at = Some(now + delay);
        delay
    }

    /// Notes that the app started.
    pub(crate) fn started(&mut self) {
        self.starts = 0;
    }

    /// How long it is until the next attempt; `None`: it may be made now.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.retry_at?
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_starts_wait_twice_as_long_each_time() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        assert_eq!(backoff.remaining(now), None);
        let delays: Vec<_> = (0..9)
            .map(|_| backoff.failed(Failure::Start, now).as_millis())
            .collect();
        assert_eq!(
            delays,
            [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]
        );
        assert_eq!(backoff.remaining(now), Some(LONGEST_DELAY));
        assert_eq!(backoff.remaining(now + LONGEST_DELAY), None);
        backoff.started();
        assert_eq!(backoff.failed(Failure::Start, now), FIRST_DELAY);
    }

    #[test]
    fn crashes_wait_longer_and_are_not_forgiven() {
        let mut backoff = Backoff::default();
        let mut now = Instant::now();
        let mut delays = Vec::new();
        for _ in 0..8 {
            delays.push(backoff.failed(Failure::Crash, now).as_secs());
            backoff.started();
            now += LONGEST_DELAY_OF_CRASHES;
        }
        assert_eq!(delays, [1, 4, 16, 64, 256, 1024, 3600, 3600]);
        assert_eq!(backoff.failed(Failure::End, now), Duration::ZERO);
    }

    #[test]
    fn shortages_are_nobodys_fault_and_soon_over() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let delays: Vec<_> = (0..FREE_ENDS + 9)
            .map(|_| backoff.failed(Failure::Shortage, now))
            .collect();
        let (free, slow) = delays.split_at(FREE_ENDS as usize);
        assert!(free.iter().all(Duration::is_zero));
        assert!(slow.iter().all(|delay| *delay == FIRST_DELAY));
        assert_eq!(backoff.failed(Failure::Start, now), FIRST_DELAY);
    }

    #[test]
    fn the_first_ends_are_free_and_old_ones_forgiven() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let delays: Vec<_> = (0..FREE_ENDS + 2)
            .map(|_| backoff.failed(Failure::End, now))
            .collect();
        let (free, slow) = delays.split_at(FREE_ENDS as usize);
        assert!(free.iter().all(Duration::is_zero));
        assert_eq!(slow, [FIRST_DELAY, FIRST_DELAY * 2]);
        let later = now + FORGIVEN_AFTER + Duration::from_secs(1);
        assert_eq!(backoff.failed(Failure::End, later), Duration::ZERO);
    }
}
