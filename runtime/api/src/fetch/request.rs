//! `Request`, <https://fetch.spec.whatwg.org/#request-class>.

use std::cell::OnceCell;
use std::rc::Rc;

use http::header::CONTENT_TYPE;
use nano_webidl::{
    Fallible, Ref, Scope, ScriptRef, Trace, Traced, Value, room, script, type_error,
};
use nano_worker::Fields;

use super::body::{Body, WithBody};
use super::header_list::AppHeaderList;
use super::headers::{Guard, Headers};
use super::message_headers::MessageHeaders;
use crate::bindings::marker;
use crate::bindings::request::{NanoRequestMethods, RequestMethods};
use crate::bindings::types::{
    ReferrerPolicy, RequestCache, RequestCredentials, RequestDestination, RequestDuplex,
    RequestInfo, RequestInit, RequestMode, RequestRedirect,
};
use crate::environment::Environment;
use crate::fileapi::blob_url::{self, BlobUrlEntry};
use crate::url::UrlRecord;

/// A request that the app makes, or one that it was sent.
#[derive(Trace)]
#[own_memory]
pub struct Request {
    #[untraced]
    method: http::Method,
    #[untraced]
    url: RequestUrl,
    #[untraced]
    headers: MessageHeaders,
    #[untraced]
    guard: Guard,
    body: Body,
    #[untraced]
    options: Options,
    signal: Signal,
}

/// What a server sees of a request's other properties: they are kept and shown.
#[derive(Clone)]
struct Options {
    referrer: Referrer,
    referrer_policy: ReferrerPolicy,
    mode: RequestMode,
    credentials: RequestCredentials,
    cache: RequestCache,
    redirect: RequestRedirect,
    integrity: String,
    keepalive: bool,
}

#[derive(Clone, PartialEq)]
enum Referrer {
    Client,
    None,
    Url(String),
}

/// The signal object is made when it is first asked for.
#[derive(Default, Trace)]
struct Signal {
    /// What it follows.
    parent: Option<v8::TracedReference<v8::Object>>,
    object: Traced<v8::Object>,
}

/// A URL that may come from the network, where parsing waits until somebody asks.
struct RequestUrl {
    given: String,
    parsed: OnceCell<Option<UrlRecord>>,
    /// <https://url.spec.whatwg.org/#concept-url-blob-entry>
    blob: Option<Rc<BlobUrlEntry>>,
}

impl RequestUrl {
    fn parsed(scope: &Scope, url: UrlRecord) -> RequestUrl {
        RequestUrl {
            given: String::new(),
            blob: blob_url::resolve(scope, &url),
            parsed: OnceCell::from(Some(url)),
        }
    }

    /// Another request's.
    ///
    /// # Errors
    /// A `TypeError` if it is none.
    fn copy(&self) -> Fallible<RequestUrl> {
        let url = self.url().cloned();
        let url = url.ok_or_else(|| type_error("the request's URL is invalid"))?;
        Ok(RequestUrl {
            given: String::new(),
            parsed: OnceCell::from(Some(url)),
            blob: self.blob.clone(),
        })
    }

    fn url(&self) -> Option<&UrlRecord> {
        self.parsed
            .get_or_init(|| crate::url::url::parse(&self.given, None))
            .as_ref()
    }

    fn as_str(&self) -> &str {
        self.url().map_or(&self.given, UrlRecord::href)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            referrer: Referrer::Client,
            referrer_policy: ReferrerPolicy::Empty,
            mode: RequestMode::Cors,
            credentials: RequestCredentials::SameOrigin,
            cache: RequestCache::Default,
            redirect: RequestRedirect::Follow,
            integrity: String::new(),
            keepalive: false,
        }
    }
}

impl Request {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        let url = match self.url.parsed.get() {
            Some(Some(url)) => url.href().len(),
            _ => self.url.given.len(),
        };
        let referrer = match &self.options.referrer {
            Referrer::Url(url) => url.len(),
            Referrer::Client | Referrer::None => 0,
        };
        let texts = self.method.as_str().len() + referrer + self.options.integrity.len();
        size_of::<AppHeaderList>() + url + texts
    }

    /// A request that the app was sent.
    pub fn from_wire(
        scope: &mut Scope,
        method: http::Method,
        url: String,
        headers: Fields,
        body: nano_worker::Body,
    ) -> Request {
        Request {
            method,
            url: RequestUrl {
                given: url,
                parsed: OnceCell::new(),
                blob: None,
            },
            headers: MessageHeaders::from_wire(headers),
            guard: Guard::Immutable,
            body: Body::from_wire(scope, body),
            options: Options {
                redirect: RequestRedirect::Manual,
                ..Options::default()
            },
            signal: Signal::default(),
        }
    }

    /// The request that a cached response is for.
    pub(crate) fn from_cache(url: &str, headers: &Fields) -> Request {
        Request {
            method: http::Method::GET,
            url: RequestUrl {
                given: url.to_owned(),
                parsed: OnceCell::new(),
                blob: None,
            },
            headers: MessageHeaders::from_wire(headers.clone()),
            guard: Guard::Request,
            body: Body::default(),
            options: Options::default(),
            signal: Signal::default(),
        }
    }

    /// The method.
    pub fn http_method(&self) -> &http::Method {
        &self.method
    }

    /// The URL. Only one that came from the network may be none.
    pub fn parsed_url(&self) -> Option<&UrlRecord> {
        self.url.url()
    }

    /// What a `blob:` URL stood for when it was parsed.
    pub(crate) fn blob_url_entry(&self) -> Option<&BlobUrlEntry> {
        self.url.blob.as_deref()
    }

    /// What to do with redirects.
    pub fn redirect_mode(&self) -> RequestRedirect {
        self.options.redirect
    }

    /// The integrity metadata, empty where there is none.
    pub fn integrity_metadata(&self) -> &str {
        &self.options.integrity
    }

    /// The signal object or the one it would follow, if there is either: without one nobody can abort.
    pub fn signal_if_any<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let parent = self.signal.parent.as_ref();
        let object = self.signal.object.get(scope);
        object.or_else(|| parent?.get(scope))
    }
}

impl WithBody for Request {
    fn header_list(&self) -> &Rc<AppHeaderList> {
        self.headers.list()
    }

    fn body_ref(&self) -> &Body {
        &self.body
    }
}

impl RequestMethods for Request {
    // https://fetch.spec.whatwg.org/#dom-request
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        input: RequestInfo<'s>,
        init: RequestInit<'s>,
    ) -> Fallible<Self> {
        // 5. If input is a string, then:
        let mut options;
        let mut parent = None;
        let (url, mut method, input_request) = match input {
            RequestInfo::UsvString(input) => {
                // 5.1 and 5.2 Parse it with the base URL; failure is a TypeError.
                let url = Environment::of(scope).parse_url(&input)?;
                // 5.3 If parsedURL includes credentials, then throw a TypeError.
                if !url.username().is_empty() || !url.password().is_empty() {
                    return Err(type_error(
                        "the URL has a user name or password in it; send them as a header",
                    ));
                }
                options = Options::default();
                let url = RequestUrl::parsed(scope, url);
                (url, http::Method::GET, None)
            }
            // 6. Otherwise, input is a Request object.
            RequestInfo::Request(request) => {
                let url = request.value().url.copy()?;
                options = request.value().options.clone();
                parent = request.signal_if_any(scope);
                (url, request.value().method.clone(), Some(request))
            }
        };
        // 10. and 11. If init["window"] exists and is non-null, then throw a TypeError.
        if init.window.is_some_and(|window| !window.is_null()) {
            return Err(type_error("'window' can only be null"));
        }
        let has_members = init.method.is_some()
            || init.headers.is_some()
            || init.body.is_some()
            || init.referrer.is_some()
            || init.referrer_policy.is_some()
            || init.mode.is_some()
            || init.credentials.is_some()
            || init.cache.is_some()
            || init.redirect.is_some()
            || init.integrity.is_some()
            || init.keepalive.is_some()
            || init.signal.is_some()
            || init.duplex.is_some()
            || init.priority.is_some()
            || init.window.is_some();
        // 13. If init is not empty, then:
        if has_members {
            if options.mode == RequestMode::Navigate {
                options.mode = RequestMode::SameOrigin;
            }
            options.referrer = Referrer::Client;
            options.referrer_policy = ReferrerPolicy::Empty;
        }
        // 14. If init["referrer"] exists, then:
        if let Some(referrer) = init.referrer {
            options.referrer = if referrer.is_empty() {
                Referrer::None
            } else {
                let parsed = Environment::of(scope).parse_url(&referrer).map_err(|_| {
                    type_error(format!("the referrer '{referrer}' is not a valid URL"))
                })?;
                let is_client = parsed.protocol() == "about:" && parsed.pathname() == "client";
                let same_origin = Environment::of(scope)
                    .origin()
                    .is_none_or(|origin| origin == parsed.origin());
                if is_client || !same_origin {
                    Referrer::Client
                } else {
                    Referrer::Url(parsed.href().to_owned())
                }
            };
        }
        // 15. to 24.
        if let Some(policy) = init.referrer_policy {
            options.referrer_policy = policy;
        }
        if init.mode == Some(RequestMode::Navigate) {
            return Err(type_error("the mode 'navigate' cannot be asked for"));
        }
        if let Some(mode) = init.mode {
            options.mode = mode;
        }
        if let Some(credentials) = init.credentials {
            options.credentials = credentials;
        }
        if let Some(cache) = init.cache {
            options.cache = cache;
        }
        if options.cache == RequestCache::OnlyIfCached && options.mode != RequestMode::SameOrigin {
            return Err(type_error(
                "the cache mode 'only-if-cached' needs the mode 'same-origin'",
            ));
        }
        if let Some(redirect) = init.redirect {
            options.redirect = redirect;
        }
        if let Some(integrity) = init.integrity {
            options.integrity = room::text(scope, integrity)?;
        }
        if let Some(keepalive) = init.keepalive {
            options.keepalive = keepalive;
        }
        // 25. If init["method"] exists, then:
        if let Some(given) = init.method {
            method = parse_method(&given)?;
        }
        // 26. and 27. If init["signal"] exists, then set signal to it.
        if let Some(signal) = init.signal {
            parent = signal.map(|signal| signal.object());
        }
        // 28. to 33. Headers.
        let guard = if options.mode == RequestMode::NoCors {
            Guard::RequestNoCors
        } else {
            Guard::Request
        };
        if guard == Guard::RequestNoCors && !matches!(method.as_str(), "GET" | "HEAD" | "POST") {
            return Err(type_error(format!(
                "the mode 'no-cors' does not allow the method {method}"
            )));
        }
        let headers = Headers::over(Rc::default(), guard);
        match (init.headers, &input_request) {
            (Some(init), _) => headers.fill(init)?,
            (None, Some(request)) if guard == Guard::RequestNoCors => {
                for (name, value) in request.value().headers.list().borrow().iter() {
                    use crate::bindings::headers::HeadersMethods as _;
                    headers.append(name.as_str().into(), value.to_vec())?;
                }
            }
            (None, Some(request)) => {
                let list = request.value().headers.list().borrow().clone();
                headers.list().change(|own| *own = list);
            }
            (None, None) => {}
        }
        // 34. Let inputBody be input's request's body if input is a Request object; otherwise null.
        let given_body = init.body.flatten();
        let has_input_body = input_request
            .as_ref()
            .is_some_and(|r| !r.value().body.is_null());
        // 35. If a body is there and the method is `GET` or `HEAD`, then throw a TypeError.
        if (given_body.is_some() || has_input_body)
            && matches!(method, http::Method::GET | http::Method::HEAD)
        {
            return Err(type_error(format!("a {method} request cannot have a body")));
        }
        // 36. and 37. If init["body"] exists and is non-null, then extract it.
        let is_stream = matches!(
            given_body,
            Some(crate::bindings::types::BodyInit::ReadableStream(_))
        );
        let mut body = Body::default();
        let replaces_body = given_body.is_some();
        if let Some(given) = given_body {
            let (extracted, content_type) = Body::extract(scope, given)?;
            if let Some(content_type) = content_type {
                headers.list().change(|list| {
                    if !list.contains(&CONTENT_TYPE) {
                        list.append_value(CONTENT_TYPE, content_type);
                    }
                });
            }
            body = extracted;
        }
        // 39. If the body's source is null, then:
        if is_stream {
            if init.duplex.is_none() {
                return Err(type_error(
                    "a body that is a stream needs the member 'duplex' to be 'half'",
                ));
            }
            if !matches!(options.mode, RequestMode::SameOrigin | RequestMode::Cors) {
                return Err(type_error(
                    "a body that is a stream needs the mode 'same-origin' or 'cors'",
                ));
            }
        }
        // 40. and 41. The input's body moves into the new request.
        if let Some(request) = input_request
            && has_input_body
            && !replaces_body
        {
            if request.value().body.is_unusable(scope) {
                return Err(type_error(
                    "the input request's body was read already, or its stream is locked",
                ));
            }
            body = request.value().body.transfer(scope)?;
        }
        let parent = parent.map(|object| v8::TracedReference::new(scope, object));
        Ok(Request {
            method,
            url,
            headers: MessageHeaders::over(headers.list().clone()),
            guard,
            body,
            options,
            signal: Signal {
                parent,
                object: Traced::default(),
            },
        })
    }

    fn method(&self) -> Vec<u8> {
        self.method.as_str().into()
    }

    fn url(&self) -> String {
        self.url.as_str().to_owned()
    }

    fn headers<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, Headers> {
        Ref::new(
            scope,
            Headers::over(self.headers.list().clone(), self.guard),
        )
    }

    fn destination(&self) -> RequestDestination {
        RequestDestination::Empty
    }

    // https://fetch.spec.whatwg.org/#dom-request-referrer
    fn referrer(&self) -> String {
        match &self.options.referrer {
            Referrer::None => String::new(),
            Referrer::Client => "about:client".to_owned(),
            Referrer::Url(url) => url.clone(),
        }
    }

    fn referrer_policy(&self) -> ReferrerPolicy {
        self.options.referrer_policy
    }

    fn mode(&self) -> RequestMode {
        self.options.mode
    }

    fn credentials(&self) -> RequestCredentials {
        self.options.credentials
    }

    fn cache(&self) -> RequestCache {
        self.options.cache
    }

    fn redirect(&self) -> RequestRedirect {
        self.options.redirect
    }

    fn integrity<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        v8::String::new(scope, &self.options.integrity).unwrap_or_else(|| v8::String::empty(scope))
    }

    fn keepalive(&self) -> bool {
        self.options.keepalive
    }

    fn is_reload_navigation(&self) -> bool {
        false
    }

    fn is_history_navigation(&self) -> bool {
        false
    }

    // https://fetch.spec.whatwg.org/#dom-request-signal
    fn signal<'s>(&self, scope: &mut Scope<'s, '_>) -> ScriptRef<'s, marker::AbortSignal> {
        if let Some(object) = self.signal.object.get(scope) {
            return ScriptRef::trusted(object);
        }
        let parent = self.signal.parent.as_ref();
        let parent = parent.and_then(|parent| parent.get(scope));
        let parent: Value = parent.map_or_else(|| v8::undefined(scope).into(), Into::into);
        let object: v8::Local<v8::Object> = script::call(scope, "requestSignal", &[parent])
            .ok()
            .and_then(|signal| signal.try_into().ok())
            .unwrap_or_else(|| v8::Object::new(scope));
        self.signal.object.set(scope, object);
        ScriptRef::trusted(object)
    }

    fn duplex(&self) -> RequestDuplex {
        RequestDuplex::Half
    }

    // https://fetch.spec.whatwg.org/#dom-request-clone
    fn clone<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Ref<'s, Request>> {
        // 1. If this is unusable, then throw a TypeError.
        if self.body.is_unusable(scope) {
            return Err(type_error(
                "the body was read already, or its stream is locked",
            ));
        }
        // 2. to 5. The clone's signal follows this's signal.
        let signal = self.signal(scope).object();
        let parent = Some(v8::TracedReference::new(scope, signal));
        let request = Request {
            method: self.method.clone(),
            url: self.url.copy()?,
            headers: MessageHeaders::over(Rc::new(self.headers.list().borrow().clone().into())),
            guard: self.guard,
            body: self.body.clone_body(scope)?,
            options: self.options.clone(),
            signal: Signal {
                parent,
                object: Traced::default(),
            },
        };
        Ok(Ref::new(scope, request))
    }
}

impl NanoRequestMethods for Request {
    fn cf<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        v8::Object::new(scope)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-method>, checked and normalized.
fn parse_method(given: &[u8]) -> Fallible<http::Method> {
    let shown = || String::from_utf8_lossy(given).into_owned();
    // If method is not a method, then throw a TypeError.
    let method = http::Method::from_bytes(given)
        .map_err(|_| type_error(format!("'{}' is not an HTTP method", shown())))?;
    let upper = method.as_str().to_ascii_uppercase();
    match upper.as_str() {
        // https://fetch.spec.whatwg.org/#forbidden-method
        "CONNECT" | "TRACE" | "TRACK" => {
            Err(type_error(format!("the method {} is forbidden", shown())))
        }
        // https://fetch.spec.whatwg.org/#concept-method-normalize
        "DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" => {
            Ok(http::Method::from_bytes(upper.as_bytes()).unwrap_or(method))
        }
        _ => Ok(method),
    }
}
