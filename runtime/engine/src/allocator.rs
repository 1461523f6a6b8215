//! The process's allocator: the system's, which can be told to refuse large buffers of bytes.
//!
//! `structuredClone(new Array(1e6).fill(long))` writes the same string a million times: V8's serializer asks for ever larger
//! buffers, and neither a termination nor a limit of V8's stops it. The `v8` crate gets them from Rust's allocator, and V8 takes
//! null for an answer (it throws). So this is where one serialization is bounded: [`Bound`]. (The crate then frees the buffer
//! that it has with the size that it did not get; the system's allocator does not look at it.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Smaller allocations are never refused, and cost nothing more than a comparison.
const LARGE: usize = 1 << 20;

thread_local! {
    /// The largest buffer of bytes that this thread gets.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Refuses larger buffers of bytes on this thread until it is dropped. Rust code ends the process when memory is refused, so
/// where any may run, there must be a bound of [`Bound::none`].
#[must_use]
pub struct Bound {
    outer: usize,
}

impl Bound {
    /// Refuses buffers that are larger than this, and than a mebibyte.
    pub fn at(bytes: usize) -> Bound {
        Bound {
            outer: LARGEST.replace(bytes),
        }
    }

    /// Refuses nothing: for what is called back while a bound is set.
    #[inline]
    pub fn none() -> Bound {
        Bound::at(usize::MAX)
    }
}

impl Drop for Bound {
    #[inline]
    fn drop(&mut self) {
        LARGEST.set(self.outer);
    }
}

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// The serializer's buffers have no alignment; most of what else a thread might allocate has.
#[inline]
fn is_refused(layout: Layout, size: usize) -> bool {
    size > LARGE && layout.align() == 1 && size > LARGEST.get()
}

// SAFETY: what is not refused is the system allocator's; refusing is allowed.
unsafe impl GlobalAlloc for Bounded {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout, layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, data: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(data, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(layout, size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(data, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_buffers_are_refused_and_only_under_a_bound() {
        let reserve = |bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
        assert!(reserve(8 * LARGE));
        {
            let _bound = Bound::at(2 * LARGE);
            assert!(reserve(2 * LARGE));
            assert!(!reserve(2 * LARGE + 1));
            let mut grown = vec![0_u8; LARGE];
            assert!(grown.try_reserve_exact(4 * LARGE).is_err());
            assert!(Vec::<u64>::new().try_reserve_exact(LARGE).is_ok());
            let _none = Bound::none();
            assert!(reserve(8 * LARGE));
        }
        assert!(reserve(8 * LARGE));
    }
}
