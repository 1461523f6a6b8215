//! The global object's own members. Each specification's folder implements what its mixins add (`<Specification>GlobalMethods`).

use nano_webidl::{Ref, Scope};

use crate::bindings::worker_global_scope::WorkerGlobalScopeMethods;
use crate::html::navigator::Navigator;

/// The global object.
pub struct WorkerGlobalScope;

impl WorkerGlobalScopeMethods for WorkerGlobalScope {
    fn self_<'s>(scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        scope.get_current_context().global(scope)
    }

    fn navigator<'s>(scope: &mut Scope<'s, '_>) -> Ref<'s, Navigator> {
        Ref::new(scope, Navigator)
    }
}
