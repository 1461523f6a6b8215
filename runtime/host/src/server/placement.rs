//! Where a connection is served.
//!
//! Most connections only ever carry requests for one app. On its thread, neither a request nor an answer wakes another
//! thread, so that is where such a connection belongs. One that carries requests for several apps must not wait for the turns
//! of any that has a thread of its own: it belongs to the host's runtime, and goes there as soon as a request for a second app is seen
//! on it; or, once one of its requests is for an app that [shares](nano_worker::Isolation::Shared) its thread, there: requests for
//! others of that thread wake nobody. If all of them go to another such thread for a while, it follows. When another
//! instance has taken over from the one where a connection is, it goes there with its next request; one whose thread has ended
//! goes to the host's runtime until then.
//!
//! A connection moves as a whole, between two polls: what serves it is spawned on another runtime, and polled there anew, so no
//! wake-up is lost. What belongs to a runtime, its [`Socket`] and its [timers](super::timers), looks at [`Place::moves`] before
//! it is used. Nothing else of a connection may belong to one, no timer of tokio's and no task: what it needs beside itself it
//! spawns with [`Place::spawn`].

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use nano_worker::{InstanceThread, Stopped};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::timers::Timers;
use crate::app::App;
use crate::dispatch::Dispatcher;
use crate::pool::{Member, NOBODY};

/// A head that is not complete within so many bytes is not waited for.
const LOOK: usize = 4096;

/// Waits for a connection's first bytes, leaves them where they are, and finds the running app that they ask for. `None` if
/// there is no such app, it does not run yet, or this is not the whole head of an HTTP/1 request.
///
/// # Errors
/// The connection is broken.
pub(super) async fn find(
    stream: &TcpStream,
    dispatcher: &Dispatcher,
) -> io::Result<Option<Arc<App>>> {
    poll_fn(|context| {
        // Not part of the future: a connection may be idle for long.
        let mut memory = [MaybeUninit::uninit(); LOOK];
        let mut head = ReadBuf::uninit(&mut memory);
        ready!(stream.poll_peek(context, &mut head))?;
        Poll::Ready(Ok(dispatcher.app_for(head.filled())))
    })
    .await
}

/// Where a connection is, and where it should be. Its parts share it; they are used by one thread at a time, and every move
/// goes through a scheduler, so nothing here needs an order of its own.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The app of all requests so far, by its id: [`NO_APP`] before the first, [`SEVERAL_APPS`] for good.
    app: AtomicUsize,
    /// The instances' thread that it is on, by its id; [`NOBODY`]: the host's runtime.
    home: AtomicUsize,
    /// How many of its last requests, in a row, were for another thread that is shared.
    astray: AtomicU32,
    moves: AtomicU32,
    /// To be moved to `next`.
    is_leaving: AtomicBool,
    next: Mutex<Option<Arc<dyn InstanceThread>>>,
    /// Where it is, if that is an app's thread.
    thread: Mutex<Option<Arc<dyn InstanceThread>>>,
    /// The host's runtime.
    host: OnceLock<Handle>,
}

const NO_APP: usize = 0;
const SEVERAL_APPS: usize = 1;

/// A connection follows what comes after so many requests in a row: to move costs about as much as to have two of them elsewhere, where
/// they need not wait for turns of this thread either.
const MOST_ASTRAY: u32 = 1;

impl Place {
    /// A request for this app begins, by this instance if one runs, and no other request is under way. The connection moves before
    /// the request is looked at any further; see [`Place::settled`].
    #[inline]
    pub(crate) fn asked_for(&self, app: &App, member: Option<&Member>) {
        let before = self.app.load(Relaxed);
        let is_at_home = member.is_some_and(|member| member.thread_id() == self.home());
        if before == SEVERAL_APPS {
            self.follow(is_at_home, member);
        } else if before != app.id() || !is_at_home {
            self.reconsider(app.id(), before, member);
        }
    }

    /// The instances' thread that the connection is on, by its id; [`NOBODY`] where it is on none.
    #[inline]
    pub(crate) fn home(&self) -> usize {
        self.home.load(Relaxed)
    }

    /// Several requests are under way at a time: the connection stays where it belongs to no app.
    pub(crate) fn is_multiplexed(&self) {
        self.app.store(SEVERAL_APPS, Relaxed);
    }

    #[cold]
    fn reconsider(&self, app: usize, before: usize, member: Option<&Member>) {
        let thread = member.and_then(Member::thread);
        if before == NO_APP || before == app {
            self.app.store(app, Relaxed);
            if thread.is_some() {
                self.leave_for(thread);
            }
            return;
        }
        self.app.store(SEVERAL_APPS, Relaxed);
        let is_on_its_app_s = lock(&self.thread)
            .as_ref()
            .is_some_and(|home| !home.is_shared());
        let shared = thread.filter(|thread| thread.is_shared());
        let is_elsewhere = shared.is_some() && self.home() == NOBODY;
        if is_on_its_app_s || is_elsewhere {
            self.leave_for(shared);
        }
    }

    /// A request for one of several apps begins.
    #[inline]
    fn follow(&self, is_at_home: bool, member: Option<&Member>) {
        if is_at_home {
            if self.astray.load(Relaxed) != 0 {
                self.astray.store(0, Relaxed);
            }
        } else if let Some(member) = member
            && member.is_on_shared_thread()
        {
            let astray = self.astray.load(Relaxed) + 1;
            self.astray.store(astray, Relaxed);
            if self.home() == NOBODY || astray > MOST_ASTRAY {
                self.astray.store(0, Relaxed);
                if let Some(thread) = member.thread() {
                    self.leave_for(Some(thread));
                }
            }
        }
    }

    fn leave_for(&self, next: Option<Arc<dyn InstanceThread>>) {
        *lock(&self.next) = next;
        self.is_leaving.store(true, Relaxed);
    }

    /// Whether the connection is not about to move.
    #[inline]
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_leaving.load(Relaxed)
    }

    /// Waits while the connection is about to move.
    pub(crate) async fn settled(&self) {
        // Nobody has to be woken: after a move all is polled.
        let pending = |_: &mut Context<'_>| match self.is_settled() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        };
        poll_fn(pending).await;
    }

    /// How often the connection has moved. What belongs to a runtime belongs to the one of before if this has changed.
    #[inline]
    pub(crate) fn moves(&self) -> u32 {
        self.moves.load(Relaxed)
    }

    /// The connection has been polled for the last time where it was.
    pub(super) fn moved(&self, home: usize) {
        self.moves.fetch_add(1, Relaxed);
        self.home.store(home, Relaxed);
        self.is_leaving.store(false, Relaxed);
    }

    fn next(&self) -> Option<Arc<dyn InstanceThread>> {
        lock(&self.next).take()
    }

    /// Runs a part of the connection beside it, where it is now. The part is given timers of its own, as it moves on its own: only
    /// when the thread ends. It ends by itself.
    pub(crate) fn spawn<F>(&self, part: impl FnOnce(Timers) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let place = Arc::new(Place::default());
        let stay = Stay {
            connection: Box::pin(part(Timers::new(place.clone()))),
            host: self.host(),
            retired: None,
            place,
        };
        let thread = lock(&self.thread).clone();
        stay.go(thread);
    }

    fn host(&self) -> Handle {
        self.host.get_or_init(Handle::current).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves a connection wherever it belongs, until it ends. Its first request is for `app`, if that is known. Must be called
/// within the host's runtime.
pub(super) fn serve(
    connection: impl Future<Output = ()> + Send + 'static,
    place: Arc<Place>,
    app: Option<&App>,
) {
    if let Some(app) = app {
        place.asked_for(app, app.current().pool().running().as_ref());
    }
    let stay = Stay {
        connection: Box::pin(connection),
        host: place.host(),
        retired: None,
        place,
    };
    match stay.place.next() {
        Some(next) => stay.go(Some(next)),
        None => drop(tokio::spawn(Task(Some(stay)))),
    }
}

/// The task of a connection, until that ends or moves.
struct Task(Option<Stay>);

/// A connection in its place, or a part of one.
struct Stay {
    connection: Pin<Box<dyn Future<Output = ()> + Send>>,
    place: Arc<Place>,
    host: Handle,
    /// The end of the instances' thread that this is on.
    retired: Option<Stopped>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(stay) = &mut self.0 else {
            return Poll::Ready(());
        };
        if stay.connection.as_mut().poll(context).is_ready() {
            self.0 = None;
            return Poll::Ready(());
        }
        let next = if stay.place.is_leaving.load(Relaxed) {
            stay.place.next()
        } else {
            let retired = stay.retired.as_mut();
            if !retired.is_some_and(|retired| Pin::new(retired).poll(context).is_ready()) {
                return Poll::Pending;
            }
            None
        };
        if let Some(stay) = self.0.take() {
            stay.go(next);
        }
        Poll::Ready(())
    }
}

impl Stay {
    /// Moves to a thread, or to the host's runtime.
    fn go(mut self, thread: Option<Arc<dyn InstanceThread>>) {
        self.retired = thread.as_ref().map(|thread| thread.retired());
        let home = thread.as_ref().map_or(NOBODY, |thread| thread.id());
        self.place.moved(home);
        *lock(&self.place.thread) = thread.clone();
        let host = self.host.clone();
        let Some(thread) = thread else {
            host.spawn(Task(Some(self)));
            return;
        };
        let place = self.place.clone();
        if let Err(task) = thread.spawn_guest(Box::pin(Task(Some(self)))) {
            // That thread has just ended, and `retired` is ready: what is no longer of use there is gone with the next poll.
            place.home.store(NOBODY, Relaxed);
            *lock(&place.thread) = None;
            host.spawn(task);
        }
    }
}

/// A socket that belongs to the runtime where its connection is.
pub(super) struct Socket {
    /// `None` where it got lost on the way: the system has no memory left to watch it.
    stream: Option<TcpStream>,
    place: Arc<Place>,
    moves: u32,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, place: Arc<Place>) -> Self {
        Self {
            stream: Some(stream),
            moves: place.moves(),
            place,
        }
    }

    /// The socket itself, wherever it is watched.
    pub(super) fn stream(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    #[inline]
    fn here(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.moves != self.place.moves() {
            self.register()?;
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }

    #[cold]
    fn register(&mut self) -> io::Result<()> {
        self.moves = self.place.moves();
        if let Some(stream) = self.stream.take() {
            self.stream = Some(TcpStream::from_std(stream.into_std()?)?);
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.here()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.here()?.poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.here()?.poll_shutdown(context)
    }
}
