//! Bodies of requests on their way to the app that is called.
//!
//! The caller sends them as a client does: not without end, and not too slowly. What the app gets is a copy, and nothing of the
//! caller's is held once the response is complete.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, stream};
use nano_worker::{Body, BodyError, BodyErrorKind, BodyStream, Cut, Cuttable, Patience};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep};

use super::SMALL;
use crate::dispatch::pages::faulty;
use crate::http::error_page::ErrorPage;
use crate::http::receive::{Fault, Faults, TOO_LATE};
use crate::patience;

/// A request's body on its way to the app, which can read it until the response is complete: until this is dropped.
pub(super) struct Upload(Option<Cut>);

impl Upload {
    /// Bounds a body. Gives what the app gets, and what tells of its faults. `runtime` has the time.
    pub(super) fn of(
        body: Body,
        limit: u64,
        patience: Patience,
        runtime: &Handle,
    ) -> Result<(Body, Self, Option<Faults>), Box<ErrorPage>> {
        let length = body.length();
        if length.is_some_and(|length| length > limit) {
            return Err(faulty(&Fault::TooLarge(limit)));
        }
        let (chunks, faults) = match body {
            Body::Empty => return Ok((Body::Empty, Self(None), None)),
            Body::Full(bytes) if bytes.len() <= SMALL => {
                let copy = Bytes::copy_from_slice(&bytes);
                return Ok((Body::Full(copy), Self(None), None));
            }
            Body::Full(mut bytes) => {
                let pieces = std::iter::from_fn(move || copy_of_first(&mut bytes).map(Ok));
                (Cuttable::new(stream::iter(pieces)), None)
            }
            Body::Stream(stream) => {
                let (fault, faults) = oneshot::channel();
                let paced = Paced {
                    stream: Some(stream),
                    chunk: Bytes::new(),
                    limit,
                    left: limit,
                    patience,
                    waits: None,
                    fault: Some(fault),
                    runtime: runtime.clone(),
                };
                (Cuttable::new(paced), Some(faults))
            }
        };
        let upload = Self(Some(chunks.cut()));
        let body = Body::Stream(BodyStream::direct(chunks, length));
        Ok((body, upload, faults))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(cut) = self.0.take() {
            cut.cut(BodyError::new(BodyErrorKind::CutShort, TOO_LATE));
        }
    }
}

/// Takes some bytes off the front, if there are any.
fn copy_of_first(bytes: &mut Bytes) -> Option<Bytes> {
    let piece = bytes.split_to(bytes.len().min(SMALL));
    (!piece.is_empty()).then(|| Bytes::copy_from_slice(&piece))
}

/// A body of no more than so many bytes, for which whoever reads it does not wait for too long.
struct Paced {
    /// `None` after the end.
    stream: Option<BodyStream>,
    /// What is left of the last chunk.
    chunk: Bytes,
    limit: u64,
    left: u64,
    patience: Patience,
    /// Since when the next chunk is waited for, and until when.
    waits: Option<(Instant, Pin<Box<Sleep>>)>,
    fault: Option<oneshot::Sender<Fault>>,
    runtime: Handle,
}

impl Paced {
    /// Ends it, with what brings it.
    fn end_with(&mut self, fault: Fault) -> BodyError {
        self.stream = None;
        let error = fault.for_app();
        if let Some(told) = self.fault.take() {
            let _ = told.send(fault); // The app may have answered.
        }
        error
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(piece) = copy_of_first(&mut this.chunk) {
                return Poll::Ready(Some(Ok(piece)));
            }
            let Some(stream) = &mut this.stream else {
                return Poll::Ready(None);
            };
            let Poll::Ready(item) = stream.poll_chunk(context) else {
                let (patience, runtime) = (&this.patience, &this.runtime);
                let (_, over) = this.waits.get_or_insert_with(|| {
                    // Whoever reads may be on a thread without a runtime.
                    let _entered = runtime.enter();
                    (Instant::now(), Box::pin(sleep(patience.left())))
                });
                ready!(Pin::new(&mut unconstrained(over.as_mut())).poll(context));
                let fault = Fault::TooSlow(patience::describe(&this.patience));
                return Poll::Ready(Some(Err(this.end_with(fault))));
            };
            if let Some((since, _)) = this.waits.take() {
                this.patience.spend(since.elapsed());
            }
            let Some(Ok(chunk)) = item else {
                this.stream = None;
                return Poll::Ready(item);
            };
            this.patience.earn(chunk.len());
            match this.left.checked_sub(chunk.len() as u64) {
                Some(left) => (this.left, this.chunk) = (left, chunk),
                None => {
                    let fault = Fault::TooLarge(this.limit);
                    return Poll::Ready(Some(Err(this.end_with(fault))));
                }
            }
        }
    }
}
