//! A scheduled event's turn: calls the app's handler, and waits for all that it has begun.
//!
//! <https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/>

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, UNIX_EPOCH};

use nano_engine::State;
use nano_webidl::{Ref, Scope, Value, script};
use nano_worker::{FetchError, Handlers, RequestId, ScheduledEvent, Unfinished};
use tokio::sync::oneshot;

use super::app::{App, InFlight};
use super::dispatch::{Handled, call, exception, rejection};
use super::handlers::{Callee, callee};
use crate::environment::Environment;
use crate::environment::promise_reactions::when_settled;
use crate::environment::request_context::{self, Cause};
use crate::nano::execution_context::{ExecutionContext, FirstFailure};

/// How long promises that were given to `waitUntil` let an event's work go on after its handler. Whoever sends events has a limit
/// for all of it.
const BACKGROUND: Duration = Duration::from_secs(15 * 60);

pub(super) type Finished = Result<(), Unfinished>;

/// An event on its way to the app. Whoever sent it learns if it does not arrive.
pub(crate) struct Delivery(Option<(ScheduledEvent, oneshot::Sender<Finished>)>);

impl Delivery {
    pub(crate) fn new(event: ScheduledEvent, answer: oneshot::Sender<Finished>) -> Self {
        Self(Some((event, answer)))
    }

    /// A turn of the isolate.
    pub(crate) fn arrive(&mut self, scope: &mut Scope, id: RequestId) {
        if let Some((event, answer)) = self.0.take() {
            dispatch(scope, &event, id, answer);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((_, answer)) = self.0.take() {
            // Whoever sent it may have given it up.
            let _ = answer.send(Err(Unfinished::Returned));
        }
    }
}

fn dispatch(
    scope: &mut Scope,
    event: &ScheduledEvent,
    id: RequestId,
    answer: oneshot::Sender<Finished>,
) {
    let state = State::from_scope(scope);
    let app = state.extension::<App>();
    let in_flight = InFlight::new(&app.counters);
    if answer.is_closed() {
        return; // It was given up while it waited for its turn.
    }
    let in_flight = in_flight.kept(state);
    request_context::begin(scope, id, Cause::default(), BACKGROUND);
    let failure: Rc<RefCell<Option<FetchError>>> = Rc::default();
    let of_promises = Rc::new(FirstFailure::default());
    let (of_handler, of_promises_too) = (failure.clone(), of_promises.clone());
    // The event is over when its handler is, and all that was given to `waitUntil`.
    request_context::work(scope, id, move |scope| {
        let outcome = match (of_handler.take(), of_promises_too.take()) {
            (None, None) => Ok(()),
            (None, Some(report)) => Err(exception(scope, &report)),
            (Some(error), report) => {
                if let Some(report) = report {
                    let errors = &Environment::of(scope).errors;
                    errors.unhandled_rejection(scope, &report);
                }
                Err(error)
            }
        };
        let outcome = outcome.map_err(Unfinished::Failed);
        drop(in_flight);
        // It may have been given up.
        State::from_scope(scope).deliver(move || drop(answer.send(outcome)));
    });
    request_context::enter(scope, id);
    match call_handler(scope, app, event, id, of_promises) {
        Handled::Value(_) => request_context::over(scope, id),
        Handled::Failure(error) => {
            failure.replace(Some(error));
            request_context::over(scope, id);
        }
        Handled::Pending(promise) => {
            // Only a termination makes it fail, after which nobody waits for the event.
            let _ = when_settled(scope, promise.into(), move |scope, outcome| {
                if State::from_scope(scope).is_terminated() {
                    return;
                }
                if let Err(reason) = outcome {
                    failure.replace(Some(rejection(scope, reason, None)));
                }
                request_context::over(scope, id);
            });
        }
        // Whoever waits learns why the isolate ended.
        Handled::Terminated => {}
    }
    request_context::leave(scope);
}

fn call_handler<'s>(
    scope: &mut Scope<'s, '_>,
    app: &App,
    event: &ScheduledEvent,
    id: RequestId,
    failure: Rc<FirstFailure>,
) -> Handled<'s> {
    let callee = match callee(
        scope,
        app,
        |handlers| &handlers.scheduled,
        Handlers::EXPECTED_SCHEDULED,
    ) {
        Ok(callee) => callee,
        Err(error) => return Handled::Failure(error),
    };
    let context = ExecutionContext::of_event(id, failure);
    let context: Value = Ref::new(scope, context).object().into();
    let time = event.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = v8::Number::new(scope, time.as_millis() as f64);
    let cron = v8::String::new(scope, &event.cron).unwrap_or_else(|| v8::String::empty(scope));
    let arguments: [Value; 3] = [cron.into(), time.into(), context];
    let argument = match callee {
        // They get an event of their own.
        Callee::Listeners => v8::undefined(scope).into(),
        _ => match script::call(scope, "scheduledEvent", &arguments) {
            Ok(event) => event,
            Err(_) => return Handled::Terminated,
        },
    };
    call(
        scope,
        app,
        callee,
        "scheduled",
        argument,
        context,
        |scope| script::call(scope, "dispatchScheduledEvent", &arguments),
    )
}
