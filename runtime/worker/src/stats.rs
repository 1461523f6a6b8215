//! What an instance takes.

use std::time::Duration;

/// What an instance has used and is doing now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Requests whose response is not complete yet, and scheduled events that are not over.
    pub in_flight: usize,
    /// Promises given to `ctx.waitUntil` that are still pending.
    pub background: usize,
    /// Requests and scheduled events that the instance has been given since it started.
    pub requests: u64,
    /// Requests that it has sent to other servers, each redirect by itself.
    pub outbound_requests: u64,
    /// Requests to other servers that were refused because of [`Limits::subrequests`](crate::Limits::subrequests).
    pub refused_subrequests: u64,
    /// Requests that were refused because the app may not reach their hosts, addresses or ports.
    pub forbidden_requests: u64,
    /// Requests to other servers that wait until others have ended, or for what the process has for all apps.
    pub waiting_requests: usize,
    /// Timers that were refused because of [`Limits::timers`](crate::Limits::timers).
    pub refused_timers: u64,
    /// How often something was refused, by an exception, because it did not fit into [`Limits::memory_mb`](crate::Limits::memory_mb).
    pub refused_memory: u64,
    /// Bytes of V8's heap in use, as of the last garbage collection.
    pub heap_bytes: u64,
    /// Bytes of ArrayBuffers outside of V8's heap.
    pub external_bytes: u64,
    /// CPU time of the instance's thread: JavaScript, garbage collection, and the I/O that it does between turns.
    pub cpu_time: Duration,
    /// Whether it shares its thread, and one of its turns has held up others there for longer than any may, as it could not be interrupted.
    pub has_held_up: bool,
    /// CPU time of native work beside the instance's thread: digests of large data.
    pub compute_time: Duration,
}

impl WorkerStats {
    /// All CPU time.
    pub fn cpu(&self) -> Duration {
        self.cpu_time + self.compute_time
    }
}
