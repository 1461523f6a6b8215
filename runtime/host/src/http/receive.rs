//! Request bodies: from hyper to an app.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as HttpBody;
use nano_api::worker::{Body, BodyError, BodyErrorKind, BodyStream, BodyWriter};
use tokio::sync::oneshot;

/// Bodies up to this size that arrive together with their head are handed over whole.
const SMALL: u64 = 64 << 10;
/// Bytes that wait between a connection and an app. hyper's own chunks are of 64 KiB at most, as its buffer is.
const WAITING: usize = 128 << 10;
/// A client that sends nothing for so long is gone.
const IDLE: Duration = Duration::from_secs(60);
/// How much is read of a body that nobody wants, so that the client gets to read the response.
const DISCARD_BYTES: u64 = 8 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Resolves when a streamed body turns out to be larger than the limit; fails when it ends otherwise.
pub(crate) type Overflow = oneshot::Receiver<()>;

/// Resolves when the response needs nothing of the request any more: its other end is dropped then.
///
/// What an app has not read by then it cannot read later, as in Workers, also not in `waitUntil` (there: "Can't read from
/// request stream after response has been sent"). A connection must not wait for what an app might still do with an object
/// that it holds, nor for the collection of one that it has forgotten.
pub(crate) type Answered = oneshot::Receiver<Infallible>;

/// A request's body is larger than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Makes an app's body out of hyper's, which has not ended.
///
/// # Errors
/// The body says that it is larger than the limit. (A body of unknown length tells by [`Overflow`].)
pub(crate) async fn receive<B>(
    mut incoming: B,
    limit: u64,
    answered: Answered,
) -> Result<(Body, Option<Overflow>), TooLarge>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Display + Send,
{
    let length = incoming.size_hint().exact();
    if incoming.size_hint().lower() > limit {
        tokio::spawn(discard(incoming));
        return Err(TooLarge);
    }
    let mut head = Head::default();
    if length.is_some_and(|length| length <= SMALL) {
        head = take_what_is_here(&mut incoming).await;
        if head.over {
            return Ok((head.into_body(), None));
        }
    }
    let (writer, stream) = BodyStream::bounded(WAITING, length);
    let (overflow, overflowed) = oneshot::channel();
    tokio::spawn(async move {
        let whole = tokio::select! {
            biased;
            // The app's end sees a body that is cut short.
            _ = answered => false,
            whole = pump(&mut incoming, head.bytes(), writer, limit, overflow) => whole,
        };
        if !whole {
            discard(incoming).await;
        }
    });
    Ok((Body::Stream(stream), Some(overflowed)))
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
        self.first.unwrap_or_else(|| self.more.freeze())
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
async fn take_what_is_here<B>(incoming: &mut B) -> Head
where
    B: HttpBody<Data = Bytes> + Unpin,
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
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(None) => {
                    head.over = true;
                    return Poll::Ready(());
                }
                // The pump meets the error again, as the end of the body.
                Poll::Ready(Some(Err(_))) => return Poll::Ready(()),
                Poll::Pending if patience == 0 => return Poll::Ready(()),
                Poll::Pending => {
                    patience -= 1;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
    head
}

/// Moves chunks from the connection to the app, as fast as the app reads. Returns false if a rest is unread.
async fn pump<B>(
    incoming: &mut B,
    head: Bytes,
    writer: BodyWriter,
    limit: u64,
    overflow: oneshot::Sender<()>,
) -> bool
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
    B::Error: Display + Send,
{
    let mut total = head.len() as u64;
    if !head.is_empty() && !writer.write(head).await {
        return false;
    }
    loop {
        let error = match next_chunk(incoming).await {
            Ok(None) => {
                writer.finish();
                return true;
            }
            Ok(Some(chunk)) => {
                total += chunk.len() as u64;
                if total <= limit {
                    if writer.write(chunk).await {
                        continue;
                    }
                    return false;
                }
                // The dispatcher may have its response already; then only the app is told.
                let _ = overflow.send(());
                let message = format!("the request's body is larger than {limit} bytes");
                writer.fail(BodyError::new(BodyErrorKind::TooLarge, message));
                return false;
            }
            Err(error) => error,
        };
        writer.fail(BodyError::new(BodyErrorKind::Disconnected, error));
        return true;
    }
}

/// The next chunk of data; `None` at the end.
async fn next_chunk<B>(incoming: &mut B) -> Result<Option<Bytes>, String>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Display,
{
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context));
        match tokio::time::timeout(IDLE, frame).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Ok(Some(bytes)),
                // Trailers: the end follows.
                Err(_) => {}
            },
            Ok(Some(Err(error))) => {
                return Err(format!("the client did not send the whole body: {error}"));
            }
            Err(_) => {
                return Err(format!(
                    "the client sent nothing for {} seconds",
                    IDLE.as_secs()
                ));
            }
        }
    }
}

/// Reads and drops the rest of a body, within reason. Closing a connection with unread data makes the system reset it,
/// and a client that still sends would never see the response.
async fn discard<B>(mut incoming: B)
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
    B::Error: Display,
{
    let mut total = 0;
    let read = async {
        while let Ok(Some(chunk)) = next_chunk(&mut incoming).await {
            total += chunk.len() as u64;
            if total > DISCARD_BYTES {
                break;
            }
        }
    };
    // What is left after that time is cut off.
    let _ = tokio::time::timeout(DISCARD_TIME, pin!(read)).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeBody;

    /// Of a response that is never complete.
    fn unanswered() -> Answered {
        let (reading, answered) = oneshot::channel();
        std::mem::forget(reading);
        answered
    }

    #[tokio::test]
    async fn what_is_in_memory_is_handed_over_whole() {
        let (body, overflow) = receive(FakeBody::sized(&["ab", "c"]), 10, unanswered())
            .await
            .unwrap();
        assert!(matches!(body, Body::Full(bytes) if bytes == "abc"));
        assert!(overflow.is_none());
        let (body, _) = receive(FakeBody::sized(&[]), 10, unanswered())
            .await
            .unwrap();
        assert!(matches!(body, Body::Empty));
    }

    #[tokio::test]
    async fn what_has_yet_to_come_is_streamed() {
        let (body, _) = receive(FakeBody::sized(&["ab", "", "", "", "c"]), 10, unanswered())
            .await
            .unwrap();
        let Body::Stream(mut stream) = body else {
            panic!("{body:?}")
        };
        assert_eq!(stream.length(), Some(3));
        assert_eq!(stream.next().await.unwrap().unwrap(), "ab");
        assert_eq!(stream.next().await.unwrap().unwrap(), "c");
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn limits() {
        assert_eq!(
            receive(FakeBody::sized(&["abcd"]), 3, unanswered())
                .await
                .err(),
            Some(TooLarge)
        );
        assert!(
            receive(FakeBody::sized(&["abc"]), 3, unanswered())
                .await
                .is_ok()
        );
        let (body, overflow) = receive(FakeBody::chunked(&["ab", "cd"]), 3, unanswered())
            .await
            .unwrap();
        let Body::Stream(mut stream) = body else {
            panic!("{body:?}")
        };
        assert_eq!(stream.next().await.unwrap().unwrap(), "ab");
        assert_eq!(
            stream.next().await.unwrap().unwrap_err().kind,
            BodyErrorKind::TooLarge
        );
        assert_eq!(overflow.unwrap().await, Ok(()));
    }

    #[tokio::test]
    async fn a_client_that_goes_away_is_an_error() {
        let (body, overflow) = receive(FakeBody::chunked(&["ab"]).broken(), 10, unanswered())
            .await
            .unwrap();
        let Body::Stream(mut stream) = body else {
            panic!("{body:?}")
        };
        assert_eq!(stream.next().await.unwrap().unwrap(), "ab");
        assert_eq!(
            stream.next().await.unwrap().unwrap_err().kind,
            BodyErrorKind::Disconnected
        );
        assert!(overflow.unwrap().await.is_err());
    }

    #[tokio::test]
    async fn what_is_unread_when_the_response_is_complete_is_dropped() {
        let (reading, answered) = oneshot::channel();
        let chunk: &str = "x".repeat(WAITING / 2).leak();
        let chunks = [chunk; 6];
        let (body, _overflow) = receive(FakeBody::chunked(&chunks), 1 << 20, answered)
            .await
            .unwrap();
        let Body::Stream(mut stream) = body else {
            panic!("{body:?}")
        };
        assert_eq!(stream.next().await.unwrap().unwrap(), chunk);
        drop(reading);
        let mut left = Vec::new();
        while let Some(chunk) = stream.next().await {
            left.push(chunk.map_err(|error| error.kind));
        }
        // What had been handed over is still there.
        assert!(left.len() <= 2 + 1, "{} chunks", left.len());
        assert_eq!(left.last(), Some(&Err(BodyErrorKind::CutShort)));
    }
}
