//! Who may use the admin API.

use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};
use subtle::ConstantTimeEq as _;

use super::answer::{Answer, failure, unauthorized};
use crate::config::Token;

/// Refuses a request whose sender may not use the API.
///
/// With a token, whoever knows it may. Without one, whoever reaches the listener may, which is this machine's users and programs; but
/// not web pages that their browsers show: those send an `Origin`, or, where a name of their own leads to this machine, a `Host`
/// that is no address of it.
pub(super) fn check(token: Option<&Token>, headers: &HeaderMap) -> Result<(), Box<Answer>> {
    let Some(token) = token else {
        return check_local(headers)
            .map_err(|message| failure(StatusCode::FORBIDDEN, message).into());
    };
    let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let Some(given) = given.and_then(bearer) else {
        let message =
            "send the token of \"admin\" in the configuration: Authorization: Bearer <token>";
        return Err(unauthorized(message).into());
    };
    if bool::from(given.ct_eq(token.reveal().as_bytes())) {
        Ok(())
    } else {
        Err(unauthorized("this is not the token of \"admin\" in the configuration").into())
    }
}

/// The token of an `Authorization` field (RFC 6750, section 2.1).
fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(b"Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

fn check_local(headers: &HeaderMap) -> Result<(), &'static str> {
    if headers.contains_key(ORIGIN) {
        return Err("web pages may not use the admin API: give it a \"token\"");
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // A Unix socket's clients may send none that means something.
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return Ok(());
    };
    let host = host.parse::<Uri>().ok();
    let name = host.as_ref().and_then(Uri::host).unwrap_or_default();
    let literal = name.trim_matches(['[', ']']);
    let is_address = literal.parse::<std::net::IpAddr>().is_ok();
    if is_address || name.eq_ignore_ascii_case("localhost") {
        return Ok(());
    }
    Err("without a \"token\", the admin API answers to \"localhost\" and to IP addresses only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn status(token: Option<&str>, fields: &[(&'static str, &'static str)]) -> u16 {
        let token = token.map(Token::for_tests);
        let fields = fields.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let checked = check(token.as_ref(), &fields.collect());
        checked.map_or_else(|answer| answer.status().as_u16(), |()| 200)
    }

    #[test]
    fn the_token_is_asked_for() {
        let with = |field| status(Some("0123456789abcdef"), &[("authorization", field)]);
        assert_eq!(with("Bearer 0123456789abcdef"), 200);
        assert_eq!(with("bearer 0123456789abcdef"), 200);
        assert_eq!(with("Bearer 0123456789abcdeX"), 401);
        assert_eq!(with("Bearer 0123456789abcde"), 401);
        assert_eq!(with("Bearer "), 401);
        assert_eq!(with("Basic 0123456789abcdef"), 401);
        assert_eq!(with(""), 401);
        assert_eq!(status(Some("0123456789abcdef"), &[]), 401);
    }

    #[test]
    fn web_pages_may_not_use_it_without_a_token() {
        assert_eq!(status(None, &[("host", "localhost:8090")]), 200);
        assert_eq!(status(None, &[("host", "[::1]:8090")]), 200);
        assert_eq!(status(None, &[("host", "127.0.0.1:8090")]), 200);
        assert_eq!(status(None, &[]), 200);
        assert_eq!(status(None, &[("host", "rebound.example:8090")]), 403);
        assert_eq!(status(None, &[("host", "a b")]), 403);
        let fields = [
            ("host", "localhost:8090"),
            ("origin", "http://localhost:3000"),
        ];
        assert_eq!(status(None, &fields), 403);
        // Whoever knows the token may be a web page.
        let fields = [
            ("authorization", "Bearer 0123456789abcdef"),
            ("origin", "https://dashboard.example"),
        ];
        assert_eq!(status(Some("0123456789abcdef"), &fields), 200);
    }
}
