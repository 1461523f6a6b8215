//! Closing a connection so that its last response arrives.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use nano_worker::Patience;
use tokio::time::Instant;

use super::timers::{Deadline, Timers};

/// How long a client may go on sending after the last response; one of HTTP/2, after it has taken that.
const LINGER: Duration = Duration::from_secs(2);

/// What a client of HTTP/2 may send then. It has no request, so it is WINDOW_UPDATEs and the like, or a flood.
const MOST: usize = 64 << 10;

/// GOAWAY and PING, with which HTTP/2 ends a connection that has just had a response, are fewer bytes. A client that is sent nothing else
/// may have vanished.
const GOODBYE: usize = 128;

/// Head and body of a response that are not larger are written as one piece.
const SMALL: usize = 1024;

/// A stream that, when it is shut down while the client still sends, reads and drops what comes. A socket that is
/// closed with unread data, or gets more of it, is reset, and a reset makes the client lose what it has not read of the last response
/// (RFC 9112, section 9.6). A client of HTTP/2 sends as it reads, so it is waited for until it closes, or takes nothing any more; not
/// where it has had the last response for long enough, or there was none.
pub(super) struct Linger<T> {
    inner: T,
    timers: Timers,
    closing: Option<Closing>,
}

/// The peer of a stream.
pub(super) trait Peer {
    /// Bytes of responses that the system holds for it: not sent, or not acknowledged.
    fn queued(&self) -> usize;
    /// How long the system has had the last thing that the client is to read; `None` if there was nothing.
    fn since_response(&self) -> Option<Duration>;
    /// How slowly it may take them, if it sends while it does.
    fn patience(&self) -> Option<Patience>;
}

struct Closing {
    deadline: Deadline,
    /// Something came after the shutdown, so more may come.
    sends: bool,
    /// How much came.
    read: usize,
    /// What the system held for the peer when the deadline was set.
    queued: usize,
    /// Of a peer that sends while it reads.
    patience: Option<Patience>,
}

impl<T> Linger<T> {
    pub(super) fn new(inner: T, timers: Timers) -> Self {
        Self {
            inner,
            timers,
            closing: None,
        }
    }

    #[cfg(test)]
    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    /// What it is over.
    pub(super) fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: Read + Unpin> Read for Linger<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: Read + Write + Peer + Unpin> Write for Linger<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total: usize = parts.iter().map(|part| part.len()).sum();
        if parts.len() < 2 || total > SMALL {
            return Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        }
        // The kernel takes one small piece with less ado than several.
        let mut room = [MaybeUninit::uninit(); SMALL];
        let mut whole = tokio::io::ReadBuf::uninit(&mut room);
        for part in parts {
            whole.put_slice(part);
        }
        Pin::new(&mut self.inner).poll_write(context, whole.filled())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
        }
        let inner = &this.inner;
        let closing = this.closing.get_or_insert_with(|| {
            let (patience, queued) = (inner.patience(), inner.queued());
            let passed = match patience {
                Some(_) if queued <= GOODBYE => inner.since_response().unwrap_or(LINGER),
                _ => Duration::ZERO,
            };
            let left = LINGER.saturating_sub(passed);
            Closing {
                deadline: this.timers.at(Instant::now().into_std() + left),
                sends: patience.is_some(),
                read: 0,
                queued,
                patience,
            }
        });
        loop {
            let mut scratch = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(context, buffer.unfilled()) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    closing.sends = true;
                    closing.read += buffer.filled().len();
                    if closing.patience.is_some() && closing.read > MOST {
                        return Poll::Ready(Ok(()));
                    }
                }
                // The client has closed, too, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending if !closing.sends => return Poll::Ready(Ok(())),
                Poll::Pending => ready!(Pin::new(&mut closing.deadline).poll(context)),
            }
            if closing.deadline.has_passed() {
                if !closing.goes_on(this.inner.queued()) {
                    return Poll::Ready(Ok(()));
                }
                closing.deadline = this.timers.at(Instant::now().into_std() + LINGER);
            }
        }
    }
}

impl Closing {
    /// Whether the peer is waited for once more. So much is queued for it now.
    fn goes_on(&mut self, queued: usize) -> bool {
        let before = std::mem::replace(&mut self.queued, queued);
        let Some(patience) = self.patience.as_mut().filter(|_| before > GOODBYE) else {
            return false;
        };
        patience.spend(LINGER);
        patience.earn(before.saturating_sub(queued));
        !patience.is_spent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patience::ClientLimits;
    use hyper_util::rt::TokioIo;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// A client of HTTP/1 has no patience.
    impl Peer for TokioIo<tokio::io::DuplexStream> {
        fn queued(&self) -> usize {
            0
        }

        fn since_response(&self) -> Option<Duration> {
            None
        }

        fn patience(&self) -> Option<Patience> {
            None
        }
    }

    /// A client of HTTP/2, for which so much is queued each time that somebody looks, and when it had its last response.
    struct Reads(Vec<usize>, std::cell::Cell<usize>, Option<Duration>);

    impl Read for Reads {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl Write for Reads {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Peer for Reads {
        fn queued(&self) -> usize {
            let look = self.1.replace(self.1.get() + 1);
            self.0.get(look).or(self.0.last()).copied().unwrap_or(0)
        }

        fn since_response(&self) -> Option<Duration> {
            self.2
        }

        fn patience(&self) -> Option<Patience> {
            Some(Patience::new(ClientLimits::default().pace()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_of_http2_is_waited_for_while_it_reads() {
        let stall = ClientLimits::default().stall;
        let (now, second) = (Some(Duration::ZERO), Some(Duration::from_secs(1)));
        for (queued, since, expected) in [
            (vec![0], now, LINGER),
            // It has vanished.
            (vec![GOODBYE], now, LINGER),
            (vec![300_000, 200_000, 100_000, 0], second, LINGER * 4),
            (vec![300_000], second, stall),
            // It has had its time, or a part of it.
            (vec![0], Some(LINGER * 2), Duration::ZERO),
            (vec![GOODBYE], second, LINGER - Duration::from_secs(1)),
            (vec![0], None, Duration::ZERO),
        ] {
            let reads = Reads(queued.clone(), 0.into(), since);
            let mut linger = Linger::new(reads, Timers::default());
            let began = Instant::now();
            poll_fn(|context| Pin::new(&mut linger).poll_shutdown(context))
                .await
                .unwrap();
            assert_eq!(began.elapsed(), expected, "{queued:?}");
        }
    }

    async fn shut_down(linger: &mut Linger<TokioIo<tokio::io::DuplexStream>>) -> Duration {
        let began = tokio::time::Instant::now();
        poll_fn(|context| Pin::new(&mut *linger).poll_shutdown(context))
            .await
            .unwrap();
        began.elapsed()
    }

    #[tokio::test]
    async fn pieces_arrive_in_order() {
        for sizes in [[3, 0, 5], [0, 0, 0], [SMALL, 1, 1], [SMALL - 1, 1, 0]] {
            let (mut client, server) = tokio::io::duplex(4 * SMALL);
            let mut linger = Linger::new(TokioIo::new(server), Timers::default());
            let pieces: Vec<Vec<u8>> = (1..).zip(sizes).map(|(n, size)| vec![n; size]).collect();
            let parts: Vec<_> = pieces.iter().map(|piece| io::IoSlice::new(piece)).collect();
            let written =
                poll_fn(|context| Pin::new(&mut linger).poll_write_vectored(context, &parts));
            let written = written.await.unwrap();
            drop(linger);
            let mut arrived = Vec::new();
            client.read_to_end(&mut arrived).await.unwrap();
            assert_eq!(arrived, pieces.concat()[..written]);
            assert_eq!(written, pieces.concat().len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_client_is_not_waited_for() {
        let (_client, server) = tokio::io::duplex(64);
        let mut linger = Linger::new(TokioIo::new(server), Timers::default());
        assert_eq!(shut_down(&mut linger).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_is_read_until_it_closes() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut linger = Linger::new(TokioIo::new(server), Timers::default());
        let sending = tokio::spawn(async move {
            client.write_all(&[0; 10_000]).await.unwrap();
            client.read_to_end(&mut Vec::new()).await.unwrap();
        });
        tokio::task::yield_now().await;
        assert!(shut_down(&mut linger).await < LINGER);
        sending.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_closes_is_left() {
        let (mut client, server) = tokio::io::duplex(64);
        client.write_all(b"x").await.unwrap();
        let mut linger = Linger::new(TokioIo::new(server), Timers::default());
        assert_eq!(shut_down(&mut linger).await, LINGER);
    }
}
