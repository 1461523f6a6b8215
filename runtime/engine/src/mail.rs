//! What others put in for a thread, which takes it out in batches. Whoever puts something in has the thread [woken](crate::bell).

use crate::sync::{Mutex, MutexGuard};

struct Queue<T> {
    items: Vec<T>,
    closed: bool,
}

/// Items for one thread.
pub(crate) struct Mail<T>(Mutex<Queue<T>>);

impl<T> Mail<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Queue {
            items: Vec::new(),
            closed: false,
        }))
    }

    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
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
