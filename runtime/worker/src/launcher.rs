//! How a host starts and uses instances of apps; traits, so that its tests do without an engine.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::{
    Exit, Handlers, HttpRequest, HttpResponse, Isolation, Limits, RequestId, ScheduledEvent,
    StartError, Stopped, Unanswered, Unfinished, WorkerOptions, WorkerStats,
};

/// Starts instances.
pub trait Launcher: Send + Sync + 'static {
    /// Starts an instance of an app, evaluates its entry module, and waits until its top-level `await`s are settled. Must be
    /// called within a tokio runtime: the instance's I/O runs there. Dropping the future ends what it has begun.
    ///
    /// # Errors
    /// The app's module graph cannot be loaded or throws, or a limit was passed on the way.
    fn launch(
        &self,
        options: WorkerOptions,
    ) -> BoxFuture<'static, Result<Arc<dyn Instance>, StartError>>;

    /// Keeps so many isolates prepared from now on, for apps that may use so much, and run so: those start sooner. Must be called within
    /// the runtime that [`launch`](Self::launch) is called in.
    fn keep_prepared(&self, isolates: usize, limits: &Limits, isolation: Isolation);

    /// What the process has lost so far to instances that have crashed ([`Exit::Crashed`]) or do not stop ([`Exit::Unresponsive`]).
    fn losses(&self) -> Losses;

    /// Sends a request of the host's own, by HTTP or HTTPS to this URL, and receives the response, of whose body it keeps 64 KiB. Redirects
    /// are not followed. Must be called within a tokio runtime. Dropping the future gives the request up.
    ///
    /// # Errors
    /// There is no response: why.
    fn send(
        &self,
        url: &str,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, String>>;

    /// What the process may use, in bytes: what has been configured, its control group's limit, or the machine's memory.
    fn process_memory(&self) -> usize;

    /// Whether the process is short of memory, or was a moment ago: no instance should start that can be done without. At once.
    fn is_short_of_memory(&self) -> bool;
}

/// Lost instances. Each keeps a thread and memory, mostly until the process ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many there are.
    pub instances: usize,
    /// They keep more than an eighth of the memory that the process may use.
    pub are_heavy: bool,
}

/// A running instance. Dropping it stops it, as [`stop`](Self::stop) does.
pub trait Instance: Send + Sync + 'static {
    /// Dispatches a `fetch` event. Resolves when the handler has produced a response; its body may go on streaming.
    ///
    /// Dropping the future before that, and dropping the response's body before its end, say that the client is gone: that aborts
    /// `request.signal`, and cancels the stream that the body is made of.
    ///
    /// # Errors
    /// The handler failed, a limit was passed, or the instance has ended; see [`Unanswered`].
    fn fetch(
        self: Arc<Self>,
        request: Box<HttpRequest>,
        id: RequestId,
    ) -> BoxFuture<'static, Result<Box<HttpResponse>, Unanswered>>;

    /// Dispatches a `scheduled` event. Resolves when its handler is done, with all that it has given to `waitUntil`. Dropping the
    /// future before that ends what it waits for.
    ///
    /// # Errors
    /// The handler or what was given to `waitUntil` failed, a limit was passed, or the instance has ended; see [`Unfinished`].
    fn scheduled(
        self: Arc<Self>,
        event: ScheduledEvent,
        id: RequestId,
    ) -> BoxFuture<'static, Result<(), Unfinished>>;

    /// Which events the app has handlers for.
    fn handlers(&self) -> Handlers;

    /// How many of the requests that it was sent its JavaScript has not begun with, those that were given up since then included. At once.
    fn waiting(&self) -> usize;

    /// Waits until the instance's JavaScript could take up what is sent to it now: as long as that takes, a request waits. Ready, too, when
    /// the instance has ended.
    fn reached(self: Arc<Self>) -> BoxFuture<'static, ()>;

    /// The instance's thread as a place for connections whose requests go there. `None` if there is no such place, or the
    /// instance has ended.
    fn thread(&self) -> Option<Arc<dyn InstanceThread>>;

    /// Refuses new requests, then waits for those that run, their bodies and their `waitUntil` promises. Returns true
    /// if all of it ended before the deadline. The instance is stopped either way.
    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool>;

    /// Why the instance is going to end, if it must; it gives back what it is sent from now on. At once.
    fn condemned(&self) -> Option<Exit>;

    /// Waits until the instance has ended, and says why. May be called any number of times. Its memory is given back a little later.
    fn ended(self: Arc<Self>) -> BoxFuture<'static, Exit>;

    /// Ends the instance now: JavaScript that runs is terminated, pending requests fail with [`FetchError::Ended`](crate::FetchError::Ended).
    fn stop(&self);

    /// Whether the request met the limit of [`Limits::subrequests`](crate::Limits::subrequests), which the app may have gone on without.
    fn has_met_subrequests(&self, id: RequestId) -> bool;

    /// What the instance has used so far.
    fn stats(&self) -> WorkerStats;
}

/// The thread of an instance, which does I/O for others between its turns of JavaScript: a connection costs least there.
pub trait InstanceThread: Debug + Send + Sync + 'static {
    /// Its own in the process, at any time, and not 0.
    fn id(&self) -> usize;

    /// Whether it may be the thread of other instances, too; see [`Isolation::Shared`].
    fn is_shared(&self) -> bool;

    /// Runs a task on the thread, within a tokio runtime of its own. The task goes elsewhere when [`retired`](Self::retired) is
    /// ready, or is dropped soon after.
    ///
    /// # Errors
    /// The instance has ended: the task comes back, to be run elsewhere.
    fn spawn_guest(
        self: Arc<Self>,
        task: BoxFuture<'static, ()>,
    ) -> Result<(), BoxFuture<'static, ()>>;

    /// Waits until the last of its instances has ended.
    fn retired(&self) -> Stopped;
}
