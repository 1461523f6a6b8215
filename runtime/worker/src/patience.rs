//! How slow somebody may be who moves bytes.

use std::fmt;
use std::time::Duration;

/// The slowest that somebody may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long he may be slower than `min_rate`.
    pub stall: Duration,
    /// Bytes per second.
    pub min_rate: u32,
}

impl Pace {
    /// What so many bytes take at `min_rate`.
    fn time_for(self, bytes: usize) -> Duration {
        let seconds = bytes as f64 / f64::from(self.min_rate);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// "fewer than 500 bytes per second for 20000 ms": what somebody was who is given up.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, stall) = (self.min_rate, self.stall.as_millis());
        write!(f, "fewer than {rate} bytes per second for {stall} ms")
    }
}

/// How long somebody may still keep us waiting. Waiting spends it, bytes earn it back: who moves [`min_rate`](Pace::min_rate) bytes per
/// second is never given up, who moves nothing is after [`stall`](Pace::stall).
#[derive(Debug, Clone)]
pub struct Patience {
    left: Duration,
    /// What it can be earned back to.
    most: Duration,
    pace: Pace,
}

impl Patience {
    /// With somebody who keeps this pace.
    pub fn new(pace: Pace) -> Self {
        Self {
            left: pace.stall,
            most: pace.stall,
            pace,
        }
    }

    /// With somebody who is seen to move bytes only in pieces of so many: at `min_rate` a piece may take longer than `stall`.
    pub fn of_pieces(pace: Pace, piece: usize) -> Self {
        let most = pace.stall.saturating_add(pace.time_for(piece));
        Self {
            most,
            ..Self::new(pace)
        }
    }

    /// How long he may go on without a byte.
    #[inline]
    pub fn left(&self) -> Duration {
        self.left
    }

    /// He kept us waiting.
    #[inline]
    pub fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// He moved bytes.
    #[inline]
    pub fn earn(&mut self, bytes: usize) {
        if self.left < self.most {
            let time = self.pace.time_for(bytes);
            self.left = self.left.saturating_add(time).min(self.most);
        }
    }

    /// Whether he is to be given up.
    #[inline]
    pub fn is_spent(&self) -> bool {
        self.left.is_zero()
    }

    /// What he has to keep.
    pub fn pace(&self) -> Pace {
        self.pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        stall: Duration::from_secs(10),
        min_rate: 100,
    };

    /// How many seconds somebody lasts that moves so many bytes in each.
    fn lasts(bytes: usize) -> Option<usize> {
        let mut patience = Patience::new(PACE);
        (1..1000).find(|_| {
            patience.spend(Duration::from_secs(1));
            patience.is_spent() || {
                patience.earn(bytes);
                false
            }
        })
    }

    #[test]
    fn the_rate_decides() {
        assert_eq!(lasts(0), Some(10));
        assert!(lasts(50).is_some_and(|seconds| (15..25).contains(&seconds)));
        assert_eq!(lasts(100), None);
        assert_eq!(lasts(1_000_000), None);
    }

    #[test]
    fn pieces_are_waited_for() {
        let mut patience = Patience::of_pieces(PACE, 2000);
        assert_eq!(patience.left(), PACE.stall);
        // One in 20 s is the rate.
        for _ in 0..10 {
            patience.earn(2000);
            patience.spend(Duration::from_secs(20));
            assert!(!patience.is_spent());
        }
        patience.spend(PACE.stall);
        assert!(patience.is_spent());
    }

    #[test]
    fn nothing_is_saved_up() {
        let mut patience = Patience::new(PACE);
        patience.earn(usize::MAX);
        assert_eq!(patience.left(), PACE.stall);
    }
}
