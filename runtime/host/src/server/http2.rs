//! HTTP/2 connections, on the `h2` crate: hyper's server keeps to itself what RFC 9110, section 10.1.1 (`100 Continue`) and a
//! deadline for each stream need.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use bytes::{Buf as _, Bytes};
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use super::MAX_HEAD;
use super::link::Link;
use crate::dispatch::Dispatcher;
use crate::http::send::{Piece, ResponseBody};
use crate::patience::Patience;

/// Streams of one connection at a time.
const MAX_STREAMS: u32 = 256;
/// What a client may send before we have read it: of one stream, and of all.
const WINDOW: u32 = 1 << 20;
/// What of a response may wait for the socket.
const SEND_BUFFER: usize = 256 << 10;

/// A connection.
pub(super) struct Http2<T> {
    state: State<T>,
    dispatcher: Arc<Dispatcher>,
    link: Arc<Link>,
    finishing: bool,
}

enum State<T> {
    Begins(Box<Handshake<T, Piece>>),
    Serves(Box<Connection<T, Piece>>),
}

impl<T: AsyncRead + AsyncWrite + Unpin> Http2<T> {
    pub(super) fn new(socket: T, dispatcher: Arc<Dispatcher>, link: Arc<Link>) -> Self {
        let handshake = Builder::new()
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD as u32)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_send_buffer_size(SEND_BUFFER)
            .handshake(socket);
        Self {
            state: State::Begins(Box::new(handshake)),
            dispatcher,
            link,
            finishing: false,
        }
    }

    /// Takes no further request (RFC 9113, section 6.8).
    pub(super) fn finish(&mut self) {
        self.finishing = true;
        if let State::Serves(connection) = &mut self.state {
            connection.graceful_shutdown();
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for Http2<T> {
    type Output = Result<(), h2::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Begins(handshake) => {
                    let mut connection = ready!(Pin::new(&mut **handshake).poll(context))?;
                    if this.finishing {
                        connection.graceful_shutdown();
                    }
                    this.state = State::Serves(Box::new(connection));
                }
                State::Serves(connection) => {
                    let Some((request, reply)) =
                        ready!(connection.poll_accept(context)).transpose()?
                    else {
                        return Poll::Ready(Ok(()));
                    };
                    let (dispatcher, link) = (this.dispatcher.clone(), this.link.clone());
                    tokio::spawn(async move { serve(&dispatcher, &link, request, reply).await });
                }
            }
        }
    }
}

/// Serves a stream. What a client that is gone, or breaks the rules, makes of it is h2's to say.
async fn serve(
    dispatcher: &Dispatcher,
    link: &Arc<Link>,
    request: Request<RecvStream>,
    mut reply: SendResponse<Piece>,
) {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let expects = request.headers().get(EXPECT);
    let expects =
        expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let (asks, asked) = oneshot::channel();
    let request = request.map(|stream| Body {
        stream,
        length,
        asks: expects.then_some(asks),
    });
    let response = {
        let mut answer = pin!(dispatcher.handle(request, link, None));
        let mut asked = pin!(asked);
        let mut waits = expects;
        loop {
            tokio::select! {
                biased;
                response = answer.as_mut() => break response,
                _ = poll_fn(|context| reply.poll_reset(context)) => return,
                asked = asked.as_mut(), if waits => {
                    waits = false;
                    if asked.is_ok() {
                        let mut proceed = Response::new(());
                        *proceed.status_mut() = StatusCode::CONTINUE;
                        // If it fails, so will the response.
                        let _ = reply.send_informational(proceed);
                    }
                }
            }
        }
    };
    // A stream that cannot be used any more has been reset.
    let _ = send(response, reply, link).await;
}

/// Sends a response.
async fn send(
    response: Response<ResponseBody>,
    mut reply: SendResponse<Piece>,
    link: &Link,
) -> Result<(), h2::Error> {
    let (mut head, body) = response.into_parts();
    let mut body = pin!(body);
    head.headers.remove(CONNECTION);
    if let (Some(length), false) = (body.size_hint().exact(), body.is_end_stream()) {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    if !head.headers.contains_key(DATE)
        && let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now()))
    {
        head.headers.insert(DATE, date);
    }
    let head = Response::from_parts(head, ());
    if body.is_end_stream() {
        reply.send_response(head, true)?;
        body.left();
        return Ok(());
    }
    let mut stream = reply.send_response(head, false)?;
    let mut patience = Patience::new(link.limits);
    loop {
        let frame = tokio::select! {
            biased;
            reset = poll_fn(|context| stream.poll_reset(context)) => return reset.map(drop),
            frame = poll_fn(|context| body.as_mut().poll_frame(context)) => frame,
        };
        match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(piece))) => {
                let last = body.is_end_stream();
                if !send_piece(&mut stream, piece, last, &mut patience).await? {
                    stream.send_reset(Reason::CANCEL);
                    return Ok(());
                }
                if last {
                    break;
                }
            }
            // Responses have no trailers.
            Some(Ok(Err(_))) => {}
            Some(Err(_)) => {
                // h2 drops what waits for the connection's task when a stream is reset, its head, too.
                tokio::task::yield_now().await;
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            None => {
                stream.send_data(Piece::empty(), true)?;
                break;
            }
        }
    }
    body.left();
    Ok(())
}

/// Hands h2 as much of a piece at a time as the client's windows allow. Returns false if they allow too little.
async fn send_piece(
    stream: &mut SendStream<Piece>,
    mut piece: Piece,
    last: bool,
    patience: &mut Patience,
) -> Result<bool, h2::Error> {
    if piece.is_empty() {
        stream.send_data(piece, last)?;
        return Ok(true);
    }
    while !piece.is_empty() {
        stream.reserve_capacity(piece.remaining().min(SEND_BUFFER));
        if stream.capacity() == 0 {
            let began = Instant::now();
            let more = poll_fn(|context| stream.poll_capacity(context));
            match tokio::time::timeout(patience.left(), more).await {
                Ok(Some(capacity)) => drop(capacity?),
                // The stream is over.
                Ok(None) => return Err(Reason::CANCEL.into()),
                Err(_) => return Ok(false),
            }
            patience.spend(began.elapsed());
        }
        let part = piece.split_to(stream.capacity().min(piece.chunk().len()));
        if part.is_empty() {
            continue;
        }
        patience.earn(part.remaining());
        stream.send_data(part, last && piece.is_empty())?;
    }
    Ok(true)
}

/// A request's body.
struct Body {
    stream: RecvStream,
    /// What has yet to come, where the client says so. h2 resets a stream that does not keep to it (RFC 9113, section 8.1.1).
    length: Option<u64>,
    /// Told when somebody reads, if the client waits for that (RFC 9110, section 10.1.1).
    asks: Option<oneshot::Sender<()>>,
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if let Some(asks) = self.asks.take() {
            // The stream may have been reset.
            let _ = asks.send(());
        }
        if let Some(data) = ready!(self.stream.poll_data(context)) {
            let bytes = data?;
            self.stream.flow_control().release_capacity(bytes.len())?;
            if let Some(length) = &mut self.length {
                *length = length.saturating_sub(bytes.len() as u64);
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let trailers = ready!(self.stream.poll_trailers(context))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) => SizeHint::with_exact(length),
            None if self.stream.is_end_stream() => SizeHint::with_exact(0),
            None => SizeHint::default(),
        }
    }
}
        // DEPARTURE: RFC 9113, section 8.1, forbids pseudo-header fields here; h2 drops them before anybody sees them.
