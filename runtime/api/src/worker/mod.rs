//! An app instance as a Rust service: requests in, responses out, no V8 type in sight.
//!
//! A [`Worker`] is one OS thread with one isolate that runs one app. Whoever hosts it (the `nano-host` crate) starts it
//! with [`WorkerOptions`], sends it [`HttpRequest`]s, and is told by [`Worker::ended`] when it is no longer of use.
//! Nothing here knows configuration files, listening sockets or other apps.

mod body;
mod error;
mod log;
mod message;
mod options;
mod outbound;

use std::convert::Infallible;
use std::time::Duration;

pub use body::{Body, BodyError, BodyErrorKind, BodyStream, BodyWriter};
pub use error::{Exit, FetchError, StartError, StartErrorKind};
pub use log::{LogKind, LogLevel, LogRecord, LogSink};
pub use message::{HttpRequest, HttpResponse, RequestId};
pub use options::{Limits, WorkerOptions};
pub use outbound::{OutboundRule, OutboundRuleError};

/// One running instance of an app.
///
/// Dropping a worker stops it, as [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct Worker {
    never: Infallible,
}

/// What an instance has used and is doing now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Requests whose response is not complete yet.
    pub in_flight: usize,
    /// Promises given to `ctx.waitUntil` that are still pending.
    pub background: usize,
    /// Requests that the instance has been given since it started.
    pub requests: u64,
    /// Bytes of V8's heap in use.
    pub heap_bytes: u64,
    /// Bytes of ArrayBuffers outside of V8's heap.
    pub external_bytes: u64,
    /// CPU time of the instance's thread.
    pub cpu: Duration,
}

impl Worker {
    /// Starts a thread and an isolate for the app, evaluates its entry module, and waits until its top-level `await`s
    /// are settled. Must be called within a tokio runtime: the worker's I/O runs there.
    ///
    /// # Errors
    /// The app's module graph cannot be loaded or throws, or a limit was passed on the way.
    pub async fn start(options: WorkerOptions) -> Result<Self, StartError> {
        Err(StartError {
            kind: StartErrorKind::Engine,
            message: format!("cannot start {}: this build has no engine", options.name),
            detail: None,
        })
    }

    /// Dispatches a `fetch` event. Resolves when the handler has produced a response; its body may go on streaming.
    ///
    /// Dropping the future before that, or dropping the response's body before its end, says that the client is gone
    /// and aborts `request.signal`.
    ///
    /// # Errors
    /// The handler failed, a limit was passed, or the instance has ended; see [`FetchError`].
    pub async fn fetch(
        &self,
        _request: HttpRequest,
        _id: RequestId,
    ) -> Result<HttpResponse, FetchError> {
        match self.never {}
    }

    /// Refuses new requests, then waits for those that run, their bodies and their `waitUntil` promises. Returns true
    /// if all of it ended before the deadline. The worker is stopped either way.
    pub async fn drain(&self, _deadline: Duration) -> bool {
        match self.never {}
    }

    /// Ends the instance now: JavaScript that runs is terminated, pending requests fail with [`FetchError::Ended`].
    pub fn stop(&self) {
        match self.never {}
    }

    /// Waits until the instance has ended, and says why. May be called any number of times.
    pub async fn ended(&self) -> Exit {
        match self.never {}
    }

    /// What the instance has used so far.
    pub fn stats(&self) -> WorkerStats {
        match self.never {}
    }
}
