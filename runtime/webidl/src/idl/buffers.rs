//! Buffers and views, <https://webidl.spec.whatwg.org/#js-buffer-source-types>.
//!
//! Bytes are read while nothing else can run, or copied: script may detach, shrink or rewrite a buffer at any later time. Whoever
//! looks at them lends the scope for that time, without which no script runs, and nobody looks at other bytes, which may be the
//! same.

use std::marker::PhantomData;

use nano_engine::{external_memory, text};

use super::{FromJs, Idl, ToJs};
use crate::{Fallible, Scope, Value, range_error, require_room, type_error};

/// Bytes of the app's: a buffer or a view on one.
#[derive(Clone, Copy)]
pub enum Bytes<'s> {
    /// `ArrayBuffer`
    Buffer(v8::Local<'s, v8::ArrayBuffer>),
    /// `SharedArrayBuffer`
    Shared(v8::Local<'s, v8::SharedArrayBuffer>),
    /// `DataView` and typed arrays
    View(v8::Local<'s, v8::ArrayBufferView>),
}

impl<'s> Bytes<'s> {
    /// Number of bytes; 0 where the buffer is detached.
    pub fn len(&self) -> usize {
        match self {
            Bytes::Buffer(buffer) => buffer.byte_length(),
            Bytes::Shared(buffer) => buffer.byte_length(),
            Bytes::View(view) => view.byte_length(),
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// <https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy>
    ///
    /// # Errors
    /// A `RangeError` if the copy does not fit into the isolate's memory limit.
    pub fn to_vec(&self, scope: &mut Scope) -> Fallible<Vec<u8>> {
        require_room(scope, self.len())?;
        Ok(self.read(scope, <[u8]>::to_vec))
    }

    /// Reads the bytes where they are.
    pub fn read<R>(&self, _lent: &mut Scope, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: nobody else has a scope until `read` returns.
        read(unsafe { self.slice() })
    }

    /// Reads the bytes where they are, into strings.
    pub fn read_strings<'r, R>(
        &self,
        lent: &mut Scope<'r, '_>,
        read: impl FnOnce(&mut Strings<'_, 'r, '_>, &[u8]) -> R,
    ) -> R {
        // SAFETY: nobody else has a scope until `read` returns, and strings are made without running any script.
        read(&mut Strings(lent), unsafe { self.slice() })
    }

    /// Writes into the bytes where they are.
    pub fn write<R>(&self, _lent: &mut Scope, write: impl FnOnce(&mut [u8]) -> R) -> R {
        // SAFETY: nobody else has a scope until `write` returns.
        write(unsafe { self.slice_mut() })
    }

    /// Writes a string's code points as UTF-8, as many as fit; lone surrogates become U+FFFD. Gives how many code units were read,
    /// and how many bytes were written.
    pub fn write_utf8(
        &self,
        scope: &mut Scope<'s, '_>,
        text: v8::Local<'s, v8::String>,
    ) -> (usize, usize) {
        // SAFETY: V8 writes, and runs no script meanwhile.
        let room = unsafe { self.slice_mut() };
        let mut read = 0;
        let flags = v8::WriteFlags::kReplaceInvalidUtf8;
        let written = text.write_utf8_v2(scope, room, flags, Some(&mut read));
        (read, written)
    }

    /// # Safety
    /// Until the slice is gone no script runs, and nobody has another slice of the buffer to write to.
    unsafe fn slice<'a>(&self) -> &'a [u8] {
        match self.data() {
            None => &[],
            // SAFETY: the range is the buffer's own for as long as no JavaScript runs, by the caller's promise. Of a shared buffer
            // no other thread has a part: Atomics.wait is off and buffers do not leave their isolate while they are shared.
            Some((data, length)) => unsafe { std::slice::from_raw_parts(data, length) },
        }
    }

    /// # Safety
    /// Until the slice is gone no script runs, and nobody has another slice of the buffer.
    unsafe fn slice_mut<'a>(&self) -> &'a mut [u8] {
        match self.data() {
            None => &mut [],
            // SAFETY: as in `slice`; and it is the only one, by the caller's promise.
            Some((data, length)) => unsafe { std::slice::from_raw_parts_mut(data, length) },
        }
    }

    fn data(&self) -> Option<(*mut u8, usize)> {
        let data = match self {
            Bytes::Buffer(buffer) => buffer.data().map(std::ptr::NonNull::as_ptr),
            Bytes::Shared(buffer) => buffer
                .get_backing_store()
                .data()
                .map(std::ptr::NonNull::as_ptr),
            Bytes::View(view) => Some(view.data()),
        };
        let length = self.len();
        data.filter(|data| !data.is_null() && length > 0)
            .map(|data| (data.cast(), length))
    }

    /// The JavaScript object.
    pub fn value(&self) -> Value<'s> {
        match *self {
            Bytes::Buffer(buffer) => buffer.into(),
            Bytes::Shared(buffer) => buffer.into(),
            Bytes::View(view) => view.into(),
        }
    }
}

/// A scope that can make strings, and run nothing.
pub struct Strings<'a, 's, 'i>(&'a mut Scope<'s, 'i>);

impl<'a, 's, 'i> Strings<'a, 's, 'i> {
    /// Lends a scope.
    pub fn new(scope: &'a mut Scope<'s, 'i>) -> Self {
        Strings(scope)
    }

    /// A string of UTF-8, in which malformed sequences are replaced; `None` if it is longer than the longest possible string, or
    /// does not fit into the isolate's memory limit.
    pub fn utf8(&mut self, bytes: &[u8]) -> Option<v8::Local<'s, v8::String>> {
        text::utf8(self.0, bytes)
    }

    /// A string of Latin-1, as [`utf8`](Self::utf8).
    pub fn one_byte(&mut self, bytes: &[u8]) -> Option<v8::Local<'s, v8::String>> {
        text::one_byte(self.0, bytes)
    }

    /// A string of code units, as [`utf8`](Self::utf8).
    pub fn two_byte(&mut self, units: &[u16]) -> Option<v8::Local<'s, v8::String>> {
        text::two_byte(self.0, units)
    }
}

/// A `Uint8Array` over these bytes, which move into it without a copy.
///
/// # Errors
/// As for [`array_buffer`].
pub fn uint8_array<'s>(
    scope: &mut Scope<'s, '_>,
    bytes: Vec<u8>,
) -> Fallible<v8::Local<'s, v8::Uint8Array>> {
    let buffer = array_buffer(scope, bytes)?;
    let length = buffer.byte_length();
    v8::Uint8Array::new(scope, buffer, 0, length)
        .ok_or_else(|| range_error("Invalid typed array length"))
}

/// An `ArrayBuffer` over these bytes, which move into it without a copy.
///
/// # Errors
/// A `RangeError` as V8's own, if they do not fit into the isolate's memory limit.
pub fn array_buffer<'s>(
    scope: &mut Scope<'s, '_>,
    bytes: Vec<u8>,
) -> Fallible<v8::Local<'s, v8::ArrayBuffer>> {
    external_memory::array_buffer(scope, bytes)
        .ok_or_else(|| range_error("Array buffer allocation failed"))
}

/// Which values a buffer type takes.
pub trait BufferKind {
    /// The IDL name.
    const NAME: &'static str;
    /// Whether the value is of the type, leaving aside whether its buffer is shared.
    fn accepts(value: Value) -> bool;
}

macro_rules! kinds {
    ($($name:ident($js:literal): |$value:ident| $accepts:expr;)*) => {$(
        #[doc = concat!("`", $js, "`")]
        pub struct $name;

        impl BufferKind for $name {
            const NAME: &'static str = $js;

            fn accepts($value: Value) -> bool {
                $accepts
            }
        }

        impl Idl for $name {
            type Native<'s> = Bytes<'s>;
        }

        impl FromJs for $name {
            fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Bytes<'s>> {
                convert::<$name>(scope, value, false)
            }
        }

        impl ToJs for $name {
            fn to_js<'s>(_: &mut Scope<'s, '_>, value: Bytes<'s>) -> Fallible<Value<'s>> {
                Ok(value.value())
            }
        }
    )*};
}

kinds! {
    ArrayBuffer("ArrayBuffer"): |v| v.is_array_buffer();
    SharedArrayBuffer("SharedArrayBuffer"): |v| v.is_shared_array_buffer();
    DataView("DataView"): |v| v.is_data_view();
    Int8Array("Int8Array"): |v| v.is_int8_array();
    Int16Array("Int16Array"): |v| v.is_int16_array();
    Int32Array("Int32Array"): |v| v.is_int32_array();
    Uint8Array("Uint8Array"): |v| v.is_uint8_array();
    Uint16Array("Uint16Array"): |v| v.is_uint16_array();
    Uint32Array("Uint32Array"): |v| v.is_uint32_array();
    Uint8ClampedArray("Uint8ClampedArray"): |v| v.is_uint8_clamped_array();
    BigInt64Array("BigInt64Array"): |v| v.is_big_int64_array();
    BigUint64Array("BigUint64Array"): |v| v.is_big_uint64_array();
    Float16Array("Float16Array"): |v| is_float16_array(v);
    Float32Array("Float32Array"): |v| v.is_float32_array();
    Float64Array("Float64Array"): |v| v.is_float64_array();
    ArrayBufferView("ArrayBufferView"): |v| v.is_array_buffer_view();
    BufferSource("BufferSource"): |v| v.is_array_buffer_view() || v.is_array_buffer();
}

/// The crate has no test for it: a typed array that is none of the others.
fn is_float16_array(value: Value) -> bool {
    value.is_typed_array()
        && !(value.is_int8_array()
            || value.is_uint8_array()
            || value.is_uint8_clamped_array()
            || value.is_int16_array()
            || value.is_uint16_array()
            || value.is_int32_array()
            || value.is_uint32_array()
            || value.is_float32_array()
            || value.is_float64_array()
            || value.is_big_int64_array()
            || value.is_big_uint64_array())
}

fn convert<'s, T: BufferKind>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    allow_shared: bool,
) -> Fallible<Bytes<'s>> {
    if let Ok(shared) = v8::Local::<v8::SharedArrayBuffer>::try_from(value) {
        let wanted = T::accepts(value) || (allow_shared && T::NAME == "BufferSource");
        return if wanted {
            Ok(Bytes::Shared(shared))
        } else {
            Err(not_a::<T>())
        };
    }
    if !T::accepts(value) {
        let error = not_a::<T>();
        return Err(match value.is_string() {
            true => {
                error.with("a text is no bytes; new TextEncoder().encode(text) makes some of it")
            }
            false => error,
        });
    }
    // `[AllowResizable]` is on none of our types: a resizable buffer is refused by the store's own flag.
    if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
        if let Some(store) = view.get_backing_store() {
            check_store(&store, allow_shared)?;
        }
        return Ok(Bytes::View(view));
    }
    let buffer: v8::Local<v8::ArrayBuffer> = value.try_into().map_err(|_| not_a::<T>())?;
    let _ = scope;
    if !buffer.was_detached() {
        check_store(&buffer.get_backing_store(), allow_shared)?;
    }
    Ok(Bytes::Buffer(buffer))
}

fn check_store(store: &v8::BackingStore, allow_shared: bool) -> Fallible<()> {
    if store.is_shared() && !allow_shared {
        return Err(type_error(
            "is a view on a SharedArrayBuffer, which is not allowed here.",
        ));
    }
    if store.is_resizable_by_user_javascript() {
        return Err(type_error(
            "is backed by a resizable buffer, which is not allowed here.",
        ));
    }
    Ok(())
}

fn not_a<T: BufferKind>() -> crate::Error {
    type_error(format!("is not of type '{}'.", T::NAME))
}

/// `[AllowShared] T`
pub struct AllowShared<T>(PhantomData<T>);

impl<T: BufferKind> Idl for AllowShared<T> {
    type Native<'s> = Bytes<'s>;
}

impl<T: BufferKind> FromJs for AllowShared<T> {
    fn from_js<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Bytes<'s>> {
        convert::<T>(scope, value, true)
    }
}

impl<T: BufferKind> ToJs for AllowShared<T> {
    fn to_js<'s>(_: &mut Scope<'s, '_>, value: Bytes<'s>) -> Fallible<Value<'s>> {
        Ok(value.value())
    }
}
