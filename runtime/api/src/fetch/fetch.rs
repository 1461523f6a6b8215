//! `fetch()`: <https://fetch.spec.whatwg.org/#fetch-method>, as a server's runtime sees it.
//!
//! DEPARTURE: there is no origin to protect, so there is no CORS, no cookie jar, no referrer, and responses are not filtered. There is
//! no HTTP cache either.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use nano_engine::external_memory::{ExternalMemory, Reservation};
use nano_engine::thread_io::Driven;
use nano_engine::{ErrorReport, OpId, State, ThreadIo, external_memory, spawn_op};
use nano_webidl::{
    DomExceptionName, Error, ExternalSize as _, Fallible, Realm, Ref, Scope, Value, require_room,
    script,
};
use nano_websocket::{ClientHandshake, Protocols};
use nano_worker::cdn_loop::CDN_LOOP;
use nano_worker::{BodyError, BodyErrorKind, BodyStream, Cut};

use super::abort::{self, BodyAbort, Watch};
use super::blame::Blame;
use super::body::{Body, Outgoing, Stream, WithBody as _, stream_length};
use super::client::{
    Answer, AnswerBody, Arriving, Exchange, Failure, Outbound, RequestBody, Way, matches_integrity,
    request_headers,
};
use super::header_list::HeaderList;
use super::request::Request;
use super::response::Response;
use super::subrequests::{self, Allowance};
use super::websocket::{Opened, WebSockets};
use super::{blob_url, client, data_url};
use crate::bindings::request::RequestMethods as _;
use crate::bindings::types::{RequestCache, RequestInfo, RequestInit, RequestMode};
use crate::bindings::worker_global_scope::FetchGlobalMethods;
use crate::environment::request_context::WorkId;
use crate::environment::{Environment, request_context};
use crate::nano::worker_global_scope::WorkerGlobalScope;
use crate::reserved::MIN_RESERVED_BYTES;
use crate::streams::native_sink::NativeSink;
use crate::url::UrlRecord;

/// Bytes of a streamed request body that may wait for the network.
const REQUEST_BYTES: usize = 256 << 10;
/// About what a call takes by itself.
const CALL: usize = 512;

impl FetchGlobalMethods for WorkerGlobalScope {
    fn fetch<'s>(
        scope: &mut Scope<'s, '_>,
        input: RequestInfo<'s>,
        init: RequestInit<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        fetch(scope, input, init, Way::Network)
    }
}

/// <https://fetch.spec.whatwg.org/#dom-global-fetch>, by this way.
pub(crate) fn fetch<'s>(
    scope: &mut Scope<'s, '_>,
    input: RequestInfo<'s>,
    init: RequestInit<'s>,
    way: Way,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    // 1. Let p be a new promise.
    let resolver = v8::PromiseResolver::new(scope).ok_or(Error::Thrown)?;
    let promise = resolver.get_promise(scope);
    // 2. Let requestObject be the result of invoking the constructor of Request. If this throws, reject p with it.
    let request = Request::constructor(scope, input, init)?;
    // The request has no wrapper that would keep these alive: from here on handles do.
    let signal = request.signal_if_any(scope);
    let body = request.body_ref().send(scope)?;
    // 4. If requestObject's signal is aborted, then abort the fetch() call, and return p.
    if let Some(signal) = signal
        && let Some(reason) = abort::reason(scope, signal)?
    {
        resolver.reject(scope, reason);
        if let Outgoing::Stream(stream) = body {
            script::call(scope, "cancelStream", &[stream.object().into(), reason])?;
        }
        return Ok(promise);
    }
    // 12. Fetch.
    match scheme_fetch(scope, resolver, &request, way, signal, body)? {
        Ok(()) => {}
        Err(failure) => reject(scope, resolver, &failure),
    }
    Ok(promise)
}

/// <https://fetch.spec.whatwg.org/#scheme-fetch>
fn scheme_fetch<'s>(
    scope: &mut Scope<'s, '_>,
    resolver: v8::Local<'s, v8::PromiseResolver>,
    request: &Request,
    way: Way,
    signal: Option<v8::Local<'s, v8::Object>>,
    body: Outgoing<'s>,
) -> Fallible<Result<(), Failure>> {
    let Some(url) = request.parsed_url() else {
        return Ok(Err(Failure::new("the request's URL is invalid")));
    };
    match url.protocol() {
        "http:" | "https:" => {
            // They are copied, to go to a server or to another app.
            let size = request.header_list().borrow().external_size();
            require_room(scope, size.saturating_mul(client::HEADER_COPIES))?;
            let exchange = match new_exchange(scope, request, way, url) {
                Ok(exchange) => exchange,
                Err(failure) => return Ok(Err(failure)),
            };
            // Who streams a body may know how long it will be.
            let length = request.header_list().borrow().get(&CONTENT_LENGTH);
            let length = length.and_then(|length| std::str::from_utf8(&length).ok()?.parse().ok());
            Call::start(scope, resolver, exchange, length, signal, body).map(Ok)
        }
        scheme if matches!(way, Way::App(..)) => Ok(Err(Failure::new(format!(
            "an app cannot be asked for '{scheme}' URLs: http: and https: are what it answers to"
        )))),
        "data:" => {
            require_room(scope, data_url::room(url.href()))?;
            Ok(data_url_response(request, url.href()).map(|response| {
                let response = Ref::new(scope, response);
                resolver.resolve(scope, response.object().into());
            }))
        }
        "blob:" => Ok(blob_url::response(scope, request, url)?.map(|response| {
            let response = Ref::new(scope, response);
            resolver.resolve(scope, response.object().into());
        })),
        scheme => Ok(Err(Failure::new(format!(
            "the scheme '{scheme}' cannot be fetched: http:, https:, data: and blob: can"
        )))),
    }
}

/// The part of a request that goes to the network, or to another app.
fn new_exchange(
    scope: &mut Scope,
    request: &Request,
    way: Way,
    url: &UrlRecord,
) -> Result<(Exchange, Allowance), Failure> {
    let outbound = State::from_scope(scope)
        .extension::<Arc<Outbound>>()
        .clone();
    if request.cache() == RequestCache::OnlyIfCached {
        return Err(Failure::new(
            "there is no HTTP cache, which the request's cache mode 'only-if-cached' wants",
        ));
    }
    let list = request.header_list().borrow();
    let (mut headers, coding) = request_headers(&list, request.cache(), way.is_network())?;
    // As in Workers: https://developers.cloudflare.com/workers/examples/websockets/#write-a-websocket-client
    let handshake = match list.get(&UPGRADE) {
        Some(upgrade) if upgrade.eq_ignore_ascii_case(b"websocket") => {
            let handshake = ClientHandshake::new(Protocols::Any);
            Some(Box::new(handshake))
        }
        _ => None,
    };
    drop(list);
    let only_origin = (request.mode() == RequestMode::SameOrigin)
        .then(|| Environment::of(scope).origin())
        .flatten();
    let mut allowance = subrequests::count(scope, &outbound)?;
    if let Some(value) = allowance.cdn_loop.take() {
        // An app cannot take away where its request has come through.
        headers.insert(CDN_LOOP, value);
    }
    let exchange = Exchange {
        way,
        caller: allowance.request(),
        outbound,
        isolate: Some(State::from_scope(scope).handle()),
        method: request.http_method().clone(),
        url: url.clone(),
        headers,
        trace: allowance.trace.take(),
        origin: allowance.origin.take(),
        coding,
        body: RequestBody::Null,
        redirect: request.redirect_mode(),
        only_origin,
        integrity: request.integrity_metadata().to_owned(),
        redirects: 0,
        redirects_left: allowance.left,
        handshake,
        driven: None,
    };
    Ok((exchange, allowance))
}

fn data_url_response(request: &Request, url: &str) -> Result<Response, Failure> {
    let (content_type, bytes) = data_url::process(url)?;
    let mut headers = HeaderList::default();
    headers.append(CONTENT_TYPE, content_type);
    if !matches_integrity(&bytes, request.integrity_metadata()) {
        return Err(client::integrity_mismatch());
    }
    let body = if *request.http_method() == Method::HEAD {
        Body::default()
    } else {
        Body::bytes(bytes)
    };
    let url = url.split('#').next().unwrap_or_default().to_owned();
    Ok(Response::from_network(
        url,
        false,
        200,
        b"OK".to_vec(),
        headers,
        body,
    ))
}

/// One call of `fetch()` that waits for the network.
struct Call {
    resolver: v8::Global<v8::PromiseResolver>,
    is_settled: Cell<bool>,
    op: Cell<Option<OpId>>,
    watch: RefCell<Option<Watch>>,
    upload: RefCell<Option<Upload>>,
    download: RefCell<Option<Rc<BodyAbort>>>,
    /// What ends it with the request that it is made for.
    work: Cell<Option<WorkId>>,
    /// What its request holds, as long as that may be on its way.
    memory: ExternalMemory,
}

/// The app's stream that is sent, and the [`NativeSink`] that it goes to.
struct Upload {
    stream: v8::Global<v8::Object>,
    sink: v8::Global<v8::Object>,
}

impl Call {
    fn start<'s>(
        scope: &mut Scope<'s, '_>,
        resolver: v8::Local<'s, v8::PromiseResolver>,
        (mut exchange, allowance): (Exchange, Allowance),
        length: Option<u64>,
        signal: Option<v8::Local<'s, v8::Object>>,
        body: Outgoing<'s>,
    ) -> Fallible<()> {
        abort::clean_up(scope);
        let call = Rc::new(Call {
            resolver: v8::Global::new(scope, resolver),
            is_settled: Cell::new(false),
            op: Cell::default(),
            watch: RefCell::default(),
            upload: RefCell::default(),
            download: RefCell::default(),
            work: Cell::default(),
            memory: ExternalMemory::default(),
        });
        let call_to_end = call.clone();
        call.work
            .set(allowance.work(scope, move |scope| call_to_end.request_is_over(scope)));
        // 11. Add the following abort steps to requestObject's signal.
        if let Some(signal) = signal {
            let call_to_abort = call.clone();
            let watch = Watch::new(scope, signal, move |scope, reason| {
                call_to_abort.abort(scope, reason)
            })?;
            call.watch.replace(Some(watch));
        }
        exchange.body = match body {
            Outgoing::Null => RequestBody::Null,
            Outgoing::Bytes(bytes) => RequestBody::Bytes(bytes),
            Outgoing::Incoming(stream) => RequestBody::Stream(stream),
            Outgoing::Stream(stream) => {
                let length = match length {
                    None => stream_length(scope, &stream)?,
                    given => given,
                };
                RequestBody::Stream(call.upload(scope, stream, length)?)
            }
        };
        // A stream may have failed at once.
        if call.is_settled.get() {
            return Ok(());
        }
        call.memory.set(CALL + exchange.size());
        let this = call.clone();
        let state = State::from_scope(scope);
        let io = if exchange.outbound.is_an_apps() {
            // Elsewhere many of them would be in the way of other apps' requests.
            state.handle().thread_io()
        } else {
            state.thread_io().cloned()
        };
        // What is on its way needs its runtime, also when the app has handed it on and is gone.
        let driven = io.as_ref().and_then(ThreadIo::keep_driven);
        if exchange.handshake.is_some() {
            exchange.driven = io.as_ref().and_then(ThreadIo::keep_driven);
        }
        let spawned = spawn_op(scope, exchange.run(), move |scope, outcome| {
            this.op.take();
            let outcome =
                outcome.unwrap_or_else(|panicked| Err(Failure::new(panicked.to_string())));
            if let Ok(answer) = &outcome {
                allowance.add(scope, answer.redirects);
            }
            match outcome {
                Ok(answer) => this.respond(scope, answer, driven, &allowance),
                Err(failure) => {
                    allowance.failed(scope, &failure);
                    this.fail(scope, &failure);
                }
            }
        });
        match spawned {
            Ok(op) => call.op.set(Some(op)),
            Err(error) => call.fail(scope, &Failure::new(error.to_string())),
        }
        Ok(())
    }

    /// Starts to read the app's stream, which is the request's body. `length` is its size where the app has said it.
    fn upload<'s>(
        self: &Rc<Self>,
        scope: &mut Scope<'s, '_>,
        stream: Stream<'s>,
        length: Option<u64>,
    ) -> Fallible<BodyStream> {
        let (writer, reader) = BodyStream::bounded(REQUEST_BYTES, length);
        // Its first bytes are not reserved.
        let mut few = Reservation::of(scope, 0);
        reader.measure(move |waiting| few.set(waiting.min(MIN_RESERVED_BYTES)));
        let call = Rc::downgrade(self);
        let sink = new_sink(writer, call);
        let sink = Ref::new(scope, sink).object();
        let upload = Upload {
            stream: v8::Global::new(scope, stream.object()),
            sink: v8::Global::new(scope, sink),
        };
        self.upload.replace(Some(upload));
        script::call(scope, "pumpBody", &[stream.object().into(), sink.into()])?;
        Ok(reader)
    }

    /// The response's head is here.
    fn respond(
        &self,
        scope: &mut Scope,
        answer: Answer,
        driven: Option<Driven>,
        allowance: &Allowance,
    ) {
        let watch = self.watch.take();
        self.done(scope);
        self.memory.set(0);
        let body = match (answer.body, watch) {
            (AnswerBody::Null, _) => Body::default(),
            (AnswerBody::Bytes(bytes), Some(watch)) if !bytes.is_empty() => {
                // An abort takes away what has arrived but was not read.
                let length = bytes.len();
                let chunks = futures_util::stream::iter([Ok(bytes)]);
                let mut stream = BodyStream::direct(chunks, Some(length as u64));
                stream.keep(Reservation::of(scope, length));
                self.abortable_body(scope, stream, watch, None)
            }
            (AnswerBody::Bytes(bytes), _) => Body::bytes(bytes),
            (AnswerBody::Arriving(arriving), watch) => {
                let Arriving {
                    chunks,
                    length,
                    passed_on,
                    waiting,
                } = arriving;
                chunks.keep(driven);
                let cut = chunks.cut();
                // It ends with the body that it ends, so nobody need say when that is read.
                allowance.work(scope, move |_| cut.cut(aborted()));
                let cut = chunks.cut();
                let mut stream = BodyStream::direct(chunks, length);
                stream.tell_when_passed_on(passed_on);
                stream.keep(Reservation::of(scope, waiting));
                match watch {
                    Some(watch) => self.abortable_body(scope, stream, watch, Some(cut)),
                    None => Body::from_wire(scope, nano_worker::Body::Stream(stream)),
                }
            }
        };
        let redirected = answer.redirects > 0;
        let socket = match answer.socket {
            Some(opened) => match socket(scope, opened) {
                Ok(socket) => Some(socket),
                // Only a termination makes it fail.
                Err(_) => return,
            },
            None => None,
        };
        let response = Response::from_network(
            answer.url,
            redirected,
            answer.status.as_u16(),
            answer.reason,
            answer.headers,
            body,
        );
        let response = Ref::new(scope, response);
        if let Some(socket) = socket {
            response.value().set_socket(scope, socket);
        }
        external_memory::settle(scope);
        self.is_settled.set(true);
        let resolver = v8::Local::new(scope, &self.resolver);
        resolver.resolve(scope, response.object().into());
        abort::clean_up(scope);
    }

    fn abortable_body(
        &self,
        scope: &mut Scope,
        stream: BodyStream,
        watch: Watch,
        cut: Option<Cut>,
    ) -> Body {
        let abortable = watch.of_body(scope, cut);
        self.download.replace(Some(abortable.state().clone()));
        Body::abortable(scope, stream, abortable)
    }

    /// There will be no response.
    fn fail(&self, scope: &mut Scope, failure: &Failure) {
        let exception = exception(scope, failure);
        self.end(scope, exception);
        abort::clean_up(scope);
    }

    /// The app's stream, which is the request's body, failed.
    fn upload_failed<'s>(&self, scope: &mut Scope<'s, '_>, reason: Value<'s>) {
        if self.is_settled.get() {
            return; // The connection ends with the body, and the response's body fails with it.
        }
        let report = ErrorReport::new(scope, reason, None);
        let exception = exception(
            scope,
            &Failure::new(format!("the request's body failed: {}", report.message)),
        );
        set_cause(scope, exception, reason);
        self.end(scope, exception);
    }

    /// There is no more work for the request's end to end.
    fn done(&self, scope: &Scope) {
        if let Some(work) = self.work.take() {
            request_context::done(scope, work);
        }
    }

    /// The request that the fetch is made for is over before there is a response.
    fn request_is_over(&self, scope: &mut Scope) {
        let reason = Realm::dom_exception(scope, DomExceptionName::Abort, subrequests::OVER);
        self.abort(scope, reason);
    }

    /// <https://fetch.spec.whatwg.org/#abort-fetch>
    fn abort<'s>(&self, scope: &mut Scope<'s, '_>, reason: Value<'s>) {
        // 1. Reject promise with error.
        self.end(scope, reason);
        // 2. If request's body is non-null and is readable, then cancel request's body with error. What was sent of it so far must not
        // look like the whole.
        if let Some(upload) = self.upload.take() {
            let sink = v8::Local::new(scope, &upload.sink);
            if let Some(sink) = Ref::<NativeSink>::from_value(scope, sink.into()) {
                sink.value().cut_short();
            }
            let stream = v8::Local::new(scope, &upload.stream);
            // Only a termination makes it fail.
            let _ = script::call(scope, "cancelStream", &[stream.into(), reason]);
        }
        // 4. to 6. If response's body is non-null and is readable, then error response's body with error.
        if let Some(download) = self.download.take() {
            download.abort(scope, reason);
        }
    }

    /// Rejects the promise if it is pending, and drops what is under way.
    fn end<'s>(&self, scope: &mut Scope<'s, '_>, exception: Value<'s>) {
        drop(self.watch.take());
        self.done(scope);
        self.memory.set(0);
        if let Some(op) = self.op.take() {
            State::from_scope(scope).ops().cancel(op);
        }
        if !self.is_settled.replace(true) {
            let resolver = v8::Local::new(scope, &self.resolver);
            nano_engine::reject(scope, resolver, exception);
        }
    }
}

/// What the connection of a response has become, for the app.
fn socket<'s>(scope: &mut Scope<'s, '_>, opened: Opened) -> Fallible<v8::Local<'s, v8::Object>> {
    let WebSockets(make) = State::from_scope(scope).extension::<WebSockets>();
    make(scope, opened)
}

/// What the reader of a body sees that ends before its time.
pub(super) fn aborted() -> BodyError {
    BodyError::new(BodyErrorKind::CutShort, "the fetch was aborted")
}

/// A sink whose failure is the call's.
fn new_sink(writer: nano_worker::BodyWriter, call: Weak<Call>) -> NativeSink {
    NativeSink::new(writer, (), move |scope, reason| {
        if let Some(call) = call.upgrade() {
            call.upload_failed(scope, reason);
        }
    })
}

/// A network error as the app sees it.
fn exception<'s>(scope: &mut Scope<'s, '_>, failure: &Failure) -> Value<'s> {
    let message = format!("fetch failed: {failure}");
    let message = v8::String::new(scope, &message).unwrap_or_else(|| v8::String::empty(scope));
    let exception = v8::Exception::type_error(scope, message);
    Blame::Peer.mark(scope, exception);
    exception
}

fn reject<'s>(
    scope: &mut Scope<'s, '_>,
    resolver: v8::Local<'s, v8::PromiseResolver>,
    failure: &Failure,
) {
    let exception = exception(scope, failure);
    resolver.reject(scope, exception);
}

/// <https://tc39.es/ecma262/#sec-installerrorcause>
fn set_cause<'s>(scope: &mut Scope<'s, '_>, exception: Value<'s>, cause: Value<'s>) {
    let (Ok(exception), Some(key)) = (
        v8::Local::<v8::Object>::try_from(exception),
        v8::String::new(scope, "cause"),
    ) else {
        return;
    };
    exception.define_own_property(scope, key.into(), cause, v8::PropertyAttribute::DONT_ENUM);
}
