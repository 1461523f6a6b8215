//! Whom a request is from, when proxies stand between.
//!
//! An app gets `cf-connecting-ip` and `x-real-ip` (the client's address), `x-forwarded-for` and `x-forwarded-proto` from the host, and
//! never as a client wrote them; nor as an app did that calls another one: a call is from whom the request is from that it is made for. What says the same things in a request counts only if it comes from a proxy that the configuration
//! trusts, and only the fields that it says this proxy sets: another one would be passed on as the client wrote it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use nano_worker::Fields;

use crate::config::Proxies;

const CF_CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whether a field says something of this kind.
pub(crate) fn is_forwarding(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.starts_with("x-forwarded-")
        || *name == X_REAL_IP
        || *name == CF_CONNECTING_IP
        || *name == FORWARDED
}

/// Who is at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    address: IpAddr,
    /// A proxy's requests are from others.
    proxies: Option<Arc<Proxies>>,
    /// What apps are told of requests that are from this peer itself.
    own: Arc<Fields>,
}

/// What a request is told to be.
#[derive(Debug)]
pub(crate) struct Origin {
    /// What the app is told; `None`: what it is told of the peer.
    told: Option<Arc<Fields>>,
    /// It came to the first proxy by TLS.
    pub(crate) is_secure: bool,
}

impl Peer {
    /// A peer at this address. `proxies` are those that are trusted.
    pub(crate) fn new(address: IpAddr, proxies: &Arc<Proxies>) -> Self {
        let address = address.to_canonical();
        Self {
            address,
            proxies: proxies.trust(address).then(|| proxies.clone()),
            own: told(address, &address.to_string(), false),
        }
    }

    /// Whose connection it is where those of one client are counted: that of an address, or of the network of one's 64 first bits where it is
    /// one of IPv6, as a client has all of those. `None`: a proxy's that is trusted, which is for many.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        if self.proxies.is_some() {
            return None;
        }
        Some(match self.address {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        })
    }

    /// Takes what says whom a request is from out of its fields, and has its `Host` be the one that its client asked for.
    /// `is_forwarded`: it has [such fields](is_forwarding).
    pub(crate) fn origin(&self, parts: &mut Parts, is_forwarded: bool) -> Origin {
        let mut origin = Origin {
            told: None,
            is_secure: false,
        };
        if !is_forwarded {
            return origin;
        }
        if let Some(proxies) = &self.proxies {
            let hop = Hop::before(self.address, &parts.headers, proxies);
            let mut chain = elements(&parts.headers, &X_FORWARDED_FOR);
            if proxies.fields.forwarded || !proxies.fields.x_forwarded_for {
                // The chain itself is not known; its begin is.
                chain.clear();
                if hop.client != self.address {
                    chain.push(hop.client.to_string().into());
                }
            }
            chain.push(self.address.to_string().into());
            // Other bytes are in no value that is made of text.
            let chain = chain
                .join(", ")
                .replace(|character: char| !character.is_ascii(), "?");
            origin.is_secure = hop.is_secure;
            origin.told = Some(told(hop.client, &chain, hop.is_secure));
            if let Some(host) = hop.host.and_then(|host| HeaderValue::try_from(host).ok()) {
                parts.headers.insert(HOST, host);
                // An authority would win over it.
                if let Some(path) = parts.uri.path_and_query().cloned() {
                    parts.uri = path.into();
                }
            }
        }
        let names: Vec<_> = parts.headers.keys().cloned().collect();
        for name in names.iter().filter(|name| is_forwarding(name)) {
            parts.headers.remove(name);
        }
        origin
    }

    /// What an app is told of a request's client: fields that it gets beside the request's own.
    pub(crate) fn told(&self, origin: Origin) -> Arc<Fields> {
        origin.told.unwrap_or_else(|| self.own.clone())
    }
}

fn told(client: IpAddr, chain: &str, is_secure: bool) -> Arc<Fields> {
    let client = HeaderValue::try_from(client.to_string());
    let mut map = HeaderMap::new();
    if let (Ok(client), Ok(chain)) = (client, HeaderValue::try_from(chain)) {
        map.insert(CF_CONNECTING_IP, client.clone());
        map.insert(X_REAL_IP, client);
        map.insert(X_FORWARDED_FOR, chain);
    }
    let scheme = if is_secure { "https" } else { "http" };
    map.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    Arc::new(Fields::from(&map))
}

/// The way to the first proxy that is trusted.
#[derive(Debug, PartialEq, Eq)]
struct Hop {
    client: IpAddr,
    is_secure: bool,
    /// The host that the client has asked for, where the proxies say it.
    host: Option<String>,
}

impl Hop {
    /// Goes back from proxy to proxy, for as long as each is trusted to say the truth.
    fn before(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let fields = proxies.fields;
        if fields.forwarded {
            return Self::by_forwarded(peer, headers, proxies);
        }
        let (mut client, mut hops) = (peer, 0);
        if fields.x_forwarded_for {
            for text in elements(headers, &X_FORWARDED_FOR).iter().rev() {
                let Some(address) = node(text) else { break };
                client = address;
                if !proxies.trust(address) {
                    break;
                }
                hops += 1;
            }
        }
        // A proxy adds to a list, or replaces it by what it knows best.
        let at_first = |name: &HeaderName| {
            let mut values = elements(headers, name);
            let last = values.len().checked_sub(1)?;
            Some(values.swap_remove(last.saturating_sub(hops)).into_owned())
        };
        let scheme = at_first(&X_FORWARDED_PROTO).filter(|_| fields.x_forwarded_proto);
        Self {
            client,
            is_secure: scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
            host: at_first(&X_FORWARDED_HOST).filter(|_| fields.x_forwarded_host),
        }
    }

    /// [RFC 7239](https://www.rfc-editor.org/rfc/rfc7239).
    fn by_forwarded(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let mut hop = Self {
            client: peer,
            is_secure: false,
            host: None,
        };
        for pairs in forwarded(headers) {
            let value = |wanted: &str| {
                let mut pairs = pairs.iter();
                let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
                Some(value.clone())
            };
            hop.is_secure = value("proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
            hop.host = value("host");
            let Some(address) = value("for").and_then(|text| node(&text)) else {
                break;
            };
            hop.client = address;
            if !proxies.trust(address) {
                break;
            }
        }
        hop
    }
}

/// The elements of an `X-Forwarded-…` list, which may have several lines. They have no quoted strings: what a client begins, no comma of
/// a proxy's ends.
fn elements<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<Cow<'h, str>> {
    let lines = headers.get_all(name).iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    elements
        .map(|element| String::from_utf8_lossy(element.trim_ascii()))
        .filter(|element| !element.is_empty())
        .collect()
}

/// The name and the value of each pair of an element of `Forwarded`.
type Pairs<'h> = Vec<(&'h str, String)>;

/// What no proxy's element is longer than. Each comma in one may be where it begins, so that a long one takes long.
const LONGEST_ELEMENT: usize = 1 << 10;

/// The elements of `Forwarded`, the last one first, as far as they are well-formed. The client has written the first ones, perhaps with a
/// quotation mark that is to swallow what a proxy adds: so an element is the shortest end of a line that is one, and where there is none,
/// nothing before it counts.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Pairs<'_>> {
    let mut lines: Vec<_> = headers.get_all(FORWARDED).iter().collect();
    let mut line = None;
    std::iter::from_fn(move || {
        loop {
            let rest: &str = match line.take() {
                Some(rest) => rest,
                None => lines.pop()?.to_str().ok()?,
            };
            let commas = rest.rmatch_indices(',').map(|(index, _)| Some(index));
            let mut begins = commas.chain([None]).take_while(|comma| {
                let begin = comma.map_or(0, |index| index + 1);
                rest.len() - begin <= LONGEST_ELEMENT
            });
            let (before, pairs) = begins.find_map(|comma| {
                let (before, element) = match comma {
                    Some(index) => (Some(&rest[..index]), &rest[index + 1..]),
                    None => (None, rest),
                };
                Some((before, pairs(element)?))
            })?;
            line = before;
            if !pairs.is_empty() {
                return Some(pairs);
            }
        }
    })
}

/// What an element says: <https://www.rfc-editor.org/rfc/rfc7239#section-4>. `None` where it is none. Values that are no tokens, such as
/// addresses of IPv6, are taken without quotation marks, too.
fn pairs(element: &str) -> Option<Pairs<'_>> {
    let mut pairs = Vec::new();
    let mut rest = element.trim();
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix(';') {
            rest = next.trim_start();
            continue;
        }
        let (name, after) = rest.split_once('=')?;
        if name.is_empty() || name.contains(is_special) {
            return None;
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(inner) => quoted(inner)?,
            None => {
                let end = after.find([';', ',']).unwrap_or(after.len());
                let (value, after) = after.split_at(end);
                let value = value.trim_end();
                if value.contains(is_special) {
                    return None;
                }
                (value.to_owned(), after)
            }
        };
        pairs.push((name, value));
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(';') {
            return None;
        }
    }
    Some(pairs)
}

/// Whether a character is in no name, and in no value that is not quoted.
fn is_special(character: char) -> bool {
    matches!(character, '"' | '\\' | ',' | ';' | '=') || character.is_whitespace()
}

/// What a quoted string says, whose first quotation mark has been read, and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// An address, with a port or without.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = bracketed
        .unwrap_or(text)
        .parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    Some(address.ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::config::ProxyFields;

    const ALL: ProxyFields = ProxyFields {
        forwarded: false,
        x_forwarded_for: true,
        x_forwarded_proto: true,
        x_forwarded_host: true,
    };
    const RFC: ProxyFields = ProxyFields {
        forwarded: true,
        x_forwarded_for: false,
        x_forwarded_proto: false,
        x_forwarded_host: false,
    };

    /// The client, the chain, the scheme and the host that an app sees of a request of `peer`.
    fn seen(peer: &str, fields: ProxyFields, headers: &[(&str, &str)]) -> [String; 4] {
        let proxies = Proxies {
            trusted: vec!["10.0.0.0/8".parse().expect("a network")],
            fields,
        };
        let mut request = Request::builder().uri("/").header("host", "asked.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        let peer = Peer::new(peer.parse().expect("an address"), &Arc::new(proxies));
        let is_forwarded = parts.headers.keys().any(is_forwarding);
        let origin = peer.origin(&mut parts, is_forwarded);
        let is_secure = origin.is_secure;
        let fields = Fields::joined(&parts.headers, &peer.told(origin));
        let get = |name: HeaderName| {
            assert_eq!(fields.iter().filter(|(found, _)| *found == name).count(), 1);
            let value = fields.get(&name).expect("it is there");
            String::from_utf8(value.to_vec()).expect("text")
        };
        assert_eq!(get(CF_CONNECTING_IP), get(X_REAL_IP));
        assert_eq!(fields.get(&FORWARDED), None);
        assert_eq!(fields.get(&X_FORWARDED_HOST), None);
        let scheme = get(X_FORWARDED_PROTO);
        assert_eq!(is_secure, scheme == "https");
        [get(X_REAL_IP), get(X_FORWARDED_FOR), scheme, get(HOST)]
    }

    #[test]
    fn a_client_is_its_address_whatever_it_says() {
        let own = ["192.0.2.7", "192.0.2.7", "http", "asked.test"];
        assert_eq!(seen("192.0.2.7", ALL, &[]), own);
        assert_eq!(seen("::ffff:192.0.2.7", ALL, &[]), own);
        let forged = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "other.test"),
            ("forwarded", "for=1.1.1.1;proto=https"),
            ("x-real-ip", "1.1.1.1"),
            ("cf-connecting-ip", "1.1.1.1"),
        ];
        assert_eq!(seen("192.0.2.7", ALL, &forged), own);
        assert_eq!(seen("192.0.2.7", RFC, &forged), own);
    }

    #[test]
    fn a_client_has_an_address_or_a_network_of_ipv6() {
        let proxies = Arc::new(Proxies {
            trusted: vec!["10.0.0.0/8".parse().expect("a network")],
            fields: ALL,
        });
        let client = |peer: &str| {
            let peer = Peer::new(peer.parse().expect("an address"), &proxies);
            peer.client().map(|client| client.to_string())
        };
        for (peer, expected) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("2001:db8:1:2::", Some("2001:db8:1:2::")),
            ("10.0.0.1", None),
            ("::ffff:10.0.0.1", None),
        ] {
            assert_eq!(client(peer).as_deref(), expected, "{peer}");
        }
    }

    #[test]
    fn a_trusted_proxy_says_whom_a_request_is_from() {
        let said = [
            ("x-forwarded-for", "1.1.1.1, 192.0.2.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "other.test"),
            // It does not set these.
            ("forwarded", "for=1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
        ];
        assert_eq!(
            seen("10.0.0.1", ALL, &said),
            [
                "192.0.2.7",
                "1.1.1.1, 192.0.2.7, 10.0.0.1",
                "https",
                "other.test"
            ]
        );
        let fields = ProxyFields {
            x_forwarded_host: false,
            ..ALL
        };
        assert_eq!(seen("10.0.0.1", fields, &said)[3], "asked.test");
        // A proxy's own request.
        assert_eq!(
            seen("10.0.0.1", ALL, &[]),
            ["10.0.0.1", "10.0.0.1", "http", "asked.test"]
        );
    }

    /// Whatever else it says, and whether it knows whom the request is from.
    #[test]
    fn a_trusted_proxy_is_in_the_chain_itself() {
        for (fields, headers, chain) in [
            (ALL, [("x-forwarded-proto", "https")], "10.0.0.1"),
            (ALL, [("forwarded", "for=1.1.1.1")], "10.0.0.1"),
            (ALL, [("x-real-ip", "1.1.1.1")], "10.0.0.1"),
            (ALL, [("x-forwarded-for", ",")], "10.0.0.1"),
            (
                ALL,
                [("x-forwarded-for", "1.1.1.1, unknown")],
                "1.1.1.1, unknown, 10.0.0.1",
            ),
            (RFC, [("x-forwarded-for", "1.1.1.1")], "10.0.0.1"),
            (RFC, [("forwarded", "for=unknown")], "10.0.0.1"),
        ] {
            let seen = seen("10.0.0.1", fields, &headers);
            assert_eq!(seen[..2], ["10.0.0.1", chain], "{headers:?}");
        }
    }

    #[test]
    fn several_proxies_are_followed_to_the_first() {
        let said = [
            ("x-forwarded-for", "1.1.1.1, 192.0.2.7"),
            ("x-forwarded-for", "10.0.0.9:4000"),
            ("x-forwarded-proto", "http, https, http"),
        ];
        assert_eq!(
            seen("10.0.0.1", ALL, &said),
            [
                "192.0.2.7",
                "1.1.1.1, 192.0.2.7, 10.0.0.9:4000, 10.0.0.1",
                "https",
                "asked.test"
            ]
        );
        // What is no address hides what is before it.
        let said = [("x-forwarded-for", "192.0.2.7, unknown, 10.0.0.9")];
        assert_eq!(seen("10.0.0.1", ALL, &said)[0], "10.0.0.9");
        let said = [("x-forwarded-for", "[2001:db8::7]:80")];
        assert_eq!(seen("10.0.0.1", ALL, &said)[0], "2001:db8::7");
    }

    #[test]
    fn forwarded_is_read() {
        let said = [
            (
                "forwarded",
                "for=1.1.1.1, For=\"[2001:db8::7]:47011\" ; proto=HTTPS;host=\"o,ther.test\"",
            ),
            ("forwarded", "for=10.0.0.9;proto=http"),
            ("x-forwarded-for", "1.1.1.1"),
        ];
        assert_eq!(
            seen("10.0.0.1", RFC, &said),
            [
                "2001:db8::7",
                "2001:db8::7, 10.0.0.1",
                "https",
                "o,ther.test"
            ]
        );
        for element in [
            "for=_hidden",
            "for=unknown",
            "proto=https",
            "\"",
            "=;,=\\",
            "for=1.1.1.1 1",
            "for=\"1.1.1.1\"1",
        ] {
            assert_eq!(
                seen("10.0.0.1", RFC, &[("forwarded", element)])[0],
                "10.0.0.1"
            );
        }
        // Nothing before what is too long counts.
        let long = format!("for=1.1.1.1,{}", "x,".repeat(30_000));
        let began = std::time::Instant::now();
        assert_eq!(
            seen("10.0.0.1", RFC, &[("forwarded", &long)])[0],
            "10.0.0.1"
        );
        assert!(began.elapsed().as_millis() < 50, "{:?}", began.elapsed());
        assert_eq!(quoted(r#"a\"b\\c"d"#), Some((r#"a"b\c"#.to_owned(), "d")));
    }

    /// Proxies append to the line that their client has sent.
    #[test]
    fn what_a_client_writes_swallows_nothing_of_what_a_proxy_adds() {
        let forged = "for=1.1.1.1;proto=https;host=internal.test;x=";
        for client in [
            "\"",
            "\"\\",
            "\"a\"\"",
            "a\"",
            "\"a\", for=1.1.1.1;y=\"",
            ",",
        ] {
            for added in [
                "for=192.0.2.7;proto=http;host=b.test",
                "for=\"192.0.2.7:80\";proto=http;host=\"b.test\"",
                "host=\"b.test\";proto=\"http\";for=\"192.0.2.7\"",
            ] {
                let line = format!("{forged}{client}, {added}");
                let told = seen("10.0.0.1", RFC, &[("forwarded", &line)]);
                assert_eq!(told[0], "192.0.2.7", "{line}");
                assert_eq!(told[2..], ["http", "b.test"], "{line}");
            }
        }
        for client in ["\"", "\u{e9}", "1.1.1.1, \"", "\"1.1.1.1", ","] {
            let line = format!("{client}, 192.0.2.7");
            let lines = [
                ("x-forwarded-for", client),
                ("x-forwarded-for", "192.0.2.7"),
            ];
            assert_eq!(
                seen("10.0.0.1", ALL, &[("x-forwarded-for", &line)])[0],
                "192.0.2.7"
            );
            assert_eq!(seen("10.0.0.1", ALL, &lines)[0], "192.0.2.7", "{client}");
        }
    }

    #[test]
    fn long_fields_are_read_in_no_time() {
        let began = std::time::Instant::now();
        for part in [",", ";", "a=\"\\\",", "a=\"", "a,", "a=1,", "a=\"b,c\","] {
            for end in ["", "\"", "a", "=", "\\"] {
                let line = part.repeat(60_000 / part.len()) + end;
                let _ = seen("10.0.0.1", RFC, &[("forwarded", &line)]);
            }
        }
        assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    }
}
