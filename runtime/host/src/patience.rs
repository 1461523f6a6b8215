//! How slow a client may be.

use std::time::Duration;

/// How long a client may still keep us waiting. Waiting spends it, bytes earn it back: who moves
/// [`min_rate`](ClientLimits::min_rate) bytes per second is never given up, who moves nothing is after
/// [`stall`](ClientLimits::stall).
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    left: Duration,
    /// What it can be earned back to.
    most: Duration,
    limits: ClientLimits,
}

/// What clients may take, whatever they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientLimits {
    /// For a request's head, and how long a connection without a request is kept.
    pub head: Duration,
    /// How long a client may be slower than `min_rate`.
    pub stall: Duration,
    /// Bytes per second of a body, in either direction, while nobody waits but us.
    pub min_rate: u32,
    /// Their connections; `None`: as many as half of the process's descriptors.
    pub connections: Option<u32>,
    /// Those that one client may have; `None`: half of them, where others need room.
    pub connections_per_client: Option<u32>,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            stall: Duration::from_secs(20),
            min_rate: 500,
            connections: None,
            connections_per_client: None,
        }
    }
}

impl ClientLimits {
    /// What so many bytes take at `min_rate`.
    fn time_for(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / f64::from(self.min_rate))
    }
}

impl Patience {
    pub(crate) fn new(limits: ClientLimits) -> Self {
        Self {
            left: limits.stall,
            most: limits.stall,
            limits,
        }
    }

    /// With somebody who is seen to move bytes only in pieces of so many: at `min_rate` a piece may take longer than `stall`.
    pub(crate) fn of_pieces(limits: ClientLimits, piece: usize) -> Self {
        let most = limits.stall.saturating_add(limits.time_for(piece));
        Self {
            most,
            ..Self::new(limits)
        }
    }

    /// How long the client may go on without a byte.
    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// The client kept us waiting.
    pub(crate) fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// The client sent or took bytes.
    pub(crate) fn earn(&mut self, bytes: usize) {
        if self.left < self.most {
            let time = self.limits.time_for(bytes);
            self.left = self.left.saturating_add(time).min(self.most);
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left.is_zero()
    }

    /// "fewer than 500 bytes per second for 20 seconds": what a client was that is given up.
    pub(crate) fn describe(&self) -> String {
        format!(
            "fewer than {} bytes per second for {} ms (\"min_rate\" and \"stall_ms\" of \"clients\")",
            self.limits.min_rate,
            self.limits.stall.as_millis()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ClientLimits = ClientLimits {
        head: Duration::from_secs(1),
        stall: Duration::from_secs(10),
        min_rate: 100,
        connections: None,
        connections_per_client: None,
    };

    /// How many seconds a client lasts that moves so many bytes in each.
    fn lasts(bytes: usize) -> Option<usize> {
        let mut patience = Patience::new(LIMITS);
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
        let mut patience = Patience::of_pieces(LIMITS, 2000);
        assert_eq!(patience.left(), LIMITS.stall);
        // One in 20 s is the rate.
        for _ in 0..10 {
            patience.earn(2000);
            patience.spend(Duration::from_secs(20));
            assert!(!patience.is_spent());
        }
        patience.spend(LIMITS.stall);
        assert!(patience.is_spent());
    }

    #[test]
    fn nothing_is_saved_up() {
        let mut patience = Patience::new(LIMITS);
        patience.earn(usize::MAX);
        assert_eq!(patience.left(), LIMITS.stall);
    }
}
