//! Promises that are rejected while nobody handles them.
//!
//! <https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections>

use std::cell::RefCell;

use crate::native_memory::{self, Weight};
use crate::state::State;

struct Rejected {
    promise: v8::Global<v8::Promise>,
    reason: v8::Global<v8::Value>,
    /// Where it was rejected, if the reason does not say where it comes from: only errors have a stack.
    message: Option<v8::Global<v8::Message>>,
    _weight: Weight,
}

/// About what a rejection takes with its handles.
const REJECTED: usize = size_of::<Rejected>() + 96;

/// What HTML calls the about-to-be-notified list and the outstanding rejected promises weak set, of one isolate.
#[derive(Default)]
pub(crate) struct Rejections {
    about_to_be_notified: RefCell<Vec<Rejected>>,
    outstanding: RefCell<Vec<v8::Weak<v8::Promise>>>,
    handled: RefCell<Vec<v8::Global<v8::Promise>>>,
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
    ) {
        self.about_to_be_notified.borrow_mut().push(Rejected {
            promise,
            reason,
            message,
            _weight: Weight::new(REJECTED),
        });
    }

    fn handled(&self, promise: v8::Global<v8::Promise>) {
        let mut waiting = self.about_to_be_notified.borrow_mut();
        // From the end: a handler mostly follows the rejection soon.
        if let Some(index) = waiting
            .iter()
            .rposition(|rejected| rejected.promise == promise)
        {
            waiting.remove(index);
            return;
        }
        let mut outstanding = self.outstanding.borrow_mut();
        if let Some(index) = outstanding.iter().position(|weak| *weak == promise) {
            outstanding.swap_remove(index);
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
        for Rejected {
            promise,
            reason,
            message,
            ..
        } in self.about_to_be_notified.take()
        {
            v8::scope!(let scope, scope);
            let promise = v8::Local::new(scope, promise);
            // A handler of an earlier one may have handled this one.
            if promise.has_handler() {
                continue;
            }
            self.remember(v8::Weak::new(scope, promise));
            let reason = v8::Local::new(scope, reason);
            let message = message.map(|message| v8::Local::new(scope, message));
            (embedding.promise_rejected)(scope, promise, reason, message);
        }
    }

    fn remember(&self, promise: v8::Weak<v8::Promise>) {
        let mut outstanding = self.outstanding.borrow_mut();
        if outstanding.len() == outstanding.capacity() {
            outstanding.retain(|weak| !weak.is_empty());
        }
        outstanding.push(promise);
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
    let rejected = waiting
        .iter()
        .rfind(|rejected| rejected.promise == promise)?;
    Some(v8::Local::new(scope, rejected.message.as_ref()?))
}

/// HostPromiseRejectionTracker. Runs no JavaScript.
pub(crate) fn on_promise_reject(scope: &mut v8::PinScope, message: &v8::PromiseRejectMessage) {
    let rejections = &State::from_scope(scope).rejections;
    let promise = v8::Global::new(scope, message.get_promise());
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
            rejections.rejected(promise, reason, message);
            native_memory::settle(scope);
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => rejections.handled(promise),
        // Settling a settled promise again is nothing to report.
        v8::PromiseRejectEvent::PromiseRejectAfterResolved
        | v8::PromiseRejectEvent::PromiseResolveAfterResolved => {}
    }
}
