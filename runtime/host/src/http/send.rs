//! Responses: from an app to hyper.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use nano_api::worker::{Batch, Body, BodyError, BodyStream, HttpResponse};

use super::headers;
use crate::access::Completion;

/// How long an app may take to end a stream whose bytes are all sent.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// The body of every response; carries the request's record to the response's end.
pub(crate) struct ResponseBody {
    content: Content,
    completion: Completion,
}

enum Content {
    Over,
    Full(Bytes),
    Stream(BodyStream),
}

impl ResponseBody {
    fn new(content: Content, mut completion: Completion) -> Self {
        // A stream may be made of what it reads from the request.
        if !matches!(content, Content::Stream(_)) {
            completion.answered();
        }
        Self {
            content,
            completion,
        }
    }

    /// A body that is in memory.
    pub(crate) fn full(bytes: Bytes, completion: Completion) -> Self {
        let content = if bytes.is_empty() {
            Content::Over
        } else {
            Content::Full(bytes)
        };
        Self::new(content, completion)
    }
}

impl HttpBody for ResponseBody {
    type Data = Batch;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Batch>, BodyError>>> {
        let this = &mut *self;
        if let Content::Stream(stream) = &mut this.content {
            let item = ready!(stream.poll_batch(context));
            return Poll::Ready(match item {
                Some(Ok(chunks)) => {
                    let sent = this.completion.sent(chunks.remaining());
                    // hyper asks for nothing beyond the stated length.
                    if stream.length() == Some(sent) {
                        this.completion.complete();
                    }
                    Some(Ok(Frame::data(chunks)))
                }
                Some(Err(error)) => {
                    this.completion.body_failed(&error);
                    this.content = Content::Over;
                    Some(Err(error))
                }
                None => {
                    this.completion.complete();
                    this.content = Content::Over;
                    None
                }
            });
        }
        match std::mem::replace(&mut this.content, Content::Over) {
            Content::Full(bytes) => {
                this.completion.sent(bytes.len());
                this.completion.complete();
                Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
            }
            _ => {
                this.completion.complete();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Over => SizeHint::with_exact(0),
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(stream) => stream
                .length()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.content, Content::Over) {
            // To drop the stream before its end would tell the app that the client is gone.
            Content::Stream(stream) if self.completion.is_complete() => see_the_end(stream),
            Content::Stream(_) | Content::Full(_) => {}
            // hyper does not poll a body that says it is at its end.
            Content::Over => self.completion.complete(),
        }
    }
}

/// Waits for the end of a stream that has given all its bytes, unless it never comes.
fn see_the_end(mut stream: BodyStream) {
    let end = async move { while let Some(Ok(_)) = stream.next().await {} };
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async { tokio::time::timeout(END_PATIENCE, end).await });
    }
}

/// The status of an app's response.
///
/// # Errors
/// What is wrong with it: HTTP does not let a handler answer so.
pub(crate) fn status(response: &HttpResponse) -> Result<StatusCode, String> {
    match StatusCode::from_u16(response.status) {
        Ok(status) if (200..=599).contains(&response.status) => Ok(status),
        _ => Err(format!(
            "its status {} is none of 200 to 599",
            response.status
        )),
    }
}

/// Makes hyper's response out of an app's, for a request with this method.
pub(crate) fn respond(
    response: HttpResponse,
    status: StatusCode,
    method: &Method,
    mut completion: Completion,
) -> Response<ResponseBody> {
    completion.status(status);
    let mut fields = HeaderMap::with_capacity(response.headers.len() + 2);
    let mut stated_length = None;
    let mut connection = Vec::new();
    for (name, value) in response.headers {
        if headers::is_hop_by_hop(&name) {
            if name == CONNECTION {
                connection.push(value);
            }
        } else if name == CONTENT_LENGTH {
            stated_length = Some(value);
        } else {
            fields.append(name, value);
        }
    }
    for name in headers::connection_options(connection.iter()) {
        fields.remove(name);
    }
    let length = response.body.length();
    let no_content = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let content = if no_content {
        Content::Over
    } else if *method == Method::HEAD {
        // What a GET would say: the length of a body that is there, else what the app states.
        let known = match &response.body {
            Body::Empty => stated_length,
            _ => length.map(HeaderValue::from),
        };
        if let Some(known) = known {
            fields.insert(CONTENT_LENGTH, known);
        }
        Content::Over
    } else {
        // hyper states the length of a body that has one; what the app says may be wrong.
        match response.body {
            Body::Full(bytes) if !bytes.is_empty() => Content::Full(bytes),
            Body::Stream(stream) => Content::Stream(stream),
            Body::Empty | Body::Full(_) => Content::Over,
        }
    };
    let mut sent = Response::new(ResponseBody::new(content, completion));
    *sent.status_mut() = status;
    *sent.headers_mut() = fields;
    if let Some(reason) = response
        .reason
        .and_then(|reason| reason_phrase(&reason, status))
    {
        sent.extensions_mut().insert(reason);
    }
    sent
}

/// An app's `statusText`, where it says more than the status does. Each of its characters is a byte of HTTP's.
fn reason_phrase(text: &str, status: StatusCode) -> Option<ReasonPhrase> {
    if text.is_empty() || Some(text) == status.canonical_reason() {
        return None;
    }
    let bytes: Vec<u8> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)))
        .collect::<Result<_, _>>()
        .ok()?;
    ReasonPhrase::try_from(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    fn response(status: u16, headers: &[(&'static str, &'static str)], body: Body) -> HttpResponse {
        let field = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        HttpResponse {
            status,
            reason: None,
            headers: headers.iter().map(field).collect(),
            body,
        }
    }

    fn send(response: HttpResponse, method: Method) -> Response<ResponseBody> {
        let status = status(&response).unwrap();
        respond(response, status, &method, Completion::for_tests())
    }

    #[test]
    fn repeated_fields_survive_and_the_connection_s_do_not() {
        let fields = [
            ("set-cookie", "a=1"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("set-cookie", "b=2"),
        ];
        let sent = send(response(200, &fields, Body::Empty), Method::GET);
        let names: Vec<_> = sent.headers().iter().collect();
        assert_eq!(names.len(), 2);
        assert_eq!(sent.headers().get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn the_length_is_the_body_s() {
        let lie = [("content-length", "99")];
        let sent = send(response(200, &lie, Body::Full("abc".into())), Method::GET);
        assert!(sent.headers().get(CONTENT_LENGTH).is_none());
        assert_eq!(sent.body().size_hint().exact(), Some(3));
        let sent = send(response(200, &lie, Body::Full("abc".into())), Method::HEAD);
        assert_eq!(sent.headers()[CONTENT_LENGTH], "3");
        assert!(sent.body().is_end_stream());
        let sent = send(response(200, &lie, Body::Empty), Method::HEAD);
        assert_eq!(sent.headers()[CONTENT_LENGTH], "99");
    }

    #[test]
    fn some_statuses_have_no_body() {
        for status in [204, 304] {
            let fields = [("content-length", "3")];
            let sent = send(
                response(status, &fields, Body::Full("abc".into())),
                Method::GET,
            );
            assert!(sent.body().is_end_stream());
            assert!(sent.headers().is_empty());
        }
    }

    #[tokio::test]
    async fn a_stream_of_known_length_is_complete_with_its_last_byte() {
        let (writer, stream) = nano_api::worker::BodyStream::bounded(1, Some(3));
        assert!(writer.write("abc".into()).await);
        let mut sent = send(response(200, &[], Body::Stream(stream)), Method::GET);
        let frame =
            std::future::poll_fn(|context| Pin::new(sent.body_mut()).poll_frame(context)).await;
        let data = frame.unwrap().unwrap().into_data().unwrap();
        assert_eq!(data.chunk(), b"abc");
        assert!(sent.body().completion.is_complete());
        drop(sent);
        // The app may still end its stream; until then nobody tells it that the client is gone.
        let gone = tokio::time::timeout(Duration::from_millis(20), writer.closed()).await;
        assert!(gone.is_err());
    }

    #[test]
    fn a_status_below_200_cannot_be_sent() {
        assert!(status(&response(101, &[], Body::Empty)).is_err());
        assert!(status(&response(600, &[], Body::Empty)).is_err());
    }

    #[test]
    fn reasons() {
        let with = |reason: &str| {
            let mut response = response(200, &[], Body::Empty);
            response.reason = Some(reason.to_owned());
            send(response, Method::GET)
                .extensions()
                .get::<ReasonPhrase>()
                .cloned()
        };
        assert_eq!(with("Fine").unwrap().as_bytes(), b"Fine");
        assert_eq!(with("\u{e9}").unwrap().as_bytes(), b"\xe9");
        assert!(with("\u{20ac}").is_none());
        assert!(with("OK").is_none());
        assert!(with("a\r\nb").is_none());
    }
}
