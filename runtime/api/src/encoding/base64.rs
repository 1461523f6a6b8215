//! Forgiving-base64, <https://infra.spec.whatwg.org/#forgiving-base64>, and what `atob()` and `btoa()` do with it.

use nano_webidl::{DomExceptionName, Error, Fallible, Scope, range_error, require_room};

/// <https://infra.spec.whatwg.org/#forgiving-base64-encode>
pub fn encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// The same, behind a text.
pub fn append(bytes: &[u8], text: &mut String) {
    base64_simd::STANDARD.encode_append(bytes, text);
}

/// <https://infra.spec.whatwg.org/#forgiving-base64-decode>; `None` for failure.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    base64_simd::forgiving_decode_to_vec(text).ok()
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#dom-btoa>
///
/// # Errors
/// An `InvalidCharacterError` if a code point is above U+00FF.
pub fn btoa<'s>(
    scope: &mut Scope<'s, '_>,
    data: v8::Local<'s, v8::String>,
) -> Fallible<v8::Local<'s, v8::String>> {
    if !data.contains_only_onebyte() {
        return Err(invalid_character(
            "The string to be encoded contains characters outside of the Latin1 range.",
        ));
    }
    // The copy, its encoding, and the string of that.
    require_room(scope, data.length() / 3 * 11)?;
    let encoded = encode(&latin1(scope, data));
    v8::String::new_from_one_byte(scope, encoded.as_bytes(), v8::NewStringType::Normal)
        .ok_or_else(|| range_error("The encoded data is longer than the longest possible string"))
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#dom-atob>
///
/// # Errors
/// An `InvalidCharacterError` if the text is no base64.
pub fn atob<'s>(scope: &mut Scope<'s, '_>, data: v8::Local<'s, v8::String>) -> Fallible<Vec<u8>> {
    // The copy, what it encodes, and the string of that.
    require_room(scope, data.length() / 2 * 5)?;
    // Characters above U+00FF are outside of base64's alphabet.
    let decoded = if data.contains_only_onebyte() {
        decode(&latin1(scope, data))
    } else {
        None
    };
    decoded.ok_or_else(|| invalid_character("The string to be decoded is not correctly encoded."))
}

fn latin1<'s>(scope: &mut Scope<'s, '_>, text: v8::Local<'s, v8::String>) -> Vec<u8> {
    let mut bytes = vec![0; text.length()];
    text.write_one_byte_v2(scope, 0, &mut bytes, v8::WriteFlags::empty());
    bytes
}

fn invalid_character(message: &'static str) -> Error {
    Error::dom(DomExceptionName::InvalidCharacter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_with_padding() {
        assert_eq!(encode(b""), "");
        assert_eq!(encode(b"\xff\xee"), "/+4=");
        let mut text = "a,".to_owned();
        append(b"\xff\xee", &mut text);
        assert_eq!(text, "a,/+4=");
    }

    #[test]
    fn decodes_forgivingly() {
        assert_eq!(decode(b" Y Q\t=\n=\x0c\r").as_deref(), Some(&b"a"[..]));
        // Padding may be missing, and bits that nobody needs may be set.
        assert_eq!(decode(b"YQ").as_deref(), Some(&b"a"[..]));
        assert_eq!(decode(b"YR").as_deref(), Some(&b"a"[..]));
        for bad in [
            &b"Y"[..],
            b"YQ=",
            b"=",
            b"YQ===",
            b"Y=Q=",
            b"-_",
            b"Y\x0bQ",
            b"\xa0",
        ] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
