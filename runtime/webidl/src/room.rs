//! Room for what native code makes by an app's wish: asked for before it is made.
//!
//! Whatever joins, encodes or takes apart what an app gives may be many times as large: measure it first, then take the memory
//! from here.

use nano_engine::external_memory::{self, ExternalMemory};

use crate::{Error, Fallible, Scope, range_error};

/// Asks for so many bytes beside what the isolate has. Nothing is taken: what stays is reserved by whoever keeps it.
///
/// # Errors
/// A `RangeError` if they do not fit into the isolate's memory limit.
pub fn require_room(scope: &mut Scope, bytes: usize) -> Fallible<()> {
    match external_memory::has_room(scope, bytes) {
        true => Ok(()),
        false => Err(no_room(bytes)),
    }
}

/// A text to be filled, with room for so many bytes; see [`require_room`].
///
/// # Errors
/// A `RangeError` if they do not fit into the isolate's memory limit.
pub fn string(scope: &mut Scope, bytes: usize) -> Fallible<String> {
    require_room(scope, bytes)?;
    Ok(String::with_capacity(bytes))
}

/// A list to be filled, with room for so many items that take so many bytes beside their own size; see [`require_room`].
///
/// # Errors
/// A `RangeError` if they do not fit into the isolate's memory limit.
pub fn list<T>(scope: &mut Scope, items: usize, beside: usize) -> Fallible<Vec<T>> {
    require_room(
        scope,
        items.saturating_mul(size_of::<T>()).saturating_add(beside),
    )?;
    Ok(Vec::with_capacity(items))
}

/// A copy of a text; see [`require_room`].
///
/// # Errors
/// A `RangeError` if it does not fit into the isolate's memory limit.
pub fn copy(scope: &mut Scope, text: &str) -> Fallible<String> {
    require_room(scope, text.len())?;
    Ok(text.to_owned())
}

/// A text that grows piece by piece, of which nobody knows how long it will be. What it has counts, as long as it grows.
#[derive(Debug, Default)]
pub struct Growing {
    text: String,
    memory: ExternalMemory,
}

impl Growing {
    /// Adds a piece.
    ///
    /// # Errors
    /// A `RangeError` if there is no room for it in the isolate's memory limit.
    pub fn push(&mut self, scope: &mut Scope, piece: &str) -> Fallible<()> {
        let length = self.text.len() + piece.len();
        if length > self.text.capacity() {
            let capacity = length.max(self.text.capacity() / 2 * 3);
            require_room(scope, capacity)?;
            self.text.reserve_exact(capacity - self.text.len());
            self.memory.set(capacity);
            external_memory::settle(scope);
        }
        self.text.push_str(piece);
        Ok(())
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

/// The error for bytes that do not fit.
pub fn no_room(bytes: usize) -> Error {
    range_error(format!(
        "needs {bytes} bytes, which do not fit into the app's memory limit (\"memory_mb\")"
    ))
}

/// A string as UTF-8; lone surrogates become U+FFFD.
///
/// # Errors
/// A `RangeError` if it does not fit into the isolate's memory limit.
pub fn text<'s>(scope: &mut Scope<'s, '_>, string: v8::Local<'s, v8::String>) -> Fallible<String> {
    /// Of a code unit.
    const LONGEST: usize = 3;
    /// Of those that are looked at twice where they are not ASCII.
    const SHORT: usize = 128;
    // OPTIMIZATION: most strings are short and ASCII, and are UTF-8 as V8 has them.
    if string.length() <= SHORT && string.is_onebyte() {
        let bytes = nano_engine::text::latin1(scope, string);
        if bytes.is_ascii() {
            // SAFETY: ASCII is UTF-8.
            return Ok(unsafe { String::from_utf8_unchecked(bytes) });
        }
    }
    if !external_memory::has_room(scope, string.length() * LONGEST) {
        // Most texts are shorter than they could be. To count is to flatten, which takes V8's memory, so it must fit at its
        // shortest.
        require_room(scope, string.length())?;
        let length = string.utf8_length(scope);
        require_room(scope, length)?;
    }
    Ok(string.to_rust_string_lossy(scope))
}

/// A string's code units: it may have surrogates that have no partner.
///
/// # Errors
/// A `RangeError` if they do not fit into the isolate's memory limit.
pub fn code_units(scope: &mut Scope, string: v8::Local<v8::String>) -> Fallible<Vec<u16>> {
    require_room(scope, string.length() * size_of::<u16>())?;
    Ok(nano_engine::text::code_units(
        scope,
        string,
        string.length(),
    ))
}
