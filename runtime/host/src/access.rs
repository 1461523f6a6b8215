//! The record of one request: what the access log says of it, and its place among the app's requests in flight.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use http::{Method, StatusCode, Version};
use nano_worker::{BodyError, RequestId};
use tokio::sync::oneshot;

use crate::app::{Admission, App};
use crate::http::receive::Answered;
use crate::lease::Lease;
use crate::log::{self, RequestLine};
use crate::otlp::{ServerSpan, cut};
use crate::server::link::{InRequest, Link};
use crate::statistics::Limit;
use crate::tracer::RequestTrace;

/// Writes one line into the log when the last byte of the response has left, or when it has been given up.
pub(crate) struct Completion {
    id: RequestId,
    method: Method,
    /// A copy: what refers to the connection's buffer keeps hyper from reading into it again.
    path: Box<str>,
    version: Version,
    began: Instant,
    /// The request's place in a trace, where it has one.
    trace: Option<Box<RequestTrace>>,
    app: Option<Arc<App>>,
    /// Makes room for another request when the record ends.
    admission: Option<Admission>,
    /// Keeps the version of the app that answers until the record ends.
    lease: Option<Lease>,
    /// Keeps the request's body readable; see [`Answered`].
    request_body: Option<oneshot::Sender<Infallible>>,
    status: StatusCode,
    bytes: u64,
    end: End,
    error: Option<Box<Failure>>,
    /// The limit that the request has met.
    limit: Option<Limit>,
    /// Last, so that its connection has the request until everything else is done.
    request: InRequest,
}

/// How the response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not yet; if it stays so, the client went away.
    Open,
    Complete,
    Failed,
}

struct Failure {
    message: String,
    stack: Option<String>,
}

impl Completion {
    /// The version of the request.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Begins the record of a request.
    pub(crate) fn new(
        id: RequestId,
        parts: &http::request::Parts,
        trace: Option<Box<RequestTrace>>,
        link: &Arc<Link>,
    ) -> Self {
        Self {
            id,
            method: parts.method.clone(),
            path: parts.uri.path().into(),
            version: parts.version,
            began: Instant::now(),
            trace,
            app: None,
            admission: None,
            lease: None,
            request_body: None,
            // What the log says if the client goes away before there is a response; nginx's number for it.
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            bytes: 0,
            end: End::Open,
            error: None,
            limit: None,
            request: link.request(),
        }
    }

    /// When the request came.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// The request's place in a trace.
    pub(crate) fn trace(&mut self) -> Option<&mut RequestTrace> {
        self.trace.as_deref_mut()
    }

    pub(crate) fn routed(&mut self, app: Arc<App>) {
        self.app = Some(app);
    }

    pub(crate) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    pub(crate) fn answered_by(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// Makes the end that keeps the request's body readable.
    pub(crate) fn reads_body(&mut self) -> Answered {
        let (reading, answered) = oneshot::channel();
        self.request_body = Some(reading);
        answered
    }

    /// Takes the end that keeps the request's body readable.
    pub(crate) fn request_body(&mut self) -> Option<oneshot::Sender<Infallible>> {
        self.request_body.take()
    }

    pub(crate) fn status(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Notes why the app has no response.
    pub(crate) fn failed(&mut self, message: String, stack: Option<String>) {
        self.error = Some(Box::new(Failure { message, stack }));
    }

    /// The host itself answers, not an app.
    pub(crate) fn answered_by_the_host(&mut self) {
        self.request.becomes_page();
    }

    /// Notes the limit that the request has met.
    pub(crate) fn limited(&mut self, limit: Limit) {
        self.limit = Some(limit);
    }

    /// The response goes on its way.
    pub(crate) fn send(self) -> Arc<Sending> {
        Arc::new(Sending {
            completion: self,
            handed: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            is_whole: AtomicBool::new(false),
            has_left: AtomicBool::new(false),
            failure: OnceLock::new(),
        })
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let (parts, ()) = http::Request::new(()).into_parts();
        Self::new(RequestId(0), &parts, None, &Link::for_tests())
    }
}

/// A response on its way. Whatever holds a part of it that has not left holds this, too.
pub(crate) struct Sending {
    completion: Completion,
    /// Bytes of the body that the protocol has been handed.
    handed: AtomicU64,
    /// Bytes of the body that the socket has taken.
    sent: AtomicU64,
    /// The protocol has been handed everything.
    is_whole: AtomicBool,
    /// The protocol has handed on everything that it has been handed.
    has_left: AtomicBool,
    failure: OnceLock<Failure>,
}

impl Sending {
    /// Counts bytes that the protocol is handed; gives their sum.
    pub(crate) fn hand(&self, bytes: usize) -> u64 {
        self.handed.fetch_add(bytes as u64, Relaxed) + bytes as u64
    }

    /// Counts bytes that the socket has taken.
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn body_failed(&self, error: &BodyError) {
        let message = format!("the response's body failed: {error}");
        let _ = self.failure.set(Failure {
            message,
            stack: None,
        }); // A body fails once.
    }

    /// The protocol has been handed the whole body.
    pub(crate) fn whole(&self) {
        self.is_whole.store(true, Relaxed);
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.load(Relaxed)
    }

    /// The protocol has handed on everything that it has been handed.
    pub(crate) fn left(&self) {
        self.has_left.store(true, Relaxed);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Relaxed)
    }

    /// The version of the request.
    pub(crate) fn version(&self) -> Version {
        self.completion.version
    }

    /// Whether the host itself answers.
    pub(crate) fn is_page(&self) -> bool {
        self.completion.request.is_page()
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        self.completion.request.link()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let completion = &mut self.completion;
        let sent = *self.sent.get_mut();
        completion.bytes = sent;
        if let Some(failure) = self.failure.take() {
            completion.end = End::Failed;
            completion.error = Some(Box::new(failure));
        } else if *self.is_whole.get_mut()
            && *self.has_left.get_mut()
            && sent == *self.handed.get_mut()
        {
            completion.end = End::Complete;
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let now = Instant::now();
        self.request.ends(now);
        let failure = self.error.as_deref();
        let app = self.app.as_deref();
        let took = now.duration_since(self.began);
        let is_aborted = self.end == End::Open;
        if let Some(app) = app {
            let statistics = app.statistics();
            statistics.answered(self.status, is_aborted, self.bytes, took);
            if let Some(limit) = self.limit {
                statistics.limited(limit);
            }
        }
        let line = RequestLine {
            app: app.map(|app| &**app.name()),
            id: self.id,
            span: self.trace.as_ref().map(|trace| trace.span),
            method: self.method.as_str(),
            path: &self.path,
            status: self.status.as_u16(),
            duration: took,
            bytes: self.bytes,
            aborted: is_aborted,
            limit: self.limit.map(Limit::name),
            error: failure.map(|failure| &*failure.message),
            stack: failure.and_then(|failure| failure.stack.as_deref()),
            failed: failure.is_some() && (self.status.is_server_error() || self.end == End::Failed),
        };
        log::request(app.map(App::log), &line);
        if let Some(trace) = &self.trace
            && let Some(exporter) = &trace.exporter
        {
            exporter.server(self.span(trace, &line));
        }
    }
}

/// How long texts of a span may be; they wait to be sent.
const MAX_TEXT: usize = 1 << 10;
const MAX_METHOD: usize = 64;

impl Completion {
    /// What the line says, as a span.
    #[cold]
    fn span(&self, trace: &RequestTrace, line: &RequestLine<'_>) -> ServerSpan {
        let state = trace.state.as_ref();
        ServerSpan {
            context: trace.span,
            parent: trace.parent,
            state: state.and_then(|state| Some(cut(state.to_str().ok()?, MAX_TEXT).into())),
            app: self.app.as_ref().map(|app| app.name().clone()),
            id: line.id,
            ended: SystemTime::now(),
            duration: line.duration,
            method: cut(line.method, MAX_METHOD).into(),
            path: cut(line.path, MAX_TEXT).into(),
            origin: trace.origin.clone(),
            version: self.version,
            // Nobody was told of one that is for the log.
            status: (!line.aborted || self.status.as_u16() != 499).then_some(self.status),
            bytes: line.bytes,
            limit: line.limit,
            fault: match self.end {
                End::Complete => None,
                End::Open => Some("aborted"),
                End::Failed => Some("response_body"),
            },
            has_failed: line.failed,
            error: line.error.map(|error| cut(error, MAX_TEXT).into()),
        }
    }
}
