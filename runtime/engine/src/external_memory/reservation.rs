//! Memory that is asked for before it is taken.

use std::sync::Arc;

use super::Account;
use crate::mailbox::Handle;
use crate::state::State;

/// A part of an isolate's memory, which V8 is told of between turns. Dropping it, on any thread, gives it back.
#[derive(Debug)]
pub struct Reservation {
    account: Arc<Account>,
    bytes: usize,
}

impl Reservation {
    /// A reservation of nothing yet.
    pub fn new(account: Arc<Account>) -> Reservation {
        Reservation { account, bytes: 0 }
    }

    /// A reservation of so many bytes that are there already, whether they fit or not: the limit is looked at between turns.
    pub fn of(scope: &v8::PinScope, bytes: usize) -> Reservation {
        let account = State::from_scope(scope).account().clone();
        account.reserve(bytes);
        Reservation { account, bytes }
    }

    /// A reservation of so many bytes, after a collection if need be; `None` if they do not fit. On the isolate's thread.
    pub fn take(scope: &mut v8::PinScope, bytes: usize) -> Option<Reservation> {
        let mut reservation = Reservation::new(State::from_scope(scope).account().clone());
        take(scope, bytes, || reservation.try_grow(bytes)).then_some(reservation)
    }

    /// Makes it so many bytes, which are there already, whether they fit or not.
    pub fn set(&mut self, bytes: usize) {
        self.account.reserve(bytes);
        self.account.release(self.bytes);
        self.bytes = bytes;
    }

    /// Ends it, as what it was for moves into what is made next on the isolate's thread: that does not ask the process for it again.
    /// (What is large need not be known for that: of it, only who allocates asks.)
    pub fn hand_over(self) {
        if self.bytes < LARGE {
            self.account.grant(self.bytes);
        }
    }

    /// The same where it is little. What is large stays, as it is there beside what is made of it.
    pub fn hand_over_little(self) -> Option<Reservation> {
        if self.bytes >= LARGE {
            return Some(self);
        }
        self.hand_over();
        None
    }

    /// Whether it is a part of this isolate's memory.
    pub fn is_of(&self, isolate: &Handle) -> bool {
        Arc::ptr_eq(&self.account, &isolate.0.account)
    }

    /// Adds so many bytes, or nothing and `false` if they do not fit: collect garbage and ask again.
    #[must_use]
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let fits = self.account.try_reserve(bytes);
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    /// So many bytes more do not fit, also after a collection, and whoever wants them is refused.
    pub fn note_shortage(&self, bytes: usize) {
        self.account.note_shortage(bytes);
    }

    /// Makes it at least so many bytes, as above.
    #[must_use]
    pub fn try_reach(&mut self, bytes: usize) -> bool {
        bytes <= self.bytes || self.try_grow(bytes - self.bytes)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.account.release(self.bytes);
    }
}

/// Tries to take so many bytes; collects garbage where they do not fit, and tries again.
pub(super) fn take(
    scope: &mut v8::PinScope,
    bytes: usize,
    mut attempt: impl FnMut() -> bool,
) -> bool {
    if attempt() {
        return true;
    }
    scope.low_memory_notification();
    let has_room = attempt();
    if !has_room {
        State::from_scope(scope).account().note_shortage(bytes);
    }
    has_room
}

/// Less than this is not worth a look at the limit before it is taken.
const LARGE: usize = 1 << 20;

/// Whether the isolate may have so many bytes more, after a collection if need be. Native code asks before it takes memory whose
/// size is an app's wish: what does not fit must never be taken, not even for a moment.
pub fn has_room(scope: &mut v8::PinScope, bytes: usize) -> bool {
    if bytes < LARGE {
        return true;
    }
    let account = State::from_scope(scope).account();
    // As of now, garbage included: what does not fit is looked at again after a collection.
    account.set_heap(scope.get_heap_statistics().used_heap_size());
    take(scope, bytes, || account.has_room(bytes))
}

/// Whether V8's heap may grow by so many bytes in one call that nothing can interrupt, after a collection if need be.
///
/// V8 collects garbage again and again where its heap nears its limit, and gives up above four fifths of that if there is none to
/// be found: in the middle of such a call there is none.
pub(crate) fn has_heap_room(scope: &mut v8::PinScope, bytes: usize) -> bool {
    has_room(scope, bytes) && {
        let account = State::from_scope(scope).account();
        bytes < LARGE || take(scope, bytes, || account.has_heap_room(bytes))
    }
}

/// Whether C code may take so many bytes more for the time of one call, after a collection if need be.
pub(crate) fn has_foreign_room(scope: &mut v8::PinScope, bytes: usize) -> bool {
    let account = State::from_scope(scope).account();
    bytes < LARGE || take(scope, bytes, || account.has_foreign_room(bytes))
}
