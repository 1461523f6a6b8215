//! What a connection's socket, its requests and whoever drives it share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use http::StatusCode;
use nano_worker::{RequestId, WakerId};

use super::crowd::{self, Crowd, Standing};
use super::timers::Timers;
use super::upgrade;
use super::waiting::Waiting;
use crate::access::Sending;
use crate::dispatch::RequestIds;
use crate::http::forwarded::Peer;
use crate::patience::ClientLimits;
use crate::slot::Slot;

/// One connection.
pub(crate) struct Link {
    /// The address that it came to.
    pub(crate) local: SocketAddr,
    /// Who it came from.
    pub(crate) peer: Peer,
    pub(crate) limits: ClientLimits,
    pub(crate) timers: Timers,
    began: Instant,
    /// Requests whose responses have not left ([`REQUESTS`]); how many of them the host itself answers ([`PAGE`]); whether what has come
    /// is yet to be looked at ([`READING`]); and whether the connection must end ([`EVICTED`]). One number, so that it is told at a time
    /// who needs the connection.
    requests: AtomicU64,
    /// The app that took in a request of it last ([`App::admit`](crate::app::App::admit)), by its number.
    app: AtomicUsize,
    /// When there was no request last, in milliseconds since `began`, times two; one more ([`HEAD`]) if a part of a head of HTTP/1 has come
    /// since then.
    idle_since: AtomicU64,
    /// Requests whose bodies have not arrived.
    receiving: AtomicUsize,
    received: AtomicWaker,
    /// Content of such a body has come.
    content: AtomicBool,
    /// No further request may be taken from this connection.
    closing: AtomicBool,
    closer: AtomicWaker,
    /// The client must see that what it got is not all.
    broken: AtomicBool,
    /// The client has taken too little, and is cut off.
    too_slow: AtomicBool,
    /// The system takes no more bytes for the client at the moment.
    blocked: AtomicBool,
    /// h2 may have something of a response that the system has not taken.
    owes: AtomicBool,
    /// It ends because its client asks for nothing.
    late: AtomicBool,
    /// A response that HTTP/1 has taken, as a whole or up to its failure, and not yet handed to the socket.
    unflushed: Slot<Arc<Sending>>,
    /// What it becomes after its last response.
    pub(crate) upgrade: upgrade::Slot,
    ids: Arc<RequestIds>,
    /// Of the request that the connection itself refuses, its last one.
    refused: OnceLock<RequestId>,
    /// How many of an app's places in flight this connection's requests have, by the app's address; of HTTP/2.
    shares: Mutex<Vec<(usize, usize)>>,
    crowd: Arc<Crowd>,
    /// Bytes that this connection holds for its client.
    held: AtomicUsize,
    /// A block of fields of HTTP/2 has begun, and is not complete.
    in_block: AtomicBool,
    /// Since when there are answers of the host's own, in milliseconds since `began`.
    pages_since: AtomicU64,
    /// Bytes that the crowd knows to come back as the connection ends.
    leaving: AtomicUsize,
}

impl Link {
    pub(crate) fn new(
        local: SocketAddr,
        peer: Peer,
        limits: ClientLimits,
        timers: Timers,
        ids: Arc<RequestIds>,
        crowd: Arc<Crowd>,
    ) -> Arc<Self> {
        let link = Arc::new(Self {
            local: SocketAddr::new(local.ip().to_canonical(), local.port()),
            peer,
            limits,
            timers,
            began: Instant::now(),
            requests: AtomicU64::new(0),
            app: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            receiving: AtomicUsize::new(0),
            received: AtomicWaker::new(),
            content: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            closer: AtomicWaker::new(),
            broken: AtomicBool::new(false),
            too_slow: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            owes: AtomicBool::new(false),
            late: AtomicBool::new(false),
            unflushed: Slot::default(),
            upgrade: upgrade::Slot::default(),
            ids,
            refused: OnceLock::new(),
            shares: Mutex::default(),
            crowd,
            held: AtomicUsize::new(0),
            in_block: AtomicBool::new(false),
            pages_since: AtomicU64::new(0),
            leaving: AtomicUsize::new(0),
        });
        link.charge(crowd::CONNECTION);
        link
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn for_tests() -> Arc<Self> {
        Self::new(
            SocketAddr::from(([127, 0, 0, 1], 80)),
            Peer::new(std::net::Ipv4Addr::LOCALHOST.into(), &Arc::default()),
            ClientLimits::default(),
            Timers::default(),
            Arc::default(),
            Crowd::for_tests(),
        )
    }

    /// One that has been idle for so long.
    #[cfg(test)]
    pub(super) fn in_crowd(crowd: &Arc<Crowd>, idle: Duration) -> Arc<Self> {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let peer = Peer::new(address, &Arc::default());
        Self::of_peer(crowd, idle, peer, ClientLimits::default())
    }

    /// The same, of this peer, within these limits.
    #[cfg(test)]
    pub(super) fn of_peer(
        crowd: &Arc<Crowd>,
        idle: Duration,
        peer: Peer,
        limits: ClientLimits,
    ) -> Arc<Self> {
        let mut link = Self::new(
            SocketAddr::from(([127, 0, 0, 1], 80)),
            peer,
            limits,
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
        self.requests.fetch_add(1, SeqCst);
        InRequest {
            link: self.clone(),
            ended: None,
            is_page: false,
        }
    }

    /// Since when there is no request; `None` if there is one, or the client has yet to take something of a response.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let since = self.idle_since.load(SeqCst);
        let is_busy = self.has_requests() || self.is_blocked() && self.owes();
        (!is_busy).then(|| self.began + Duration::from_millis(since / 2))
    }

    /// Says whether the system takes no more bytes for the client.
    ///
    /// A request whose body is still on its way when its answer is stuck is the last one of its connection: hyper would go on to
    /// what follows that body before the answer has left, and write into the middle of it that it cannot read a head.
    pub(crate) fn blocked(&self, blocked: bool) {
        self.blocked.store(blocked, SeqCst);
        if blocked && self.is_receiving() && self.unflushed.is_full() {
            self.close();
        }
    }

    /// Whether the system takes no more bytes for the client.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(SeqCst)
    }

    /// h2 is about to get a response; or the system has taken all that it had.
    pub(super) fn set_owes(&self, owes: bool) {
        self.owes.store(owes, SeqCst);
    }

    /// Whether h2 may have something of a response that the system has not taken.
    pub(super) fn owes(&self) -> bool {
        self.owes.load(SeqCst)
    }

    /// It ends because its client asks for nothing.
    pub(super) fn set_late(&self) {
        self.late.store(true, SeqCst);
    }

    /// Whether it ends because its client asks for nothing.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(SeqCst)
    }

    /// Whether there is a request.
    #[inline]
    pub(crate) fn has_requests(&self) -> bool {
        self.requests.load(SeqCst) & REQUESTS > 0
    }

    /// Content of a request's body is here.
    pub(crate) fn content_is_here(&self) {
        self.content.store(true, Relaxed);
    }

    /// Whether content has come since this was asked last.
    pub(super) fn take_content(&self) -> bool {
        self.content.swap(false, Relaxed)
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
        // OPTIMIZATION: who is registered stays so until it is woken, when this is closing.
        let mut registered = None;
        std::future::poll_fn(|context| {
            let own = Some(WakerId::of(context.waker()));
            if registered != own {
                self.closer.register(context.waker());
                registered = own;
            }
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

    /// [Breaks off](Self::break_off), as the client takes too little.
    pub(super) fn give_up(&self) {
        self.too_slow.store(true, SeqCst);
        self.break_off();
    }

    /// Whether its client has been given up for taking too little.
    pub(crate) fn is_too_slow(&self) -> bool {
        self.too_slow.load(SeqCst)
    }

    /// HTTP/1 has taken the whole of a response, or what there is of one that has failed. That has left when the socket has taken
    /// it, too.
    pub(crate) fn taken(&self, sending: Arc<Sending>) {
        self.unflushed.put(sending);
    }

    /// The socket has taken everything. Returns whether a response waits for that to fail.
    pub(crate) fn flushed(&self) -> bool {
        let Some(sending) = self.unflushed.take() else {
            return false;
        };
        sending.left();
        !sending.is_whole()
    }

    /// The socket is gone; what it has not taken has not left.
    pub(crate) fn gone(&self) {
        drop((self.unflushed.take(), self.upgrade.take()));
    }

    /// A request of it was refused that no app has seen.
    #[cold]
    pub(crate) fn count_refusal(&self, status: StatusCode) {
        self.crowd.refused(status);
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
        let is_evicted = self.requests.load(SeqCst) & EVICTED != 0;
        let leaving = if is_evicted { bytes } else { 0 };
        self.leaving.fetch_add(leaving, SeqCst);
        self.crowd.charge(bytes, leaving);
    }

    /// It holds so many bytes less.
    pub(super) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, SeqCst);
        self.crowd.release(bytes, 0);
    }

    /// Bytes have come that may be a request's: the connection is needed until all of them have been looked at.
    #[inline]
    pub(super) fn reads(&self) {
        self.requests.fetch_or(READING, SeqCst);
    }

    /// Whoever looks at what has come waits for more of it.
    #[inline]
    pub(super) fn has_read(&self) {
        if self.requests.load(SeqCst) & READING != 0 {
            self.requests.fetch_and(!READING, SeqCst);
        }
    }

    /// Bytes of HTTP/1 have come while there is no request. Returns whether they are the first ones since the last request.
    #[inline]
    pub(super) fn reads_head(&self) -> bool {
        self.reads();
        let since = self.idle_since.load(Relaxed);
        let begins = since & HEAD == 0;
        if begins {
            self.idle_since.store(since | HEAD, Relaxed);
        }
        begins
    }

    /// A block of fields of HTTP/2 has begun, and is not complete; or it is.
    pub(super) fn block(&self, begun: bool) {
        self.in_block.store(begun, Relaxed);
        if begun {
            self.charge(crowd::BLOCK);
        } else {
            self.release(crowd::BLOCK);
        }
    }

    /// Counts what it takes to do something for a request that the host itself answers, until the value is dropped.
    fn hold(self: &Arc<Self>) -> Held {
        self.charge(crowd::PAGE);
        Held(self.clone())
    }

    /// Whether so many answers of the host's own wait that no other one may.
    pub(super) fn has_many_pages(&self) -> bool {
        pages(self.requests.load(SeqCst)) > MAX_PAGES
    }

    /// How it stands with a connection that could end, and since when. `None`: it has, or may have, a request that the host does not answer
    /// itself.
    pub(super) fn standing(&self, now: Instant, young: Duration) -> Option<(Standing, Instant)> {
        let requests = self.requests.load(SeqCst);
        let at = |millis: u64| self.began + Duration::from_millis(millis);
        if is_needed(requests) {
            return None;
        }
        if pages(requests) > 0 {
            return Some((Standing::Pages, at(self.pages_since.load(SeqCst))));
        }
        let idle = self.idle_since.load(SeqCst);
        let since = at(idle / 2);
        let standing = if idle & HEAD != 0 || self.in_block.load(Relaxed) {
            Standing::Head
        } else if now.saturating_duration_since(since) < young {
            Standing::Young
        } else {
            Standing::Idle
        };
        Some((standing, since))
    }

    /// Has the connection end, at once, unless it has got a request by now that the host does not answer itself. Gives how much it
    /// holds.
    pub(super) fn evict(&self) -> Option<usize> {
        let evict = |requests| (!is_needed(requests)).then_some(requests | EVICTED);
        self.requests.fetch_update(SeqCst, SeqCst, evict).ok()?;
        let held = self.held.load(SeqCst);
        self.leaving.fetch_add(held, SeqCst);
        self.close();
        Some(held)
    }

    /// Has the connection end, at once, whatever it has. Gives how much it holds.
    pub(super) fn cut_off(&self) -> usize {
        self.requests.fetch_or(EVICTED | CUT_OFF, SeqCst);
        let held = self.held.load(SeqCst);
        self.leaving.fetch_add(held, SeqCst);
        self.close();
        held
    }

    /// An app has taken in a request of it.
    #[inline]
    pub(crate) fn is_with(&self, app: usize) {
        self.app.store(app, Relaxed);
    }

    /// Bytes that it holds for its client.
    pub(crate) fn held(&self) -> usize {
        self.held.load(SeqCst)
    }

    /// What a connection is for of which an app has a request.
    pub(super) fn tenure(&self) -> Option<Tenure> {
        is_needed(self.requests.load(SeqCst)).then(|| Tenure {
            app: Some(self.app.load(Relaxed)),
            held: self.held.load(SeqCst),
            is_complete: !self.is_receiving(),
            since: self.began + Duration::from_millis(self.idle_since.load(SeqCst) / 2),
        })
    }

    /// Whether it must end at once; see [`evict`](Self::evict). One of HTTP/1 has its response if the request came at the same time.
    pub(super) fn is_evicted(&self) -> bool {
        let requests = self.requests.load(SeqCst);
        requests & EVICTED != 0 && (requests & CUT_OFF != 0 || !is_needed(requests))
    }

    /// Whether it has been told to end at once. Who has a [`request`](Self::request) of it, and does not see this, keeps it from that.
    pub(super) fn is_told_to_end(&self) -> bool {
        self.requests.load(SeqCst) & EVICTED != 0
    }

    /// See [`evicted`](Self::evicted).
    pub(super) fn poll_evicted(&self, context: &mut Context<'_>) -> Poll<()> {
        self.closer.register(context.waker());
        if self.is_evicted() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Waits until it must end at once; for whoever drives the connection.
    pub(super) async fn evicted(&self) {
        std::future::poll_fn(|context| self.poll_evicted(context)).await;
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, Vec<(usize, usize)>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.crowd
            .release(*self.held.get_mut(), *self.leaving.get_mut());
    }
}

/// Answers of the host's own that may wait for a client of HTTP/2 to open its windows.
const MAX_PAGES: u64 = 16;

/// Of the number of a connection's requests, these bits are all of them;
const REQUESTS: u64 = PAGE - 1;
/// this is one that the host itself answers;
const PAGE: u64 = 1 << 24;
/// this says that the connection must end,
const EVICTED: u64 = 1 << 63;
/// this that it must also if it has a request of an app's,
const CUT_OFF: u64 = 1 << 62;
/// and this that what has come is yet to be looked at.
const READING: u64 = 1 << 61;
/// A part of a head has come.
const HEAD: u64 = 1;

fn pages(requests: u64) -> u64 {
    (requests & !(EVICTED | CUT_OFF | READING)) / PAGE
}

/// Whether there are requests that the host does not answer itself, or not yet, or may be.
fn is_needed(requests: u64) -> bool {
    requests & READING != 0 || requests & REQUESTS > pages(requests)
}

/// What a connection is for of which an app has a request.
pub(super) struct Tenure {
    /// The app, by its number; `None` if there is no request yet.
    pub(super) app: Option<usize>,
    /// Bytes that the connection holds.
    pub(super) held: usize,
    /// All of the request has come.
    pub(super) is_complete: bool,
    /// When it was without a request last.
    pub(super) since: Instant,
}

/// What a connection holds for the rest of a body that no app gets.
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
    /// The host itself answers.
    is_page: bool,
}

impl InRequest {
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// It is about to end. (To ask for the time once more would cost as much as all of the rest.)
    pub(crate) fn ends(&mut self, now: Instant) {
        self.ended = Some(now);
    }

    /// The host itself answers, and what that takes is counted until its answer has left.
    pub(crate) fn becomes_page(&mut self) {
        if self.is_page {
            return;
        }
        self.is_page = true;
        let link = &self.link;
        link.charge(crowd::PAGE);
        if pages(link.requests.fetch_add(PAGE, SeqCst)) == 0 {
            let since = u64::try_from(link.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            link.pages_since.store(since, SeqCst);
        }
    }

    /// Whether the host itself answers.
    pub(crate) fn is_page(&self) -> bool {
        self.is_page
    }
}

impl Drop for InRequest {
    fn drop(&mut self) {
        let link = &self.link;
        let ended = self.ended.unwrap_or_else(Instant::now);
        let since = ended.duration_since(link.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        // First, so that whoever sees no request sees since when.
        link.idle_since.store(since << 1, Relaxed);
        if self.is_page {
            link.requests.fetch_sub(1 + PAGE, SeqCst);
            link.release(crowd::PAGE);
        } else {
            link.requests.fetch_sub(1, SeqCst);
        }
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

    /// What has come of it counts for the connection, as long as no app's instance has it.
    pub(crate) fn waits(&self) -> Waiting {
        Waiting::new(self.0.clone())
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
