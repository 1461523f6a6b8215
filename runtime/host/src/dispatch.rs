//! From a request to a response: routing, admission, limits, and what to say when something fails.
//!
//! | what happened | status |
//! |---|---|
//! | the request or its body is malformed, its `Host` is missing or no host name | 400 |
//! | no app answers to the host, or to the path there | 404 |
//! | TRACE, CONNECT | 405 |
//! | the body comes too slowly (`clients`); the head is not complete in time (answered by the connection) | 408 |
//! | the body is larger than `body_mb` | 413 |
//! | the head is larger than 64 KiB or has more than 100 fields (HTTP/1: read by hyper, answered by the connection) | 431 |
//! | the handler threw, returned no `Response`, one larger than `response_mb`, or does not exist; the host itself panicked | 500 |
//! | a transfer coding other than chunked | 501 |
//! | the handler passed on that a server it asked did not answer, or its body, which fails before its first byte | 502 |
//! | the app did not start, has too many requests in flight (or the connection has) or waiting, or passed its CPU or memory limit | 503 |
//! | the process has no memory left for a body that the handler wanted to read | 503 |
//! | the handler took longer than `wall_ms` | 504 |
//! | the request came back to this server too often (`CDN-Loop`) | 508 |

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use http::header::{HOST, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use nano_websocket::ServerHandshake;
use nano_worker::{
    Body, BodyError, BodyErrorKind, BodyStream, FetchError, Fields, HttpRequest, HttpResponse,
    RequestId, Unanswered,
};

use self::answering::Asked;
use self::pages::{broken, defect, failure, faulty, looped, too_busy, unavailable};
use crate::access::Completion;
use crate::app::{App, Busy};
use crate::config::{ListenAddress, Proxies};
use crate::deployment::Deployment;
use crate::http::answers::OwnAnswer;
use crate::http::bounded::Bounded;
use crate::http::error_page::{self, ErrorPage};
use crate::http::headers::{self, Present, TransferCoding};
use crate::http::receive::{Arriving, Fault, Faults, Received};
use crate::http::send::{self, ResponseBody};
use crate::http::target::{self, StatedHost};
use crate::lease::Lease;
use crate::patience::ClientLimits;
use crate::routes::CurrentRoutes;
use crate::server::MAX_FIELDS;
use crate::server::link::Link;
use crate::server::upgrade::Upgrade;
use crate::statistics::Limit;
use crate::tracer::Tracer;

mod answering;
pub(crate) mod pages;

/// Hands the requests of one listener to its apps, as the routes of that moment say.
pub(crate) struct Dispatcher {
    routes: CurrentRoutes,
    listener: ListenAddress,
    /// Clients see what went wrong inside of apps.
    dev: bool,
    ids: Arc<RequestIds>,
    tracer: Tracer,
}

/// Makes request ids that are unique in the process, and unlikely to be another process's. Two of them do not say how many requests,
/// of other apps too, were between theirs.
#[derive(Debug)]
pub(crate) struct RequestIds {
    count: AtomicU64,
    keys: [u32; 4],
}

impl Default for RequestIds {
    fn default() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let random = |of: u32| RandomState::new().hash_one((std::process::id(), of));
        Self {
            count: AtomicU64::new(random(0)),
            keys: std::array::from_fn(|round| random(round as u32 + 1) as u32),
        }
    }
}

impl RequestIds {
    pub(crate) fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId(permuted(count, self.keys))
    }
}

/// A Feistel network: another number for each number, whatever its rounds are made of.
fn permuted(number: u64, keys: [u32; 4]) -> u64 {
    let (mut left, mut right) = ((number >> 32) as u32, number as u32);
    for key in keys {
        (left, right) = (right, left ^ mixed(right ^ key));
    }
    (u64::from(left) << 32) | u64::from(right)
}

/// A number that changes in half of its bits where one bit of this one does.
fn mixed(mut bits: u32) -> u32 {
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x7feb_352d);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x846c_a68b);
    bits ^ (bits >> 16)
}

impl Dispatcher {
    /// A dispatcher for the requests to a listener.
    pub(crate) fn new(
        routes: CurrentRoutes,
        listener: ListenAddress,
        dev: bool,
        ids: Arc<RequestIds>,
        tracer: Tracer,
    ) -> Self {
        Self {
            routes,
            listener,
            dev,
            ids,
            tracer,
        }
    }

    /// What clients may take.
    pub(crate) fn clients(&self) -> ClientLimits {
        self.routes.load().clients()
    }

    /// Who is believed when he says whom a request is from.
    pub(crate) fn proxies(&self) -> Arc<Proxies> {
        self.routes.load().proxies().clone()
    }

    /// Where ids of requests come from.
    pub(crate) fn ids(&self) -> &Arc<RequestIds> {
        &self.ids
    }

    /// The app that a request with this head is for, by the look of it.
    pub(crate) fn app_for(&self, head: &[u8]) -> Option<Arc<App>> {
        let (host, path) = target::peek(head)?;
        let routes = self.routes.load();
        let found = routes.find(self.listener, &host, path)?;
        Some(found.target.clone())
    }

    /// Answers a request of a connection.
    ///
    /// What can be done at once is done before the future is made, and most requests have been sent to their instances by then: hyper
    /// moves it, and each request has one, so it should be small.
    pub(crate) fn handle<B>(
        &self,
        request: Request<B>,
        link: &Arc<Link>,
        last: Option<&LastRoute>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<B>
    where
        B: Arriving,
    {
        let (parts, body) = request.into_parts();
        let id = self.ids.next();
        let present = Present::among(&parts.headers);
        let trace = self.tracer.begin(&parts.headers, present.traceparent);
        let mut completion = Completion::new(id, &parts, trace, link);
        if present.accept {
            completion.accepts(error_page::accept(&parts.headers));
        }
        let is_multiplexed = parts.version >= Version::HTTP_2;
        let body = (!body.is_end_stream()).then(|| {
            let received = Received::new(body, &parts, link.receive());
            (received, completion.reads_body())
        });
        let admitted =
            contain(|| self.admit(parts, &present, link, last, &mut completion)).flatten();
        if is_multiplexed {
            link.timers.place().is_multiplexed();
        } else if let Ok(admitted) = &admitted {
            let place = link.timers.place();
            place.asked_for(&admitted.app, admitted.lease.member());
        }
        let asked = Asked {
            dev: self.dev,
            completion,
        };
        let instance = match (&admitted, &body) {
            (Ok(admitted), None) => asked.instance(&admitted.lease),
            _ => None,
        };
        match (instance, admitted) {
            (Some(instance), Ok(admitted)) => Either::Left(asked.send(instance, admitted)),
            (_, admitted) => {
                let early = match &admitted {
                    Ok(admitted) if body.is_some() && admitted.lease.member().is_none() => {
                        Some(link.clone())
                    }
                    _ => None,
                };
                // On the heap, as hyper moves what it is given.
                Either::Right(Box::pin(asked.answer(admitted, body, early)))
            }
        }
    }

    /// Finds the app, and takes the request in, without its body. Keeps a map for the response's fields, too.
    fn admit(
        &self,
        mut parts: Parts,
        present: &Present,
        link: &Arc<Link>,
        last: Option<&LastRoute>,
        completion: &mut Completion,
    ) -> Result<Admitted, Box<ErrorPage>> {
        check(&mut parts, present)?;
        let origin = link.peer.origin(&mut parts, present.forwarding);
        let several = parts.version >= Version::HTTP_2;
        let (app, mut url, lease) = loop {
            let generation = self.routes.generation();
            let (way, url) = match last.and_then(|last| last.again(&parts, generation)) {
                Some((route, url)) => (Way::Known(route), url),
                None => {
                    let (app, url) = self.route(&mut parts, link, last)?;
                    (Way::Found(app), url)
                }
            };
            match way.app().admit(link, several, way.deployment()) {
                Ok((admission, lease)) => {
                    let app = way.app().clone();
                    completion.admitted(admission);
                    if let Some(last) = last {
                        // Unless the app has a new version.
                        last.keep(way, |route| lease.is_of(&route.deployment));
                    }
                    break (app, url, lease);
                }
                // The app has just been removed; by now there are routes without it, unless the host ends.
                Err(Busy::Gone) if self.routes.generation() != generation => {}
                Err(busy) => {
                    let app = way.app();
                    let page = too_busy(app, busy);
                    completion.routed(app.clone());
                    if let Some(last) = last {
                        last.keep(way, |_| true);
                    }
                    return Err(page);
                }
            }
        };
        if origin.is_secure {
            target::secure(&mut url);
        }
        let handshake = match present.upgrade {
            true => ServerHandshake::of(&parts.method, parts.version, &parts.headers).map(Box::new),
            false => None,
        };
        if present.hop_by_hop {
            headers::strip(&mut parts.headers);
        }
        if handshake.is_some() {
            // It is the app's to answer. One that cannot be answered so is no handshake to it.
            let websocket = HeaderValue::from_static("websocket");
            parts.headers.insert(UPGRADE, websocket);
        }
        let trace = completion.trace().map(|trace| {
            trace.rewrite(&mut parts.headers);
            trace.routed(app.name(), &url)
        });
        let origin = link.peer.told(origin);
        let request = Box::new(HttpRequest {
            method: parts.method,
            url,
            headers: Fields::joined(&parts.headers, &origin),
            body: Body::Empty,
            trace,
            origin: Some(origin),
        });
        completion.keep_fields(emptied(parts.headers));
        Ok(Admitted {
            app,
            lease,
            request,
            handshake,
        })
    }

    /// Finds the app and the URL.
    fn route(
        &self,
        parts: &mut Parts,
        link: &Link,
        last: Option<&LastRoute>,
    ) -> Result<(Arc<App>, String), ErrorPage> {
        let routes = self.routes.load();
        let generation = routes.generation();
        let target = target::read(parts, link.local).map_err(malformed)?;
        let (host, path) = (target.host(), parts.uri.path());
        match routes.find(self.listener, host, path) {
            Some(found) => {
                let whole_host = last.filter(|_| found.is_whole_host);
                if let Some((last, host)) = whole_host.zip(parts.headers.get(HOST)) {
                    last.set(host, found.target, generation);
                }
                Ok((found.target.clone(), target.url))
            }
            None => Err(ErrorPage::new(OwnAnswer::UnknownHost).detail(format!(
                "no app has the hostname \"{host}\", or none there the path \"{path}\""
            ))),
        }
    }
}

/// How a request asks for a WebSocket, if it does.
type Handshake = Option<Box<ServerHandshake>>;

/// What the connection of a response becomes.
///
/// # Errors
/// Nobody has asked for it.
fn upgrade(
    response: &mut HttpResponse,
    handshake: Handshake,
    lease: &Lease,
) -> Result<Option<Box<Upgrade>>, Box<ErrorPage>> {
    let Some(socket) = response.socket.take() else {
        return Ok(None);
    };
    let Some(handshake) = handshake else {
        return Err(unasked());
    };
    Ok(Some(Box::new(Upgrade::new(*handshake, socket, lease))))
}

/// A response has a WebSocket that nobody has asked for.
pub(crate) fn unasked() -> Box<ErrorPage> {
    let reason = "it has a webSocket, and the request does not ask for one by HTTP/1.1".into();
    failure(FetchError::UnusableResponse { reason }).into()
}

fn malformed(fault: &str) -> ErrorPage {
    ErrorPage::new(OwnAnswer::Malformed).detail(fault)
}

/// Refuses what no app is to see.
fn check(parts: &mut Parts, present: &Present) -> Result<(), ErrorPage> {
    if matches!(parts.method, Method::TRACE | Method::CONNECT) {
        return Err(ErrorPage::new(OwnAnswer::UnknownMethod));
    }
    if parts.version == Version::HTTP_2 {
        headers::join_cookies(&mut parts.headers);
    }
    let fields = parts.headers.len();
    if fields > MAX_FIELDS {
        return Err(ErrorPage::new(OwnAnswer::LargeHead).detail(format!(
            "the request has {fields} header fields, more than {MAX_FIELDS}"
        )));
    }
    if present.hop_by_hop {
        match headers::transfer_coding(&parts.headers) {
            TransferCoding::Known => {}
            TransferCoding::Unknown => {
                return Err(ErrorPage::new(OwnAnswer::UnknownCoding).close());
            }
            TransferCoding::Wrong(fault) => return Err(malformed(fault).close()),
        }
    }
    if present.cdn_loop && headers::is_in_a_loop(&mut parts.headers) {
        return Err(looped());
    }
    if parts.version == Version::HTTP_2 && !headers::are_trimmed(&parts.headers) {
        // RFC 9113, section 8.2.1
        return Err(malformed(
            "a header field's value begins or ends with white space",
        ));
    }
    Ok(())
}

/// Where the last request of a connection went. The next one mostly names the same host, which need not be looked at again as long as
/// the routes are the same.
#[derive(Default)]
pub(crate) struct LastRoute(Cell<Option<Box<Route>>>);

/// A host's app.
struct Route {
    host: StatedHost,
    app: Arc<App>,
    /// The app's at that time.
    deployment: Arc<Deployment>,
    /// Of the routes that say so.
    generation: u64,
}

/// How the app of a request is known.
enum Way {
    /// The last request of its connection went there.
    Known(Box<Route>),
    /// The routes say so.
    Found(Arc<App>),
}

impl Way {
    fn app(&self) -> &Arc<App> {
        match self {
            Self::Known(route) => &route.app,
            Self::Found(app) => app,
        }
    }

    /// What the app was for the last request.
    fn deployment(&self) -> Option<Arc<Deployment>> {
        match self {
            Self::Known(route) => Some(route.deployment.clone()),
            Self::Found(_) => None,
        }
    }
}

impl LastRoute {
    fn set(&self, host: &HeaderValue, app: &Arc<App>, generation: u64) {
        let (app, deployment) = (app.clone(), app.current());
        self.0.set(StatedHost::new(host).map(|host| {
            Box::new(Route {
                host,
                app,
                deployment,
                generation,
            })
        }));
    }

    /// Puts back what [`again`](Self::again) has taken out, if it still holds.
    fn keep(&self, way: Way, holds: impl FnOnce(&Route) -> bool) {
        if let Way::Known(route) = way
            && holds(&route)
        {
            self.0.set(Some(route));
        }
    }

    /// Takes out where a request goes that names the same host, under the same routes. Gives its URL, too.
    fn again(&self, parts: &Parts, generation: u64) -> Option<(Box<Route>, String)> {
        let route = self.0.take()?;
        if route.generation != generation {
            return None;
        }
        let url = route.host.url_of(parts)?;
        Some((route, url))
    }
}

/// A map of that capacity is worth to be used again, and no burden to a connection that waits for its next request.
const KEPT_FIELDS: usize = 32;

/// The request's map for the response: hyper hands it on to the next request, and nothing has to be allocated.
fn emptied(mut fields: HeaderMap) -> HeaderMap {
    if fields.capacity() > KEPT_FIELDS {
        return HeaderMap::new();
    }
    fields.clear();
    fields
}

/// A request of a client's that its app has room for.
struct Admitted {
    app: Arc<App>,
    lease: Lease,
    request: Box<HttpRequest>,
    handshake: Handshake,
}

impl Admitted {
    /// What is to be done for the request of this id, and how it asks for a WebSocket.
    fn exchange(self, id: RequestId) -> (Exchange, Handshake) {
        let Self {
            app,
            lease,
            request,
            handshake,
        } = self;
        let exchange = Exchange {
            app,
            lease,
            id,
            request,
        };
        (exchange, handshake)
    }
}

/// A request that an app has room for.
pub(crate) struct Exchange {
    pub(crate) app: Arc<App>,
    pub(crate) lease: Lease,
    pub(crate) id: RequestId,
    pub(crate) request: Box<HttpRequest>,
}

impl Exchange {
    /// Lets the app answer; `faults` tells what is wrong with the request's body.
    pub(crate) async fn answer(
        self,
        faults: Option<Faults>,
    ) -> Result<(Box<HttpResponse>, StatusCode, Lease), Box<ErrorPage>> {
        let limit = self.lease.limits().queue();
        if self.lease.is_behind(limit) {
            return Err(too_busy(&self.app, Busy::Queue(limit)));
        }
        self.answer_within(ATTEMPTS, faults).await
    }

    /// Lets the app answer, by no more than so many instances.
    async fn answer_within(
        mut self,
        attempts: u32,
        faults: Option<Faults>,
    ) -> Result<(Box<HttpResponse>, StatusCode, Lease), Box<ErrorPage>> {
        let mut fault = faults.map(|faults| Box::pin(fault(faults)));
        let mut request = self.request;
        for _ in 0..attempts {
            let instance = self.lease.instance(&self.app).await.map_err(unavailable)?;
            // What is wrong by now comes before the app.
            let known = fault.as_mut().and_then(|fault| fault.now_or_never());
            if let Some(known) = known {
                return Err(faulty(&known));
            }
            let fetched = instance.fetch(request, self.id);
            let result = match &mut fault {
                None => fetched.await,
                // What is wrong with a body decides, even when the app has met it at the same time.
                Some(fault) => match select(fault, fetched).await {
                    Either::Left((fault, _)) => return Err(faulty(&fault)),
                    Either::Right((result, fault)) => match fault.now_or_never() {
                        Some(fault) => return Err(faulty(&fault)),
                        None => result,
                    },
                },
            };
            match result {
                Ok(mut response) => {
                    let status = usable(&mut response, &self.lease, self.id)?;
                    return Ok((response, status, self.lease));
                }
                Err(Unanswered::Failed(error)) => {
                    return Err(failed(error, &self.lease, self.id));
                }
                Err(Unanswered::Returned(returned)) => {
                    self.lease.returned().await;
                    request = returned;
                }
            }
        }
        Err(failure(FetchError::Ended).into())
    }
}

/// Looks at an app's response; gives its status.
fn usable(
    response: &mut HttpResponse,
    lease: &Lease,
    id: RequestId,
) -> Result<StatusCode, Box<ErrorPage>> {
    let unusable = |reason| failed(FetchError::UnusableResponse { reason }, lease, id);
    let status = send::usable(response).map_err(unusable)?;
    if let Some(limit) = lease.limits().response {
        response.body = within(std::mem::take(&mut response.body), limit)?;
    }
    Ok(status)
}

/// An app has no response.
fn failed(error: FetchError, lease: &Lease, id: RequestId) -> Box<ErrorPage> {
    let mut page = failure(error);
    if page.limit.is_none() && lease.has_met_subrequests(id) {
        page.limit = Some(Limit::Subrequests);
    }
    page.into()
}

/// Bounds a response's body.
fn within(body: Body, limit: u64) -> Result<Body, Box<ErrorPage>> {
    let over = move || {
        BodyError::new(
            BodyErrorKind::TooMuch,
            format!("it is larger than {limit} bytes"),
        )
    };
    let length = body.length();
    if length.is_some_and(|length| length > limit) {
        return Err(broken(&over()));
    }
    Ok(match body {
        Body::Stream(stream) if length.is_none() => {
            Body::Stream(BodyStream::direct(Bounded::new(stream, limit, over), None))
        }
        body => body,
    })
}

/// Instances that a request may meet the end of before it is given up.
const ATTEMPTS: u32 = 3;

/// Runs a part of the work on a request; where that panics, this request alone is the worse for it.
fn contain<T>(work: impl FnOnce() -> T) -> Result<T, Box<ErrorPage>> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| defect(&*panic))
}

/// Waits until something is wrong with a body; for ever, if nothing is.
async fn fault(faults: Faults) -> Fault {
    match faults.await {
        Ok(fault) => fault,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
