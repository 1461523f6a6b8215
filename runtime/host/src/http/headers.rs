//! Header fields that belong to one connection, not to the message.

use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

/// Is this field the connection's? RFC 9110, section 7.6.1, and all of `Proxy-*`.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || *name == TE
        || *name == TRAILER
        || name.as_str() == "keep-alive"
        || name.as_str().starts_with("proxy-")
}

/// The names that values of `Connection` list.
pub(crate) fn connection_options<'v>(
    values: impl Iterator<Item = &'v http::HeaderValue>,
) -> Vec<HeaderName> {
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok())
        // What routes the request is not a connection's option, whatever a client says.
        .filter(|name| *name != HOST)
        .collect()
}

/// Removes the connection's fields from a request.
pub(crate) fn strip(headers: &mut HeaderMap) {
    if !headers.keys().any(is_hop_by_hop) {
        return;
    }
    let mut remove = connection_options(headers.get_all(CONNECTION).iter());
    remove.extend(headers.keys().filter(|name| is_hop_by_hop(name)).cloned());
    for name in remove {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_is_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Secret"),
            ("connection", "x-other,, Host"),
            ("x-secret", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("host", "a.test"),
            ("accept", "a"),
            ("accept", "b"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        // The order of different names means nothing.
        left.sort();
        assert_eq!(left, [("accept", "a"), ("accept", "b"), ("host", "a.test")]);
    }
}
