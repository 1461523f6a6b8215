//! Exceptions from the rule that apps reach only public addresses.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A host that an app may reach: `api.example.com`, `*.internal.example`, `127.0.0.1:5000`, `[::1]:5000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRule {
    host: Host,
    /// None: any port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
    /// Every name below this one.
    Below(String),
}

impl OutboundRule {
    /// Does the rule name this host (as in a URL: a name, an IPv4 address, an IPv6 address with or without brackets)
    /// and port?
    pub fn matches(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        match &self.host {
            Host::Address(address) => bare.parse() == Ok(*address),
            Host::Name(name) => host.eq_ignore_ascii_case(name),
            Host::Below(parent) => {
                let host = host.to_ascii_lowercase();
                host.strip_suffix(parent.as_str())
                    .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }

    /// Does the rule name this address itself and this port? Decides for addresses that a name resolved to.
    pub fn matches_address(&self, address: IpAddr, port: u16) -> bool {
        self.host == Host::Address(address) && self.port.is_none_or(|own| own == port)
    }
}

/// Why a text is no [`OutboundRule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRuleError(String);

impl fmt::Display for OutboundRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OutboundRuleError {}

impl FromStr for OutboundRule {
    type Err = OutboundRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |what: &str| {
            Err(OutboundRuleError(format!(
                "expected a host with an optional port, such as \"api.example.com\", \"*.example.com\" or \
                 \"127.0.0.1:5000\"; found {text:?}, {what}"
            )))
        };
        if text.contains("://") || text.contains('/') {
            return fail("which looks like a URL: leave out the scheme and the path");
        }
        // A bare IPv6 address has colons of its own.
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self {
                host: Host::Address(address),
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => match port.parse::<u16>() {
                Ok(port) if port != 0 => (host, Some(port)),
                _ => return fail("whose port is not a number from 1 to 65535"),
            },
            _ => (text, None),
        };
        if let Some(inner) = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return match inner.parse::<Ipv6Addr>() {
                Ok(address) => Ok(Self {
                    host: Host::Address(address.into()),
                    port,
                }),
                Err(_) => fail("whose brackets hold no IPv6 address"),
            };
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Self {
                host: Host::Address(address),
                port,
            });
        }
        let (wildcard, name) = match host.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, host),
        };
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !name.split('.').all(label) {
            return fail("which is no host name");
        }
        let name = name.to_ascii_lowercase();
        Ok(Self {
            host: if wildcard {
                Host::Below(name)
            } else {
                Host::Name(name)
            },
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> OutboundRule {
        text.parse().unwrap()
    }

    #[test]
    fn names_and_ports() {
        assert!(rule("api.example.com").matches("API.example.com", 443));
        assert!(!rule("api.example.com").matches("example.com", 443));
        assert!(rule("localhost:80").matches("localhost", 80));
        assert!(!rule("localhost:80").matches("localhost", 81));
    }

    #[test]
    fn wildcards_name_what_is_below() {
        assert!(rule("*.example.com").matches("a.b.example.com", 80));
        assert!(!rule("*.example.com").matches("example.com", 80));
        assert!(!rule("*.example.com").matches("evilexample.com", 80));
    }

    #[test]
    fn addresses() {
        assert!(rule("127.0.0.1:5000").matches("127.0.0.1", 5000));
        assert!(rule("::1").matches("[::1]", 80));
        assert!(rule("[::1]:90").matches("::1", 90));
        assert!(rule("10.0.0.1").matches_address("10.0.0.1".parse().unwrap(), 1));
        assert!(!rule("localhost").matches_address("127.0.0.1".parse().unwrap(), 1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("http://a.com", "URL"),
            ("a.com:http", "port"),
            ("a.com:0", "port"),
            ("a..com", "host name"),
            ("", "host name"),
            ("[zz]:1", "IPv6"),
        ] {
            let error = text.parse::<OutboundRule>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
