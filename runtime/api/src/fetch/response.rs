//! `Response`, <https://fetch.spec.whatwg.org/#response-class>.

use std::borrow::Cow;
use std::rc::Rc;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};
use nano_webidl::{
    Error, Fallible, Ref, Scope, ScriptRef, Trace, Traced, Value, range_error, room, type_error,
};
use nano_worker::CachedResponse;

use super::body::{Body, WithBody};
use super::header_list::{AppHeaderList, HeaderList};
use super::headers::{Guard, Headers};
use super::message_headers::MessageHeaders;
use crate::bindings::marker;
use crate::bindings::response::{NanoResponseMethods, ResponseMethods};
use crate::bindings::types::{BodyInit, ResponseEncodeBody, ResponseInit, ResponseType};
use crate::environment::Environment;

/// A response, of the app's or from the network.
#[derive(Trace)]
#[own_memory]
pub struct Response {
    #[untraced]
    kind: ResponseType,
    url: String,
    redirected: bool,
    status: u16,
    status_text: Vec<u8>,
    #[untraced]
    headers: MessageHeaders,
    #[untraced]
    guard: Guard,
    body: Body,
    /// What its connection has become.
    socket: Traced<v8::Object>,
    /// Whether the body is compressed when it is sent, if the headers say that it is.
    encodes_body: bool,
}

impl Response {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        size_of::<AppHeaderList>() + self.url.len() + self.status_text.len()
    }

    fn with(guard: Guard, body: Body) -> Response {
        Response {
            kind: ResponseType::Default,
            url: String::new(),
            redirected: false,
            status: 200,
            status_text: Vec::new(),
            headers: MessageHeaders::default(),
            guard,
            body,
            socket: Traced::default(),
            encodes_body: false,
        }
    }

    /// What the network answered.
    pub fn from_network(
        url: String,
        redirected: bool,
        status: u16,
        reason: Vec<u8>,
        headers: HeaderList,
        body: Body,
    ) -> Response {
        Response {
            kind: ResponseType::Basic,
            url,
            redirected,
            status,
            status_text: reason,
            headers: MessageHeaders::over(Rc::new(headers.into())),
            guard: Guard::Immutable,
            body,
            socket: Traced::default(),
            encodes_body: false,
        }
    }

    /// Its connection has become this WebSocket.
    pub(crate) fn set_socket<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        socket: v8::Local<'s, v8::Object>,
    ) {
        self.socket.set(scope, socket);
    }

    /// The WebSocket that its connection has become, or is to become.
    pub(crate) fn socket<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Option<v8::Local<'s, v8::Object>> {
        self.socket.get(scope)
    }

    /// A response like this one, with a body of another length.
    pub(crate) fn with_stream(&self, scope: &mut Scope, stream: v8::Local<v8::Object>) -> Response {
        let mut headers = self.header_list().borrow().clone();
        headers.delete(&CONTENT_LENGTH);
        Response {
            kind: ResponseType::Default,
            url: self.url.clone(),
            redirected: self.redirected,
            status: self.status,
            status_text: self.status_text.clone(),
            headers: MessageHeaders::over(Rc::new(headers.into())),
            guard: Guard::Response,
            body: Body::stream(scope, stream),
            socket: Traced::default(),
            encodes_body: self.encodes_body,
        }
    }

    /// A cached response.
    ///
    /// # Errors
    /// A `RangeError` if its body does not fit into the app's memory limit.
    pub(crate) fn from_cache(scope: &mut Scope, cached: &CachedResponse) -> Fallible<Response> {
        let body = match &cached.body {
            None => Body::default(),
            Some(bytes) => Body::from_app(scope, bytes.clone())?,
        };
        Ok(Response {
            kind: match (cached.status, cached.is_from_network) {
                (0, _) => ResponseType::Error,
                (_, true) => ResponseType::Basic,
                (_, false) => ResponseType::Default,
            },
            url: cached.url.to_string(),
            redirected: cached.is_redirected,
            status: cached.status,
            status_text: cached.reason.to_vec(),
            headers: MessageHeaders::from_wire(cached.fields.clone()),
            ..Response::with(Guard::Immutable, body)
        })
    }

    /// What a cache keeps of it, but for its body.
    pub(crate) fn to_cache(&self) -> CachedResponse {
        let headers = self.header_list().borrow();
        let fields = headers.iter();
        CachedResponse {
            status: self.status,
            reason: self.status_text.as_slice().into(),
            url: self.url.as_str().into(),
            is_redirected: self.redirected,
            is_from_network: self.kind == ResponseType::Basic,
            fields: fields.map(|(name, value)| (name, &**value)).collect(),
            body: None,
        }
    }

    /// <https://fetch.spec.whatwg.org/#initialize-a-response>
    fn initialize<'s>(
        &mut self,
        scope: &mut Scope<'s, '_>,
        init: ResponseInit<'s>,
        content_type: Option<Cow<'static, [u8]>>,
    ) -> Fallible<()> {
        // As in Workers: https://developers.cloudflare.com/workers/runtime-apis/response/#parameters
        if let Some(socket) = init.web_socket {
            if init.status != 101 {
                return Err(range_error(format!(
                    "a response with a webSocket must have the status 101, not {}",
                    init.status
                )));
            }
            self.socket.set(scope, socket.object());
        } else if !(200..=599).contains(&init.status) {
            // 1. If init["status"] is not in the range 200 to 599, inclusive, then throw a RangeError.
            let hint = match init.status {
                101 => ": it is for a WebSocket, { status: 101, webSocket }",
                _ => "",
            };
            return Err(range_error(format!(
                "the status must be from 200 to 599, {} is not{hint}",
                init.status
            )));
        }
        // 2. If init["statusText"] is not the empty string and does not match the reason-phrase token production, then throw a TypeError.
        if !init
            .status_text
            .iter()
            .all(|&b| b == b'\t' || (b >= 0x20 && b != 0x7F))
        {
            return Err(type_error(
                "the status text is not a reason phrase: it has a control character",
            ));
        }
        // 3. and 4.
        self.status = init.status;
        self.status_text = init.status_text;
        self.encodes_body = init.encode_body == ResponseEncodeBody::Automatic;
        // 5. If init["headers"] exists, then fill response's headers with init["headers"].
        if let Some(headers) = init.headers {
            Headers::over(self.header_list().clone(), self.guard).fill(headers)?;
        }
        // 6. If body was given, then:
        if !self.body.is_null() {
            // 6.1 If response's status is a null body status, then throw a TypeError.
            if is_null_body_status(self.status) {
                return Err(type_error(format!(
                    "a response with status {} cannot have a body",
                    self.status
                )));
            }
            // 6.3 If body's type is non-null and response's header list does not contain `Content-Type`, then append it.
            if let Some(content_type) = content_type {
                self.headers.default_content_type(content_type);
            }
        }
        Ok(())
    }

    /// The status, 0 for network errors.
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// What the body is to be compressed by when it is sent; a name of `CompressionFormat`.
    pub(crate) fn sent_coding(&self) -> Option<&'static str> {
        if !self.encodes_body {
            return None;
        }
        let coding = self.header_list().borrow().get(&CONTENT_ENCODING)?;
        match coding.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some("gzip"),
            b"br" => Some("brotli"),
            b"deflate" => Some("deflate"),
            _ => None,
        }
    }

    /// The value of its only header, if that is the `Content-Type` of its body and nobody has asked for its headers.
    pub(crate) fn only_content_type(&self) -> Option<&'static [u8]> {
        self.headers.only_content_type()
    }

    /// The status text.
    pub fn reason(&self) -> &[u8] {
        &self.status_text
    }
}

/// <https://fetch.spec.whatwg.org/#null-body-status>
pub fn is_null_body_status(status: u16) -> bool {
    matches!(status, 101 | 103 | 204 | 205 | 304)
}

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub fn is_redirect_status(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

impl WithBody for Response {
    fn header_list(&self) -> &Rc<AppHeaderList> {
        self.headers.list()
    }

    fn body_ref(&self) -> &Body {
        &self.body
    }
}

impl NanoResponseMethods for Response {
    // https://developers.cloudflare.com/workers/runtime-apis/response/#properties
    fn web_socket<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Option<ScriptRef<'s, marker::WebSocket>> {
        self.socket.get(scope).map(ScriptRef::trusted)
    }
}

impl ResponseMethods for Response {
    // https://fetch.spec.whatwg.org/#dom-response
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        body: Option<BodyInit<'s>>,
        init: ResponseInit<'s>,
    ) -> Fallible<Self> {
        // 3. and 4. Let bodyWithType be null; if body is non-null, then set it to the result of extracting body.
        let (body, content_type) = match body {
            Some(body) => Body::extract(scope, body)?,
            None => (Body::default(), None),
        };
        // 5. Perform initialize a response given this, init, and bodyWithType.
        let mut response = Response::with(Guard::Response, body);
        response.initialize(scope, init, content_type)?;
        Ok(response)
    }

    // https://fetch.spec.whatwg.org/#dom-response-error
    fn error<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, Response>> {
        let response = Response {
            kind: ResponseType::Error,
            status: 0,
            ..Response::with(Guard::Immutable, Body::default())
        };
        Ok(Ref::new(scope, response))
    }

    // https://fetch.spec.whatwg.org/#dom-response-redirect
    fn redirect<'s>(
        scope: &mut Scope<'s, '_>,
        url: String,
        status: u16,
    ) -> Fallible<Ref<'s, Response>> {
        // 1. and 2. Let parsedURL be the result of parsing url with the base URL; if it is failure, then throw a TypeError.
        let parsed = Environment::of(scope).parse_url(&url)?;
        // 3. If status is not a redirect status, then throw a RangeError.
        if !is_redirect_status(status) {
            return Err(range_error(format!(
                "{status} is not a redirect status: 301, 302, 303, 307 or 308"
            )));
        }
        // 4. to 7.
        let response = Response {
            status,
            ..Response::with(Guard::Immutable, Body::default())
        };
        response
            .header_list()
            .change(|headers| headers.append(LOCATION, parsed.href().into()));
        Ok(Ref::new(scope, response))
    }

    // https://fetch.spec.whatwg.org/#dom-response-json
    fn from_json<'s>(
        scope: &mut Scope<'s, '_>,
        data: Value<'s>,
        init: ResponseInit<'s>,
    ) -> Fallible<Ref<'s, Response>> {
        // 1. Let bytes the result of running serialize a JavaScript value to JSON bytes on data.
        v8::tc_scope!(let attempt, scope);
        let text = v8::json::stringify(attempt, data);
        if attempt.has_caught() {
            attempt.rethrow();
            return Err(Error::Thrown);
        }
        // V8 gives the string "undefined" for what has no JSON form.
        let has_form = !(data.is_undefined() || data.is_function() || data.is_symbol());
        let text = text
            .filter(|_| has_form)
            .ok_or_else(|| type_error("the value has no JSON form"))?;
        let text = room::text(attempt, text)?;
        if text == "undefined" {
            return Err(type_error("the value has no JSON form"));
        }
        // 2. to 4.
        let body = Body::from_app(attempt, text.into())?;
        let mut response = Response::with(Guard::Response, body);
        let content_type = Some(Cow::Borrowed(&b"application/json"[..]));
        response.initialize(attempt, init, content_type)?;
        Ok(Ref::new(attempt, response))
    }

    // https://fetch.spec.whatwg.org/#dom-response-type
    fn type_(&self) -> ResponseType {
        self.kind
    }

    // https://fetch.spec.whatwg.org/#dom-response-url: without its fragment
    fn url(&self) -> String {
        self.url.split('#').next().unwrap_or_default().to_owned()
    }

    fn redirected(&self) -> bool {
        self.redirected
    }

    fn status(&self) -> u16 {
        self.status
    }

    fn ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }

    fn status_text(&self) -> Vec<u8> {
        self.status_text.clone()
    }

    fn headers<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, Headers> {
        Ref::new(scope, Headers::over(self.header_list().clone(), self.guard))
    }

    // https://fetch.spec.whatwg.org/#dom-response-clone
    fn clone<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, Response>> {
        if self.socket.get(scope).is_some() {
            return Err(type_error("a response with a webSocket cannot be cloned"));
        }
        // 1. If this is unusable, then throw a TypeError.
        if self.body.is_unusable(scope) {
            return Err(type_error(
                "the body was read already, or its stream is locked",
            ));
        }
        // 2. Let clonedResponse be the result of cloning this's response.
        let response = Response {
            kind: self.kind,
            url: self.url.clone(),
            redirected: self.redirected,
            status: self.status,
            status_text: self.status_text.clone(),
            headers: MessageHeaders::over(Rc::new(self.header_list().borrow().clone().into())),
            guard: self.guard,
            body: self.body.clone_body(scope)?,
            socket: Traced::default(),
            encodes_body: self.encodes_body,
        };
        Ok(Ref::new(scope, response))
    }
}
