//! A response's body that arrives. Whoever reads it asks the connection for the next chunk: nothing is read ahead.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;
use nano_engine::thread_io::Driven;
use nano_worker::{BodyError, BodyErrorKind};

use super::decode::Chunks;

/// The chunks, and with them the connection.
pub(crate) struct Arriving(Arc<Mutex<State>>);

struct State {
    /// `None` after the end.
    chunks: Option<Chunks>,
    /// Whoever waits for the next chunk.
    reader: Option<Waker>,
    is_cut: bool,
    /// The app may be gone while its client still reads: what brings the chunks must go on.
    driven: Option<Driven>,
}

/// Ends a body, whoever has it.
pub(crate) struct Cut(Weak<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Arriving {
    pub(super) fn new(chunks: Chunks) -> Arriving {
        Arriving(Arc::new(Mutex::new(State {
            chunks: Some(chunks),
            reader: None,
            is_cut: false,
            driven: None,
        })))
    }

    /// Keeps the runtime going that brings the chunks.
    pub(crate) fn keep(&self, driven: Option<Driven>) {
        lock(&self.0).driven = driven;
    }

    /// What ends it from elsewhere.
    pub(crate) fn cut(&self) -> Cut {
        Cut(Arc::downgrade(&self.0))
    }
}

impl Stream for Arriving {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = lock(&self.0);
        let Some(chunks) = &mut state.chunks else {
            let error = || BodyError::new(BodyErrorKind::CutShort, "the fetch was aborted");
            return Poll::Ready(std::mem::take(&mut state.is_cut).then(|| Err(error())));
        };
        match chunks.as_mut().poll_next(context) {
            Poll::Pending => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
            Poll::Ready(item) => {
                if !matches!(item, Some(Ok(_))) {
                    (state.chunks, state.driven) = (None, None);
                }
                Poll::Ready(item)
            }
        }
    }
}

impl Cut {
    /// Whether there is something left to end.
    pub(crate) fn is_running(&self) -> bool {
        self.0
            .upgrade()
            .is_some_and(|state| lock(&state).chunks.is_some())
    }

    /// Ends the body and its connection: its reader sees an error.
    pub(crate) fn cut(&self) {
        let Some(state) = self.0.upgrade() else {
            return;
        };
        let mut state = lock(&state);
        let Some(chunks) = state.chunks.take() else {
            return;
        };
        state.is_cut = true;
        let (reader, driven) = (state.reader.take(), state.driven.take());
        drop(state);
        // The connection ends before whoever drives it.
        drop((chunks, driven));
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl fmt::Debug for Arriving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arriving").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    #[tokio::test]
    async fn a_cut_reaches_a_reader_that_waits() {
        let first = stream::iter([Ok(Bytes::from_static(b"ab"))]);
        let mut body = Arriving::new(Box::pin(first.chain(stream::pending())));
        let cut = body.cut();
        assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"ab"))));
        let reader = tokio::spawn(async move { (body.next().await, body.next().await) });
        tokio::task::yield_now().await;
        assert!(cut.is_running() && !reader.is_finished());
        cut.cut();
        let (error, end) = reader.await.unwrap();
        assert_eq!(error.unwrap().unwrap_err().kind, BodyErrorKind::CutShort);
        assert_eq!(end, None);
        assert!(!cut.is_running());
    }

    #[test]
    fn what_is_over_or_gone_is_not_running() {
        let mut body = Arriving::new(Box::pin(stream::iter([])));
        let cut = body.cut();
        assert!(cut.is_running());
        assert_eq!(body.next().now_or_never(), Some(None));
        assert!(!cut.is_running());
        cut.cut();
        assert_eq!(body.next().now_or_never(), Some(None));
        let body = Arriving::new(Box::pin(stream::pending()));
        let cut = body.cut();
        drop(body);
        assert!(!cut.is_running());
    }
}
