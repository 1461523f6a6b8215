//! Requests of apps to other apps, by service bindings: on no socket, and else like those of clients. The app that is called has its own
//! limits, and its own line in the log.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::{Buf as _, Bytes};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use nano_worker::cdn_loop::{self, CDN_LOOP, MAX_PASSES};
use nano_worker::{
    Body, BodyError, BodyErrorKind, BodyStream, Cut, Cuttable, Fields, HttpRequest, HttpResponse,
    RequestId, ServiceError,
};
use tokio::sync::oneshot;

use crate::app::App;
use crate::config::AppConfig;
use crate::dispatch::pages::{broken, faulty, looped, too_busy, too_slow};
use crate::dispatch::{Exchange, RequestIds};
use crate::http::bounded::Bounded;
use crate::http::error_page::ErrorPage;
use crate::http::headers::is_hop_by_hop;
use crate::http::receive::{Fault, Faults, TOO_LATE};
use crate::otlp::Exporter;
use crate::pool::Pool;
use crate::record::{Failure, Record};
use crate::tracer::{RequestTrace, Tracer, Tracing};

/// How the apps of a host reach each other.
#[derive(Default)]
pub(crate) struct Services {
    /// By their names; those that have been removed, too, until they are gone.
    apps: ArcSwap<BTreeMap<Arc<str>, Weak<App>>>,
    callers: Mutex<Vec<Caller>>,
    ids: Arc<RequestIds>,
    /// Takes the spans of calls, if there is somebody who does.
    exporter: OnceLock<Arc<Exporter>>,
}

/// A version of an app that is bound to others.
struct Caller {
    app: Arc<str>,
    pool: Weak<Pool>,
    bound: BTreeSet<Arc<str>>,
}

/// How often to look whether an app is still called.
const LOOK: Duration = Duration::from_millis(5);

impl Services {
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

impl nano_worker::Services for Services {
    fn fetch(
        &self,
        app: &str,
        mut request: HttpRequest,
        caller: Option<RequestId>,
    ) -> BoxFuture<'static, Result<HttpResponse, ServiceError>> {
        let name = app.to_owned();
        let error =
            move |why: &str| ServiceError(format!("the app {name:?} did not answer: {why}"));
        let Some(app) = self.apps.load().get(app).and_then(Weak::upgrade) else {
            return std::future::ready(Err(error("it is not served"))).boxed();
        };
        let id = self.ids.next();
        let trace = self.begin_span(app.name(), &mut request);
        let (method, path) = (request.method.clone(), path_of(&request.url));
        let mut record = Record::of_call(id, method, path, trace, caller);
        record.routed(app.clone());
        async move {
            let page = match call(&app, request, &mut record).await {
                Ok(answer) => return Ok(answer.send(record)),
                Err(page) => page,
            };
            record.refused(&page);
            Err(error(page.detail.as_deref().unwrap_or(page.message)))
        }
        .boxed()
    }
}

/// The path of an absolute URL.
fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after.find('/').map_or("/", |begin| &after[begin..]);
    path.split('?').next().unwrap_or(path)
}

/// Has an app answer.
async fn call(
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
    let (admission, lease) = app.admit_call().map_err(|busy| too_busy(app, busy))?;
    record.admitted(admission);
    let limits = *lease.limits();
    let (body, upload, faults) = Upload::of(request.body, limits.body)?;
    request.body = body;
    let exchange = Exchange {
        app: app.clone(),
        lease,
        id: record.id(),
        request,
    };
    let answer = async {
        let (mut response, status, lease) = exchange.answer(faults).await?;
        let mut first = None;
        if let Body::Stream(stream) = &mut response.body
            && let Some(Some(there)) = poll_fn(|context| stream.poll_first(context)).await
        {
            let mut there = there.map_err(|error| broken(&error))?;
            first = Some(there.copy_to_bytes(there.remaining()));
        }
        Ok((response, status, lease, first))
    };
    let answer = tokio::time::timeout(limits.wall, answer).await;
    let answer: Result<_, Box<ErrorPage>> = answer.unwrap_or_else(|_| Err(too_slow(limits.wall)));
    let (response, status, lease, first) = answer?;
    record.answered_by(lease);
    Ok(Answer {
        method,
        response,
        status,
        first,
        upload,
    })
}

/// A response that is about to be handed to the caller.
struct Answer {
    method: Method,
    response: HttpResponse,
    status: StatusCode,
    /// What there was of a streamed body.
    first: Option<Bytes>,
    upload: Upload,
}

impl Answer {
    /// The response; the record goes with it.
    fn send(self, mut record: Record) -> HttpResponse {
        let mut response = self.response;
        record.status(self.status);
        response.headers.retain(|(name, _)| !is_hop_by_hop(name));
        let has_none = self.method == Method::HEAD
            || matches!(
                self.status,
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
            );
        response.body = match response.body {
            Body::Stream(stream) if !has_none => {
                let length = stream.length();
                let download = Download {
                    first: self.first,
                    stream,
                    kept: Some((record, self.upload)),
                };
                Body::Stream(BodyStream::direct(download, length))
            }
            body => {
                let body = if has_none { Body::Empty } else { body };
                record.sent(body.length().unwrap_or_default());
                record.complete();
                body
            }
        };
        response
    }
}

/// A response's body on its way to the caller, with the record of its request.
struct Download {
    first: Option<Bytes>,
    stream: BodyStream,
    kept: Option<(Record, Upload)>,
}

impl Stream for Download {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => ready!(self.stream.poll_chunk(context)),
        };
        let Some((record, _)) = &mut self.kept else {
            return Poll::Ready(item);
        };
        match &item {
            Some(Ok(chunk)) => record.sent(chunk.len() as u64),
            Some(Err(error)) => record.body_failed(Failure::of_body(error)),
            None => record.complete(),
        }
        if !matches!(item, Some(Ok(_))) {
            self.kept = None;
        }
        Poll::Ready(item)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        // Not everybody looks for the end of a body of known length.
        if let Some((record, _)) = &mut self.kept
            && self.stream.length() == Some(record.bytes())
        {
            record.complete();
        }
    }
}

/// A request's body on its way to the app, which can read it until the response is complete: until this is dropped.
struct Upload(Option<Cut>);

impl Upload {
    /// Bounds a body. Gives what the app gets, and what tells of its faults.
    fn of(body: Body, limit: u64) -> Result<(Body, Self, Option<Faults>), Box<ErrorPage>> {
        if body.length().is_some_and(|length| length > limit) {
            return Err(faulty(&Fault::TooLarge(limit)));
        }
        let Body::Stream(stream) = body else {
            return Ok((body, Self(None), None));
        };
        let length = stream.length();
        let (fault, faults) = oneshot::channel();
        let over = move || {
            let error = Fault::TooLarge(limit).for_app();
            let _ = fault.send(Fault::TooLarge(limit)); // The app may have answered.
            error
        };
        let bounded = Cuttable::new(Bounded::new(stream, limit, over));
        let upload = Self(Some(bounded.cut()));
        let body = Body::Stream(BodyStream::direct(bounded, length));
        Ok((body, upload, Some(faults)))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(cut) = self.0.take() {
            cut.cut(BodyError::new(BodyErrorKind::CutShort, TOO_LATE));
        }
    }
}

#[cfg(test)]
mod tests;
