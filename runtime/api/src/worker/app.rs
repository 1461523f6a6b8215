//! The app in an isolate, and its requests between their turns. On the isolate's thread, but for what is counted.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nano_engine::{KeepAlive, State};
use nano_webidl::{DomExceptionName, Realm, Ref, Scope, script};
use nano_worker::{
    Backlog, FetchError, HttpResponse, RequestId, StartError, StartErrorKind, Unanswered,
};
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use super::handlers::Handlers;
use crate::environment::request_context;
use crate::fetch::request::Request;
use crate::nano::execution_context::BackgroundCount;
use crate::websockets::{Given, Guard};

/// Boxed, as it goes through several hands.
pub(super) type Answer = Result<Box<HttpResponse>, Unanswered>;
pub(super) type Started = Result<nano_worker::Handlers, StartError>;

/// The app in this isolate.
pub(super) struct App {
    pub(super) counters: Arc<Counters>,
    /// Known once the app has started, and until it ends.
    pub(super) handlers: RefCell<Option<Handlers>>,
    pub(super) env: v8::Global<v8::Object>,
    /// Told once whether the app has started.
    pub(super) started: Cell<Option<oneshot::Sender<Started>>>,
    /// Requests whose handlers are waiting for something, by their ids.
    pub(super) waiting: RefCell<FxHashMap<u64, (Waiting<'static>, v8::Global<v8::Object>)>>,
    /// Requests whose responses are being streamed, by their ids.
    streaming: RefCell<FxHashMap<u64, Streaming>>,
    /// What the responses' streams have for clients that have not read it.
    pub(super) backlog: Arc<Backlog>,
}

impl App {
    /// An app whose handlers are not known yet.
    pub(super) fn new(
        scope: &Scope,
        env: v8::Global<v8::Object>,
        counters: Arc<Counters>,
        started: oneshot::Sender<Started>,
    ) -> App {
        counters
            .works
            .get_or_init(|| request_context::work_count(scope));
        App {
            counters,
            handlers: RefCell::default(),
            env,
            started: Cell::new(Some(started)),
            waiting: RefCell::default(),
            streaming: RefCell::default(),
            backlog: Arc::default(),
        }
    }
}

/// A number that only the isolate's thread changes, which takes no atomic operation so; read by all.
#[derive(Debug, Default)]
pub(super) struct Tally(AtomicU64);

impl Tally {
    #[inline]
    fn count(&self) {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(before + 1, Ordering::Release);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// What host and isolate count together.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) background: BackgroundCount,
    /// Requests and other events that have begun.
    pub(super) begun: Tally,
    /// Those of them that were over with their first turns,
    over: Tally,
    /// and later.
    over_later: AtomicU64,
    /// Requests that were sent here, without those that came back.
    pub(super) sent: AtomicU64,
    /// Those of them whose turns have begun.
    pub(super) arrived: Tally,
    /// Requests whose streamed responses are complete.
    streamed: Mutex<Vec<u64>>,
    /// How much there is that a request's end ends.
    works: OnceLock<Arc<AtomicUsize>>,
}

impl Counters {
    /// Requests and other events that have begun, and are not over.
    pub(super) fn in_flight(&self) -> u64 {
        // Whoever is seen to be over is seen to have begun.
        let over = self.over.get() + self.over_later.load(Ordering::Acquire);
        self.begun.get().saturating_sub(over)
    }

    /// Requests that wait for their turns.
    #[inline]
    pub(super) fn waiting(&self) -> u64 {
        let arrived = self.arrived.get();
        let sent = self.sent.load(Ordering::Relaxed);
        sent.saturating_sub(arrived)
    }

    /// A request's turn begins.
    #[inline]
    pub(super) fn arrives(&self) {
        self.arrived.count();
    }

    /// The response of this request, which was a stream, is complete. Whether somebody should [look](clean_up) at once.
    pub(crate) fn streamed(&self, id: RequestId) -> bool {
        let mut streamed = self.streamed.lock().unwrap_or_else(PoisonError::into_inner);
        streamed.push(id.0);
        let works = self.works.get();
        works.is_some_and(|works| works.load(Ordering::Relaxed) > 0)
    }

    fn take_streamed(&self) -> Vec<u64> {
        std::mem::take(&mut self.streamed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a client that leaves in the middle of a response leaves behind.
struct Streaming {
    /// Weak: the app may have done with it.
    request: v8::Weak<v8::Object>,
    /// The request's, where the app has asked for it: whoever listens to it need not keep it.
    signal: Option<v8::Global<v8::Object>>,
    /// What the response's body is made of, if that is a stream of the app's.
    stream: Option<v8::Weak<v8::Object>>,
}

/// A request without an answer yet. Whoever waits for one that is dropped without it learns why the isolate has ended.
pub(super) struct Waiting<'a> {
    pub(super) answer: oneshot::Sender<Answer>,
    pub(super) in_flight: InFlight<'a>,
}

impl<'a> Waiting<'a> {
    /// It will wait beyond its turn.
    pub(super) fn kept(self, state: &State) -> Waiting<'static> {
        Waiting {
            answer: self.answer,
            in_flight: self.in_flight.kept(state),
        }
    }

    /// Answers. What is left of the request is its body, if that is a stream.
    pub(super) fn settle(self, state: &State, answer: Answer) -> InFlight<'a> {
        let sender = self.answer;
        state.deliver(move || drop(sender.send(answer))); // The client may have left.
        self.in_flight
    }

    /// Answers with a WebSocket: the request is over when that is.
    pub(super) fn become_socket(
        self,
        state: &State,
        id: RequestId,
        mut answer: Box<HttpResponse>,
        given: Given,
    ) {
        let sender = self.answer;
        let guard = Guard::new(id, state.handle(), self.in_flight.kept(state));
        answer.socket = Some(given.guarded(guard));
        state.deliver(move || drop(sender.send(Ok(answer)))); // The client may have left.
    }
}

/// Keeps the isolate at work for a request until its response is complete, or for another event until it is over.
pub(super) enum InFlight<'a> {
    /// OPTIMIZATION: a turn itself keeps its isolate, and most requests are over with theirs.
    Turn(OfTurn<'a>),
    Kept(Kept),
}

impl<'a> InFlight<'a> {
    /// An event begins with a turn.
    pub(super) fn new(counters: &'a Arc<Counters>) -> InFlight<'a> {
        counters.begun.count();
        InFlight::Turn(OfTurn(counters))
    }

    /// It goes on after its turn.
    pub(super) fn kept(self, state: &State) -> InFlight<'static> {
        InFlight::Kept(match self {
            InFlight::Turn(turn) => {
                let kept = Kept {
                    counters: turn.0.clone(),
                    _keep_alive: state.keep_alive(),
                };
                std::mem::forget(turn);
                kept
            }
            InFlight::Kept(kept) => kept,
        })
    }
}

/// An event in its first turn.
pub(super) struct OfTurn<'a>(&'a Arc<Counters>);

impl Drop for OfTurn<'_> {
    fn drop(&mut self) {
        self.0.over.count();
    }
}

/// An event that has gone on after that. May end on any thread.
pub(super) struct Kept {
    counters: Arc<Counters>,
    _keep_alive: KeepAlive,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.counters.over_later.fetch_add(1, Ordering::Release);
    }
}

/// The response of a request is about to be streamed.
pub(super) fn begin_streaming<'s>(
    scope: &mut Scope<'s, '_>,
    id: RequestId,
    request: v8::Local<'s, v8::Object>,
    stream: Option<v8::Local<'s, v8::Object>>,
) {
    let signal = Ref::<Request>::from_value(scope, request.into())
        .and_then(|request| request.value().signal_if_any(scope));
    let streaming = Streaming {
        request: v8::Weak::new(scope, request),
        signal: signal.map(|signal| v8::Global::new(scope, signal)),
        stream: stream.map(|stream| v8::Weak::new(scope, stream)),
    };
    clean_up(scope);
    let app = State::from_scope(scope).extension::<App>();
    app.streaming.borrow_mut().insert(id.0, streaming);
}

/// Forgets the requests whose streamed responses are complete, which are over.
pub(crate) fn clean_up(scope: &mut Scope) {
    let app = State::from_scope(scope).extension::<App>();
    for id in app.counters.take_streamed() {
        app.streaming.borrow_mut().remove(&id);
        request_context::over(scope, RequestId(id));
    }
}

/// The client left before the answer, or before its end: tells the app by `request.signal`, and by cancelling its stream.
pub(crate) fn cancel(scope: &mut Scope, id: RequestId) {
    tell_gone(scope, id);
    // In a turn of its own: what the app does about it may be work that it gives to `waitUntil`.
    let handle = State::from_scope(scope).handle();
    handle.post(Box::new(move |scope| request_context::over(scope, id)));
}

fn tell_gone(scope: &mut Scope, id: RequestId) {
    let app = State::from_scope(scope).extension::<App>();
    let waiting = app.waiting.borrow_mut().remove(&id.0);
    let (request, signal, stream) = match waiting {
        Some((_, request)) => (Some(v8::Local::new(scope, &request)), None, None),
        None => {
            let Some(left) = app.streaming.borrow_mut().remove(&id.0) else {
                return;
            };
            let stream = left.stream.and_then(|stream| stream.to_local(scope));
            let signal = left.signal.map(|signal| v8::Local::new(scope, &signal));
            (left.request.to_local(scope), signal, stream)
        }
    };
    let signal = signal.or_else(|| {
        let request = Ref::<Request>::from_value(scope, request?.into())?;
        request.value().signal_if_any(scope)
    });
    if signal.is_none() && stream.is_none() {
        return;
    }
    let reason = Realm::dom_exception(
        scope,
        DomExceptionName::Abort,
        "the client closed its connection",
    );
    request_context::enter(scope, id);
    // What an abort listener throws is reported by the dispatch of the event, and only a termination makes these fail.
    if let Some(signal) = signal {
        let _ = script::call(scope, "abortSignal", &[signal.into(), reason]);
    }
    if let Some(stream) = stream {
        let _ = script::call(scope, "cancelStream", &[stream.into(), reason]);
    }
    request_context::leave(scope);
}

/// The isolate ends: whoever waits for it is told why.
pub(crate) fn ended(scope: &Scope, exit: &nano_engine::Exit) {
    use nano_engine::Exit;
    let Some(app) = State::from_scope(scope).try_extension::<App>() else {
        return;
    };
    let mut guilty = None;
    let (kind, error) = match exit {
        // It is one request's, and others may try again.
        Exit::PayerLimit { payer } => {
            guilty = Some(*payer);
            (StartErrorKind::Engine, FetchError::Ended)
        }
        Exit::CpuLimit { .. } => (StartErrorKind::CpuLimit, FetchError::CpuLimit),
        Exit::HeapLimit { .. } => (StartErrorKind::HeapLimit, FetchError::HeapLimit),
        Exit::ProcessLimit => (StartErrorKind::Engine, FetchError::ProcessLimit),
        Exit::Drained
        | Exit::Stopped
        | Exit::Evicted
        | Exit::Crashed
        | Exit::Unresponsive
        | Exit::Lost
        | Exit::NotMade(_)
        | Exit::Panicked(_) => (StartErrorKind::Engine, FetchError::Ended),
    };
    if let Some(started) = app.started.take() {
        let _ = started.send(Err(StartError {
            kind,
            message: format!("the app did not start: {exit}"),
            detail: None,
        }));
    }
    for (id, (waiting, _)) in app.waiting.take() {
        let error = match guilty == Some(id) {
            true => FetchError::RequestCpuLimit,
            false => error.clone(),
        };
        waiting.settle(State::from_scope(scope), Err(error.into()));
    }
    app.streaming.take();
    app.handlers.take();
}
