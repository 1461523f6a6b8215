//! A request that an instance has been sent, until its answer is here.
//!
//! Each request has one, on the heap: so it is written by hand, to be small, and nothing in it is moved about.

use std::borrow::Borrow;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Method;
use nano_worker::{
    Body, BodyError, BodyErrorKind, BodyStream, FetchError, HttpRequest, HttpResponse, RequestId,
    StopPlace, Unanswered,
};
use tokio::sync::oneshot;

use super::Worker;
use super::app::{self, Answer};
use super::dispatch::Delivery;

/// See [`Worker::fetch`].
pub(super) struct Fetching<W: Borrow<Worker>> {
    worker: W,
    id: RequestId,
    is_head: bool,
    /// Nobody has answered yet: if it is dropped so, the app is told.
    is_open: bool,
    outcome: oneshot::Receiver<Answer>,
    /// Among those who learn that the instance's thread is lost.
    place: StopPlace,
    /// The isolate has ended in the middle of its work on the request, or is lost: why.
    cut_off: Option<BoxFuture<'static, FetchError>>,
}

impl<W: Borrow<Worker>> Fetching<W> {
    /// Sends a request.
    pub(super) fn new(worker: W, request: Box<HttpRequest>, id: RequestId) -> Self {
        let instance: &Worker = worker.borrow();
        let is_head = request.method == Method::HEAD;
        let (answer, outcome) = oneshot::channel();
        let held = instance.count(&request.body);
        let mut delivery = Delivery::new(request, answer);
        instance.counters.sent.fetch_add(1, Ordering::Relaxed);
        // A task that is not taken, or dropped, returns the request.
        instance.handle.0.post(Box::new(move |scope| {
            drop(held);
            delivery.arrive(scope, id);
        }));
        Self {
            worker,
            id,
            is_head,
            is_open: true,
            outcome,
            place: StopPlace::default(),
            cut_off: None,
        }
    }
}

impl<W: Borrow<Worker> + Unpin> Future for Fetching<W> {
    type Output = Result<Box<HttpResponse>, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let worker: &Worker = this.worker.borrow();
        if let Some(cut_off) = &mut this.cut_off {
            let error = cut_off.as_mut().poll(context);
            return error.map(|error| Err(Unanswered::Failed(error)));
        }
        match Pin::new(&mut this.outcome).poll(context) {
            Poll::Ready(Ok(answer)) => {
                this.is_open = false;
                if let Err(Unanswered::Returned(_)) = answer {
                    worker.counters.sent.fetch_sub(1, Ordering::Relaxed);
                }
                Poll::Ready(answer.map(|mut response| {
                    if let Body::Stream(stream) = &mut response.body {
                        worker.watch(stream, this.id, this.is_head);
                    }
                    response
                }))
            }
            // What the isolate's thread sends may never come: one that is lost does not drop its end.
            Poll::Pending
                if worker
                    .lost
                    .poll_stopped(&mut this.place, context)
                    .is_pending() =>
            {
                Poll::Pending
            }
            Poll::Pending | Poll::Ready(Err(_)) => {
                this.is_open = false;
                let cut_off = this.cut_off.insert(Box::pin(worker.cut_off(this.id)));
                let error = cut_off.as_mut().poll(context);
                error.map(|error| Err(Unanswered::Failed(error)))
            }
        }
    }
}

impl<W: Borrow<Worker>> Drop for Fetching<W> {
    fn drop(&mut self) {
        let worker: &Worker = self.worker.borrow();
        worker.lost.leave(&mut self.place);
        if self.is_open {
            let (handle, id) = (&worker.handle.0, self.id);
            handle.post(Box::new(move |scope| app::cancel(scope, id)));
        }
    }
}

impl Worker {
    /// A response's body begins to leave: how that ends is told to the app.
    fn watch(&self, stream: &mut BodyStream, id: RequestId, is_head: bool) {
        let lost = self.lost();
        stream.fail_with(async {
            let exit = lost.await;
            BodyError::new(BodyErrorKind::CutShort, exit.to_string())
        });
        let (handle, counters) = (self.handle.0.clone(), self.counters.clone());
        stream.at_end(move |complete| {
            // Nobody reads the body of a response to HEAD.
            if complete || is_head {
                if counters.streamed(id) {
                    handle.post(Box::new(app::clean_up));
                }
            } else {
                handle.post(Box::new(move |scope| app::cancel(scope, id)));
            }
        });
    }
}
