//! High Resolution Time, <https://w3c.github.io/hr-time/>. `Performance` is the script of this folder; this is its clock.

mod performance;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The resolution of every timestamp, <https://w3c.github.io/hr-time/#dfn-coarsen-time>: 100 µs, as for contexts that are not
/// cross-origin isolated. Apps of different owners share a machine, so the clock must be too coarse for timing attacks.
const RESOLUTION: Duration = Duration::from_micros(100);

/// The clock of one isolate. It begins at the time origin, <https://w3c.github.io/hr-time/#dfn-get-time-origin-timestamp>.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    /// `start` since the Unix epoch.
    origin: Duration,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock {
            start: Instant::now(),
            origin: coarsen(since_epoch),
        }
    }

    /// <https://w3c.github.io/hr-time/#dfn-current-high-resolution-time>: milliseconds since the time origin. Never goes back.
    pub fn now(&self) -> f64 {
        milliseconds(coarsen(self.start.elapsed()))
    }

    /// The time origin in milliseconds since the Unix epoch.
    pub fn time_origin(&self) -> f64 {
        milliseconds(self.origin)
    }
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
