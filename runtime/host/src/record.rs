//! What is counted and logged of a request, whoever sends it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::{Method, StatusCode, Version};
use nano_worker::{BodyError, BodyErrorKind, RequestId};

use crate::app::{Admission, App};
use crate::dispatch::pages::too_busy;
use crate::http::error_page::ErrorPage;
use crate::lease::Lease;
use crate::log::{self, RequestLine};
use crate::otlp::{ServerSpan, cut};
use crate::statistics::Limit;
use crate::tracer::RequestTrace;

/// A request, and its place among its app's requests in flight. Writes one line into the log when it is dropped: when the last byte of
/// the response has left, or when it has been given up.
pub(crate) struct Record {
    id: RequestId,
    method: Method,
    /// A copy: what refers to the connection's buffer keeps hyper from reading into it again.
    path: Box<str>,
    /// The version of HTTP by which it came.
    version: Option<Version>,
    began: Instant,
    /// Now, where somebody has looked at the clock.
    ended: Option<Instant>,
    /// The request's place in a trace, where it has one.
    trace: Option<Box<RequestTrace>>,
    /// The request of another app that it is made for.
    caller: Option<RequestId>,
    /// The app that it is for; once it is admitted, the admission knows.
    app: Option<Arc<App>>,
    /// Makes room for another request when the record ends.
    admission: Option<Admission>,
    /// Keeps the version of the app that answers until the record ends.
    lease: Option<Lease>,
    status: StatusCode,
    bytes: u64,
    end: End,
    error: Option<Box<Failure>>,
    /// The limit that the request has met.
    limit: Option<Limit>,
}

/// How the response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not yet; if it stays so, the client went away.
    Open,
    Complete,
    Failed,
}

pub(crate) struct Failure {
    message: String,
    stack: Option<String>,
    /// The limit that was met.
    limit: Option<Limit>,
}

impl Failure {
    /// The response's body has failed.
    pub(crate) fn of_body(error: &BodyError) -> Self {
        Self {
            message: format!("the response's body failed: {error}"),
            stack: None,
            limit: (error.kind == BodyErrorKind::TooMuch).then_some(Limit::Response),
        }
    }
}

impl Record {
    fn new(
        id: RequestId,
        method: Method,
        path: Box<str>,
        trace: Option<Box<RequestTrace>>,
    ) -> Self {
        Self {
            id,
            method,
            path,
            version: None,
            began: Instant::now(),
            ended: None,
            trace,
            caller: None,
            app: None,
            admission: None,
            lease: None,
            // What the log says if the client goes away before there is a response; nginx's number for it.
            status: StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            bytes: 0,
            end: End::Open,
            error: None,
            limit: None,
        }
    }

    /// Begins the record of a client's request.
    pub(crate) fn of_client(
        id: RequestId,
        parts: &http::request::Parts,
        trace: Option<Box<RequestTrace>>,
    ) -> Self {
        let mut record = Self::new(id, parts.method.clone(), parts.uri.path().into(), trace);
        record.version = Some(parts.version);
        record
    }

    /// Begins the record of an app's request to another one, which is made for the request `caller`.
    pub(crate) fn of_call(
        id: RequestId,
        method: Method,
        path: &str,
        trace: Option<Box<RequestTrace>>,
        caller: Option<RequestId>,
    ) -> Self {
        let mut record = Self::new(id, method, path.into(), trace);
        record.caller = caller;
        record
    }

    pub(crate) fn id(&self) -> RequestId {
        self.id
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    /// When the request came.
    pub(crate) fn began(&self) -> Instant {
        self.began
    }

    /// It is about to end. (To ask for the time once more would cost as much as all of the rest.)
    pub(crate) fn ends(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    /// The request's place in a trace.
    pub(crate) fn trace(&mut self) -> Option<&mut RequestTrace> {
        self.trace.as_deref_mut()
    }

    pub(crate) fn routed(&mut self, app: Arc<App>) {
        self.app = Some(app);
    }

    fn app(&self) -> Option<&Arc<App>> {
        let admission = self.admission.as_ref();
        admission.map(Admission::app).or(self.app.as_ref())
    }

    pub(crate) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// Whether it has a place in flight.
    pub(crate) fn is_admitted(&self) -> bool {
        self.admission.is_some()
    }

    /// The request becomes a WebSocket, if its app may have one more of them, and its client.
    pub(crate) fn becomes_websocket(
        &mut self,
        limit: usize,
        client: Option<IpAddr>,
    ) -> Result<(), Box<ErrorPage>> {
        let Some(admission) = &mut self.admission else {
            return Ok(());
        };
        let taken = admission.becomes_websocket(limit, client);
        taken.map_err(|busy| too_busy(admission.app(), busy))
    }

    pub(crate) fn answered_by(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    pub(crate) fn status(&mut self, status: StatusCode) {
        self.status = status;
    }

    /// Notes why the app has no response.
    pub(crate) fn failed(&mut self, message: String, stack: Option<String>) {
        self.error = Some(Box::new(Failure {
            message,
            stack,
            limit: None,
        }));
    }

    /// Notes the limit that the request has met.
    pub(crate) fn limited(&mut self, limit: Limit) {
        self.limit = Some(limit);
    }

    /// Has the host's own answer be the response, as a whole.
    pub(crate) fn refused(&mut self, page: &ErrorPage) {
        self.status = page.answer.status();
        self.limit = page.limit;
        if let Some(detail) = &page.detail {
            self.failed(detail.clone(), page.stack.clone());
        }
        self.end = End::Complete;
    }

    /// What the client was told, if no app has seen the request.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<StatusCode> {
        self.app().is_none().then_some(self.status)
    }

    /// So many bytes of the response's body have left.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// All that have left, of all.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The whole response has left.
    pub(crate) fn complete(&mut self) {
        self.end = End::Complete;
    }

    /// The response's body has failed.
    pub(crate) fn body_failed(&mut self, failure: Failure) {
        self.end = End::Failed;
        self.limit = failure.limit.or(self.limit);
        self.error = Some(Box::new(failure));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let now = self.ended.unwrap_or_else(Instant::now);
        let failure = self.error.as_deref();
        let app = self.app().map(|app| &**app);
        let took = now.duration_since(self.began);
        let is_aborted = self.end == End::Open;
        // The app may have gone on without what it was refused.
        let has_met = |lease: &Lease| lease.has_met_subrequests(self.id);
        let limit = match self.limit {
            None if self.lease.as_ref().is_some_and(has_met) => Some(Limit::Subrequests),
            limit => limit,
        };
        if let Some(app) = app {
            let statistics = app.statistics();
            statistics.answered(self.status, is_aborted, self.bytes, took);
            if let Some(limit) = limit {
                statistics.limited(self.id, limit);
            }
        }
        let line = RequestLine {
            app: app.map(|app| &**app.name()),
            id: self.id,
            caller: self.caller,
            span: self.trace.as_ref().map(|trace| trace.span),
            method: self.method.as_str(),
            path: &self.path,
            status: self.status.as_u16(),
            duration: took,
            bytes: self.bytes,
            aborted: is_aborted,
            limit: limit.map(Limit::name),
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

impl Record {
    /// What the line says, as a span.
    #[cold]
    fn span(&self, trace: &RequestTrace, line: &RequestLine<'_>) -> ServerSpan {
        let state = trace.state.as_ref();
        ServerSpan {
            context: trace.span,
            parent: trace.parent,
            state: state.and_then(|state| Some(cut(state.to_str().ok()?, MAX_TEXT).into())),
            app: self.app().map(|app| app.name().clone()),
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
