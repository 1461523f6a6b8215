//! JavaScript's strings as text of Rust's, and never more of one than is wanted: a string can have half a billion
//! characters, and a copy outside of V8's heap is memory that no limit of V8's counts.

/// A string as text, at most `max` code units of it; what is cut off is counted, and never copied.
pub fn text(scope: &v8::PinScope, string: v8::Local<v8::String>, max: usize) -> String {
    let length = string.length();
    if length <= max {
        return string.to_rust_string_lossy(scope);
    }
    let start = String::from_utf16_lossy(&code_units(scope, string, max));
    format!("{start}... {}", more(length - max, "character"))
}

/// The first `max` code units of a string.
pub fn code_units(scope: &v8::PinScope, string: v8::Local<v8::String>, max: usize) -> Vec<u16> {
    let mut units = vec![0; string.length().min(max)];
    string.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    units
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
    fn what_is_cut_off_is_counted() {
        assert_eq!(cut("abc".to_owned(), 3), "abc");
        assert_eq!(cut("abcd".to_owned(), 3), "abc... 1 more character");
        assert_eq!(cut("aüöx".to_owned(), 2), "a... 3 more characters");
    }
}
