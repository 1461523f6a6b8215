//! What a streamed body's two ends share, and the end that writes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::{Batch, BodyError, BodyErrorKind};

/// The writing end of a streamed body. A writer that is dropped without [`finish`](Self::finish) or
/// [`fail`](Self::fail) makes the reader see an error: a body cut short never looks like a whole one.
#[derive(Debug)]
pub struct BodyWriter(Arc<Channel>);

/// What the two ends share. Own code, as the bound is on bytes, a reader takes all that waits at once, and a writer waits
/// without holding the chunk that is next.
#[derive(Debug)]
pub(super) struct Channel {
    /// The bytes from which on a writer waits, where there is room for all.
    capacity: usize,
    /// Of the bodies that share their room with this one.
    backlog: Option<Arc<Backlog>>,
    /// The body's size where it was stated: with more or fewer bytes, it fails.
    length: Option<u64>,
    state: Mutex<State>,
}

/// What waits in several bodies for their readers, in bytes. Where that is much, none of them gets more than a little: many
/// clients that do not read take no more memory than a few do.
#[derive(Debug, Default)]
pub struct Backlog(AtomicUsize);

impl Backlog {
    /// From here on it is much.
    pub(super) const MUCH_BYTES: usize = 16 << 20;
    /// What each body may have waiting then.
    pub(super) const LITTLE_BYTES: usize = 16 << 10;

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    chunks: VecDeque<Bytes>,
    /// Behind them, small ones that came while others waited, in one piece: each may be a part of a large buffer, which it would keep.
    joined: BytesMut,
    /// Makes of such a piece what waits.
    on_joined: Option<Join>,
    /// In both.
    bytes: usize,
    /// All that were ever put in, and those that were too many.
    written: u64,
    /// Is told what waits.
    meter: Option<Tell>,
    /// Is told what waits no more, until the writer's end.
    on_taken: Option<Tell>,
    /// What the writer has said about the end.
    end: Option<Result<(), BodyError>>,
    reader_gone: bool,
    /// Somebody has begun to read.
    is_read: bool,
    is_withdrawn: bool,
    beginning: Beginning,
    /// Waits for a chunk, or for the end.
    reader: Option<Waker>,
    /// Waits for room.
    writer: Option<Waker>,
    /// Waits for the reader's end.
    on_reader_gone: Option<Waker>,
}

/// Is told a number of bytes.
pub(super) struct Tell(Box<dyn FnMut(usize) + Send>);

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").finish_non_exhaustive()
    }
}

/// Makes a piece of joined chunks.
struct Join(Box<dyn FnMut(Bytes) -> Bytes + Send>);

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").finish_non_exhaustive()
    }
}

/// Whether a body begins in its writer's [`Start`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It did, or there was none.
    #[default]
    There,
    /// It did, and its end was there, too.
    Whole,
    /// That is about to be known.
    Awaited,
    /// There was nothing then.
    Later,
}

/// Chunks below this size are joined, up to this size.
const JOINED: usize = 4 << 10;

impl State {
    /// Nothing waits.
    fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds a chunk.
    fn push(&mut self, chunk: Bytes) {
        let is_small = chunk.len() < JOINED && !self.is_empty();
        if !is_small || self.joined.len() + chunk.len() > JOINED {
            self.end_joined();
        }
        self.bytes += chunk.len();
        if is_small {
            self.joined.extend_from_slice(&chunk);
        } else {
            self.chunks.push_back(chunk);
        }
    }

    /// What comes next is not joined with what was.
    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            let joined = std::mem::take(&mut self.joined).freeze();
            let piece = match &mut self.on_joined {
                Some(Join(make)) => make(joined),
                None => joined,
            };
            self.chunks.push_back(piece);
        }
    }

    /// The next chunk; there is one.
    pub(super) fn take_chunk(&mut self) -> Bytes {
        if self.chunks.is_empty() {
            self.end_joined();
        }
        let chunk = self.chunks.pop_front().unwrap_or_default();
        self.bytes -= chunk.len();
        self.measure();
        chunk
    }

    /// All chunks.
    pub(super) fn take_batch(&mut self) -> Batch {
        self.end_joined();
        let batch = Batch::new(
            std::mem::take(&mut self.chunks),
            std::mem::take(&mut self.bytes),
        );
        self.measure();
        batch
    }

    /// Tells what waits now.
    fn measure(&mut self) {
        if let Some(Tell(tell)) = &mut self.meter {
            let chunks = self.chunks.len() + usize::from(!self.joined.is_empty());
            tell(self.bytes + chunks * size_of::<Bytes>());
        }
    }
}

impl Channel {
    fn new(capacity: usize, length: Option<u64>, backlog: Option<Arc<Backlog>>) -> Arc<Self> {
        assert!(capacity > 0, "a body's channel must have room");
        Arc::new(Self {
            capacity,
            backlog,
            length,
            state: Mutex::default(),
        })
    }

    /// The bytes from which on a writer waits.
    fn capacity(&self) -> usize {
        match &self.backlog {
            Some(backlog) if backlog.bytes() >= Backlog::MUCH_BYTES => {
                self.capacity.min(Backlog::LITTLE_BYTES)
            }
            _ => self.capacity,
        }
    }

    /// So many bytes wait here no more.
    fn taken(&self, state: &mut State, bytes: usize) {
        if let Some(backlog) = &self.backlog {
            backlog.0.fetch_sub(bytes, Relaxed);
        }
        if let Some(Tell(tell)) = &mut state.on_taken {
            tell(bytes);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how the body ends, once.
    fn end(&self, end: Result<(), BodyError>) {
        end_with(self.state(), end);
    }

    /// Registers the reader, unless `take` finds what it wants. `None` at the end.
    pub(super) fn poll_take<T>(
        &self,
        context: &mut Context<'_>,
        take: impl FnOnce(&mut State) -> T,
    ) -> Poll<Option<Result<T, BodyError>>> {
        let mut state = self.state();
        state.is_read = true;
        if state.is_empty() {
            return match &state.end {
                None => {
                    register(&mut state.reader, context);
                    Poll::Pending
                }
                Some(end) => Poll::Ready(end.clone().err().map(Err)),
            };
        }
        let before = state.bytes;
        let taken = take(&mut state);
        let after = state.bytes;
        self.taken(&mut state, before - after);
        // A writer is woken for more than one chunk, where there can be more than one.
        if state.bytes <= self.capacity() / 2 {
            wake(state, |state| &mut state.writer);
        }
        Poll::Ready(Some(Ok(taken)))
    }

    /// Somebody begins to read.
    pub(super) fn begin(&self) {
        self.state().is_read = true;
    }

    /// Has somebody told what waits, from now on.
    pub(super) fn measure(&self, tell: impl FnMut(usize) + Send + 'static) {
        let mut state = self.state();
        if !state.is_withdrawn {
            state.meter = Some(Tell(Box::new(tell)));
            state.measure();
        }
    }

    pub(super) fn beginning(&self) -> Beginning {
        self.state().beginning
    }

    /// What the body has failed with by the end of its writer's [`Start`], which is waited for.
    pub(super) fn poll_first_failure(&self, context: &Context<'_>) -> Poll<Option<BodyError>> {
        let mut state = self.state();
        match state.beginning {
            Beginning::Awaited => {
                register(&mut state.reader, context);
                Poll::Pending
            }
            Beginning::Whole => Poll::Ready(state.end.clone().and_then(Result::err)),
            Beginning::There | Beginning::Later => Poll::Ready(None),
        }
    }

    /// The reader is gone: nobody wants what is there, and whoever waits is told.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.reader_gone = true;
        let waiting = self.clear(&mut state);
        let writer = state.writer.take();
        wake(state, |state| &mut state.on_reader_gone);
        if let Some(writer) = writer {
            writer.wake();
        }
        drop(waiting);
    }

    /// Takes out all that waits, to be dropped without the lock.
    fn clear(&self, state: &mut State) -> impl Sized + use<> {
        let bytes = std::mem::take(&mut state.bytes);
        self.taken(state, bytes);
        (
            std::mem::take(&mut state.chunks),
            std::mem::take(&mut state.joined),
            state.meter.take(),
            state.on_taken.take(),
        )
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

#[cold]
fn wrong_length(stated: u64, has: u64) -> BodyError {
    let has = if has < stated { "less" } else { "more" };
    BodyError::new(
        BodyErrorKind::App,
        format!("it has {has} than the {stated} bytes that its content-length says"),
    )
}

fn end_with(mut state: MutexGuard<'_, State>, end: Result<(), BodyError>) {
    if state.end.is_none() {
        state.end = Some(end);
        let on_taken = state.on_taken.take();
        let left = state.bytes;
        wake(state, |state| &mut state.reader);
        // What is left is the reader's alone, and nothing follows.
        if let Some(Tell(mut tell)) = on_taken {
            tell(left);
        }
    }
}

fn register(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
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
    /// It was not taken: with it the body would be longer than was stated. It cannot end well any more.
    TooLong {
        /// The body's size.
        stated: u64,
    },
}

/// A body's writer is about to begin, until this is dropped; see [`BodyWriter::start`].
#[derive(Debug)]
pub struct Start(Arc<Channel>);

impl Drop for Start {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.beginning = match state.end {
            Some(_) => Beginning::Whole,
            None if state.is_empty() => Beginning::Later,
            None => Beginning::There,
        };
        wake(state, |state| &mut state.reader);
    }
}

impl BodyWriter {
    /// Has [`BodyStream::poll_first`](super::BodyStream::poll_first) wait, as long as the value is kept, for what becomes of the body;
    /// what comes later it does not give.
    #[must_use]
    pub fn start(&self) -> Start {
        self.0.state().beginning = Beginning::Awaited;
        Start(self.0.clone())
    }

    /// The writer of a channel that has room for `capacity` bytes, and what its reader has.
    pub(super) fn bounded(
        capacity: usize,
        length: Option<u64>,
        backlog: Option<Arc<Backlog>>,
    ) -> (Self, Arc<Channel>) {
        let channel = Channel::new(capacity, length, backlog);
        (Self(channel.clone()), channel)
    }

    /// Has `tell` told how many bytes the reader has taken, or left behind, each time that it does: whoever sends them may send as many
    /// more. On any thread; it must not come back to the body. At the writer's end it is told of what waits then, and dropped.
    pub fn on_taken(&self, tell: impl FnMut(usize) + Send + 'static) {
        let mut state = self.0.state();
        if !state.reader_gone && state.end.is_none() {
            state.on_taken = Some(Tell(Box::new(tell)));
        }
    }

    /// Has `make` put something in the place of pieces that are made of small chunks, whose own owners are gone: the same bytes, with
    /// what keeps count of them. On any thread; it must not come back to the body.
    pub fn on_joined(&self, make: impl FnMut(Bytes) -> Bytes + Send + 'static) {
        self.0.state().on_joined = Some(Join(Box::new(make)));
    }

    /// Waits while the reader is behind, then hands a chunk on. Returns false when nothing more is taken: stop producing.
    pub async fn write(&self, chunk: Bytes) -> bool {
        self.room().await && !matches!(self.put(chunk), Put::Gone | Put::TooLong { .. })
    }

    /// Hands a chunk on, whether there is room for it or not; an empty one is nothing.
    pub fn put(&self, chunk: Bytes) -> Put {
        let mut state = self.0.state();
        if state.reader_gone {
            return Put::Gone;
        }
        if !chunk.is_empty() {
            state.written += chunk.len() as u64;
            if let Some(stated) = self.0.length.filter(|length| state.written > *length) {
                return Put::TooLong { stated };
            }
            if let Some(backlog) = &self.0.backlog {
                backlog.0.fetch_add(chunk.len(), Relaxed);
            }
            state.push(chunk);
            state.measure();
        }
        let put = if state.bytes < self.0.capacity() {
            Put::Room
        } else {
            Put::Full
        };
        if !state.is_empty() {
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
            if state.bytes < channel.capacity() {
                return Poll::Ready(true);
            }
            register(&mut state.writer, context);
            Poll::Pending
        })
    }

    /// Ends the body well, if it is as long as was stated. What is said about the end later has no effect.
    pub fn finish(&self) {
        let state = self.0.state();
        let end = match self.0.length {
            Some(stated) if stated != state.written => Err(wrong_length(stated, state.written)),
            _ => Ok(()),
        };
        end_with(state, end);
    }

    /// Ends the body with an error, which the reader sees after the chunks before it.
    pub fn fail(&self, error: BodyError) {
        self.0.end(Err(error));
    }

    /// Ends the body for those who have not begun to read it: what waits in it is dropped, also where it had ended well, and whoever
    /// reads it later meets the error. For somebody who reads it already it [fails](Self::fail), unless it has ended.
    pub fn withdraw(&self, error: BodyError) {
        let mut state = self.0.state();
        if state.is_read {
            drop(state);
            return self.fail(error);
        }
        let waiting = self.0.clear(&mut state);
        state.end = Some(Err(error));
        state.is_withdrawn = true;
        drop(state);
        drop(waiting);
    }

    /// Bytes that wait for the reader.
    pub fn waiting(&self) -> usize {
        self.0.state().bytes
    }

    /// Whether the reader is gone.
    pub fn is_closed(&self) -> bool {
        self.0.state().reader_gone
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
