//! The third argument of a handler, `ctx`: <https://developers.cloudflare.com/workers/runtime-apis/context/>.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nano_engine::{ErrorReport, State};
use nano_webidl::{Fallible, Scope, Trace, Value};
use nano_worker::RequestId;

use crate::bindings::execution_context::ExecutionContextMethods;
use crate::environment::promise_reactions::when_settled;
use crate::environment::{Environment, request_context};

/// How many promises that were given to `waitUntil` are pending: an extension of the isolate, where somebody wants to know.
#[derive(Debug, Clone, Default)]
pub(crate) struct BackgroundCount(Arc<AtomicUsize>);

impl BackgroundCount {
    /// The number.
    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A promise that was given to `waitUntil`, until it settles.
struct Background(Option<BackgroundCount>);

impl Background {
    fn begin(scope: &Scope) -> Background {
        let count = State::from_scope(scope)
            .try_extension::<BackgroundCount>()
            .cloned();
        if let Some(BackgroundCount(count)) = &count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Background(count)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(BackgroundCount(count)) = &self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What the first promise was rejected with that was given to an event's `waitUntil`, for whoever waits for the event.
#[derive(Debug, Default)]
pub(crate) struct FirstFailure {
    report: RefCell<Option<ErrorReport>>,
    /// Nobody waits any more.
    is_over: Cell<bool>,
}

impl FirstFailure {
    /// Takes what there is; what fails later comes back to whoever has it.
    pub(crate) fn take(&self) -> Option<ErrorReport> {
        self.is_over.set(true);
        self.report.take()
    }

    /// Gives back what is not the first.
    fn put(&self, report: ErrorReport) -> Option<ErrorReport> {
        let mut first = self.report.borrow_mut();
        if first.is_some() || self.is_over.get() {
            return Some(report);
        }
        *first = Some(report);
        None
    }
}

/// A request's context, or another event's.
#[derive(Trace)]
pub struct ExecutionContext {
    #[untraced]
    request: RequestId,
    #[untraced]
    failure: Option<Rc<FirstFailure>>,
}

impl ExecutionContext {
    /// The context of this request.
    pub(crate) fn new(request: RequestId) -> ExecutionContext {
        ExecutionContext {
            request,
            failure: None,
        }
    }

    /// The context of another event.
    pub(crate) fn of_event(id: RequestId, failure: Rc<FirstFailure>) -> ExecutionContext {
        ExecutionContext {
            request: id,
            failure: Some(failure),
        }
    }
}

impl ExecutionContextMethods for ExecutionContext {
    fn wait_until<'s>(&self, scope: &mut Scope<'s, '_>, promise: Value<'s>) -> Fallible<()> {
        // Both end with the promise: what keeps the isolate at work, and the count that a host sees.
        let work = (
            State::from_scope(scope).keep_alive(),
            Background::begin(scope),
        );
        let (request, failure) = (self.request, self.failure.clone());
        request_context::promise_begins(scope, request);
        let waited = when_settled(scope, promise, move |scope, outcome| {
            if let Err(reason) = outcome {
                let report = ErrorReport::new(scope, reason, None);
                let untold = match &failure {
                    Some(failure) => failure.put(report),
                    None => Some(report),
                };
                if let Some(report) = untold {
                    let errors = &Environment::of(scope).errors;
                    errors.unhandled_rejection(scope, &report);
                }
            }
            drop(work);
            request_context::promise_ends(scope, request);
        });
        if waited.is_err() {
            request_context::promise_ends(scope, request);
        }
        waited
    }

    fn pass_through_on_exception(&self) -> Fallible<()> {
        Ok(())
    }

    fn props<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        v8::Object::new(scope)
    }
}
