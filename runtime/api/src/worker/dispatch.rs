//! A request's turn: calls the app's handler.

use std::cell::Cell;

use nano_engine::{ErrorReport, State, external_memory, rejections};
use nano_webidl::{Fallible, Ref, Scope, Value, script};
use nano_worker::cdn_loop::{self, CDN_LOOP};
use nano_worker::{Body, FetchError, Handlers, HttpRequest, RequestId, Unanswered};
use tokio::sync::oneshot;

use super::app::{Answer, App, InFlight, Waiting};
use super::handlers::{Callee, callee};
use super::respond::respond;
use super::secrets;
use crate::environment::promise_reactions::when_settled;
use crate::environment::request_context::{self, Cause};
use crate::fetch::blame::Blame;
use crate::fetch::request::Request;
use crate::nano::execution_context::ExecutionContext;

/// A request on its way to the app. It goes back if it does not arrive.
pub(crate) struct Delivery(Option<(Box<HttpRequest>, oneshot::Sender<Answer>)>);

impl Delivery {
    pub(crate) fn new(request: Box<HttpRequest>, answer: oneshot::Sender<Answer>) -> Self {
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
            let _ = answer.send(Err(Unanswered::Returned(request)));
        }
    }
}

/// A request's turn: calls the handler.
#[expect(
    clippy::boxed_local,
    reason = "it comes by its address, which is less to move"
)]
fn dispatch(
    scope: &mut Scope,
    request: Box<HttpRequest>,
    id: RequestId,
    answer: oneshot::Sender<Answer>,
) {
    let state = State::from_scope(scope);
    let app = state.extension::<App>();
    app.counters.arrives();
    let in_flight = InFlight::new(&app.counters);
    if answer.is_closed() {
        return; // The client left while the request waited for its turn.
    }
    let HttpRequest {
        method,
        url,
        headers,
        body,
        trace,
        origin,
    } = *request;
    // As in Deno: a Request has no body with these methods (https://fetch.spec.whatwg.org/#dom-request, step 36), so one that came
    // with a body could not be passed on. The host reads and drops it.
    let body = match method.as_str() {
        "GET" | "HEAD" => Body::Empty,
        _ => body,
    };
    let cdn_loop = headers.get(&CDN_LOOP);
    let cause = Cause {
        cdn_loop: cdn_loop.map(cdn_loop::kept),
        trace,
        origin,
    };
    request_context::begin(scope, id, cause, request_context::BACKGROUND);
    let request = Request::from_wire(scope, method, url, headers, body);
    let request = Ref::new(scope, request);
    // What came with it counts, also if the app never looks at it.
    external_memory::settle(scope);
    let waiting = Waiting { answer, in_flight };

    request_context::enter(scope, id);
    match call_handler(scope, app, request, id) {
        Handled::Value(result) => {
            respond(scope, Some((id, waiting, request.object())), result);
        }
        Handled::Failure(error) => settle(scope, Some((id, waiting)), error),
        Handled::Pending(promise) => {
            let request = v8::Global::new(scope, request.object());
            let waiting = waiting.kept(state);
            app.waiting.borrow_mut().insert(id.0, (waiting, request));
            // Only a termination makes it fail, which `ended` reports.
            let _ = when_settled(scope, promise.into(), move |scope, outcome| {
                let app = State::from_scope(scope).extension::<App>();
                let waiting = app.waiting.borrow_mut().remove(&id.0);
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
pub(super) enum Handled<'s> {
    /// It returned this, or a promise that is fulfilled with this.
    Value(Value<'s>),
    /// It threw, or returned a promise that is rejected.
    Failure(FetchError),
    Pending(v8::Local<'s, v8::Promise>),
    Terminated,
}

fn call_handler<'s>(
    scope: &mut Scope<'s, '_>,
    app: &App,
    request: Ref<'s, Request>,
    id: RequestId,
) -> Handled<'s> {
    let callee = match callee(
        scope,
        app,
        |handlers| &handlers.fetch,
        Handlers::EXPECTED_FETCH,
    ) {
        Ok(callee) => callee,
        Err(error) => return Handled::Failure(error),
    };
    let context: Value = Ref::new(scope, ExecutionContext::new(id)).object().into();
    let request: Value = request.object().into();
    let unanswered = Cell::new(false);
    let handled = call(scope, app, callee, "fetch", request, context, |scope| {
        let answer = script::call(scope, "dispatchFetchEvent", &[request, context]);
        unanswered.set(answer.as_ref().is_ok_and(|answer| answer.is_undefined()));
        answer
    });
    match handled {
        Handled::Value(_) if unanswered.get() => Handled::Failure(FetchError::NotAnswered),
        handled => handled,
    }
}

/// Calls a handler; `dispatch` gives the event to listeners.
#[inline]
pub(super) fn call<'s>(
    scope: &mut Scope<'s, '_>,
    app: &App,
    callee: Callee<'s>,
    name: &'static str,
    event: Value<'s>,
    context: Value<'s>,
    dispatch: impl FnOnce(&mut Scope<'s, '_>) -> Fallible<Value<'s>>,
) -> Handled<'s> {
    v8::tc_scope!(let scope, scope);
    let Some(result) = callee.call(scope, app, name, event, context, dispatch) else {
        if scope.has_terminated() {
            return Handled::Terminated;
        }
        let report = ErrorReport::from_try_catch(scope);
        scope.reset();
        return Handled::Failure(exception(scope, &report));
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

/// What a handler's promise was rejected with.
pub(super) fn rejection<'s>(
    scope: &mut Scope<'s, '_>,
    reason: Value<'s>,
    place: Option<v8::Local<'s, v8::Message>>,
) -> FetchError {
    let report = ErrorReport::of_rejection(scope, reason, place);
    let blame = Blame::for_exception(scope, reason);
    let (message, stack) = secrets::shown_error(scope, &report);
    let stack = Some(stack);
    match blame {
        Some(Blame::Peer) => FetchError::NetworkError { message, stack },
        Some(Blame::Process) => FetchError::NoRoom { message, stack },
        None => FetchError::Exception { message, stack },
    }
}

pub(super) fn exception(scope: &Scope, report: &ErrorReport) -> FetchError {
    let (message, stack) = secrets::shown_error(scope, report);
    let stack = Some(stack);
    FetchError::Exception { message, stack }
}

/// Answers a request with an error, unless its client has left.
pub(super) fn settle(scope: &mut Scope, waiting: Option<(RequestId, Waiting)>, error: FetchError) {
    if let Some((id, waiting)) = waiting {
        waiting.settle(State::from_scope(scope), Err(error.into()));
        request_context::over(scope, id);
    }
}
