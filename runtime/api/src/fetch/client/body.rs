//! The bodies of requests on their way to the network.

use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::task::AtomicWaker;
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
                RequestBody::Stream(stream) => WireBody(Some(Chunks::Many(Box::new(Upload {
                    stream,
                    handed: Arc::default(),
                })))),
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
    /// Apart, as most requests have none, and are moved about.
    Many(Box<Upload>),
}

struct Upload {
    stream: BodyStream,
    handed: Arc<Handed>,
}

/// What hyper has of a stream, and has not written. HTTP/2 keeps a frame for each piece until the server takes it, however few its bytes
/// are: so it gets some, and those that wait for their turn become one.
#[derive(Default)]
struct Handed {
    pieces: AtomicUsize,
    /// Waits for one to be gone.
    waker: AtomicWaker,
}

impl Handed {
    const MOST: usize = 16;

    fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        let has_room = || self.pieces.load(SeqCst) < Self::MOST;
        if has_room() {
            return Poll::Ready(());
        }
        self.waker.register(context.waker());
        if has_room() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn hand(self: &Arc<Self>, bytes: Batch) -> Piece {
        self.pieces.fetch_add(1, SeqCst);
        Piece {
            bytes,
            handed: Some(self.clone()),
        }
    }
}

/// Bytes of a body, until hyper has written them.
pub(super) struct Piece {
    bytes: Batch,
    handed: Option<Arc<Handed>>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.bytes.copy_to_bytes(count)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(handed) = &self.handed {
            handed.pieces.fetch_sub(1, SeqCst);
            handed.waker.wake();
        }
    }
}

impl http_body::Body for WireBody {
    type Data = Piece;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BodyError>>> {
        let item = match &mut self.0 {
            None => None,
            Some(Chunks::One(bytes)) => {
                let bytes = std::mem::take(bytes);
                let piece = |bytes: Bytes| Piece {
                    bytes: bytes.into(),
                    handed: None,
                };
                (!bytes.is_empty()).then(|| Ok(piece(bytes)))
            }
            Some(Chunks::Many(upload)) => {
                ready!(upload.handed.poll_room(context));
                match ready!(upload.stream.poll_batch(context)) {
                    Some(item) => {
                        let frame = item.map(|bytes| Frame::data(upload.handed.hand(bytes)));
                        return Poll::Ready(Some(frame));
                    }
                    None => None,
                }
            }
        };
        self.0 = None;
        Poll::Ready(item.map(|item| item.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            None => true,
            Some(Chunks::One(bytes)) => bytes.is_empty(),
            Some(Chunks::Many(..)) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            None => SizeHint::with_exact(0),
            Some(Chunks::One(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            Some(Chunks::Many(upload)) => upload
                .stream
                .length()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use http_body_util::BodyExt as _;

    use super::*;

    fn next(body: &mut WireBody) -> Option<Piece> {
        let frame = body.frame().now_or_never()?;
        let frame = frame.expect("not the end").expect("no failure");
        Some(frame.into_data().ok().expect("data"))
    }

    #[test]
    fn hyper_gets_few_pieces_however_small_they_are() {
        let (writer, stream) = BodyStream::bounded(1 << 20, None);
        let mut body = RequestBody::Stream(stream).take();
        let put = |byte: u8| writer.put(Bytes::copy_from_slice(&[byte]));
        let mut handed = Vec::new();
        for byte in 0..100 {
            put(byte);
            handed.extend(next(&mut body));
        }
        assert_eq!(handed.len(), Handed::MOST);
        assert!(next(&mut body).is_none());
        drop(handed.pop());
        let mut rest = next(&mut body).expect("what waits, in one piece");
        let sent: Vec<u8> = (16..100).collect();
        assert_eq!(rest.copy_to_bytes(rest.remaining()), sent);
    }

    /// Each that is written makes room, and wakes who waits for it.
    #[tokio::test]
    async fn who_waits_for_room_is_woken() {
        let (writer, stream) = BodyStream::bounded(1 << 20, None);
        let mut body = RequestBody::Stream(stream).take();
        let mut handed = Vec::new();
        while handed.len() < Handed::MOST {
            writer.put(Bytes::from_static(b"x"));
            handed.extend(next(&mut body));
        }
        writer.put(Bytes::from_static(b"y"));
        let waits = tokio::spawn(async move { body.frame().await.is_some() });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(handed);
        assert!(waits.await.expect("no panic"));
    }
}
