//! Bodies, and the `Body` mixin's algorithms: <https://fetch.spec.whatwg.org/#body-mixin>.
//!
//! A body that is in memory stays there: it becomes a stream only when the app asks for `body`.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use nano_engine::external_memory::ExternalMemory;
use nano_engine::external_memory::Reservation;
use nano_engine::promise_op;
use nano_webidl::{
    Error, Fallible, PlatformObject, Ref, Scope, ScriptRef, Trace, Traced, Value, require_room,
    script, type_error,
};
use nano_worker::BodyStream;

use super::abort::AbortableBody;
use super::blame;
use super::body_data::{Kind, package_data};
use super::gather::collect;
use super::header_list::AppHeaderList;
use crate::bindings::body::BodyMethods;
use crate::bindings::marker;
use crate::bindings::types::BodyInit;
use crate::reserved::{MIN_RESERVED_BYTES, reserve, with_reservation};
use crate::streams::native_source::{NativeSource, Taken};

/// A script's stream object.
pub type Stream<'s> = ScriptRef<'s, marker::ReadableStream>;

/// The body of a request or a response.
#[derive(Default, Trace)]
pub struct Body {
    #[untraced]
    state: RefCell<State>,
    /// Of [`State::Stream`].
    stream: Traced<v8::Object>,
}

#[derive(Default)]
enum State {
    /// There is none.
    #[default]
    Null,
    /// All of it is here.
    Bytes(Kept),
    /// It comes from outside, and nobody has asked for a stream yet.
    Incoming(Box<Incoming>),
    /// A stream, of the app's or made by `body`. The bytes are there where it was made of them.
    Stream(Option<Kept>),
    /// It was read.
    Used,
}

/// A body that comes from outside. On the heap: most requests and responses have none, and are moved about before they are objects.
struct Incoming {
    /// What waits in it is reserved.
    stream: BodyStream,
    abortable: Option<AbortableBody>,
}

impl State {
    fn incoming(scope: &mut Scope, stream: BodyStream, abortable: Option<AbortableBody>) -> State {
        // Whether the app reads it or not. It follows what comes: a client may announce much, and send nothing.
        let mut waiting = Reservation::of(scope, 0);
        stream.measure(move |bytes| waiting.set(bytes));
        State::Incoming(Box::new(Incoming { stream, abortable }))
    }
}

/// Bytes that a body keeps. Few of them count as part of the body's object; many are reserved on their own, as they may be sent
/// for longer than the object lives.
pub(super) struct Kept {
    pub(super) bytes: Bytes,
    /// `None` where they are reserved.
    memory: Option<ExternalMemory>,
}

impl Kept {
    /// Bytes that came whole, and so are few, as a rule.
    fn few(bytes: Bytes) -> Kept {
        Kept {
            memory: Some(ExternalMemory::new(bytes.len())),
            bytes,
        }
    }

    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory limit.
    fn new(scope: &mut Scope, bytes: Bytes) -> Fallible<Kept> {
        if bytes.len() < MIN_RESERVED_BYTES {
            return Ok(Kept::few(bytes));
        }
        Ok(Kept {
            bytes: reserve(scope, bytes)?,
            memory: None,
        })
    }

    /// Another body's share of the same bytes.
    fn share(&self) -> Kept {
        let memory = self.memory.as_ref();
        Kept {
            bytes: self.bytes.clone(),
            memory: memory.map(|_| ExternalMemory::new(self.bytes.len())),
        }
    }

    /// The bytes, which leave the isolate: many are reserved from here on.
    fn leave(self, scope: &Scope) -> Bytes {
        match self.memory {
            Some(_) if self.bytes.len() >= MIN_RESERVED_BYTES => {
                let reservation = Reservation::of(scope, self.bytes.len());
                with_reservation(self.bytes, reservation)
            }
            _ => self.bytes,
        }
    }
}

/// What became of a body that is sent.
pub enum Outgoing<'s> {
    /// There is none.
    Null,
    /// Bytes, which are reserved where they are many.
    Bytes(Bytes),
    /// A stream from outside that no script has touched.
    Incoming(BodyStream),
    /// A stream that a script must read.
    Stream(Stream<'s>),
}

impl Body {
    fn with(state: State) -> Body {
        Body {
            state: RefCell::new(state),
            stream: Traced::default(),
        }
    }

    /// A body of bytes that came whole from outside.
    pub fn bytes(bytes: Bytes) -> Body {
        Body::with(State::Bytes(Kept::few(bytes)))
    }

    /// A body of bytes that the app made.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory limit.
    pub fn from_app(scope: &mut Scope, bytes: Bytes) -> Fallible<Body> {
        Ok(Body::with(State::Bytes(Kept::new(scope, bytes)?)))
    }

    /// A body that a host or a peer sends.
    pub fn from_wire(scope: &mut Scope, body: nano_worker::Body) -> Body {
        Body::with(match body {
            nano_worker::Body::Empty => State::Null,
            nano_worker::Body::Full(bytes) => State::Bytes(Kept::few(bytes)),
            nano_worker::Body::Stream(stream) => State::incoming(scope, stream, None),
        })
    }

    /// The body of a response, which the signal of its request may abort.
    pub(super) fn abortable(
        scope: &mut Scope,
        stream: BodyStream,
        abortable: AbortableBody,
    ) -> Body {
        Body::with(State::incoming(scope, stream, Some(abortable)))
    }

    /// A body that is a stream of the app's.
    pub(super) fn stream(scope: &mut Scope, stream: v8::Local<v8::Object>) -> Body {
        Body {
            state: RefCell::new(State::Stream(None)),
            stream: Traced::new(scope, stream),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-bodyinit-extract>: the body, and its type where it has one.
    pub fn extract<'s>(
        scope: &mut Scope<'s, '_>,
        init: BodyInit<'s>,
    ) -> Fallible<(Body, Option<Cow<'static, [u8]>>)> {
        Ok(match init {
            BodyInit::ReadableStream(stream) => {
                // If object is disturbed or locked, then throw a TypeError.
                if stream_state(scope, stream.object())? != 0 {
                    return Err(type_error(
                        "the body's stream is locked or was read already",
                    ));
                }
                (Body::stream(scope, stream.object()), None)
            }
            BodyInit::Blob(blob) => {
                let content_type =
                    (!blob.content_type().is_empty()).then(|| blob.content_type_bytes().into());
                let bytes = blob.data().to_bytes(scope)?;
                (Body::from_app(scope, bytes)?, content_type)
            }
            BodyInit::BufferSource(buffer) => {
                let bytes = buffer.to_vec(scope)?.into();
                (Body::from_app(scope, bytes)?, None)
            }
            BodyInit::FormData(form) => {
                let (boundary, bytes) = form.to_multipart(scope)?;
                let content_type = format!("multipart/form-data; boundary={boundary}");
                (
                    Body::from_app(scope, bytes.into())?,
                    Some(content_type.into_bytes().into()),
                )
            }
            BodyInit::UrlSearchParams(parameters) => {
                let content_type = &b"application/x-www-form-urlencoded;charset=UTF-8"[..];
                let text = parameters.serialize(scope)?;
                (
                    Body::from_app(scope, text.into())?,
                    Some(content_type.into()),
                )
            }
            BodyInit::UsvString(text) => (
                Body::from_app(scope, text.into())?,
                Some(Cow::Borrowed(&b"text/plain;charset=UTF-8"[..])),
            ),
        })
    }

    /// Whether there is no body.
    pub fn is_null(&self) -> bool {
        matches!(*self.state.borrow(), State::Null)
    }

    /// The app's stream object, if the body is one.
    fn stream_object<'s>(&self, scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, v8::Object>> {
        let is_stream = matches!(*self.state.borrow(), State::Stream(_));
        self.stream.get(scope).filter(|_| is_stream)
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-body>
    pub fn as_stream<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Option<Stream<'s>>> {
        if let Some(stream) = self.stream_object(scope) {
            return Ok(Some(ScriptRef::trusted(stream)));
        }
        let mut abort = None;
        let (source, bytes) = match self.state.replace(State::Used) {
            State::Null => {
                self.state.replace(State::Null);
                return Ok(None);
            }
            State::Bytes(kept) => {
                // The stream may be kept for longer than this object.
                let source = NativeSource::bytes(kept.bytes.clone(), Some(Box::new(kept.share())));
                (source, Some(kept))
            }
            State::Incoming(incoming) => {
                let Incoming { stream, abortable } = *incoming;
                abort = abortable
                    .as_ref()
                    .map(|abortable| abortable.state().clone());
                let guard = abortable.map(|abortable| Box::new(abortable) as Box<dyn Any>);
                (NativeSource::stream(stream, guard), None)
            }
            // Read without a stream: what the app sees is one that was read.
            State::Used => (NativeSource::bytes(Bytes::new(), None), None),
            State::Stream(..) => unreachable!("returned above"),
        };
        let used = bytes.is_none() && source.is_spent();
        let source = Ref::new(scope, source);
        let stream = script::call(scope, "bodyStream", &[source.object().into()])?;
        let stream: v8::Local<v8::Object> =
            stream.try_into().map_err(|_| type_error("no stream"))?;
        if used {
            let arguments = [stream.into(), name(scope, "bytes"), name(scope, "")];
            script::call(scope, "consumeStream", &arguments)?;
        }
        self.stream.set(scope, stream);
        self.state.replace(State::Stream(bytes));
        if let Some(abort) = abort {
            abort.set_stream(scope, stream);
        }
        Ok(Some(ScriptRef::trusted(stream)))
    }

    /// <https://fetch.spec.whatwg.org/#dom-body-bodyused>
    pub fn is_used(&self, scope: &mut Scope) -> bool {
        match self.stream_object(scope) {
            Some(stream) => stream_state(scope, stream).is_ok_and(|state| state & DISTURBED != 0),
            None => matches!(*self.state.borrow(), State::Used),
        }
    }

    /// <https://fetch.spec.whatwg.org/#body-unusable>
    pub fn is_unusable(&self, scope: &mut Scope) -> bool {
        match self.stream_object(scope) {
            Some(stream) => !stream_state(scope, stream).is_ok_and(|state| state == 0),
            None => matches!(*self.state.borrow(), State::Used),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-body-consume-body>
    pub fn consume<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        kind: Kind,
        content_type: Option<Vec<u8>>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        // 1. If object is unusable, then return a promise rejected with a TypeError.
        if self.is_unusable(scope) {
            return Err(type_error(
                "the body was read already, or its stream is locked",
            ));
        }
        let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
        if let State::Incoming(incoming) = &*self.state.borrow()
            && let Some(abortable) = &incoming.abortable
            && let Some(reason) = abortable.state().reason(scope)
        {
            resolver.reject(scope, reason).ok_or(Error::Thrown)?;
            return Ok(resolver.get_promise(scope));
        }
        let content_type = content_type.unwrap_or_default();
        let bytes = match self.claim(scope)? {
            Claim::Stream(stream) => {
                let content_type: Value =
                    v8::String::new_from_one_byte(scope, &content_type, v8::NewStringType::Normal)
                        .unwrap_or_else(|| v8::String::empty(scope))
                        .into();
                let kind = name(scope, kind.name());
                let arguments = [stream.into(), kind, content_type];
                let promise = script::call(scope, "consumeStream", &arguments)?;
                return promise.try_into().map_err(|_| type_error("no promise"));
            }
            // 5. If object's body is null, then run successSteps given an empty byte sequence.
            Claim::Null => Bytes::new(),
            Claim::Bytes(kept) => kept.bytes,
            Claim::Incoming(stream, abortable) => {
                let collected = collect(stream, nano_engine::State::from_scope(scope).handle());
                let promise = promise_op(scope, collected, move |scope, bytes| {
                    if let Some(reason) =
                        abortable.and_then(|abortable| abortable.state().reason(scope))
                    {
                        return Err(reason);
                    }
                    let (packaged, blame) = match bytes {
                        Ok((bytes, room)) => {
                            let room = Some(room.into_reservation());
                            (package_data(scope, kind, &content_type, bytes, room), None)
                        }
                        Err(error) => (Err(type_error(error.to_string())), blame::of(&error)),
                    };
                    packaged.map_err(|error| {
                        let exception = error.to_exception(scope);
                        if let (Some(exception), Some(blame)) = (exception, blame) {
                            blame.mark(scope, exception);
                        }
                        exception.unwrap_or_else(|| v8::undefined(scope).into())
                    })
                });
                return promise.ok_or(Error::Thrown);
            }
        };
        let value = package_data(scope, kind, &content_type, bytes, None)?;
        resolver.resolve(scope, value).ok_or(Error::Thrown)?;
        Ok(resolver.get_promise(scope))
    }

    /// <https://fetch.spec.whatwg.org/#concept-body-clone>. The body must not be unusable.
    pub fn clone_body(&self, scope: &mut Scope) -> Fallible<Body> {
        if self.is_null() {
            return Ok(Body::default());
        }
        if let State::Bytes(kept) = &*self.state.borrow() {
            return Ok(Body::with(State::Bytes(kept.share())));
        }
        let Some(stream) = self.as_stream(scope)? else {
            return Ok(Body::default());
        };
        // « out1, out2 » is the result of teeing body's stream.
        let branches = script::call(scope, "teeBody", &[stream.object().into()])?;
        let branches: v8::Local<v8::Object> =
            branches.try_into().map_err(|_| type_error("no branches"))?;
        let branch = |index| -> Fallible<v8::Local<v8::Object>> {
            let branch = branches.get_index(scope, index).ok_or(Error::Thrown)?;
            branch.try_into().map_err(|_| type_error("no branch"))
        };
        let (first, second) = (branch(0)?, branch(1)?);
        self.stream.set(scope, first);
        self.state.replace(State::Stream(None));
        Ok(Body::stream(scope, second))
    }

    /// Moves the body into another request: this one is used up afterwards. The body must not be unusable.
    pub fn transfer(&self, scope: &mut Scope) -> Fallible<Body> {
        if let Some(stream) = self.stream_object(scope) {
            // https://streams.spec.whatwg.org/#readablestream-create-a-proxy
            let proxy = script::call(scope, "proxyStream", &[stream.into()])?;
            let proxy = proxy.try_into().map_err(|_| type_error("no stream"))?;
            return Ok(Body::stream(scope, proxy));
        }
        Ok(Body::with(self.state.replace(State::Used)))
    }

    /// Takes the body away, to be sent. The body must not be unusable.
    ///
    /// # Errors
    /// The isolate ends.
    pub fn send<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Outgoing<'s>> {
        Ok(match self.claim(scope)? {
            Claim::Null => Outgoing::Null,
            Claim::Bytes(kept) => Outgoing::Bytes(kept.leave(scope)),
            Claim::Incoming(stream, _) => Outgoing::Incoming(stream),
            Claim::Stream(stream) => Outgoing::Stream(ScriptRef::trusted(stream)),
        })
    }

    /// As [`send`](Self::send), of what the body is when it is compressed by a `CompressionFormat`.
    ///
    /// # Errors
    /// There is no memory for what compresses it, or the isolate ends.
    pub fn send_compressed<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: &str,
    ) -> Fallible<Outgoing<'s>> {
        v8::tc_scope!(let scope, scope);
        let Some(stream) = self.as_stream(scope)? else {
            return Ok(Outgoing::Null);
        };
        let arguments = [stream.object().into(), name(scope, format)];
        let compressed = script::call(scope, "compressStream", &arguments)?;
        let compressed = compressed.try_into().map_err(|_| type_error("no stream"))?;
        Ok(Outgoing::Stream(ScriptRef::trusted(compressed)))
    }

    /// What is in the body, for whoever uses it up. It must not be unusable.
    pub(super) fn claim<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Claim<'s>> {
        let claim = self.claim_unread(scope)?;
        if let Claim::Incoming(stream, _) = &claim {
            // It may be polled only after the response is complete.
            stream.begin();
        }
        Ok(claim)
    }

    fn claim_unread<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Claim<'s>> {
        let Some(stream) = self.stream_object(scope) else {
            return Ok(match self.state.replace(State::Used) {
                State::Bytes(kept) => Claim::Bytes(kept),
                State::Incoming(incoming) => {
                    let Incoming { stream, abortable } = *incoming;
                    Claim::Incoming(stream, abortable)
                }
                State::Null => {
                    self.state.replace(State::Null);
                    Claim::Null
                }
                State::Stream(..) | State::Used => Claim::Null,
            });
        };
        // OPTIMIZATION: a stream over native bytes that nobody has touched becomes those bytes again, and they move without
        // JavaScript. What the app sees is a stream that was read.
        let source = script::call(scope, "takeNativeSource", &[stream.into()])?;
        let Some(source) = Ref::<NativeSource>::from_value(scope, source) else {
            return Ok(Claim::Stream(stream));
        };
        let kept = match &mut *self.state.borrow_mut() {
            State::Stream(kept) => kept.take(),
            _ => None,
        };
        Ok(match (source.value().take(scope), kept) {
            // They are reserved already.
            (Taken::Bytes(_), Some(kept)) => Claim::Bytes(kept),
            (Taken::Bytes(bytes), None) => Claim::Bytes(Kept::few(bytes)),
            (Taken::Stream(stream, guard), _) => {
                let guard = guard.and_then(|guard| guard.downcast::<AbortableBody>().ok());
                Claim::Incoming(stream, guard.map(|abortable| *abortable))
            }
        })
    }
}

/// What was in a body.
pub(super) enum Claim<'s> {
    Null,
    Bytes(Kept),
    Incoming(BodyStream, Option<AbortableBody>),
    /// A stream that a script must read.
    Stream(v8::Local<'s, v8::Object>),
}

const DISTURBED: i32 = 2;

/// How many bytes a stream will have, if its source knows.
pub(crate) fn stream_length<'s>(
    scope: &mut Scope<'s, '_>,
    stream: &Stream<'s>,
) -> Fallible<Option<u64>> {
    let length = script::call(scope, "streamLength", &[stream.object().into()])?;
    // It was an `unsigned long long`.
    Ok(length
        .is_number()
        .then(|| length.integer_value(scope).unwrap_or(0) as u64))
}

/// An interface that includes the mixin `Body`, <https://fetch.spec.whatwg.org/#body-mixin>.
pub trait WithBody {
    /// The header list of the request or response.
    fn header_list(&self) -> &Rc<AppHeaderList>;

    /// The body of the request or response.
    fn body_ref(&self) -> &Body;

    /// <https://fetch.spec.whatwg.org/#concept-body-consume-body>
    fn consume<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        kind: Kind,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        let list = self.header_list().borrow();
        let content_type = list.get_within(&CONTENT_TYPE, |length| require_room(scope, length))?;
        drop(list);
        self.body_ref().consume(scope, kind, content_type)
    }
}

impl<T: PlatformObject + WithBody> BodyMethods for T {
    fn body<'s>(&self, scope: &mut Scope<'s, '_>) -> Option<Stream<'s>> {
        self.body_ref().as_stream(scope).ok().flatten()
    }

    fn body_used(&self, scope: &mut Scope) -> bool {
        self.body_ref().is_used(scope)
    }

    fn array_buffer<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::ArrayBuffer)
    }

    fn blob<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::Blob)
    }

    fn bytes<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::Bytes)
    }

    fn form_data<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::FormData)
    }

    fn json<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::Json)
    }

    fn text<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        self.consume(scope, Kind::Text)
    }
}

/// Bit 1: locked; bit 2: disturbed.
fn stream_state<'s>(scope: &mut Scope<'s, '_>, stream: v8::Local<'s, v8::Object>) -> Fallible<i32> {
    let state = script::call(scope, "streamState", &[stream.into()])?;
    Ok(state.int32_value(scope).unwrap_or(0))
}

pub(super) fn name<'s>(scope: &mut Scope<'s, '_>, text: &str) -> Value<'s> {
    v8::String::new(scope, text)
        .unwrap_or_else(|| v8::String::empty(scope))
        .into()
}
