//! The request that the running code works for. It is V8's continuation-preserved embedder data: whatever runs because of a
//! request, however late, is known by its id.
//!
//! As in Workers, a request's work with other servers ends with the request: when its response is complete, or nobody waits for
//! that any more. Only promises that were given to `waitUntil` let it go on, and not without end:
//! <https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil>.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nano_engine::{Ledger, State, TimerId};
use nano_webidl::{Scope, Value};
use nano_worker::{Fields, RequestId, SpanContext, Trace, cdn_loop};
use rustc_hash::FxHashMap;

use super::Environment;

/// How long promises that were given to `waitUntil` let a request's work go on after it, as in Workers.
pub(crate) const BACKGROUND: Duration = Duration::from_secs(30);

/// What runs from now on, runs because of this request.
#[inline]
pub(crate) fn enter(scope: &mut Scope, id: RequestId) {
    let frame: Value = v8::BigInt::new_from_u64(scope, id.0).into();
    scope.set_continuation_preserved_embedder_data(frame);
    State::from_scope(scope).works_for(id.0);
}

/// What runs from now on, runs for no request of this isolate, but because of something that has come through servers of this kind so
/// often.
pub(crate) fn enter_after(scope: &mut Scope, passes: usize) {
    let passes = u32::try_from(passes).unwrap_or(u32::MAX);
    let frame: Value = v8::Integer::new_from_unsigned(scope, passes).into();
    scope.set_continuation_preserved_embedder_data(frame);
}

/// How often what the running code works for has come through servers of this kind, with this one.
pub(crate) fn passes(scope: &Scope) -> usize {
    let frame = scope.get_continuation_preserved_embedder_data();
    if let Ok(passes) = v8::Local::<v8::Uint32>::try_from(frame) {
        return passes.value() as usize;
    }
    let Some(id) = current_request(scope) else {
        return 0;
    };
    let ongoing = Environment::of(scope).requests.ongoing.borrow();
    let received = ongoing
        .get(&id.0)
        .and_then(|it| it.cause.cdn_loop.as_deref());
    received.map_or(0, cdn_loop::passes_of) + 1
}

/// What runs from now on, runs for no request.
#[inline]
pub(crate) fn leave(scope: &mut Scope) {
    let none = v8::undefined(scope).into();
    scope.set_continuation_preserved_embedder_data(none);
}

/// The request that the running code works for.
pub(crate) fn current_request(scope: &Scope) -> Option<RequestId> {
    let frame = scope.get_continuation_preserved_embedder_data();
    v8::Local::<v8::BigInt>::try_from(frame)
        .ok()
        .map(|id| RequestId(id.u64_value().0))
}

/// Requests pay for their turns, until they are over.
static LEDGER: Ledger = Ledger {
    payer: |scope| current_request(scope).map(|id| id.0),
    left: |state, id| {
        let requests = &state.extension::<Environment>().requests;
        let spent = requests.ongoing.borrow().get(&id)?.cpu;
        Some(requests.cpu_limit.get()?.saturating_sub(spent))
    },
    spend: |state, id, time| {
        let requests = &state.extension::<Environment>().requests;
        if let Some(ongoing) = requests.ongoing.borrow_mut().get_mut(&id) {
            ongoing.cpu += time;
        }
    },
};

/// Each request, or other event, of this isolate may have so much CPU time.
pub(crate) fn limit_cpu(state: &State, limit: Duration) {
    let requests = &state.extension::<Environment>().requests;
    requests.cpu_limit.set(Some(limit));
    state.keep_ledger(&LEDGER);
}

/// The span of a request that is not over, where it is a part of a trace.
pub(crate) fn span(scope: &Scope, id: RequestId) -> Option<SpanContext> {
    let all = Environment::of(scope).requests.ongoing.borrow();
    Some(all.get(&id.0)?.cause.trace.as_ref()?.span)
}

/// Ends a piece of work when its request is over.
type EndWork = Box<dyn for<'s, 'i> FnOnce(&mut Scope<'s, 'i>)>;

/// The requests of one isolate that are not over.
#[derive(Default)]
pub(super) struct Requests {
    ongoing: RefCell<FxHashMap<u64, Ongoing>>,
    /// Pieces of work of all of them.
    works: Arc<AtomicUsize>,
    /// The number of the last piece of work.
    last_work: Cell<u64>,
    /// CPU time that each may have.
    cpu_limit: Cell<Option<Duration>>,
}

/// What a request passes on to those that are made because of it.
#[derive(Clone, Default)]
pub(crate) struct Cause {
    /// What is kept of the `CDN-Loop` that it came with.
    pub(crate) cdn_loop: Option<Box<[u8]>>,
    /// The trace that it is a part of.
    pub(crate) trace: Option<Arc<Trace>>,
    /// What the host says of the client that it is from.
    pub(crate) origin: Option<Arc<Fields>>,
}

/// A request that is not over.
#[derive(Default)]
struct Ongoing {
    cause: Cause,
    /// CPU time of its turns, where that has a limit.
    cpu: Duration,
    /// Requests that were made because of it.
    subrequests: u32,
    /// Its response is complete, or nobody waits for it.
    is_over: bool,
    /// Since then it has been told that it met a limit.
    has_told: bool,
    /// Promises given to `waitUntil` that are pending.
    promises: usize,
    /// How long they let it go on.
    background: Duration,
    /// Ends it though there are such.
    deadline: Option<TimerId>,
    work: FxHashMap<u64, EndWork>,
}

impl Ongoing {
    /// It was taken out of the requests.
    fn end(self, scope: &mut Scope, requests: &Requests) {
        if let Some(deadline) = self.deadline {
            State::from_scope(scope).timers().clear(deadline);
        }
        if self.work.is_empty() {
            return;
        }
        requests.works.fetch_sub(self.work.len(), Ordering::Relaxed);
        for end in self.work.into_values() {
            end(scope);
        }
    }
}

impl Requests {
    pub(super) fn clear(&self) {
        let ongoing = self.ongoing.take();
        drop(ongoing);
    }
}

/// A request, or another event, is about to be handled. Promises let its work go on for `background` after it.
pub(crate) fn begin(scope: &Scope, id: RequestId, cause: Cause, background: Duration) {
    let ongoing = Ongoing {
        cause,
        background,
        ..Ongoing::default()
    };
    let requests = &Environment::of(scope).requests;
    requests.ongoing.borrow_mut().insert(id.0, ongoing);
}

/// How many pieces of work there are, of all requests: for other threads.
pub(crate) fn work_count(scope: &Scope) -> Arc<AtomicUsize> {
    Environment::of(scope).requests.works.clone()
}

/// Whether the request that the running code works for is over.
pub(crate) fn is_over(scope: &Scope) -> bool {
    let ongoing = &Environment::of(scope).requests.ongoing;
    current_request(scope).is_some_and(|id| !ongoing.borrow().contains_key(&id.0))
}

/// A request's response is complete, or nobody waits for it: what works for it ends, unless `waitUntil` was told of it.
pub(crate) fn over(scope: &mut Scope, id: RequestId) {
    let requests = &Environment::of(scope).requests;
    let ended = {
        let mut all = requests.ongoing.borrow_mut();
        let Entry::Occupied(mut entry) = all.entry(id.0) else {
            return;
        };
        let ongoing = entry.get_mut();
        ongoing.is_over = true;
        if ongoing.promises > 0 {
            if ongoing.deadline.is_none() {
                let timers = State::from_scope(scope).timers();
                let end = Box::new(move |scope: &mut Scope| end(scope, id));
                let deadline = timers.set(ongoing.background, false, end);
                timers.set_referenced(deadline, false);
                ongoing.deadline = Some(deadline);
            }
            return;
        }
        entry.remove()
    };
    ended.end(scope, requests);
}

/// Ends a request's work, whatever was given to `waitUntil`.
pub(crate) fn end(scope: &mut Scope, id: RequestId) {
    let requests = &Environment::of(scope).requests;
    let ended = requests.ongoing.borrow_mut().remove(&id.0);
    if let Some(ended) = ended {
        ended.end(scope, requests);
    }
}

/// A promise of this request was given to `waitUntil`.
pub(crate) fn promise_begins(scope: &Scope, id: RequestId) {
    let mut all = Environment::of(scope).requests.ongoing.borrow_mut();
    if let Some(ongoing) = all.get_mut(&id.0) {
        ongoing.promises += 1;
    }
}

/// Such a promise was settled.
pub(crate) fn promise_ends(scope: &mut Scope, id: RequestId) {
    let is_last = {
        let mut all = Environment::of(scope).requests.ongoing.borrow_mut();
        let Some(ongoing) = all.get_mut(&id.0) else {
            return;
        };
        // One that was given when the request was over already did not count.
        ongoing.promises = ongoing.promises.saturating_sub(1);
        ongoing.is_over && ongoing.promises == 0
    };
    if is_last {
        end(scope, id);
    }
}

/// Why code may make no request to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSubrequest {
    /// The request that it works for is over.
    Over,
    /// It has made as many as it may.
    TooMany,
}

/// A request to another server that code is allowed.
pub(crate) struct Subrequest {
    /// How many there may be after this one.
    pub(crate) left: u32,
    /// Of the request that it is made for.
    pub(crate) cause: Cause,
}

/// Counts a request that is made because of request `id`, which may make `limit` of them.
pub(crate) fn subrequest(
    scope: &Scope,
    id: RequestId,
    limit: u32,
) -> Result<Subrequest, NoSubrequest> {
    let mut all = Environment::of(scope).requests.ongoing.borrow_mut();
    let ongoing = all.get_mut(&id.0).ok_or(NoSubrequest::Over)?;
    if ongoing.subrequests >= limit {
        return Err(NoSubrequest::TooMany);
    }
    ongoing.subrequests += 1;
    Ok(Subrequest {
        left: limit - ongoing.subrequests,
        cause: ongoing.cause.clone(),
    })
}

/// What works for a request has met a limit. Whether the log is to be told now: until the request is over its own line tells, and
/// from then on nothing would.
pub(crate) fn is_to_tell(scope: &Scope, id: RequestId) -> bool {
    let mut all = Environment::of(scope).requests.ongoing.borrow_mut();
    let ongoing = all.get_mut(&id.0).filter(|ongoing| ongoing.is_over);
    ongoing.is_some_and(|ongoing| !std::mem::replace(&mut ongoing.has_told, true))
}

/// Counts redirects as such requests.
pub(crate) fn add_subrequests(scope: &Scope, id: RequestId, count: u32) {
    let mut all = Environment::of(scope).requests.ongoing.borrow_mut();
    if let Some(ongoing) = all.get_mut(&id.0) {
        ongoing.subrequests = ongoing.subrequests.saturating_add(count);
    }
}

/// Names a piece of work of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkId {
    request: RequestId,
    number: u64,
}

/// `end` is called when the request is over, unless the work is [`done`] before. Does nothing where it is over already.
pub(crate) fn work(
    scope: &Scope,
    request: RequestId,
    end: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>) + 'static,
) -> Option<WorkId> {
    let requests = &Environment::of(scope).requests;
    let mut all = requests.ongoing.borrow_mut();
    let ongoing = all.get_mut(&request.0)?;
    let number = requests.last_work.get() + 1;
    requests.last_work.set(number);
    ongoing.work.insert(number, Box::new(end));
    requests.works.fetch_add(1, Ordering::Relaxed);
    Some(WorkId { request, number })
}

/// A piece of work is done.
pub(crate) fn done(scope: &Scope, WorkId { request, number }: WorkId) {
    let requests = &Environment::of(scope).requests;
    let mut all = requests.ongoing.borrow_mut();
    let ended = all
        .get_mut(&request.0)
        .and_then(|ongoing| ongoing.work.remove(&number));
    drop(all);
    if ended.is_some() {
        requests.works.fetch_sub(1, Ordering::Relaxed);
    }
}
