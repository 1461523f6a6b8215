//! Hostnames that apps answer to.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Which hosts an app answers to. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// `shop.example.com`.
    Exact(Arc<str>),
    /// `*.example.com`: holds `example.com`, and matches every name below it.
    Below(Arc<str>),
    /// `*`: every host that no other app answers to.
    Any,
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
            Self::Any => f.write_str("*"),
        }
    }
}

impl HostPattern {
    /// Reads a pattern of a configuration.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let name = name.to_ascii_lowercase();
        let wrong = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
        if name.contains("://") || name.contains('/') {
            return wrong(
                "a hostname has no scheme and no path",
                "write \"shop.example.com\"",
            );
        }
        if name.contains('*') {
            return wrong(
                "a wildcard stands for whole labels at the beginning",
                "write \"*.example.com\"",
            );
        }
        if name.parse::<Ipv6Addr>().is_ok() {
            return Err((
                "an IPv6 address stands in brackets".to_owned(),
                format!("write \"[{name}]\""),
            ));
        }
        let is_bracketed = name.starts_with('[');
        if name.contains(':') && !is_bracketed {
            return wrong(
                "a hostname has no port",
                "leave it out; the app's \"port\" field gives it a port of its own",
            );
        }
        if !name.is_ascii() {
            return wrong(
                "a hostname is ASCII",
                "write its Punycode form: \"xn--bcher-kva.example\"",
            );
        }
        let Some(normal) = normalize(&name) else {
            if is_bracketed {
                return wrong("the brackets hold no IPv6 address", "write \"[::1]\"");
            }
            if !is_host_name(name.strip_suffix('.').unwrap_or(&name)) {
                return wrong(
                    "expected labels of letters, digits, hyphens and underscores, separated by dots",
                    "write \"shop.example.com\"",
                );
            }
            if ends_in_number(&name) {
                return wrong(
                    "no request can have this host: in URLs, what ends in a number is an IPv4 address, and this is none",
                    "write four numbers up to 255, \"127.0.0.1\", or a name whose last label begins with a letter",
                );
            }
            return wrong(
                "no request can have this host: a label that begins with \"xn--\" is Punycode, and this one is not valid",
                "write a name as browsers do: \"xn--bcher-kva.example\"",
            );
        };
        if below && (is_bracketed || ends_in_number(&normal)) {
            return wrong(
                "no request can have a host below this one: names do not end in an address or a number",
                "write \"*.example.com\"",
            );
        }
        Ok(if below {
            Self::Below(normal.into())
        } else {
            Self::Exact(normal.into())
        })
    }
}

/// A host to try these patterns with, best one that leads to this machine. `None`: any, or there is no pattern.
pub(crate) fn example<'a>(patterns: impl IntoIterator<Item = &'a HostPattern>) -> Option<String> {
    // Names below "localhost" are the machine's own: https://www.rfc-editor.org/rfc/rfc6761#section-6.3.
    let is_local = |name: &str| name == "localhost" || name.ends_with(".localhost");
    let best = patterns.into_iter().min_by_key(|pattern| match pattern {
        HostPattern::Any => 0,
        HostPattern::Exact(name) if is_local(name) => 1,
        HostPattern::Below(name) if is_local(name) => 2,
        HostPattern::Exact(_) => 3,
        HostPattern::Below(_) => 4,
    });
    match best? {
        HostPattern::Any => None,
        HostPattern::Exact(name) => Some(name.to_string()),
        HostPattern::Below(name) => Some(format!("www.{name}")),
    }
}

/// The one way to write a host, in which hosts are compared: of a request and of a configuration alike. Takes a host without
/// port, and gives a part of it where that is written so already. `None` for what is no host in a URL.
pub(crate) fn normalize(host: &str) -> Option<Cow<'_, str>> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(Cow::Owned(format!("[{address}]")));
    }
    // `example.com.` is the same host, written as DNS does.
    let name = host.strip_suffix('.').unwrap_or(host);
    if !is_host_name(name) {
        return None;
    }
    // Some names are none to the URL parser, and then an app could not read the URL of its request: it takes what ends in a
    // number for an IPv4 address, and decodes Punycode.
    let ends_in_number = ends_in_number(name);
    if ends_in_number && name.parse::<Ipv4Addr>().is_ok() {
        return Some(Cow::Borrowed(name));
    }
    if ends_in_number || contains_punycode(name) {
        return match url::Host::parse(name).ok()? {
            url::Host::Domain(name) => Some(Cow::Owned(name)),
            url::Host::Ipv4(address) => Some(Cow::Owned(address.to_string())),
            url::Host::Ipv6(_) => None,
        };
    }
    Some(if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    })
}

/// Whether the last label begins with a digit.
fn ends_in_number(name: &str) -> bool {
    let dot = name.bytes().rposition(|byte| byte == b'.');
    let last = dot.map_or(0, |dot| dot + 1);
    name.as_bytes().get(last).is_some_and(u8::is_ascii_digit)
}

fn contains_punycode(name: &str) -> bool {
    let is_prefix = |four: &[u8]| four.eq_ignore_ascii_case(b"xn--");
    name.contains('-') && name.as_bytes().windows(4).any(is_prefix)
}

/// Is this a DNS name (or an IPv4 address) in lower case, without a dot at its end?
fn is_host_name(name: &str) -> bool {
    let mut label = 0;
    for byte in name.bytes() {
        label = match byte {
            b'.' if label > 0 => 0,
            b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if label < 63 => label + 1,
            _ => return false,
        };
    }
    label > 0 && name.len() <= 253
}

#[cfg(test)]
mod tests {
    use super::{HostPattern, example};

    #[test]
    fn patterns() {
        for (text, shown) in [
            ("Shop.Example.com", "shop.example.com"),
            ("*.tools.localhost", "*.tools.localhost"),
            ("*", "*"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("127.1", "127.0.0.1"),
            ("1.2.3", "1.2.0.3"),
            ("a.com.", "a.com"),
            ("xn--BCHER-kva.de", "xn--bcher-kva.de"),
        ] {
            assert_eq!(HostPattern::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn the_best_host_to_try() {
        for (patterns, host) in [
            (&[][..], None),
            (&["a.localhost", "*"], None),
            (
                &["a.test", "b.localhost", "c.localhost"],
                Some("b.localhost"),
            ),
            (&["a.test", "*.localhost"], Some("www.localhost")),
            (&["*.a.test", "b.test"], Some("b.test")),
            (&["*.a.test"], Some("www.a.test")),
        ] {
            let patterns: Vec<_> = patterns
                .iter()
                .map(|text| HostPattern::parse(text).unwrap())
                .collect();
            assert_eq!(example(&patterns).as_deref(), host, "{patterns:?}");
        }
    }

    #[test]
    fn faults() {
        for (text, part) in [
            ("http://a", "scheme"),
            ("a.com:80", "port"),
            ("a.*.com", "wildcard"),
            ("*a.com", "wildcard"),
            ("bücher.de", "ASCII"),
            ("a..b", "labels"),
            ("", "labels"),
            ("[1]", "IPv6"),
            ("::1", "brackets"),
            ("a..", "labels"),
            ("[::1]:80", "IPv6"),
            ("*.[::1]", "below"),
            // No URL has these hosts.
            ("1.2.3.4.5", "IPv4"),
            ("256.1.1.1", "IPv4"),
            ("a.0x", "IPv4"),
            ("xn--a", "Punycode"),
            ("*.xn--a", "Punycode"),
            ("*.127.0.0.1", "below"),
            ("*.1.2.3", "below"),
        ] {
            let (message, _) = HostPattern::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
