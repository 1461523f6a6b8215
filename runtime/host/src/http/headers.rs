//! Header fields that belong to one connection or one version of HTTP, not to the message.

use super::forwarded::is_forwarding;
use http::header::{
    ACCEPT, CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
    UPGRADE, USER_AGENT,
};
use nano_worker::TRACEPARENT;
use nano_worker::cdn_loop::{self, CDN_LOOP};

/// Is this field the connection's? RFC 9110, section 7.6.1, and all of `Proxy-*`.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    // OPTIMIZATION: by their texts, whose lengths differ from most others'.
    match name.as_str() {
        "connection" | "transfer-encoding" | "upgrade" | "te" | "trailer" | "keep-alive" => true,
        name => name.starts_with("proxy-"),
    }
}

/// Which fields a request has of those that the host looks at. Most have hardly any, and to look for each in a map costs more
/// than to look at all once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Present {
    /// Some that are [the connection's](is_hop_by_hop).
    pub(crate) hop_by_hop: bool,
    /// One of them, by which the connection may become another protocol's.
    pub(crate) upgrade: bool,
    pub(crate) accept: bool,
    pub(crate) traceparent: bool,
    pub(crate) cdn_loop: bool,
    /// Some that [say whom the request is from](is_forwarding).
    pub(crate) forwarding: bool,
}

impl Present {
    /// Looks at the fields of a request.
    pub(crate) fn among(headers: &HeaderMap) -> Self {
        let mut present = Self::default();
        for name in headers.keys() {
            match *name {
                HOST | USER_AGENT => {}
                ACCEPT => present.accept = true,
                _ if is_hop_by_hop(name) => {
                    present.hop_by_hop = true;
                    present.upgrade |= *name == UPGRADE;
                }
                _ => {
                    present.traceparent |= *name == TRACEPARENT;
                    present.cdn_loop |= *name == CDN_LOOP;
                    present.forwarding |= is_forwarding(name);
                }
            }
        }
        present
    }
}

/// The names that values of `Connection` list.
pub(crate) fn connection_options<'v>(
    values: impl Iterator<Item = &'v http::HeaderValue>,
) -> Vec<HeaderName> {
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        // What routes the request is not a connection's option, whatever a client says.
        .filter(|name| *name != HOST)
        .collect()
}

/// Removes the connection's fields from a request.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let mut remove = connection_options(headers.get_all(CONNECTION).iter());
    remove.extend(headers.keys().filter(|name| is_hop_by_hop(name)).cloned());
    for name in remove {
        headers.remove(name);
    }
}

/// Joins what HTTP/2 may split for its compression, before anybody who does not know HTTP/2 sees it (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    join(headers, COOKIE, b"; ");
}

/// Whether a request has come back to this server too often. What says so is one line afterwards.
pub(crate) fn is_in_a_loop(headers: &mut HeaderMap) -> bool {
    let passes = cdn_loop::passes(headers.get_all(CDN_LOOP));
    if passes > 0 {
        join(headers, CDN_LOOP, b", ");
    }
    passes > cdn_loop::MAX_PASSES
}

/// Makes one line of the lines of a field.
fn join(headers: &mut HeaderMap, name: HeaderName, separator: &[u8]) {
    let mut lines = headers.get_all(&name).iter();
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else {
        return;
    };
    let mut joined = first.as_bytes().to_vec();
    for line in std::iter::once(second).chain(lines) {
        joined.extend_from_slice(separator);
        joined.extend_from_slice(line.as_bytes());
    }
    // Made of values, it is one.
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(name, joined);
    }
}

/// Whether no value begins or ends with white space: HTTP/1 has it removed, HTTP/2 forbids it.
pub(crate) fn are_trimmed(headers: &HeaderMap) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    headers.values().all(|value| {
        let bytes = value.as_bytes();
        !is_space(bytes.first()) && !is_space(bytes.last())
    })
}

/// What a request says about the coding of its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TransferCoding {
    /// None, or chunked.
    Known,
    /// Others, which would be the body's (RFC 9112, section 6.1).
    Unknown,
    /// What is wrong, for the client.
    Wrong(&'static str),
}

/// Looks at the transfer codings of a request. (That chunked is the last one, hyper has seen to.)
pub(crate) fn transfer_coding(headers: &HeaderMap) -> TransferCoding {
    let mut chunked = 0;
    let mut others = 0;
    for value in headers.get_all(TRANSFER_ENCODING) {
        for coding in value.as_bytes().split(|byte| *byte == b',') {
            match coding.trim_ascii() {
                // Lists may have empty elements (RFC 9110, section 5.6.1.2).
                b"" => {}
                coding if coding.eq_ignore_ascii_case(b"chunked") => chunked += 1,
                _ => others += 1,
            }
        }
    }
    match (chunked, others) {
        (0 | 1, 0) => TransferCoding::Known,
        (0 | 1, _) => TransferCoding::Unknown,
        _ => TransferCoding::Wrong("the request's body is chunked more than once"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_joined() {
        for (crumbs, joined) in [
            (&["a=1"][..], &["a=1"][..]),
            (&["a=1", "b=2", "c=3"], &["a=1; b=2; c=3"]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for crumb in crumbs {
                headers.append(COOKIE, HeaderValue::from_static(crumb));
            }
            join_cookies(&mut headers);
            let found: Vec<_> = headers.get_all(COOKIE).iter().collect();
            assert_eq!(found, joined);
        }
    }

    #[test]
    fn what_is_present_is_seen_among_other_fields() {
        for (name, present) in [
            (
                "accept",
                Present {
                    accept: true,
                    ..Present::default()
                },
            ),
            (
                "traceparent",
                Present {
                    traceparent: true,
                    ..Present::default()
                },
            ),
            (
                "cdn-loop",
                Present {
                    cdn_loop: true,
                    ..Present::default()
                },
            ),
            (
                "transfer-encoding",
                Present {
                    hop_by_hop: true,
                    ..Present::default()
                },
            ),
            (
                "keep-alive",
                Present {
                    hop_by_hop: true,
                    ..Present::default()
                },
            ),
            (
                "proxy-authorization",
                Present {
                    hop_by_hop: true,
                    ..Present::default()
                },
            ),
            ("x-other", Present::default()),
        ] {
            let mut headers = HeaderMap::new();
            for name in ["host", "user-agent", "cookie", "x-a", name] {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
            }
            assert_eq!(Present::among(&headers), present, "{name}");
        }
    }

    #[test]
    fn loops_are_seen_across_lines() {
        let mut headers = HeaderMap::new();
        headers.append(CDN_LOOP, HeaderValue::from_static("other"));
        assert!(!is_in_a_loop(&mut headers));
        for _ in 0..cdn_loop::MAX_PASSES {
            headers.append(CDN_LOOP, HeaderValue::from_static("nano"));
        }
        assert!(!is_in_a_loop(&mut headers));
        assert_eq!(headers.get_all(CDN_LOOP).iter().count(), 1);
        headers.append(CDN_LOOP, HeaderValue::from_static("nano"));
        assert!(is_in_a_loop(&mut headers));
    }

    #[test]
    fn transfer_codings() {
        let wrong = TransferCoding::Wrong("the request's body is chunked more than once");
        for (values, found) in [
            (&[][..], TransferCoding::Known),
            (&["Chunked"], TransferCoding::Known),
            (&[", chunked ,"], TransferCoding::Known),
            (&["gzip, chunked"], TransferCoding::Unknown),
            (&["gzip", "chunked"], TransferCoding::Unknown),
            (&["chunked, chunked"], wrong),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRANSFER_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(transfer_coding(&headers), found, "{values:?}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_is_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Secret"),
            ("connection", "x-other,, Host"),
            ("x-secret", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("host", "a.test"),
            ("accept", "a"),
            ("accept", "b"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        // The order of different names means nothing.
        left.sort();
        assert_eq!(left, [("accept", "a"), ("accept", "b"), ("host", "a.test")]);
    }
}
