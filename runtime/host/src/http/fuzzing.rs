//! See [`crate::fuzzing`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::{COOKIE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Request, Version};
use url::Url;

use super::forwarded::{Peer, is_forwarding};
use super::headers::{self, Present};
use super::target::{self, StatedHost};
use crate::config::{Proxies, ProxyFields};
use crate::fuzzing::fields::fields;
use crate::fuzzing::input::Input;

const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);

/// The parts of a head of HTTP/1, as hyper makes them.
fn parts(head: &[u8]) -> Option<Parts> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    if !parsed.parse(head).ok()?.is_complete() {
        return None;
    }
    let mut request = Request::builder().method(parsed.method?).uri(parsed.path?);
    request = request.version(match parsed.version? {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    });
    for field in parsed.headers.iter() {
        request = request.header(field.name, field.value);
    }
    let (parts, ()) = request.body(()).ok()?.into_parts();
    Some(parts)
}

/// The head of a request. What it is for is a URL of that host, which an app can read, and a glance says nothing else.
pub fn request_head(case: &[u8]) {
    let glance = target::peek(case);
    let Some(mut parts) = parts(case) else {
        return;
    };
    let present = Present::among(&parts.headers);
    let stated = parts.headers.get(HOST).and_then(StatedHost::new);
    let again = stated.and_then(|stated| stated.url_of(&parts));
    if let Ok(target) = target::read(&mut parts, LOCAL) {
        let url = match Url::parse(&target.url) {
            Ok(url) => url,
            Err(error) => panic!("{:?}: {error}", target.url),
        };
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        assert_eq!(host, target.host(), "{:?}", target.url);
        if let Some((host, _)) = glance {
            assert_eq!(host, target.host());
        }
        assert!(again.is_none_or(|again| again == target.url));
        let mut secure = target.url;
        target::secure(&mut secure);
        assert!(secure.starts_with("https://"), "{secure:?}");
    }
    headers::transfer_coding(&parts.headers);
    headers::is_in_a_loop(&mut parts.headers);
    headers::join_cookies(&mut parts.headers);
    assert!(parts.headers.get_all(COOKIE).iter().count() < 2);
    headers::strip(&mut parts.headers);
    let left = Present::among(&parts.headers);
    assert!(!left.hop_by_hop && !left.upgrade);
    assert!(present.forwarding || !left.forwarding);
}

/// What a proxy says in this test of whom a request is from.
const CLIENT: &str = "192.0.2.7";

/// Fields about whom a request is from, as a client wrote them, and what a proxy adds. Nothing that a client writes is believed.
pub fn forwarding_fields(case: &[u8]) {
    let mut input = Input::new(case);
    let choices = input.byte();
    let (is_forwarded, in_one_line) = (choices & 1 != 0, choices & 2 != 0);
    let written = fields(input.rest());
    let proxies = Arc::new(Proxies {
        trusted: vec![IpAddr::from(Ipv4Addr::LOCALHOST).into()],
        fields: ProxyFields {
            forwarded: is_forwarded,
            x_forwarded_for: !is_forwarded,
            x_forwarded_proto: choices & 4 != 0,
            x_forwarded_host: choices & 8 != 0,
        },
    });
    // Of a client itself.
    let stranger = Peer::new([198, 51, 100, 1].into(), &proxies);
    assert_eq!(client(&stranger, written.clone()), "198.51.100.1");
    // Of a proxy.
    let proxy = Peer::new(Ipv4Addr::LOCALHOST.into(), &proxies);
    let (name, element) = match is_forwarded {
        true => (FORWARDED, format!("for={CLIENT};proto=https")),
        false => (
            HeaderName::from_static("x-forwarded-for"),
            CLIENT.to_owned(),
        ),
    };
    let mut added = written;
    let mut lines: Vec<HeaderValue> = added.get_all(&name).iter().cloned().collect();
    let last = if in_one_line { lines.pop() } else { None };
    let last = match last {
        Some(last) => [last.as_bytes(), b", ", element.as_bytes()].concat(),
        None => element.into_bytes(),
    };
    lines.extend(HeaderValue::from_bytes(&last).ok());
    added.remove(&name);
    for line in lines {
        added.append(&name, line);
    }
    let found = client(&proxy, added);
    // `Forwarded` is text: where a line of it has other bytes, there is nobody but the proxy to go by.
    let is_text = last.is_ascii() || !is_forwarded;
    assert!(
        found == CLIENT || (!is_text && found == "127.0.0.1"),
        "{found}"
    );
}

/// Whom a request of this peer is from.
fn client(peer: &Peer, headers: HeaderMap) -> String {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers = headers;
    let present = Present::among(&parts.headers);
    let origin = peer.origin(&mut parts, present.forwarding);
    assert!(!parts.headers.keys().any(is_forwarding));
    let told = peer.told(origin);
    let client = told.get(&HeaderName::from_static("x-real-ip"));
    String::from_utf8_lossy(client.unwrap_or_default()).into_owned()
}
