//! What a client sees when the host has to answer instead of an app.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use nano_worker::RequestId;

use super::answers::OwnAnswer;
use super::send::ResponseBody;
use crate::access::Completion;
use crate::statistics::Limit;

/// Names the request, so that its author and its operator can find it in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The methods that apps are given.
pub(crate) const ALLOWED: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// An answer of the host's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorPage {
    pub(crate) answer: OwnAnswer,
    /// The whole truth, for the log, and for the client with `--dev`.
    pub(crate) detail: Option<String>,
    /// The stack that goes with it.
    pub(crate) stack: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The limit that the request has met.
    pub(crate) limit: Option<Limit>,
    /// No further request is taken from an HTTP/1 connection.
    pub(crate) close: bool,
}

impl ErrorPage {
    pub(crate) fn new(answer: OwnAnswer) -> Self {
        Self {
            answer,
            detail: None,
            stack: None,
            retry_after: None,
            limit: None,
            close: false,
        }
    }

    pub(crate) fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    pub(crate) fn retry_after(self, delay: Duration) -> Self {
        Self {
            retry_after: Some(delay),
            ..self
        }
    }

    /// Notes the limit that the request has met: one of those that the answer is due to.
    pub(crate) fn limit(self, limit: Limit) -> Self {
        debug_assert!(self.answer.limits().contains(&limit), "{limit:?}");
        Self {
            limit: Some(limit),
            ..self
        }
    }

    pub(crate) fn close(self) -> Self {
        Self {
            close: true,
            ..self
        }
    }

    /// Makes the response to a request.
    pub(crate) fn respond(self, dev: bool, mut completion: Completion) -> Response<ResponseBody> {
        let id = completion.id();
        let is_head = *completion.method() == Method::HEAD;
        let json = completion
            .accept()
            .is_some_and(|accept| wants_json(&accept));
        let text = if json {
            self.json(id, dev)
        } else {
            self.plain(id, dev)
        };
        let status = self.answer.status();
        completion.status(status);
        completion.answered_by_the_host();
        if let Some(limit) = self.limit {
            completion.limited(limit);
        }
        let length = text.len();
        let text = if is_head { String::new() } else { text };
        let mut response = Response::new(ResponseBody::full(text.into(), completion));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let kind = if json {
            "application/json"
        } else {
            "text/plain; charset=utf-8"
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if is_head {
            headers.insert(http::header::CONTENT_LENGTH, length.into());
        }
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(delay) = self.retry_after {
            // Whole seconds, and never 0: the client would be too early.
            headers.insert(
                RETRY_AFTER,
                (delay.as_secs_f64().ceil() as u64).max(1).into(),
            );
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
        }
        response
    }

    fn plain(&self, id: RequestId, dev: bool) -> String {
        let title = title(self.answer.status());
        let message = self.answer.message();
        let mut text = format!("{title}\n{message}\nRequest: {id}\n");
        if let Some(limit) = self.limit.filter(|_| dev) {
            text.push_str(&format!("Limit: {}\n", limit.name()));
        }
        if let Some(detail) = self.detail.as_deref().filter(|_| dev) {
            let report = nano_worker::report(detail, self.stack.as_deref());
            text.push_str(&format!("\n{report}\n"));
        }
        text
    }

    fn json(&self, id: RequestId, dev: bool) -> String {
        let mut text = String::from("{\"error\":{");
        text.push_str(&format!("\"status\":{}", self.answer.status().as_u16()));
        let mut field = |name: &str, value: &str| {
            text.push_str(&format!(",\"{name}\":"));
            crate::log::json_string(&mut text, value);
        };
        field("message", self.answer.message());
        field("request", &id.to_string());
        if dev {
            self.limit
                .iter()
                .for_each(|limit| field("limit", limit.name()));
            self.detail
                .iter()
                .for_each(|detail| field("detail", detail));
            self.stack.iter().for_each(|stack| field("stack", stack));
        }
        text.push_str("}}\n");
        text
    }
}

fn title(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("Error");
    format!("{} {reason}", status.as_u16())
}

/// A whole HTTP/1.1 response to a head that cannot be read, or is not complete.
pub(crate) fn refusal(status: StatusCode, id: RequestId) -> Bytes {
    let answer = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => OwnAnswer::LargeHead,
        StatusCode::URI_TOO_LONG => OwnAnswer::LongTarget,
        StatusCode::REQUEST_TIMEOUT => OwnAnswer::SlowHead,
        _ => OwnAnswer::Malformed,
    };
    let message = answer.message();
    let title = title(status);
    let text = format!("{title}\n{message}\nRequest: {id}\n");
    let length = text.len();
    let date = httpdate::fmt_http_date(SystemTime::now());
    format!(
        "HTTP/1.1 {title}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nx-request-id: {id}\r\nconnection: close\r\ndate: {date}\r\n\r\n{text}"
    )
    .into()
}

/// Does an `Accept` field prefer JSON to what a person reads?
fn wants_json(accept: &[u8]) -> bool {
    let position = |what: &[u8]| accept.windows(what.len()).position(|part| part == what);
    match (position(b"application/json"), position(b"text/")) {
        (Some(json), Some(text)) => json < text,
        (json, _) => json.is_some(),
    }
}

/// A copy of the request's `Accept` field: the field itself is a part of the connection's buffer, which hyper could not use again.
pub(crate) fn accept(headers: &HeaderMap) -> Option<Box<[u8]>> {
    headers.get(ACCEPT).map(|value| value.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> ErrorPage {
        ErrorPage::new(OwnAnswer::NoResponse).detail("TypeError: \"x\"")
    }

    #[test]
    fn details_are_for_developers() {
        let id = RequestId(7);
        assert_eq!(
            page().plain(id, false),
            "500 Internal Server Error\nThe app failed to answer.\nRequest: 0000000000000007\n"
        );
        assert!(page().plain(id, true).ends_with("\n\nTypeError: \"x\"\n"));
        assert_eq!(
            page().json(id, false),
            "{\"error\":{\"status\":500,\"message\":\"The app failed to answer.\",\
             \"request\":\"0000000000000007\"}}\n"
        );
        assert!(
            page()
                .json(id, true)
                .contains(r#""detail":"TypeError: \"x\"""#)
        );
    }

    #[test]
    fn developers_read_each_line_once() {
        let page = ErrorPage {
            stack: Some("TypeError: \"x\"\n    at fetch (index.js:1:2)".to_owned()),
            ..page()
        };
        assert_eq!(
            page.plain(RequestId(7), true),
            "500 Internal Server Error\nThe app failed to answer.\nRequest: 0000000000000007\n\n\
             TypeError: \"x\"\n    at fetch (index.js:1:2)\n"
        );
    }

    #[test]
    fn json_for_those_who_accept_it() {
        for (accept, json) in [
            ("application/json", true),
            ("application/json, text/plain", true),
            ("text/html, application/json", false),
            ("*/*", false),
        ] {
            assert_eq!(wants_json(accept.as_bytes()), json, "{accept}");
        }
    }

    #[test]
    fn the_head_of_an_error() {
        let page = page().retry_after(Duration::from_millis(250));
        let response = page.respond(false, Completion::for_tests());
        assert_eq!(response.headers()["x-request-id"], "0000000000000000");
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; charset=utf-8"
        );
    }
}
