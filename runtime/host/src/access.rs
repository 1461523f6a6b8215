//! The record of one request of a client's, on its way with the response.

use std::convert::Infallible;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::{HeaderMap, Version};
use nano_worker::{BodyError, RequestId};
use tokio::sync::oneshot;

use crate::http::receive::Answered;
use crate::record::{Failure, Record};
use crate::server::link::{InRequest, Link};
use crate::statistics::Limit;
use crate::tracer::RequestTrace;

/// A request of a connection: its record, and what of the connection ends with it. What is known is one block of memory from the
/// request's head to its response's last byte, of which the address is moved about; a [`Sending`] has it, too.
pub(crate) struct Completion(Box<Known>);

/// What is known of a request.
struct Known {
    record: Record,
    version: Version,
    /// The request's `Accept` field, for an answer of the host's own.
    accept: Option<Box<[u8]>>,
    /// An empty map for the response's fields, if there is one with memory.
    fields: Option<HeaderMap>,
    /// Keeps the request's body readable; see [`Answered`].
    request_body: Option<oneshot::Sender<Infallible>>,
    /// Last, so that its connection has the request until everything else is done.
    request: InRequest,
}

impl Deref for Completion {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0.record
    }
}

impl DerefMut for Completion {
    fn deref_mut(&mut self) -> &mut Record {
        &mut self.0.record
    }
}

impl Completion {
    /// The version of the request.
    pub(crate) fn version(&self) -> Version {
        self.0.version
    }

    /// The request's connection.
    pub(crate) fn link(&self) -> &Arc<Link> {
        self.0.request.link()
    }

    /// Begins the record of a request.
    pub(crate) fn new(
        id: RequestId,
        parts: &http::request::Parts,
        trace: Option<Box<RequestTrace>>,
        link: &Arc<Link>,
    ) -> Self {
        Self(Box::new(Known {
            record: Record::of_client(id, parts, trace),
            version: parts.version,
            accept: None,
            fields: None,
            request_body: None,
            request: link.request(),
        }))
    }

    /// Makes the end that keeps the request's body readable.
    pub(crate) fn reads_body(&mut self) -> Answered {
        let (reading, answered) = oneshot::channel();
        self.0.request_body = Some(reading);
        answered
    }

    /// Takes the end that keeps the request's body readable.
    pub(crate) fn request_body(&mut self) -> Option<oneshot::Sender<Infallible>> {
        self.0.request_body.take()
    }

    /// Notes the request's `Accept` field.
    pub(crate) fn accepts(&mut self, accept: Option<Box<[u8]>>) {
        self.0.accept = accept;
    }

    /// Takes what [`accepts`](Self::accepts) has noted.
    pub(crate) fn accept(&mut self) -> Option<Box<[u8]>> {
        self.0.accept.take()
    }

    /// Keeps an empty map for the response's fields.
    pub(crate) fn keep_fields(&mut self, fields: HeaderMap) {
        self.0.fields = Some(fields);
    }

    /// An empty map for the response's fields.
    pub(crate) fn fields(&mut self) -> HeaderMap {
        self.0.fields.take().unwrap_or_default()
    }

    /// The host itself answers, not an app.
    pub(crate) fn answered_by_the_host(&mut self) {
        self.0.request.becomes_page();
    }

    /// The response goes on its way.
    pub(crate) fn send(self) -> Arc<Sending> {
        Arc::new(Sending {
            known: self.0,
            handed: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            is_whole: AtomicBool::new(false),
            has_left: AtomicBool::new(false),
            is_too_slow: AtomicBool::new(false),
            failure: OnceLock::new(),
        })
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let (parts, ()) = http::Request::new(()).into_parts();
        Self::new(RequestId(0), &parts, None, &Link::for_tests())
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let now = Instant::now();
        if let Some(status) = self.record.refusal() {
            self.request.link().count_refusal(status);
        }
        self.request.ends(now);
        self.record.ends(now);
    }
}

/// A response on its way. Whatever holds a part of it that has not left holds this, too. Each number is changed
/// by one task, so that this needs no read-modify-write: whoever polls the body hands, and who drives the connection sends.
pub(crate) struct Sending {
    known: Box<Known>,
    /// Bytes of the body that the protocol has been handed.
    handed: AtomicU64,
    /// Bytes of the body that the socket has taken.
    sent: AtomicU64,
    /// The protocol has been handed everything.
    is_whole: AtomicBool,
    /// The protocol has handed on everything that it has been handed.
    has_left: AtomicBool,
    /// The client has taken too little of it.
    is_too_slow: AtomicBool,
    failure: OnceLock<Failure>,
}

impl Sending {
    /// Counts bytes that the protocol is handed; gives their sum.
    pub(crate) fn hand(&self, bytes: usize) -> u64 {
        let handed = self.handed.load(Relaxed) + bytes as u64;
        self.handed.store(handed, Relaxed);
        handed
    }

    /// Counts bytes that the socket has taken.
    pub(crate) fn sent(&self, bytes: usize) {
        let sent = self.sent.load(Relaxed) + bytes as u64;
        self.sent.store(sent, Relaxed);
    }

    pub(crate) fn body_failed(&self, error: &BodyError) {
        // A body fails once.
        let _ = self.failure.set(Failure::of_body(error));
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

    /// It is given up, as the client takes too little of it.
    pub(crate) fn too_slow(&self) {
        self.is_too_slow.store(true, Relaxed);
    }

    /// The version of the request.
    pub(crate) fn version(&self) -> Version {
        self.known.version
    }

    /// Whether the host itself answers.
    pub(crate) fn is_page(&self) -> bool {
        self.known.request.is_page()
    }

    /// Whether no app has taken the request in.
    pub(crate) fn is_refused(&self) -> bool {
        !self.known.record.is_admitted()
    }

    pub(crate) fn link(&self) -> &Arc<Link> {
        self.known.request.link()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let Known {
            record, request, ..
        } = &mut *self.known;
        let sent = *self.sent.get_mut();
        record.sent(sent);
        if let Some(failure) = self.failure.take() {
            record.body_failed(failure);
        } else if *self.is_whole.get_mut()
            && *self.has_left.get_mut()
            && sent == *self.handed.get_mut()
        {
            record.complete();
        } else if *self.is_too_slow.get_mut() || request.link().is_too_slow() {
            record.limited(Limit::Stall);
        }
    }
}
