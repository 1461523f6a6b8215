//! Bodies of requests and responses: nothing, bytes in memory, or a stream with backpressure.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
use futures_util::Stream;

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
    source: Source,
    length: Option<u64>,
    /// The end or an error has been handed out; nothing follows.
    over: bool,
    /// Ends the body while its writer is silent.
    failure: Option<Pin<Box<dyn Future<Output = BodyError> + Send>>>,
    /// Is told at its end whether all of it was handed out.
    at_end: Option<Box<dyn FnOnce(bool) + Send>>,
}

enum Source {
    /// What a [`BodyWriter`] puts in.
    Channel(Arc<Channel>),
    /// Whoever reads asks for the next chunk where it comes from.
    Direct(Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>),
}

/// The writing end of a streamed body. A writer that is dropped without [`finish`](Self::finish) or
/// [`fail`](Self::fail) makes the reader see an error: a body cut short never looks like a whole one.
#[derive(Debug)]
pub struct BodyWriter(Arc<Channel>);

/// What the two ends share. Own code, as the bound is on bytes, a reader takes all that waits at once, and a writer waits
/// without holding the chunk that is next.
#[derive(Debug)]
struct Channel {
    /// The bytes from which on a writer waits.
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// In `chunks`.
    bytes: usize,
    /// What the writer has said about the end.
    end: Option<Result<(), BodyError>>,
    reader_gone: bool,
    /// Waits for a chunk, or for the end.
    reader: Option<Waker>,
    /// Waits for room.
    writer: Option<Waker>,
    /// Waits for the reader's end.
    on_reader_gone: Option<Waker>,
}

impl Channel {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how the body ends, once.
    fn end(&self, end: Result<(), BodyError>) {
        let mut state = self.state();
        if state.end.is_none() {
            state.end = Some(end);
            wake(state, |state| &mut state.reader);
        }
    }

    /// Registers the reader, unless `take` finds what it wants. `None` at the end.
    fn poll_take<T>(
        &self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut State) -> T,
    ) -> Poll<Option<Result<T, BodyError>>> {
        let mut state = self.state();
        if state.chunks.is_empty() {
            return match &state.end {
                None => {
                    register(&mut state.reader, context);
                    Poll::Pending
                }
                Some(end) => Poll::Ready(end.clone().err().map(Err)),
            };
        }
        let taken = take(&mut state);
        // A writer is woken for more than one chunk, where there can be more than one.
        if state.bytes <= self.capacity / 2 {
            wake(state, |state| &mut state.writer);
        }
        Poll::Ready(Some(Ok(taken)))
    }
}

/// Wakes whoever waits there, without the lock.
fn wake(mut state: MutexGuard<'_, State>, who: impl FnOnce(&mut State) -> &mut Option<Waker>) {
    let waker = who(&mut state).take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn register(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

impl BodyStream {
    /// A pair of ends. `capacity` is the number of bytes between them from which on [`BodyWriter::write`] waits. `length` is
    /// the body's size where it is known.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn bounded(capacity: usize, length: Option<u64>) -> (BodyWriter, Self) {
        assert!(capacity > 0, "a body's channel must have room");
        let channel = Arc::new(Channel {
            capacity,
            state: Mutex::default(),
        });
        let writer = BodyWriter(channel.clone());
        (writer, Self::with(Source::Channel(channel), length))
    }

    /// A body whose chunks come from another stream, whenever the reader asks: nothing waits in between.
    pub fn direct(
        chunks: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        Self::with(Source::Direct(Box::pin(chunks)), length)
    }

    fn with(source: Source, length: Option<u64>) -> Self {
        Self {
            source,
            length,
            over: false,
            failure: None,
            at_end: None,
        }
    }

    /// Ends the body with an error that comes from elsewhere than its writer, once nothing is left that was written before.
    pub fn fail_with(&mut self, failure: impl Future<Output = BodyError> + Send + 'static) {
        self.failure = Some(Box::pin(failure));
    }

    /// Calls `tell` when the body is dropped: with `false` if its end had not been reached, be it a good or a bad one.
    pub fn at_end(&mut self, tell: impl FnOnce(bool) + Send + 'static) {
        self.at_end = Some(Box::new(tell));
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
        self.poll_with(context, |state| {
            let chunk = state.chunks.pop_front().unwrap_or_default();
            state.bytes -= chunk.len();
            chunk
        })
    }

    /// All chunks that are there, at least one; `None` at the body's end.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn poll_batch(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Batch, BodyError>>> {
        self.poll_with(context, |state| Batch {
            first: state.chunks.pop_front().unwrap_or_default(),
            rest: std::mem::take(&mut state.chunks),
            remaining: std::mem::take(&mut state.bytes),
        })
    }

    fn poll_with<T: From<Bytes>>(
        &mut self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut State) -> T,
    ) -> Poll<Option<Result<T, BodyError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let polled = match &mut self.source {
            Source::Channel(channel) => channel.poll_take(context, take),
            Source::Direct(chunks) => chunks
                .as_mut()
                .poll_next(context)
                .map(|item| item.map(|chunk| chunk.map(T::from))),
        };
        let item = match (polled, &mut self.failure) {
            (Poll::Ready(item), _) => item,
            (Poll::Pending, Some(failure)) => Some(Err(ready!(failure.as_mut().poll(context)))),
            (Poll::Pending, None) => return Poll::Pending,
        };
        self.over = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        if let Some(tell) = self.at_end.take() {
            tell(self.over);
        }
        let Source::Channel(channel) = &self.source else {
            return;
        };
        let mut state = channel.state();
        state.reader_gone = true;
        let (chunks, writer) = (std::mem::take(&mut state.chunks), state.writer.take());
        wake(state, |state| &mut state.on_reader_gone);
        if let Some(writer) = writer {
            writer.wake();
        }
        drop(chunks);
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

/// What became of a chunk that was put into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The next may follow at once.
    Room,
    /// It was taken, but wait for [`BodyWriter::room`] before the next.
    Full,
    /// The reader is gone: stop producing.
    Gone,
}

impl BodyWriter {
    /// Waits while the reader is behind, then hands a chunk on. Returns false when the reader is gone: stop producing.
    pub async fn write(&self, chunk: Bytes) -> bool {
        self.room().await && self.put(chunk) != Put::Gone
    }

    /// Hands a chunk on, whether there is room for it or not; an empty one is nothing.
    pub fn put(&self, chunk: Bytes) -> Put {
        let mut state = self.0.state();
        if state.reader_gone {
            return Put::Gone;
        }
        if !chunk.is_empty() {
            state.bytes += chunk.len();
            state.chunks.push_back(chunk);
        }
        let put = if state.bytes < self.0.capacity {
            Put::Room
        } else {
            Put::Full
        };
        if !state.chunks.is_empty() {
            wake(state, |state| &mut state.reader);
        }
        put
    }

    /// Waits until there is room for a chunk: true; false when the reader is gone. One at a time may wait.
    pub fn room(&self) -> impl Future<Output = bool> + Send + use<> {
        let channel = self.0.clone();
        std::future::poll_fn(move |context| {
            let mut state = channel.state();
            if state.reader_gone {
                return Poll::Ready(false);
            }
            if state.bytes < channel.capacity {
                return Poll::Ready(true);
            }
            register(&mut state.writer, context);
            Poll::Pending
        })
    }

    /// Ends the body well.
    pub fn finish(self) {
        self.0.end(Ok(()));
    }

    /// Ends the body with an error, which the reader sees after the chunks before it.
    pub fn fail(self, error: BodyError) {
        self.0.end(Err(error));
    }

    /// Waits until the reader is gone.
    pub async fn closed(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.0.state();
            if state.reader_gone {
                return Poll::Ready(());
            }
            register(&mut state.on_reader_gone, context);
            Poll::Pending
        })
        .await;
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        // Without effect after `finish` and `fail`.
        self.0.end(Err(BodyError::new(
            BodyErrorKind::CutShort,
            "the body ended before it was complete",
        )));
    }
}

/// Chunks of a body that leave together. Those who write them to a socket need one system call for all.
#[derive(Debug, Default)]
pub struct Batch {
    /// Not empty, unless all are gone.
    first: Bytes,
    /// None of them is empty.
    rest: VecDeque<Bytes>,
    /// Bytes of all.
    remaining: usize,
}

impl From<Bytes> for Batch {
    fn from(chunk: Bytes) -> Self {
        Self {
            remaining: chunk.len(),
            first: chunk,
            rest: VecDeque::new(),
        }
    }
}

impl Buf for Batch {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        if self.first.is_empty() {
            return 0;
        }
        let chunks = std::iter::once(&self.first).chain(&self.rest);
        let filled = slices.iter_mut().zip(chunks);
        filled
            .map(|(slice, chunk)| *slice = IoSlice::new(chunk))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "no more than there is");
        self.remaining -= count;
        while count >= self.first.len() {
            count -= self.first.len();
            match self.rest.pop_front() {
                Some(next) => self.first = next,
                None => return self.first.clear(),
            }
        }
        self.first.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        assert!(count <= self.remaining, "no more than there is");
        if count <= self.first.len() {
            let bytes = self.first.slice(..count);
            self.advance(count);
            return bytes;
        }
        let mut bytes = BytesMut::with_capacity(count);
        bytes.put(self.take(count));
        bytes.freeze()
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

    fn all(stream: &mut BodyStream) -> Option<Option<Result<Batch, BodyError>>> {
        std::future::poll_fn(|context| stream.poll_batch(context)).now_or_never()
    }

    fn put(writer: &BodyWriter, chunk: &'static str) -> Put {
        writer.put(Bytes::from_static(chunk.as_bytes()))
    }

    #[test]
    fn bytes_are_taken_off_a_batch() {
        let (writer, mut stream) = BodyStream::bounded(100, None);
        for chunk in ["abc", "de", "f"] {
            put(&writer, chunk);
        }
        let mut batch = all(&mut stream).unwrap().unwrap().unwrap();
        for (count, bytes) in [(2, "ab"), (1, "c"), (0, ""), (3, "def")] {
            assert_eq!(batch.copy_to_bytes(count), bytes);
        }
        assert!(!batch.has_remaining());
    }

    #[test]
    fn a_finished_body_ends() {
        let (writer, mut stream) = BodyStream::bounded(2, Some(3));
        let chunk = Bytes::from_static(b"abc");
        assert_eq!(writer.write(chunk.clone()).now_or_never(), Some(true));
        writer.finish();
        assert_eq!(next(&mut stream), Some(Some(Ok(chunk))));
        assert_eq!(next(&mut stream), Some(None));
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn a_dropped_writer_is_an_error() {
        let (writer, mut stream) = BodyStream::bounded(1, None);
        drop(writer);
        let error = next(&mut stream).unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind, BodyErrorKind::CutShort);
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn an_error_comes_after_the_chunks_before_it() {
        let (writer, mut stream) = BodyStream::bounded(1, None);
        assert_eq!(put(&writer, "abc"), Put::Full);
        let error = BodyError::new(BodyErrorKind::App, "broken");
        writer.fail(error.clone());
        assert_eq!(all(&mut stream).unwrap().unwrap().unwrap().chunk(), b"abc");
        assert_eq!(next(&mut stream), Some(Some(Err(error))));
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn who_leaves_before_the_end_is_told_of() {
        for (reads, expected) in [(0, false), (1, false), (2, true)] {
            let (told, heard) = std::sync::mpsc::channel();
            let (writer, mut stream) = BodyStream::bounded(16, None);
            stream.at_end(move |complete| told.send(complete).unwrap());
            writer.put(Bytes::from_static(b"abc"));
            writer.finish();
            for _ in 0..reads {
                next(&mut stream).unwrap();
            }
            drop(stream);
            assert_eq!(heard.try_iter().collect::<Vec<_>>(), [expected]);
        }
    }

    #[test]
    fn a_failure_from_elsewhere_ends_a_body_whose_writer_is_silent() {
        let (writer, mut stream) = BodyStream::bounded(1, None);
        let error = BodyError::new(BodyErrorKind::CutShort, "gone");
        stream.fail_with(std::future::ready(error.clone()));
        assert_eq!(put(&writer, "abc"), Put::Full);
        assert_eq!(
            next(&mut stream),
            Some(Some(Ok(Bytes::from_static(b"abc"))))
        );
        assert_eq!(next(&mut stream), Some(Some(Err(error))));
        assert_eq!(next(&mut stream), Some(None));
    }

    #[test]
    fn writing_waits_for_the_reader() {
        let (writer, mut stream) = BodyStream::bounded(1, None);
        let write = |chunk: &'static str| {
            writer
                .write(Bytes::from_static(chunk.as_bytes()))
                .now_or_never()
        };
        assert_eq!(write("1"), Some(true));
        assert_eq!(write("2"), None);
        assert!(next(&mut stream).is_some());
        assert_eq!(write("2"), Some(true));
        drop(stream);
        assert_eq!(write("3"), Some(false));
        assert_eq!(put(&writer, "3"), Put::Gone);
        assert_eq!(writer.closed().now_or_never(), Some(()));
    }

    /// A reader and a writer that wait are woken, by each other and by the other's end.
    #[tokio::test]
    async fn ends_wake_each_other() {
        let (writer, mut stream) = BodyStream::bounded(4, None);
        let reader = tokio::spawn(async move {
            let first = stream.next().await;
            let second = stream.next().await;
            (first, second, stream)
        });
        tokio::task::yield_now().await;
        assert_eq!(put(&writer, "abc"), Put::Room);
        tokio::task::yield_now().await;
        assert_eq!(put(&writer, "defg"), Put::Full);
        let (first, second, stream) = reader.await.unwrap();
        assert_eq!(first.unwrap().unwrap(), "abc");
        assert_eq!(second.unwrap().unwrap(), "defg");
        assert_eq!(put(&writer, "hijk"), Put::Full);
        let waiting = tokio::spawn(writer.room());
        let closed = tokio::spawn(async move { writer.closed().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !closed.is_finished());
        drop(stream);
        assert!(!waiting.await.unwrap());
        closed.await.unwrap();
    }

    #[test]
    fn chunks_that_wait_leave_together() {
        let (writer, mut stream) = BodyStream::bounded(100, None);
        for chunk in ["abc", "", "de", "f"] {
            assert_eq!(put(&writer, chunk), Put::Room);
        }
        let mut chunks = all(&mut stream).unwrap().unwrap().unwrap();
        assert_eq!(chunks.remaining(), 6);
        let mut slices = [IoSlice::new(&[]); 2];
        assert_eq!(chunks.chunks_vectored(&mut slices), 2);
        assert_eq!((&*slices[0], &*slices[1]), (&b"abc"[..], &b"de"[..]));
        chunks.advance(4);
        assert_eq!((chunks.chunk(), chunks.remaining()), (&b"e"[..], 2));
        assert_eq!(chunks.copy_to_bytes(2), "ef");
        assert!(!chunks.has_remaining() && chunks.chunk().is_empty());
        assert!(all(&mut stream).is_none());
        // All of the room is there again.
        assert_eq!(put(&writer, "g"), Put::Room);
    }

    #[test]
    fn a_direct_body_asks_its_source() {
        let items = [Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))];
        let mut stream = BodyStream::direct(futures_util::stream::iter(items), Some(3));
        assert_eq!(stream.length(), Some(3));
        assert_eq!(all(&mut stream).unwrap().unwrap().unwrap().chunk(), b"ab");
        assert_eq!(next(&mut stream), Some(Some(Ok(Bytes::from_static(b"c")))));
        assert_eq!(next(&mut stream), Some(None));
    }
}
