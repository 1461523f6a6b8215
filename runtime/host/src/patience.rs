//! How slow a client may be.

use std::time::Duration;

use nano_worker::{Pace, Patience};

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
    /// How slow they may be while nobody waits but us.
    pub(crate) fn pace(&self) -> Pace {
        let Self {
            stall, min_rate, ..
        } = *self;
        Pace { stall, min_rate }
    }
}

/// What a client was that is given up, and which fields of the configuration say so.
pub(crate) fn describe(patience: &Patience) -> String {
    format!(
        "{} (\"min_rate\" and \"stall_ms\" of \"clients\")",
        patience.pace()
    )
}
