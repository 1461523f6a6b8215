//! `globalThis.performance`, <https://w3c.github.io/hr-time/#the-performance-attribute>. The object is a built-in script's.

use nano_webidl::{Fallible, Scope, ScriptRef, script};

use crate::bindings::marker;
use crate::bindings::worker_global_scope::HrTimeGlobalMethods;
use crate::nano::worker_global_scope::WorkerGlobalScope;

impl HrTimeGlobalMethods for WorkerGlobalScope {
    // A script can always fail: the stack may be full.
    fn performance<'s>(scope: &mut Scope<'s, '_>) -> Fallible<ScriptRef<'s, marker::Performance>> {
        let performance = script::call(scope, "performance", &[])?;
        script::require(scope, performance)
    }
}
