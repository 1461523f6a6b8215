//! Where apps are reached.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenAddress {
    /// None: all addresses, of IPv6 and IPv4.
    pub ip: Option<IpAddr>,
    /// 0: one that is free.
    pub port: u16,
}

impl ListenAddress {
    /// The port where nothing else is said.
    pub const DEFAULT_PORT: u16 = 8080;

    /// All addresses at a port.
    pub const fn any(port: u16) -> Self {
        Self { ip: None, port }
    }

    /// The same address at another port.
    pub const fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The address to bind. Where it is all addresses, `[::]` takes IPv4, too, on systems that have both.
    pub fn socket(self) -> SocketAddr {
        SocketAddr::new(self.ip.unwrap_or(Ipv6Addr::UNSPECIFIED.into()), self.port)
    }

    /// Whether nobody else can listen at this address of theirs beside it.
    pub(super) fn overlaps(self, other: SocketAddr) -> bool {
        let own = self.socket();
        let takes = |all: IpAddr, one: IpAddr| match all {
            IpAddr::V6(all) => all.is_unspecified(),
            IpAddr::V4(all) => all.is_unspecified() && one.is_ipv4(),
        };
        let (one, two) = (own.ip().to_canonical(), other.ip().to_canonical());
        let is_shared = one == two || takes(one, two) || takes(two, one);
        is_shared && own.port() == other.port() && own.port() != 0
    }
}

/// The admin API and apps are to listen at the same address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the admin API cannot listen on {admin}: apps listen on {apps}")]
pub struct Overlap {
    /// Where the admin API is to listen.
    pub admin: SocketAddr,
    /// Where apps are.
    pub apps: ListenAddress,
}

impl Overlap {
    /// What to do about it.
    pub const HELP: &str =
        "choose another port for one of them: a request is an app's or an operator's";
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}
