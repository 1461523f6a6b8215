//! What wakes a thread that looks after several: each of them calls once when it has got something, and the thread takes the calls
//! in their order.
//!
//! A wake-up is `Thread::unpark`, which enters the kernel only if the thread sleeps, or a signal to the thread's own I/O once it
//! has some. The thread does not spin before it sleeps: with more threads than cores that takes time from the thread it waits
//! for.

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Arc, Mutex, MutexGuard, OnceLock, Thread};

/// Something that a thread may wait for in place of parking.
pub(crate) trait Signal {
    /// Makes its current wait, or its next one, end at once.
    fn signal(&self);
}

/// One that a thread looks after.
pub(crate) struct Caller {
    number: u64,
    /// It has called, and nobody has looked after it since.
    is_calling: AtomicBool,
}

impl Caller {
    /// Has called nobody yet. The number is its own among those of a thread.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            is_calling: AtomicBool::new(false),
        }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it has called since the thread has looked after it. For the thread.
    pub(crate) fn is_calling(&self) -> bool {
        self.is_calling.load(Ordering::Relaxed)
    }

    /// The thread is about to look after it: what it has called for before is seen after this, and it may call again.
    pub(crate) fn answer(&self) {
        // A swap, as what it called for must be seen after this.
        self.is_calling.swap(false, Ordering::AcqRel);
    }
}

/// Calls for one thread, which may sleep on `S`.
pub(crate) struct Bell<S> {
    calls: Mutex<Vec<u64>>,
    thread: OnceLock<Thread>,
    /// Where the thread sleeps, once somebody has asked for it; `None` for good where that comes too late.
    signal: OnceLock<Option<Arc<S>>>,
}

impl<S: Signal> Bell<S> {
    pub(crate) fn new() -> Self {
        Self {
            calls: Mutex::new(Vec::new()),
            thread: OnceLock::new(),
            signal: OnceLock::new(),
        }
    }

    fn calls(&self) -> MutexGuard<'_, Vec<u64>> {
        self.calls.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Has the thread look after this one: wakes it, or makes its next sleep return at once.
    pub(crate) fn ring(&self, caller: &Caller) {
        if caller.is_calling.swap(true, Ordering::AcqRel) {
            return; // Whoever was first sees to it.
        }
        let mut calls = self.calls();
        if calls.try_reserve(1).is_err() {
            // An isolate's thread stops there: it must not keep the lock (see `crate::containment`), nor be the one to see to it.
            drop(calls);
            caller.answer();
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<u64>());
        }
        calls.push(caller.number);
        drop(calls);
        // Pairs with `bind`: either this sees the thread, or the thread sees the call.
        fence(Ordering::SeqCst);
        match self.signal() {
            Some(signal) => signal.signal(),
            None => self.unpark(),
        }
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The thread that is called is this. It takes the calls that there are after it has said so.
    pub(crate) fn bind(&self, thread: Thread) {
        assert!(self.thread.set(thread).is_ok(), "a bell is one thread's");
        fence(Ordering::SeqCst);
    }

    /// What the thread sleeps on.
    pub(crate) fn signal(&self) -> Option<&Arc<S>> {
        self.signal.get()?.as_ref()
    }

    /// What the thread sleeps on from now on; made if it is not there yet and not too late.
    pub(crate) fn sleep_on(&self, make: impl FnOnce() -> Option<Arc<S>>) -> Option<Arc<S>> {
        let mut made = false;
        let signal = self.signal.get_or_init(|| {
            made = true;
            make()
        });
        if made {
            // Who calls after this signals. Who has called before may not have, and the thread may sleep here already: so its
            // first sleep is none.
            drop(self.calls());
            if let Some(signal) = signal {
                signal.signal();
            }
            // A thread that parks does not know of it yet.
            self.unpark();
        }
        signal.clone()
    }

    /// It is too late to sleep on anything new.
    pub(crate) fn seal(&self) -> Option<&Arc<S>> {
        self.signal.get_or_init(|| None).as_ref()
    }

    /// Swaps the calls that there are against an empty vector, whose capacity is reused.
    pub(crate) fn take(&self, calls: &mut Vec<u64>) {
        debug_assert!(calls.is_empty());
        std::mem::swap(&mut *self.calls(), calls);
    }
}
