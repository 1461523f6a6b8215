//! The third argument of a handler, `ctx`: <https://developers.cloudflare.com/workers/runtime-apis/context/>.

use nano_engine::{ErrorReport, State};
use nano_webidl::{Fallible, Scope, Trace, Value};

use crate::bindings::execution_context::ExecutionContextMethods;
use crate::state::{ApiState, when_settled};
use crate::worker::instance::Background;

/// A request's context.
#[derive(Trace)]
pub struct ExecutionContext;

impl ExecutionContextMethods for ExecutionContext {
    fn wait_until<'s>(&self, scope: &mut Scope<'s, '_>, promise: Value<'s>) -> Fallible<()> {
        // Both end with the promise: what keeps the isolate at work, and the count that a host sees.
        let work = (
            State::from_scope(scope).keep_alive(),
            Background::begin(scope),
        );
        when_settled(scope, promise, move |scope, outcome| {
            if let Err(reason) = outcome {
                let report = ErrorReport::new(scope, reason, None);
                ApiState::of(scope)
                    .errors
                    .unhandled_rejection(scope, &report);
            }
            drop(work);
        })
    }

    fn pass_through_on_exception(&self) -> Fallible<()> {
        Ok(())
    }
}
