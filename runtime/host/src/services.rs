//! Requests of apps to other apps, by service bindings: on no socket, and else like those of clients. The app that is called has its own
//! limits, and its own line in the log.

mod download;
mod head;
mod socket;
pub(crate) mod untaken;
mod upload;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::{Buf as _, Bytes};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, stream};
use http::header::UPGRADE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use nano_worker::cdn_loop::{self, CDN_LOOP, MAX_PASSES};
use nano_worker::{
    Body, BodyError, BodyStream, Fields, HttpRequest, HttpResponse, PassedOn, Patience, RequestId,
    ServiceError, Stop, socket_pair,
};
use tokio::runtime::Handle;

use self::download::Download;
use self::untaken::Taking;
use self::upload::Upload;
use crate::app::App;
use crate::config::AppConfig;
use crate::dispatch::pages::{broken, looped, not_taken, too_busy, too_slow};
use crate::dispatch::{Exchange, RequestIds, unasked};
use crate::http::error_page::ErrorPage;
use crate::http::forwarded::is_forwarding;
use crate::http::headers::is_hop_by_hop;
use crate::otlp::Exporter;
use crate::patience::ClientLimits;
use crate::pool::Pool;
use crate::record::Record;
use crate::tracer::{RequestTrace, Tracer, Tracing};

/// How the apps of a host reach each other.
pub(crate) struct Services {
    /// By their names; those that have been removed, too, until they are gone.
    apps: ArcSwap<BTreeMap<Arc<str>, Weak<App>>>,
    callers: Mutex<Vec<Caller>>,
    ids: Arc<RequestIds>,
    /// Takes the spans of calls, if there is somebody who does.
    exporter: OnceLock<Arc<Exporter>>,
    /// What clients may take: callers, too.
    clients: ArcSwap<ClientLimits>,
    /// Has the time where the thread of an app that reads has none.
    runtime: Handle,
}

/// A version of an app that is bound to others.
struct Caller {
    app: Arc<str>,
    pool: Weak<Pool>,
    bound: BTreeSet<Arc<str>>,
}

/// How often to look whether an app is still called.
const LOOK: Duration = Duration::from_millis(5);

/// Bodies up to this size are handed over as a whole.
const SMALL: usize = 64 << 10;

impl Services {
    /// Of a host with this runtime, which serves nothing yet.
    pub(crate) fn new(runtime: Handle) -> Arc<Self> {
        Arc::new(Self {
            apps: ArcSwap::default(),
            callers: Mutex::default(),
            ids: Arc::default(),
            exporter: OnceLock::new(),
            clients: ArcSwap::default(),
            runtime,
        })
    }

    /// As an app of this name reaches the others.
    pub(crate) fn of(self: &Arc<Self>, caller: &Arc<str>) -> Arc<ServicesOf> {
        Arc::new(ServicesOf {
            services: self.clone(),
            caller: caller.clone(),
        })
    }

    /// Has callers take what clients may from now on.
    pub(crate) fn clients_may(&self, clients: ClientLimits) {
        self.clients.store(Arc::new(clients));
    }

    /// Where ids of requests come from.
    pub(crate) fn ids(&self) -> &Arc<RequestIds> {
        &self.ids
    }

    /// Has spans of calls go there from now on.
    pub(crate) fn export_to(&self, exporter: Option<Arc<Exporter>>) {
        if let Some(exporter) = exporter {
            let _ = self.exporter.set(exporter); // A host has one for ever.
        }
    }

    /// Has these apps be those that can be called. What has been called before is called on, until it has gone.
    pub(crate) fn serve<'a>(&self, apps: impl Iterator<Item = &'a Arc<App>>) {
        let mut all = self.apps.load().as_ref().clone();
        all.retain(|_, app| app.strong_count() > 0);
        all.extend(apps.map(|app| (app.name().clone(), Arc::downgrade(app))));
        self.apps.store(Arc::new(all));
    }

    /// A version of an app, with these instances, may call what it is bound to.
    pub(crate) fn may_be_called_by(&self, pool: &Arc<Pool>, config: &AppConfig) {
        let bound: BTreeSet<_> = config.services().cloned().collect();
        if bound.is_empty() {
            return;
        }
        let mut callers = self.callers();
        callers.retain(|caller| caller.pool.strong_count() > 0);
        callers.push(Caller {
            app: config.name.clone(),
            pool: Arc::downgrade(pool),
            bound,
        });
    }

    /// Waits until nobody can call an app any more that has been removed: until those that are bound to it have finished what they have
    /// begun, and those that may ask them to call it. Some of them may call each other, so they are done when all are at the same time.
    pub(crate) async fn not_called(&self, app: &str) {
        let staying = self.stay_bound(app);
        while self.is_called(app, &staying) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Who is to be bound to an app from now on, though it has been removed: from an apps folder, into which it may come back.
    fn stay_bound(&self, app: &str) -> BTreeSet<Arc<str>> {
        let is_bound = |caller: &&Caller| caller.bound.contains(app);
        let callers = self.callers();
        let names: BTreeSet<_> = callers
            .iter()
            .filter(is_bound)
            .map(|caller| caller.app.clone())
            .collect();
        // An app that is changed holds its own lock when it takes this one.
        drop(callers);
        let apps = self.apps.load();
        let stays = |name: &Arc<str>| {
            let caller = apps.get(name).and_then(Weak::upgrade);
            caller.is_some_and(|caller| caller.is_to_call(app))
        };
        names.into_iter().filter(stays).collect()
    }

    fn is_called(&self, app: &str, staying: &BTreeSet<Arc<str>>) -> bool {
        let callers = self.callers();
        let mut called = BTreeSet::from([app]);
        loop {
            let before = called.len();
            for caller in callers.iter() {
                if !caller.bound.iter().any(|bound| called.contains(&**bound)) {
                    continue;
                }
                let Some(pool) = caller.pool.upgrade() else {
                    continue;
                };
                if pool.is_open() {
                    // A version that serves is about to be replaced by one without the binding, unless that stays. What it asks of
                    // other apps goes to those that serve, too.
                    if caller.bound.contains(app) && !staying.contains(&caller.app) {
                        return true;
                    }
                } else if !pool.is_quiet() {
                    return true;
                } else {
                    called.insert(&caller.app);
                }
            }
            if called.len() == before {
                return false;
            }
        }
    }

    /// Makes a call a part of the trace of the request that it is made for, by what that has told of it.
    fn begin_span(&self, app: &Arc<str>, request: &mut HttpRequest) -> Option<Box<RequestTrace>> {
        request.trace.take()?;
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers.iter() {
            headers.append(name, HeaderValue::from_bytes(value).ok()?);
        }
        let exporter = self.exporter.get().cloned();
        let mut trace = Tracer::new(Tracing::Incoming, exporter).begin(&headers, true)?;
        trace.rewrite(&mut headers);
        request.headers = Fields::from(&headers);
        request.trace = Some(trace.routed(app, &request.url));
        Some(trace)
    }

    fn callers(&self) -> MutexGuard<'_, Vec<Caller>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has a call say of its client what the host has said to the app that calls: that app may have written anything.
fn say_origin(request: &mut HttpRequest) {
    let origin = request.origin.clone().unwrap_or_default();
    request.headers = request.headers.replaced(is_forwarding, &origin);
}

/// The other apps, as an app of this name reaches them.
pub(crate) struct ServicesOf {
    services: Arc<Services>,
    caller: Arc<str>,
}

impl nano_worker::Services for ServicesOf {
    fn fetch(
        &self,
        app: &str,
        mut request: HttpRequest,
        caller: Option<RequestId>,
    ) -> BoxFuture<'static, Result<HttpResponse, ServiceError>> {
        let services = &self.services;
        let name = app.to_owned();
        let error =
            move |why: &str| ServiceError(format!("the app {name:?} did not answer: {why}"));
        let Some(app) = services.apps.load().get(app).and_then(Weak::upgrade) else {
            return std::future::ready(Err(error("it is not served"))).boxed();
        };
        let id = services.ids.next();
        let fits = head::check(&request);
        let trace = match &fits {
            Ok(()) => {
                say_origin(&mut request);
                services.begin_span(app.name(), &mut request)
            }
            Err(_) => None,
        };
        let (method, path) = head::shown(&request, fits.is_ok());
        let mut record = Record::of_call(id, method, path, trace, caller);
        record.routed(app.clone());
        let call = Call {
            caller: self.caller.clone(),
            clients: **services.clients.load(),
            runtime: services.runtime.clone(),
        };
        async move {
            let answer = match fits {
                Ok(()) => call.run(&app, request, &mut record).await,
                Err(page) => Err(page),
            };
            let page = match answer {
                Ok(answer) => return Ok(answer.send(record, &call)),
                Err(page) => page,
            };
            record.refused(&page);
            Err(error(
                page.detail.as_deref().unwrap_or(page.answer.message()),
            ))
        }
        .boxed()
    }
}

/// A call that is under way: whose it is, and what it may take.
struct Call {
    caller: Arc<str>,
    clients: ClientLimits,
    runtime: Handle,
}

impl Call {
    /// Has an app answer.
    async fn run(
        &self,
        app: &Arc<App>,
        mut request: HttpRequest,
        record: &mut Record,
    ) -> Result<Answer, Box<ErrorPage>> {
        let value = request.headers.get(&CDN_LOOP);
        let value = value.and_then(|value| HeaderValue::from_bytes(value).ok());
        if cdn_loop::passes(&value) > MAX_PASSES {
            return Err(looped().into());
        }
        let method = request.method.clone();
        let is_upgrade = request.headers.get(&UPGRADE).is_some();
        let (admission, lease) = app
            .admit_call(&self.caller)
            .map_err(|busy| too_busy(app, busy))?;
        record.admitted(admission);
        let limits = *lease.limits();
        let patience = Patience::new(self.clients.pace());
        let (body, upload, faults) =
            Upload::of(request.body, limits.body, patience, &self.runtime)?;
        request.body = body;
        let exchange = Exchange {
            app: app.clone(),
            lease,
            id: record.id(),
            request: Box::new(request),
        };
        let answer = async {
            let (mut response, status, lease) = exchange.answer(faults).await?;
            if response.socket.is_some() && !is_upgrade {
                return Err(unasked());
            }
            let begun = begin(&mut response.body)
                .await
                .map_err(|error| broken(&error))?;
            Ok((response, status, lease, begun))
        };
        let answer = tokio::time::timeout(limits.wall, answer).await;
        let answer: Result<_, Box<ErrorPage>> =
            answer.unwrap_or_else(|_| Err(too_slow(limits.wall)));
        let (response, status, lease, begun) = answer?;
        let leaving = match &response.socket {
            Some(_) => {
                record.becomes_websocket(lease.limits().websockets, None)?;
                lease.leaving()
            }
            None => Vec::new(),
        };
        record.answered_by(lease);
        let taking = match &response.body {
            Body::Full(bytes) if bytes.len() > SMALL => {
                let most = (limits.worker.memory_mb as usize) << 19;
                let taking = app.untaken().begin(&self.caller, bytes.len(), most);
                Some(taking.ok_or_else(|| not_taken(&self.caller))?)
            }
            _ => None,
        };
        Ok(Answer {
            method,
            response: *response,
            status,
            begun,
            taking,
            upload,
            leaving,
        })
    }
}

/// What there was of a streamed body.
type Begun = VecDeque<Result<Bytes, BodyError>>;

/// Takes what there is of a streamed body. One that is there as a whole, and small, is no stream any more.
///
/// # Errors
/// It has failed before its first byte.
async fn begin(body: &mut Body) -> Result<Begun, BodyError> {
    let Body::Stream(stream) = body else {
        return Ok(Begun::new());
    };
    let Some(first) = poll_fn(|context| stream.poll_first(context)).await else {
        return Ok(Begun::new());
    };
    let Some(mut first) = first.transpose()? else {
        *body = Body::Full(Bytes::new());
        return Ok(Begun::new());
    };
    let first = first.copy_to_bytes(first.remaining());
    let second = match first.len() <= SMALL {
        true => poll_fn(|context| Poll::Ready(stream.poll_chunk(context))).await,
        false => Poll::Pending,
    };
    if let Poll::Ready(None) = second {
        *body = Body::Full(first);
        return Ok(Begun::new());
    }
    let mut begun = Begun::from([Ok(first)]);
    if let Poll::Ready(Some(second)) = second {
        begun.push_back(second);
    }
    Ok(begun)
}

/// A response that is about to be handed to the caller.
struct Answer {
    method: Method,
    response: HttpResponse,
    status: StatusCode,
    begun: Begun,
    /// Of one that is there as a whole.
    taking: Option<Taking>,
    upload: Upload,
    /// What has its WebSocket close, if it has one.
    leaving: Vec<Stop>,
}

impl Answer {
    /// The response; the record goes with it.
    fn send(self, mut record: Record, call: &Call) -> HttpResponse {
        let mut response = self.response;
        record.status(self.status);
        if let Some(callee) = response.socket.take() {
            record.complete();
            let (own, caller) = socket_pair();
            tokio::spawn(socket::relay(callee, own, self.leaving, record));
            response.socket = Some(caller);
            return response;
        }
        response.headers.retain(|(name, _)| !is_hop_by_hop(name));
        let has_none = self.method == Method::HEAD
            || matches!(
                self.status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            );
        let body = if has_none { Body::Empty } else { response.body };
        let (begun, stream) = match body {
            Body::Empty => {
                record.complete();
                response.body = Body::Empty;
                return response;
            }
            Body::Full(bytes) if bytes.len() <= SMALL => {
                record.sent(bytes.len() as u64);
                record.complete();
                // It is the caller's from here on, and what it is a part of, is not.
                response.body = Body::Full(Bytes::copy_from_slice(&bytes));
                return response;
            }
            Body::Full(bytes) => {
                let length = Some(bytes.len() as u64);
                let rest = BodyStream::direct(stream::empty(), length);
                (Begun::from([Ok(bytes)]), rest)
            }
            Body::Stream(stream) => (self.begun, stream),
        };
        let (writer, mut body) = BodyStream::bounded(download::WAITING, stream.length());
        let passed_on = PassedOn::default();
        body.tell_when_passed_on(Some(passed_on.clone()));
        let download = Download {
            begun,
            stream,
            record,
            taking: self.taking,
            _upload: self.upload,
            caller: call.caller.clone(),
            patience: Patience::of_pieces(call.clients.pace(), download::PIECE),
            passed_on,
        };
        // Where the caller reads it, so that no other thread has to be woken.
        tokio::spawn(download.run(writer));
        response.body = Body::Stream(body);
        response
    }
}

#[cfg(test)]
mod tests;
