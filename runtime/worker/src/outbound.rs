//! Which hosts an app may reach.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The hosts that an app may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundHosts {
    /// Whether all are that have a public address; else only those that `allow` names.
    pub public: bool,
    /// Those that are whatever their address is.
    pub allow: Vec<OutboundRule>,
}

impl Default for OutboundHosts {
    fn default() -> Self {
        Self {
            public: true,
            allow: Vec::new(),
        }
    }
}

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

    /// Does the rule name an address? Then it is for every name that leads there, too.
    pub fn is_address(&self) -> bool {
        matches!(self.host, Host::Address(_))
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
        read(text).map_err(|what| {
            OutboundRuleError(format!(
                "expected a name (\"api.example.com\"), all names below one (\"*.example.com\") or an IP address \
                 (\"127.0.0.1\", \"[::1]\"), each with a port (\"127.0.0.1:5000\") or for all ports; found {text:?}, {what}"
            ))
        })
    }
}

/// Reads a rule, or says what is wrong with the text, and what to do.
fn read(text: &str) -> Result<OutboundRule, &'static str> {
    if let Some((host, length)) = text.split_once('/')
        && is_address(host)
        && length.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(
            "which is a range of addresses, and there are none here: list each address, or names",
        );
    }
    if text.contains('/') {
        return Err("which looks like a URL: leave out the scheme and the path");
    }
    if text.contains('%') {
        return Err("which has an address's zone or an escape: neither is in the host of a URL");
    }
    // A bare IPv6 address has colons of its own.
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(OutboundRule {
            host: Host::Address(address),
            port: None,
        });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host = read_host(host)?;
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port != 0 => Some(port),
        Some(_) => {
            return Err(
                "whose port is not a number from 1 to 65535: write one, or leave it out for all ports",
            );
        }
    };
    Ok(OutboundRule { host, port })
}

fn read_host(host: &str) -> Result<Host, &'static str> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or(inner);
        let address = inner.parse::<Ipv6Addr>();
        return match address {
            Ok(address) if host.ends_with(']') => Ok(Host::Address(address.into())),
            _ => Err("whose brackets hold no IPv6 address: write \"[::1]\" or \"[::1]:5000\""),
        };
    }
    if host.contains(':') {
        return Err(
            "which is no IPv6 address, and has several colons: write \"[::1]:5000\" for an address with a port",
        );
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    let (below, name) = match host.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, host),
    };
    if name.contains('*') {
        return Err(
            "where a \"*\" stands for more than whole labels before a name: list names and addresses",
        );
    }
    if !name.is_ascii() {
        return Err("which is not ASCII: write its Punycode form, \"xn--bcher-kva.example\"");
    }
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !name.split('.').all(label) {
        return Err(
            "which is no host name: expected labels of letters, digits, hyphens and underscores between dots",
        );
    }
    // The host parser of URLs, https://url.spec.whatwg.org/#ends-in-a-number-checker, leaves no such name.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            "which ends in a number and is no IPv4 address: write its four numbers up to 255",
        );
    }
    let name = name.to_ascii_lowercase();
    Ok(if below {
        Host::Below(name)
    } else {
        Host::Name(name)
    })
}

/// Whether this is an address, or the beginning of an IPv4 one, as ranges are written: `10/8`.
fn is_address(text: &str) -> bool {
    let text = text.trim_start_matches('[').trim_end_matches(']');
    text.parse::<IpAddr>().is_ok() || text.split('.').all(|number| number.parse::<u8>().is_ok())
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
            ("[::1", "IPv6"),
            ("[::1]5000", "IPv6"),
            ("[10.0.0.1]:80", "IPv6"),
            ("1::2::3", "several colons"),
            ("a.com:80:90", "several colons"),
            ("fe80::1%eth0", "zone"),
            ("10.0.0.0/8", "range of addresses"),
            ("10/8", "range of addresses"),
            ("fd00::/8", "range of addresses"),
            ("[fd00::]/8", "range of addresses"),
            ("a.com/8", "URL"),
            ("a.com:*", "all ports"),
            ("a.com:80-90", "all ports"),
            ("*", "\"*\""),
            ("10.0.0.*", "\"*\""),
            ("bücher.de", "Punycode"),
            // No URL has these hosts.
            ("127.1", "IPv4"),
            ("256.1.1.1:80", "IPv4"),
            ("*.1.2.3", "IPv4"),
        ] {
            let error = text.parse::<OutboundRule>().unwrap_err().to_string();
            let (accepted, found) = error.split_once("; found ").expect("two parts");
            assert!(found.contains(part), "{error}");
            for form in [
                "api.example.com",
                "*.example.com",
                "[::1]",
                "127.0.0.1:5000",
            ] {
                assert!(accepted.contains(&format!("\"{form}\"")), "{error}");
                assert!(form.parse::<OutboundRule>().is_ok(), "{form}");
            }
        }
    }
}
