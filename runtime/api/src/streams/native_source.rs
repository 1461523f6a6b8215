//! Bytes from outside of the isolate, chunk by chunk, for a ReadableStream.

use std::any::Any;
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use nano_engine::external_memory::{ExternalMemory, Reservation};
use nano_engine::promise_op;
use nano_webidl::idl::uint8_array;
use nano_webidl::{Error, Fallible, Scope, Trace, Value, type_error};
use nano_worker::{BodyError, BodyStream};
use tokio::sync::oneshot;

use crate::bindings::native_source::NativeSourceMethods;

/// A body's bytes on their way into a stream.
#[derive(Trace)]
pub struct NativeSource {
    #[untraced]
    state: Rc<RefCell<State>>,
    /// What shall last as long as the stream.
    #[untraced]
    guard: RefCell<Option<Box<dyn Any>>>,
    /// Of [`State::Chunks`].
    #[untraced]
    memory: ExternalMemory,
}

/// Chunks that are in memory, none of which is empty.
pub struct Chunks {
    /// The chunks, of which there may be many: they are made one by one.
    pub chunks: Box<dyn Iterator<Item = Bytes> + Send>,
    /// How many bytes they have together.
    pub length: u64,
    /// About how many bytes they hold beside those, which are reserved.
    pub held: usize,
}

/// What was in a source that nobody has pulled.
pub enum Taken {
    /// Bytes in memory, maybe none.
    Bytes(Bytes),
    /// A body, with the guard that it came with.
    Stream(BodyStream, Option<Box<dyn Any>>),
}

enum State {
    Bytes(Bytes),
    Chunks(Chunks),
    Stream(BodyStream),
    /// A chunk is waited for, until it comes or this is dropped.
    Pulling(oneshot::Sender<Infallible>),
    Over,
}

impl NativeSource {
    /// A source of one chunk, which keeps `guard` as long as somebody may read it.
    pub fn bytes(bytes: Bytes, guard: Option<Box<dyn Any>>) -> NativeSource {
        NativeSource::new(State::Bytes(bytes), guard)
    }

    /// A source of chunks that are in memory.
    pub fn chunks(chunks: Chunks) -> NativeSource {
        let held = chunks.held;
        let source = NativeSource::new(State::Chunks(chunks), None);
        source.memory.set(held);
        source
    }

    /// A source that hands a body's chunks on, and keeps `guard` as long as somebody may read them.
    pub fn stream(stream: BodyStream, guard: Option<Box<dyn Any>>) -> NativeSource {
        NativeSource::new(State::Stream(stream), guard)
    }

    fn new(state: State, guard: Option<Box<dyn Any>>) -> NativeSource {
        NativeSource {
            state: Rc::new(RefCell::new(state)),
            guard: RefCell::new(guard),
            memory: ExternalMemory::default(),
        }
    }

    /// Takes all out, so that the bytes move without JavaScript. Nobody must have pulled.
    pub fn take(&self, scope: &Scope) -> Taken {
        match self.state.replace(State::Over) {
            State::Bytes(bytes) => Taken::Bytes(bytes),
            State::Chunks(chunks) => {
                let held = Reservation::of(scope, chunks.held);
                self.memory.set(0);
                let length = Some(chunks.length);
                let chunks = futures_util::stream::iter(chunks.chunks.map(Ok));
                let mut stream = BodyStream::direct(chunks, length);
                stream.keep(held);
                Taken::Stream(stream, None)
            }
            State::Stream(stream) => Taken::Stream(stream, self.guard.take()),
            State::Pulling(_) | State::Over => Taken::Bytes(Bytes::new()),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_spent(&self) -> bool {
        match &*self.state.borrow() {
            State::Bytes(bytes) => bytes.is_empty(),
            State::Over => true,
            _ => false,
        }
    }
}

impl NativeSourceMethods for NativeSource {
    fn pull<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        match self.state.replace(State::Over) {
            State::Over => Ok(v8::null(scope).into()),
            State::Bytes(bytes) if bytes.is_empty() => Ok(v8::null(scope).into()),
            State::Bytes(bytes) => Ok(uint8_array(scope, bytes.into())?.into()),
            State::Chunks(mut chunks) => match chunks.chunks.next() {
                None => {
                    self.memory.set(0);
                    Ok(v8::null(scope).into())
                }
                Some(chunk) => {
                    self.state.replace(State::Chunks(chunks));
                    Ok(uint8_array(scope, chunk.into())?.into())
                }
            },
            State::Pulling(waiting) => {
                self.state.replace(State::Pulling(waiting));
                Err(type_error("a native source was pulled twice at a time"))
            }
            State::Stream(mut stream) => {
                // OPTIMIZATION: a chunk that is there needs no turn of the event loop.
                match stream.poll_chunk(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(item) => deliver(scope, &self.state, stream, item),
                    Poll::Pending => {
                        let promise = self.wait(scope, stream);
                        Ok(promise.ok_or(Error::Thrown)?.into())
                    }
                }
            }
        }
    }

    fn cancel<'s>(&self, _: &mut Scope<'s, '_>, _reason: Value<'s>) -> Fallible<()> {
        // Dropping the stream tells its writer, also where its next chunk is being waited for.
        self.state.replace(State::Over);
        self.memory.set(0);
        Ok(())
    }
}

impl NativeSource {
    fn wait<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        mut stream: BodyStream,
    ) -> Option<v8::Local<'s, v8::Promise>> {
        let (waiting, cancelled) = oneshot::channel();
        self.state.replace(State::Pulling(waiting));
        let state = self.state.clone();
        let next = async move {
            tokio::select! {
                item = stream.next() => Some((stream, item)),
                _ = cancelled => None,
            }
        };
        promise_op(scope, next, move |scope, next| {
            let Some((stream, item)) = next else {
                return Ok(v8::null(scope).into());
            };
            let State::Pulling(_) = state.replace(State::Over) else {
                return Ok(v8::null(scope).into());
            };
            deliver(scope, &state, stream, item).map_err(|e| {
                e.to_exception(scope)
                    .unwrap_or_else(|| v8::undefined(scope).into())
            })
        })
    }
}

fn deliver<'s>(
    scope: &mut Scope<'s, '_>,
    state: &RefCell<State>,
    stream: BodyStream,
    item: Option<Result<Bytes, BodyError>>,
) -> Fallible<Value<'s>> {
    match item {
        None => Ok(v8::null(scope).into()),
        Some(Err(error)) => Err(type_error(error.to_string())),
        Some(Ok(chunk)) => {
            state.replace(State::Stream(stream));
            Ok(uint8_array(scope, chunk.into())?.into())
        }
    }
}
