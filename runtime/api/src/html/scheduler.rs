//! `scheduler`, as Workers have it.

use nano_webidl::{Fallible, Scope, ScriptRef, script};

use crate::bindings::marker;
use crate::bindings::worker_global_scope::WorkersGlobalMethods;
use crate::nano::worker_global_scope::WorkerGlobalScope;

impl WorkersGlobalMethods for WorkerGlobalScope {
    fn scheduler<'s>(scope: &mut Scope<'s, '_>) -> Fallible<ScriptRef<'s, marker::Scheduler>> {
        let scheduler = script::call(scope, "newScheduler", &[])?;
        script::require(scope, scheduler)
    }
}
