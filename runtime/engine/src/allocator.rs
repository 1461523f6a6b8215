//! The process's allocator, which can be told to refuse one buffer more room.
//!
//! It is jemalloc (for Rust's memory, not V8's): what one thread allocates another frees, for each request, and glibc's takes
//! locks and gives pages back for that. A sixth less CPU time per request, for 0.1 MB more per idle app.
//!
//! `structuredClone(new Array(1e6).fill(long))` writes the same string a million times: V8's serializer asks for ever larger
//! buffers, and neither a termination nor a limit of V8's stops it. The `v8` crate gets them from Rust's allocator, and V8 takes
//! null for an answer (it throws). So this is where one serialization is bounded: [`Bound`]. Whatever else asks for memory
//! meanwhile gets it, as Rust code ends the process when it is refused: getters of the value run any code there is. Where that
//! begins another serialization, all that are under way have one bound together.
//!
//! It is also where Rust's memory is found that an isolate holds ([`samples`]).

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

use tikv_jemallocator::Jemalloc;

use crate::external_memory::malloc;
use crate::external_memory::samples::{self, Sample};
use crate::process_memory::headroom;

/// No buffer is refused as much as this.
const SMALLEST_BOUND: usize = 1 << 20;

/// In place of the address of a buffer: that of the next one.
const NEXT: *mut u8 = ptr::without_provenance_mut(1);

/// The buffer whose growth is bounded now on this thread, known by its address.
struct Watched {
    buffer: Cell<*mut u8>,
    sizes: Cell<Sizes>,
}

/// Of the watched buffer.
#[derive(Clone, Copy, Default)]
struct Sizes {
    bound: usize,
    /// Its bytes.
    own: usize,
    /// Those of the buffers whose bounds are around its own.
    outer: usize,
}

thread_local! {
    /// A call's, so the thread's: whatever else runs before the call returns may bound another buffer, and puts this one back.
    static WATCHED: Watched = const {
        Watched {
            buffer: Cell::new(ptr::null_mut()),
            sizes: Cell::new(Sizes { bound: 0, own: 0, outer: 0 }),
        }
    };
}

/// Bounds the growth of one buffer of bytes until it is dropped. Bounds of one thread nest.
#[must_use]
pub struct Bound {
    around: (*mut u8, Sizes),
}

impl Bound {
    /// No bound of this thread holds until this is dropped.
    pub(crate) fn lifted() -> Bound {
        WATCHED.with(|watched| Bound {
            around: (
                watched.buffer.replace(ptr::null_mut()),
                watched.sizes.take(),
            ),
        })
    }

    /// Bounds the first buffer of bytes that `allocate` gets: it is refused to grow beyond `bytes` and a mebibyte, less what those
    /// have whose bounds are around this one. `None` where they leave less than a mebibyte.
    pub fn of_first(bytes: usize, allocate: impl FnOnce()) -> Option<Bound> {
        WATCHED.with(|watched| {
            let sizes = watched.sizes.get();
            let outer = sizes.outer + sizes.own;
            let bound = bytes.max(SMALLEST_BOUND).saturating_sub(outer);
            // The first one has as much in any case.
            if bound < SMALLEST_BOUND {
                return None;
            }
            let own = 0;
            let inner = Sizes { bound, own, outer };
            let around = (watched.buffer.replace(NEXT), watched.sizes.replace(inner));
            let bound = Bound { around };
            allocate();
            if watched.buffer.get() == NEXT {
                watched.buffer.set(ptr::null_mut());
            }
            Some(bound)
        })
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        WATCHED.with(|watched| {
            watched.buffer.set(self.around.0);
            watched.sizes.set(self.around.1);
        });
    }
}

struct Bounded;

#[global_allocator]
static ALLOCATOR: Bounded = Bounded;

/// The buffer moves to where it has room, unless it is refused.
#[cold]
unsafe fn grow_watched(watched: &Watched, data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    let sizes = watched.sizes.get();
    if size > sizes.bound {
        return ptr::null_mut();
    }
    // SAFETY: the caller's promise.
    let moved = unsafe { reallocate(data, layout, size) };
    if !moved.is_null() {
        watched.buffer.set(moved);
        watched.sizes.set(Sizes { own: size, ..sizes });
    }
    moved
}

/// Where an isolate takes so many bytes more and they are many, its thread waits as long as the process has no room for them.
fn about_to_take(bytes: usize) {
    if bytes >= headroom::LARGE {
        // Rust code ends the process when it is refused memory; who can do without has asked before.
        let _ = malloc::with_current(|account| headroom::take(account, bytes));
    }
}

/// jemalloc's flags for a block of so many bytes that is noted.
fn flags(align: usize, bytes: usize) -> i32 {
    // A thread's cache would take ten pages for the first one that a small block is made.
    let is_small = bytes < 4 * samples::ALIGNMENT;
    let cache = if is_small {
        tikv_jemalloc_sys::MALLOCX_TCACHE_NONE
    } else {
        0
    };
    tikv_jemalloc_sys::MALLOCX_ALIGN(align.max(samples::ALIGNMENT)) | cache
}

/// Allocates a block that is due to be noted. All that are large come here.
#[cold]
unsafe fn allocate_noted(layout: Layout, zero: bool) -> *mut u8 {
    const { assert!(samples::LARGE <= headroom::LARGE) };
    about_to_take(layout.size());
    let Some(sample) = Sample::of(layout.size()) else {
        // SAFETY: the caller's promise.
        return unsafe {
            match zero {
                true => Jemalloc.alloc_zeroed(layout),
                false => Jemalloc.alloc(layout),
            }
        };
    };
    let zero = if zero {
        tikv_jemalloc_sys::MALLOCX_ZERO
    } else {
        0
    };
    // SAFETY: the size is not 0, by the caller's promise.
    let data = unsafe {
        tikv_jemalloc_sys::mallocx(layout.size(), flags(layout.align(), layout.size()) | zero)
    };
    sample.note(data.cast());
    data.cast()
}

/// Moves a block to where it has room. That counts as a new block.
#[inline]
unsafe fn reallocate(data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        if samples::is_due(size) {
            reallocate_noted(data, layout, size)
        } else {
            samples::forget(data);
            // It does not look at the size that the block has, which may be more than the layout says.
            Jemalloc.realloc(data, layout, size)
        }
    }
}

#[cold]
unsafe fn reallocate_noted(data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    about_to_take(size.saturating_sub(layout.size()));
    samples::forget(data);
    let Some(sample) = Sample::of(size) else {
        // SAFETY: the caller's promise.
        return unsafe { Jemalloc.realloc(data, layout, size) };
    };
    // SAFETY: the block is jemalloc's, and the size is not 0, by the caller's promise.
    let moved =
        unsafe { tikv_jemalloc_sys::rallocx(data.cast(), size, flags(layout.align(), size)) };
    sample.note(moved.cast());
    moved.cast()
}

// SAFETY: what is not refused is jemalloc's; refusing is allowed.
unsafe impl GlobalAlloc for Bounded {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let data = unsafe {
            match samples::is_due(layout.size()) {
                true => allocate_noted(layout, false),
                false => Jemalloc.alloc(layout),
            }
        };
        if layout.align() == 1 {
            WATCHED.with(|watched| {
                if watched.buffer.get() == NEXT {
                    watched.buffer.set(data);
                    let (own, sizes) = (layout.size(), watched.sizes.get());
                    watched.sizes.set(Sizes { own, ..sizes });
                }
            });
        }
        data
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            match samples::is_due(layout.size()) {
                true => allocate_noted(layout, true),
                false => Jemalloc.alloc_zeroed(layout),
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, data: *mut u8, layout: Layout) {
        if samples::may_be_noted(data) || layout.size() > SMALLEST_BOUND {
            samples::forget(data);
            // A block that was noted is larger than it had to be; and the `v8` crate frees a buffer that was refused more room with
            // the size that it did not get.
            // SAFETY: the memory is jemalloc's, by the caller's promise; this way it does not look at a size.
            return unsafe { tikv_jemalloc_sys::dallocx(data.cast(), 0) };
        }
        // SAFETY: the caller's promise.
        unsafe { Jemalloc.dealloc(data, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, data: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        WATCHED.with(|watched| {
            // SAFETY: the caller's promise.
            unsafe {
                if data == watched.buffer.get() {
                    grow_watched(watched, data, layout, size)
                } else {
                    reallocate(data, layout, size)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grows(buffer: &mut Vec<u8>, bytes: usize) -> bool {
        buffer.try_reserve_exact(bytes - buffer.len()).is_ok()
    }

    #[test]
    fn only_the_bounded_buffer_is_refused_and_only_under_its_bound() {
        let mut others = vec![vec![0_u8; 10]];
        let mut buffer = Vec::new();
        {
            let _bound = Bound::of_first(3 * SMALLEST_BOUND, || buffer.push(0_u8));
            others.push(vec![0_u8; 10]);
            // It is known wherever it goes.
            for bytes in [100, 10_000, SMALLEST_BOUND, 3 * SMALLEST_BOUND] {
                assert!(grows(&mut buffer, bytes));
            }
            assert!(!grows(&mut buffer, 3 * SMALLEST_BOUND + 1));
            for other in &mut others {
                assert!(grows(other, 8 * SMALLEST_BOUND));
            }
            assert!(
                Vec::<u8>::new()
                    .try_reserve_exact(8 * SMALLEST_BOUND)
                    .is_ok()
            );
        }
        assert!(grows(&mut buffer, 8 * SMALLEST_BOUND));
    }

    #[test]
    fn bounds_nest() {
        let (mut outer_buffer, mut inner_buffer) = (Vec::new(), Vec::new());
        let _outer = Bound::of_first(4 * SMALLEST_BOUND, || outer_buffer.push(0_u8));
        {
            let _inner = Bound::of_first(2 * SMALLEST_BOUND, || inner_buffer.push(0_u8));
            assert!(!grows(&mut inner_buffer, 3 * SMALLEST_BOUND));
        }
        assert!(grows(&mut inner_buffer, 8 * SMALLEST_BOUND));
        assert!(grows(&mut outer_buffer, 3 * SMALLEST_BOUND));
        assert!(!grows(&mut outer_buffer, 5 * SMALLEST_BOUND));
    }

    #[test]
    fn buffers_of_nested_bounds_share_one() {
        const ALL: usize = 4 * SMALLEST_BOUND;
        let (mut outer_buffer, mut inner_buffer) = (Vec::new(), Vec::new());
        let _outer = Bound::of_first(ALL, || outer_buffer.push(0_u8));
        assert!(grows(&mut outer_buffer, 2 * SMALLEST_BOUND));
        {
            let inner = Bound::of_first(ALL, || inner_buffer.push(0_u8));
            assert!(inner.is_some());
            assert!(!grows(&mut inner_buffer, 2 * SMALLEST_BOUND + 1));
            assert!(grows(&mut inner_buffer, 2 * SMALLEST_BOUND));
            assert!(Bound::of_first(ALL, || {}).is_none());
        }
        assert!(grows(&mut outer_buffer, ALL));
    }

    #[test]
    fn there_may_be_no_buffer() {
        let mut buffer = Vec::new();
        let _bound = Bound::of_first(1, || {});
        buffer.push(0_u8);
        assert!(grows(&mut buffer, 8 * SMALLEST_BOUND));
    }
}
