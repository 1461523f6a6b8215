//! Bodies that have a limit.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use nano_worker::{BodyError, BodyStream};

/// A body of no more than so many bytes. Past them it fails, and what brings it ends.
pub(crate) struct Bounded<F> {
    /// `None` after the end.
    stream: Option<(BodyStream, F)>,
    left: u64,
}

impl<F: FnOnce() -> BodyError> Bounded<F> {
    /// `over` says what is wrong when it has more.
    pub(crate) fn new(stream: BodyStream, limit: u64, over: F) -> Self {
        Self {
            stream: Some((stream, over)),
            left: limit,
        }
    }
}

impl<F: FnOnce() -> BodyError + Unpin> Stream for Bounded<F> {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((stream, _)) = &mut self.stream else {
            return Poll::Ready(None);
        };
        let item = ready!(stream.poll_chunk(context));
        let Some(Ok(chunk)) = &item else {
            return Poll::Ready(item);
        };
        match self.left.checked_sub(chunk.len() as u64) {
            Some(left) => {
                self.left = left;
                Poll::Ready(item)
            }
            None => Poll::Ready(self.stream.take().map(|(_, over)| Err(over()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};
    use nano_worker::BodyErrorKind;

    #[tokio::test]
    async fn a_body_ends_where_it_passes_its_limit() {
        let body = |chunks: &[&'static [u8]]| {
            let chunks: Vec<_> = chunks.iter().map(|c| Ok(Bytes::from_static(c))).collect();
            let stream = BodyStream::direct(stream::iter(chunks), None);
            Bounded::new(stream, 4, || BodyError::new(BodyErrorKind::TooMuch, "over"))
        };
        let fits: Vec<_> = body(&[b"ab", b"cd"]).collect().await;
        assert!(fits.len() == 2 && fits.iter().all(Result::is_ok));
        let mut over = body(&[b"ab", b"cde", b"f"]);
        assert_eq!(over.next().await, Some(Ok(Bytes::from_static(b"ab"))));
        let error = over.next().await.and_then(Result::err);
        assert_eq!(error.map(|error| error.kind), Some(BodyErrorKind::TooMuch));
        assert_eq!(over.next().await, None);
    }
}
