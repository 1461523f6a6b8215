//! Bodies of requests and responses: nothing, bytes in memory, or a stream with backpressure.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

/// The body of an HTTP message.
#[derive(Debug, Default)]
pub enum Body {
    /// No body at all: `request.body` and `response.body` are null.
    #[default]
    Empty,
    /// A body that is in memory already; never takes the streaming path.
    Full(Bytes),
    /// A body that arrives in chunks.
    Stream(BodyStream),
}

impl Body {
    /// The number of bytes, where it is known before the body has been read.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Full(bytes) => Some(bytes.len() as u64),
            Self::Stream(stream) => stream.length(),
        }
    }
}

/// The reading end of a streamed body. Dropping it tells the [`BodyWriter`] that nobody reads any more.
pub struct BodyStream {
    chunks: mpsc::Receiver<Result<Bytes, BodyError>>,
    finished: Arc<AtomicBool>,
    length: Option<u64>,
    /// The end or an error has been handed out; nothing follows.
    over: bool,
    /// Ends the body while its writer is silent.
    failure: Option<Pin<Box<dyn Future<Output = BodyError> + Send>>>,
}

/// The writing end of a streamed body. A writer that is dropped without [`finish`](Self::finish) or
/// [`fail`](Self::fail) makes the reader see an error: a body cut short never looks like a whole one.
#[derive(Debug)]
pub struct BodyWriter {
    chunks: mpsc::Sender<Result<Bytes, BodyError>>,
    finished: Arc<AtomicBool>,
}

impl BodyStream {
    /// A pair of ends. `capacity` is the number of chunks that may wait between them: [`BodyWriter::write`] waits while
    /// that many are unread. `length` is the body's size where it is known.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn channel(capacity: usize, length: Option<u64>) -> (BodyWriter, Self) {
        let (sender, receiver) = mpsc::channel(capacity);
        let finished = Arc::new(AtomicBool::new(false));
        let writer = BodyWriter {
            chunks: sender,
            finished: finished.clone(),
        };
        (
            writer,
            Self {
                chunks: receiver,
                finished,
                length,
                over: false,
                failure: None,
            },
        )
    }

    /// Ends the body with an error that comes from elsewhere than its writer, once nothing is left that was written before.
    pub(super) fn fail_with(&mut self, failure: impl Future<Output = BodyError> + Send + 'static) {
        self.failure = Some(Box::pin(failure));
    }

    /// The whole body's size, where it is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next chunk, or `None` at the body's end.
    ///
    /// # Errors
    /// The body failed or was cut short; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// [`next`](Self::next), for those who poll.
    pub fn poll_chunk(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let item = match (self.chunks.poll_recv(context), &mut self.failure) {
            (Poll::Ready(item), _) => item,
            (Poll::Pending, Some(failure)) => {
                Some(Err(std::task::ready!(failure.as_mut().poll(context))))
            }
            (Poll::Pending, None) => return Poll::Pending,
        };
        let item = match item {
            None if self.finished.load(Ordering::Acquire) => None,
            None => Some(Err(BodyError::new(
                BodyErrorKind::CutShort,
                "the body ended before it was complete",
            ))),
            some => some,
        };
        self.over = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(context)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("length", &self.length)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl BodyWriter {
    /// Hands a chunk on, waiting while the reader is behind. Returns false when the reader is gone: stop producing.
    pub async fn write(&self, chunk: Bytes) -> bool {
        self.chunks.send(Ok(chunk)).await.is_ok()
    }

    /// Hands a chunk on if there is room: `Ok(true)`; `Ok(false)` when the reader is gone. Gives the chunk back when
    /// it has to wait.
    ///
    /// # Errors
    /// The chunk, when there is no room for it now.
    pub fn try_write(&self, chunk: Bytes) -> Result<bool, Bytes> {
        use tokio::sync::mpsc::error::TrySendError;
        match self.chunks.try_send(Ok(chunk)) {
            Ok(()) => Ok(true),
            Err(TrySendError::Closed(_)) => Ok(false),
            Err(TrySendError::Full(Ok(chunk))) => Err(chunk),
            Err(TrySendError::Full(Err(_))) => unreachable!("a chunk was sent"),
        }
    }

    /// Ends the body well.
    pub fn finish(self) {
        self.finished.store(true, Ordering::Release);
    }

    /// Ends the body with an error, which the reader sees after the chunks before it.
    pub async fn fail(self, error: BodyError) {
        // Nobody is left to be told when the reader is gone.
        let _ = self.chunks.send(Err(error)).await;
    }

    /// Waits until the reader is gone.
    pub async fn closed(&self) {
        self.chunks.closed().await;
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    /// What kind of failure.
    pub kind: BodyErrorKind,
    /// What happened, for a log and for the app's exception.
    pub message: Arc<str>,
}

/// Kinds of [`BodyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyErrorKind {
    /// More bytes than the app's limit arrived.
    TooLarge,
    /// The client or the peer closed its connection or violated HTTP.
    Disconnected,
    /// The producer went away without ending the body.
    CutShort,
    /// A stream of the app failed: its reason is the message.
    App,
}

impl BodyError {
    /// An error of a kind.
    pub fn new(kind: BodyErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for BodyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn next(stream: &mut BodyStream) -> Option<Option<Result<Bytes, BodyError>>> {
        stream.next().now_or_never()
    }

    #[test]
    fn a_finished_body_ends() {
        let (writer, mut stream) = BodyStream::channel(2, Some(3));
        assert!(
            writer
                .write(Bytes::from_static(b"abc"))
                .now_or_never()
                .unwrap()
        );
        writer.finish();
        assert_eq!(
            next(&mut stream),
            Some(Some(Ok(Bytes::from_static(b"abc"))))
        );
        assert_eq!(next(&mut stream), Some(None));
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn a_dropped_writer_is_an_error() {
        let (writer, mut stream) = BodyStream::channel(1, None);
        drop(writer);
        let error = next(&mut stream).unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind, BodyErrorKind::CutShort);
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn a_failure_from_elsewhere_ends_a_body_whose_writer_is_silent() {
        let (writer, mut stream) = BodyStream::channel(1, None);
        let error = BodyError::new(BodyErrorKind::CutShort, "gone");
        stream.fail_with(std::future::ready(error.clone()));
        let chunk = Bytes::from_static(b"abc");
        assert_eq!(writer.try_write(chunk.clone()), Ok(true));
        assert_eq!(next(&mut stream), Some(Some(Ok(chunk))));
        assert_eq!(next(&mut stream), Some(Some(Err(error))));
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn writing_waits_for_the_reader() {
        let (writer, mut stream) = BodyStream::channel(1, None);
        assert!(
            writer
                .write(Bytes::from_static(b"1"))
                .now_or_never()
                .unwrap()
        );
        assert!(
            writer
                .write(Bytes::from_static(b"2"))
                .now_or_never()
                .is_none()
        );
        assert!(next(&mut stream).is_some());
        assert_eq!(
            writer.write(Bytes::from_static(b"2")).now_or_never(),
            Some(true)
        );
        drop(stream);
        assert_eq!(
            writer.write(Bytes::from_static(b"3")).now_or_never(),
            Some(false)
        );
    }
}
