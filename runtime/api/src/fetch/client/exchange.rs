//! A request and the redirects that it leads to: <https://fetch.spec.whatwg.org/#http-fetch>.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use nano_engine::Handle;
use nano_engine::thread_io::Driven;
use nano_websocket::ClientHandshake;
use nano_worker::{Fields, HttpRequest, RequestId, Services, Trace};

use super::Outbound;
use super::answer::{Answer, Incoming};
use super::body::RequestBody;
use super::connection::Head;
use super::failure::Failure;
use super::redirect;
use super::request_headers::ContentCoding;
use super::span::Span;
use crate::bindings::types::RequestRedirect;
use crate::fetch::response::is_redirect_status;
use crate::reserved::MIN_RESERVED_BYTES;
use crate::url::UrlRecord;

/// Bytes of a redirect's body that are read, so that its connection can serve the next request.
const REDIRECT_BODY_BYTES: usize = 64 << 10;
/// How long that may take.
const REDIRECT_BODY_TIMEOUT: Duration = Duration::from_millis(100);

/// Where a request goes, and where redirects of its response lead.
pub(crate) enum Way {
    /// To the server that its URL names.
    Network,
    /// To an app that is bound, whatever its URL names.
    App(Arc<BoundApp>),
}

/// An app that is bound to this one.
pub(crate) struct BoundApp {
    pub(crate) name: Arc<str>,
    /// The way to it.
    pub(crate) services: Arc<dyn Services>,
}

impl Way {
    pub(crate) fn is_network(&self) -> bool {
        matches!(self, Way::Network)
    }
}

/// A request on its way. It has an `http:` or `https:` URL.
pub(crate) struct Exchange {
    /// Where it goes.
    pub(crate) way: Way,
    /// The request that it is made for.
    pub(crate) caller: Option<RequestId>,
    /// What its app may reach, and how often.
    pub(crate) outbound: Arc<Outbound>,
    /// Whose request it is.
    pub(crate) isolate: Option<Handle>,
    /// The method.
    pub(crate) method: Method,
    /// The current URL.
    pub(crate) url: UrlRecord,
    /// What [`request_headers`](super::request_headers()) made.
    pub(crate) headers: HeaderMap,
    /// The trace that it is a part of.
    pub(crate) trace: Option<Arc<Trace>>,
    /// What the host says of the client that it is made for: for another app.
    pub(crate) origin: Option<Arc<Fields>>,
    /// Whether the response's content is decoded.
    pub(crate) coding: ContentCoding,
    /// The body.
    pub(crate) body: RequestBody,
    /// What to do about redirects.
    pub(crate) redirect: RequestRedirect,
    /// The origin that all URLs must have.
    pub(crate) only_origin: Option<String>,
    /// What the response's body must match.
    pub(crate) integrity: String,
    /// <https://fetch.spec.whatwg.org/#concept-request-redirect-count>
    pub(crate) redirects: u32,
    /// How many redirects the app may cause.
    pub(crate) redirects_left: u32,
    /// How it asks for a WebSocket, if it does.
    pub(crate) handshake: Option<Box<ClientHandshake>>,
    /// What has the runtime driven on which such a WebSocket is.
    pub(crate) driven: Option<Driven>,
}

/// A request's fields are in a map as the app gave them, in one that says how long the body is, and in hyper's. So are its method and
/// its URL.
pub(crate) const HEADER_COPIES: usize = 3;
/// About what a field takes in a map, besides its name and its value.
const FIELD: usize = 128;

impl Exchange {
    /// About the bytes that it holds outside of itself. A body counts by itself, but for one of few bytes, which are not reserved.
    pub(crate) fn size(&self) -> usize {
        let field = |(name, value): (&HeaderName, &HeaderValue)| {
            FIELD + HEADER_COPIES * (name.as_str().len() + value.len())
        };
        let line = HEADER_COPIES * (self.method.as_str().len() + self.url.href().len());
        let body = match &self.body {
            RequestBody::Bytes(bytes) if bytes.len() < MIN_RESERVED_BYTES => bytes.len(),
            _ => 0,
        };
        line + body + self.headers.iter().map(field).sum::<usize>() + self.integrity.len()
    }

    /// Sends the request, follows redirects, and receives the head of the response.
    pub(crate) async fn run(mut self) -> Result<Answer, Failure> {
        loop {
            let response = self.send().await?;
            let status = response.status();
            if is_redirect_status(status.as_u16()) {
                match self.redirect {
                    RequestRedirect::Error => {
                        let message = "the response is a redirect, which the request's redirect mode 'error' refuses";
                        return Err(Failure::new(message));
                    }
                    // DEPARTURE: the response as it is, where a browser would show none of it: whoever writes a server's app wants to
                    // see where the redirect leads, and hides nothing from itself.
                    RequestRedirect::Manual => {}
                    RequestRedirect::Follow => {
                        if let Some(location) = redirect::location(&self.url, response.headers()) {
                            redirect::rewrite(&mut self, status, location?)?;
                            if self.redirects > self.redirects_left {
                                return Err(self.outbound.subrequests_exceeded(self.caller));
                            }
                            discard(response.into_body()).await;
                            continue;
                        }
                    }
                }
            }
            return Answer::receive(self, response).await;
        }
    }

    async fn send(&mut self) -> Result<http::Response<Incoming>, Failure> {
        if self
            .only_origin
            .as_ref()
            .is_some_and(|origin| *origin != self.url.origin())
        {
            let message = format!(
                "{} is of another origin, which the request's mode 'same-origin' refuses",
                self.url.href()
            );
            return Err(Failure::new(message));
        }
        let length = match self.body.length() {
            // If httpRequest's body is null and httpRequest's method is `POST` or `PUT`, then set contentLength to 0.
            None if matches!(self.body, RequestBody::Null) => {
                matches!(self.method, Method::POST | Method::PUT).then_some(0)
            }
            length => length,
        };
        let mut headers = self.headers.clone();
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(handshake) = &self.handshake {
            handshake.add_to(&mut headers);
        }
        let host = self.url.hostname();
        let port = self
            .url
            .port()
            .parse()
            .unwrap_or(if self.url.protocol() == "https:" {
                443
            } else {
                80
            });
        if self.way.is_network() && self.outbound.policy.blocks_port(host, port) {
            let forbidden = &self.outbound.counts.forbidden;
            forbidden.fetch_add(1, Ordering::Relaxed);
            return Err(Failure::new(format!(
                "port {port} belongs to another protocol than HTTP, and is blocked"
            )));
        }
        let span = match &self.trace {
            Some(trace) => Span::begin(trace, self, port, &mut headers),
            None => None,
        };
        let result = match &self.way {
            Way::Network => {
                let head = Head {
                    method: self.method.clone(),
                    uri: uri(&self.url)?,
                    headers,
                    is_upgrade: self.handshake.is_some(),
                };
                let isolate = self.isolate.as_ref();
                let sent = self.outbound.send(&head, &mut self.body, isolate).await;
                sent.map(|response| response.map(Incoming::Server))
            }
            Way::App(app) => {
                let app = app.clone();
                // Boxed, so that what waits for a server is small.
                Box::pin(self.ask(&app, headers)).await
            }
        };
        if let Some(span) = span {
            span.end(result.as_ref().map(http::Response::status));
        }
        result
    }

    /// Has another app answer.
    async fn ask(
        &mut self,
        app: &BoundApp,
        mut headers: HeaderMap,
    ) -> Result<http::Response<Incoming>, Failure> {
        let invalid = |_| Failure::new("the URL's host is no host of HTTP");
        let host = HeaderValue::try_from(self.url.host()).map_err(invalid)?;
        headers.insert(HOST, host);
        let request = HttpRequest {
            method: self.method.clone(),
            url: sent(&self.url),
            headers: Fields::from(&headers),
            body: self.body.take_whole(),
            trace: self.trace.clone(),
            origin: self.origin.clone(),
        };
        let response = app.services.fetch(&app.name, request, self.caller).await;
        let response = response.map_err(|error| Failure::new(error.to_string()))?;
        Incoming::of_app(response, &app.name)
    }
}

/// The URL as it goes onto the wire: without a fragment, and without credentials.
fn sent(url: &UrlRecord) -> String {
    format!(
        "{}//{}{}{}",
        url.protocol(),
        url.host(),
        url.pathname(),
        url.search()
    )
}

fn uri(url: &UrlRecord) -> Result<Uri, Failure> {
    sent(url)
        .parse()
        .map_err(|error| Failure::new(format!("HTTP cannot carry the URL: {error}")))
}

/// Reads what is left of a small body. A longer one costs its connection.
async fn discard(body: Incoming) {
    let mut chunks = body.chunks();
    let rest = async {
        let mut bytes = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            bytes += chunk.len();
            if bytes > REDIRECT_BODY_BYTES {
                return;
            }
        }
    };
    // Too slow is as good as too long.
    let _ = tokio::time::timeout(REDIRECT_BODY_TIMEOUT, rest).await;
}

#[cfg(test)]
impl Exchange {
    /// A request for this URL that follows redirects, without limits.
    pub(super) fn for_test(method: Method, url: UrlRecord, body: RequestBody) -> Exchange {
        Exchange {
            way: Way::Network,
            caller: None,
            outbound: Arc::new(Outbound::unrestricted()),
            isolate: None,
            method,
            url,
            headers: HeaderMap::new(),
            trace: None,
            origin: None,
            coding: ContentCoding::Keep,
            body,
            redirect: RequestRedirect::Follow,
            only_origin: None,
            integrity: String::new(),
            redirects: 0,
            redirects_left: u32::MAX,
            handshake: None,
            driven: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_of_a_body_count_with_their_request() {
        let size = |body| {
            let url = UrlRecord::parse("http://a.test/", None).unwrap();
            Exchange::for_test(Method::POST, url, body).size()
        };
        let bytes = |count: usize| size(RequestBody::Bytes(vec![0; count].into()));
        let without = size(RequestBody::Null);
        assert_eq!(
            bytes(MIN_RESERVED_BYTES - 1),
            without + MIN_RESERVED_BYTES - 1
        );
        assert_eq!(bytes(MIN_RESERVED_BYTES), without, "they are reserved");
    }
}
