//! `Navigator`, <https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object>.

use nano_webidl::{Scope, Trace};

use crate::bindings::navigator::NavigatorMethods;
use crate::bindings::navigator_concurrent_hardware::NavigatorConcurrentHardwareMethods;
use crate::bindings::navigator_id::NavigatorIdMethods;
use crate::bindings::navigator_language::NavigatorLanguageMethods;
use crate::bindings::navigator_on_line::NavigatorOnLineMethods;

/// What the app runs on.
#[derive(Trace)]
pub struct Navigator;

/// `navigator.userAgent`, and what `fetch()` sends: the program and its version, <https://min-common-api.proposal.wintertc.org/#navigator-useragent-requirements>.
pub const USER_AGENT: &str = concat!("NANO/", env!("CARGO_PKG_VERSION"));

/// The locale that the engine gives V8.
const LANGUAGE: &str = "en-US";

impl NavigatorMethods for Navigator {}

impl NavigatorLanguageMethods for Navigator {
    // https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator-language
    fn language<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        v8::String::new(scope, LANGUAGE).unwrap_or_else(|| v8::String::empty(scope))
    }

    fn languages<'s>(&self, scope: &mut Scope<'s, '_>) -> Vec<v8::Local<'s, v8::String>> {
        vec![self.language(scope)]
    }
}

impl NavigatorOnLineMethods for Navigator {
    fn on_line(&self) -> bool {
        true
    }
}

impl NavigatorConcurrentHardwareMethods for Navigator {
    // DEPARTURE: https://html.spec.whatwg.org/multipage/workers.html#dom-navigator-hardwareconcurrency is the machine's number of processors,
    // by which programs choose how many workers they start. An app has none, and what machine it shares is not its concern.
    fn hardware_concurrency(&self) -> u64 {
        1
    }
}

impl NavigatorIdMethods for Navigator {
    fn user_agent<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        v8::String::new(scope, USER_AGENT).unwrap_or_else(|| v8::String::empty(scope))
    }
}
