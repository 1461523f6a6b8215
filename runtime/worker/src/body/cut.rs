//! Bodies that somebody else than their reader can end.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::Stream;

use super::BodyError;
use super::stream::{Chunks, Guard};

/// Chunks of a body, and with them what brings them. Whoever reads asks for the next one: nothing is read ahead.
pub struct Cuttable(Arc<Mutex<State>>);

struct State {
    /// `None` after the end.
    chunks: Option<Chunks>,
    /// Whoever waits for the next chunk.
    reader: Option<Waker>,
    /// What the reader has yet to be told.
    cut: Option<BodyError>,
    /// Is kept until the end.
    guard: Option<Guard>,
}

/// Ends a body, whoever has it.
pub struct Cut(Weak<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cuttable {
    /// A body of these chunks.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(State {
            chunks: Some(Box::pin(chunks)),
            reader: None,
            cut: None,
            guard: None,
        })))
    }

    /// Keeps something until the end, which is dropped after what brings the chunks.
    pub fn keep(&self, guard: impl Any + Send) {
        lock(&self.0).guard = Some(Box::new(guard));
    }

    /// What ends it from elsewhere.
    pub fn cut(&self) -> Cut {
        Cut(Arc::downgrade(&self.0))
    }
}

impl Stream for Cuttable {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = lock(&self.0);
        let Some(chunks) = &mut state.chunks else {
            return Poll::Ready(state.cut.take().map(Err));
        };
        match chunks.as_mut().poll_next(context) {
            Poll::Pending => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
            Poll::Ready(item) => {
                let ended = match item {
                    Some(Ok(_)) => None,
                    _ => Some((state.chunks.take(), state.guard.take())),
                };
                drop(state);
                drop(ended);
                Poll::Ready(item)
            }
        }
    }
}

impl Cut {
    /// Whether there is something left to end.
    pub fn is_running(&self) -> bool {
        self.0
            .upgrade()
            .is_some_and(|state| lock(&state).chunks.is_some())
    }

    /// Ends the body, with what brings it: its reader sees the error.
    pub fn cut(&self, error: BodyError) {
        let Some(state) = self.0.upgrade() else {
            return;
        };
        let mut state = lock(&state);
        let Some(chunks) = state.chunks.take() else {
            return;
        };
        state.cut = Some(error);
        let (reader, guard) = (state.reader.take(), state.guard.take());
        drop(state);
        // What brings the chunks ends before what is kept for it.
        drop((chunks, guard));
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl fmt::Debug for Cuttable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cuttable").finish_non_exhaustive()
    }
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cut").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::BodyErrorKind;
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    fn error() -> BodyError {
        BodyError::new(BodyErrorKind::CutShort, "it was cut")
    }

    #[tokio::test]
    async fn a_cut_reaches_a_reader_that_waits() {
        let first = stream::iter([Ok(Bytes::from_static(b"ab"))]);
        let mut body = Cuttable::new(first.chain(stream::pending()));
        let cut = body.cut();
        assert_eq!(body.next().await, Some(Ok(Bytes::from_static(b"ab"))));
        let reader = tokio::spawn(async move { (body.next().await, body.next().await) });
        tokio::task::yield_now().await;
        assert!(cut.is_running() && !reader.is_finished());
        cut.cut(error());
        assert_eq!(reader.await.unwrap(), (Some(Err(error())), None));
        assert!(!cut.is_running());
    }

    #[test]
    fn what_is_over_or_gone_is_not_running() {
        let mut body = Cuttable::new(stream::iter([]));
        let cut = body.cut();
        assert!(cut.is_running());
        assert_eq!(body.next().now_or_never(), Some(None));
        assert!(!cut.is_running());
        cut.cut(error());
        assert_eq!(body.next().now_or_never(), Some(None));
        let body = Cuttable::new(stream::pending());
        let cut = body.cut();
        drop(body);
        assert!(!cut.is_running());
    }

    #[test]
    fn what_is_kept_is_kept_until_the_end() {
        let kept = Arc::new(());
        let mut body = Cuttable::new(stream::iter([Ok(Bytes::from_static(b"ab"))]));
        body.keep(kept.clone());
        assert!(body.next().now_or_never().flatten().is_some());
        assert_eq!(Arc::strong_count(&kept), 2);
        assert_eq!(body.next().now_or_never(), Some(None));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
