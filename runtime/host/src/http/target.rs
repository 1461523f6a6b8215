//! Which host and which URL a request is for.

use std::borrow::Cow;
use std::net::SocketAddr;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Method, Version};

use crate::config::normalize;

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

/// Reads the target of a request per RFC 9112, section 3.2 and 3.3, and makes its `Host` field agree with it.
///
/// # Errors
/// What is wrong, for the client.
pub(crate) fn read(parts: &mut Parts, local: SocketAddr) -> Result<Target, &'static str> {
    let stated = stated_host(parts)?;
    let authority = match parts.uri.authority() {
        Some(authority) => {
            // Only a CONNECT request may have nothing but an authority (RFC 9112, section 3.2.3).
            match parts.uri.scheme_str() {
                Some("http" | "https") => {}
                Some(_) => return Err("the request target has a scheme other than http and https"),
                None => return Err("the request target is neither a path nor an absolute URL"),
            }
            if stated.is_some_and(|stated| host_name(stated).is_none()) {
                return Err(NO_HOST_NAME);
            }
            let authority = authority.as_str().to_owned();
            let agrees = |stated: &str| stated.eq_ignore_ascii_case(&authority);
            if parts.version == Version::HTTP_2 && !stated.is_none_or(agrees) {
                // RFC 9113, section 8.3.1
                return Err("the Host header field and :authority are different");
            }
            // In HTTP/1, the absolute form wins over `Host` (RFC 9112, section 3.2.2).
            match HeaderValue::from_str(&authority) {
                Ok(value) => parts.headers.insert(HOST, value),
                Err(_) => return Err("the request target has no valid host"),
            };
            Cow::Owned(authority)
        }
        None => match stated {
            Some(stated) => Cow::Borrowed(stated),
            None if parts.version < Version::HTTP_11 => Cow::Owned(local.to_string()),
            None => return Err("the request has no Host header field"),
        },
    };
    let host = host_name(&authority).ok_or(NO_HOST_NAME)?;
    let path = path(parts);
    if path == "*" && parts.method != Method::OPTIONS {
        return Err("the request target \"*\" is for OPTIONS");
    }
    let mut url = origin(&authority, path.len() + 1);
    if !path.starts_with('/') {
        url.push('/');
    }
    url.push_str(path);
    Ok(Target { host, url })
}

/// A `Host` field by which a request was fit to be [`read`], and nothing else.
pub(crate) struct StatedHost {
    /// A copy: the field itself is a part of the connection's buffer.
    field: Box<[u8]>,
    /// What URLs begin with.
    origin: Box<str>,
}

impl StatedHost {
    /// `None` if it is no text.
    pub(crate) fn new(field: &HeaderValue) -> Option<Self> {
        Some(Self {
            field: field.as_bytes().into(),
            origin: origin(field.to_str().ok()?, 0).into(),
        })
    }

    /// The URL of a request that names its host by the same field. `None` if it does not.
    pub(crate) fn url_of(&self, parts: &Parts) -> Option<String> {
        let mut values = parts.headers.get_all(HOST).iter();
        let is_same = values
            .next()
            .is_some_and(|value| value.as_bytes() == &*self.field);
        let path = path(parts);
        let is_origin_form = parts.uri.authority().is_none() && path.starts_with('/');
        if !is_same || values.next().is_some() || !is_origin_form {
            return None;
        }
        // One more byte is for the "s" of "https".
        let mut url = String::with_capacity(self.origin.len() + path.len() + 1);
        url.push_str(&self.origin);
        url.push_str(path);
        Some(url)
    }
}

fn path(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", |path| path.as_str())
}

/// What a URL begins with that has so many bytes more.
fn origin(authority: &str, more: usize) -> String {
    let mut url = String::with_capacity(SCHEME.len() + authority.len() + more);
    url.push_str(SCHEME);
    url.push_str(authority);
    url
}

/// Has a URL that was [`read`] say that its client came by TLS.
pub(crate) fn secure(url: &mut String) {
    url.insert(SCHEME.len() - "://".len(), 's');
}

const NO_HOST_NAME: &str = "the Host header field is not a host name";

/// The `Host` field, which an HTTP/1.1 request must have exactly once, whatever its target is (RFC 9112, section 3.2).
fn stated_host(parts: &Parts) -> Result<Option<&str>, &'static str> {
    let mut values = parts.headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err("the request has more than one Host header field"),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| NO_HOST_NAME),
        (None, None) if parts.version == Version::HTTP_11 => {
            Err("the request has no Host header field")
        }
        (None, None) => Ok(None),
    }
}

/// The name of the host that a request is for, in lower case, and its path, read off its whole head. `None` if it is not the head of an
/// HTTP/1 request that says so in its `Host` field; [`read`] has the last word.
pub(crate) fn peek(head: &[u8]) -> Option<(String, &str)> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let path = match request.parse(head).ok()?.is_complete() {
        true => request.path.filter(|path| path.starts_with('/'))?,
        false => return None,
    };
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let field = request
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("host"))?;
    let authority = std::str::from_utf8(field.value).ok()?;
    let host = match host_name(authority)? {
        Host::InUrl(length) => authority[..length].to_owned(),
        Host::Other(name) => name,
    };
    Some((host, path))
}

/// The name in `name[:port]`, checked and normalized.
fn host_name(authority: &str) -> Option<Host> {
    let name = match authority.bytes().position(|byte| byte == b']') {
        Some(end) => end + 1,
        None => {
            let colon = authority.bytes().position(|byte| byte == b':');
            colon.unwrap_or(authority.len())
        }
    };
    let (name, port) = authority.split_at(name);
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return None;
    }
    Some(match normalize(name)? {
        Cow::Borrowed(name) => Host::InUrl(name.len()),
        Cow::Owned(name) => Host::Other(name),
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

    #[test]
    fn a_host_that_was_read_before() {
        let again = |uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            StatedHost::new(&HeaderValue::from_static("A.test:81"))?.url_of(&parts)
        };
        for (uri, hosts, url) in [
            ("/a?b=c", &["A.test:81"][..], Some("http://A.test:81/a?b=c")),
            ("/", &["a.test:81"], None),
            ("/", &["A.test:81", "A.test:81"], None),
            ("/", &[], None),
            ("*", &["A.test:81"], None),
            ("http://b.test/", &["A.test:81"], None),
            ("b.test:80", &["A.test:81"], None),
        ] {
            assert_eq!(again(uri, hosts).as_deref(), url, "{uri} {hosts:?}");
        }
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
        assert_eq!(read_host("127.1").as_deref(), Some("127.0.0.1"));
        assert_eq!(read_host("4.a.test").as_deref(), Some("4.a.test"));
        assert_eq!(read_host("4a.test").as_deref(), Some("4a.test"));
        assert_eq!(
            read_host("xn--bcher-kva.test").as_deref(),
            Some("xn--bcher-kva.test")
        );
        for host in [
            "1.2.3.4.5",
            "256.1.1.1",
            "a.0x",
            "xn--a.test",
            "",
            "a b",
            "a/b",
            "a:b",
            "a:70000",
            "user@a",
            "a..b",
            "[::1",
            "[::1]x",
            "a\u{e9}",
        ] {
            assert_eq!(read_host(host), None, "{host}");
        }
    }

    #[test]
    fn peeks_at_the_host_of_a_head() {
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
            let found = peek(head.as_bytes());
            assert_eq!(found.as_ref().map(|(host, _)| &**host), host, "{head:?}");
        }
    }

    #[test]
    fn targets() {
        let version = Version::HTTP_11;
        for (uri, hosts, part) in [
            // RFC 9112, section 3.2.3
            ("a.test", &["a.test"][..], "neither a path nor"),
            ("a.test:80", &["a.test"], "neither a path nor"),
            ("ftp://a.test/", &["a.test"], "scheme"),
            ("*", &["a.test"], "OPTIONS"),
            // RFC 9112, section 3.2: also in the absolute form.
            ("http://a.test/", &[], "no Host"),
            ("http://a.test/", &["a.test", "a.test"], "more than one"),
            ("http://a.test/", &["a b"], "not a host name"),
        ] {
            let error = target(uri, hosts, version).unwrap_err();
            assert!(error.contains(part), "{uri}: {error}");
        }
        // RFC 9113, section 8.3.1
        let version = Version::HTTP_2;
        assert!(target("http://a.test/", &["A.test"], version).is_ok());
        assert!(target("http://a.test/", &[], version).is_ok());
        assert!(target("http://a.test/", &["b.test"], version).is_err());
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
