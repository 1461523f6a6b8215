//! Responses: from an app to hyper.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use nano_worker::{Batch, Body, BodyError, BodyStream, HttpResponse};
use tokio::sync::oneshot;

use super::headers;
use crate::access::{Completion, Sending};
use crate::server::upgrade::Upgrade;

/// How long an app may take to end a stream whose bytes are all sent.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// The body of every response; carries the request's record to the response's end.
pub(crate) struct ResponseBody {
    content: Content,
    sending: Arc<Sending>,
    /// Keeps the request's body readable: a stream may be made of what it reads there.
    _request_body: Option<oneshot::Sender<Infallible>>,
}

enum Content {
    Over,
    Full(Bytes),
    /// On the heap: hyper moves a response about, and most have none.
    Stream(Box<Streaming>),
    /// It has failed, and has this length. HTTP/1 is told when the socket has taken what came before.
    Failing(BodyError, Option<u64>),
}

/// A stream whose first chunks may have been taken.
struct Streaming {
    stream: BodyStream,
    first: Option<Batch>,
}

impl Streaming {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Batch, BodyError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(first))),
            None => self.stream.poll_batch(context),
        }
    }
}

/// Bytes of a response's body. They count as sent when whoever has them takes them off the front, which hyper and h2 do when
/// the socket has taken them.
pub(crate) struct Piece {
    bytes: Batch,
    sending: Option<Arc<Sending>>,
}

impl Piece {
    /// No bytes, of no response.
    pub(crate) fn empty() -> Self {
        Self {
            bytes: Bytes::new().into(),
            sending: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.bytes.has_remaining()
    }

    /// Splits bytes off the front.
    pub(crate) fn split_to(&mut self, count: usize) -> Self {
        Self {
            bytes: self.bytes.copy_to_bytes(count).into(),
            sending: self.sending.clone(),
        }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(sending) = &self.sending {
            sending.sent(count);
        }
    }
}

impl ResponseBody {
    fn new(content: Content, mut completion: Completion) -> Self {
        let request_body = completion.request_body();
        let is_stream = matches!(content, Content::Stream(_));
        Self {
            content,
            sending: completion.send(),
            _request_body: request_body.filter(|_| is_stream),
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

    /// After this response its connection becomes something else.
    pub(crate) fn upgrade(&self, upgrade: Box<Upgrade>) {
        let slot = &self.sending.link().upgrade;
        slot.put(upgrade, self.sending.clone());
    }

    /// The protocol has handed on everything.
    pub(crate) fn left(&self) {
        self.sending.left();
    }

    /// It is given up, as the client takes too little of it.
    pub(crate) fn too_slow(&self) {
        self.sending.too_slow();
    }

    /// Whether it is the host's own, not an app's.
    pub(crate) fn is_page(&self) -> bool {
        self.sending.is_page()
    }

    /// Whether no app has taken the request in.
    pub(crate) fn is_refused(&self) -> bool {
        self.sending.is_refused()
    }

    fn piece(&self, bytes: Batch) -> Piece {
        Piece {
            bytes,
            sending: Some(self.sending.clone()),
        }
    }

    fn fail(&mut self, error: &BodyError) {
        self.sending.body_failed(error);
        // An HTTP/1.0 client takes the connection's end for the body's.
        if self.size_hint().exact().is_none() && self.sending.version() < Version::HTTP_11 {
            self.sending.link().break_off();
        }
        self.content = Content::Over;
    }
}

impl HttpBody for ResponseBody {
    type Data = Piece;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BodyError>>> {
        let this = &mut *self;
        let frame = match &mut this.content {
            Content::Over => None,
            Content::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                this.content = Content::Over;
                this.sending.hand(bytes.len());
                Some(Ok(Frame::data(this.piece(bytes.into()))))
            }
            // Woken by `Client::poll_flush`.
            Content::Failing(..) if !this.sending.has_left() => return Poll::Pending,
            Content::Failing(error, _) => {
                let error = error.clone();
                this.fail(&error);
                return Poll::Ready(Some(Err(error)));
            }
            Content::Stream(body) => match body.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(chunks))) => {
                    let handed = this.sending.hand(chunks.remaining());
                    // hyper asks for nothing beyond the stated length.
                    if body.stream.length() == Some(handed) {
                        this.sending.whole();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(this.piece(chunks)))));
                }
                Poll::Ready(Some(Err(error))) if this.sending.version() >= Version::HTTP_2 => {
                    this.fail(&error);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Err(error))) => {
                    // hyper ends a connection that it is told of a failure on, with what it has not written, a response's head, too.
                    this.content = Content::Failing(error, body.stream.length());
                    this.sending.link().taken(this.sending.clone());
                    // hyper flushes when it is polled, whether there is something to write or not.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(None) => {
                    this.content = Content::Over;
                    None
                }
            },
        };
        this.sending.whole();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Over => true,
            // hyper asks for nothing beyond the stated length, and should let go of the body when it has that.
            Content::Stream(_) => self.sending.is_whole(),
            Content::Full(_) | Content::Failing(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Over => SizeHint::with_exact(0),
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(body) => size_hint(body.stream.length()),
            Content::Failing(_, length) => size_hint(*length),
        }
    }
}

/// Of a stream's length.
fn size_hint(length: Option<u64>) -> SizeHint {
    length.map_or_else(SizeHint::default, SizeHint::with_exact)
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        let sending = &self.sending;
        match std::mem::replace(&mut self.content, Content::Over) {
            // To drop the stream before its end would tell the app that the client is gone.
            Content::Stream(body) if sending.is_whole() => see_the_end(body.stream),
            Content::Failing(error, _) => return sending.body_failed(&error),
            Content::Stream(_) | Content::Full(_) => return,
            // hyper does not poll a body that says it is at its end.
            Content::Over => sending.whole(),
        }
        if sending.version() < Version::HTTP_2 {
            sending.link().taken(sending.clone());
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

/// The most header fields of a response. (The `http` crate's map holds some 24,000, and panics at more.)
const MAX_FIELDS: usize = 10_000;
/// The most bytes of a response's head.
const MAX_HEAD: usize = 1 << 20;

/// Looks whether a response can be sent; gives its status.
///
/// # Errors
/// What is wrong with it: HTTP does not let a handler answer so, or no client would take it.
pub(crate) fn usable(response: &HttpResponse) -> Result<StatusCode, String> {
    let count = response.headers.len();
    if count > MAX_FIELDS {
        return Err(format!(
            "it has {count} header fields, more than {MAX_FIELDS}"
        ));
    }
    let size = |(name, value): &(HeaderName, HeaderValue)| name.as_str().len() + value.len() + 4;
    let reason = response.reason.as_ref().map_or(0, String::len);
    let head = reason + response.headers.iter().map(size).sum::<usize>();
    if head > MAX_HEAD {
        return Err(format!(
            "its head has {head} bytes, more than {MAX_HEAD}: large values belong into the body"
        ));
    }
    match StatusCode::from_u16(response.status) {
        Ok(StatusCode::SWITCHING_PROTOCOLS) if response.socket.is_some() => {
            Ok(StatusCode::SWITCHING_PROTOCOLS)
        }
        Ok(status) if (200..=599).contains(&response.status) => Ok(status),
        _ => Err(format!(
            "its status {} is none of 200 to 599",
            response.status
        )),
    }
}

/// A response that is ready to be sent.
pub(crate) struct Ready(Response<Content>);

impl Ready {
    /// Has it say what its connection becomes.
    pub(crate) fn upgrades(&mut self, upgrade: &Upgrade) {
        upgrade.say(self.0.headers_mut());
    }

    /// Whether its body is a stream, which has to [begin](Self::begin).
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.0.body(), Content::Stream(_))
    }

    /// Looks at what is there of a body that is a stream: of an app's, once the turn is over that the response was made in, or with its
    /// first bytes; of a server's, what has come with the head. One that fails before its first byte is no response yet, nor is one that
    /// states its length and fails in that turn, as it does if it has another.
    ///
    /// # Errors
    /// It has failed so.
    pub(crate) async fn begin(&mut self) -> Result<(), BodyError> {
        let Content::Stream(body) = self.0.body_mut() else {
            return Ok(());
        };
        let Streaming { stream, first } = &mut **body;
        if let Some(Some(there)) = poll_fn(|context| stream.poll_first(context)).await {
            *first = Some(there?);
        }
        if stream.length().is_some()
            && let Some(error) = poll_fn(|context| stream.poll_first_failure(context)).await
        {
            return Err(error);
        }
        Ok(())
    }

    /// Sends it; the record of its request goes with it.
    pub(crate) fn send(self, mut completion: Completion) -> Response<ResponseBody> {
        completion.status(self.0.status());
        let version = completion.version();
        let mut response = self.0.map(|content| ResponseBody::new(content, completion));
        if version < Version::HTTP_11 && response.body().size_hint().exact().is_none() {
            // It ends with the connection, which nobody may take for one that persists (RFC 9112, section 9.3): hyper adds
            // `keep-alive` to answers of version 1.1 only.
            *response.version_mut() = version;
        }
        response
    }
}

/// Makes hyper's response out of an app's, for a request with this method, in a map that is empty.
pub(crate) fn response(
    response: HttpResponse,
    status: StatusCode,
    method: &Method,
    mut fields: HeaderMap,
) -> Ready {
    fields.reserve(response.headers.len() + 2);
    let mut stated_length = None;
    let mut connection = Vec::new();
    for (name, value) in response.headers {
        if headers::is_hop_by_hop(&name) {
            if name == CONNECTION {
                connection.push(value);
            }
        } else if name == CONTENT_LENGTH {
            // What is no number says nothing (RFC 9110, section 8.6).
            stated_length = parse_length(&value)
                .map(HeaderValue::from)
                .or(stated_length);
        } else {
            fields.append(name, value);
        }
    }
    if !connection.is_empty() {
        for name in headers::connection_options(connection.iter()) {
            fields.remove(name);
        }
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
            Body::Stream(stream) => Content::Stream(Box::new(Streaming {
                stream,
                first: None,
            })),
            Body::Empty | Body::Full(_) => Content::Over,
        }
    };
    let mut sent = Response::new(content);
    *sent.status_mut() = status;
    // OPTIMIZATION: the map that it had is empty, has no memory, and need not be looked through for what to drop.
    std::mem::forget(std::mem::replace(sent.headers_mut(), fields));
    if let Some(reason) = response
        .reason
        .and_then(|reason| reason_phrase(&reason, status))
    {
        sent.extensions_mut().insert(reason);
    }
    Ready(sent)
}

/// The number that a `Content-Length` field is: digits, and nothing else.
fn parse_length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
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
            socket: None,
        }
    }

    fn send(response: HttpResponse, method: Method) -> Response<ResponseBody> {
        let status = usable(&response).unwrap();
        super::response(response, status, &method, HeaderMap::new()).send(Completion::for_tests())
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
        let (writer, stream) = nano_worker::BodyStream::bounded(1, Some(3));
        assert!(writer.write("abc".into()).await);
        let mut sent = send(response(200, &[], Body::Stream(stream)), Method::GET);
        let frame =
            std::future::poll_fn(|context| Pin::new(sent.body_mut()).poll_frame(context)).await;
        let piece = frame.unwrap().unwrap().into_data().ok().unwrap();
        assert_eq!(piece.chunk(), b"abc");
        assert!(sent.body().sending.is_whole());
        drop(sent);
        // The app may still end its stream; until then nobody tells it that the client is gone.
        let gone = tokio::time::timeout(Duration::from_millis(20), writer.closed()).await;
        assert!(gone.is_err());
    }

    #[test]
    fn a_status_below_200_cannot_be_sent() {
        assert!(usable(&response(101, &[], Body::Empty)).is_err());
        assert!(usable(&response(600, &[], Body::Empty)).is_err());
    }

    #[test]
    fn a_head_has_limits() {
        let with = |count: usize, value: &str| {
            let mut response = response(200, &[], Body::Empty);
            let field = (
                HeaderName::from_static("x-a"),
                HeaderValue::from_str(value).unwrap(),
            );
            response.headers = vec![field; count];
            usable(&response)
        };
        assert!(with(MAX_FIELDS, "").is_ok());
        assert!(
            with(MAX_FIELDS + 1, "")
                .unwrap_err()
                .contains("10001 header fields")
        );
        assert!(
            with(1, &"v".repeat(MAX_HEAD))
                .unwrap_err()
                .contains("more than 1048576")
        );
    }

    #[test]
    fn a_length_is_a_number() {
        for (stated, sent) in [
            ("99", Some("99")),
            ("abc", None),
            ("", None),
            ("+1", None),
            ("1, 1", None),
            ("99999999999999999999", None),
        ] {
            let head = self::send(
                response(200, &[("content-length", stated)], Body::Empty),
                Method::HEAD,
            );
            let found = head
                .headers()
                .get(CONTENT_LENGTH)
                .map(|length| length.to_str().unwrap());
            assert_eq!(found, sent, "{stated}");
        }
    }

    /// Takes a body as hyper does.
    async fn take(body: &mut ResponseBody) -> Option<Result<Piece, BodyError>> {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        frame.map(|frame| frame.map(|frame| frame.into_data().ok().unwrap()))
    }

    #[tokio::test]
    async fn a_request_is_in_its_connection_until_the_last_byte_has_left() {
        let link = crate::server::link::Link::for_tests();
        let (parts, ()) = http::Request::new(()).into_parts();
        let completion = Completion::new(nano_worker::RequestId(0), &parts, None, &link);
        let mut body = ResponseBody::full("abc".into(), completion);
        let mut piece = take(&mut body).await.unwrap().unwrap();
        assert!(take(&mut body).await.is_none());
        drop(body);
        // What HTTP/1 has taken as a whole waits for a flush.
        piece.advance(2);
        link.flushed();
        assert!(link.has_requests());
        piece.advance(1);
        drop(piece);
        assert!(!link.has_requests());
    }

    #[tokio::test]
    async fn http1_is_told_of_a_failure_when_what_came_before_has_left() {
        let link = crate::server::link::Link::for_tests();
        let mut sent = crate::fake::failing(b"", Version::HTTP_11, &link);
        for _ in 0..3 {
            let told = take(sent.body_mut());
            assert!(
                tokio::time::timeout(Duration::from_millis(5), told)
                    .await
                    .is_err()
            );
        }
        assert!(link.flushed());
        assert!(take(sent.body_mut()).await.unwrap().is_err());
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
