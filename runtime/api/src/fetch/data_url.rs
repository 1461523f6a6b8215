//! `data:` URLs: <https://fetch.spec.whatwg.org/#data-urls>.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::client::Failure;
use crate::encoding::base64;
use crate::mimesniff::mime_type::{MimeType, WORKING_BYTES};

/// About the bytes that [`process`] takes, at the most.
pub(super) fn room(url: &str) -> usize {
    let of_type = url.find(',').unwrap_or(0).saturating_mul(WORKING_BYTES);
    // What is percent-decoded, and that decoded from base64.
    of_type.saturating_add(2 * url.len())
}

/// <https://fetch.spec.whatwg.org/#data-url-processor>, of a URL as it is serialized: the content, and its type.
pub(super) fn process(url: &str) -> Result<(Vec<u8>, Bytes), Failure> {
    let failure = |what: &str| Failure::new(format!("the data: URL is invalid: {what}"));
    // 1. to 4.
    let input = url.split('#').next().unwrap_or_default();
    let input = input.strip_prefix("data:").unwrap_or(input);
    // 5. to 9.
    let (mime_type, encoded) = input
        .split_once(',')
        .ok_or_else(|| failure("it has no comma between its type and its content"))?;
    let mut mime_type = mime_type.trim_matches(|c: char| c.is_ascii_whitespace());
    // 10.
    let mut body = Vec::with_capacity(encoded.len());
    body.extend(percent_decode_str(encoded));
    body.shrink_to_fit();
    // 11.
    if let Some(before) = before_base64(mime_type) {
        mime_type = before;
        body = base64::decode(&body).ok_or_else(|| failure("its content is no base64"))?;
    }
    // 12.
    let mime_type = match mime_type.starts_with(';') {
        true => Cow::from(format!("text/plain{mime_type}")),
        false => Cow::from(mime_type),
    };
    // 13. and 14.
    let mime_type = match MimeType::parse(mime_type.as_bytes()) {
        Some(mime_type) => mime_type.to_string(),
        None => "text/plain;charset=US-ASCII".to_owned(),
    };
    Ok((mime_type.into_bytes(), body.into()))
}

/// What is in front of `;base64` at the end of a type.
fn before_base64(mime_type: &str) -> Option<&str> {
    const BASE64: &str = "base64";
    let at = mime_type.len().checked_sub(BASE64.len())?;
    let (before, end) = mime_type.split_at_checked(at)?;
    if !end.eq_ignore_ascii_case(BASE64) {
        return None;
    }
    before.trim_end_matches(' ').strip_suffix(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_type() {
        let process =
            |url| process(url).map(|(mime, body)| (String::from_utf8(mime).unwrap(), body));
        assert_eq!(
            process("data:,a%20b"),
            Ok(("text/plain;charset=US-ASCII".into(), "a b".into()))
        );
        for url in [
            "data:image/png;base64,AAEC#f",
            "data: image/png; Base64,AA%20E%0AC",
        ] {
            assert_eq!(
                process(url),
                Ok(("image/png".into(), vec![0, 1, 2].into())),
                "{url}"
            );
        }
        for (url, mime_type) in [
            ("data:;charset=x;base64,", "text/plain;charset=x"),
            ("data:base64,", "text/plain;charset=US-ASCII"),
            ("data:text/html;base64;a=b,AAEC", "text/html;a=b"),
        ] {
            assert_eq!(
                process(url).map(|(found, _)| found),
                Ok(mime_type.into()),
                "{url}"
            );
        }
        assert!(
            process("data:text/plain")
                .unwrap_err()
                .to_string()
                .contains("comma")
        );
        assert!(process("data:;base64,A").is_err());
    }
}
