//! The process's allocator, which can be told to refuse large buffers of bytes.
//!
//! It is jemalloc (for Rust's memory, not V8's): what one thread allocates another frees, for each request, and glibc's takes
//! locks and gives pages back for that. A sixth less CPU time per request, for 0.1 MB more per idle app.
//!
//! `structuredClone(new Array(1e6).fill(long))` writes the same string a million times: V8's serializer asks for ever larger
//! buffers, and neither a termination nor a limit of V8's stops it. The `v8` crate gets them from Rust's allocator, and V8 takes
//! null for an answer (it throws). So this is where one serialization is bounded: [`Bound`].

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

use tikv_jemallocator::Jemalloc;

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

// SAFETY: what is not refused is jemalloc's; refusing is allowed.
unsafe impl GlobalAlloc for Bounded {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout, layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { Jemalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, data: *mut u8, layout: Layout) {
        if layout.size() > LARGE && layout.align() == 1 {
            // The `v8` crate frees a buffer that was refused more room with the size that it did not get.
            // SAFETY: the memory is jemalloc's, by the caller's promise; this way it does not look at a size.
            return unsafe { tikv_jemalloc_sys::dallocx(data.cast(), 0) };
        }
        // SAFETY: the caller's promise.
        unsafe { Jemalloc.dealloc(data, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(layout, size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { Jemalloc.realloc(data, layout, size) }
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
