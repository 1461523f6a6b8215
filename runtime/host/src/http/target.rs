//! Which host and which URL a request is for.

use std::borrow::Cow;
use std::net::{Ipv6Addr, SocketAddr};

use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Version};

use crate::config::is_host_name;

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The absolute URL.
    pub(crate) url: String,
    host: Host,
}

/// A host's name.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    /// As the URL has it, from [`SCHEME`] on.
    InUrl(usize),
    /// Written in another way.
    Other(String),
}

const SCHEME: &str = "http://";

impl Target {
    /// The host's name in lower case, without port: what routes look at.
    pub(crate) fn host(&self) -> &str {
        match &self.host {
            Host::InUrl(length) => &self.url[SCHEME.len()..][..*length],
            Host::Other(name) => name,
        }
    }
}

/// Reads the target of a request per RFC 9112, section 3.3, and makes its `Host` field agree with it.
///
/// # Errors
/// What is wrong, for the client.
pub(crate) fn read(parts: &mut Parts, local: SocketAddr) -> Result<Target, &'static str> {
    let authority = match parts.uri.authority() {
        // The absolute form and HTTP/2's `:authority` win over `Host`.
        Some(authority) => {
            let text = authority.as_str().to_owned();
            match HeaderValue::from_str(&text) {
                Ok(value) => parts.headers.insert(HOST, value),
                Err(_) => return Err("the request target has no valid host"),
            };
            Cow::Owned(text)
        }
        None => {
            let mut values = parts.headers.get_all(HOST).iter();
            match (values.next(), values.next()) {
                (Some(value), None) => match value.to_str() {
                    Ok(text) => Cow::Borrowed(text),
                    Err(_) => return Err("the Host header field is not a host name"),
                },
                (Some(_), Some(_)) => {
                    return Err("the request has more than one Host header field");
                }
                (None, _) if parts.version < Version::HTTP_11 => Cow::Owned(local.to_string()),
                (None, _) => return Err("the request has no Host header field"),
            }
        }
    };
    let host = host_name(&authority).ok_or("the Host header field is not a host name")?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut url = String::with_capacity(SCHEME.len() + authority.len() + path.len() + 1);
    url.push_str(SCHEME);
    url.push_str(&authority);
    if !path.starts_with('/') {
        url.push('/');
    }
    url.push_str(path);
    Ok(Target { host, url })
}

/// The name of the host that a request is for, in lower case, read off its whole head. `None` if it is not the head of an
/// HTTP/1 request that says so in its `Host` field; [`read`] has the last word.
pub(crate) fn glance(head: &[u8]) -> Option<String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    if !request.parse(head).ok()?.is_complete() || !request.path?.starts_with('/') {
        return None;
    }
    let field = request
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("host"))?;
    let authority = std::str::from_utf8(field.value).ok()?;
    Some(match host_name(authority)? {
        Host::InUrl(length) => authority[..length].to_owned(),
        Host::Other(name) => name,
    })
}

/// The name in `name[:port]`, checked and in lower case.
fn host_name(authority: &str) -> Option<Host> {
    if let Some(address) = authority.strip_prefix('[') {
        let (address, rest) = address.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return port.then(|| Host::Other(format!("[{address}]")));
    }
    let (name, port) = match authority.bytes().position(|byte| byte == b':') {
        Some(colon) => (&authority[..colon], Some(&authority[colon + 1..])),
        None => (authority, None),
    };
    if !port.is_none_or(is_port) {
        return None;
    }
    // `example.com.` is the same host, written as DNS does.
    let name = name.strip_suffix('.').unwrap_or(name);
    if !is_host_name(name) {
        return None;
    }
    Some(if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Host::Other(name.to_ascii_lowercase())
    } else {
        Host::InUrl(name.len())
    })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.is_empty() || text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn target(uri: &str, hosts: &[&str], version: Version) -> Result<Target, &'static str> {
        let mut request = Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        read(&mut parts, "127.0.0.1:8080".parse().unwrap())
    }

    fn read_host(host: &str) -> Option<String> {
        target("/", &[host], Version::HTTP_11)
            .ok()
            .map(|target| target.host().to_owned())
    }

    #[test]
    fn urls() {
        let target = |uri, host: &str| target(uri, &[host], Version::HTTP_11).unwrap();
        assert_eq!(
            target("/a?b=c", "Shop.test:81").url,
            "http://Shop.test:81/a?b=c"
        );
        assert_eq!(target("/a?b=c", "Shop.test:81").host(), "shop.test");
        assert_eq!(target("http://b.test/x", "a.test").url, "http://b.test/x");
        assert_eq!(target("http://b.test/x", "a.test").host(), "b.test");
    }

    #[test]
    fn hosts() {
        assert_eq!(read_host("a.test.").as_deref(), Some("a.test"));
        assert_eq!(read_host("a.test:").as_deref(), Some("a.test"));
        assert_eq!(read_host("[0:0::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(read_host("127.0.0.1:80").as_deref(), Some("127.0.0.1"));
        for host in [
            "", "a b", "a/b", "a:b", "a:70000", "user@a", "a..b", "[::1", "[::1]x", "a\u{e9}",
        ] {
            assert_eq!(read_host(host), None, "{host}");
        }
    }

    #[test]
    fn a_glance_at_a_head() {
        for (head, host) in [
            (
                "GET / HTTP/1.1\r\nA: b\r\nhOST: A.test:80\r\n\r\nbody",
                Some("a.test"),
            ),
            ("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", Some("a.test")),
            ("GET / HTTP/1.1\r\nHost: a.test\r\n", None),
            ("GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", None),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(glance(head.as_bytes()).as_deref(), host, "{head:?}");
        }
    }

    #[test]
    fn there_is_exactly_one_host() {
        assert!(
            target("/", &[], Version::HTTP_11)
                .unwrap_err()
                .contains("no Host")
        );
        assert!(
            target("/", &["a", "b"], Version::HTTP_11)
                .unwrap_err()
                .contains("more than one")
        );
        assert_eq!(
            target("/", &[], Version::HTTP_10).unwrap().host(),
            "127.0.0.1"
        );
    }
}
