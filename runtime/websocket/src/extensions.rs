//! What both sides agree on: <https://www.rfc-editor.org/rfc/rfc7692#section-7.1>.

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};

/// Messages may be compressed, each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// This side's window, as a power of two.
    pub(crate) bits: u8,
}

const NAME: &str = "permessage-deflate";
const SERVER_ALONE: &str = "server_no_context_takeover";
const CLIENT_ALONE: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// zlib's largest window. Its smallest, 8, is none that it can compress with.
const MOST_BITS: u8 = 15;
const LEAST_BITS: u8 = 9;

/// How many offers are looked at.
const MAX_OFFERS: usize = 16;

/// What a client offers: each message by itself, so that neither side keeps a window.
pub(crate) const OFFER: &str = "permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits";

/// An element of the field's list, with its parameters.
struct Extension<'h> {
    name: &'h str,
    parameters: Vec<(&'h str, Option<&'h str>)>,
}

/// The elements of the field; `None` if one of them is none. (A quoted value has neither comma nor semicolon here: those that there are
/// have numbers for values.)
fn elements(headers: &HeaderMap) -> Option<Vec<Extension<'_>>> {
    let mut found = Vec::new();
    for value in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        for element in value.to_str().ok()?.split(',') {
            let mut parts = element.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let parameters = parts.map(|parameter| match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
                None => (parameter, None),
            });
            found.push(Extension {
                name,
                parameters: parameters.collect(),
            });
        }
    }
    Some(found)
}

fn bits(value: Option<&str>) -> Option<u8> {
    let value = value?;
    let is_number = !value.starts_with('0') && value.bytes().all(|byte| byte.is_ascii_digit());
    let bits = value.parse().ok().filter(|_| is_number)?;
    (8..=MOST_BITS).contains(&bits).then_some(bits)
}

/// Picks one of a client's offers, and says what to answer.
pub(crate) fn answer(headers: &HeaderMap) -> Option<(Deflate, HeaderValue)> {
    let offers = elements(headers)?;
    offers.iter().take(MAX_OFFERS).find_map(accept)
}

fn accept(offer: &Extension<'_>) -> Option<(Deflate, HeaderValue)> {
    if offer.name != NAME {
        return None;
    }
    let (mut own, mut is_stated, mut seen) = (MOST_BITS, false, Vec::new());
    for &(name, value) in &offer.parameters {
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            (SERVER_ALONE | CLIENT_ALONE, None) => {}
            (SERVER_BITS, value) => {
                own = bits(value).filter(|&bits| bits >= LEAST_BITS)?;
                is_stated = true;
            }
            (CLIENT_BITS, None) => {}
            (CLIENT_BITS, value) => {
                bits(value)?;
            }
            _ => return None,
        }
    }
    let mut answer = format!("{NAME}; {SERVER_ALONE}; {CLIENT_ALONE}");
    if is_stated {
        answer.push_str(&format!("; {SERVER_BITS}={own}"));
    }
    let answer = HeaderValue::try_from(answer).ok()?;
    Some((Deflate { bits: own }, answer))
}

/// What a server has answered to [`OFFER`].
///
/// # Errors
/// It is nothing that was offered.
pub(crate) fn agreed(headers: &HeaderMap) -> Result<Option<Deflate>, &'static str> {
    let wrong = "the server agreed on an extension that was not offered";
    let answer = elements(headers).ok_or(wrong)?;
    let extension = match &answer[..] {
        [] => return Ok(None),
        [extension] if extension.name == NAME => extension,
        _ => return Err(wrong),
    };
    let (mut own, mut is_alone, mut seen) = (MOST_BITS, false, Vec::new());
    for &(name, value) in &extension.parameters {
        let is_known = match (name, value) {
            (SERVER_ALONE, None) => {
                is_alone = true;
                true
            }
            (CLIENT_ALONE, None) => true,
            // Any window fits into the largest one.
            (SERVER_BITS, value) => bits(value).is_some(),
            (CLIENT_BITS, value) => match bits(value) {
                Some(bits @ LEAST_BITS..) => {
                    own = bits;
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !is_known || seen.contains(&name) {
            return Err(wrong);
        }
        seen.push(name);
    }
    // 7.1.1.1: whoever accepts such an offer says so.
    if !is_alone {
        return Err("the server would keep a window between messages, which was not offered");
    }
    Ok(Some(Deflate { bits: own }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(value))])
    }

    #[test]
    fn offers_are_answered() {
        let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        for (offer, answered) in [
            ("permessage-deflate", Some(both.to_owned())),
            (
                "permessage-deflate; client_max_window_bits",
                Some(both.to_owned()),
            ),
            (
                "x-webkit-deflate-frame, permessage-deflate",
                Some(both.to_owned()),
            ),
            (
                "permessage-deflate; server_max_window_bits=10",
                Some(format!("{both}; server_max_window_bits=10")),
            ),
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate",
                Some(both.to_owned()),
            ),
            ("permessage-deflate; server_max_window_bits=8", None),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; client_max_window_bits=16", None),
            ("permessage-deflate; server_max_window_bits=015", None),
            ("permessage-deflate; unknown", None),
            (
                "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                None,
            ),
            ("permessage-deflate; client_no_context_takeover=1", None),
            ("", None),
            (",", None),
        ] {
            let found = answer(&headers(offer)).map(|(_, answer)| answer);
            assert_eq!(
                found.as_ref().map(|value| value.to_str().unwrap()),
                answered.as_deref(),
                "{offer}"
            );
        }
    }

    #[test]
    fn answers_are_what_was_offered() {
        for (answer, is_agreed) in [
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                true,
            ),
            (
                "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
                true,
            ),
            ("permessage-deflate", false),
            (
                "permessage-deflate; server_no_context_takeover; client_max_window_bits=12",
                true,
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_max_window_bits=8",
                false,
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_max_window_bits",
                false,
            ),
            (
                "permessage-deflate; server_no_context_takeover, permessage-deflate",
                false,
            ),
            ("x-other", false),
        ] {
            assert_eq!(agreed(&headers(answer)).is_ok(), is_agreed, "{answer}");
        }
        assert_eq!(agreed(&HeaderMap::new()), Ok(None));
    }
}
