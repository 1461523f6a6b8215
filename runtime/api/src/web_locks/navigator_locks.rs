//! `navigator.locks`, <https://w3c.github.io/web-locks/#navigator-mixins>.

use nano_webidl::{Error, Fallible, Scope, ScriptRef, script};

use crate::bindings::marker;
use crate::bindings::navigator_locks::NavigatorLocksMethods;
use crate::html::navigator::Navigator;
use crate::webcrypto::crypto::random_uuid;

impl NavigatorLocksMethods for Navigator {
    fn locks<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<ScriptRef<'s, marker::LockManager>> {
        // https://html.spec.whatwg.org/multipage/webappapis.html#concept-environment-id
        let id = random_uuid()?;
        let id = v8::String::new_from_one_byte(scope, &id, v8::NewStringType::Normal)
            .ok_or(Error::Thrown)?;
        let manager = script::call(scope, "newLockManager", &[id.into()])?;
        script::require(scope, manager)
    }
}
