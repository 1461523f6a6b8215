//! What a connection's socket, its requests and whoever drives it share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use nano_worker::RequestId;

use super::timers::Timers;
use crate::access::Sending;
use crate::dispatch::RequestIds;
use crate::patience::ClientLimits;

/// One connection.
pub(crate) struct Link {
    /// The address that it came to.
    pub(crate) local: SocketAddr,
    pub(crate) limits: ClientLimits,
    pub(crate) timers: Timers,
    began: Instant,
    /// Requests whose responses have not left.
    requests: AtomicUsize,
    /// When there was none of them last, in milliseconds since `began`.
    idle_since: AtomicU64,
    /// Requests whose bodies have not arrived.
    receiving: AtomicUsize,
    received: AtomicWaker,
    /// No further request may be taken from this connection.
    closing: AtomicBool,
    closer: AtomicWaker,
    /// The client must see that what it got is not all.
    broken: AtomicBool,
    /// The system takes no more bytes for the client at the moment.
    blocked: AtomicBool,
    /// A response that HTTP/1 has taken, as a whole or up to its failure, and not yet handed to the socket.
    unflushed: Mutex<Option<Arc<Sending>>>,
    ids: Arc<RequestIds>,
    /// Of the request that the connection itself refuses, its last one.
    refused: OnceLock<RequestId>,
    /// How many of an app's places in flight this connection's requests have, by the app's address; of HTTP/2.
    shares: Mutex<Vec<(usize, usize)>>,
}

impl Link {
    pub(crate) fn new(
        local: SocketAddr,
        limits: ClientLimits,
        timers: Timers,
        ids: Arc<RequestIds>,
    ) -> Arc<Self> {
        Arc::new(Self {
            local: SocketAddr::new(local.ip().to_canonical(), local.port()),
            limits,
            timers,
            began: Instant::now(),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            receiving: AtomicUsize::new(0),
            received: AtomicWaker::new(),
            closing: AtomicBool::new(false),
            closer: AtomicWaker::new(),
            broken: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            unflushed: Mutex::default(),
            ids,
            refused: OnceLock::new(),
            shares: Mutex::default(),
        })
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Arc<Self> {
        Self::new(
            SocketAddr::from(([127, 0, 0, 1], 80)),
            ClientLimits::default(),
            Timers::default(),
            Arc::default(),
        )
    }

    /// A request has come. It is counted until the value is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InRequest {
        self.requests.fetch_add(1, SeqCst);
        InRequest {
            link: self.clone(),
            ended: None,
        }
    }

    /// Since when there is no request; `None` if there is one, or the client has yet to take something.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let since = self.idle_since.load(SeqCst);
        let is_idle = self.requests.load(SeqCst) == 0 && !self.blocked.load(SeqCst);
        is_idle.then(|| self.began + Duration::from_millis(since))
    }

    /// Says whether the system takes no more bytes for the client.
    ///
    /// A request whose body is still on its way when its answer is stuck is the last one of its connection: hyper would go on to
    /// what follows that body before the answer has left, and write into the middle of it that it cannot read a head.
    pub(crate) fn blocked(&self, blocked: bool) {
        self.blocked.store(blocked, SeqCst);
        if blocked && self.is_receiving() && self.unflushed().is_some() {
            self.close();
        }
    }

    /// Whether there is a request.
    pub(crate) fn has_requests(&self) -> bool {
        self.requests.load(SeqCst) > 0
    }

    /// A request's body is about to arrive. It is counted until the value is dropped.
    pub(crate) fn receive(self: &Arc<Self>) -> Receiving {
        self.receiving.fetch_add(1, SeqCst);
        Receiving(self.clone())
    }

    /// Whether a request's body has yet to arrive.
    pub(crate) fn is_receiving(&self) -> bool {
        self.receiving.load(SeqCst) > 0
    }

    /// Waits until it is known how each body has ended.
    pub(crate) async fn received(&self) {
        std::future::poll_fn(|context| {
            if !self.is_receiving() {
                return Poll::Ready(());
            }
            self.received.register(context.waker());
            if self.is_receiving() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Takes no further request from this connection.
    pub(crate) fn close(&self) {
        self.closing.store(true, SeqCst);
        self.closer.wake();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Waits for [`close`](Self::close); for whoever drives the connection.
    pub(crate) async fn closing(&self) {
        std::future::poll_fn(|context| {
            self.closer.register(context.waker());
            if self.is_closing() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Has the connection end in a reset: where the end of a connection is the end of a body, nothing else says that the
    /// body is cut short.
    pub(crate) fn break_off(&self) {
        self.broken.store(true, SeqCst);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(SeqCst)
    }

    /// HTTP/1 has taken the whole of a response, or what there is of one that has failed. That has left when the socket has taken
    /// it, too.
    pub(crate) fn taken(&self, sending: Arc<Sending>) {
        *self.unflushed() = Some(sending);
    }

    /// The socket has taken everything. Returns whether a response waits for that to fail.
    pub(crate) fn flushed(&self) -> bool {
        let Some(sending) = self.unflushed().take() else {
            return false;
        };
        sending.left();
        !sending.is_whole()
    }

    /// The socket is gone; what it has not taken has not left.
    pub(crate) fn gone(&self) {
        // The lock is free again when the record is written.
        let lost = self.unflushed().take();
        drop(lost);
    }

    /// The id of the request that the connection itself refuses: its head cannot be read.
    pub(crate) fn refused(&self) -> RequestId {
        *self.refused.get_or_init(|| self.ids.next())
    }

    /// Takes one of an app's places in flight for a request of this connection, which may have `most`.
    ///
    /// # Errors
    /// It has that many; how many that is.
    pub(crate) fn share(self: &Arc<Self>, app: usize, most: usize) -> Result<Share, usize> {
        let mut shares = self.shares();
        match shares.iter_mut().find(|(of, _)| *of == app) {
            Some((_, count)) if *count >= most => return Err(*count),
            Some((_, count)) => *count += 1,
            None => shares.push((app, 1)),
        }
        Ok(Share {
            link: self.clone(),
            app,
        })
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, Vec<(usize, usize)>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unflushed(&self) -> std::sync::MutexGuard<'_, Option<Arc<Sending>>> {
        self.unflushed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request whose response has not left; see [`Link::request`].
pub(crate) struct InRequest {
    link: Arc<Link>,
    ended: Option<Instant>,
}

impl InRequest {
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// It is about to end. (To ask for the time once more would cost as much as all of the rest.)
    pub(crate) fn ends(&mut self, now: Instant) {
        self.ended = Some(now);
    }
}

impl Drop for InRequest {
    fn drop(&mut self) {
        let link = &self.link;
        let ended = self.ended.unwrap_or_else(Instant::now);
        let since = ended.duration_since(link.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        // First, so that whoever sees no request sees since when.
        link.idle_since.store(since, SeqCst);
        link.requests.fetch_sub(1, SeqCst);
    }
}

/// One of an app's places in flight that a connection has; see [`Link::share`].
pub(crate) struct Share {
    link: Arc<Link>,
    app: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut shares = self.link.shares();
        if let Some(index) = shares.iter().position(|(of, _)| *of == self.app) {
            shares[index].1 -= 1;
            if shares[index].1 == 0 {
                shares.swap_remove(index);
            }
        }
    }
}

/// A body that has yet to arrive; see [`Link::receive`].
pub(crate) struct Receiving(Arc<Link>);

impl Receiving {
    pub(crate) fn link(&self) -> &Link {
        &self.0
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, SeqCst);
        self.0.received.wake();
    }
}
