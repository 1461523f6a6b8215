//! HTTP/2 connections, on the `h2` crate: hyper's server keeps to itself what RFC 9110, section 10.1.1 (`100 Continue`) and a
//! deadline for each stream need.

mod request_body;

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use bytes::Buf;
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use nano_worker::Patience;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, oneshot};

use self::request_body::RequestBody;
use super::MAX_HEAD;
use super::crowd::STREAM;
use super::frames::{Frames, Work};
use super::link::{InRequest, Link};
use crate::dispatch::Dispatcher;
use crate::http::send::{Piece, ResponseBody};

/// Streams of one connection at a time.
const MAX_STREAMS: u32 = 256;
/// Streams that are cancelled before we have seen them, at a time; more end the connection (CVE-2023-44487), as do many over time, whose
/// frames earn nothing. h2 has 20, and as many clients of a proxy may leave at once.
const MAX_CANCELLED: usize = MAX_STREAMS as usize;
/// What a client may send of a stream beyond what its app has taken: all that waits of its body, here or there. The connection's window
/// is as large as those of all streams: one that nobody reads holds up no other. Somebody 50 ms away sends up to 1.3 MB/s on each, a
/// proxy next to us (0.5 ms) a hundred times as much.
pub(crate) const WINDOW: u32 = 64 << 10;
/// What of a response may wait for the socket, and what of all responses of a connection.
const SEND_BUFFER: usize = 256 << 10;
const ALL_SEND_BUFFERS: usize = 1 << 20;
/// What a piece of a response takes of that at least: h2 keeps a frame for it, however few its bytes are.
const MIN_PIECE: usize = 1 << 10;
/// Streams of a connection that were given up a second ago or less: what is on its way for one of them is ignored
/// (RFC 9113, section 5.1). What comes for another is an error, as on a stream that is closed. h2 keeps them until the connection has
/// something to do.
const MAX_GIVEN_UP: usize = 4 * MAX_STREAMS as usize;
/// All streams that h2 may remember: those, the others, and resets that wait for a client that does not read. Each is charged.
const MAX_REMEMBERED: usize = 2 * MAX_GIVEN_UP;
/// Errors of streams until the connection ends, with all of its streams. h2 counts them over the connection's whole life, and by
/// default allows 1,024: too few for one that a proxy keeps for weeks, on which a client's malformed requests would cost all others
/// theirs. The default is there because of work that goes on for streams that have been reset (CVE-2025-8671, "MadeYouReset").
/// Here a reset cancels the work, and as long as it lasts it has its place in flight. Resets that wait for a client that does not
/// read are [remembered](MAX_REMEMBERED).
const MAX_STREAM_ERRORS: usize = 16 << 10;

/// A connection.
pub(super) struct Http2<T> {
    state: State<Frames<T>>,
    dispatcher: Arc<Dispatcher>,
    link: Arc<Link>,
    room: Arc<Room>,
    /// The most streams so far that h2 has remembered at a time.
    most: usize,
    finishing: bool,
    breaking: bool,
}

enum State<T> {
    Begins(Box<Handshake<T, Part>>),
    Serves(Box<Connection<T, Part>>),
}

impl<T: AsyncRead + AsyncWrite + Unpin> Http2<T> {
    /// DEPARTURE: h2 ends the connection as it should, but often calls it PROTOCOL_ERROR where RFC 9113 names a code of its own:
    /// COMPRESSION_ERROR (section 4.3), FRAME_SIZE_ERROR (section 4.2) or FLOW_CONTROL_ERROR (section 6.5.2).
    pub(super) fn new(socket: T, dispatcher: Arc<Dispatcher>, link: Arc<Link>) -> Self {
        let work = Arc::new(Work::default());
        let socket = Frames::new(socket, work.clone(), link.clone());
        let handshake = Builder::new()
            .max_concurrent_streams(MAX_STREAMS)
            .max_pending_accept_reset_streams(MAX_CANCELLED)
            .max_header_list_size(MAX_HEAD as u32)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW * MAX_STREAMS)
            .max_send_buffer_size(SEND_BUFFER)
            .max_concurrent_reset_streams(MAX_GIVEN_UP)
            .max_local_error_reset_streams(Some(MAX_STREAM_ERRORS))
            .handshake(socket);
        Self {
            state: State::Begins(Box::new(handshake)),
            dispatcher,
            link,
            room: Arc::new(Room::new(work)),
            most: 0,
            finishing: false,
            breaking: false,
        }
    }

    /// Takes no further request (RFC 9113, section 6.8).
    pub(super) fn finish(&mut self) {
        self.finishing = true;
        if let State::Serves(connection) = &mut self.state {
            connection.graceful_shutdown();
        }
    }

    /// Ends with what h2 has for the socket, whatever the client answers.
    pub(super) fn end(&mut self) {
        self.break_off(Reason::NO_ERROR);
    }

    /// Says GOAWAY, if the socket takes it now.
    fn leave_at_once(&mut self, context: &mut Context<'_>) {
        self.end();
        if let State::Serves(connection) = &mut self.state {
            let _ = connection.poll_closed(context);
        }
    }

    fn break_off(&mut self, reason: Reason) {
        self.breaking = true;
        if let State::Serves(connection) = &mut self.state {
            connection.abrupt_shutdown(reason);
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Future for Http2<T> {
    type Output = Result<(), h2::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.room.work.turn();
        loop {
            // What has come is not worked off.
            if this.link.is_evicted() {
                this.leave_at_once(context);
                return Poll::Ready(Ok(()));
            }
            match &mut this.state {
                State::Begins(_) if this.breaking => return Poll::Ready(Ok(())),
                State::Begins(handshake) => {
                    let mut connection = ready!(Pin::new(&mut **handshake).poll(context))?;
                    if this.finishing {
                        connection.graceful_shutdown();
                    }
                    this.state = State::Serves(Box::new(connection));
                }
                State::Serves(connection) => {
                    let bare = this.room.bare.load(SeqCst);
                    let accepted = connection.poll_accept(context);
                    // Bodies are a request's until the socket has taken them.
                    if accepted.is_pending()
                        && this.link.owes()
                        && !this.link.is_blocked()
                        && !this.link.has_requests()
                        && bare == this.room.bare.load(SeqCst)
                    {
                        this.link.set_owes(false);
                    }
                    if this.room.work.is_exceeded() && !this.breaking {
                        tracing::warn!(
                            "an HTTP/2 connection is closed: its client sends frames beyond what its requests and bodies take"
                        );
                        this.break_off(Reason::ENHANCE_YOUR_CALM);
                        continue;
                    }
                    let streams = connection.num_wired_streams();
                    if streams > this.most {
                        this.link.charge((streams - this.most) * STREAM);
                        this.most = streams;
                    }
                    if streams > MAX_REMEMBERED && !this.breaking {
                        tracing::warn!(
                            "an HTTP/2 connection is closed: its client does not take that its streams have ended"
                        );
                        this.break_off(Reason::ENHANCE_YOUR_CALM);
                        continue;
                    }
                    let Some((request, mut reply)) = ready!(accepted).transpose()? else {
                        return Poll::Ready(Ok(()));
                    };
                    if reply.poll_reset(context).is_ready() {
                        // Nobody waits for an answer, and its frames were for nothing: a flood of them ends the connection.
                        continue;
                    }
                    let (dispatcher, link) = (this.dispatcher.clone(), this.link.clone());
                    let room = this.room.clone();
                    let fields = request.headers().iter();
                    let size = |(name, value): (&HeaderName, &HeaderValue)| {
                        name.as_str().len() + value.len()
                    };
                    room.work.request(fields.map(size).sum());
                    // From here on the connection is not idle, whenever the task begins.
                    let counted = link.request();
                    link.set_owes(true);
                    if link.is_told_to_end() {
                        // It has come too late.
                        drop(counted);
                        continue;
                    }
                    let mut served = Box::pin(async move {
                        serve(&dispatcher, &link, &room, counted, request, reply).await;
                    });
                    // At once: what is refused need not wait, with its head, for the tasks of others.
                    if served.as_mut().poll(context).is_pending() {
                        tokio::spawn(served);
                    }
                }
            }
        }
    }
}

/// Serves a stream. What a client that is gone, or breaks the rules, makes of it is h2's to say.
async fn serve(
    dispatcher: &Dispatcher,
    link: &Arc<Link>,
    room: &Arc<Room>,
    counted: InRequest,
    request: Request<RecvStream>,
    mut reply: SendResponse<Part>,
) {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let expects = request.headers().get(EXPECT);
    let expects =
        expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let (asks, asked) = oneshot::channel();
    let request = request.map(|stream| RequestBody {
        stream,
        length,
        asks: expects.then_some(asks),
    });
    let response = {
        let mut answer = pin!(dispatcher.handle(request, link, None));
        // The record of the request counts by now.
        drop(counted);
        let mut asked = pin!(asked);
        let mut waits = expects;
        loop {
            tokio::select! {
                biased;
                response = answer.as_mut() => break response,
                _ = poll_fn(|context| reply.poll_reset(context)) => {
                    // What is refused is answered at once.
                    room.work.served();
                    return;
                }
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
    if !response.body().is_refused() {
        room.work.served();
    }
    // A stream that cannot be used any more has been reset.
    let _ = send(response, reply, link, room).await;
}

/// Sends a response.
async fn send(
    response: Response<ResponseBody>,
    mut reply: SendResponse<Part>,
    link: &Link,
    room: &Arc<Room>,
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
        room.bare.fetch_add(1, SeqCst);
        body.left();
        return Ok(());
    }
    let mut stream = reply.send_response(head, false)?;
    let mut patience = Patience::new(link.limits.pace());
    loop {
        let frame = tokio::select! {
            biased;
            reset = poll_fn(|context| stream.poll_reset(context)) => return reset.map(drop),
            frame = poll_fn(|context| body.as_mut().poll_frame(context)) => frame,
        };
        match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(piece))) => {
                let last = body.is_end_stream();
                stream.reserve_capacity(piece.remaining().min(SEND_BUFFER));
                if body.is_page() && stream.capacity() == 0 && link.has_many_pages() {
                    stream.send_reset(Reason::ENHANCE_YOUR_CALM);
                    return Ok(());
                }
                if !send_piece(&mut stream, piece, last, room, &mut patience).await? {
                    body.too_slow();
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
                taken(&mut stream, room, &patience).await?;
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            None => {
                stream.send_data(Part::new(Piece::empty(), room), true)?;
                break;
            }
        }
    }
    body.left();
    Ok(())
}

/// Waits until h2 has taken for the socket what it was handed of a stream, as long as the client's patience lasts: a reset takes back
/// what waits in the stream's queue, the response's head, too.
async fn taken(
    stream: &mut SendStream<Part>,
    room: &Arc<Room>,
    patience: &Patience,
) -> Result<(), h2::Error> {
    // A queue has an order: when h2 is done with an empty part, it is with all before.
    let (part, done) = Part::last(room);
    stream.send_data(part, false)?;
    tokio::select! {
        biased;
        reset = poll_fn(|context| stream.poll_reset(context)) => Err(reset?.into()),
        _ = tokio::time::timeout(patience.left(), done) => Ok(()),
    }
}

/// Hands h2 as much of a piece at a time as the client's windows and the connection's buffers allow. Returns false if the client
/// takes too little.
async fn send_piece(
    stream: &mut SendStream<Part>,
    mut piece: Piece,
    last: bool,
    room: &Arc<Room>,
    patience: &mut Patience,
) -> Result<bool, h2::Error> {
    if piece.is_empty() {
        stream.send_data(Part::new(piece, room), last)?;
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
        let count = stream.capacity().min(piece.chunk().len());
        if count == 0 {
            continue;
        }
        let frame = MIN_PIECE.saturating_sub(count);
        if !room.take(stream, count + frame, patience).await? {
            return Ok(false);
        }
        let mut part = Part::new(piece.split_to(count), room);
        part.frame = frame;
        patience.earn(count);
        stream.send_data(part, last && piece.is_empty())?;
    }
    Ok(true)
}

/// What the responses of a connection may have in h2's buffers, together, in bytes and frames: a client that opens all windows and
/// reads nothing would fill the buffer of each. They get it in the order in which they ask. Whatever has a part of it has got the
/// windows for it, and waits for nothing but the socket.
struct Room {
    bytes: Semaphore,
    /// Bytes that the socket has taken.
    taken: AtomicU64,
    /// Responses without a body that h2 has got.
    bare: AtomicU64,
    work: Arc<Work>,
}

impl Room {
    fn new(work: Arc<Work>) -> Self {
        Self {
            bytes: Semaphore::new(ALL_SEND_BUFFERS),
            taken: AtomicU64::new(0),
            bare: AtomicU64::new(0),
            work,
        }
    }

    /// Takes room for so many bytes of a stream. Returns false if the connection's client takes too little.
    async fn take(
        &self,
        stream: &mut SendStream<Part>,
        count: usize,
        patience: &mut Patience,
    ) -> Result<bool, h2::Error> {
        let wanted = u32::try_from(count).unwrap_or(u32::MAX);
        if let Ok(room) = self.bytes.try_acquire_many(wanted) {
            room.forget();
            return Ok(true);
        }
        let mut free = pin!(self.bytes.acquire_many(wanted));
        loop {
            let (began, before) = (Instant::now(), self.taken.load(Relaxed));
            tokio::select! {
                biased;
                reset = poll_fn(|context| stream.poll_reset(context)) => {
                    return Err(reset?.into());
                }
                room = free.as_mut() => {
                    // Nobody closes it.
                    if let Ok(room) = room {
                        room.forget();
                    }
                    return Ok(true);
                }
                () = tokio::time::sleep(patience.left()) => {}
            }
            // What the client takes of other streams counts for this one, which waits for its turn.
            patience.spend(began.elapsed());
            let taken = self.taken.load(Relaxed) - before;
            patience.earn(usize::try_from(taken).unwrap_or(usize::MAX));
            if patience.is_spent() {
                return Ok(false);
            }
        }
    }
}

/// A piece in h2's buffers. Its room is free again when h2 has handed it on, or has no use for it any more.
struct Part {
    piece: Piece,
    /// The room that it has beside that of its bytes.
    frame: usize,
    room: Arc<Room>,
    /// Dropped with the part.
    held: Option<oneshot::Sender<Infallible>>,
}

impl Part {
    /// A piece that has its room.
    fn new(piece: Piece, room: &Arc<Room>) -> Self {
        Self {
            piece,
            frame: 0,
            room: room.clone(),
            held: None,
        }
    }

    /// No bytes, and what is ready when h2 is done with them.
    fn last(room: &Arc<Room>) -> (Self, oneshot::Receiver<Infallible>) {
        let (held, done) = oneshot::channel();
        let mut part = Self::new(Piece::empty(), room);
        part.held = Some(held);
        (part, done)
    }
}

impl Buf for Part {
    fn remaining(&self) -> usize {
        self.piece.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.piece.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.piece.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.piece.advance(count);
        self.room.taken.fetch_add(count as u64, Relaxed);
        self.room.work.sent(count);
        self.room.bytes.add_permits(count);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let left = self.piece.remaining() + self.frame;
        self.room.bytes.add_permits(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::failing;
    use http::Version;

    #[tokio::test]
    async fn what_there_is_of_a_response_leaves_before_its_failure() {
        for bytes in [&b""[..], b"abc", &[0; 40_000]] {
            let (client, server) = tokio::io::duplex(100);
            let asking = tokio::spawn(async move {
                let (mut requests, connection) = h2::client::handshake(client).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get("http://a.test/").body(()).unwrap();
                let (response, _) = requests.send_request(request, true).unwrap();
                let response = response.await.unwrap();
                assert_eq!(response.status(), 200);
                let (mut body, mut received) = (response.into_body(), Vec::new());
                loop {
                    match body.data().await.unwrap() {
                        Ok(data) => received.extend_from_slice(&data),
                        Err(error) => return (received, error.reason()),
                    }
                }
            });
            let mut connection = Builder::new().handshake(server).await.unwrap();
            let (_, reply) = connection.accept().await.unwrap().unwrap();
            let link = Link::for_tests();
            let response = failing(bytes, Version::HTTP_2, &link);
            let sending = tokio::spawn(async move {
                let _ = send(response, reply, &link, &Arc::new(Room::new(Arc::default()))).await;
            });
            // The connection's task has other things to do.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            tokio::spawn(async move { while connection.accept().await.is_some() {} });
            sending.await.unwrap();
            let (received, reset) = asking.await.unwrap();
            assert_eq!(received.len(), bytes.len());
            assert_eq!(reset, Some(Reason::INTERNAL_ERROR));
        }
    }
}
