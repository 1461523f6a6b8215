//! From a request that was looked at to its response.

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use nano_worker::{Body, HttpRequest, HttpResponse, Instance, Unanswered};

use super::pages::{broken, defect, faulty, too_slow};
use super::{ATTEMPTS, Admitted, Exchange, Handshake, contain, failed, upgrade, usable};
use crate::access::Completion;
use crate::app::App;
use crate::http::error_page::ErrorPage;
use crate::http::receive::{Answered, Arriving, Received, receive, refuse};
use crate::http::send::{Ready, ResponseBody, response};
use crate::lease::Lease;
use crate::server::link::Link;
use crate::server::timers::{Due, Timers};
use crate::server::upgrade::Upgrade;
use crate::server::waiting::Waiting;

/// What is to be sent, or said.
type Answer = Result<Usable, Box<ErrorPage>>;
type Usable = (Ready, Option<Box<Upgrade>>);

/// A request, but for what its app is sent.
pub(super) struct Asked {
    pub(super) dev: bool,
    pub(super) completion: Completion,
}

impl Asked {
    /// Of the request's connection.
    fn timers(&self) -> &Timers {
        &self.completion.link().timers
    }

    /// The instance to which a request can be sent at once: nothing has to be waited for before that.
    pub(super) fn instance(&self, lease: &Lease) -> Option<Arc<dyn Instance>> {
        let member = lease.member()?;
        let is_held_up =
            !self.timers().place().is_settled() || lease.is_behind(lease.limits().queue());
        (!is_held_up).then(|| member.instance().clone())
    }

    /// Sends a request without a body to an instance.
    pub(super) fn send(self, instance: Arc<dyn Instance>, admitted: Admitted) -> Sent {
        let Admitted {
            app,
            lease,
            request,
            handshake,
        } = admitted;
        let id = self.completion.id();
        let deadline = Due::from(self.completion.began() + lease.limits().wall);
        match contain(|| instance.fetch(request, id)) {
            Ok(fetched) => Sent {
                fetched: Some(fetched),
                deadline,
                open: Some(Open {
                    app,
                    lease,
                    handshake,
                    asked: self,
                }),
                rest: None,
            },
            Err(page) => Sent {
                fetched: None,
                deadline,
                open: None,
                rest: Some(Box::pin(std::future::ready(self.respond(Err(page))))),
            },
        }
    }

    /// Answers a request, whatever has to be waited for: its body is the connection's until an instance is there for it.
    pub(super) async fn answer<B: Arriving>(
        mut self,
        admitted: Result<Admitted, Box<ErrorPage>>,
        body: Option<(Received<B>, Answered)>,
        early: Option<Arc<Link>>,
    ) -> Response<ResponseBody> {
        let timers = self.timers().clone();
        timers.place().settled().await;
        let answer = match admitted {
            Ok(admitted) => {
                let (mut exchange, handshake) = admitted.exchange(self.completion.id());
                let limits = exchange.lease.limits();
                let (limit, most) = (limits.wall, limits.body);
                let deadline = self.completion.began() + limit;
                let completion = &mut self.completion;
                let answer = async {
                    let mut faults = None;
                    let mut waiting = early.map(Waiting::new);
                    if let Some((body, answered)) = body {
                        let received = receive(body, most, answered).await;
                        let (body, told) = received.map_err(|fault| faulty(&fault))?;
                        if let (Some(waiting), Body::Full(bytes)) = (&mut waiting, &body) {
                            waiting.set(bytes.len());
                        }
                        exchange.request.body = body;
                        faults = told;
                    }
                    let answered = exchange.answer(faults).await?;
                    begun(made(answered, completion, handshake)?).await
                };
                bounded(answer, &timers, deadline, limit).await
            }
            Err(page) => {
                if let Some((body, answered)) = body {
                    refuse(body, answered);
                }
                Err(page)
            }
        };
        self.respond(answer)
    }

    /// Waits for the beginning of a response's stream.
    async fn begin(self, answer: Usable, limit: Duration) -> Response<ResponseBody> {
        let deadline = self.completion.began() + limit;
        let answer = bounded(begun(answer), self.timers(), deadline, limit).await;
        self.respond(answer)
    }

    fn respond(self, answer: Answer) -> Response<ResponseBody> {
        let mut completion = self.completion;
        match answer {
            Ok((response, upgrade)) => {
                let response = response.send(completion);
                if let Some(upgrade) = upgrade {
                    response.body().upgrade(upgrade);
                }
                response
            }
            Err(page) => {
                if let Some(detail) = &page.detail {
                    completion.failed(detail.clone(), page.stack.clone());
                }
                page.respond(self.dev, completion)
            }
        }
    }
}

/// A request that its instance has been sent, until there is a response.
///
/// It is written by hand to be small, and so that what most requests do without is on the heap.
pub(super) struct Sent {
    fetched: Option<BoxFuture<'static, Result<Box<HttpResponse>, Unanswered>>>,
    deadline: Due,
    /// Until it is answered, or there is a `rest`.
    open: Option<Open>,
    /// More has to be waited for.
    rest: Option<BoxFuture<'static, Response<ResponseBody>>>,
}

struct Open {
    app: Arc<App>,
    lease: Lease,
    handshake: Handshake,
    asked: Asked,
}

impl Future for Sent {
    type Output = Response<ResponseBody>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(rest) = &mut this.rest {
            return rest.as_mut().poll(context);
        }
        let (Some(fetched), Some(open)) = (&mut this.fetched, &this.open) else {
            return Poll::Pending;
        };
        let timers = open.asked.timers();
        let fetched = match contain(|| fetched.as_mut().poll(context)) {
            Ok(Poll::Ready(fetched)) => Ok(fetched),
            Ok(Poll::Pending) => {
                ready!(timers.poll_due(&mut this.deadline, context));
                Err(too_slow(open.lease.limits().wall))
            }
            Err(page) => Err(page),
        };
        timers.leave(&mut this.deadline);
        this.fetched = None;
        let Some(open) = this.open.take() else {
            return Poll::Pending;
        };
        let limit = open.lease.limits().wall;
        let from_app = match fetched {
            Ok(Ok(from_app)) => Ok(from_app),
            Ok(Err(Unanswered::Returned(request))) => {
                let rest = this.rest.insert(Box::pin(open.go_on(request)));
                return rest.as_mut().poll(context);
            }
            Ok(Err(Unanswered::Failed(error))) => {
                contain(|| failed(error, &open.lease, open.asked.completion.id())).and_then(Err)
            }
            Err(page) => Err(page),
        };
        let Open {
            lease,
            handshake,
            mut asked,
            ..
        } = open;
        let completion = &mut asked.completion;
        let answer = from_app.and_then(|mut from_app| {
            contain(|| {
                let status = usable(&mut from_app, &lease, completion.id())?;
                made((from_app, status, lease), completion, handshake)
            })
            .flatten()
        });
        match answer {
            Ok(answer) if answer.0.is_streamed() => {
                let rest = this.rest.insert(Box::pin(asked.begin(answer, limit)));
                rest.as_mut().poll(context)
            }
            answer => Poll::Ready(asked.respond(answer)),
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.asked.timers().leave(&mut self.deadline);
        }
    }
}

impl Open {
    /// The instance has given the request back; the next one gets it.
    async fn go_on(self, request: Box<HttpRequest>) -> Response<ResponseBody> {
        let Open {
            app,
            lease,
            handshake,
            mut asked,
        } = self;
        let limit = lease.limits().wall;
        let deadline = asked.completion.began() + limit;
        let timers = asked.timers().clone();
        let mut exchange = Exchange {
            app,
            lease,
            id: asked.completion.id(),
            request,
        };
        let completion = &mut asked.completion;
        let answer = async {
            exchange.lease.returned().await;
            let answered = exchange.answer_within(ATTEMPTS - 1, None).await?;
            begun(made(answered, completion, handshake)?).await
        };
        let answer = bounded(answer, &timers, deadline, limit).await;
        asked.respond(answer)
    }
}

/// Makes hyper's response of an app's, and gives its lease to the request's record.
fn made(
    (mut from_app, status, lease): (Box<HttpResponse>, StatusCode, Lease),
    completion: &mut Completion,
    handshake: Handshake,
) -> Answer {
    let upgrade = upgrade(&mut from_app, handshake, &lease)?;
    if upgrade.is_some() {
        let client = completion.link().peer.client();
        completion.becomes_websocket(lease.limits().websockets, client)?;
    }
    completion.answered_by(lease);
    let fields = completion.fields();
    let mut answer = response(*from_app, status, completion.method(), fields);
    if let Some(upgrade) = &upgrade {
        answer.upgrades(upgrade);
    }
    Ok((answer, upgrade))
}

/// Waits for the beginning of what is to be sent.
async fn begun((mut answer, upgrade): Usable) -> Answer {
    answer.begin().await.map_err(|error| broken(&error))?;
    Ok((answer, upgrade))
}

/// The answer, if it comes in time, and nothing panics on its way.
async fn bounded(
    answer: impl Future<Output = Answer>,
    timers: &Timers,
    deadline: Instant,
    limit: Duration,
) -> Answer {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match timers.until(deadline, pin!(answer)).await {
        Some(Ok(answer)) => answer,
        Some(Err(panic)) => Err(defect(&*panic)),
        None => Err(too_slow(limit)),
    }
}
