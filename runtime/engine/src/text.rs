//! JavaScript's strings as text of Rust's, and never more of one than is wanted: a string can have half a billion
//! characters, and a copy outside of V8's heap is memory that no limit of V8's counts.

use crate::external_memory::has_room;

/// A string as text, at most `max` code units of it; what is cut off is counted, and never copied.
pub fn text(scope: &v8::PinScope, string: v8::Local<v8::String>, max: usize) -> String {
    let length = string.length();
    if length <= max {
        return string.to_rust_string_lossy(scope);
    }
    let start = String::from_utf16_lossy(&code_units(scope, string, max));
    format!("{start}... {}", more(length - max, "character"))
}

/// A string of UTF-8, in which malformed sequences are replaced. `None` if it does not fit into the isolate's memory limit, also after
/// a collection, or is longer than V8's longest string.
pub fn utf8<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: &[u8],
) -> Option<v8::Local<'s, v8::String>> {
    if !has_room(scope, size_of_utf8(bytes)) {
        return None;
    }
    v8::String::new_from_utf8(scope, bytes, v8::NewStringType::Normal)
}

/// A string of Latin-1, as [`utf8`].
pub fn one_byte<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    bytes: &[u8],
) -> Option<v8::Local<'s, v8::String>> {
    if !has_room(scope, bytes.len()) {
        return None;
    }
    v8::String::new_from_one_byte(scope, bytes, v8::NewStringType::Normal)
}

/// A string of code units, as [`utf8`].
pub fn two_byte<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    units: &[u16],
) -> Option<v8::Local<'s, v8::String>> {
    if !has_room(scope, size_of_val(units)) {
        return None;
    }
    v8::String::new_from_two_byte(scope, units, v8::NewStringType::Normal)
}

/// Bytes of the characters of a string that V8 makes of this: one or two for each code unit. For what is short, or no UTF-8, it is the
/// most that there may be.
fn size_of_utf8(bytes: &[u8]) -> usize {
    /// Less is not worth a look.
    const SHORT: usize = 512 << 10;
    let wide = bytes.len().saturating_mul(size_of::<u16>());
    if bytes.len() < SHORT {
        return wide;
    }
    if bytes.is_ascii() {
        return bytes.len();
    }
    // Each byte may be a malformed sequence, which is U+FFFD.
    if std::str::from_utf8(bytes).is_err() {
        return wide;
    }
    let count = |is: fn(u8) -> bool| bytes.iter().filter(|&&byte| is(byte)).count();
    let continued = count(|byte| matches!(byte, 0x80..=0xbf));
    // Above U+FFFF, which are two code units.
    let pairs = count(|byte| byte >= 0xf0);
    let units = bytes.len() - continued + pairs;
    let is_latin1 = !bytes.iter().any(|&byte| byte > 0xc3);
    units * if is_latin1 { 1 } else { size_of::<u16>() }
}

/// The first `max` code units of a string.
pub fn code_units(scope: &v8::PinScope, string: v8::Local<v8::String>, max: usize) -> Vec<u16> {
    let mut units = vec![0; string.length().min(max)];
    string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    units
}

/// A string's characters as bytes each, which none of them is too large for.
pub fn latin1(scope: &v8::PinScope, string: v8::Local<v8::String>) -> Vec<u8> {
    let length = string.length();
    let mut bytes = Vec::with_capacity(length);
    let place = &mut bytes.spare_capacity_mut()[..length];
    string.write_one_byte_uninit_v2(scope, 0, place, v8::WriteFlags::empty());
    // SAFETY: V8 has written as many as the string has.
    unsafe { bytes.set_len(length) };
    bytes
}

/// The text, if it has no more than `max` bytes; else its beginning, and how many characters are missing.
pub fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = text.floor_char_boundary(max);
        let missing = more(text[end..].chars().count(), "character");
        text.truncate(end);
        text.push_str("... ");
        text.push_str(&missing);
        text.shrink_to_fit();
    }
    text
}

/// `1 more item`, `2 more items`
pub fn more(count: usize, what: &str) -> String {
    format!("{count} more {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_take_a_byte_or_two_for_a_code_unit() {
        let many = 1 << 19;
        for (text, bytes) in [
            ("a", 1),
            ("\u{e4}", 1),
            ("\u{ff}\u{80}", 2),
            ("\u{100}", 2),
            ("\u{20ac}", 2),
            ("\u{1f600}", 4),
        ] {
            assert_eq!(
                size_of_utf8(text.repeat(many).as_bytes()),
                bytes * many,
                "{text}"
            );
        }
        let one_wide = "a".repeat(many) + "\u{20ac}";
        assert_eq!(size_of_utf8(one_wide.as_bytes()), 2 * (many + 1));
        assert_eq!(size_of_utf8(&vec![0xc3; many]), 2 * many);
        assert_eq!(
            size_of_utf8("\u{e4}".as_bytes()),
            4,
            "what is short is not looked at"
        );
    }

    #[test]
    fn what_is_cut_off_is_counted() {
        assert_eq!(cut("abc".to_owned(), 3), "abc");
        assert_eq!(cut("abcd".to_owned(), 3), "abc... 1 more character");
        assert_eq!(cut("aüöx".to_owned(), 2), "a... 3 more characters");
    }
}
