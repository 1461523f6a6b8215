//! `Sockets`: how the built-in script of `WebSocket` gets its ends.

use std::sync::Arc;

use nano_webidl::idl::Bytes as Buffer;
use nano_webidl::{DomExceptionName, Error, Fallible, Ref, Scope};
use nano_worker::socket_pair;

use super::coupling::Coupling;
use super::native_socket::NativeSocket;
use crate::bindings::sockets::SocketsMethods;
use crate::environment::Environment;
use crate::fetch::websocket::Opening;
use crate::fileapi::blob::Blob;
use crate::url::url;

/// The namespace.
pub struct Sockets;

/// What is wrong with a socket's URL.
fn syntax(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::Syntax, message).in_context("Failed to construct 'WebSocket'")
}

impl SocketsMethods for Sockets {
    // https://websockets.spec.whatwg.org/#get-a-url-record
    fn socket_url(scope: &mut Scope, url: String) -> Fallible<String> {
        // 1. and 2.
        let parsed = Environment::of(scope).parse_url(&url);
        let mut parsed = parsed.map_err(|_| {
            let url = nano_webidl::excerpt(&url);
            syntax(format!("'{url}' is no URL, or there is no base for it"))
        })?;
        // 3. and 4.
        let scheme = match parsed.protocol() {
            "http:" => Some("ws:"),
            "https:" => Some("wss:"),
            _ => None,
        };
        if let Some(scheme) = scheme {
            // Both are special schemes.
            let _ = parsed.set_protocol(scheme);
        }
        // 5.
        if !matches!(parsed.protocol(), "ws:" | "wss:") {
            return Err(syntax(format!(
                "the URL's scheme must be ws:, wss:, http: or https:, '{}' is not",
                nano_webidl::excerpt(parsed.protocol())
            )));
        }
        // 6.
        if parsed.has_hash() {
            return Err(syntax("the URL has a fragment"));
        }
        Ok(parsed.href().to_owned())
    }

    fn socket_origin(url: String) -> Fallible<String> {
        Ok(url::parse(&url, None).map_or_else(String::new, |url| url.origin()))
    }

    fn connect_socket<'s>(
        scope: &mut Scope<'s, '_>,
        url: String,
        protocols: v8::Local<'s, v8::String>,
    ) -> Fallible<Ref<'s, NativeSocket>> {
        let protocols = nano_webidl::room::text(scope, protocols)?;
        let protocols = protocols.split(',').filter(|protocol| !protocol.is_empty());
        let protocols = protocols.map(str::to_owned).collect();
        let opening = Opening::new(scope, &url, protocols);
        Ok(Ref::new(scope, NativeSocket::opening(opening)))
    }

    fn socket_pair<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Vec<Ref<'s, NativeSocket>>> {
        let (left, right) = socket_pair();
        let coupling = Arc::<Coupling>::default();
        let ends = [left, right].into_iter().enumerate();
        Ok(ends
            .map(|(side, end)| {
                let native = NativeSocket::of_end(scope, end, Some((coupling.clone(), side)));
                Ref::new(scope, native)
            })
            .collect())
    }

    fn socket_blob<'s>(scope: &mut Scope<'s, '_>, bytes: Buffer<'s>) -> Fallible<Ref<'s, Blob>> {
        let bytes = bytes.to_vec(scope)?;
        let blob = Blob::from_bytes(bytes.into(), String::new());
        Ok(Ref::new(scope, blob))
    }

    fn socket_text_size<'s>(
        scope: &mut Scope<'s, '_>,
        text: v8::Local<'s, v8::String>,
    ) -> Fallible<f64> {
        Ok(text.utf8_length(scope) as f64)
    }
}
