//! A place for one value that threads take turns with: to put it in, or to take it out, is one atomic operation, where a lock takes two.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::atomic::AtomicCell;

/// A place for a `P`, which is a pointer.
pub(crate) struct Slot<P> {
    value: AtomicCell<Option<P>>,
    /// There is one, or was until somebody took it just now.
    is_full: AtomicBool,
}

impl<P> Default for Slot<P> {
    fn default() -> Self {
        const { assert!(AtomicCell::<Option<P>>::is_lock_free()) };
        Self {
            value: AtomicCell::new(None),
            is_full: AtomicBool::new(false),
        }
    }
}

impl<P> Slot<P> {
    /// Puts a value in. Gives back what was there.
    #[inline]
    pub(crate) fn put(&self, value: P) -> Option<P> {
        let before = self.value.swap(Some(value));
        self.is_full.store(true, Ordering::Release);
        before
    }

    /// Takes out what is there.
    #[inline]
    pub(crate) fn take(&self) -> Option<P> {
        // OPTIMIZATION: most looks find nothing.
        if !self.is_full() {
            return None;
        }
        // Said before: what is put in meanwhile is taken, or says so after it.
        self.is_full.store(false, Ordering::Relaxed);
        self.value.take()
    }

    /// Whether there is anything.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }
}

impl<P> fmt::Debug for Slot<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_put_in_comes_out_once() {
        let slot = Slot::default();
        assert!(!slot.is_full() && slot.take().is_none());
        assert_eq!(slot.put(Box::new(1)), None);
        assert_eq!(slot.put(Box::new(2)), Some(Box::new(1)));
        assert!(slot.is_full());
        assert_eq!((slot.take(), slot.take()), (Some(Box::new(2)), None));
    }

    #[test]
    fn what_is_left_is_dropped() {
        let value = Arc::new(());
        let slot = Slot::default();
        assert!(slot.put(value.clone()).is_none());
        assert_eq!(Arc::strong_count(&value), 2);
        drop(slot);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
