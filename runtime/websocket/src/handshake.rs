//! How a connection becomes a WebSocket's: <https://www.rfc-editor.org/rfc/rfc6455#section-4>.

use base64_simd::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use crate::extensions::{self, Deflate};

const KEY_BYTES: usize = 16;
const VERSION: &str = "13";
const PROTOCOL: &str = "websocket";

/// `Sec-WebSocket-Accept` of a key.
fn accept(key: &[u8]) -> Option<HeaderValue> {
    HeaderValue::try_from(derive_accept_key(key)).ok()
}

/// Whether a list of tokens has this one.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter();
    values
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .any(|found| found.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// The only value of a field.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// What a server answers to a client's handshake.
#[derive(Debug, Clone)]
pub struct ServerHandshake {
    accept: HeaderValue,
    extensions: Option<HeaderValue>,
    /// Whether messages may be compressed.
    pub deflate: Option<Deflate>,
}

impl ServerHandshake {
    /// The answer to a request with this head, if that asks for a WebSocket as it must.
    pub fn of(method: &Method, version: Version, headers: &HeaderMap) -> Option<Self> {
        if *method != Method::GET
            || version != Version::HTTP_11
            || !has_token(headers, &UPGRADE, PROTOCOL)
            || !has_token(headers, &CONNECTION, "upgrade")
            || only(headers, &SEC_WEBSOCKET_VERSION)? != VERSION
            // Whatever follows the head is to be frames.
            || headers.contains_key(TRANSFER_ENCODING)
            || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
        {
            return None;
        }
        let key = only(headers, &SEC_WEBSOCKET_KEY)?.as_bytes();
        let decoded = STANDARD.decode_to_vec(key).ok()?;
        if decoded.len() != KEY_BYTES {
            return None;
        }
        let (deflate, extensions) = extensions::answer(headers).unzip();
        Some(Self {
            accept: accept(key)?,
            extensions,
            deflate,
        })
    }

    /// The fields of the response that are the connection's.
    pub fn fields(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let extensions = self.extensions;
        [
            (UPGRADE, HeaderValue::from_static(PROTOCOL)),
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
        ]
        .into_iter()
        .chain(extensions.map(|value| (SEC_WEBSOCKET_EXTENSIONS, value)))
    }
}

/// Which protocols a client takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocols {
    /// One of these, or none if there is none.
    OneOf(Vec<String>),
    /// Whatever the server says: the app has asked for it by itself.
    Any,
}

/// A client's handshake.
#[derive(Debug, Clone)]
pub struct ClientHandshake {
    key: String,
    protocols: Protocols,
}

/// What both sides have agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Whether messages may be compressed.
    pub deflate: Option<Deflate>,
    /// The protocol; empty for none.
    pub protocol: String,
    /// The extensions, in the server's words.
    pub extensions: String,
}

impl ClientHandshake {
    /// A new one.
    pub fn new(protocols: Protocols) -> Self {
        Self {
            key: generate_key(),
            protocols,
        }
    }

    /// Adds its fields to a request's.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        headers.insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        headers.insert(
            SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static(extensions::OFFER),
        );
        // Base64 is a value.
        if let Ok(key) = HeaderValue::try_from(&self.key) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
        if let Protocols::OneOf(protocols) = &self.protocols
            && !protocols.is_empty()
            && let Ok(value) = HeaderValue::try_from(protocols.join(", "))
        {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, value);
        }
    }

    /// Looks at a response of status 101: <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>.
    ///
    /// # Errors
    /// It is no answer to this handshake: why.
    pub fn check(&self, headers: &HeaderMap) -> Result<Accepted, &'static str> {
        if !has_token(headers, &UPGRADE, PROTOCOL) || !has_token(headers, &CONNECTION, "upgrade") {
            return Err("the server switched to another protocol than WebSocket");
        }
        if only(headers, &SEC_WEBSOCKET_ACCEPT) != accept(self.key.as_bytes()).as_ref() {
            return Err("the server's Sec-WebSocket-Accept does not fit");
        }
        let deflate = extensions::agreed(headers)?;
        let text = |name: &HeaderName| {
            let values = headers.get_all(name).iter();
            let values: Option<Vec<_>> = values.map(|value| value.to_str().ok()).collect();
            values.unwrap_or_default().join(", ")
        };
        let protocol = text(&SEC_WEBSOCKET_PROTOCOL);
        if let Protocols::OneOf(protocols) = &self.protocols {
            let has_answered = headers.contains_key(SEC_WEBSOCKET_PROTOCOL);
            // https://websockets.spec.whatwg.org/#concept-websocket-establish, step 11.4
            match (protocols.is_empty(), has_answered) {
                (false, false) => {
                    return Err("the server does not say which of the protocols it speaks");
                }
                (true, true) => {
                    return Err(
                        "the server names a protocol (Sec-WebSocket-Protocol), and was asked for none",
                    );
                }
                _ => {}
            }
            if has_answered && !protocols.contains(&protocol) {
                return Err("the server speaks none of the protocols");
            }
        }
        Ok(Accepted {
            deflate,
            protocol,
            extensions: text(&SEC_WEBSOCKET_EXTENSIONS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (UPGRADE, HeaderValue::from_static("WebSocket")),
            (CONNECTION, HeaderValue::from_static("keep-alive, Upgrade")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (
                SEC_WEBSOCKET_KEY,
                HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
            ),
        ]);
        for (name, value) in fields {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_standards_example() {
        let answer = ServerHandshake::of(&Method::GET, Version::HTTP_11, &request(&[]));
        let fields: HeaderMap = answer.unwrap().fields().collect();
        assert_eq!(fields[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!fields.contains_key(SEC_WEBSOCKET_EXTENSIONS));
    }

    #[test]
    fn what_is_no_handshake() {
        for (name, value) in [
            (UPGRADE, "h2c"),
            (CONNECTION, "close"),
            (SEC_WEBSOCKET_VERSION, "8"),
            (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ"),
            (SEC_WEBSOCKET_KEY, "c2hvcnQ="),
            (CONTENT_LENGTH, "1"),
            (TRANSFER_ENCODING, "chunked"),
        ] {
            let headers = request(&[(name, value)]);
            assert!(ServerHandshake::of(&Method::GET, Version::HTTP_11, &headers).is_none());
        }
        let headers = request(&[]);
        assert!(ServerHandshake::of(&Method::POST, Version::HTTP_11, &headers).is_none());
        assert!(ServerHandshake::of(&Method::GET, Version::HTTP_2, &headers).is_none());
    }

    #[test]
    fn client_and_server_agree() {
        let client = ClientHandshake::new(Protocols::OneOf(vec!["a".into(), "b".into()]));
        let mut headers = HeaderMap::new();
        client.add_to(&mut headers);
        assert_eq!(headers[SEC_WEBSOCKET_PROTOCOL], "a, b");
        let server = ServerHandshake::of(&Method::GET, Version::HTTP_11, &headers).unwrap();
        assert!(server.deflate.is_some());
        let mut answer: HeaderMap = server.fields().collect();
        assert!(client.check(&answer).is_err(), "no protocol");
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("c"));
        assert!(client.check(&answer).is_err(), "another protocol");
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("b"));
        let accepted = client.check(&answer).unwrap();
        assert_eq!(accepted.protocol, "b");
        assert!(accepted.deflate.is_some());
        answer.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_static("x"));
        assert!(client.check(&answer).is_err());
    }

    #[test]
    fn a_protocol_that_nobody_has_asked_for() {
        let client = ClientHandshake::new(Protocols::OneOf(Vec::new()));
        let mut headers = HeaderMap::new();
        client.add_to(&mut headers);
        let server = ServerHandshake::of(&Method::GET, Version::HTTP_11, &headers).unwrap();
        let mut answer: HeaderMap = server.fields().collect();
        assert!(client.check(&answer).is_ok());
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(""));
        let refused = client.check(&answer).err();
        assert!(refused.is_some_and(|why| why.contains("asked for none")));
    }
}
