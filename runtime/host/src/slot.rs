//! A place for one value that threads take turns with: to put it in, or to take it out, is one atomic operation, where a lock takes two.

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A pointer that owns a value, which another thread may take out.
///
/// # Safety
/// What `into_raw` gives is not null, is the value's alone, and `from_raw` makes the same of it.
pub(crate) unsafe trait Owning: Sized + Send {
    type Target;

    fn into_raw(self) -> *mut Self::Target;

    /// # Safety
    /// `into_raw` gave the pointer, and it was not used since.
    unsafe fn from_raw(raw: *mut Self::Target) -> Self;
}

// SAFETY: the standard library's functions do this.
unsafe impl<T: Send> Owning for Box<T> {
    type Target = T;

    fn into_raw(self) -> *mut T {
        Box::into_raw(self)
    }

    unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Box::from_raw(raw) }
    }
}

// SAFETY: the standard library's functions do this.
unsafe impl<T: Send + Sync> Owning for Arc<T> {
    type Target = T;

    fn into_raw(self) -> *mut T {
        Arc::into_raw(self).cast_mut()
    }

    unsafe fn from_raw(raw: *mut T) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Arc::from_raw(raw) }
    }
}

/// A place for a `P`.
#[derive(Debug)]
pub(crate) struct Slot<P: Owning>(AtomicPtr<P::Target>, PhantomData<P>);

impl<P: Owning> Default for Slot<P> {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()), PhantomData)
    }
}

impl<P: Owning> Slot<P> {
    /// Puts a value in. Gives back what was there.
    #[inline]
    pub(crate) fn put(&self, value: P) -> Option<P> {
        self.swap(value.into_raw())
    }

    /// Takes out what is there.
    #[inline]
    pub(crate) fn take(&self) -> Option<P> {
        // OPTIMIZATION: most looks find nothing.
        self.is_full().then(|| self.swap(ptr::null_mut())).flatten()
    }

    /// Whether there is anything.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        !self.0.load(Ordering::Relaxed).is_null()
    }

    #[inline]
    fn swap(&self, raw: *mut P::Target) -> Option<P> {
        let before = self.0.swap(raw, Ordering::AcqRel);
        // SAFETY: only `put` puts in what is not null, and whoever has swapped it out is the only one that has it.
        (!before.is_null()).then(|| unsafe { P::from_raw(before) })
    }
}

impl<P: Owning> Drop for Slot<P> {
    fn drop(&mut self) {
        self.swap(ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
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
