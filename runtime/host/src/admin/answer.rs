//! Responses of the admin API.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{Either, Full, StreamBody};
use serde::Serialize;

use super::views::{Failure, Reason};

/// A response: a whole one, or one that goes on.
pub(super) type Answer = Response<Either<Full<Bytes>, StreamBody<Parts>>>;

/// The parts of a body that goes on.
type Parts = BoxStream<'static, Result<Frame<Bytes>, Infallible>>;

/// Something to be read by programs.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_vec_pretty(value) {
        Ok(mut text) => {
            text.push(b'\n');
            of(status, "application/json", text)
        }
        // Views are plain data.
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// Text of any kind.
pub(super) fn of(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(text.into())));
    *answer.status_mut() = status;
    label(answer, kind)
}

/// Text that goes on.
pub(super) fn stream(
    kind: &'static str,
    parts: impl Stream<Item = Bytes> + Send + 'static,
) -> Answer {
    let parts = parts.map(|part| Ok(Frame::data(part))).boxed();
    label(Response::new(Either::Right(StreamBody::new(parts))), kind)
}

fn label(mut answer: Answer, kind: &'static str) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A request that is refused, or has failed.
pub(super) fn failure(status: StatusCode, message: impl Into<String>) -> Answer {
    let failure = Failure {
        error: Reason {
            status: status.as_u16(),
            message: message.into(),
        },
    };
    json(status, &failure)
}

/// A request without the token.
pub(super) fn unauthorized(message: &str) -> Answer {
    let answer = failure(StatusCode::UNAUTHORIZED, message);
    with(answer, WWW_AUTHENTICATE, "Bearer realm=\"nano\"")
}

/// A request with a method that its path does not have.
pub(super) fn method_not_allowed(allowed: &str) -> Answer {
    let message = format!("this path takes {allowed}");
    let answer = failure(StatusCode::METHOD_NOT_ALLOWED, message);
    with(answer, ALLOW, allowed)
}

fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
