//! The connections of one app: those that carry a request, and those that wait for the next one.
//!
//! A request first waits for its turn, which lasts until the last byte of its response has been read: that bounds how many connections
//! an app has at a time. Connections without a request make room for new ones.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Response, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use nano_engine::Handle as Isolate;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Counts;
use super::body::RequestBody;
use super::connection::{Connection, Head, Origin, Unanswered};
use super::connector::Connector;
use super::failure::{self, Failure};
use super::memory::Memory;
use super::shares::Share;
use crate::fetch::response::is_null_body_status;

/// How long a connection waits for its next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a request waits for its turn, and for a descriptor.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);
/// After so long the requests that are under way may be some that nobody waits for any more, which a collection of garbage ends.
const PATIENCE: Duration = Duration::from_millis(100);
/// How often a request is sent at most: each time to a server that has not seen the last one, or whose connection had ended.
const ATTEMPTS: usize = 3;
/// The next such collection comes so much later where the last one ended none, and twice as much later each time, up to
/// [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// See the [module](self).
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    connector: Connector,
    /// How many requests may be under way.
    limit: usize,
    /// How long a server may take to begin its response.
    head: Duration,
    turns: Arc<Semaphore>,
    share: Share,
    counts: Arc<Counts>,
    kept: Mutex<Kept>,
    collections: Mutex<Collections>,
    /// Responses that were dropped before their end, as a collection drops those that nobody has any more.
    abandoned: AtomicUsize,
}

fn origin_of(head: &Head) -> Result<Origin, Failure> {
    Origin::of(&head.uri).ok_or_else(|| Failure::new("the request's URL has no host"))
}

/// When the app's garbage is collected.
#[derive(Default)]
struct Collections {
    /// Not before this.
    next: Option<Instant>,
    pause: Duration,
}

/// Connections that can take a request.
#[derive(Default)]
struct Kept {
    /// The one that was kept first comes first.
    connections: VecDeque<Connection>,
    /// Closes those that have waited too long; runs as long as there are any.
    reaper: Option<JoinHandle<()>>,
}

impl Pool {
    /// A pool without connections, for `limit` requests at a time, to servers that begin their responses within `head`.
    pub(super) fn new(
        connector: Connector,
        share: Share,
        limit: usize,
        head: Duration,
        counts: Arc<Counts>,
    ) -> Pool {
        Pool(Arc::new(Shared {
            connector,
            limit,
            head,
            turns: Arc::new(Semaphore::new(limit)),
            share,
            counts,
            kept: Mutex::default(),
            collections: Mutex::default(),
            abandoned: AtomicUsize::new(0),
        }))
    }

    /// Sends a request as soon as its turn comes, and waits for the head of its response. `isolate` may hold other responses.
    pub(super) async fn send(
        &self,
        head: &Head,
        body: &mut RequestBody,
        isolate: Option<&Isolate>,
    ) -> Result<Response<Received>, Failure> {
        let response = self.send_once(head, body, isolate).await?;
        let is_misdirected = response.status() == StatusCode::MISDIRECTED_REQUEST;
        if !is_misdirected || head.is_upgrade || !body.is_replayable() {
            return Ok(response);
        }
        // https://fetch.spec.whatwg.org/#http-network-or-cache-fetch: with the status 421 it is sent again, once, on a new connection.
        // (One of HTTP/2 is shared, and stays the one of its origin.)
        drop(response);
        let again = async {
            let turn = self.turn(isolate).await?;
            let origin = origin_of(head)?;
            self.send_on(None, head, body, origin, turn, isolate).await
        };
        Box::pin(again).await
    }

    async fn send_once(
        &self,
        head: &Head,
        body: &mut RequestBody,
        isolate: Option<&Isolate>,
    ) -> Result<Response<Received>, Failure> {
        let origin = origin_of(head)?;
        let turn = self.turn(isolate).await?;
        let kept = match head.is_upgrade {
            true => None,
            false => self.0.take(&origin),
        };
        self.send_on(kept, head, body, origin, turn, isolate).await
    }

    /// Sends a request on a connection, or on a new one; and again on a new one where it has met the end of its connection, or a server
    /// that says that it has not looked at it.
    async fn send_on(
        &self,
        kept: Option<Connection>,
        head: &Head,
        body: &mut RequestBody,
        origin: Origin,
        turn: OwnedSemaphorePermit,
        isolate: Option<&Isolate>,
    ) -> Result<Response<Received>, Failure> {
        let mut was_kept = kept.is_some();
        let mut kept = kept;
        let mut sent = body.take();
        let mut attempts = 1;
        loop {
            let mut connection = match kept.take() {
                Some(connection) => connection,
                // Boxed: most requests have no need of it, and all others only while they wait for their connection.
                None => Box::pin(self.connect(origin.clone(), head, isolate)).await?,
            };
            let authority = origin.authority.as_str();
            let mut error = match connection.send(head, sent, self.0.head, isolate).await {
                Ok(response) => return Ok(self.received(head, connection, turn, response)),
                Err(Unanswered::NoHead(why)) => return Err(Failure::new(why.message(authority))),
                Err(Unanswered::Failed(error)) => *error,
            };
            let unsent = error.take_message().map(|request| request.into_body());
            let error = error.into_error();
            // The server may have closed the connection while it waited. What was not sent, or not looked at, is sent on a new one; what
            // was sent in vain is sent again if that does no harm: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
            let may_again = attempts < ATTEMPTS && (was_kept || connection.is_shared());
            let is_safe =
                head.method.is_idempotent() && was_kept && connection.may_be_stale(&error);
            let is_unseen = failure::is_unseen(&error);
            sent = match unsent {
                Some(body) if may_again => body,
                None if may_again && (is_unseen || is_safe) && body.is_replayable() => body.take(),
                _ => return Err(Failure::of_response(authority, &error)),
            };
            self.0.leave(&connection);
            attempts += 1;
            was_kept = false;
        }
    }

    async fn turn(&self, isolate: Option<&Isolate>) -> Result<OwnedSemaphorePermit, Failure> {
        let turn = self.0.turns.clone().acquire_owned();
        match self.0.wait(isolate, turn).await {
            Some(Ok(turn)) => Ok(turn),
            _ => Err(Failure::new(format!(
                "{limit} requests to other servers are under way, and none has ended within {} s: read or cancel the bodies of their \
                 responses; to allow more, raise \"outbound_connections\" and \"memory_mb\" of the \"limits\" in the app's configuration",
                WAIT_TIMEOUT.as_secs(),
                limit = self.0.limit,
            ))),
        }
    }

    /// Makes a connection.
    async fn connect(
        &self,
        origin: Origin,
        head: &Head,
        isolate: Option<&Isolate>,
    ) -> Result<Connection, Failure> {
        let authority = origin.authority.clone();
        self.0.make_room();
        let permit = self.0.wait(isolate, self.0.share.permit()).await;
        let Some(permit) = permit else {
            return Err(Failure::new(format!(
                "the app has as many connections to other servers as the process has for it beside others, and none has ended within \
                 {} s; to allow more, raise the process's limit of open files (ulimit -n), and its memory",
                WAIT_TIMEOUT.as_secs(),
            )));
        };
        let memory = Memory::take(isolate).await?;
        let only_http1 = head.is_upgrade;
        let connector = &self.0.connector;
        let io = connector
            .connect(&head.uri, permit, memory, only_http1)
            .await;
        let io = io.map_err(|error| {
            if failure::is_forbidden(&*error) {
                self.0.counts.forbidden.fetch_add(1, Ordering::Relaxed);
            }
            Failure::of_connect(authority.as_str(), &*error)
        })?;
        let connection = Connection::begin(origin, io, head.is_upgrade)
            .await
            .map_err(|error| Failure::of_connect(authority.as_str(), &error))?;
        let Some(shared) = connection.share() else {
            return Ok(connection);
        };
        // Others may have made one meanwhile, and one is enough.
        if let Some(other) = self.0.take(&connection.origin) {
            return Ok(other);
        }
        self.0.keep(connection, &Handle::current());
        Ok(shared)
    }

    fn received(
        &self,
        head: &Head,
        connection: Connection,
        turn: OwnedSemaphorePermit,
        response: Response<Incoming>,
    ) -> Response<Received> {
        let lease = (!must_end(&head.method, &response)).then(|| Lease {
            pool: Arc::downgrade(&self.0),
            runtime: Handle::current(),
            connection,
            _turn: turn,
        });
        response.map(|incoming| Received {
            is_over: incoming.is_end_stream(),
            incoming: Some(incoming),
            lease,
        })
    }
}

/// Whether a response costs its connection: it can have no body, but announces one. Servers that do so often send the body, too, maybe
/// only when the next request is on its way, which would take it for its response. A response to `HEAD` may say what `GET` would give,
/// so some of the connections that end here could have been used again.
fn must_end<B>(method: &Method, response: &Response<B>) -> bool {
    let headers = response.headers();
    let announces_a_body = || {
        let length = headers.get(CONTENT_LENGTH);
        headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
    };
    response.version() < Version::HTTP_2
        && (*method == Method::HEAD || is_null_body_status(response.status().as_u16()))
        && announces_a_body()
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is there already, and not silent: the one that was used last, as it is most likely to be alive.
    fn take(&self, origin: &Origin) -> Option<Connection> {
        let connections = &mut self.kept().connections;
        // A silent one on which nobody waits any more has nothing to say.
        connections.retain(|c| c.is_ready() && !(c.is_idle() && c.is_silent()));
        let fits = |c: &Connection| c.origin == *origin && !c.is_silent();
        let index = connections.iter().rposition(fits)?;
        match connections[index].share() {
            Some(shared) => {
                connections[index].used = Instant::now();
                Some(shared)
            }
            None => connections.remove(index),
        }
    }

    /// No more requests are sent on a connection that others may share.
    fn leave(&self, connection: &Connection) {
        self.kept()
            .connections
            .retain(|other| !other.is_same(connection));
    }

    /// Keeps a connection for the next request.
    fn keep(self: &Arc<Self>, connection: Connection, runtime: &Handle) {
        let mut kept = self.kept();
        kept.connections.push_back(connection);
        // It ends with the runtime that it was on.
        if kept.reaper.as_ref().is_none_or(JoinHandle::is_finished) {
            kept.reaper = Some(runtime.spawn(reap(Arc::downgrade(self))));
        }
    }

    /// Closes connections without a request until there is room for one more beside those that have one.
    fn make_room(&self) {
        let busy = self.limit - self.turns.available_permits();
        let connections = &mut self.kept().connections;
        let mut excess = (connections.len() + busy).saturating_sub(self.limit);
        if self.share.is_used_up() {
            excess = excess.max(1);
        }
        for _ in 0..excess {
            let Some(idle) = connections.iter().position(Connection::is_idle) else {
                return;
            };
            connections.remove(idle);
        }
    }

    /// Waits for something that requests have which are under way: for [`WAIT_TIMEOUT`] at most. Meanwhile collects the app's garbage,
    /// as it may have such requests in it.
    async fn wait<T>(
        &self,
        isolate: Option<&Isolate>,
        wanted: impl Future<Output = T>,
    ) -> Option<T> {
        let _waits = self.counts.waits();
        let mut wanted = std::pin::pin!(wanted);
        let in_time = tokio::time::timeout(WAIT_TIMEOUT, async {
            loop {
                if let Ok(wanted) = tokio::time::timeout(PATIENCE, &mut wanted).await {
                    return wanted;
                }
                if let Some(isolate) = isolate.filter(|_| self.is_collection_due()) {
                    let before = self.abandoned.load(Ordering::Relaxed);
                    isolate.collect_garbage().await;
                    self.collected(self.abandoned.load(Ordering::Relaxed) > before);
                }
            }
        });
        in_time.await.ok()
    }

    fn collections(&self) -> MutexGuard<'_, Collections> {
        self.collections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether to collect now. Only one asker is told so, until it says how that went.
    fn is_collection_due(&self) -> bool {
        let mut collections = self.collections();
        let is_due = collections.next.is_none_or(|next| next <= Instant::now());
        if is_due {
            collections.next = Some(Instant::now() + WAIT_TIMEOUT);
        }
        is_due
    }

    /// Garbage was collected. Where that did not help the next time is later: all may be well, and the app just busy.
    fn collected(&self, has_helped: bool) {
        let mut collections = self.collections();
        collections.pause = if has_helped {
            Duration::ZERO
        } else {
            (collections.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE)
        };
        collections.next = Some(Instant::now() + collections.pause);
    }
}

/// Closes connections that have waited for too long, until none is left.
async fn reap(pool: Weak<Shared>) {
    let is_over =
        |connection: &Connection| connection.is_idle() && connection.used.elapsed() >= IDLE_TIMEOUT;
    let mut pause = IDLE_TIMEOUT;
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut kept = pool.kept();
        kept.connections.retain(|c| c.is_ready() && !is_over(c));
        let Some(oldest) = kept.connections.iter().map(|c| c.used.elapsed()).max() else {
            // Seen under the lock, so that whoever keeps the next connection starts another.
            kept.reaper = None;
            return;
        };
        // Those that have waited longer are busy.
        pause = IDLE_TIMEOUT
            .saturating_sub(oldest)
            .max(Duration::from_secs(1));
    }
}

/// The body of a response, with its connection, which it gives back when it is dropped.
pub(super) struct Received {
    /// Gone when it is dropped.
    incoming: Option<Incoming>,
    /// Its end was seen.
    is_over: bool,
    lease: Option<Lease>,
}

/// What lasts as long as a response.
struct Lease {
    pool: Weak<Shared>,
    /// The connection's.
    runtime: Handle,
    connection: Connection,
    _turn: OwnedSemaphorePermit,
}

impl Received {
    /// The connection is another protocol's from here on, and has its turn as long as this is kept.
    pub(super) fn is_upgraded(&self) {
        if let Some(lease) = &self.lease {
            lease.connection.memory.is_upgraded();
        }
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(&mut *incoming).poll_frame(context));
        self.is_over = frame.is_none() || incoming.is_end_stream();
        if let (Some(lease), Some(Ok(_))) = (&self.lease, &frame) {
            lease.connection.memory.content_is_here();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // hyper now reads the rest if it is here, and ends the connection if it is not.
        drop(self.incoming.take());
        let Some(mut lease) = self.lease.take() else {
            return;
        };
        if !self.is_over
            && let Some(pool) = lease.pool.upgrade()
        {
            pool.abandoned.fetch_add(1, Ordering::Relaxed);
        }
        let is_in_the_pool = lease.connection.share().is_some();
        let pool = lease.pool.upgrade();
        if is_in_the_pool || pool.is_none_or(|pool| pool.share.is_scarce()) {
            return;
        }
        if lease.connection.is_ready() {
            return lease.give_back();
        }
        // Whoever reads a body need not be on the runtime.
        lease.runtime.clone().spawn(async move {
            if lease.connection.ready().await {
                lease.give_back();
            }
        });
    }
}

impl Lease {
    fn give_back(self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.keep(self.connection, &self.runtime);
        }
    }
}
