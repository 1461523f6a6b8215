//! The MIME type of a message: <https://fetch.spec.whatwg.org/#concept-header-extract-mime-type>.

use nano_webidl::{Fallible, Scope, require_room};

use crate::mimesniff::mime_type::{MimeType, WORKING_BYTES};

/// Extracts a MIME type from the value of `Content-Type`, that of several header lines joined by commas. None is failure.
///
/// # Errors
/// A `RangeError` if the longest of its types does not fit into the app's memory limit.
pub fn extract(scope: &mut Scope, content_type: &[u8]) -> Fallible<Option<MimeType>> {
    let longest = split(content_type).map(<[u8]>::len).max().unwrap_or(0);
    require_room(scope, longest.saturating_mul(WORKING_BYTES))?;
    Ok(last_of(content_type))
}

/// The steps from 1 on. Of many types there are never more than two.
pub(super) fn last_of(content_type: &[u8]) -> Option<MimeType> {
    // 1. to 5.
    let mut extracted: Option<MimeType> = None;
    let mut charset: Option<String> = None;
    // 6. For each value of values:
    for value in split(content_type) {
        // 6.1 Let temporaryMimeType be the result of parsing value.
        // 6.2 If temporaryMimeType is failure or its essence is `*/*`, then continue.
        let parsed = MimeType::parse(value).filter(|parsed| parsed.essence() != "*/*");
        let Some(mut mime_type) = parsed else {
            continue;
        };
        let own = mime_type.parameter("charset").map(str::to_owned);
        let is_the_same = extracted
            .as_ref()
            .is_some_and(|before| before.essence() == mime_type.essence());
        if !is_the_same {
            // 6.4 If mimeType's essence is not essence, then set charset to its own, or to null.
            charset = own;
        } else if let (None, Some(charset)) = (own, &charset) {
            // 6.5 Otherwise, if it has no charset, and charset is non-null, then set it to charset.
            mime_type.add_parameter("charset", charset.clone());
        }
        extracted = Some(mime_type);
    }
    extracted
}

/// <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>, without the whitespace that parsing takes off anyway.
fn split(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    value.split(move |&byte| {
        if byte == b',' && !is_quoted {
            return true;
        }
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extracted(value: &str) -> String {
        let mime_type = last_of(value.as_bytes());
        mime_type.map_or_else(|| "failure".to_owned(), |mime_type| mime_type.to_string())
    }

    #[test]
    fn types_are_parsed_and_serialized() {
        for (value, expected) in [
            ("text/plain", "text/plain"),
            ("TEXT/Plain ; Charset=UTF-8", "text/plain;charset=UTF-8"),
            ("text/html;charset=a;charset=b", "text/html;charset=a"),
            ("text/html;charset=\"a b\"", "text/html;charset=\"a b\""),
            ("x", "failure"),
            ("", "failure"),
            ("*/*", "failure"),
        ] {
            assert_eq!(extracted(value), expected, "{value}");
        }
    }

    #[test]
    fn the_last_of_several_that_parses_is_taken() {
        for (value, expected) in [
            ("text/html, text/plain", "text/plain"),
            ("text/html, nonsense", "text/html"),
            ("nonsense, text/html", "text/html"),
            ("text/html, */*", "text/html"),
            ("text/html;charset=gbk, text/html", "text/html;charset=gbk"),
            (
                "text/html;charset=gbk, text/html;x=1",
                "text/html;x=1;charset=gbk",
            ),
            ("text/html;charset=gbk, text/plain", "text/plain"),
            ("text/html;charset=gbk, text/plain, text/html", "text/html"),
            ("text/html;x=\"a,b\\\",c\", y", "text/html;x=\"a,b\\\",c\""),
        ] {
            assert_eq!(extracted(value), expected, "{value}");
        }
    }
}
