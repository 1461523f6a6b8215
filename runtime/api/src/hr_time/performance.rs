//! `globalThis.performance`, <https://w3c.github.io/hr-time/#the-performance-attribute>. The object is a built-in script's.

use nano_webidl::{Scope, ScriptRef, script};

use crate::bindings::marker;
use crate::bindings::worker_global_scope::HrTimeGlobalMethods;
use crate::nano::worker_global_scope::WorkerGlobalScope;

impl HrTimeGlobalMethods for WorkerGlobalScope {
    fn performance<'s>(scope: &mut Scope<'s, '_>) -> ScriptRef<'s, marker::Performance> {
        let object = script::call(scope, "performance", &[])
            .ok()
            .and_then(|p| p.try_into().ok());
        ScriptRef::trusted(object.expect("a built-in script has the performance object"))
    }
}
