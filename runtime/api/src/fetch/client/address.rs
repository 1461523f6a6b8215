//! Which IP addresses belong to the public Internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is that an app may not reach by default, as the end of "… is". None for public unicast addresses.
///
/// Everything in IANA's special-purpose registries that is not globally reachable:
/// <https://www.iana.org/assignments/iana-ipv4-special-registry/> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry/>. IPv6 addresses that embed an IPv4 address are what that one is.
pub(super) fn restriction(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => restriction_v4(address),
        IpAddr::V6(address) => restriction_v6(address),
    }
}

fn restriction_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an address of this host",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [169, 254, ..] => "a link-local address",
        [100, 64..=127, ..] => "an address behind a carrier's NAT",
        [192, 0, 0, _] => "an address for protocol assignments",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [192, 88, 99, _] => "an address of a 6to4 relay",
        [198, 18..=19, ..] => "an address for benchmarks",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn restriction_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        restriction_v4(Ipv4Addr::new(a, b, c, d))
    };
    Some(match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => "the unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        // IPv4-mapped (::ffff:0:0/96) and IPv4-translated by NAT64 (64:ff9b::/96).
        [0, 0, 0, 0, 0, 0xFFFF, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => {
            return embedded(high, low);
        }
        // 6to4 has the IPv4 address of its gateway in it.
        [0x2002, high, low, ..] => return embedded(high, low),
        [0xFE80..=0xFEBF, ..] => "a link-local address",
        [0xFEC0..=0xFEFF, ..] => "a site-local address",
        [0xFC00..=0xFDFF, ..] => "a unique local address",
        [0xFF00..=0xFFFF, ..] => "a multicast address",
        [0x2001, 0..=0x01FF, ..] => "an address for protocol assignments",
        [0x2001, 0x0DB8, ..] | [0x3FFF, 0..=0x0FFF, ..] => "an address for documentation",
        [0x2000..=0x3FFF, ..] => return None,
        _ => "a reserved address",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(text: &str) -> bool {
        restriction(text.parse().expect(text)).is_none()
    }

    #[test]
    fn public_addresses() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:0808:0808::1",
        ] {
            assert!(is_public(text), "{text}");
        }
    }

    #[test]
    fn addresses_of_private_networks() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(text), "{text}");
            // Nor is it reached in the clothes of an IPv6 address.
            assert!(!is_public(&format!("::ffff:{text}")), "mapped {text}");
            assert!(!is_public(&format!("64:ff9b::{text}")), "translated {text}");
        }
    }

    #[test]
    fn addresses_of_private_ipv6_networks() {
        for text in [
            "::",
            "::1",
            "::7f00:1",
            "::ffff:0:7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:c0a8:1::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text), "{text}");
        }
    }
}
