//! Redirects: <https://fetch.spec.whatwg.org/#concept-http-redirect-fetch>.

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, COOKIE,
    HeaderName, LOCATION, PROXY_AUTHORIZATION,
};
use http::{HeaderMap, Method, StatusCode};

use super::body::RequestBody;
use super::exchange::Exchange;
use super::failure::Failure;
use crate::url::UrlRecord;

/// <https://fetch.spec.whatwg.org/#concept-request-redirect-count>
const MAX_REDIRECTS: u32 = 20;

/// <https://fetch.spec.whatwg.org/#request-body-header-name>
const BODY_HEADERS: [HeaderName; 4] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// What says who the app is, and is meant for the origin that it was sent to. The standard names `Authorization`; a server's app sets
/// the others as headers, too, where a browser would choose them by origin.
const SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// <https://fetch.spec.whatwg.org/#concept-response-location-url>: none where the response names no location.
pub(super) fn location(url: &UrlRecord, headers: &HeaderMap) -> Option<Result<UrlRecord, Failure>> {
    // 2. Let location be the result of extracting header list values given `Location`. Bytes that are not ASCII are escaped, as
    // https://github.com/whatwg/fetch/issues/883 wants it.
    let mut locations = headers.get_all(LOCATION).iter();
    let location = locations.next()?;
    let mut text = String::with_capacity(location.len());
    for &byte in location.as_bytes() {
        if byte.is_ascii() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    if locations.any(|other| other != location) {
        return Some(Err(Failure::new(
            "the response has several Location headers, which differ",
        )));
    }
    // 3. Parse it with the response's URL.
    let Some(mut parsed) = crate::url::url::parse(&text, Some(url.href())) else {
        return Some(Err(Failure::new(format!(
            "the response redirects to '{text}', which is no URL"
        ))));
    };
    // 4. If location is a URL whose fragment is null, then set it to requestFragment.
    if !parsed.has_hash() && url.has_hash() {
        parsed.set_hash(Some(url.hash()));
    }
    Some(Ok(parsed))
}

/// Makes the request the one that a redirect asks for, from step 5.
pub(super) fn rewrite(
    exchange: &mut Exchange,
    status: StatusCode,
    location: UrlRecord,
) -> Result<(), Failure> {
    // 6. If locationURL's scheme is not an HTTP(S) scheme, then return a network error.
    if !matches!(location.protocol(), "http:" | "https:") {
        return Err(Failure::new(format!(
            "a redirect to '{}' leaves HTTP",
            location.protocol()
        )));
    }
    // 7. and 8. If request's redirect count is 20, then return a network error; else increase it.
    if exchange.redirects == MAX_REDIRECTS {
        return Err(Failure::new(format!("more than {MAX_REDIRECTS} redirects")));
    }
    exchange.redirects += 1;
    // 9. and 10. Credentials in a URL of another origin. DEPARTURE: where they are for the same origin they are left out of the
    // request: an app sends credentials as a header.
    let same_origin = exchange.url.origin() == location.origin();
    if location.has_credentials() && !same_origin {
        return Err(Failure::new(
            "a redirect to another origin has a user name or password in its URL",
        ));
    }
    // 11. If internalResponse's status is not 303, request's body is non-null, and its source is null, return a network error.
    if status != StatusCode::SEE_OTHER && matches!(exchange.body, RequestBody::Spent) {
        return Err(Failure::new(format!(
            "the response is a redirect ({}), and a body that is a stream cannot be sent again",
            status.as_u16()
        )));
    }
    // 12. If one of the following is true: 301 or 302 and `POST`; 303 and neither `GET` nor `HEAD`:
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => exchange.method == Method::POST,
        StatusCode::SEE_OTHER => !matches!(exchange.method, Method::GET | Method::HEAD),
        _ => false,
    };
    if becomes_get {
        exchange.method = Method::GET;
        exchange.body = RequestBody::Null;
        BODY_HEADERS
            .iter()
            .for_each(|name| drop(exchange.headers.remove(name)));
    }
    // 13. If request's current URL's origin is not same origin with locationURL's origin, remove what is meant for the former.
    if !same_origin {
        SECRETS
            .iter()
            .for_each(|name| drop(exchange.headers.remove(name)));
    }
    // 14. The body is rewound when it is sent again. 18. Append locationURL to request's URL list.
    exchange.url = location;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::HeaderValue;

    fn url(text: &str) -> UrlRecord {
        crate::url::url::parse(text, None).unwrap()
    }

    fn exchange(method: Method, body: RequestBody) -> Exchange {
        let mut exchange = Exchange::for_test(method, url("https://a.example/x/y#f"), body);
        for name in [
            "content-type",
            "content-language",
            "authorization",
            "cookie",
            "x",
        ] {
            exchange.headers.insert(name, HeaderValue::from_static("v"));
        }
        exchange
    }

    fn bytes() -> RequestBody {
        RequestBody::Bytes(Bytes::from_static(b"abc"))
    }

    fn located(values: &[&[u8]]) -> Option<Result<String, Failure>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LOCATION, HeaderValue::from_bytes(value).unwrap());
        }
        location(&url("https://a.example/x/y#f"), &headers)
            .map(|url| url.map(|url| url.href().to_owned()))
    }

    #[test]
    fn locations_are_relative_and_inherit_the_fragment() {
        assert_eq!(located(&[]), None);
        assert_eq!(
            located(&[b"../z"]),
            Some(Ok("https://a.example/z#f".into()))
        );
        assert_eq!(
            located(&[b"z#g"]),
            Some(Ok("https://a.example/x/z#g".into()))
        );
        assert_eq!(
            located(&["?☃".as_bytes()]),
            Some(Ok("https://a.example/x/y?%E2%98%83#f".into()))
        );
        assert_eq!(
            located(&[b"?\xFF"]),
            Some(Ok("https://a.example/x/y?%FF#f".into()))
        );
        assert!(located(&[b"http://["]).unwrap().is_err());
        assert!(located(&[b"a", b"b"]).unwrap().is_err());
        assert!(located(&[b"a", b"a"]).unwrap().is_ok());
    }

    #[test]
    fn post_becomes_get_where_the_status_says_so() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (303, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (301, Method::PUT, Method::PUT),
            (307, Method::POST, Method::POST),
            (308, Method::POST, Method::POST),
        ] {
            let mut exchange = exchange(method.clone(), bytes());
            rewrite(
                &mut exchange,
                StatusCode::from_u16(status).unwrap(),
                url("https://a.example/z"),
            )
            .unwrap();
            assert_eq!(exchange.method, expected, "{status} {method}");
            let keeps_body = method == expected;
            assert_eq!(
                matches!(exchange.body, RequestBody::Bytes(_)),
                keeps_body,
                "{status} {method}"
            );
            assert_eq!(
                exchange.headers.contains_key("content-type"),
                keeps_body,
                "{status} {method}"
            );
            // The same origin.
            assert!(
                exchange.headers.contains_key("authorization")
                    && exchange.headers.contains_key("cookie")
            );
        }
    }

    #[test]
    fn another_origin_gets_no_secrets() {
        for target in [
            "https://b.example/",
            "http://a.example/",
            "https://a.example:444/",
        ] {
            let mut exchange = exchange(Method::GET, RequestBody::Null);
            rewrite(&mut exchange, StatusCode::FOUND, url(target)).unwrap();
            let left: Vec<_> = exchange.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(left, ["content-type", "content-language", "x"], "{target}");
        }
    }

    #[test]
    fn what_ends_a_redirect() {
        let redirect = |body, redirects, status, target: &str| {
            let mut exchange = exchange(Method::POST, body);
            exchange.redirects = redirects;
            rewrite(
                &mut exchange,
                StatusCode::from_u16(status).unwrap(),
                url(target),
            )
        };
        assert!(redirect(RequestBody::Null, 19, 302, "https://b.example/").is_ok());
        assert!(redirect(RequestBody::Null, 20, 302, "https://b.example/").is_err());
        assert!(redirect(RequestBody::Null, 0, 302, "data:,x").is_err());
        assert!(redirect(RequestBody::Null, 0, 302, "https://u:p@b.example/").is_err());
        assert!(redirect(RequestBody::Spent, 0, 307, "https://a.example/").is_err());
        assert!(redirect(RequestBody::Spent, 0, 302, "https://a.example/").is_err());
        assert!(redirect(RequestBody::Spent, 0, 303, "https://a.example/").is_ok());
    }
}
