//! The headers of a request as they go onto the wire: <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>.

use std::collections::HashSet;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, COOKIE,
    EXPECT, HOST, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, PRAGMA, PROXY_AUTHENTICATE, RANGE, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderValue};

use super::failure::Failure;
use crate::bindings::types::RequestCache;
use crate::fetch::header_list::HeaderList;
use crate::html::navigator;

/// The content codings that [`super::decode`] knows.
const CODINGS: &str = "gzip, deflate, br, zstd";

/// Header fields of a request. The map of the `http` crate holds half as many more, and panics beyond.
const MAX_FIELDS: usize = 16 << 10;

/// Whether a response's content codings are undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    /// We asked for them, and the app never sees them.
    Decode,
    /// The app said what it accepts, and gets just that.
    Keep,
}

/// Headers about a connection, not about the message: <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>. An app that hands a
/// request on that it was sent has some of them. And what the client itself must know best: where the message goes, and how long it is.
fn is_the_connections(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 9] = [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        HOST,
        PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    NAMES.contains(name)
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "http2-settings"
        )
}

/// Makes a request's header list ready to be sent. What an app has not said is added where the request goes to the network.
pub(crate) fn request_headers(
    list: &HeaderList,
    cache: RequestCache,
    to_network: bool,
) -> Result<(HeaderMap, ContentCoding), Failure> {
    if list.len() > MAX_FIELDS {
        return Err(Failure::new(format!(
            "the request has {} header fields; {MAX_FIELDS} are the most that are sent",
            list.len()
        )));
    }
    let named: HashSet<Vec<u8>> = list
        .get_all(&CONNECTION)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .collect();
    let mut headers: HeaderMap = HeaderMap::with_capacity(list.len() + 4);
    let mut cookies = Vec::new();
    for (name, value) in list.iter() {
        if is_the_connections(name) || named.contains(name.as_str().as_bytes()) {
            continue;
        }
        let Ok(value) = HeaderValue::from_bytes(value) else {
            let message = format!(
                "the value of the header '{name}' has a control character, which HTTP does not allow"
            );
            return Err(Failure::new(message));
        };
        // One header line: https://www.rfc-editor.org/rfc/rfc6265#section-5.4
        if *name == COOKIE {
            if !cookies.is_empty() {
                cookies.extend_from_slice(b"; ");
            }
            cookies.extend_from_slice(value.as_bytes());
            continue;
        }
        headers.append(name.clone(), value);
    }
    // Made of values, it is one.
    if let (false, Ok(cookies)) = (cookies.is_empty(), HeaderValue::from_bytes(&cookies)) {
        headers.insert(COOKIE, cookies);
    }
    if !to_network {
        let coding = match headers.contains_key(ACCEPT_ENCODING) {
            true => ContentCoding::Keep,
            false => ContentCoding::Decode,
        };
        return Ok((headers, coding));
    }
    add_cache_headers(&mut headers, cache);
    // Fetch, steps 11 to 13: If `Accept` is missing, then append `*/*`. Then `Accept-Language`.
    let mut default = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    default(ACCEPT, "*/*");
    default(ACCEPT_LANGUAGE, "*");
    // HTTP-network-or-cache fetch, 8.15: If httpRequest's header list does not contain `User-Agent`, then append it.
    default(USER_AGENT, navigator::USER_AGENT);
    // 8.18 If httpRequest's header list contains `Range`, then append (`Accept-Encoding`, `identity`). A range of the encoded content
    // could not be decoded.
    let mut coding = ContentCoding::Keep;
    if !headers.contains_key(ACCEPT_ENCODING) {
        if headers.contains_key(RANGE) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        } else {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(CODINGS));
            coding = ContentCoding::Decode;
        }
    }
    Ok((headers, coding))
}

/// HTTP-network-or-cache fetch, 8.15 to 8.17. There is no cache here; those on the way learn what the app wants of them.
fn add_cache_headers(headers: &mut HeaderMap, cache: RequestCache) {
    let conditional = [
        IF_MODIFIED_SINCE,
        IF_NONE_MATCH,
        IF_UNMODIFIED_SINCE,
        IF_MATCH,
        IF_RANGE,
    ];
    let cache = match cache {
        RequestCache::Default if conditional.iter().any(|name| headers.contains_key(name)) => {
            RequestCache::NoStore
        }
        cache => cache,
    };
    let mut default = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    match cache {
        RequestCache::NoCache => default(CACHE_CONTROL, "max-age=0"),
        RequestCache::NoStore | RequestCache::Reload => {
            default(PRAGMA, "no-cache");
            default(CACHE_CONTROL, "no-cache");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(headers: &[(&str, &str)]) -> Result<(HeaderMap, ContentCoding), Failure> {
        let mut list = HeaderList::default();
        for (name, value) in headers {
            list.append(name.parse().unwrap(), (*value).into());
        }
        request_headers(&list, RequestCache::Default, true)
    }

    #[test]
    fn other_apps_get_what_the_app_says_and_no_more() {
        let list = |pairs: &[(&str, &str)]| -> HeaderList {
            let pairs = pairs.iter();
            pairs
                .map(|(n, v)| (n.parse().unwrap(), (*v).into()))
                .collect()
        };
        let prepare = |pairs| request_headers(&list(pairs), RequestCache::NoStore, false).unwrap();
        let (headers, coding) = prepare(&[("x", "1"), ("connection", "y"), ("y", "2")]);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x"]);
        assert_eq!(coding, ContentCoding::Decode);
        let (_, coding) = prepare(&[("accept-encoding", "br")]);
        assert_eq!(coding, ContentCoding::Keep);
    }

    #[test]
    fn there_may_be_thousands_of_fields_but_not_any_number() {
        let fields = |count: usize| {
            let mut list = HeaderList::default();
            for index in 0..count {
                list.append(format!("x-{index}").parse().unwrap(), "1".into());
            }
            request_headers(&list, RequestCache::Reload, true)
        };
        assert!(fields(MAX_FIELDS).unwrap().0.len() > MAX_FIELDS);
        let error = fields(30_000).err().unwrap().to_string();
        assert!(error.contains("30000 header fields"), "{error}");
    }

    #[test]
    fn what_is_missing_is_added() {
        let (headers, coding) = prepare(&[]).unwrap();
        assert_eq!(headers["accept"], "*/*");
        assert_eq!(headers["accept-language"], "*");
        assert_eq!(headers["accept-encoding"], CODINGS);
        assert_eq!(headers["user-agent"], navigator::USER_AGENT);
        assert_eq!(coding, ContentCoding::Decode);
    }

    #[test]
    fn what_the_app_says_stays() {
        let (headers, coding) = prepare(&[
            ("accept", "a/b"),
            ("user-agent", "me"),
            ("accept-encoding", "zstd"),
        ])
        .unwrap();
        assert_eq!(
            (&headers["accept"], &headers["user-agent"]),
            (&"a/b".parse().unwrap(), &"me".parse().unwrap())
        );
        assert_eq!(
            (&headers["accept-encoding"], coding),
            (&"zstd".parse().unwrap(), ContentCoding::Keep)
        );
        let (headers, coding) = prepare(&[("range", "bytes=0-1")]).unwrap();
        assert_eq!(
            (&headers["accept-encoding"], coding),
            (&"identity".parse().unwrap(), ContentCoding::Keep)
        );
    }

    #[test]
    fn headers_of_the_connection_are_not_sent() {
        let (headers, _) = prepare(&[
            ("Connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("host", "evil.example"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "1"),
            ("upgrade", "h2c"),
            ("te", "trailers"),
            ("x", "1"),
        ])
        .unwrap();
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept",
                "accept-encoding",
                "accept-language",
                "user-agent",
                "x"
            ]
        );
    }

    #[test]
    fn cookies_are_one_line() {
        let (headers, _) =
            prepare(&[("cookie", "a=1"), ("x", "1"), ("cookie", "b=2"), ("x", "2")]).unwrap();
        assert_eq!(
            headers.get_all("cookie").iter().collect::<Vec<_>>(),
            ["a=1; b=2"]
        );
        assert_eq!(headers.get_all("x").iter().count(), 2);
    }

    #[test]
    fn control_characters_are_refused() {
        assert!(
            prepare(&[("x", "a\u{1}b")])
                .unwrap_err()
                .to_string()
                .contains("'x'")
        );
    }

    #[test]
    fn cache_modes_are_told() {
        let mut headers = HeaderMap::new();
        add_cache_headers(&mut headers, RequestCache::NoCache);
        assert_eq!(headers["cache-control"], "max-age=0");
        let mut headers = HeaderMap::new();
        headers.insert("if-none-match", HeaderValue::from_static("\"x\""));
        add_cache_headers(&mut headers, RequestCache::Default);
        assert_eq!(
            (&headers["pragma"], &headers["cache-control"]),
            (&"no-cache".parse().unwrap(), &"no-cache".parse().unwrap())
        );
        let mut headers = HeaderMap::new();
        add_cache_headers(&mut headers, RequestCache::Default);
        assert!(headers.is_empty());
    }
}
