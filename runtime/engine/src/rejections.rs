//! Promises that are rejected while nobody handles them.
//!
//! <https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections>

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::num::NonZeroI32;

use crate::external_memory::{self, ExternalMemory};
use crate::state::State;

struct Rejected {
    /// They are notified in this order.
    number: u64,
    reason: v8::Global<v8::Value>,
    /// Where it was rejected, if the reason does not say where it comes from: only errors have a stack.
    message: Option<v8::Global<v8::Message>>,
    /// The continuation-preserved embedder data of who rejected it.
    frame: v8::Global<v8::Value>,
    _memory: ExternalMemory,
}

/// About what a rejection takes with its handles.
const REJECTED: usize = size_of::<Rejected>() + 128;

/// Promises whose rejection was told, by their hashes.
#[derive(Default)]
struct Outstanding {
    by_hash: HashMap<NonZeroI32, Vec<v8::Weak<v8::Promise>>>,
    count: usize,
    /// Those that are gone are swept out when there are so many.
    sweep_at: usize,
}

impl Outstanding {
    fn insert(&mut self, hash: NonZeroI32, promise: v8::Weak<v8::Promise>) {
        if self.count >= self.sweep_at {
            self.by_hash.retain(|_, promises| {
                promises.retain(|promise| !promise.is_empty());
                !promises.is_empty()
            });
            self.count = self.by_hash.values().map(Vec::len).sum();
            self.sweep_at = self.count * 2 + 16;
        }
        self.by_hash.entry(hash).or_default().push(promise);
        self.count += 1;
    }

    fn remove(&mut self, hash: NonZeroI32, promise: &v8::Global<v8::Promise>) -> bool {
        let Some(promises) = self.by_hash.get_mut(&hash) else {
            return false;
        };
        let Some(index) = promises.iter().position(|weak| *weak == *promise) else {
            return false;
        };
        promises.swap_remove(index);
        self.count -= 1;
        true
    }
}

/// What HTML calls the about-to-be-notified list and the outstanding rejected promises weak set, of one isolate.
#[derive(Default)]
pub(crate) struct Rejections {
    about_to_be_notified: RefCell<HashMap<v8::Global<v8::Promise>, Rejected>>,
    outstanding: RefCell<Outstanding>,
    handled: RefCell<Vec<v8::Global<v8::Promise>>>,
    /// The number of the last rejection.
    last: Cell<u64>,
}

impl Rejections {
    pub(crate) fn is_pending(&self) -> bool {
        !self.about_to_be_notified.borrow().is_empty() || !self.handled.borrow().is_empty()
    }

    pub(crate) fn clear(&self) {
        self.about_to_be_notified.take();
        self.outstanding.take();
        self.handled.take();
    }

    fn rejected(
        &self,
        promise: v8::Global<v8::Promise>,
        reason: v8::Global<v8::Value>,
        message: Option<v8::Global<v8::Message>>,
        frame: v8::Global<v8::Value>,
    ) {
        let rejected = Rejected {
            number: self.last.get() + 1,
            reason,
            message,
            frame,
            _memory: ExternalMemory::new(REJECTED),
        };
        self.last.set(rejected.number);
        let mut waiting = self.about_to_be_notified.borrow_mut();
        waiting.insert(promise, rejected);
    }

    fn handled(&self, hash: NonZeroI32, promise: v8::Global<v8::Promise>) {
        if let Some(rejected) = self.about_to_be_notified.borrow_mut().remove(&promise) {
            drop(rejected);
        } else if self.outstanding.borrow_mut().remove(hash, &promise) {
            self.handled.borrow_mut().push(promise);
        }
    }

    /// Tells the embedding about one batch. What its handlers reject waits for the next call.
    pub(crate) fn notify(&self, scope: &mut v8::PinScope) {
        let embedding = State::from_scope(scope).embedding;
        for promise in self.handled.take() {
            v8::scope!(let scope, scope);
            let promise = v8::Local::new(scope, promise);
            let reason = promise.result(scope);
            (embedding.promise_handled)(scope, promise, reason);
        }
        let mut waiting: Vec<_> = self.about_to_be_notified.take().into_iter().collect();
        waiting.sort_unstable_by_key(|(_, rejected)| rejected.number);
        for (
            promise,
            Rejected {
                reason,
                message,
                frame,
                ..
            },
        ) in waiting
        {
            v8::scope!(let scope, scope);
            let promise = v8::Local::new(scope, promise);
            // A handler of an earlier one may have handled this one.
            if promise.has_handler() {
                continue;
            }
            let weak = v8::Weak::new(scope, promise);
            let mut outstanding = self.outstanding.borrow_mut();
            outstanding.insert(promise.get_identity_hash(), weak);
            drop(outstanding);
            let reason = v8::Local::new(scope, reason);
            let message = message.map(|message| v8::Local::new(scope, message));
            let frame = v8::Local::new(scope, frame);
            scope.set_continuation_preserved_embedder_data(frame);
            (embedding.promise_rejected)(scope, promise, reason, message);
            let none = v8::undefined(scope).into();
            scope.set_continuation_preserved_embedder_data(none);
        }
    }
}

/// Where a promise was rejected that nobody has handled in this turn, if its reason does not say where it comes from.
pub fn place_of<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    promise: v8::Local<'s, v8::Promise>,
) -> Option<v8::Local<'s, v8::Message>> {
    let waiting = State::from_scope(scope)
        .rejections
        .about_to_be_notified
        .borrow();
    let rejected = waiting.get(&v8::Global::new(scope, promise))?;
    Some(v8::Local::new(scope, rejected.message.as_ref()?))
}

/// HostPromiseRejectionTracker. Runs no JavaScript.
pub(crate) fn on_promise_reject(scope: &mut v8::PinScope, message: &v8::PromiseRejectMessage) {
    let rejections = &State::from_scope(scope).rejections;
    let promise = message.get_promise();
    let hash = promise.get_identity_hash();
    let promise = v8::Global::new(scope, promise);
    match message.get_event() {
        v8::PromiseRejectEvent::PromiseRejectWithNoHandler => {
            let reason = message
                .get_value()
                .unwrap_or_else(|| v8::undefined(scope).into());
            // Errors have a stack. Of platform objects, DOMExceptions have one, and others are thrown to be caught.
            let is_plain = !reason.is_native_error()
                && !v8::Local::<v8::Object>::try_from(reason).is_ok_and(|r| r.is_api_wrapper());
            let message = is_plain.then(|| v8::Exception::create_message(scope, reason));
            let message = message.map(|message| v8::Global::new(scope, message));
            let reason = v8::Global::new(scope, reason);
            let frame = scope.get_continuation_preserved_embedder_data();
            let frame = v8::Global::new(scope, frame);
            rejections.rejected(promise, reason, message, frame);
            external_memory::settle(scope);
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => rejections.handled(hash, promise),
        // Settling a settled promise again is nothing to report.
        v8::PromiseRejectEvent::PromiseRejectAfterResolved
        | v8::PromiseRejectEvent::PromiseResolveAfterResolved => {}
    }
}
