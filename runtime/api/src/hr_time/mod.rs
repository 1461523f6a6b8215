//! High Resolution Time, <https://w3c.github.io/hr-time/>. `Performance` is the script of this folder; this is its clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nano_engine::State;
use nano_webidl::Scope;

/// The resolution of every timestamp, <https://w3c.github.io/hr-time/#dfn-coarsen-time>: 100 µs, as for contexts that are not
/// cross-origin isolated. Apps of different owners share a machine, so the clock must be too coarse for timing attacks.
const RESOLUTION: Duration = Duration::from_micros(100);

/// When the code of an isolate began to run, <https://w3c.github.io/hr-time/#dfn-get-time-origin-timestamp>.
#[derive(Debug, Clone, Copy)]
pub struct TimeOrigin {
    monotonic: Instant,
    wall: Duration,
}

impl TimeOrigin {
    fn here_and_now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimeOrigin { monotonic: Instant::now(), wall: coarsen(wall) }
    }

    /// The isolate's time origin; the first call sets it, so it should be made when an isolate starts.
    pub fn of(scope: &Scope) -> Self {
        let state = State::from_scope(scope);
        *state.try_extension::<TimeOrigin>().unwrap_or_else(|| {
            state.set_extension(TimeOrigin::here_and_now());
            state.extension()
        })
    }
}

/// <https://w3c.github.io/hr-time/#dfn-current-high-resolution-time>: milliseconds since the time origin.
pub fn now(scope: &Scope) -> f64 {
    milliseconds(coarsen(TimeOrigin::of(scope).monotonic.elapsed()))
}

/// The time origin in milliseconds since the Unix epoch.
pub fn time_origin(scope: &Scope) -> f64 {
    milliseconds(TimeOrigin::of(scope).wall)
}

fn coarsen(time: Duration) -> Duration {
    let micros = time.as_micros() as u64;
    Duration::from_micros(micros - micros % RESOLUTION.as_micros() as u64)
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
