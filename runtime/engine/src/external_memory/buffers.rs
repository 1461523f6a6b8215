//! Array buffers, and strings outside of V8's heap.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

use super::Account;
use super::reservation::{has_room, take};
use super::samples;
use crate::state::State;

/// An `ArrayBuffer` over these bytes, which move into it without a copy and count against the isolate's limit until the last
/// owner of the memory is gone. `None` if they do not fit, also after a collection.
pub fn array_buffer<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::ArrayBuffer>> {
    let account = State::from_scope(scope).account();
    let length = bytes.len();
    let mut bytes = bytes.into_boxed_slice();
    samples::forget(bytes.as_mut_ptr());
    if !take(scope, length, || account.try_adopt(length)) {
        return None;
    }
    let data = Box::into_raw(bytes);
    let account = Arc::into_raw(account.clone());
    // SAFETY: `release` takes back what both pointers own, once.
    let store = unsafe {
        v8::ArrayBuffer::new_backing_store_from_ptr(
            data.cast(),
            length,
            release,
            account.cast_mut().cast(),
        )
    };
    Some(v8::ArrayBuffer::with_backing_store(
        scope,
        &store.make_shared(),
    ))
}

/// Frees what [`array_buffer`] made; on any thread, and maybe after the isolate is gone.
unsafe extern "C" fn release(data: *mut c_void, length: usize, account: *mut c_void) {
    // SAFETY: `array_buffer` gave V8 the parts of a box and of an `Arc`, and V8 calls this once.
    let (bytes, account) = unsafe {
        (
            Box::from_raw(std::ptr::slice_from_raw_parts_mut(
                data.cast::<u8>(),
                length,
            )),
            Arc::from_raw(account.cast_const().cast::<Account>()),
        )
    };
    drop(bytes);
    account.give_back(length);
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
    bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::String>> {
    external_string(scope, bytes).map(|(string, _)| string)
}

/// A string of a text outside of V8's heap, as above, and where its characters are: one or two bytes each. They are there for as
/// long as the string is.
pub(crate) fn text_string<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: &str,
) -> Option<(v8::Local<'s, v8::String>, NonNull<[u8]>)> {
    if text.chars().all(|character| character <= '\u{ff}') {
        let length = text.chars().count();
        if !has_room(scope, length) {
            return None;
        }
        let mut bytes = Vec::with_capacity(length + size_of::<Tail>());
        bytes.extend(text.chars().map(|character| character as u8));
        external_string(scope, bytes)
    } else {
        let length = text.encode_utf16().count();
        if !has_room(scope, length * size_of::<u16>()) {
            return None;
        }
        let mut units = Vec::with_capacity(length + size_of::<Tail>());
        units.extend(text.encode_utf16());
        external_string(scope, units)
    }
}

/// How V8 stores characters.
trait Unit: Copy {
    /// # Safety
    /// As of V8's function: `release` frees the characters.
    unsafe fn string<'s>(
        scope: &v8::PinScope<'s, '_>,
        data: *mut Self,
        length: usize,
    ) -> Option<v8::Local<'s, v8::String>>;
}

impl Unit for u8 {
    unsafe fn string<'s>(
        scope: &v8::PinScope<'s, '_>,
        data: *mut u8,
        length: usize,
    ) -> Option<v8::Local<'s, v8::String>> {
        unsafe extern "C" fn release(data: *mut std::ffi::c_char, length: usize) {
            // SAFETY: the caller's promise.
            unsafe { release_string::<u8>(data.cast(), length) }
        }
        // SAFETY: the caller's promise.
        unsafe { v8::String::new_external_onebyte_raw(scope, data.cast(), length, release) }
    }
}

impl Unit for u16 {
    unsafe fn string<'s>(
        scope: &v8::PinScope<'s, '_>,
        data: *mut u16,
        length: usize,
    ) -> Option<v8::Local<'s, v8::String>> {
        // SAFETY: the caller's promise.
        unsafe { v8::String::new_external_twobyte_raw(scope, data, length, release_string::<u16>) }
    }
}

fn external_string<'s, T: Unit>(
    scope: &mut v8::PinScope<'s, '_>,
    mut units: Vec<T>,
) -> Option<(v8::Local<'s, v8::String>, NonNull<[u8]>)> {
    let length = units.len();
    if length == 0 {
        return Some((v8::String::empty(scope), NonNull::from_ref(&[])));
    }
    let bytes = length * size_of::<T>();
    let account = State::from_scope(scope).account();
    if length > v8::String::MAX_LENGTH {
        return None;
    }
    units.reserve_exact(size_of::<Tail>());
    samples::forget(units.as_mut_ptr().cast());
    if !take(scope, bytes, || account.try_adopt(bytes)) {
        return None;
    }
    let mut units = ManuallyDrop::new(units);
    let tail = Tail {
        capacity: units.capacity(),
        account: Arc::into_raw(account.clone()),
    };
    let data = units.as_mut_ptr();
    // SAFETY: there was room made for it.
    unsafe { data.add(length).cast::<Tail>().write_unaligned(tail) };
    // SAFETY: the characters are the string's alone, and `release_string` frees them.
    let string = unsafe { T::string(scope, data, length) };
    // V8 takes every string that is not too long; the characters of another one would be lost.
    debug_assert!(string.is_some());
    let data = NonNull::slice_from_raw_parts(NonNull::new(data.cast())?, bytes);
    string.map(|string| (string, data))
}

/// What it takes to free a string's memory, behind its characters.
struct Tail {
    /// Of the vector that it was.
    capacity: usize,
    /// An `Arc`'s.
    account: *const Account,
}

/// Frees what [`external_string`] made.
unsafe extern "C" fn release_string<T>(data: *mut T, length: usize) {
    // SAFETY: `external_string` gave V8 the parts of a vector with a tail behind its elements, and V8 calls this once.
    let (units, account) = unsafe {
        let tail = data.add(length).cast::<Tail>().read_unaligned();
        (
            Vec::from_raw_parts(data, length, tail.capacity),
            Arc::from_raw(tail.account),
        )
    };
    drop(units);
    account.give_back(length * size_of::<T>());
}

static VTABLE: v8::RustAllocatorVtable<Account> = v8::RustAllocatorVtable {
    allocate: allocate_zeroed,
    allocate_uninitialized,
    free,
    drop: drop_account,
};

/// The allocator of array buffers that charges `account`.
pub(crate) fn allocator(account: Arc<Account>) -> v8::UniqueRef<v8::Allocator> {
    // SAFETY: the handle is an `Arc` that `drop_account` takes back, and the table is written for `Account`.
    unsafe { v8::new_rust_allocator(Arc::into_raw(account), &VTABLE) }
}

unsafe extern "C" fn allocate_zeroed(account: &Account, len: usize) -> *mut c_void {
    // The allocator itself, not the C library's name for it: buffers have a count of their own.
    // SAFETY: `calloc` has no preconditions; null is how V8 learns of failure.
    charged(account, len, || unsafe {
        tikv_jemalloc_sys::calloc(len.max(1), 1)
    })
}

unsafe extern "C" fn allocate_uninitialized(account: &Account, len: usize) -> *mut c_void {
    // SAFETY: as above; V8 writes before it shows the memory to scripts.
    charged(account, len, || unsafe {
        tikv_jemalloc_sys::malloc(len.max(1))
    })
}

fn charged(account: &Account, len: usize, allocate: impl FnOnce() -> *mut c_void) -> *mut c_void {
    if !account.try_take(len) {
        account.note_refusal();
        account.note_shortage(len);
        return std::ptr::null_mut();
    }
    account.note_room(len);
    let data = allocate();
    if data.is_null() {
        account.give_back(len);
    }
    data
}

unsafe extern "C" fn free(account: &Account, data: *mut c_void, len: usize) {
    account.give_back(len);
    // SAFETY: V8 frees what `allocate*` gave it, once.
    unsafe { tikv_jemalloc_sys::free(data) };
}

unsafe extern "C" fn drop_account(account: *const Account) {
    // SAFETY: the pointer came from `Arc::into_raw` in `allocator`.
    drop(unsafe { Arc::from_raw(account) });
}
