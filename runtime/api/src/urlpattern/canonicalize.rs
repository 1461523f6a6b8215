//! The encoding callbacks: <https://urlpattern.spec.whatwg.org/#canon-encoding-callbacks>.
//!
//! Each gives a part of a URL as the URL parser would, by way of a URL that has nothing else in it.

use nano_webidl::{Error, Fallible, excerpt, type_error};

use crate::url::UrlRecord;
use crate::url::url::parse;

fn invalid(what: &str, value: &str) -> Error {
    type_error(format!("'{}' is no valid {what}", excerpt(value)))
}

/// <https://urlpattern.spec.whatwg.org/#create-a-dummy-url>, of this scheme.
fn dummy_url(scheme: &str) -> Fallible<UrlRecord> {
    parse(&format!("{scheme}://dummy.invalid/"), None).ok_or_else(|| invalid("protocol", scheme))
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-protocol>
pub(super) fn protocol(value: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    let url = dummy_url(value)?;
    Ok(url.protocol().trim_end_matches(':').to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-username>
pub(super) fn username(value: &str) -> Fallible<String> {
    let mut url = dummy_url("https")?;
    url.set_username(Some(value))
        .map_err(|()| invalid("username", value))?;
    Ok(url.username().to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-password>
pub(super) fn password(value: &str) -> Fallible<String> {
    let mut url = dummy_url("https")?;
    url.set_password(Some(value))
        .map_err(|()| invalid("password", value))?;
    Ok(url.password().to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-hostname>
pub(super) fn hostname(value: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    let mut url = dummy_url("https")?;
    url.set_hostname(Some(value))
        .map_err(|()| invalid("hostname", value))?;
    Ok(url.hostname().to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-an-ipv6-hostname>
pub(super) fn ipv6_hostname(value: &str) -> Fallible<String> {
    let is_of_address = |byte: u8| byte.is_ascii_hexdigit() || b"[]:".contains(&byte);
    match value.bytes().all(is_of_address) {
        true => Ok(value.to_ascii_lowercase()),
        false => Err(invalid("IPv6 address", value)),
    }
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-port>; an empty protocol is none.
pub(super) fn port(value: &str, protocol: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    // Without a protocol, one without a default port.
    let mut url = dummy_url(match protocol {
        "" => "dummy",
        protocol => protocol,
    })?;
    url.set_port(Some(value))
        .map_err(|()| invalid("port", value))?;
    Ok(url.port().to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-pathname>
pub(super) fn pathname(value: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    // 2. to 4. Pieces of a path do not begin with a slash, nor are they "." in a directory of nothing.
    let prefix = match value.starts_with('/') {
        true => "",
        false => "/-",
    };
    let mut url = dummy_url("https")?;
    url.set_pathname(Some(&format!("{prefix}{value}")))
        .map_err(|()| invalid("pathname", value))?;
    let pathname = url.pathname();
    Ok(pathname.strip_prefix(prefix).unwrap_or(pathname).to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-an-opaque-pathname>, by the URL Standard's
/// [opaque path state](https://url.spec.whatwg.org/#cannot-be-a-base-url-path-state).
pub(super) fn opaque_pathname(value: &str) -> Fallible<String> {
    let path = value.split(['?', '#']).next().unwrap_or_default();
    let mut result = String::with_capacity(path.len());
    for code_point in path.chars() {
        match code_point {
            '\t' | '\n' | '\r' => {}
            ' '..='~' => result.push(code_point),
            // The C0 control percent-encode set.
            _ => {
                for byte in code_point.encode_utf8(&mut [0; 4]).bytes() {
                    result += &format!("%{byte:02X}");
                }
            }
        }
    }
    // A space before a query or a fragment.
    if path.len() < value.len() && result.ends_with(' ') {
        result.pop();
        result += "%20";
    }
    Ok(result)
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-search>
pub(super) fn search(value: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    let mut url = dummy_url("https")?;
    // The setter takes one question mark away.
    url.set_search(Some(&format!("?{value}")));
    Ok(url.search().get(1..).unwrap_or_default().to_owned())
}

/// <https://urlpattern.spec.whatwg.org/#canonicalize-a-hash>
pub(super) fn hash(value: &str) -> Fallible<String> {
    if value.is_empty() {
        return Ok(String::new());
    }
    let mut url = dummy_url("https")?;
    url.set_hash(Some(&format!("#{value}")));
    Ok(url.hash().get(1..).unwrap_or_default().to_owned())
}
