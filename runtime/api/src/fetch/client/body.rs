//! The bodies of requests on their way to the network.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use nano_worker::{Batch, Body, BodyError, BodyStream};

/// A request's body. Bytes can be sent again after a redirect, a stream cannot.
#[derive(Debug, Default)]
pub(crate) enum RequestBody {
    /// There is none.
    #[default]
    Null,
    /// All of it is in memory.
    Bytes(Bytes),
    /// Chunks, as they come.
    Stream(BodyStream),
    /// A stream that was sent already.
    Spent,
}

impl RequestBody {
    /// What goes onto the wire for it now. A stream goes once.
    pub(super) fn take(&mut self) -> WireBody {
        match self {
            RequestBody::Null | RequestBody::Spent => WireBody(None),
            RequestBody::Bytes(bytes) => WireBody(Some(Chunks::One(bytes.clone()))),
            RequestBody::Stream(_) => match std::mem::replace(self, RequestBody::Spent) {
                RequestBody::Stream(stream) => WireBody(Some(Chunks::Many(stream))),
                _ => unreachable!("matched above"),
            },
        }
    }

    /// What another app gets for it now. A stream goes once.
    pub(super) fn take_whole(&mut self) -> Body {
        match self {
            RequestBody::Null | RequestBody::Spent => Body::Empty,
            RequestBody::Bytes(bytes) => Body::Full(bytes.clone()),
            RequestBody::Stream(_) => match std::mem::replace(self, RequestBody::Spent) {
                RequestBody::Stream(stream) => Body::Stream(stream),
                _ => unreachable!("matched above"),
            },
        }
    }

    /// Whether what goes onto the wire can go there again.
    pub(super) fn is_replayable(&self) -> bool {
        matches!(self, RequestBody::Null | RequestBody::Bytes(_))
    }

    /// Its size, where that is known. A request without a body has no size.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            RequestBody::Null | RequestBody::Spent => None,
            RequestBody::Bytes(bytes) => Some(bytes.len() as u64),
            RequestBody::Stream(stream) => stream.length(),
        }
    }
}

/// A body that hyper sends.
pub(super) struct WireBody(Option<Chunks>);

enum Chunks {
    One(Bytes),
    Many(BodyStream),
}

impl http_body::Body for WireBody {
    type Data = Batch;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Batch>, BodyError>>> {
        let item = match &mut self.0 {
            None => None,
            Some(Chunks::One(bytes)) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then(|| Ok(Batch::from(bytes)))
            }
            Some(Chunks::Many(stream)) => match ready!(stream.poll_batch(context)) {
                Some(item) => return Poll::Ready(Some(item.map(Frame::data))),
                None => None,
            },
        };
        self.0 = None;
        Poll::Ready(item.map(|item| item.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            None => true,
            Some(Chunks::One(bytes)) => bytes.is_empty(),
            Some(Chunks::Many(_)) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            None => SizeHint::with_exact(0),
            Some(Chunks::One(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            Some(Chunks::Many(stream)) => stream
                .length()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
