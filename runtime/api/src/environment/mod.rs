//! What every Web API of an isolate stands on: HTML's
//! [environment settings object](https://html.spec.whatwg.org/multipage/webappapis.html#environment-settings-object), as far as
//! there is one, and what of the event loop is no app's own.

pub mod clock;
pub mod event_loop;
pub mod promise_reactions;
pub mod request_context;
pub mod timers;

use nano_engine::{ErrorReport, State};
use nano_webidl::{Fallible, Scope};
use nano_worker::RequestId;

use self::clock::TimeOrigin;
use self::event_loop::Tasks;
use self::promise_reactions::Reactions;
use self::request_context::Requests;
use self::timers::TimerQuota;
use crate::url::UrlRecord;

/// Takes reports of exceptions and rejections that the app did not handle.
pub trait ErrorSink: Send {
    /// An exception that nothing caught.
    fn uncaught(&self, scope: &mut Scope, report: &ErrorReport);
    /// A promise that was rejected, without anyone to handle it.
    fn unhandled_rejection(&self, scope: &mut Scope, report: &ErrorReport);
    /// The stream of a response's body has failed, when only the log can tell.
    fn body_failure(&self, scope: &mut Scope, report: &ErrorReport) {
        self.unhandled_rejection(scope, report);
    }
    /// A limit of this name was met, by what works for this request; the app is told by an exception.
    fn limit(
        &self,
        _scope: &mut Scope,
        _request: Option<RequestId>,
        _name: &'static str,
        _message: &str,
    ) {
    }
}

/// The environment of one isolate.
pub struct Environment {
    base_url: Option<UrlRecord>,
    pub(crate) errors: Box<dyn ErrorSink>,
    /// Whether `eval` and the like are there: then timers take strings, too.
    pub(crate) allow_eval: bool,
    timers: TimerQuota,
    time_origin: TimeOrigin,
    reactions: Reactions,
    tasks: Tasks,
    requests: Requests,
}

impl Environment {
    /// The environment of an isolate that begins now.
    pub(crate) fn new(
        base_url: Option<UrlRecord>,
        errors: Box<dyn ErrorSink>,
        allow_eval: bool,
        timers: TimerQuota,
    ) -> Environment {
        Environment {
            base_url,
            errors,
            allow_eval,
            timers,
            time_origin: TimeOrigin::now(),
            reactions: Reactions::default(),
            tasks: Tasks::default(),
            requests: Requests::default(),
        }
    }

    /// The environment of the isolate that a scope is in.
    pub fn of<'s>(scope: &Scope<'s, '_>) -> &'s Environment {
        State::from_scope(scope).extension()
    }

    /// The API base URL: what relative URLs are resolved against.
    pub fn base_url(&self) -> Option<&UrlRecord> {
        self.base_url.as_ref()
    }

    /// The origin that requests to the same one are compared with. An app has none, nor has a program in a file, whose
    /// origin is opaque.
    pub fn origin(&self) -> Option<String> {
        let origin = self.base_url.as_ref()?.origin();
        (origin != "null").then_some(origin)
    }

    /// Parses a URL that an app gave, relative to the base URL where there is one.
    ///
    /// # Errors
    /// A `TypeError` that says what is wrong with it.
    pub fn parse_url(&self, text: &str) -> Fallible<UrlRecord> {
        let base = self.base_url.as_ref().map(UrlRecord::href);
        crate::url::url::parse(text, base).ok_or_else(|| crate::url::url::invalid_url(text, base))
    }

    /// Drops everything that waits, as it may hold handles of the isolate.
    pub(crate) fn clear(&self) {
        self.reactions.clear();
        self.requests.clear();
        let tasks = self.tasks.take();
        drop(tasks);
    }
}
