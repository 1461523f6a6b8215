//! The memory of one isolate: V8's heap and array buffers, under one limit.
//!
//! V8 limits its own heap; array buffers live outside of it and are counted here, by the allocator that V8 asks for them.
//! A buffer that does not fit makes V8 collect garbage and ask again, and then throw a `RangeError`. The sum of both is
//! checked at full collections and between turns (see [`crate::isolate`]).

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Counts the bytes of one isolate's array buffers against its limit. Outlives the isolate if buffers do.
#[derive(Debug, Default)]
pub struct Quota {
    limit: usize,
    buffers: AtomicUsize,
    heap: AtomicUsize,
    /// Whether the allocator has refused a buffer since the last look.
    refused: AtomicBool,
}

impl Quota {
    /// A quota of `limit` bytes, none of them used.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Takes `bytes` for a buffer, or nothing if they do not fit beside the heap of the last collection.
    ///
    /// For native code that hands its own memory to V8 as a backing store; pair it with [`Quota::give_back`].
    #[must_use]
    pub fn try_take(&self, bytes: usize) -> bool {
        let room = self.limit.saturating_sub(self.heap.load(Ordering::Relaxed));
        self.buffers
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= room)
            })
            .is_ok()
    }

    /// Returns what [`Quota::try_take`] took.
    pub fn give_back(&self, bytes: usize) {
        self.buffers.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes of buffers in use.
    pub fn buffers(&self) -> usize {
        self.buffers.load(Ordering::Relaxed)
    }

    /// Bytes of V8's heap in use, as of the last full collection.
    pub fn heap(&self) -> usize {
        self.heap.load(Ordering::Relaxed)
    }

    /// The limit of both together.
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn set_heap(&self, bytes: usize) {
        self.heap.store(bytes, Ordering::Relaxed);
    }

    /// Whether V8 may be out of memory only because it was refused a buffer. Tells once.
    pub(crate) fn take_refusal(&self) -> bool {
        self.refused.swap(false, Ordering::Relaxed)
    }
}

static VTABLE: v8::RustAllocatorVtable<Quota> = v8::RustAllocatorVtable {
    allocate: allocate_zeroed,
    allocate_uninitialized,
    free,
    drop: drop_quota,
};

/// The allocator of array buffers that charges `quota`.
pub(crate) fn allocator(quota: Arc<Quota>) -> v8::UniqueRef<v8::Allocator> {
    // SAFETY: the handle is an `Arc` that `drop_quota` takes back, and the table is written for `Quota`.
    unsafe { v8::new_rust_allocator(Arc::into_raw(quota), &VTABLE) }
}

unsafe extern "C" fn allocate_zeroed(quota: &Quota, len: usize) -> *mut c_void {
    // SAFETY: `calloc` has no preconditions; null is how V8 learns of failure.
    charged(quota, len, || unsafe { libc::calloc(len.max(1), 1) })
}

unsafe extern "C" fn allocate_uninitialized(quota: &Quota, len: usize) -> *mut c_void {
    // SAFETY: as above; V8 writes before it shows the memory to scripts.
    charged(quota, len, || unsafe { libc::malloc(len.max(1)) })
}

fn charged(quota: &Quota, len: usize, allocate: impl FnOnce() -> *mut c_void) -> *mut c_void {
    if !quota.try_take(len) {
        quota.refused.store(true, Ordering::Relaxed);
        return std::ptr::null_mut();
    }
    let data = allocate();
    if data.is_null() {
        quota.give_back(len);
    }
    data
}

unsafe extern "C" fn free(quota: &Quota, data: *mut c_void, len: usize) {
    quota.give_back(len);
    // SAFETY: V8 frees what `allocate*` gave it, once.
    unsafe { libc::free(data) };
}

unsafe extern "C" fn drop_quota(quota: *const Quota) {
    // SAFETY: the pointer came from `Arc::into_raw` in `allocator`.
    drop(unsafe { Arc::from_raw(quota) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heap_and_buffers_share_the_limit() {
        let quota = Quota::new(100);
        assert!(quota.try_take(60));
        assert!(!quota.try_take(41));
        quota.set_heap(30);
        assert!(!quota.try_take(11));
        assert!(quota.try_take(10));
        quota.give_back(70);
        assert_eq!(quota.buffers(), 0);
        assert!(!quota.try_take(usize::MAX));
    }
}
