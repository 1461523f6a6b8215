//! Closing a connection so that its last response arrives.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::Instant;

use super::timers::{Deadline, Timers};

/// How long a client may go on sending after the last response.
const LINGER: Duration = Duration::from_secs(2);

/// Head and body of a response that are not larger are written as one piece.
const SMALL: usize = 1024;

/// A stream that, when it is shut down while the client still sends, reads and drops what comes. A socket that is
/// closed with unread data is reset, and a reset makes the client lose the response that says what was wrong
/// (RFC 9112, section 9.6).
pub(super) struct Linger<T> {
    inner: T,
    timers: Timers,
    closing: Option<Closing>,
}

struct Closing {
    deadline: Deadline,
    /// Something came after the shutdown, so more may come.
    sends: bool,
}

impl<T> Linger<T> {
    pub(super) fn new(inner: T, timers: Timers) -> Self {
        Self {
            inner,
            timers,
            closing: None,
        }
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

impl<T: Read + Write + Unpin> Write for Linger<T> {
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
        let mut whole = [0; SMALL];
        let mut rest = &mut whole[..];
        for part in parts {
            let (to, after) = rest.split_at_mut(part.len());
            to.copy_from_slice(part);
            rest = after;
        }
        Pin::new(&mut self.inner).poll_write(context, &whole[..total])
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
        }
        let closing = this.closing.get_or_insert_with(|| Closing {
            deadline: this.timers.at(Instant::now().into_std() + LINGER),
            sends: false,
        });
        loop {
            let mut scratch = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(context, buffer.unfilled()) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => closing.sends = true,
                // The client has closed, too, or is gone.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending if !closing.sends => return Poll::Ready(Ok(())),
                Poll::Pending => return Pin::new(&mut closing.deadline).poll(context).map(Ok),
            }
            if closing.deadline.has_passed() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::rt::TokioIo;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
