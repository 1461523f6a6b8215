//! The isolate's side of a worker: the app's handler, and the requests that it works on. Runs on the isolate's thread.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::HeaderValue;
use nano_engine::text::text;
use nano_engine::{ErrorReport, KeepAlive, State, external_memory, modules, rejections};
use nano_webidl::{DomExceptionName, Realm, Ref, Scope, Value, script};
use nano_worker::cdn_loop::CDN_LOOP;
use nano_worker::{
    Backlog, Body, BodyStream, FetchError, HttpRequest, HttpResponse, RequestId, StartError,
    StartErrorKind, Unanswered,
};
use tokio::sync::oneshot;

use crate::environment::promise_reactions::when_settled;
use crate::environment::{Environment, request_context};
use crate::fetch::body::{Outgoing, WithBody as _};
use crate::fetch::fetch::is_network_error;
use crate::fetch::request::Request;
use crate::fetch::response::Response;
use crate::nano::execution_context::{BackgroundCount, ExecutionContext};
use crate::streams::native_sink::NativeSink;

/// Bytes of a streamed response that may wait for the network.
const RESPONSE_BYTES: usize = 256 << 10;

/// What host and isolate count together.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) in_flight: AtomicUsize,
    pub(crate) background: BackgroundCount,
    pub(crate) requests: AtomicU64,
    /// Requests whose streamed responses are complete.
    streamed: Mutex<Vec<u64>>,
    /// How much there is that a request's end ends.
    works: OnceLock<Arc<AtomicUsize>>,
}

impl Counters {
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

type Answer = Result<HttpResponse, Unanswered>;
type Started = Result<(), StartError>;

/// The app in this isolate.
struct Instance {
    counters: Arc<Counters>,
    /// The module's default export and its `fetch`.
    handler: RefCell<Option<(v8::Global<v8::Value>, v8::Global<v8::Function>)>>,
    env: v8::Global<v8::Object>,
    /// Told once whether the app has started.
    started: Cell<Option<oneshot::Sender<Started>>>,
    /// Requests whose handlers are waiting for something, by their ids.
    waiting: RefCell<HashMap<u64, (Waiting, v8::Global<v8::Object>)>>,
    /// Requests whose responses are being streamed, by their ids.
    streaming: RefCell<HashMap<u64, Streaming>>,
    /// What the responses' streams have for clients that have not read it.
    backlog: Arc<Backlog>,
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

/// A request on its way to the app. It goes back if it does not arrive.
pub(crate) struct Delivery(Option<(HttpRequest, oneshot::Sender<Answer>)>);

impl Delivery {
    pub(crate) fn new(request: HttpRequest, answer: oneshot::Sender<Answer>) -> Self {
        Self(Some((request, answer)))
    }

    /// A turn of the isolate.
    pub(crate) fn arrive(&mut self, scope: &mut Scope, id: RequestId) {
        if let Some((request, answer)) = self.0.take() {
            dispatch(scope, request, id, answer);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((request, answer)) = self.0.take() {
            // Whoever sent it may have given it up.
            let _ = answer.send(Err(Unanswered::Returned(request.into())));
        }
    }
}

/// A request without an answer yet. Whoever waits for one that is dropped without it learns why the isolate has ended.
struct Waiting {
    answer: oneshot::Sender<Answer>,
    in_flight: InFlight,
}

impl Waiting {
    /// Answers. What is left of the request is its body, if that is a stream.
    fn settle(self, state: &State, answer: Answer) -> InFlight {
        let sender = self.answer;
        state.deliver(move || drop(sender.send(answer))); // The client may have left.
        self.in_flight
    }
}

/// Keeps the isolate at work for a request until its response is complete.
struct InFlight {
    counters: Arc<Counters>,
    _keep_alive: KeepAlive,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The first turn: evaluates the entry module and finds the handler.
pub(crate) fn begin(
    scope: &mut Scope,
    entry: &str,
    env: &BTreeMap<String, String>,
    counters: Arc<Counters>,
    started: oneshot::Sender<Started>,
) {
    let env = env_object(scope, env);
    let state = State::from_scope(scope);
    state.set_extension(counters.background.clone());
    counters
        .works
        .get_or_init(|| request_context::work_count(scope));
    state.set_extension(Instance {
        counters,
        handler: RefCell::default(),
        env,
        started: Cell::new(Some(started)),
        waiting: RefCell::default(),
        streaming: RefCell::default(),
        backlog: Arc::default(),
    });
    v8::tc_scope!(let scope, scope);
    let Some(evaluated) = modules::import(scope, entry) else {
        if scope.has_terminated() {
            return; // `ended` says why.
        }
        let report = ErrorReport::from_try_catch(scope);
        let kind = if report.name == "SyntaxError" {
            StartErrorKind::Syntax
        } else {
            StartErrorKind::Import
        };
        scope.reset();
        return tell_started(scope, Err(start_error(kind, &report)));
    };
    scope.perform_microtask_checkpoint();
    let namespace = v8::Global::new(scope, evaluated.namespace);
    match evaluated.promise.state() {
        v8::PromiseState::Fulfilled => evaluated_as(scope, &namespace, None),
        v8::PromiseState::Rejected => {
            let place = rejections::place_of(scope, evaluated.promise);
            evaluated.promise.mark_as_handled();
            let reason = evaluated.promise.result(scope);
            evaluated_as(scope, &namespace, Some((reason, place)));
        }
        v8::PromiseState::Pending => {
            // Only a termination makes it fail, which `ended` reports.
            let _ = when_settled(scope, evaluated.promise.into(), move |scope, outcome| {
                let rejection = outcome.err().map(|reason| (reason, None));
                evaluated_as(scope, &namespace, rejection);
            });
        }
    }
}

/// The entry module is evaluated, or its evaluation threw.
fn evaluated_as<'s>(
    scope: &mut Scope<'s, '_>,
    namespace: &v8::Global<v8::Object>,
    rejection: Option<(Value<'s>, Option<v8::Local<'s, v8::Message>>)>,
) {
    match rejection {
        None => {
            let namespace = v8::Local::new(scope, namespace);
            find_handler(scope, namespace);
            tell_started(scope, Ok(()));
        }
        Some((reason, place)) => {
            let report = ErrorReport::new(scope, reason, place);
            tell_started(scope, Err(start_error(StartErrorKind::Exception, &report)));
        }
    }
}

fn start_error(kind: StartErrorKind, report: &ErrorReport) -> StartError {
    StartError {
        kind,
        message: report.message.clone(),
        detail: Some(report.to_string()),
    }
}

fn tell_started(scope: &Scope, outcome: Started) {
    let state = State::from_scope(scope);
    if state.is_terminated() {
        return; // `ended` says why.
    }
    let instance = state.extension::<Instance>();
    if let Some(started) = instance.started.take() {
        let _ = started.send(outcome); // Whoever waited may be gone.
    }
}

fn env_object(scope: &mut Scope, env: &BTreeMap<String, String>) -> v8::Global<v8::Object> {
    let object = v8::Object::new(scope);
    for (name, value) in env {
        let (Some(name), Some(value)) =
            (v8::String::new(scope, name), v8::String::new(scope, value))
        else {
            continue;
        };
        object.create_data_property(scope, name.into(), value.into());
    }
    v8::Global::new(scope, object)
}

/// `export default { fetch(request, env, ctx) { … } }`
fn find_handler<'s>(scope: &mut Scope<'s, '_>, namespace: v8::Local<'s, v8::Object>) {
    let get = |scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>, key: &str| {
        let key = v8::String::new(scope, key)?;
        object.get(scope, key.into())
    };
    let Some(default) = get(scope, namespace, "default") else {
        return;
    };
    let Ok(object) = v8::Local::<v8::Object>::try_from(default) else {
        return;
    };
    let Some(fetch) = get(scope, object, "fetch") else {
        return;
    };
    let Ok(fetch) = v8::Local::<v8::Function>::try_from(fetch) else {
        return;
    };
    let handler = (
        v8::Global::new(scope, default),
        v8::Global::new(scope, fetch),
    );
    State::from_scope(scope)
        .extension::<Instance>()
        .handler
        .replace(Some(handler));
}

/// A request's turn: calls the handler.
fn dispatch(
    scope: &mut Scope,
    request: HttpRequest,
    id: RequestId,
    answer: oneshot::Sender<Answer>,
) {
    let state = State::from_scope(scope);
    let instance = state.extension::<Instance>();
    instance.counters.in_flight.fetch_add(1, Ordering::Relaxed);
    instance.counters.requests.fetch_add(1, Ordering::Relaxed);
    let in_flight = InFlight {
        counters: instance.counters.clone(),
        _keep_alive: state.keep_alive(),
    };
    if answer.is_closed() {
        return; // The client left while the request waited for its turn.
    }
    let HttpRequest {
        method,
        url,
        headers,
        body,
    } = request;
    request_context::begin(scope, id, headers.get(&CDN_LOOP));
    let request = Request::from_wire(scope, method, url, headers, body);
    let request = Ref::new(scope, request);
    // What came with it counts, also if the app never looks at it.
    external_memory::settle(scope);
    let waiting = Waiting { answer, in_flight };

    request_context::enter(scope, id);
    match call_handler(scope, instance, request, id) {
        Handled::Value(result) => {
            respond(scope, Some((id, waiting, request.object())), result);
        }
        Handled::Failure(error) => settle(scope, Some((id, waiting)), error),
        Handled::Pending(promise) => {
            let request = v8::Global::new(scope, request.object());
            instance
                .waiting
                .borrow_mut()
                .insert(id.0, (waiting, request));
            // Only a termination makes it fail, which `ended` reports.
            let _ = when_settled(scope, promise.into(), move |scope, outcome| {
                let instance = State::from_scope(scope).extension::<Instance>();
                let waiting = instance.waiting.borrow_mut().remove(&id.0);
                if State::from_scope(scope).is_terminated() {
                    return; // Whoever waits learns it from `ended`.
                }
                match outcome {
                    Ok(result) => {
                        let waiting = waiting.map(|(waiting, request)| {
                            (id, waiting, v8::Local::new(scope, &request))
                        });
                        respond(scope, waiting, result);
                    }
                    Err(reason) => {
                        let error = rejection(scope, reason, None);
                        let waiting = waiting.map(|(waiting, _)| (id, waiting));
                        settle(scope, waiting, error);
                    }
                }
            });
        }
        // The channel closes, and whoever waits at its other end learns why the isolate ended.
        Handled::Terminated => drop(waiting),
    }
    request_context::leave(scope);
}

/// How far a handler has come after its first turn.
enum Handled<'s> {
    /// It returned this, or a promise that is fulfilled with this.
    Value(Value<'s>),
    /// It threw, or returned a promise that is rejected.
    Failure(FetchError),
    Pending(v8::Local<'s, v8::Promise>),
    Terminated,
}

fn call_handler<'s>(
    scope: &mut Scope<'s, '_>,
    instance: &Instance,
    request: Ref<'s, Request>,
    id: RequestId,
) -> Handled<'s> {
    let (this, fetch) = match &*instance.handler.borrow() {
        Some((this, fetch)) => (v8::Local::new(scope, this), v8::Local::new(scope, fetch)),
        None => return Handled::Failure(FetchError::NoHandler),
    };
    let env = v8::Local::new(scope, &instance.env);
    let context = Ref::new(scope, ExecutionContext::new(id)).object();
    v8::tc_scope!(let scope, scope);
    let Some(result) = fetch.call(
        scope,
        this,
        &[request.object().into(), env.into(), context.into()],
    ) else {
        if scope.has_terminated() {
            return Handled::Terminated;
        }
        let report = ErrorReport::from_try_catch(scope);
        scope.reset();
        return Handled::Failure(exception(&report));
    };
    let state = State::from_scope(scope);
    if state.is_terminated() {
        return Handled::Terminated;
    }
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(result) else {
        return Handled::Value(result);
    };
    // What is there before other microtasks run counts, whatever they do.
    let is_there = promise.state() == v8::PromiseState::Fulfilled;
    // OPTIMIZATION: most handlers are done after their own microtasks, and need no reaction to their promise.
    scope.perform_microtask_checkpoint();
    if state.is_terminated() && !is_there {
        return Handled::Terminated;
    }
    match promise.state() {
        v8::PromiseState::Fulfilled => Handled::Value(promise.result(scope)),
        v8::PromiseState::Rejected => {
            let place = rejections::place_of(scope, promise);
            promise.mark_as_handled();
            let reason = promise.result(scope);
            Handled::Failure(rejection(scope, reason, place))
        }
        v8::PromiseState::Pending => Handled::Pending(promise),
    }
}

fn rejection<'s>(
    scope: &mut Scope<'s, '_>,
    reason: Value<'s>,
    place: Option<v8::Local<'s, v8::Message>>,
) -> FetchError {
    let report = ErrorReport::new(scope, reason, place);
    if is_network_error(scope, reason) {
        return FetchError::NetworkError {
            message: report.message.clone(),
            stack: Some(report.to_string()),
        };
    }
    exception(&report)
}

fn exception(report: &ErrorReport) -> FetchError {
    FetchError::Exception {
        message: report.message.clone(),
        stack: Some(report.to_string()),
    }
}

/// Answers a request with an error, unless its client has left.
fn settle(scope: &mut Scope, waiting: Option<(RequestId, Waiting)>, error: FetchError) {
    if let Some((id, waiting)) = waiting {
        waiting.settle(State::from_scope(scope), Err(error.into()));
        request_context::over(scope, id);
    }
}

/// Makes an answer of what the handler returned. Nobody waits for it if the client has left.
fn respond<'s>(
    scope: &mut Scope<'s, '_>,
    waiting: Option<(RequestId, Waiting, v8::Local<'s, v8::Object>)>,
    result: Value<'s>,
) {
    let (waiting, request) = match waiting {
        Some((id, waiting, request)) => (Some((id, waiting)), Some(request)),
        None => (None, None),
    };
    let Some(response) = Ref::<Response>::from_value(scope, result) else {
        let found = describe(scope, result);
        return settle(scope, waiting, FetchError::NotAResponse { found });
    };
    let unusable = |scope: &mut Scope, waiting, reason: String| {
        settle(scope, waiting, FetchError::UnusableResponse { reason });
    };
    let response = response.value();
    if response.status_code() == 0 {
        let message = "the fetch handler's Response is a network error (Response.error())".into();
        let stack = None;
        return settle(scope, waiting, FetchError::NetworkError { message, stack });
    }
    if response.body_ref().is_unusable(scope) {
        return unusable(
            scope,
            waiting,
            "its body was read already, or its stream is locked".into(),
        );
    }
    let mut headers = Vec::with_capacity(response.header_list().borrow().len());
    for (name, value) in response.header_list().borrow().iter() {
        match HeaderValue::from_bytes(value) {
            Ok(value) => headers.push((name.clone(), value)),
            Err(_) => {
                return unusable(
                    scope,
                    waiting,
                    format!("the value of its header '{name}' has a control character"),
                );
            }
        }
    }
    let reason = response.reason();
    let reason = (!reason.is_empty()).then(|| reason.iter().copied().map(char::from).collect());
    let mut pump = None;
    let Ok(sent) = response.body_ref().send(scope) else {
        return; // The isolate is terminated: `ended` says why.
    };
    let body = match sent {
        Outgoing::Null => Body::Empty,
        Outgoing::Bytes(bytes) => Body::Full(bytes),
        Outgoing::Incoming(stream) => Body::Stream(stream),
        Outgoing::Stream(stream) => {
            let length = response
                .header_list()
                .borrow()
                .get(&http::header::CONTENT_LENGTH);
            let length = length.and_then(|l| std::str::from_utf8(&l).ok()?.parse().ok());
            let backlog = State::from_scope(scope)
                .extension::<Instance>()
                .backlog
                .clone();
            let (writer, reader) = BodyStream::bounded_among(RESPONSE_BYTES, length, backlog);
            pump = Some((stream, writer));
            Body::Stream(reader)
        }
    };
    let id = waiting.as_ref().map(|(id, _)| *id);
    let is_whole = !matches!(body, Body::Stream(_));
    if let (Some(id), Some(request), false) = (id, request, is_whole) {
        let stream = pump.as_ref().map(|(stream, _)| stream.object());
        begin_streaming(scope, id, request, stream);
    }
    let answer = HttpResponse {
        status: response.status_code(),
        reason,
        headers,
        body,
    };
    let state = State::from_scope(scope);
    let in_flight = waiting.map(|(_, waiting)| waiting.settle(state, Ok(answer)));
    if let Some((stream, writer)) = pump {
        let sink = NativeSink::new(writer, in_flight, report_body_failure);
        let sink = Ref::new(scope, sink);
        // A failure is the sink's to report; only a termination comes here.
        let _ = script::call(
            scope,
            "pumpBody",
            &[stream.object().into(), sink.object().into()],
        );
    }
    if let (Some(id), true) = (id, is_whole) {
        request_context::over(scope, id);
    }
}

/// A response's stream failed after its head was sent: only the log can tell.
fn report_body_failure<'s>(scope: &mut Scope<'s, '_>, reason: Value<'s>) {
    let report = ErrorReport::new(scope, reason, None);
    Environment::of(scope)
        .errors
        .unhandled_rejection(scope, &report);
}

/// "undefined", "a string", "an instance of Foo".
fn describe<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> String {
    if value.is_null_or_undefined() {
        return value.to_rust_string_lossy(scope);
    }
    match v8::Local::<v8::Object>::try_from(value) {
        Ok(object) if !value.is_function() => {
            let name = object.get_constructor_name();
            format!("an instance of {}", text(scope, name, 100))
        }
        _ => format!("a {}", value.type_of(scope).to_rust_string_lossy(scope)),
    }
}

/// The response of a request is about to be streamed.
fn begin_streaming<'s>(
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
    let instance = State::from_scope(scope).extension::<Instance>();
    instance.streaming.borrow_mut().insert(id.0, streaming);
}

/// Forgets the requests whose streamed responses are complete, which are over.
pub(crate) fn clean_up(scope: &mut Scope) {
    let instance = State::from_scope(scope).extension::<Instance>();
    for id in instance.counters.take_streamed() {
        instance.streaming.borrow_mut().remove(&id);
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
    let instance = State::from_scope(scope).extension::<Instance>();
    let waiting = instance.waiting.borrow_mut().remove(&id.0);
    let (request, signal, stream) = match waiting {
        Some((_, request)) => (Some(v8::Local::new(scope, &request)), None, None),
        None => {
            let Some(left) = instance.streaming.borrow_mut().remove(&id.0) else {
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
    // What an abort listener throws is reported by the dispatch of the event, and only a termination makes these fail.
    if let Some(signal) = signal {
        let _ = script::call(scope, "abortSignal", &[signal.into(), reason]);
    }
    if let Some(stream) = stream {
        let _ = script::call(scope, "cancelStream", &[stream.into(), reason]);
    }
}

/// The isolate ends: whoever waits for it is told why.
pub(crate) fn ended(scope: &Scope, exit: &nano_engine::Exit) {
    use nano_engine::Exit;
    let Some(instance) = State::from_scope(scope).try_extension::<Instance>() else {
        return;
    };
    let (kind, error) = match exit {
        Exit::CpuLimit { .. } => (StartErrorKind::CpuLimit, FetchError::CpuLimit),
        Exit::HeapLimit { .. } => (StartErrorKind::HeapLimit, FetchError::HeapLimit),
        Exit::ProcessLimit => (StartErrorKind::Engine, FetchError::ProcessLimit),
        Exit::Drained
        | Exit::Stopped
        | Exit::Crashed
        | Exit::Unresponsive
        | Exit::NotMade(_)
        | Exit::Panicked(_) => (StartErrorKind::Engine, FetchError::Ended),
    };
    if let Some(started) = instance.started.take() {
        let _ = started.send(Err(StartError {
            kind,
            message: format!("the app did not start: {exit}"),
            detail: None,
        }));
    }
    for (_, (waiting, _)) in instance.waiting.take() {
        waiting.settle(State::from_scope(scope), Err(error.clone().into()));
    }
    instance.streaming.take();
    instance.handler.take();
}
