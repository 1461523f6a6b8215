//! A client's side of a connection.
//!
//! What HTTP is not told by its libraries, the socket sees: which protocol the client speaks, when a response has left, when
//! a client takes too little of it, and when it has closed its half.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes};
use http::StatusCode;
use hyper_util::rt::TokioIo;
use nano_worker::Patience;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::MAX_HEAD;
use super::linger::Peer;
use super::link::Link;
use super::placement::Socket;
use super::timers::Deadline;
use crate::http::error_page;
use crate::patience;

/// How an HTTP/2 connection begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How its first frame begins, the client's SETTINGS: three bytes of a length, which may be others, the type, and no flags
/// (section 4.1).
const SETTINGS: [u8; 5] = [0, 0, 0, 4, 0];

/// A client that closes its half of the connection may wait for its answer, or be gone: nothing tells. It is given up when
/// so long nothing could be sent to it.
const HALF_CLOSED: Duration = Duration::from_secs(3);

/// A peer that vanished without a word is noticed by the system after three times this.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// So much may be read of a body of HTTP/1 without any of it being content. hyper bounds neither the zeros before a chunk's size nor the
/// white space behind it, and does not look up from them while more come. Two of the longest reads, one of which may be content that
/// nobody has taken yet, and a trailer section.
const MAX_FRAMING: usize = 4 * MAX_HEAD;

/// A socket, and what is known of the client at its other end.
pub(super) struct Client {
    socket: Socket,
    link: Arc<Link>,
    protocol: Protocol,
    /// Read to find out the protocol, not yet given to it.
    read: Bytes,
    /// The client has closed its half; when it is taken for gone.
    ended: Option<Deadline>,
    /// HTTP/1 waits for what comes next.
    reads: bool,
    /// A request's body that HTTP/1 does not read, as its app does not.
    unread: Option<Unread>,
    /// Of a client that takes a response.
    patience: Patience,
    blocked: Option<Blocked>,
    /// What is said in place of hyper's empty answer to a head that it cannot read.
    refusal: Option<Bytes>,
    /// What has come of a head of HTTP/1.
    head: usize,
    /// HTTP/1's buffer at its largest, as far as it has been counted; hyper keeps it.
    buffer: usize,
    /// What has come of a body of HTTP/1 since the last that was content.
    framing: usize,
    /// Bytes that the system has taken, and how many of them it had when it took the last of a response; of HTTP/2.
    written: u64,
    responses: u64,
    /// HTTP/1 is over: it speaks another protocol now.
    is_upgraded: bool,
}

/// Behind bytes that nobody reads, nobody sees the client's end: it is looked for now and then.
struct Unread {
    timer: Deadline,
    /// It was there at the last look, and nothing could be sent, and nothing was read, since then.
    is_there: bool,
}

/// The protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// The system takes no more bytes for the client.
struct Blocked {
    since: Instant,
    /// Bytes that the system held for the client then.
    queued: usize,
    timer: Deadline,
}

impl Client {
    pub(super) fn new(socket: Socket, link: Arc<Link>) -> Self {
        if let Some(stream) = socket.stream() {
            // An option that the system refuses costs time, or the notice of a vanished peer; nothing else.
            // Responses are written whole; waiting for more to send only delays them.
            let _ = stream.set_nodelay(true);
            let keepalive = TcpKeepalive::new()
                .with_time(KEEPALIVE)
                .with_interval(KEEPALIVE)
                .with_retries(2);
            let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
        }
        let patience = Patience::new(link.limits.pace());
        Self {
            socket,
            link,
            protocol: Protocol::Http1,
            read: Bytes::new(),
            ended: None,
            reads: false,
            unread: None,
            patience,
            blocked: None,
            refusal: None,
            head: 0,
            buffer: 0,
            framing: 0,
            written: 0,
            responses: 0,
            is_upgraded: false,
        }
    }

    /// HTTP/1 is over.
    pub(super) fn is_upgraded(&mut self) {
        self.is_upgraded = true;
    }

    fn is_http1(&self) -> bool {
        self.protocol == Protocol::Http1 && !self.is_upgraded
    }

    /// Finds out which protocol the client speaks. Reads no more than that takes.
    ///
    /// # Errors
    /// The connection is broken, or begins as HTTP/2 and does not go on so.
    pub(super) async fn protocol(&mut self) -> io::Result<Protocol> {
        let mut bytes = [0; PREFACE.len() + SETTINGS.len()];
        let mut count = 0;
        while count < bytes.len() {
            let read = &mut bytes[count..];
            let more = poll_fn(|context| {
                let mut buffer = ReadBuf::new(read);
                let read = Pin::new(&mut self.socket).poll_read(context, &mut buffer);
                if read.is_pending() {
                    self.link.has_read();
                }
                read.map_ok(|()| buffer.filled().len())
            });
            let more = more.await?;
            count += more;
            self.read = Bytes::copy_from_slice(&bytes[..count]);
            let preface = &bytes[..count.min(PREFACE.len())];
            if more == 0 || !PREFACE.starts_with(preface) {
                return Ok(self.protocol);
            }
        }
        self.protocol = Protocol::Http2;
        // h2 takes any frame for the first one.
        if bytes[PREFACE.len() + 3..] != SETTINGS[3..] {
            let message = "the first frame of an HTTP/2 connection is not SETTINGS";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(self.protocol)
    }

    /// Whether what has come of its protocol is TLS: a record of a handshake (RFC 8446, section 5.1).
    pub(super) fn speaks_tls(&self) -> bool {
        self.read.starts_with(&[22, 3])
    }

    /// Forgets what the client has sent before its protocol was known: nobody reads it, and it is no sign that more comes. Returns whether
    /// it may have been a request of HTTP/1, whose methods and the preface of HTTP/2 have two letters in common.
    pub(super) fn forget(&mut self) -> bool {
        matches!(&*std::mem::take(&mut self.read), b"P" | b"PR")
    }

    /// HTTP/1 has read so many bytes into a buffer that has so much room left.
    ///
    /// # Errors
    /// There is no content in what comes of a request's body.
    fn count_read(&mut self, count: usize, left: usize) -> io::Result<()> {
        // What comes of a body leaves the buffer, and its beginning is another place then.
        if self.link.has_requests() || self.link.reads_head() {
            self.head = 0;
        }
        self.head += count;
        let buffer = self.head + left;
        if buffer > self.buffer {
            self.link.charge(buffer - self.buffer);
            self.buffer = buffer;
        }
        if !self.link.is_receiving() || self.link.take_content() {
            self.framing = 0;
        }
        self.framing += count;
        if self.framing > MAX_FRAMING {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the client sends the size of a chunk without end",
            ));
        }
        Ok(())
    }

    /// Bytes that the system holds for the client: not sent, or not acknowledged.
    fn queued(&self) -> usize {
        let Some(stream) = self.socket.stream() else {
            return 0;
        };
        let mut count: libc::c_int = 0;
        // SAFETY: the descriptor is open, and the request writes one int to the address.
        let result = unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &mut count) };
        // A system that does not tell holds nothing that counts in the client's favour.
        if result == 0 {
            usize::try_from(count).unwrap_or(0)
        } else {
            0
        }
    }

    /// The system takes no more bytes. Fails when the client takes too few of them.
    fn poll_blocked(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut blocked = self.blocked.take().unwrap_or_else(|| {
            let since = Instant::now();
            Blocked {
                since,
                queued: self.queued(),
                timer: self.link.timers.at(since + self.patience.left()),
            }
        });
        while Pin::new(&mut blocked.timer).poll(context).is_ready() {
            let (now, queued) = (Instant::now(), self.queued());
            self.patience.spend(now - blocked.since);
            // The system asks for more only when a good part of what it held is gone.
            self.patience.earn(blocked.queued.saturating_sub(queued));
            if self.patience.is_spent() {
                // What the system still holds is of no use to anybody.
                self.link.give_up();
                let message = format!("the client takes {}", patience::describe(&self.patience));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
            }
            (blocked.since, blocked.queued) = (now, queued);
            blocked.timer = self.link.timers.at(now + self.patience.left());
        }
        self.blocked = Some(blocked);
        self.link.blocked(true);
        Poll::Pending
    }

    /// What became of a write.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.poll_blocked(context),
            Poll::Ready(Ok(count)) => {
                if let Some(blocked) = self.blocked.take() {
                    self.link.blocked(false);
                    self.patience.spend(blocked.since.elapsed());
                }
                self.patience.earn(count);
                if self.protocol == Protocol::Http2 {
                    self.written += count as u64;
                    if self.link.has_requests() || self.link.owes() {
                        self.responses = self.written;
                    }
                }
                if let Some(gone) = &mut self.ended {
                    *gone = self.link.timers.at(Instant::now() + HALF_CLOSED);
                }
                if let Some(unread) = &mut self.unread {
                    unread.is_there = false;
                }
                Poll::Ready(Ok(count))
            }
            failed => failed,
        }
    }

    /// The client has closed its half. The protocol, which would take it for gone, is not told while an answer is due.
    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waits = self.is_http1() && self.link.has_requests();
        let timers = &self.link.timers;
        let gone = self
            .ended
            .get_or_insert_with(|| timers.at(Instant::now() + HALF_CLOSED));
        if waits {
            ready!(Pin::new(gone).poll(context));
        }
        Poll::Ready(Ok(()))
    }

    /// A client that closes its half behind a body that is not read is given up after as long as another one, or a little later.
    fn look_behind_unread(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.reads || !self.link.is_receiving() || !self.is_http1() {
            return Ok(());
        }
        let timers = &self.link.timers;
        let next = || timers.at(Instant::now() + HALF_CLOSED);
        let unread = self.unread.get_or_insert_with(|| Unread {
            timer: next(),
            is_there: false,
        });
        while Pin::new(&mut unread.timer).poll(context).is_ready() {
            let was_there = unread.is_there;
            unread.is_there = self.socket.stream().is_some_and(has_closed_its_half);
            if was_there && unread.is_there {
                let message = "the client has closed its half, and takes nothing";
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, message));
            }
            unread.timer = next();
        }
        Ok(())
    }

    /// Says what is wrong in place of hyper's own answer to a head that it cannot read: hyper's has nothing but a status.
    ///
    /// DEPARTURE: RFC 9110, section 2.5, wants HTTP/1.2 to be answered as HTTP/1.1; hyper knows two versions of HTTP/1, so it gets 400.
    /// A `Content-Length` of the last two numbers below 2^64 gets 431 as a head that is too large, not 413: hyper tells no difference.
    /// `None` if this is not such an answer.
    fn poll_refuse(
        &mut self,
        context: &mut Context<'_>,
        answer: &[u8],
        length: usize,
    ) -> Option<Poll<io::Result<usize>>> {
        // Whatever answers a request is written while the request is counted.
        if !self.is_http1() || self.link.has_requests() {
            return None;
        }
        if self.refusal.is_none() {
            let status = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
            let status = StatusCode::from_bytes(status).ok()?;
            self.refusal = Some(error_page::refusal(status, self.link.refused()));
        }
        while let Some(refusal) = self.refusal.as_mut().filter(|refusal| !refusal.is_empty()) {
            match Pin::new(&mut self.socket).poll_write(context, refusal) {
                Poll::Ready(Ok(count)) => refusal.advance(count),
                other => return Some(self.wrote(context, other)),
            }
        }
        Some(Poll::Ready(Ok(length)))
    }
}

/// Whether the client sends nothing any more, or is gone, whatever is to be read before that.
#[cfg(target_os = "linux")]
fn has_closed_its_half(stream: &TcpStream) -> bool {
    let mut look = libc::pollfd {
        fd: stream.as_raw_fd(),
        events: libc::POLLRDHUP,
        revents: 0,
    };
    // SAFETY: the descriptor is open, and `look` is one value, valid for reading and writing.
    unsafe { libc::poll(&mut look, 1, 0) > 0 }
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
fn has_closed_its_half(_: &TcpStream) -> bool {
    false
}

impl Peer for TokioIo<Client> {
    fn queued(&self) -> usize {
        let client = self.inner();
        // What was written after the last response is in the queue's end.
        let after = client.written - client.responses;
        let queued = client.queued();
        queued.saturating_sub(usize::try_from(after).unwrap_or(usize::MAX))
    }

    fn since_response(&self) -> Option<Duration> {
        let client = self.inner();
        match client.link.idle_since() {
            Some(_) if client.link.is_late() && client.responses == 0 => None,
            Some(since) if client.link.is_late() => Some(since.elapsed()),
            // What is wrong with what it has sent is still to be read.
            _ => Some(Duration::ZERO),
        }
    }

    fn patience(&self) -> Option<Patience> {
        let client = self.inner();
        // Its window grows with what it reads.
        (client.protocol == Protocol::Http2).then(|| client.patience.clone())
    }
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.read.is_empty() {
            let count = this.read.len().min(buffer.remaining());
            buffer.put_slice(&this.read.split_to(count));
            return Poll::Ready(Ok(()));
        }
        if this.ended.is_some() {
            return this.poll_ended(context);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(context, buffer);
        this.reads = read.is_pending();
        if this.reads {
            this.link.has_read();
        }
        ready!(read)?;
        if buffer.filled().len() == before && buffer.remaining() > 0 {
            return this.poll_ended(context);
        }
        if this.is_http1() {
            let count = buffer.filled().len() - before;
            this.count_read(count, buffer.remaining())?;
            if let Some(unread) = &mut this.unread {
                unread.is_there = false;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(refused) = this.poll_refuse(context, bytes, bytes.len()) {
            return refused;
        }
        let written = Pin::new(&mut this.socket).poll_write(context, bytes);
        this.wrote(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let length = parts.iter().map(|part| part.len()).sum();
        let first = parts.first().map_or(&[][..], |part| part);
        if let Some(refused) = this.poll_refuse(context, first, length) {
            return refused;
        }
        let written = Pin::new(&mut this.socket).poll_write_vectored(context, parts);
        this.wrote(context, written)
    }

    /// hyper asks for this when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(context))?;
        if self.link.flushed() {
            context.waker().wake_by_ref();
        }
        Poll::Ready(self.look_behind_unread(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was read to find out the protocol, and nobody has wanted since, is nothing that the client sends now.
        self.read.clear();
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.link.is_broken() {
            // The system resets a connection that does not linger. If it refuses, the client sees an end.
            let _ = self.socket.stream().map(TcpStream::set_zero_linger);
        }
        self.link.gone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::failing;
    use crate::server::placement::Place;
    use futures_util::FutureExt as _;
    use http::{Request, Version};
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use std::convert::Infallible;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpSocket};

    /// A connection that is told to go while its request is being read would lose it.
    #[tokio::test]
    async fn what_is_read_of_a_head_is_looked_at_before_it_could_go() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let mut client = client.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let link = Link::for_tests();
        let socket = Socket::new(server, Arc::new(Place::default()));
        let mut server = Client::new(socket, link.clone());
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\nx: y")
            .await
            .unwrap();
        assert_eq!(server.protocol().await.unwrap(), Protocol::Http1);
        // What it has read for that, and the rest.
        for _ in 0..2 {
            assert!(server.read(&mut [0; 100]).await.unwrap() > 0);
        }
        assert_eq!(link.evict(), None);
        assert!(server.read(&mut [0; 100]).now_or_never().is_none());
        assert!(link.evict().is_some());
    }

    #[tokio::test]
    async fn what_there_is_of_a_response_leaves_before_its_failure() {
        for bytes in [&b""[..], b"x", &[b'x'; 60_000]] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = TcpSocket::new_v4().unwrap();
            client.set_recv_buffer_size(4096).unwrap();
            let client = client.connect(listener.local_addr().unwrap()).await;
            let mut client = client.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            // The system has little room for what the client has yet to read.
            SockRef::from(&server).set_send_buffer_size(4096).unwrap();
            let link = Link::for_tests();
            let socket = Socket::new(server, Arc::new(Place::default()));
            let server = TokioIo::new(Client::new(socket, link.clone()));
            let service = service_fn(move |_: Request<Incoming>| {
                std::future::ready(Ok::<_, Infallible>(failing(bytes, Version::HTTP_11, &link)))
            });
            let serving = tokio::spawn(http1::Builder::new().serve_connection(server, service));
            client
                .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            assert!(serving.await.unwrap().is_err());
            assert!(received.starts_with(b"HTTP/1.1 200 OK\r\n"));
            let body = received.iter().filter(|&&byte| byte == b'x');
            assert_eq!(body.count(), bytes.len());
        }
    }
}
