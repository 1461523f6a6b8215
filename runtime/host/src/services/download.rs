//! Responses of apps on their way to the app that has called.
//!
//! The caller takes them as a client does: what it does not take in time is given up, so nothing of the app that has answered waits for
//! it. What has been taken is a copy, and counts for the caller alone.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use nano_worker::{BodyError, BodyErrorKind, BodyStream, BodyWriter, PassedOn, Patience, Put};
use tokio::time::{Instant, timeout};

use super::Begun;
use super::untaken::Taking;
use super::upload::Upload;
use crate::dispatch::pages::not_taken;
use crate::patience;
use crate::record::{Failure, Record};
use crate::statistics::Limit;

/// What is handed over at a time, and what a caller is seen to take.
pub(super) const PIECE: usize = 16 << 10;
/// Bytes that wait for the caller, which are the other app's no more.
pub(super) const WAITING: usize = 128 << 10;

/// A response's body, with the record of its request.
pub(super) struct Download {
    /// What there was of it at once.
    pub(super) begun: Begun,
    pub(super) stream: BodyStream,
    pub(super) record: Record,
    /// Of one that was there as a whole.
    pub(super) taking: Option<Taking>,
    /// Is kept as long as the response goes on.
    pub(super) _upload: Upload,
    pub(super) caller: Arc<str>,
    /// Of pieces.
    pub(super) patience: Patience,
    /// The caller has passed it on: what its own client takes in time, is in time.
    pub(super) passed_on: PassedOn,
}

enum End {
    Whole,
    Failed(BodyError),
    /// The caller is gone.
    Left,
    /// The caller takes too little: how much.
    Slow(String),
    /// The caller takes nothing of it, and more of others.
    GivenUp,
}

impl Download {
    /// Hands the body over until it ends, or the caller leaves or is too slow.
    pub(super) async fn run(mut self, writer: BodyWriter) {
        let taking = self.taking.take();
        let given_up = async {
            match &taking {
                Some(taking) => taking.given_up().await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            end = self.hand_over(&writer, taking.as_ref()) => end,
            () = writer.closed() => End::Left,
            () = given_up => End::GivenUp,
        };
        let length = self.stream.length();
        let Self { record, caller, .. } = &mut self;
        let told = match end {
            End::Whole => {
                record.complete();
                Ok(())
            }
            End::Failed(error) => {
                record.body_failed(Failure::of_body(&error));
                Err(error)
            }
            End::Slow(how) => {
                record.failed(format!("the app \"{caller}\" takes {how}"), None);
                record.limited(Limit::Stall);
                let message =
                    format!("the other app's response was given up: this app takes {how}");
                Err(BodyError::new(BodyErrorKind::CutShort, message))
            }
            End::GivenUp => {
                let page = not_taken(caller);
                let why = page.detail.unwrap_or_default();
                let message = format!("the other app's response was given up: {why}");
                record.failed(why, None);
                Err(BodyError::new(BodyErrorKind::CutShort, message))
            }
            // Not everybody looks for the end of a body of known length.
            End::Left => {
                if length == Some(record.bytes()) {
                    record.complete();
                }
                return;
            }
        };
        // The request is over before the caller knows.
        drop((self, taking));
        match told {
            Ok(()) => writer.finish(),
            Err(error) => writer.fail(error),
        }
    }

    async fn hand_over(&mut self, writer: &BodyWriter, taking: Option<&Taking>) -> End {
        let mut taken = 0;
        loop {
            let chunk = match self.begun.pop_front() {
                Some(chunk) => Some(chunk),
                None => self.stream.next().await,
            };
            let mut chunk = match chunk {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return End::Failed(error),
                None => return End::Whole,
            };
            while !chunk.is_empty() {
                match self.wait(writer, &mut taken).await {
                    Some(true) => {}
                    Some(false) => return End::Left,
                    None => return End::Slow(patience::describe(&self.patience)),
                }
                let piece = chunk.split_to(chunk.len().min(PIECE));
                self.record.sent(piece.len() as u64);
                if let Some(taking) = taking {
                    taking.took(piece.len());
                }
                match writer.put(Bytes::copy_from_slice(&piece)) {
                    Put::Room | Put::Full => {}
                    // What the callee states it keeps to: that fails before.
                    Put::Gone | Put::TooLong { .. } => return End::Left,
                }
            }
        }
    }

    /// Waits until the caller has taken enough of the first bytes, of which it has `taken` so many: true; false when it is gone. `None`
    /// if it takes too few.
    async fn wait(&mut self, writer: &BodyWriter, taken: &mut u64) -> Option<bool> {
        let mut room = pin!(writer.room());
        loop {
            let began = Instant::now();
            let there = timeout(self.patience.left(), room.as_mut()).await;
            self.patience.spend(began.elapsed());
            let now = self.record.bytes() - writer.waiting() as u64;
            let more = now - std::mem::replace(taken, now);
            self.patience
                .earn(usize::try_from(more).unwrap_or(usize::MAX));
            match there {
                Ok(there) => return Some(there),
                Err(_) if self.passed_on.get() => return Some(room.await),
                Err(_) if self.patience.is_spent() => return None,
                Err(_) => {}
            }
        }
    }
}
