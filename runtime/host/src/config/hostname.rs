//! Hostnames that apps answer to.

use std::fmt;
use std::net::Ipv6Addr;
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
        if let Some(inner) = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return match inner.parse::<Ipv6Addr>() {
                Ok(_) if !below => Ok(Self::Exact(name.into())),
                _ => wrong("the brackets hold no IPv6 address", "write \"[::1]\""),
            };
        }
        if name.parse::<Ipv6Addr>().is_ok() {
            return Err((
                "an IPv6 address stands in brackets".to_owned(),
                format!("write \"[{name}]\""),
            ));
        }
        if name.contains(':') {
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
        if !is_host_name(&name) {
            return wrong(
                "expected labels of letters, digits, hyphens and underscores, separated by dots",
                "write \"shop.example.com\"",
            );
        }
        Ok(if below {
            Self::Below(name.into())
        } else {
            Self::Exact(name.into())
        })
    }
}

/// Is this a DNS name (or an IPv4 address) in lower case, without a dot at its end?
pub(crate) fn is_host_name(name: &str) -> bool {
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
    use super::HostPattern;

    #[test]
    fn patterns() {
        for (text, shown) in [
            ("Shop.Example.com", "shop.example.com"),
            ("*.tools.localhost", "*.tools.localhost"),
            ("*", "*"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(HostPattern::parse(text).unwrap().to_string(), shown);
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
        ] {
            let (message, _) = HostPattern::parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
