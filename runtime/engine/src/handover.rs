//! Who drives the I/O of a thread: the thread itself, its *owner*, whenever it has nothing else to do; an *attendant* while the
//! owner stays away; and for the last time, when the owner's isolate has ended.
//!
//! This is the protocol only, without any I/O: see [`crate::thread_io`]. Each side says what it does, and then looks at what the
//! other side has said, with a fence between: one of two sees the other. (Fences, as loom takes sequentially consistent loads and
//! stores for weaker ones.)

use std::sync::PoisonError;
use std::task::{Context, Poll};

use crate::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{AcqRel, Acquire, Release, SeqCst},
    fence,
};
use crate::sync::{AtomicWaker, Mutex};

/// `D` is what the owner hands to tasks of its I/O.
pub(crate) struct HandOver<D> {
    /// What turns have finished. Handed over by whoever drives: to wake a task from outside of its runtime is a system call.
    outbox: Mutex<Vec<D>>,
    /// Something waits for the owner.
    signalled: AtomicBool,
    owner: AtomicWaker,
    /// Odd while the owner drives.
    visits: AtomicUsize,
    /// An attendant drives, or is about to.
    attended: AtomicBool,
    attendant: AtomicWaker,
    /// Tasks that must get away when the owner has ended.
    guests: AtomicUsize,
    retired: AtomicBool,
}

impl<D> HandOver<D> {
    pub(crate) fn new() -> Self {
        Self {
            outbox: Mutex::new(Vec::new()),
            signalled: AtomicBool::new(false),
            owner: AtomicWaker::new(),
            visits: AtomicUsize::new(0),
            attended: AtomicBool::new(false),
            attendant: AtomicWaker::new(),
            guests: AtomicUsize::new(0),
            retired: AtomicBool::new(false),
        }
    }

    /// Wakes the owner from its I/O.
    pub(crate) fn signal(&self) {
        if !self.signalled.swap(true, AcqRel) {
            self.owner.wake();
        }
    }

    /// The owner begins to drive.
    pub(crate) fn begin_visit(&self) {
        self.count_visit();
        if self.attended.load(Acquire) {
            self.attendant.wake();
        }
    }

    /// Whether there was a signal since the last visit. For the owner.
    pub(crate) fn is_signalled(&self) -> bool {
        self.signalled.load(Acquire)
    }

    /// Ready when there was a signal. For the owner.
    pub(crate) fn poll_signal(&self, context: &mut Context<'_>) -> Poll<()> {
        self.owner.register(context.waker());
        if self.is_signalled() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// The owner has other things to do. It looks at what it was signalled for after this.
    pub(crate) fn end_visit(&self) {
        // A swap, as what it was signalled for must be seen after this.
        self.signalled.swap(false, AcqRel);
        self.count_visit();
    }

    fn count_visit(&self) {
        // Nobody else counts.
        let visits = self.visits.load(Acquire);
        self.visits.store(visits.wrapping_add(1), Release);
        fence(SeqCst);
    }

    /// Counts up when the owner begins to drive, and when it ends.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Acquire)
    }

    /// Whether the owner is away, with so many visits, and will come back.
    pub(crate) fn is_left(&self, visits: usize) -> bool {
        visits.is_multiple_of(2) && !self.is_retired()
    }

    /// Leaves something for the next who drives. Returns whether the caller has to see to it now: nobody else may come, or
    /// come soon.
    #[must_use]
    pub(crate) fn put(&self, delivery: D) -> bool {
        let mut outbox = self.outbox();
        if outbox.try_reserve(1).is_err() {
            // An isolate's thread stops there, and must not keep the lock; see `crate::containment`.
            drop(outbox);
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<D>());
        }
        outbox.push(delivery);
        drop(outbox);
        fence(SeqCst);
        self.attended.load(Acquire) || self.is_retired()
    }

    /// What was left. For whoever drives.
    pub(crate) fn take(&self) -> Vec<D> {
        std::mem::take(&mut *self.outbox())
    }

    fn outbox(&self) -> crate::sync::MutexGuard<'_, Vec<D>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller is to attend: nobody else does.
    #[must_use]
    pub(crate) fn begin_attending(&self) -> bool {
        let is_first = !self.attended.swap(true, AcqRel);
        fence(SeqCst);
        is_first
    }

    /// Ready when the attendant may go: the owner is back, or will never be. It takes what was left whenever it asks this.
    pub(crate) fn poll_relief(&self, context: &mut Context<'_>) -> Poll<()> {
        self.attendant.register(context.waker());
        if self.is_left(self.visits()) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// The attendant goes. Returns false if it must stay: the owner has ended, which it did not know, and nobody else attends.
    #[must_use]
    pub(crate) fn end_attending(&self, knew_of_the_end: bool) -> bool {
        self.attended.swap(false, AcqRel);
        fence(SeqCst);
        // Whoever ended the owner since may have seen somebody who attends.
        knew_of_the_end || !self.is_retired() || !self.begin_attending()
    }

    /// Lets a guest in, unless the owner has ended.
    #[must_use]
    pub(crate) fn admit_guest(&self) -> bool {
        // Counted before the look: who attends after the end waits for all that are counted.
        self.guests.fetch_add(1, AcqRel);
        fence(SeqCst);
        let admitted = !self.is_retired();
        if !admitted {
            self.dismiss_guest();
        }
        admitted
    }

    /// A guest has gone.
    pub(crate) fn dismiss_guest(&self) {
        if self.guests.fetch_sub(1, AcqRel) == 1 {
            self.attendant.wake();
        }
    }

    /// The owner has ended. Whoever calls this has guests leave, takes what was left, and has somebody attend.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Release);
        fence(SeqCst);
        self.signal();
        self.attendant.wake();
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Acquire)
    }

    /// Ready when no guest is left. For the attendant, after the end.
    pub(crate) fn poll_empty(&self, context: &mut Context<'_>) -> Poll<()> {
        self.attendant.register(context.waker());
        if self.guests.load(Acquire) == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
