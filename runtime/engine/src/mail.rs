//! The door of a thread: others put something in, and wake it; the thread takes things out in batches.
//!
//! A wake-up is `Thread::unpark`, which enters the kernel only if the thread sleeps, or a signal to the thread's own I/O once it
//! has some. The thread does not spin before it sleeps: with more threads than cores that takes time from the thread it waits
//! for.

use crate::sync::atomic::{Ordering, fence};
use crate::sync::{Arc, Mutex, MutexGuard, OnceLock, Thread};

/// Something that a thread may wait for in place of parking.
pub(crate) trait Signal {
    /// Makes its current wait, or its next one, end at once.
    fn signal(&self);
}

struct Queue<T> {
    items: Vec<T>,
    closed: bool,
}

/// Items for one thread, which may sleep on `S`.
pub(crate) struct Mail<T, S> {
    queue: Mutex<Queue<T>>,
    thread: OnceLock<Thread>,
    /// Where the thread sleeps, once somebody has asked for it; `None` for good where that comes too late.
    signal: OnceLock<Option<Arc<S>>>,
}

impl<T, S: Signal> Mail<T, S> {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                items: Vec::new(),
                closed: false,
            }),
            thread: OnceLock::new(),
            signal: OnceLock::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Puts something in, without waking the thread. Returns false if the mail is closed: it was dropped.
    pub(crate) fn put(&self, item: T) -> bool {
        let mut queue = self.queue();
        if queue.closed {
            return false;
        }
        if queue.items.try_reserve(1).is_err() {
            // An isolate's thread stops there, and must not keep the lock; see `crate::containment`.
            drop(queue);
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<T>());
        }
        queue.items.push(item);
        true
    }

    /// Wakes the thread, or makes its next sleep return at once.
    pub(crate) fn wake(&self) {
        // Pairs with `bind`: either this sees the thread, or the thread sees what was stored before this.
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

    /// The thread that takes things out is this. It looks at everything after it has said so.
    pub(crate) fn bind(&self, thread: Thread) {
        assert!(
            self.thread.set(thread).is_ok(),
            "a mailbox belongs to one thread"
        );
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
            // What is put in after this is signalled. What was put in before may not be, and the thread may sleep here already:
            // so its first sleep is none.
            drop(self.queue());
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

    /// Swaps what is there against an empty vector, whose capacity is reused.
    pub(crate) fn take(&self, batch: &mut Vec<T>) {
        debug_assert!(batch.is_empty());
        std::mem::swap(&mut self.queue().items, batch);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue().items.is_empty()
    }

    /// Takes nothing in any more, and hands back what nobody will take.
    pub(crate) fn close(&self) -> Vec<T> {
        let mut queue = self.queue();
        queue.closed = true;
        std::mem::take(&mut queue.items)
    }
}
