//! The requests that an app makes because of each request that it was sent: how many, and that they end with it.

use std::sync::Arc;

use nano_webidl::Scope;
use nano_worker::{Fields, RequestId, Trace, cdn_loop};

use super::client::{Failure, Outbound};
use crate::environment::Environment;
use crate::environment::request_context::{
    self, NoSubrequest, Subrequest, WorkId, current_request,
};

/// Why a fetch is no more, or never was.
pub(crate) const OVER: &str = "the request that this fetch is made for is over: its response is complete, or its client is gone. \
    Promises that are given to ctx.waitUntil() let its fetches go on";

/// The right to make requests on behalf of one.
pub(super) struct Allowance {
    request: Option<RequestId>,
    /// How many there may be after this one.
    pub(super) left: u32,
    /// What tells servers where the request has come through.
    pub(super) cdn_loop: Option<http::HeaderValue>,
    /// The trace that the request is a part of.
    pub(super) trace: Option<Arc<Trace>>,
    /// What the host says of the client that the request is from.
    pub(super) origin: Option<Arc<Fields>>,
}

/// Counts a request. Code that runs for no request, at the app's start, is not limited.
pub(super) fn count(scope: &mut Scope, outbound: &Outbound) -> Result<Allowance, Failure> {
    let Some(request) = current_request(scope) else {
        return Ok(Allowance {
            request: None,
            left: u32::MAX,
            cdn_loop: match request_context::passes(scope) {
                0 => None,
                passes => http::HeaderValue::from_bytes(&cdn_loop::of(passes)).ok(),
            },
            trace: None,
            origin: None,
        });
    };
    let limit = outbound.subrequest_limit().unwrap_or(u32::MAX);
    match request_context::subrequest(scope, request, limit) {
        Ok(Subrequest { left, cause }) => Ok(Allowance {
            request: Some(request),
            left,
            cdn_loop: Some(cdn_loop::passed_on(cause.cdn_loop.as_deref())),
            trace: cause.trace,
            origin: cause.origin,
        }),
        Err(NoSubrequest::Over) => Err(Failure::new(OVER)),
        Err(NoSubrequest::TooMany) => {
            let failure = outbound.subrequests_exceeded(Some(request));
            tell_of_limit(scope, request, &failure);
            Err(failure)
        }
    }
}

/// Has the log tell that a request met a limit after its line was written.
fn tell_of_limit(scope: &mut Scope, request: RequestId, failure: &Failure) {
    if let Some(limit) = failure.limit()
        && request_context::is_to_tell(scope, request)
    {
        let errors = &Environment::of(scope).errors;
        errors.limit(scope, Some(request), limit, &failure.to_string());
    }
}

impl Allowance {
    /// The request on whose behalf it is.
    pub(super) fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// Counts the redirects that the request took.
    pub(super) fn add(&self, scope: &Scope, redirects: u32) {
        if let Some(request) = self.request {
            request_context::add_subrequests(scope, request, redirects);
        }
    }

    /// It has failed.
    pub(super) fn failed(&self, scope: &mut Scope, failure: &Failure) {
        if let Some(request) = self.request {
            tell_of_limit(scope, request, failure);
        }
    }

    /// Calls `end` when the request on whose behalf this is made is over.
    pub(super) fn work(
        &self,
        scope: &Scope,
        end: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) + 'static,
    ) -> Option<WorkId> {
        request_context::work(scope, self.request?, end)
    }
}
