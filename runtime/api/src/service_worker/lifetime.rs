//! How events keep an app's instance at work.

use nano_webidl::{Fallible, Ref, Scope, Value};

use crate::bindings::execution_context::ExecutionContextMethods as _;
use crate::bindings::lifetime::LifetimeMethods;
use crate::nano::execution_context::ExecutionContext;

/// The namespace.
pub struct Lifetime;

impl LifetimeMethods for Lifetime {
    fn extend_lifetime<'s>(
        scope: &mut Scope<'s, '_>,
        context: Ref<'s, ExecutionContext>,
        promise: Value<'s>,
    ) -> Fallible<()> {
        context.value().wait_until(scope, promise)
    }
}
