//! The HTTP messages that cross the border between a host and an app.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::Body;

/// A request for an app.
#[derive(Debug)]
pub struct HttpRequest {
    /// The method, as sent.
    pub method: Method,
    /// The absolute URL that `request.url` shows: scheme, the `Host` header, and the request target.
    pub url: String,
    /// End-to-end header fields, in the order of their arrival per name.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// An app's response.
#[derive(Debug)]
pub struct HttpResponse {
    /// The status, 200 to 599.
    pub status: u16,
    /// `statusText`, where the app set one.
    pub reason: Option<String>,
    /// Header fields in the order of the app's header list; a name may occur more than once (`set-cookie`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body. For [`Body::Full`] and a stream of known length the sender states `content-length`.
    pub body: Body,
}

/// Names one request in logs and in the `x-request-id` header: 16 hexadecimal digits, unique in the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}
