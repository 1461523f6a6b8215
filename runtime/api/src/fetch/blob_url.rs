//! `blob:` URLs: <https://fetch.spec.whatwg.org/#scheme-fetch>, "blob".

use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use nano_webidl::{Fallible, Scope};

use super::body::{Body, WithBody as _};
use super::client::{self, Failure, matches_integrity};
use super::header_list::HeaderList;
use super::request::Request;
use super::response::Response;
use crate::mimesniff::mime_type::MimeType;
use crate::url::UrlRecord;

/// The response to a request for a blob.
///
/// # Errors
/// A `RangeError` if what is read of the blob does not fit into the app's memory limit.
pub(super) fn response(
    scope: &mut Scope,
    request: &Request,
    url: &UrlRecord,
) -> Fallible<Result<Response, Failure>> {
    // 2. If request's method is not `GET` or blobURLEntry is null, then return a network error.
    if *request.http_method() != Method::GET {
        return Ok(Err(Failure::new(format!(
            "a blob: URL can be asked for by GET only, not by {}",
            request.http_method()
        ))));
    }
    let Some(entry) = request.blob_url_entry() else {
        return Ok(Err(Failure::new(
            "the blob: URL stands for no blob of this app's instance: it was revoked, or made by another instance",
        )));
    };
    // 8. to 10.
    let data = entry.blob.data();
    let full_length = data.size();
    // What is no MIME type says nothing, as Web Platform Tests want it; the standard hands it on.
    let mut content_type = entry.blob.content_type_bytes();
    if MimeType::parse(&content_type).is_none() {
        content_type.clear();
    }
    let range = request.header_list().borrow().get(&RANGE);
    let mut headers = HeaderList::default();
    let (status, reason, bytes) = match range {
        // 11. If request's header list does not contain `Range`:
        None => (200, &b"OK"[..], data.to_bytes(scope)?),
        // 12. Otherwise:
        Some(value) => {
            let Some((start, end)) = range_of(&value, full_length) else {
                return Ok(Err(Failure::new(format!(
                    "the header 'range' wants nothing that a blob of {full_length} bytes has: '{}'",
                    String::from_utf8_lossy(&value)
                ))));
            };
            let content_range = format!("bytes {start}-{end}/{full_length}");
            headers.append(CONTENT_RANGE, content_range.into_bytes());
            let slice = data.slice(start, end + 1);
            (206, &b"Partial Content"[..], slice.to_bytes(scope)?)
        }
    };
    if !matches_integrity(&bytes, request.integrity_metadata()) {
        return Ok(Err(client::integrity_mismatch()));
    }
    headers.append(CONTENT_LENGTH, bytes.len().to_string().into_bytes());
    headers.append(CONTENT_TYPE, content_type);
    let body = Body::from_app(scope, bytes)?;
    let url = url.href().split('#').next().unwrap_or_default().to_owned();
    let reason = reason.to_vec();
    Ok(Ok(Response::from_network(
        url, false, status, reason, headers, body,
    )))
}

/// The first and the last byte of what a `Range` header wants of so many bytes; `None` where that is nothing.
fn range_of(value: &[u8], full_length: u64) -> Option<(u64, u64)> {
    // 12.5 to 12.8
    let last = full_length.checked_sub(1)?;
    match parse_single_range(value)? {
        (Some(start), end) if start <= last => Some((start, end.map_or(last, |end| end.min(last)))),
        // DEPARTURE: the standard's difference may be less than 0, where HTTP wants all bytes, or the number of them, where HTTP has nothing
        // to give: https://httpwg.org/specs/rfc9110.html#rule.suffix-range.
        (None, Some(suffix)) if suffix > 0 => Some((full_length.saturating_sub(suffix), last)),
        _ => None,
    }
}

/// <https://fetch.spec.whatwg.org/#simple-range-header-value>, "parse a single range header value" with whitespace allowed.
fn parse_single_range(value: &[u8]) -> Option<(Option<u64>, Option<u64>)> {
    // 2. to 15.
    let rest = skip_whitespace(value.strip_prefix(b"bytes")?);
    let rest = skip_whitespace(rest.strip_prefix(b"=")?);
    let (start, rest) = digits(rest);
    let rest = skip_whitespace(skip_whitespace(rest).strip_prefix(b"-")?);
    let (end, rest) = digits(rest);
    // 16. to 18.
    let is_valid = rest.is_empty()
        && match (start, end) {
            (Some(start), Some(end)) => start <= end,
            (start, end) => start.or(end).is_some(),
        };
    is_valid.then_some((start, end))
}

/// HTTP tab and space bytes.
fn skip_whitespace(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    &bytes[length..]
}

/// The number that ASCII digits stand for, the largest that there is where it is beyond that; `None` where there are none.
fn digits(bytes: &[u8]) -> (Option<u64>, &[u8]) {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = bytes.split_at(length);
    let number = digits.iter().fold(0u64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    ((length > 0).then_some(number), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_within_the_blob() {
        for (value, expected) in [
            ("bytes=0-", Some((0, 9))),
            ("bytes=2-4", Some((2, 4))),
            ("bytes \t=\t 2 - \t4", Some((2, 4))),
            ("bytes=9-99999999999999999999999", Some((9, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-30", Some((0, 9))),
            ("bytes=-0", None),
            ("bytes=10-", None),
            ("bytes=4-2", None),
            ("bytes=-", None),
            ("bytes=1", None),
            ("bytes=1-2,4-5", None),
            ("bytes=1-2 ", None),
            ("byte=1-2", None),
            (" bytes=1-2", None),
            ("", None),
        ] {
            assert_eq!(range_of(value.as_bytes(), 10), expected, "{value:?}");
        }
        assert_eq!(range_of(b"bytes=0-", 0), None);
        assert_eq!(range_of(b"bytes=-1", 0), None);
        assert_eq!(range_of(b"bytes=0-0", u64::MAX), Some((0, 0)));
    }
}
