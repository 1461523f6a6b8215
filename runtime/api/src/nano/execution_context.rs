//! The third argument of a handler, `ctx`: <https://developers.cloudflare.com/workers/runtime-apis/context/>.

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

/// A request's context.
#[derive(Trace)]
pub struct ExecutionContext {
    #[untraced]
    request: RequestId,
}

impl ExecutionContext {
    /// The context of this request.
    pub(crate) fn new(request: RequestId) -> ExecutionContext {
        ExecutionContext { request }
    }
}

impl ExecutionContextMethods for ExecutionContext {
    fn wait_until<'s>(&self, scope: &mut Scope<'s, '_>, promise: Value<'s>) -> Fallible<()> {
        // Both end with the promise: what keeps the isolate at work, and the count that a host sees.
        let work = (
            State::from_scope(scope).keep_alive(),
            Background::begin(scope),
        );
        let request = self.request;
        request_context::promise_begins(scope, request);
        let waited = when_settled(scope, promise, move |scope, outcome| {
            if let Err(reason) = outcome {
                let report = ErrorReport::new(scope, reason, None);
                Environment::of(scope)
                    .errors
                    .unhandled_rejection(scope, &report);
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
}
