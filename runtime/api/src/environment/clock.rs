//! The time origin of an isolate, and the time since then: <https://w3c.github.io/hr-time/#sec-time-origin>.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nano_engine::CLOCK_RESOLUTION;
use nano_webidl::{Fallible, Scope};

use super::Environment;
use crate::bindings::clock::ClockMethods;

/// <https://w3c.github.io/hr-time/#dfn-get-time-origin-timestamp>
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOrigin {
    start: Instant,
    since_epoch: Duration,
}

impl TimeOrigin {
    /// Time begins now.
    pub(super) fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        TimeOrigin {
            start: Instant::now(),
            since_epoch: coarsen(since_epoch),
        }
    }
}

/// The clock, for built-in scripts.
pub struct Clock;

impl ClockMethods for Clock {
    // https://w3c.github.io/hr-time/#dfn-current-high-resolution-time. Never goes back.
    fn now(scope: &mut Scope) -> Fallible<f64> {
        let origin = Environment::of(scope).time_origin;
        Ok(milliseconds(coarsen(origin.start.elapsed())))
    }

    fn time_origin(scope: &mut Scope) -> Fallible<f64> {
        Ok(milliseconds(Environment::of(scope).time_origin.since_epoch))
    }
}

/// <https://w3c.github.io/hr-time/#dfn-coarsen-time>
fn coarsen(time: Duration) -> Duration {
    let micros = time.as_micros() as u64;
    Duration::from_micros(micros - micros % CLOCK_RESOLUTION.as_micros() as u64)
}

fn milliseconds(time: Duration) -> f64 {
    // One division, so that whole tenths come out as the nearest number to them: 0.3, never 0.30000000000000004.
    time.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_coarse() {
        assert_eq!(milliseconds(coarsen(Duration::from_nanos(399_999))), 0.3);
        assert_eq!(milliseconds(coarsen(Duration::from_nanos(99_999))), 0.0);
    }
}
