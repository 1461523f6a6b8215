//! Connections to servers that become WebSockets: <https://websockets.spec.whatwg.org/#websocket-opening-handshake>.

use std::sync::Arc;

use base64_simd::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use nano_engine::{NoRuntime, OpId, State, ThreadIo, spawn_op};
use nano_webidl::{Fallible, Scope};
use nano_websocket::{ClientHandshake, Protocols};
use nano_worker::SocketEnd;
use nano_worker::cdn_loop::CDN_LOOP;

use super::client::{Exchange, Failure, Outbound, RequestBody, Way, request_headers};
use super::header_list::HeaderList;
pub(crate) use super::subrequests::OVER;
use super::subrequests::{self, Allowance};
use crate::bindings::types::{RequestCache, RequestRedirect};
use crate::environment::request_context::WorkId;
use crate::url::{UrlRecord, url};

/// A connection that has become a WebSocket's.
pub(crate) struct Opened {
    /// The app's end.
    pub(crate) end: SocketEnd,
    /// The protocol that was agreed on; empty for none.
    pub(crate) protocol: String,
    /// The extensions; empty for none.
    pub(crate) extensions: String,
}

/// Makes the public object of such a connection: those stand above this folder.
pub(crate) struct WebSockets(
    pub(crate) for<'s, 'i> fn(&mut Scope<'s, 'i>, Opened) -> Fallible<v8::Local<'s, v8::Object>>,
);

/// A connection that is about to be opened.
pub(crate) struct Opening(Result<(Exchange, Allowance), Failure>);

/// What is under way.
pub(crate) struct Started {
    pub(crate) op: OpId,
    /// What ends it with the request that it is made for.
    pub(crate) work: Option<WorkId>,
}

impl Opening {
    /// To a URL with the scheme `ws:` or `wss:`, for one of the protocols.
    pub(crate) fn new(scope: &mut Scope, url: &str, protocols: Vec<String>) -> Opening {
        let exchange = url::parse(url, None)
            .ok_or_else(|| Failure::new("the URL is invalid"))
            .and_then(|url| new_exchange(scope, url, protocols));
        Opening(exchange)
    }

    /// About the bytes that it holds.
    pub(crate) fn size(&self) -> usize {
        let exchange = self.0.as_ref().ok();
        exchange.map_or(0, |(exchange, _)| exchange.size())
    }

    /// Opens it. `ended` is called when the request that it is made for is over, `opened` with what has come of it.
    pub(crate) fn start(
        self,
        scope: &mut Scope,
        ended: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, &str) + 'static,
        opened: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Result<Opened, String>) + 'static,
    ) -> Result<Started, NoRuntime> {
        let (mut exchange, allowance) = match self.0 {
            Ok(exchange) => exchange,
            Err(failure) => {
                let failure = failure.to_string();
                let op = spawn_op(scope, std::future::ready(()), move |scope, _| {
                    opened(scope, Err(failure));
                })?;
                return Ok(Started { op, work: None });
            }
        };
        let work = allowance.work(scope, move |scope| ended(scope, OVER));
        let state = State::from_scope(scope);
        let io = match exchange.outbound.is_an_apps() {
            true => state.handle().thread_io(),
            false => state.thread_io().cloned(),
        };
        exchange.driven = io.as_ref().and_then(ThreadIo::keep_driven);
        let op = spawn_op(scope, exchange.run(), move |scope, outcome| {
            let outcome = match outcome {
                Ok(Ok(answer)) => {
                    allowance.add(scope, answer.redirects);
                    let status = answer.status;
                    answer.socket.ok_or_else(|| {
                        format!("the server answered with the status {status}, not with 101")
                    })
                }
                Ok(Err(failure)) => Err(failure.to_string()),
                Err(panicked) => Err(panicked.to_string()),
            };
            opened(scope, outcome);
        })?;
        Ok(Started { op, work })
    }
}

/// <https://websockets.spec.whatwg.org/#concept-websocket-establish>
fn new_exchange(
    scope: &mut Scope,
    mut url: UrlRecord,
    protocols: Vec<String>,
) -> Result<(Exchange, Allowance), Failure> {
    // 1. Let requestURL be a copy of url, with its scheme set to `http` or `https`.
    let scheme = match url.protocol() {
        "wss:" => "https:",
        _ => "http:",
    };
    // All four are special schemes.
    let _ = url.set_protocol(scheme);
    let outbound = State::from_scope(scope)
        .extension::<Arc<Outbound>>()
        .clone();
    // 2. Its cache mode is `no-store`.
    let (mut headers, coding) =
        request_headers(&HeaderList::default(), RequestCache::NoStore, true)?;
    // https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch, 8.21.4.1
    if !url.username().is_empty() || !url.password().is_empty() {
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
        let credentials = [&decoded(url.username())[..], b":", &decoded(url.password())].concat();
        let value = format!("Basic {}", STANDARD.encode_to_string(credentials));
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(AUTHORIZATION, value);
        }
    }
    let mut allowance = subrequests::count(scope, &outbound)?;
    if let Some(value) = allowance.cdn_loop.take() {
        headers.insert(CDN_LOOP, value);
    }
    // 3. to 10.
    let handshake = ClientHandshake::new(Protocols::OneOf(protocols));
    let exchange = Exchange {
        way: Way::Network,
        caller: allowance.request(),
        outbound,
        isolate: Some(State::from_scope(scope).handle()),
        method: Method::GET,
        url,
        headers,
        trace: allowance.trace.take(),
        origin: allowance.origin.take(),
        coding,
        body: RequestBody::Null,
        redirect: RequestRedirect::Error,
        only_origin: None,
        integrity: String::new(),
        redirects: 0,
        redirects_left: allowance.left,
        handshake: Some(Box::new(handshake)),
        driven: None,
    };
    Ok((exchange, allowance))
}
