//! The memory of one isolate: V8's heap, array buffers and native memory, under one limit.
//!
//! * V8 limits its own heap.
//! * Array buffers live outside of it and are counted here, by the allocator that V8 asks for them, and by [`array_buffer`]
//!   for those that native code makes; so do the characters of [`one_byte_string`]. One that does not fit makes V8 collect garbage and ask again, and then throw a
//!   `RangeError`.
//! * Native memory that may leave the isolate's thread, as bodies do, is counted by [`Charge`]; what stays on it, by
//!   [`crate::native_memory`].
//! * What C and C++ code takes for it is counted by [`crate::malloc`].
//!
//! The sum is checked at full collections, whenever native memory has grown, and between turns (see [`crate::isolate`]).

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::limits::MIB;
use crate::malloc::Account;
use crate::state::State;
use crate::{memory_watch, native_memory};

/// What C and C++ code may hold beyond the limit before `malloc` refuses it memory. Compiling the largest regular expressions
/// takes as much, for a moment; see [`crate::malloc`].
const FOREIGN_SLACK: usize = 256 * MIB;

/// Counts the bytes that one isolate has outside of V8's heap against its limit. Outlives the isolate if buffers do.
#[derive(Debug, Default)]
pub struct Quota {
    limit: usize,
    buffers: AtomicUsize,
    /// What V8 does not see.
    native: AtomicUsize,
    heap: AtomicUsize,
    weights: native_memory::Account,
    foreign: Account,
    /// Mappings of memory for buffers, and the address space that they take; see [`crate::mappings`].
    pub(crate) mappings: AtomicUsize,
    pub(crate) mapped: AtomicUsize,
    /// Whether the allocator has refused a buffer since the last look.
    refused: AtomicBool,
    /// Whether none of the isolate's JavaScript may run any more. Here, as every callback looks at it.
    terminated: AtomicBool,
}

impl Quota {
    /// A quota of `limit` bytes, none of them used.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            foreign: Account::new(
                limit.saturating_add(memory_watch::SLACK),
                limit.saturating_add(FOREIGN_SLACK),
            ),
            ..Self::default()
        }
    }

    /// Takes `bytes` for a buffer, or nothing if they do not fit beside the rest.
    fn try_take(&self, bytes: usize) -> bool {
        self.try_add(&self.buffers, bytes, self.native())
    }

    fn give_back(&self, bytes: usize) {
        self.buffers.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn try_take_native(&self, bytes: usize) -> bool {
        self.try_add(&self.native, bytes, self.buffers())
    }

    fn try_add(&self, count: &AtomicUsize, bytes: usize, other: usize) -> bool {
        let taken = self.heap() + other + self.weights.held() + self.foreign.held();
        let room = self.for_buffers().saturating_sub(taken);
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= room)
            })
            .is_ok()
    }

    /// The limit without a part for what the heap grows between two looks at it: an app that is short of memory had better see
    /// a `RangeError` than be ended.
    fn for_buffers(&self) -> usize {
        self.limit - self.limit / 16
    }

    /// Whether so many bytes fit beside what is in use.
    fn has_room(&self, bytes: usize) -> bool {
        self.held().saturating_add(bytes) <= self.for_buffers()
    }

    pub(crate) fn terminate(&self) {
        self.terminated.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    /// Bytes of buffers in use.
    pub fn buffers(&self) -> usize {
        self.buffers.load(Ordering::Relaxed)
    }

    /// Bytes of [`Charge`]s.
    pub fn native(&self) -> usize {
        self.native.load(Ordering::Relaxed)
    }

    /// Bytes of V8's heap in use, as of the last full collection.
    pub fn heap(&self) -> usize {
        self.heap.load(Ordering::Relaxed)
    }

    /// What native objects and running native functions hold on the isolate's thread.
    pub(crate) fn weights(&self) -> &native_memory::Account {
        &self.weights
    }

    /// What C and C++ code holds for the isolate.
    pub fn foreign(&self) -> &Account {
        &self.foreign
    }

    /// All bytes that are known, wherever they are.
    pub(crate) fn held(&self) -> usize {
        let native = self.native() + self.weights.held() + self.foreign.held();
        self.heap() + self.buffers() + native
    }

    /// The limit of all together.
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn set_heap(&self, bytes: usize) {
        self.heap.store(bytes, Ordering::Relaxed);
    }

    /// Notes that V8 was refused memory for a buffer: before it gives up on that it will ask for more heap.
    pub(crate) fn note_refusal(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether V8 may be out of memory only because it was refused a buffer. Tells once.
    pub(crate) fn take_refusal(&self) -> bool {
        self.refused.swap(false, Ordering::Relaxed)
    }
}

/// A part of an isolate's memory that V8 does not see. Dropping it, on any thread, gives it back.
#[derive(Debug)]
pub struct Charge {
    quota: Arc<Quota>,
    bytes: usize,
}

impl Charge {
    /// A charge of nothing yet.
    pub fn new(quota: Arc<Quota>) -> Charge {
        Charge { quota, bytes: 0 }
    }

    /// A charge of so many bytes, after a collection if need be; `None` if they do not fit. On the isolate's thread.
    pub fn take(scope: &mut v8::PinScope, bytes: usize) -> Option<Charge> {
        let mut charge = Charge::new(State::from_scope(scope).quota().clone());
        take(scope, || charge.try_grow(bytes)).then_some(charge)
    }

    /// Adds so many bytes, or nothing and `false` if they do not fit: collect garbage and ask again.
    #[must_use]
    pub fn try_grow(&mut self, bytes: usize) -> bool {
        let fits = self.quota.try_take_native(bytes);
        if fits {
            self.bytes += bytes;
        }
        fits
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.quota.native.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Tries to take memory; collects garbage where it does not fit, and tries again.
fn take(scope: &mut v8::PinScope, mut attempt: impl FnMut() -> bool) -> bool {
    attempt() || {
        scope.low_memory_notification();
        attempt()
    }
}

/// Less than this is not worth a look at the limit before it is taken.
const LARGE: usize = 1 << 20;

/// Whether the isolate may have so many bytes more, after a collection if need be. Native code asks before it takes memory whose
/// size is an app's wish: what does not fit must never be taken, not even for a moment.
pub fn has_room(scope: &mut v8::PinScope, bytes: usize) -> bool {
    let quota = State::from_scope(scope).quota();
    bytes < LARGE || take(scope, || quota.has_room(bytes))
}

/// An `ArrayBuffer` over these bytes, which move into it without a copy and count against the isolate's limit until the last
/// owner of the memory is gone. `None` if they do not fit, also after a collection.
pub fn array_buffer<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::ArrayBuffer>> {
    let quota = State::from_scope(scope).quota();
    let length = bytes.len();
    if !take(scope, || quota.try_take(length)) {
        return None;
    }
    let data = Box::into_raw(bytes.into_boxed_slice());
    let quota = Arc::into_raw(quota.clone());
    // SAFETY: `release` takes back what both pointers own, once.
    let store = unsafe {
        v8::ArrayBuffer::new_backing_store_from_ptr(
            data.cast(),
            length,
            release,
            quota.cast_mut().cast(),
        )
    };
    Some(v8::ArrayBuffer::with_backing_store(
        scope,
        &store.make_shared(),
    ))
}

/// Frees what [`array_buffer`] made; on any thread, and maybe after the isolate is gone.
unsafe extern "C" fn release(data: *mut c_void, length: usize, quota: *mut c_void) {
    // SAFETY: `array_buffer` gave V8 the parts of a box and of an `Arc`, and V8 calls this once.
    let (bytes, quota) = unsafe {
        (
            Box::from_raw(std::ptr::slice_from_raw_parts_mut(
                data.cast::<u8>(),
                length,
            )),
            Arc::from_raw(quota.cast_const().cast::<Quota>()),
        )
    };
    drop(bytes);
    quota.give_back(length);
}

/// The memory of an array buffer that scripts have no more. It counts as a buffer until it is dropped, on any thread.
pub struct TakenBuffer {
    store: v8::SharedRef<v8::BackingStore>,
    offset: usize,
    length: usize,
}

// SAFETY: the buffer is detached, so this value alone reaches the memory, and V8 lets stores be freed on any thread, by an allocator
// that is made for it.
unsafe impl Send for TakenBuffer {}

impl TakenBuffer {
    /// Takes the part that the view shows, and detaches its buffer. `None` if the buffer cannot be detached, or most of it is not
    /// in the view: it would be kept for long because of a few bytes.
    pub fn of(
        scope: &mut v8::PinScope,
        view: v8::Local<v8::ArrayBufferView>,
    ) -> Option<TakenBuffer> {
        let (offset, length) = (view.byte_offset(), view.byte_length());
        let buffer = view.buffer(scope)?;
        let store = buffer.get_backing_store();
        let is_plain = !store.is_shared() && !store.is_resizable_by_user_javascript();
        if !is_plain || length < buffer.byte_length() / 2 || !buffer.is_detachable() {
            return None;
        }
        buffer.detach(None)?;
        Some(TakenBuffer {
            store,
            offset,
            length,
        })
    }
}

impl AsRef<[u8]> for TakenBuffer {
    fn as_ref(&self) -> &[u8] {
        let Some(data) = self.store.data().filter(|_| self.length > 0) else {
            return &[];
        };
        // SAFETY: the view was within the buffer, whose length cannot change, and nobody writes to it any more.
        unsafe {
            std::slice::from_raw_parts(data.cast::<u8>().as_ptr().add(self.offset), self.length)
        }
    }
}

/// A string of these bytes, which are its characters, U+0000 to U+00FF. They move into it without a copy and count against the
/// isolate's limit until it is collected. `None` if they do not fit, also after a collection, or are more than V8's longest string.
///
/// The vector had better have some room to spare, for what is needed to free it.
pub fn one_byte_string<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    mut bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::String>> {
    let length = bytes.len();
    if length == 0 {
        return Some(v8::String::empty(scope));
    }
    let quota = State::from_scope(scope).quota();
    if length > v8::String::MAX_LENGTH || !take(scope, || quota.try_take(length)) {
        return None;
    }
    bytes.reserve_exact(size_of::<Tail>());
    let mut bytes = ManuallyDrop::new(bytes);
    let tail = Tail {
        capacity: bytes.capacity(),
        quota: Arc::into_raw(quota.clone()),
    };
    let data = bytes.as_mut_ptr();
    // SAFETY: there was room made for it.
    unsafe { data.add(length).cast::<Tail>().write_unaligned(tail) };
    // SAFETY: the bytes are the string's alone, and `release_string` frees them.
    let string =
        unsafe { v8::String::new_external_onebyte_raw(scope, data.cast(), length, release_string) };
    // V8 takes every string that is not too long; the bytes of another one would be lost.
    debug_assert!(string.is_some());
    string
}

/// What it takes to free a string's memory, behind its characters.
struct Tail {
    /// Of the vector that it was.
    capacity: usize,
    /// An `Arc`'s.
    quota: *const Quota,
}

/// Frees what [`one_byte_string`] made.
unsafe extern "C" fn release_string(data: *mut std::ffi::c_char, length: usize) {
    let data = data.cast::<u8>();
    // SAFETY: `one_byte_string` gave V8 the parts of a vector with a tail behind its elements, and V8 calls this once.
    let (bytes, quota) = unsafe {
        let tail = data.add(length).cast::<Tail>().read_unaligned();
        (
            Vec::from_raw_parts(data, length, tail.capacity),
            Arc::from_raw(tail.quota),
        )
    };
    drop(bytes);
    quota.give_back(length);
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
    // The allocator itself, not the C library's name for it: buffers have a count of their own.
    // SAFETY: `calloc` has no preconditions; null is how V8 learns of failure.
    charged(quota, len, || unsafe {
        tikv_jemalloc_sys::calloc(len.max(1), 1)
    })
}

unsafe extern "C" fn allocate_uninitialized(quota: &Quota, len: usize) -> *mut c_void {
    // SAFETY: as above; V8 writes before it shows the memory to scripts.
    charged(quota, len, || unsafe {
        tikv_jemalloc_sys::malloc(len.max(1))
    })
}

fn charged(quota: &Quota, len: usize, allocate: impl FnOnce() -> *mut c_void) -> *mut c_void {
    if !quota.try_take(len) {
        quota.note_refusal();
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
    unsafe { tikv_jemalloc_sys::free(data) };
}

unsafe extern "C" fn drop_quota(quota: *const Quota) {
    // SAFETY: the pointer came from `Arc::into_raw` in `allocator`.
    drop(unsafe { Arc::from_raw(quota) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heap_buffers_and_native_memory_share_the_limit() {
        let quota = Arc::new(Quota::new(106));
        assert!(quota.try_take(60));
        assert!(!quota.try_take(41));
        quota.set_heap(20);
        assert!(!quota.try_take(21));
        let mut charge = Charge::new(quota.clone());
        assert!(!charge.try_grow(21));
        assert!(charge.try_grow(10));
        assert!(!quota.try_take(11));
        assert!(quota.try_take(10));
        assert_eq!((quota.buffers(), quota.native()), (70, 10));
        drop(charge);
        quota.give_back(70);
        assert_eq!((quota.buffers(), quota.native()), (0, 0));
        assert!(!quota.try_take(usize::MAX));
        quota.set_heap(20);
        assert!(quota.has_room(80));
        assert!(!quota.has_room(81));
        assert!(!quota.has_room(usize::MAX));
    }
}
