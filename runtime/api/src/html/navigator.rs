//! `Navigator`, <https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object>.

use nano_webidl::{Scope, Trace};

use crate::bindings::navigator::NavigatorMethods;
use crate::bindings::navigator_id::NavigatorIdMethods;

/// What the app runs on.
#[derive(Trace)]
pub struct Navigator;

/// `navigator.userAgent`, and what `fetch()` sends: the program and its version, <https://min-common-api.proposal.wintertc.org/#navigator-useragent-requirements>.
pub const USER_AGENT: &str = concat!("NANO/", env!("CARGO_PKG_VERSION"));

impl NavigatorMethods for Navigator {}

impl NavigatorIdMethods for Navigator {
    fn user_agent<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        v8::String::new(scope, USER_AGENT).unwrap_or_else(|| v8::String::empty(scope))
    }
}
