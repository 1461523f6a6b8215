//! The end of a streamed body that reads.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;

use super::channel::{Backlog, Beginning, BodyWriter, Channel, State};
use super::{Batch, BodyError};

/// The reading end of a streamed body. Dropping it tells the [`BodyWriter`] that nobody reads any more.
pub struct BodyStream {
    source: Source,
    /// Or [`UNKNOWN`]: many are kept in futures, so it is small.
    length: u64,
    /// The end or an error has been handed out; nothing follows.
    over: bool,
    /// Ends the body while its writer is silent.
    failure: Option<Pin<Box<dyn Future<Output = BodyError> + Send>>>,
    /// Says that it is a response's body now.
    passed_on: Option<PassedOn>,
    /// Is told at its end whether all of it was handed out.
    at_end: Option<Box<dyn FnOnce(bool) + Send>>,
    guard: Option<Guard>,
}

/// The length of a body whose length is not known.
const UNKNOWN: u64 = u64::MAX;

enum Source {
    /// What a [`BodyWriter`] puts in.
    Channel(Arc<Channel>),
    /// Whoever reads asks for the next chunk where it comes from.
    Direct(Chunks),
}

/// Whether a body has become that of another response, as it is: from then on it is read no faster than whoever gets that takes it.
#[derive(Debug, Clone, Default)]
pub struct PassedOn(Arc<AtomicBool>);

impl PassedOn {
    /// Whether it has.
    pub fn get(&self) -> bool {
        self.0.load(Relaxed)
    }
}

pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// What is kept for as long as there is a body.
pub(super) type Guard = Box<dyn Any + Send>;

impl BodyStream {
    /// A pair of ends. `capacity` is the number of bytes between them from which on [`BodyWriter::write`] waits. `length` is
    /// the body's size where it is known: one that turns out to have another fails.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn bounded(capacity: usize, length: Option<u64>) -> (BodyWriter, Self) {
        let (writer, channel) = BodyWriter::bounded(capacity, length, None);
        (writer, Self::with(Source::Channel(channel), length))
    }

    /// As [`bounded`](Self::bounded), for one of several bodies that share their room.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn bounded_among(
        capacity: usize,
        length: Option<u64>,
        backlog: Arc<Backlog>,
    ) -> (BodyWriter, Self) {
        let (writer, channel) = BodyWriter::bounded(capacity, length, Some(backlog));
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
            length: length.unwrap_or(UNKNOWN),
            over: false,
            failure: None,
            passed_on: None,
            at_end: None,
            guard: None,
        }
    }

    /// Keeps something until the body is dropped.
    pub fn keep(&mut self, guard: impl Any + Send) {
        self.guard = Some(Box::new(guard));
    }

    /// Has `tell` told how many bytes wait in the body, now and whenever that changes; on any thread, and it must not come back to the
    /// body. It is dropped with the body, or when that is [withdrawn](BodyWriter::withdraw). Of a [direct](Self::direct) one nothing
    /// waits.
    pub fn measure(&self, tell: impl FnMut(usize) + Send + 'static) {
        if let Source::Channel(channel) = &self.source {
            channel.measure(tell);
        }
    }

    /// Says that the body is being read, before the first chunk is asked for: it cannot be [withdrawn](BodyWriter::withdraw) any
    /// more.
    pub fn begin(&self) {
        if let Source::Channel(channel) = &self.source {
            channel.begin();
        }
    }

    /// Ends the body with an error that comes from elsewhere than its writer, once nothing is left that was written before.
    pub fn fail_with(&mut self, failure: impl Future<Output = BodyError> + Send + 'static) {
        self.failure = Some(Box::pin(failure));
    }

    /// Has the value be told when the body is [passed on](Self::pass_on).
    pub fn tell_when_passed_on(&mut self, passed_on: Option<PassedOn>) {
        self.passed_on = passed_on;
    }

    /// Who is told when it is passed on: for a body that is made of this one.
    pub fn passed_on(&self) -> Option<PassedOn> {
        self.passed_on.clone()
    }

    /// It becomes another response's body.
    pub fn pass_on(&self) {
        if let Some(PassedOn(is_so)) = &self.passed_on {
            is_so.store(true, Relaxed);
        }
    }

    /// Calls `tell` when the body is dropped: with `false` if its end had not been reached, be it a good or a bad one.
    pub fn at_end(&mut self, tell: impl FnOnce(bool) + Send + 'static) {
        self.at_end = Some(Box::new(tell));
    }

    /// The whole body's size, where it is known.
    pub fn length(&self) -> Option<u64> {
        (self.length != UNKNOWN).then_some(self.length)
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
        self.poll_with(context, State::take_chunk)
    }

    /// All chunks that are there, at least one; `None` at the body's end.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn poll_batch(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Batch, BodyError>>> {
        self.poll_with(context, State::take_batch)
    }

    /// What there is of the body: chunks, its end or its failure; where its writer has [started](BodyWriter::start) it, what there was
    /// by the end of that, which is waited for. `None` if there is nothing.
    pub fn poll_first(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Option<Result<Batch, BodyError>>>> {
        if self.beginning() == Beginning::Later {
            return Poll::Ready(None);
        }
        if let Poll::Ready(first) = self.poll_batch(context) {
            return Poll::Ready(Some(first));
        }
        match self.beginning() {
            Beginning::Awaited => Poll::Pending,
            Beginning::Later => Poll::Ready(None),
            Beginning::There if matches!(self.source, Source::Direct(..)) => Poll::Ready(None),
            // Since it was polled.
            Beginning::There | Beginning::Whole => Poll::Ready(match self.poll_batch(context) {
                Poll::Ready(first) => Some(first),
                Poll::Pending => None,
            }),
        }
    }

    /// What the body has failed with by the end of what its writer has [started](BodyWriter::start), which is waited for. Chunks that
    /// came before are there all the same.
    pub fn poll_first_failure(&mut self, context: &Context<'_>) -> Poll<Option<BodyError>> {
        match &self.source {
            Source::Channel(channel) => channel.poll_first_failure(context),
            Source::Direct(..) => Poll::Ready(None),
        }
    }

    fn beginning(&self) -> Beginning {
        match &self.source {
            Source::Channel(channel) => channel.beginning(),
            Source::Direct(..) => Beginning::There,
        }
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
        if let Source::Channel(channel) = &self.source {
            channel.leave();
        }
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
            .field("length", &self.length())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
