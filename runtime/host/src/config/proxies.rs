//! The field "proxies": which peers are believed when they say whom a request is from.

use std::net::IpAddr;

use ipnet::IpNet;

use super::fields;
use super::reader::{Fields, Located};

/// Proxies that are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Their networks.
    pub trusted: Vec<IpNet>,
    /// What they set in each request.
    pub fields: ProxyFields,
}

/// Header fields that a proxy sets, whatever its client has sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyFields {
    /// `Forwarded` (RFC 7239); none of the others then.
    pub forwarded: bool,
    /// `X-Forwarded-For`.
    pub x_forwarded_for: bool,
    /// `X-Forwarded-Proto`.
    pub x_forwarded_proto: bool,
    /// `X-Forwarded-Host`: by it, requests find their apps.
    pub x_forwarded_host: bool,
}

impl Default for ProxyFields {
    /// What most proxies can be told to set, and are.
    fn default() -> Self {
        Self {
            forwarded: false,
            x_forwarded_for: true,
            x_forwarded_proto: true,
            x_forwarded_host: false,
        }
    }
}

impl Proxies {
    /// Whether one of them is at this address, which is canonical.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// Reads the field "proxies".
pub(super) fn read_proxies(fields: &Fields<'_, fields::Proxies>) -> Proxies {
    let network = |value: &Located<'_>| {
        let text = value.expanded()?;
        let network = text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        if network.is_err() {
            value.fault(
                format!("expected an IP address or a network, found {text:?}"),
                "write \"10.0.0.7\", \"10.0.0.0/8\" or \"fd00::/8\"".to_owned(),
            );
        }
        network.ok()
    };
    let list = fields
        .read(fields::Proxies::TRUSTED)
        .and_then(|value| value.array());
    let trusted = list
        .unwrap_or_default()
        .iter()
        .filter_map(network)
        .collect();
    let set = fields
        .read(fields::Proxies::FIELDS)
        .and_then(|value| read_fields(&value));
    Proxies {
        trusted,
        fields: set.unwrap_or_default(),
    }
}

fn read_fields(value: &Located<'_>) -> Option<ProxyFields> {
    let mut set = ProxyFields {
        forwarded: false,
        x_forwarded_for: false,
        x_forwarded_proto: false,
        x_forwarded_host: false,
    };
    let list = value.array()?;
    for field in &list {
        let name = field.string()?;
        let which = match name.to_ascii_lowercase().as_str() {
            "forwarded" => &mut set.forwarded,
            "x-forwarded-for" => &mut set.x_forwarded_for,
            "x-forwarded-proto" => &mut set.x_forwarded_proto,
            "x-forwarded-host" => &mut set.x_forwarded_host,
            _ => {
                field.fault(
                    format!("{name:?} is no field that says whom a request is from"),
                    "write \"forwarded\", or some of \"x-forwarded-for\", \"x-forwarded-proto\" and \"x-forwarded-host\"".to_owned(),
                );
                return None;
            }
        };
        *which = true;
    }
    if set.forwarded && list.len() > 1 {
        value.fault(
            "\"forwarded\" says what the others say, and they could contradict each other",
            "keep the one that the proxy sets in every request, whatever its client has sent"
                .to_owned(),
        );
        return None;
    }
    Some(set)
}
