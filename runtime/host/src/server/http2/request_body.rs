//! Bodies of requests, as h2 has them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;

use crate::http::receive::{Arriving, OnTaken};

/// A request's body.
pub(super) struct RequestBody {
    pub(super) stream: RecvStream,
    /// What has yet to come, where the client says so. h2 resets a stream that does not keep to it (RFC 9113, section 8.1.1).
    pub(super) length: Option<u64>,
    /// Told when somebody reads, if the client waits for that (RFC 9110, section 10.1.1).
    pub(super) asks: Option<oneshot::Sender<()>>,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if let Some(asks) = self.asks.take() {
            // The stream may have been reset.
            let _ = asks.send(());
        }
        if let Some(data) = ready!(self.stream.poll_data(context)) {
            let bytes = data?;
            if let Some(length) = &mut self.length {
                *length = length.saturating_sub(bytes.len() as u64);
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        // DEPARTURE: RFC 9113, section 8.1, forbids pseudo-header fields here; h2 drops them before anybody sees them.
        let trailers = ready!(self.stream.poll_trailers(context))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(length) => SizeHint::with_exact(length),
            None if self.stream.is_end_stream() => SizeHint::with_exact(0),
            None => SizeHint::default(),
        }
    }
}

impl Arriving for RequestBody {
    fn on_taken(&mut self) -> Option<OnTaken> {
        let mut flow = self.stream.flow_control().clone();
        Some(Box::new(move |bytes| {
            // The stream may have been reset.
            let _ = flow.release_capacity(bytes);
        }))
    }
}
