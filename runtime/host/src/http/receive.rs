//! Request bodies: from hyper to an app.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::EXPECT;
use http::request::Parts;
use http::{HeaderValue, Version};
use http_body::{Body as HttpBody, Frame, SizeHint};
use nano_worker::{Body, BodyError, BodyErrorKind, BodyStream, BodyWriter, Patience, Put};
use tokio::sync::oneshot;

use crate::patience::{self, ClientLimits};
use crate::server::link::Receiving;
use crate::server::timers::Timers;
use crate::server::{HTTP2_WINDOW, MAX_HEAD};

/// Bodies up to this size that arrive together with their head are handed over whole.
const SMALL: u64 = 64 << 10;
/// Bytes that wait between a connection and an app. hyper's own chunks are of 64 KiB at most, as its buffer is.
const WAITING: usize = 128 << 10;
/// The app is behind where so much of a body waits that comes unasked; its window is all that can.
const BEHIND: usize = HTTP2_WINDOW as usize / 2;
/// How much is read of a body that nobody wants, so that the client gets to read the response.
const DISCARD_BYTES: u64 = 8 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// What an app learns that reads on after that.
pub(crate) const TOO_LATE: &str =
    "the response is complete: the body of its request can be read only before that";

/// Resolves when the response needs nothing of the request any more: its other end is dropped then.
///
/// What an app has not read by then it cannot read later, as in Workers, also not in `waitUntil` (there: "Can't read from
/// request stream after response has been sent"). A connection must not wait for what an app might still do with an object
/// that it holds, nor for the collection of one that it has forgotten.
pub(crate) type Answered = oneshot::Receiver<Infallible>;

/// Tells what is wrong with a streamed body; fails when it ends well, or is not wanted.
pub(crate) type Faults = oneshot::Receiver<Fault>;

/// What is wrong with a request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is larger than the limit, in bytes.
    TooLarge(u64),
    /// It is cut short, or breaks the rules of HTTP: why.
    Malformed(String),
    /// Whoever sends it is too slow: how slow.
    TooSlow(String),
}

impl Fault {
    /// For the log, and for the app's exception.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::TooLarge(limit) => format!("the request's body is larger than {limit} bytes"),
            Self::Malformed(why) => format!("the client did not send the whole body: {why}"),
            Self::TooSlow(how) => format!("the request's body comes too slowly: {how}"),
        }
    }

    /// What the app sees.
    pub(crate) fn for_app(&self) -> BodyError {
        let kind = match self {
            Self::TooLarge(_) => BodyErrorKind::TooLarge,
            Self::Malformed(_) | Self::TooSlow(_) => BodyErrorKind::Disconnected,
        };
        BodyError::new(kind, self.message())
    }
}

/// Is told how many bytes of a body have been taken.
pub(crate) type OnTaken = Box<dyn FnMut(usize) + Send>;

/// A request's body, as a connection has it.
pub(crate) trait Arriving:
    HttpBody<Data = Bytes, Error: Display + Send> + Send + Unpin + 'static
{
    /// Who has to be told what has been taken, where it is not enough to ask for the next chunk: as much comes unasked as has been
    /// told, and a window before.
    fn on_taken(&mut self) -> Option<OnTaken> {
        None
    }
}

impl Arriving for hyper::body::Incoming {}

/// A request's body on its way from the client.
pub(crate) struct Received<B: HttpBody> {
    body: B,
    /// Until it has ended.
    receiving: Option<Receiving>,
    limits: ClientLimits,
    /// Of whatever reads it.
    timers: Timers,
    /// The client waits to be told that it may send.
    waits: bool,
    is_http1: bool,
}

impl<B: HttpBody> Received<B> {
    pub(crate) fn new(body: B, head: &Parts, receiving: Receiving) -> Self {
        let expect = head.headers.get(EXPECT).map(HeaderValue::as_bytes);
        Self {
            body,
            limits: receiving.link().limits,
            timers: receiving.link().timers.clone(),
            receiving: Some(receiving),
            waits: expect.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue")),
            is_http1: head.version < Version::HTTP_2,
        }
    }
}

impl<B> HttpBody for Received<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        this.waits = false;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            // hyper takes `0\r\n\n` for the last chunk and the begin of a trailer section, and the next request for the rest
            // of it. So nothing that follows a trailer section on a connection is a request.
            Some(Ok(frame)) if frame.is_trailers() && this.is_http1 => {
                if let Some(receiving) = &this.receiving {
                    receiving.link().close();
                }
            }
            Some(Ok(_)) => {
                if let Some(receiving) = &this.receiving {
                    receiving.link().content_is_here();
                }
            }
            None | Some(Err(_)) => this.receiving = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: HttpBody> Drop for Received<B> {
    fn drop(&mut self) {
        // A server that does not read the whole body closes the connection (RFC 9112, section 9.3).
        if let Some(receiving) = &self.receiving
            && self.is_http1
            && !self.body.is_end_stream()
        {
            receiving.link().close();
        }
    }
}

/// Makes an app's body out of hyper's, which has not ended.
///
/// # Errors
/// The body says that it is larger than the limit, or is malformed. (What comes later is told by [`Faults`].)
pub(crate) async fn receive<B: Arriving>(
    mut incoming: Received<B>,
    limit: u64,
    answered: Answered,
) -> Result<(Body, Option<Faults>), Fault> {
    let length = incoming.size_hint().exact();
    let timers = incoming.timers.clone();
    if incoming.size_hint().lower() > limit {
        refuse(incoming, answered);
        return Err(Fault::TooLarge(limit));
    }
    let mut head = Head::default();
    if length.is_some_and(|length| length <= SMALL) {
        head = take_what_is_here(&mut incoming).await?;
        if head.over {
            return Ok((head.into_body(), None));
        }
    }
    let on_taken = incoming.body.on_taken();
    // What comes unasked is bounded by its window.
    let waiting = on_taken.as_ref().map_or(WAITING, |_| BEHIND);
    let (writer, stream) = BodyStream::bounded(waiting, length);
    let pace = Pace::of(on_taken, &writer);
    if let Some(receiving) = &incoming.receiving {
        // Until the app's instance counts it.
        let mut waiting = receiving.waits();
        stream.measure(move |bytes| waiting.set(bytes));
    }
    let (faults, told) = oneshot::channel();
    timers.place().spawn(|timers| async move {
        incoming.timers = timers.clone();
        let mut answered = answered;
        let whole = tokio::select! {
            biased;
            _ = &mut answered => None,
            whole = pump(&mut incoming, head.bytes(), (&writer, pace), limit, faults) => Some(whole),
        };
        // What nobody has begun to read would wait for a garbage collection.
        let withdraw = || writer.withdraw(BodyError::new(BodyErrorKind::CutShort, TOO_LATE));
        match whole {
            None => {
                withdraw();
                return discard(incoming, timers).await;
            }
            Some(false) => discard(incoming, timers).await,
            Some(true) => drop(incoming),
        }
        let _ = answered.await; // It never says more.
        withdraw();
    });
    Ok((Body::Stream(stream), Some(told)))
}

/// Does with the body of a request that is answered without it what is done with those that apps leave unread.
pub(crate) fn refuse<B: Arriving>(incoming: Received<B>, answered: Answered) {
    let waits = incoming.waits;
    // Who waits to be told that it may send is told by the response that it may not; hyper gives up the connection then.
    if waits && incoming.is_http1 {
        return;
    }
    let timers = incoming.timers.clone();
    let held = incoming.receiving.as_ref().map(Receiving::is_refused);
    timers.place().spawn(|timers| async move {
        // To read is to tell it, until it has the response.
        if waits {
            let _ = answered.await; // It never says more.
        }
        discard(incoming, timers).await;
        drop(held);
    });
}

/// The beginning of a body that was there at once.
#[derive(Default)]
struct Head {
    first: Option<Bytes>,
    more: BytesMut,
    /// The body is complete.
    over: bool,
}

impl Head {
    fn push(&mut self, bytes: Bytes) {
        match self.first.take() {
            None if self.more.is_empty() => self.first = Some(bytes),
            first => {
                self.more.extend_from_slice(&first.unwrap_or_default());
                self.more.extend_from_slice(&bytes);
            }
        }
    }

    fn bytes(self) -> Bytes {
        match self.first {
            // They are a part of the connection's buffer, and keep all of it for as long as the app keeps the request.
            Some(few) if few.len() < MAX_HEAD / 2 => Bytes::copy_from_slice(&few),
            Some(many) => many,
            None => self.more.freeze(),
        }
    }

    fn into_body(self) -> Body {
        let bytes = self.bytes();
        if bytes.is_empty() {
            Body::Empty
        } else {
            Body::Full(bytes)
        }
    }
}

/// Takes those chunks that are in memory already: hyper reads a body only when asked, so being asked once and polled
/// again is what it needs to hand over what came with the head. Waits for nothing that has yet to arrive.
async fn take_what_is_here<B>(incoming: &mut B) -> Result<Head, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let mut head = Head::default();
    let mut patience = 2;
    poll_fn(|context| {
        loop {
            match Pin::new(&mut *incoming).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        head.push(bytes);
                    }
                    if incoming.is_end_stream() {
                        head.over = true;
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(None) => {
                    head.over = true;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(Fault::Malformed(error.to_string())));
                }
                Poll::Pending if patience == 0 => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    patience -= 1;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    })
    .await?;
    Ok(head)
}

/// Whose pace a body comes at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// The next chunk comes when it is asked for.
    Asked,
    /// It comes when it is sent. It is taken at once, so that it waits where it counts, and in few pieces; who sends it is told when
    /// the app has taken it.
    Sent,
}

impl Pace {
    fn of(on_taken: Option<OnTaken>, writer: &BodyWriter) -> Self {
        match on_taken {
            None => Self::Asked,
            Some(tell) => {
                writer.on_taken(tell);
                Self::Sent
            }
        }
    }
}

/// Moves chunks from the connection to the app, as fast as the app reads. Returns false if a rest is unread.
async fn pump<B: Arriving>(
    incoming: &mut Received<B>,
    head: Bytes,
    (writer, pace): (&BodyWriter, Pace),
    limit: u64,
    faults: oneshot::Sender<Fault>,
) -> bool {
    let mut patience = Patience::new(incoming.limits.pace());
    let timers = incoming.timers.clone();
    let mut total = head.len() as u64;
    if !head.is_empty() && !writer.write(head).await {
        return false;
    }
    let fault = loop {
        match next_chunk(incoming, (writer, pace), &mut patience, &timers).await {
            Ok(None) => {
                writer.finish();
                return true;
            }
            Ok(Some(chunk)) => {
                let count = chunk.len();
                total += count as u64;
                if total > limit {
                    break Fault::TooLarge(limit);
                }
                let is_read = match pace {
                    Pace::Asked => writer.write(chunk).await,
                    Pace::Sent => writer.put(chunk) != Put::Gone,
                };
                if !is_read {
                    if let Some(mut tell) = incoming.body.on_taken() {
                        tell(count);
                    }
                    return false;
                }
            }
            Err(fault) => break fault,
        }
    };
    // The dispatcher may have its response already; then only the app is told.
    let _ = faults.send(fault.clone());
    writer.fail(fault.for_app());
    // What is malformed or slow cannot be read further.
    !matches!(fault, Fault::TooLarge(_))
}

/// The next chunk of data; `None` at the end.
async fn next_chunk<B: Arriving>(
    incoming: &mut Received<B>,
    (writer, pace): (&BodyWriter, Pace),
    patience: &mut Patience,
    timers: &Timers,
) -> Result<Option<Bytes>, Fault> {
    loop {
        let mut frame = poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context));
        let early = match pace {
            Pace::Asked => None,
            // As long as the app is behind, it may be the sender who waits.
            Pace::Sent => tokio::select! {
                biased;
                frame = &mut frame => Some(frame),
                _ = writer.room() => None,
            },
        };
        let frame = match early {
            Some(frame) => frame,
            None => {
                let began = Instant::now();
                let Some(frame) = timers.within(patience.left(), frame).await else {
                    return Err(Fault::TooSlow(patience::describe(patience)));
                };
                patience.spend(began.elapsed());
                frame
            }
        };
        let Some(frame) = frame else {
            return Ok(None);
        };
        let frame = frame.map_err(|error| Fault::Malformed(error.to_string()))?;
        // Else trailers: the end follows.
        if let Ok(bytes) = frame.into_data() {
            patience.earn(bytes.len());
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }
}

/// Reads and drops the rest of a body, within reason. Closing a connection with unread data makes the system reset it,
/// and a client that still sends would never see the response. To HTTP/2, what comes for a stream that is given up is an error.
async fn discard<B: Arriving>(mut incoming: Received<B>, timers: Timers) {
    let mut on_taken = incoming.body.on_taken();
    let mut total = 0;
    let read = poll_fn(|context| {
        while let Some(Ok(frame)) = ready!(Pin::new(&mut incoming).poll_frame(context)) {
            let count = frame.data_ref().map_or(0, Bytes::len);
            if let Some(tell) = &mut on_taken {
                tell(count);
            }
            total += count as u64;
            if total > DISCARD_BYTES {
                break;
            }
        }
        Poll::Ready(())
    });
    // What is left after that time is cut off.
    let _ = timers.within(DISCARD_TIME, read).await;
}

#[cfg(test)]
mod tests;
