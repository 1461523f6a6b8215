//! Orders to end the turn that runs, from other threads; the isolate goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// An order that an isolate may have.
///
/// V8 keeps an order to terminate until a script runs, or for good: so it is taken back after the turn that it has ended, and before
/// a turn that begins after it.
#[derive(Default)]
pub(crate) struct Interrupt {
    ordered: AtomicBool,
    /// Held while the order is given to V8, so that it is not taken back before.
    order: Mutex<()>,
}

impl Interrupt {
    /// Gives the order, by `terminate`.
    pub(crate) fn order(&self, terminate: impl FnOnce()) {
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        self.ordered.store(true, Ordering::Release);
        terminate();
    }

    /// Whether there was an order, which is to be taken back now. For the isolate's thread.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        self.ordered.load(Ordering::Acquire) && self.settle()
    }

    #[cold]
    fn settle(&self) -> bool {
        let _order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        self.ordered.swap(false, Ordering::AcqRel)
    }
}
