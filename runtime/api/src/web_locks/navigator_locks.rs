//! `navigator.locks`, <https://w3c.github.io/web-locks/#navigator-mixins>.

use nano_webidl::{Fallible, Scope, ScriptRef, script};

use crate::bindings::marker;
use crate::bindings::navigator_locks::NavigatorLocksMethods;
use crate::html::navigator::Navigator;

impl NavigatorLocksMethods for Navigator {
    fn locks<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<ScriptRef<'s, marker::LockManager>> {
        let manager = script::call(scope, "newLockManager", &[])?;
        script::require(scope, manager)
    }
}
