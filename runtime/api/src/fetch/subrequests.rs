//! Counts the requests that an app makes because of each request that it was sent.

use std::cell::RefCell;
use std::collections::BTreeMap;

use nano_engine::State;
use nano_webidl::Scope;
use nano_worker::RequestId;

use super::client::{Failure, subrequests_exceeded};
use crate::environment::request_context::current_request;

/// Requests that are counted at a time, so that those that are long over take no memory. Where there are more, one of them may start
/// again.
const MAX_COUNTED: usize = 4096;

#[derive(Default)]
struct Counts(RefCell<BTreeMap<u64, u32>>);

/// The right to make requests on behalf of one.
pub(super) struct Allowance {
    request: Option<RequestId>,
    /// How many there may be after this one.
    pub(super) left: u32,
}

/// Counts a request. Code that runs for no request, at the app's start, is not limited.
pub(super) fn count(scope: &mut Scope, limit: Option<u32>) -> Result<Allowance, Failure> {
    let (Some(limit), Some(request)) = (limit, current_request(scope)) else {
        return Ok(Allowance {
            request: None,
            left: u32::MAX,
        });
    };
    let mut counts = counts(scope).0.borrow_mut();
    let used = counts.entry(request.0).or_default();
    if *used >= limit {
        return Err(subrequests_exceeded(limit));
    }
    *used += 1;
    let left = limit - *used;
    if counts.len() > MAX_COUNTED {
        counts.pop_first();
    }
    Ok(Allowance {
        request: Some(request),
        left,
    })
}

impl Allowance {
    /// Counts the redirects that the request took.
    pub(super) fn add(&self, scope: &Scope, redirects: u32) {
        let Some(request) = self.request else { return };
        if let Some(used) = counts(scope).0.borrow_mut().get_mut(&request.0) {
            *used = used.saturating_add(redirects);
        }
    }
}

fn counts<'s>(scope: &Scope<'s, '_>) -> &'s Counts {
    let state = State::from_scope(scope);
    if let Some(counts) = state.try_extension() {
        return counts;
    }
    state.set_extension(Counts::default());
    state.extension()
}
