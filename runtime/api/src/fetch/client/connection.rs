//! One connection to a server. HTTP/1 and HTTP/2 themselves are hyper's.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use nano_engine::Handle as Isolate;
use tokio::time::Instant;

use super::answer::MAX_AHEAD_BYTES;
use super::body::WireBody;
use super::connector::Io;
use super::head_wait::{Interim, NoHead};
use super::memory::{CONNECTION, Memory};
use super::silence::Silence;

/// Bytes of a response's head. Of HTTP/1 it is also how far one read may go.
pub(super) const MAX_HEAD_BYTES: usize = 408 << 10;
/// Header fields of an HTTP/1 response.
pub(super) const MAX_HEAD_FIELDS: usize = 512;

/// How many responses of an HTTP/2 connection may wait for whoever reads them before they hold up the others.
const STREAMS: usize = 256;

/// What may wait of a request's body for an HTTP/2 server that does not take it.
const MAX_SEND_BYTES: usize = 256 << 10;

/// An HTTP/2 server that has requests and says nothing is asked so often whether it is there, and has so long to answer:
/// <https://www.rfc-editor.org/rfc/rfc9113#section-6.7>.
const PING: Duration = Duration::from_secs(10);

/// A scheme, a host and a port: what a connection is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Origin {
    /// The origin of an absolute URI.
    pub(super) fn of(uri: &Uri) -> Option<Origin> {
        Some(Origin {
            scheme: uri.scheme()?.clone(),
            authority: uri.authority()?.clone(),
        })
    }
}

/// What a request is made of, besides its body.
pub(super) struct Head {
    pub(super) method: Method,
    /// Absolute.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// Whether the connection may become another protocol's.
    pub(super) is_upgrade: bool,
}

/// A connection that can take a request.
pub(super) struct Connection {
    pub(super) origin: Origin,
    pub(super) sender: Sender,
    /// When it was last used.
    pub(super) used: Instant,
    /// Bytes that it has taken.
    sent: Arc<AtomicU64>,
    pub(super) memory: Arc<Memory>,
}

/// Why a request has no response.
pub(super) enum Unanswered {
    /// An error, which brings the request back if nothing of it was sent.
    Failed(Box<TrySendError<Request<WireBody>>>),
    /// It was sent, and its response does not begin.
    NoHead(NoHead),
}

pub(super) enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<WireBody>),
    /// Any number of them. Whoever uses the connection has a share of its silence, and so has what reads it.
    Http2(http2::SendRequest<WireBody>, Arc<Silence>),
}

impl Connection {
    /// Speaks HTTP over a new connection, on a task of its own. How that ends is told to its requests.
    pub(super) async fn begin(
        origin: Origin,
        io: Io,
        may_upgrade: bool,
    ) -> hyper::Result<Connection> {
        let (sent, memory) = (io.sent(), io.memory());
        let sender = if let Some(silence) = io.silence() {
            memory.add(CONNECTION);
            let (sender, task) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .keep_alive_timeout(PING)
                // Not by the server's speed: what may wait of a response is counted.
                .initial_stream_window_size(MAX_AHEAD_BYTES as u32)
                .initial_connection_window_size((MAX_AHEAD_BYTES * STREAMS) as u32)
                .max_send_buf_size(MAX_SEND_BYTES)
                .max_header_list_size(MAX_HEAD_BYTES as u32)
                .handshake(io)
                .await?;
            tokio::spawn(task);
            Sender::Http2(sender, silence)
        } else {
            let (sender, task) = http1::Builder::new()
                .max_buf_size(MAX_HEAD_BYTES)
                .max_headers(MAX_HEAD_FIELDS)
                .handshake(io)
                .await?;
            match may_upgrade {
                true => tokio::spawn(task.with_upgrades()),
                false => tokio::spawn(task),
            };
            Sender::Http1(sender)
        };
        Ok(Connection {
            origin,
            sender,
            used: Instant::now(),
            sent,
            memory,
        })
    }

    /// Another handle of the same connection, where several requests may share one.
    pub(super) fn share(&self) -> Option<Connection> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender, silence) => Some(Connection {
                origin: self.origin.clone(),
                sender: Sender::Http2(sender.clone(), silence.clone()),
                used: self.used,
                sent: self.sent.clone(),
                memory: self.memory.clone(),
            }),
        }
    }

    /// Whether it can take a request now, as far as anybody knows.
    pub(super) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender, _) => sender.is_ready(),
        }
    }

    /// Whether requests wait on it in vain: the next ones are better off on another one, until it says something.
    pub(super) fn is_silent(&self) -> bool {
        match &self.sender {
            Sender::Http1(_) => false,
            Sender::Http2(_, silence) => silence.is_long(),
        }
    }

    /// Waits until it can take another request; false if it never will.
    pub(super) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender, _) => sender.ready().await.is_ok(),
        }
    }

    /// Whether nobody but the caller uses it.
    pub(super) fn is_idle(&self) -> bool {
        match &self.sender {
            Sender::Http1(_) => true,
            Sender::Http2(_, silence) => Arc::strong_count(silence) <= 2,
        }
    }

    /// Sends a request of `isolate`, and waits for the head of its response: for `limit` at most, once the request is sent.
    pub(super) async fn send(
        &mut self,
        head: &Head,
        body: WireBody,
        limit: Duration,
        isolate: Option<&Isolate>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.used = Instant::now();
        let is_http1 = matches!(self.sender, Sender::Http1(_));
        self.memory.begin(isolate, is_http1);
        let has_body = !body.is_end_stream();
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        let interim = Interim::of(&mut request);
        // Many requests may share a connection; those that are sent at once should not wait for the others' bodies.
        let sent = has_body.then_some(&*self.sent);
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                // https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1
                let target = head.uri.path_and_query().cloned();
                *request.uri_mut() = target.map_or_else(Uri::default, Uri::from);
                if let Ok(host) = HeaderValue::from_str(self.origin.authority.as_str()) {
                    request.headers_mut().insert(HOST, host);
                }
                interim
                    .wait(sender.try_send_request(request), limit, sent)
                    .await
            }
            Sender::Http2(sender, silence) => {
                *request.uri_mut() = head.uri.clone();
                *request.version_mut() = Version::HTTP_2;
                let _waiting = silence.wait();
                let response = interim
                    .wait(sender.try_send_request(request), limit, sent)
                    .await;
                if response.is_ok() {
                    // It came before, but this thread may have had other things to do.
                    silence.is_broken();
                }
                response
            }
        };
        self.memory.head_is_here();
        match response {
            Ok(response) => response.map_err(|error| Unanswered::Failed(Box::new(error))),
            Err(no_head) => Err(Unanswered::NoHead(no_head)),
        }
    }

    /// Whether several requests may share it.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.sender, Sender::Http2(..))
    }

    /// Whether it is the one that another handle is of.
    pub(super) fn is_same(&self, other: &Connection) -> bool {
        match (&self.sender, &other.sender) {
            (Sender::Http2(_, one), Sender::Http2(_, other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether an error on this connection, which had carried requests before, may be due to its having been closed since. An HTTP/2
    /// server says which requests it has not seen: see [`is_unseen`](super::failure::is_unseen).
    pub(super) fn may_be_stale(&self, error: &hyper::Error) -> bool {
        !self.is_shared() && !error.is_parse_too_large()
    }
}
