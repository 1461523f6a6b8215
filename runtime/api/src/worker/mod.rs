//! An app instance as a Rust service: the engine's side of the border (`nano-worker`), requests in and responses out.
//!
//! A [`Worker`] is one isolate that runs one app, on an OS thread of its own or on one that takes turns of several. Whoever hosts it
//! (the `nano-host` crate) starts it with [`WorkerOptions`], sends it [`HttpRequest`]s, and is told by [`Worker::ended`] when it is no
//! longer of use; it knows it as a [`nano_worker::Instance`] of a [`nano_worker::Launcher`]. Nothing here knows configuration files,
//! listening sockets or other apps.

pub(crate) mod app;
mod carriers;
mod dispatch;
mod entry;
mod fetching;
mod handlers;
mod launcher;
mod log;
mod respond;
mod scheduled;
mod secrets;
mod start;
#[cfg(test)]
mod tests;
mod warm;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nano_engine::external_memory::Reservation;
use nano_engine::{FolderSource, Handle, IsolateOptions, Transpiler, Until};
use nano_webidl::Scope;
use nano_worker::{
    Body, Exit, FetchError, Handlers, HttpRequest, HttpResponse, Isolation, RequestId,
    ScheduledEvent, StartError, StartErrorKind, Stop, Unanswered, Unfinished, WorkerOptions,
    WorkerStats,
};
use tokio::sync::{oneshot, watch};

pub use launcher::WorkerLauncher;

use crate::environment::request_context;
use crate::environment::timers::TimerQuota;
use crate::fetch::client::{Counts, Outbound};
use crate::options::ApiOptions;
use app::Counters;
use carriers::Carriers;
use fetching::Fetching;
use log::WorkerLog;
use warm::Warm;

/// How long an app's modules may wait for something at their top level.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// One running instance of an app.
///
/// Dropping a worker stops it, as [`stop`](Self::stop) does.
#[derive(Debug)]
pub struct Worker {
    handle: HandleOf,
    handlers: Handlers,
    counters: Arc<Counters>,
    /// What counts the requests to other servers.
    outbound: Arc<Counts>,
    refused_timers: Arc<AtomicU64>,
    exit: watch::Receiver<Option<Exit>>,
    /// Set when the thread will never say anything again, nor drop what it has.
    lost: Stop,
    /// Set when the isolate has been taken apart, or is lost.
    gone: Stop,
}

/// How many times what one may have ended instances of an app may leave behind. Some clients that are slow with what they were sent are no
/// reason to keep an app from its others.
const MOST_LEFT: usize = 4;

/// # Errors
/// Ended instances of the app hold too much for another one.
fn has_room_beside_the_ended(options: &WorkerOptions) -> Result<(), StartError> {
    let most = limits_of(&options.limits).memory * MOST_LEFT;
    let left = nano_engine::left_behind(&options.name);
    if left < most {
        return Ok(());
    }
    Err(StartError {
        kind: StartErrorKind::LeftBehind,
        message: format!(
            "what ended instances of the app have sent to clients and other apps, and these have not taken yet, is {} MB, and may be {MOST_LEFT} \
             times memory_mb, {} MB; the next instance starts when it is less",
            left >> 20,
            most >> 20
        ),
        detail: None,
    })
}

/// The engine's handle, with a form for debugging.
struct HandleOf(Handle);

impl std::fmt::Debug for HandleOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl Worker {
    /// Starts a thread and an isolate for the app, evaluates its entry module, and waits until its top-level `await`s
    /// are settled. Must be called within a tokio runtime: the worker's I/O runs there. The engine must have been
    /// started with [`crate::EMBEDDING`].
    ///
    /// # Errors
    /// The app's module graph cannot be loaded or throws, or a limit was passed on the way.
    pub async fn start(options: WorkerOptions) -> Result<Self, StartError> {
        Self::start_with(options, None, &Arc::default(), &Arc::default()).await
    }

    /// Like [`start`](Self::start) for an app that may be written in something else than JavaScript, in an isolate that is prepared
    /// where there is one, and on one of the threads that are shared if that is what it wants.
    ///
    /// # Errors
    /// The same.
    async fn start_with(
        options: WorkerOptions,
        transpiler: Option<Arc<dyn Transpiler>>,
        warm: &Arc<Warm>,
        carriers: &Arc<Carriers>,
    ) -> Result<Self, StartError> {
        has_room_beside_the_ended(&options)?;
        let (configured, transpiles) = (options.entry.as_deref(), transpiler.is_some());
        let entry = entry::find(&options.root, configured, transpiles)?;
        let source = FolderSource::new(&options.root).map_err(|error| StartError {
            kind: StartErrorKind::NoEntry,
            message: error.to_string(),
            detail: None,
        })?;
        let source = source.transpiler(transpiler);
        let entry = source.url(&entry);
        let log = WorkerLog(options.log);
        let outbound = Outbound::new(options.outbound, &options.limits);
        let app = options.commons.number();
        let outbound = Arc::new(outbound.of_app(app));
        let outbound_counts = outbound.counts().clone();
        let timers = TimerQuota::of(options.limits.timers);
        let request_cpu = options.limits.request_cpu;
        let refused_timers = timers.refused().clone();
        let agent = options.commons.agent();
        let isolate = IsolateOptions {
            name: options.name.to_string(),
            limits: limits_of(&options.limits),
            allow_eval: false,
            modules: Some(Box::new(source)),
            tokio: Some(tokio::runtime::Handle::current()),
            abandon: false,
            data: Box::new(ApiOptions {
                base_url: None,
                console: Box::new(log.clone()),
                errors: Box::new(log),
                outbound,
                agent: agent.clone(),
                allow_eval: false,
                timers,
                request_cpu,
            }),
        };
        let counters = Arc::new(Counters::default());
        let (started, outcome) = oneshot::channel();
        let (env, services, shared) = (options.env, options.services, counters.clone());
        let main = move |scope: &mut Scope| {
            let env = start::Env {
                bindings: &env,
                services: &services,
            };
            start::begin(scope, &entry, env, shared, started)
        };
        let ready = warm.take(&isolate.limits, options.isolation, app);
        let (handle, receiver, placement, _starting) = match ready {
            Some((claimed, placement)) => {
                let (handle, receiver, starting) = claimed.begin(isolate, main);
                (handle, receiver, placement, Some(starting))
            }
            None => {
                let spawned = match options.isolation {
                    Isolation::Dedicated => {
                        let spawned = nano_engine::spawn(isolate, main);
                        spawned.map(|(handle, receiver)| (handle, receiver, None))
                    }
                    Isolation::Shared => carriers.place(Some(app)).and_then(|placement| {
                        let (handle, receiver) = placement.carrier().spawn(isolate, main)?;
                        Ok((handle, receiver, Some(placement)))
                    }),
                };
                let (handle, receiver, placement) = spawned.map_err(|error| StartError {
                    kind: StartErrorKind::Engine,
                    message: format!("cannot start a thread for {}: {error}", options.name),
                    detail: None,
                })?;
                (handle, receiver, placement, None)
            }
        };
        warm.fill();
        let (tell, exit) = watch::channel(None);
        let (lost, gone) = (Stop::default(), Stop::default());
        let (loss, end) = (lost.clone(), gone.clone());
        tokio::spawn(async move {
            let mut receiver = receiver;
            let exit = match receiver.ended_or_overdue().await {
                Some(exit) => exit,
                None => {
                    loss.set();
                    agent.leave();
                    receiver.ended().await
                }
            };
            // Also where its thread will never say anything again: others wait for its locks.
            agent.leave();
            let exit = exit_of(exit);
            let is_lost = exit.is_of_thread();
            tell.send_replace(Some(exit));
            if is_lost {
                loss.set();
            }
            receiver.await;
            // Its thread is held up until then, by no turn that could be interrupted.
            drop(placement);
            end.set();
        });
        let mut worker = Worker {
            handle: HandleOf(handle),
            handlers: Handlers::default(),
            counters,
            outbound: outbound_counts,
            refused_timers,
            exit,
            lost,
            gone,
        };
        let stalled = || StartError {
            kind: StartErrorKind::Stalled,
            message: format!(
                "the app's modules were still waiting at their top level after {} s: a top-level `await` never settles",
                START_DEADLINE.as_secs()
            ),
            detail: None,
        };
        match tokio::time::timeout(START_DEADLINE, worker.unless_lost(outcome)).await {
            Ok(Some(Ok(handlers))) => {
                worker.handlers = handlers;
                worker.handle.0.may_be_evicted();
                Ok(worker)
            }
            Ok(Some(Err(error))) => Err(error),
            Ok(None) => {
                let exit = worker.ended().await;
                Err(StartError {
                    kind: match exit {
                        Exit::ThreadLost => StartErrorKind::ThreadLost,
                        _ if exit.is_loss() => StartErrorKind::Crashed,
                        _ => StartErrorKind::Engine,
                    },
                    message: format!("its instance ended before it had started: {exit}"),
                    detail: None,
                })
            }
            Err(_) => Err(stalled()),
        }
    }

    /// Dispatches a `fetch` event. Resolves when the handler has produced a response; its body may go on streaming.
    ///
    /// Dropping the future before that, and dropping the response's body before its end, say that the client is gone: that aborts
    /// `request.signal`, and cancels the stream that the body is made of.
    ///
    /// # Errors
    /// The handler failed, a limit was passed, or the instance has ended; see [`Unanswered`].
    pub fn fetch(
        &self,
        request: HttpRequest,
        id: RequestId,
    ) -> impl Future<Output = Result<HttpResponse, Unanswered>> + Send {
        let fetched = Fetching::new(self, Box::new(request), id);
        async move { fetched.await.map(|response| *response) }
    }

    /// Counts what comes of a request's body for the isolate, which may be too busy to look at it. Gives what counts until it does.
    fn count(&self, body: &Body) -> Option<Reservation> {
        match body {
            Body::Empty => None,
            Body::Full(bytes) => {
                let mut waiting = self.handle.0.reservation();
                waiting.set(bytes.len());
                Some(waiting)
            }
            Body::Stream(stream) => {
                let mut waiting = self.handle.0.reservation();
                stream.measure(move |bytes| waiting.set(bytes));
                None
            }
        }
    }

    /// Dispatches a `scheduled` event. Resolves when its handler is done, with all that it has given to `waitUntil`. Dropping the
    /// future before that ends what it waits for.
    ///
    /// # Errors
    /// The handler or what was given to `waitUntil` failed, a limit was passed, or the instance has ended; see [`Unfinished`].
    pub async fn scheduled(&self, event: ScheduledEvent, id: RequestId) -> Result<(), Unfinished> {
        let (answer, outcome) = oneshot::channel();
        let mut delivery = scheduled::Delivery::new(event, answer);
        self.handle
            .0
            .post(Box::new(move |scope| delivery.arrive(scope, id)));
        let mut cancel = Cancel {
            handle: &self.handle.0,
            id,
            cancel: request_context::end,
            armed: true,
        };
        let outcome = self.unless_lost(outcome).await;
        cancel.armed = false;
        match outcome {
            Some(outcome) => outcome,
            None => Err(Unfinished::Failed(self.cut_off(id).await)),
        }
    }

    /// How many of the requests that it was sent have not had their turns yet, those that were given up since then included: they take
    /// their turns as well. Means nothing once the worker has ended.
    pub fn waiting(&self) -> usize {
        usize::try_from(self.counters.waiting()).unwrap_or(usize::MAX)
    }

    /// Which events the app has handlers for.
    pub fn handlers(&self) -> Handlers {
        self.handlers
    }

    /// What the end of the instance means to a request or event that it had in hand.
    fn cut_off(&self, id: RequestId) -> impl Future<Output = FetchError> + Send + use<> {
        // One that is overdue has not ended yet.
        let exit = self.exit.borrow().clone().or_else(|| self.condemned());
        let ended = self.exit.clone();
        async move {
            let exit = match exit {
                Some(exit) => exit,
                None => end_of(ended).await,
            };
            match exit {
                Exit::CpuLimit | Exit::Unresponsive => FetchError::CpuLimit,
                Exit::RequestCpuLimit { request } if request == id => FetchError::RequestCpuLimit,
                Exit::HeapLimit => FetchError::HeapLimit,
                Exit::ProcessLimit => FetchError::ProcessLimit,
                Exit::Crashed => FetchError::Crashed,
                _ => FetchError::Ended,
            }
        }
    }

    /// What the isolate's thread sends; `None` if it will never send anything. One that is lost does not drop its end.
    async fn unless_lost<T>(&self, outcome: oneshot::Receiver<T>) -> Option<T> {
        tokio::select! {
            biased;
            outcome = outcome => outcome.ok(),
            () = self.lost.stopped() => None,
        }
    }

    /// Waits until the instance's thread is lost; for ever, if it ends otherwise.
    fn lost(&self) -> impl Future<Output = Exit> + Send + use<> {
        let (lost, exit) = (self.lost.stopped(), self.exit.clone());
        let handle = self.handle.0.clone();
        async move {
            lost.await;
            // It was noted before the switch was set.
            let exit = exit.borrow().clone();
            exit.or_else(|| handle.condemned().map(exit_of))
                .unwrap_or(Exit::Stopped)
        }
    }

    /// Waits until the instance takes up what is sent to it now, or has ended.
    pub async fn reached(&self) {
        let (tell, told) = oneshot::channel();
        self.handle.0.post(Box::new(move |_| {
            let _ = tell.send(()); // Whoever waited may be gone.
        }));
        self.unless_lost(told).await;
    }

    /// Refuses new requests, then waits for those that run, their bodies and their `waitUntil` promises. Returns true
    /// if all of it ended before the deadline. The worker is stopped either way.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.handle.0.drain(Until::Released);
        let gone = self.gone.stopped();
        let in_time = tokio::time::timeout(deadline, gone).await.is_ok();
        self.stop();
        in_time
    }

    /// Ends the instance now: JavaScript that runs is terminated, pending requests fail with [`FetchError::Ended`].
    pub fn stop(&self) {
        self.handle.0.terminate();
    }

    /// Why the instance is going to end, if it must; it gives back what it is sent from now on. At once.
    pub fn condemned(&self) -> Option<Exit> {
        self.handle.0.condemned().map(exit_of)
    }

    /// Waits until the instance has ended, and says why. May be called any number of times. Its memory is given back a little
    /// later.
    pub async fn ended(&self) -> Exit {
        end_of(self.exit.clone()).await
    }

    /// Whether the request met the limit of requests that it may cause.
    pub fn has_met_subrequests(&self, id: RequestId) -> bool {
        self.outbound.has_refused(id)
    }

    /// What the instance has used so far.
    pub fn stats(&self) -> WorkerStats {
        let (heap, buffers) = self.handle.0.memory();
        WorkerStats {
            in_flight: usize::try_from(self.counters.in_flight()).unwrap_or(usize::MAX),
            background: self.counters.background.get(),
            requests: self.counters.begun.get(),
            outbound_requests: self.outbound.sent.load(Ordering::Relaxed),
            refused_subrequests: self.outbound.refused.load(Ordering::Relaxed),
            forbidden_requests: self.outbound.forbidden.load(Ordering::Relaxed),
            waiting_requests: self.outbound.waiting.load(Ordering::Relaxed),
            refused_timers: self.refused_timers.load(Ordering::Relaxed),
            refused_memory: self.handle.0.memory_shortages() as u64,
            heap_bytes: heap as u64,
            external_bytes: buffers as u64,
            cpu_time: self.handle.0.cpu_time(),
            has_held_up: self.handle.0.has_held_up(),
            compute_time: self.handle.0.compute_time(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for an instance's end.
async fn end_of(mut exit: watch::Receiver<Option<Exit>>) -> Exit {
    let ended = exit.wait_for(Option::is_some).await;
    let ended = ended.ok().and_then(|exit| exit.clone());
    ended.unwrap_or(Exit::Stopped)
}

/// What an isolate may use, in the engine's words.
fn limits_of(limits: &nano_worker::Limits) -> nano_engine::Limits {
    nano_engine::Limits {
        memory: limits.memory_mb as usize * nano_engine::limits::MIB,
        cpu_per_turn: Some(limits.cpu),
        ..nano_engine::Limits::default()
    }
}

/// The end of an isolate, in a host's words.
fn exit_of(exit: nano_engine::Exit) -> Exit {
    match exit {
        nano_engine::Exit::Drained | nano_engine::Exit::Stopped => Exit::Stopped,
        nano_engine::Exit::CpuLimit { .. } => Exit::CpuLimit,
        nano_engine::Exit::PayerLimit { payer } => Exit::RequestCpuLimit {
            request: RequestId(payer),
        },
        nano_engine::Exit::HeapLimit { .. } => Exit::HeapLimit,
        nano_engine::Exit::ProcessLimit => Exit::ProcessLimit,
        nano_engine::Exit::Evicted => Exit::Evicted,
        nano_engine::Exit::Crashed => Exit::Crashed,
        nano_engine::Exit::Unresponsive => Exit::Unresponsive,
        nano_engine::Exit::NotMade(message) | nano_engine::Exit::Panicked(message) => {
            Exit::Fault { message }
        }
        nano_engine::Exit::Lost => Exit::ThreadLost,
    }
}

/// Tells the isolate when nobody waits for the answer any more.
struct Cancel<'a> {
    handle: &'a Handle,
    id: RequestId,
    cancel: fn(&mut Scope, RequestId),
    armed: bool,
}

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        if self.armed {
            let (id, cancel) = (self.id, self.cancel);
            self.handle.post(Box::new(move |scope| cancel(scope, id)));
        }
    }
}
