//! What a connection's socket, its requests and whoever drives it share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use nano_worker::RequestId;

use super::crowd::{self, Crowd, Standing};
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
    crowd: Arc<Crowd>,
    /// Bytes that this connection holds for its client.
    held: AtomicUsize,
    /// The largest buffer for heads so far, which HTTP/1 keeps.
    buffer: AtomicUsize,
    /// What has come of a head.
    head: AtomicUsize,
    /// Requests that apps have let in.
    admitted: AtomicUsize,
    /// Requests that the host itself has answered, whose answers have not left, and since when there are some.
    pages: AtomicUsize,
    pages_since: AtomicU64,
    /// It must end, unless an app has a request of it.
    evicted: AtomicBool,
    /// Bytes that the crowd knows to come back by that.
    leaving: AtomicUsize,
}

impl Link {
    pub(crate) fn new(
        local: SocketAddr,
        limits: ClientLimits,
        timers: Timers,
        ids: Arc<RequestIds>,
        crowd: Arc<Crowd>,
    ) -> Arc<Self> {
        let link = Arc::new(Self {
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
            crowd,
            held: AtomicUsize::new(0),
            buffer: AtomicUsize::new(0),
            head: AtomicUsize::new(0),
            admitted: AtomicUsize::new(0),
            pages: AtomicUsize::new(0),
            pages_since: AtomicU64::new(0),
            evicted: AtomicBool::new(false),
            leaving: AtomicUsize::new(0),
        });
        link.charge(crowd::CONNECTION);
        link
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Arc<Self> {
        Self::new(
            SocketAddr::from(([127, 0, 0, 1], 80)),
            ClientLimits::default(),
            Timers::default(),
            Arc::default(),
            Crowd::for_tests(),
        )
    }

    /// One that has been idle for so long.
    #[cfg(test)]
    pub(super) fn in_crowd(crowd: &Arc<Crowd>, idle: Duration) -> Arc<Self> {
        let mut link = Self::new(
            SocketAddr::from(([127, 0, 0, 1], 80)),
            ClientLimits::default(),
            Timers::default(),
            Arc::default(),
            crowd.clone(),
        );
        if let Some(link) = Arc::get_mut(&mut link) {
            link.began -= idle;
        }
        link
    }

    /// A request has come. It is counted until the value is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> InRequest {
        self.head.store(0, Relaxed);
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

    /// How many requests there are.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(SeqCst)
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

    /// The connection holds so many bytes more for its client.
    pub(super) fn charge(&self, bytes: usize) {
        self.held.fetch_add(bytes, SeqCst);
        let leaving = if self.evicted.load(SeqCst) { bytes } else { 0 };
        self.leaving.fetch_add(leaving, SeqCst);
        self.crowd.charge(bytes, leaving);
    }

    /// It holds so many bytes less.
    pub(super) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, SeqCst);
        self.crowd.release(bytes, 0);
    }

    /// HTTP/1 has read so many bytes into a buffer that had so much room. Where that is a body's, it is the app's.
    #[inline]
    pub(super) fn read(&self, count: usize, room: usize) {
        if self.has_requests() {
            return;
        }
        let head = self.head.load(Relaxed);
        self.head.store(head + count, Relaxed);
        let (before, now) = (self.buffer.load(Relaxed), head + room);
        if now > before {
            self.buffer.store(now, Relaxed);
            self.charge(now - before);
        }
    }

    /// A block of fields of HTTP/2 has begun, and is not complete; or it is.
    pub(super) fn block(&self, begun: bool) {
        self.head.store(usize::from(begun), Relaxed);
        if begun {
            self.charge(crowd::BLOCK);
        } else {
            self.release(crowd::BLOCK);
        }
    }

    /// The host itself answers a request. That is counted until the value is dropped.
    pub(crate) fn page(self: &Arc<Self>) -> Page {
        if self.pages.fetch_add(1, SeqCst) == 0 {
            let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.pages_since.store(since, SeqCst);
        }
        Page(self.hold())
    }

    /// What it takes to do something for a request that the host itself answers; until the value is dropped.
    fn hold(self: &Arc<Self>) -> Held {
        self.charge(crowd::PAGE);
        Held(self.clone())
    }

    /// An app has let a request in; or that is over.
    pub(crate) fn admitted(&self, admitted: bool) {
        if admitted {
            self.admitted.fetch_add(1, SeqCst);
        } else {
            self.admitted.fetch_sub(1, SeqCst);
        }
    }

    fn has_admitted(&self) -> bool {
        self.admitted.load(SeqCst) > 0
    }

    /// Whether so many answers of the host's own wait that no other one may.
    pub(super) fn has_many_pages(&self) -> bool {
        self.pages.load(SeqCst) > MAX_PAGES
    }

    /// How it stands with a connection that could end, and since when. `None`: an app has a request of it.
    pub(super) fn standing(&self, now: Instant, young: Duration) -> Option<(Standing, Instant)> {
        let at = |since: &AtomicU64| self.began + Duration::from_millis(since.load(SeqCst));
        if self.has_admitted() {
            return None;
        }
        if self.has_requests() {
            let since = match self.pages.load(SeqCst) {
                // It has just come.
                0 => now,
                _ => at(&self.pages_since),
            };
            return Some((Standing::Pages, since));
        }
        let since = at(&self.idle_since);
        let standing = match self.head.load(Relaxed) {
            0 if now.saturating_duration_since(since) < young => Standing::Young,
            0 => Standing::Idle,
            _ => Standing::Head,
        };
        Some((standing, since))
    }

    /// Has the connection end, if no app has got a request of it by then; else after that. Gives how much it holds. Called once.
    pub(super) fn evict(&self) -> usize {
        self.evicted.store(true, SeqCst);
        let held = self.held.load(SeqCst);
        self.leaving.fetch_add(held, SeqCst);
        self.close();
        held
    }

    /// Whether it must end at once; see [`evict`](Self::evict).
    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.load(SeqCst) && !self.has_admitted()
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

impl Drop for Link {
    fn drop(&mut self) {
        self.crowd
            .release(*self.held.get_mut(), *self.leaving.get_mut());
    }
}

/// Answers of the host's own that may wait for a client of HTTP/2 to open its windows.
const MAX_PAGES: usize = 16;

/// An answer of the host's own that has not left; see [`Link::page`].
pub(crate) struct Page(Held);

impl Drop for Page {
    fn drop(&mut self) {
        self.0.0.pages.fetch_sub(1, SeqCst);
    }
}

/// What a connection holds for a request that the host itself answers, or the rest of its body.
pub(crate) struct Held(Arc<Link>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release(crowd::PAGE);
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

    /// No app gets it; what it holds is counted until the value is dropped.
    pub(crate) fn is_refused(&self) -> Held {
        self.0.hold()
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.0.receiving.fetch_sub(1, SeqCst);
        self.0.received.wake();
    }
}
