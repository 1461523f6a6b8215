//! From a request to a response: routing, admission, limits, and what to say when something fails.
//!
//! | what happened | status |
//! |---|---|
//! | the request is malformed, its `Host` is missing or no host name | 400 |
//! | no app answers to the host | 404 |
//! | TRACE, CONNECT | 405 |
//! | the body is larger than `body_mb` | 413 |
//! | the head is larger than 64 KiB (answered by hyper) | 431 |
//! | the handler threw, returned no `Response`, or does not exist | 500 |
//! | the app did not start, has too many requests in flight, or passed its CPU or memory limit | 503 |
//! | the handler took longer than `wall_ms` | 504 |

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use nano_api::worker::{Exit, FetchError, HttpRequest, HttpResponse, RequestId};

use crate::access::Completion;
use crate::app::App;
use crate::http::error_page::{self, ErrorPage};
use crate::http::receive::{Overflow, receive};
use crate::http::send::{self, ResponseBody, respond};
use crate::http::{headers, target};
use crate::router::Router;

/// Hands the requests of one listener to its apps.
pub struct Dispatcher {
    router: Router<Arc<App>>,
    /// Clients see what went wrong inside of apps.
    dev: bool,
    ids: Arc<RequestIds>,
}

/// Makes request ids that are unique in the process, and unlikely to be another process's.
#[derive(Debug)]
pub struct RequestIds(AtomicU64);

impl Default for RequestIds {
    fn default() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self(AtomicU64::new(
            RandomState::new().hash_one(std::process::id()),
        ))
    }
}

impl RequestIds {
    fn next(&self) -> RequestId {
        RequestId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl Dispatcher {
    /// A dispatcher for these routes.
    pub fn new(router: Router<Arc<App>>, dev: bool, ids: Arc<RequestIds>) -> Self {
        Self { router, dev, ids }
    }

    /// Answers a request. `local` is the address that it came to.
    pub(crate) async fn handle<B>(
        &self,
        request: Request<B>,
        local: SocketAddr,
    ) -> Response<ResponseBody>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display + Send,
    {
        let (mut parts, body) = request.into_parts();
        let id = self.ids.next();
        let mut completion = Completion::new(id, &parts);
        let method = parts.method.clone();
        let accept = error_page::accept(&parts.headers);
        let page = match self.route(&mut parts, local) {
            Ok((app, url)) => {
                completion.routed(app.clone());
                match app.admit() {
                    Some(admission) => {
                        completion.admitted(admission);
                        match forward(&app, parts, url, body, id).await {
                            Ok((response, status)) => {
                                return respond(response, status, &method, completion);
                            }
                            Err(page) => page,
                        }
                    }
                    None => {
                        let limit = app.config().limits.in_flight;
                        ErrorPage::new(
                            StatusCode::SERVICE_UNAVAILABLE,
                            "The app is busy. Try again soon.",
                        )
                        .detail(format!(
                            "the app \"{}\" has {limit} requests in flight, its limit",
                            app.config().name
                        ))
                        .retry_after(Duration::from_secs(1))
                    }
                }
            }
            Err(page) => page,
        };
        if let Some(detail) = &page.detail {
            completion.failed(detail.clone(), page.stack.clone());
        }
        page.respond(id, &method, accept.as_ref(), self.dev, completion)
    }

    /// Finds the app and the URL.
    fn route(&self, parts: &mut Parts, local: SocketAddr) -> Result<(Arc<App>, String), ErrorPage> {
        if matches!(parts.method, Method::TRACE | Method::CONNECT) {
            let message = "This method is not supported.";
            return Err(ErrorPage::new(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        let target = target::read(parts, local).map_err(|fault| {
            ErrorPage::new(StatusCode::BAD_REQUEST, "The request is malformed.").detail(fault)
        })?;
        match self.router.find(&target.host) {
            Some(app) => Ok((app.clone(), target.url)),
            None => Err(
                ErrorPage::new(StatusCode::NOT_FOUND, "No app answers to this host.")
                    .detail(format!("no app has the hostname \"{}\"", target.host)),
            ),
        }
    }
}

/// Lets an app answer a request, within its limits.
async fn forward<B>(
    app: &Arc<App>,
    mut parts: Parts,
    url: String,
    body: B,
    id: RequestId,
) -> Result<(HttpResponse, StatusCode), ErrorPage>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Display + Send,
{
    let limits = app.config().limits;
    let too_large = || {
        ErrorPage::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request's body is too large.",
        )
        .detail(format!(
            "the request's body is larger than {} bytes, the app's limit",
            limits.body
        ))
    };
    let answer = async {
        let (body, overflow) = receive(body, limits.body).await.map_err(|_| too_large())?;
        let instance = app.instance().await.map_err(|unavailable| {
            ErrorPage::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The app is not available. Try again soon.",
            )
            .detail(unavailable.reason)
            .retry_after(unavailable.retry_after)
        })?;
        headers::strip(&mut parts.headers);
        let request = HttpRequest {
            method: parts.method,
            url,
            headers: parts.headers,
            body,
        };
        let fetched = instance.clone().fetch(request, id);
        let result = match overflow {
            None => fetched.await,
            Some(overflow) => tokio::select! {
                // A body that is too large decides, even when the app has met it at the same time.
                biased;
                () = overflowed(overflow) => return Err(too_large()),
                result = fetched => result,
            },
        };
        let usable = result.and_then(|response| match send::status(&response) {
            Ok(status) => Ok((response, status)),
            Err(reason) => Err(FetchError::UnusableResponse { reason }),
        });
        usable.map_err(|error| {
            // The instance's end is about to be noticed; the next request must not meet it.
            match error {
                FetchError::HeapLimit => app.retire(&instance, &Exit::HeapLimit),
                FetchError::Crashed => app.retire(&instance, &Exit::Crashed),
                _ => {}
            }
            failure(error)
        })
    };
    match tokio::time::timeout(limits.wall, answer).await {
        Ok(result) => result,
        Err(_) => {
            let limit = limits.wall.as_millis();
            Err(ErrorPage::new(
                StatusCode::GATEWAY_TIMEOUT,
                "The app took too long to answer.",
            )
            .detail(format!(
                "the app did not answer within {limit} ms, its wall_ms limit"
            )))
        }
    }
}

/// Waits until a body is too large; for ever, if it is not.
async fn overflowed(overflow: Overflow) {
    if overflow.await.is_err() {
        std::future::pending().await
    }
}

/// What a failure of an app means to the client.
fn failure(error: FetchError) -> ErrorPage {
    let detail = error.to_string();
    let page = match &error {
        FetchError::CpuLimit | FetchError::HeapLimit | FetchError::Crashed => ErrorPage::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The app used more resources than it may.",
        ),
        FetchError::Ended | FetchError::Canceled => ErrorPage::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The app is restarting. Try again soon.",
        )
        .retry_after(Duration::from_secs(1)),
        FetchError::Exception { .. }
        | FetchError::NoHandler
        | FetchError::NotAResponse { .. }
        | FetchError::UnusableResponse { .. }
        | FetchError::Stalled => ErrorPage::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The app failed to answer.",
        ),
    };
    let stack = match error {
        FetchError::Exception { stack, .. } => stack,
        _ => None,
    };
    ErrorPage {
        stack,
        ..page.detail(detail)
    }
}

#[cfg(test)]
mod tests;
