//! What an app may reach.

use std::fmt;
use std::net::IpAddr;

use nano_worker::{OutboundHosts, OutboundRule};

use super::address;

/// Decides about hosts and addresses. One app's policy; its connections are shared with no other.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// None: everything may be reached: `nano eval`, `run` and `repl` act for whoever started them.
    hosts: Option<OutboundHosts>,
}

impl Policy {
    pub(super) fn unrestricted() -> Policy {
        Policy { hosts: None }
    }

    /// What an app's configuration allows.
    pub(super) fn of(hosts: OutboundHosts) -> Policy {
        Policy { hosts: Some(hosts) }
    }

    /// Decides about a name before its addresses are asked for: a name alone tells a name server something.
    pub(super) fn check_name(&self, host: &str, port: u16) -> Result<(), Refused> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        // A rule for an address is for every name that leads there.
        let may_be = |rule: &OutboundRule| rule.is_address() || rule.matches(host, port);
        if hosts.public || hosts.allow.iter().any(may_be) {
            return Ok(());
        }
        Err(Refused::new(host, port, Reason::NotNamed))
    }

    /// Decides about one address that a connection would be made to.
    pub(super) fn check(&self, host: &str, port: u16, address: IpAddr) -> Result<(), Refused> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        let address = address.to_canonical();
        let is_named =
            |rule: &OutboundRule| rule.matches(host, port) || rule.matches_address(address, port);
        let reason = match address::restriction(address) {
            Some(restriction) => Reason::NotPublic(address, restriction),
            None if hosts.public => return Ok(()),
            None => Reason::NotNamed,
        };
        if hosts.allow.iter().any(is_named) {
            return Ok(());
        }
        Err(Refused::new(host, port, reason))
    }

    /// <https://fetch.spec.whatwg.org/#block-bad-port>. A host that a rule names is the operator's choice, port and all.
    pub(super) fn blocks_port(&self, host: &str, port: u16) -> bool {
        let is_named =
            |hosts: &OutboundHosts| hosts.allow.iter().any(|rule| rule.matches(host, port));
        BAD_PORTS.binary_search(&port).is_ok() && !self.hosts.as_ref().is_some_and(is_named)
    }
}

/// A host that the app may not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    host: String,
    port: u16,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// This address of it is one of these.
    NotPublic(IpAddr, &'static str),
    /// The app may reach none but those that its configuration names.
    NotNamed,
}

impl Refused {
    fn new(host: &str, port: u16, reason: Reason) -> Refused {
        Refused {
            host: host.to_owned(),
            port,
            reason,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { host, port, reason } = self;
        match reason {
            Reason::NotPublic(address, restriction) => write!(
                f,
                "{host}:{port} is not a public host: {address} is {restriction}. "
            )?,
            Reason::NotNamed => write!(
                f,
                "{host}:{port} is none of the hosts that this app may reach. "
            )?,
        }
        write!(
            f,
            "To let this app reach it, add \"{host}:{port}\" to \"outbound\": {{ \"allow\": […] }} in its configuration"
        )
    }
}

impl std::error::Error for Refused {}

/// <https://fetch.spec.whatwg.org/#bad-port>, sorted.
#[rustfmt::skip]
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113,
    115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556,
    563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(rules: &[&str]) -> Policy {
        policy_of(true, rules)
    }

    fn policy_of(public: bool, rules: &[&str]) -> Policy {
        let allow = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Policy::of(OutboundHosts { public, allow })
    }

    fn permits(policy: &Policy, host: &str, port: u16, address: &str) -> bool {
        policy.check(host, port, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn without_rules_only_public_addresses_are_reached() {
        let policy = policy(&[]);
        assert!(permits(&policy, "example.com", 443, "93.184.215.14"));
        // A public name says nothing about where it leads.
        assert!(!permits(&policy, "example.com", 443, "127.0.0.1"));
        assert!(!permits(&policy, "example.com", 443, "::ffff:10.0.0.1"));
        assert!(permits(
            &Policy::unrestricted(),
            "localhost",
            80,
            "127.0.0.1"
        ));
    }

    #[test]
    fn a_rule_opens_what_it_names_and_no_more() {
        let policy = policy(&["localhost:5000", "*.internal.example", "10.1.2.3"]);
        assert!(permits(&policy, "localhost", 5000, "127.0.0.1"));
        assert!(!permits(&policy, "localhost", 5001, "127.0.0.1"));
        assert!(!permits(&policy, "127.0.0.1", 5000, "127.0.0.1"));
        assert!(permits(&policy, "db.internal.example", 80, "192.168.0.7"));
        // An address that is named may be reached by any name.
        assert!(permits(&policy, "elsewhere.example", 80, "10.1.2.3"));
        assert!(permits(&policy, "elsewhere.example", 80, "::ffff:10.1.2.3"));
        assert!(!permits(&policy, "elsewhere.example", 80, "10.1.2.4"));
    }

    #[test]
    fn without_public_hosts_only_named_ones_are_reached() {
        const PUBLIC: &str = "93.184.215.14";
        let policy = policy_of(false, &["api.example.com:443", "*.internal.example"]);
        assert!(permits(&policy, "api.example.com", 443, PUBLIC));
        assert!(permits(&policy, "db.internal.example", 80, "10.0.0.1"));
        for (host, port) in [("api.example.com", 80), ("example.com", 443), (PUBLIC, 443)] {
            assert!(!permits(&policy, host, port, PUBLIC), "{host}:{port}");
            // Nobody is asked for such a name, either.
            let error = policy.check_name(host, port).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{host}:{port} is none of")),
                "{error}"
            );
        }
        assert!(policy.check_name("api.example.com", 443).is_ok());
        // A name has to be looked up where it may lead to an address that is named.
        let policy = policy_of(false, &[PUBLIC]);
        assert!(policy.check_name("example.com", 443).is_ok());
        assert!(permits(&policy, "example.com", 443, PUBLIC));
        assert!(!permits(&policy, "example.com", 443, "93.184.215.15"));
    }

    #[test]
    fn a_refusal_names_the_field_to_change() {
        let error = policy(&[])
            .check("localhost", 5000, "127.0.0.1".parse().unwrap())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"localhost:5000\"") && error.contains("\"outbound\": { \"allow\""),
            "{error}"
        );
        assert!(error.contains("127.0.0.1 is a loopback address"), "{error}");
    }

    #[test]
    fn bad_ports_are_blocked() {
        assert!(BAD_PORTS.is_sorted());
        assert!(policy(&[]).blocks_port("example.com", 25));
        assert!(!policy(&[]).blocks_port("example.com", 443));
        assert!(Policy::unrestricted().blocks_port("localhost", 6000));
        assert!(!policy(&["x11.example:6000"]).blocks_port("x11.example", 6000));
    }
}
