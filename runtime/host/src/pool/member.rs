//! An instance of a pool, and who has something to do there.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nano_worker::{Instance, InstanceThread, Stop};
use tokio::sync::Notify;

/// An instance of a pool.
#[derive(Clone)]
pub(crate) struct Member(Arc<Inner>);

struct Inner {
    /// Unique in the process, and never [`NOBODY`].
    id: usize,
    instance: Arc<dyn Instance>,
    /// Its thread's id, and whether that is shared; once it was asked for.
    thread: OnceLock<(usize, bool)>,
    began: Instant,
    /// Bytes that it held when it had started.
    first_bytes: u64,
    seats: AtomicUsize,
    /// Nobody new gets a seat.
    is_leaving: AtomicBool,
    /// Told when the last seat of one that leaves is given back.
    vacated: Notify,
    /// What has a seat and could go on for ever is asked to end.
    leaving: Stop,
}

/// The id of no member, and of no thread.
pub(crate) const NOBODY: usize = 0;

impl Member {
    pub(super) fn new(instance: Arc<dyn Instance>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(NOBODY + 1);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            began: Instant::now(),
            first_bytes: bytes(&*instance),
            instance,
            thread: OnceLock::new(),
            seats: AtomicUsize::new(0),
            is_leaving: AtomicBool::new(false),
            vacated: Notify::new(),
            leaving: Stop::default(),
        }))
    }

    pub(crate) fn id(&self) -> usize {
        self.0.id
    }

    pub(crate) fn instance(&self) -> &Arc<dyn Instance> {
        &self.0.instance
    }

    /// A place for connections whose requests go to this instance.
    pub(crate) fn thread(&self) -> Option<Arc<dyn InstanceThread>> {
        let thread = self.0.instance.thread()?;
        self.0
            .thread
            .get_or_init(|| (thread.id(), thread.is_shared()));
        Some(thread)
    }

    /// The thread's id; [`NOBODY`] where it does no I/O.
    #[inline]
    pub(crate) fn thread_id(&self) -> usize {
        self.known_thread().map_or(NOBODY, |(id, _)| id)
    }

    /// Whether other apps' instances may have the same one.
    #[inline]
    pub(crate) fn is_on_shared_thread(&self) -> bool {
        self.known_thread().is_some_and(|(_, is_shared)| is_shared)
    }

    #[inline]
    fn known_thread(&self) -> Option<(usize, bool)> {
        if let Some(known) = self.0.thread.get() {
            return Some(*known);
        }
        self.thread()?;
        self.0.thread.get().copied()
    }

    /// Set when it finishes what it has begun.
    pub(crate) fn leaving(&self) -> &Stop {
        &self.0.leaving
    }

    /// Whether it takes requests.
    pub(crate) fn goes_on(&self) -> bool {
        self.0.instance.condemned().is_none()
    }

    /// How long ago it has started.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0.began)
    }

    /// By how many bytes it has grown since then.
    pub(super) fn growth(&self) -> u64 {
        bytes(&*self.0.instance).saturating_sub(self.0.first_bytes)
    }

    /// How many have a seat.
    pub(super) fn seats(&self) -> usize {
        self.0.seats.load(Ordering::SeqCst)
    }

    /// Takes a seat.
    pub(super) fn seat(&self) -> Seat {
        self.0.seats.fetch_add(1, Ordering::SeqCst);
        Seat(self.clone())
    }

    /// Waits until nobody has a seat. Nobody must be given one any more.
    pub(super) async fn vacated(&self) {
        self.0.is_leaving.store(true, Ordering::SeqCst);
        self.0.leaving.set();
        loop {
            // Registered before the seats are counted, so that no change is missed.
            let mut vacated = std::pin::pin!(self.0.vacated.notified());
            vacated.as_mut().enable();
            if self.seats() == 0 {
                return;
            }
            vacated.await;
        }
    }
}

fn bytes(instance: &dyn Instance) -> u64 {
    let stats = instance.stats();
    stats.heap_bytes + stats.external_bytes
}

/// The hold of one request on an instance, which may end otherwise, but is not drained before its seats are given back: by dropping
/// them.
pub(crate) struct Seat(Member);

impl Deref for Seat {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.0
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Inner {
            seats,
            is_leaving,
            vacated,
            ..
        } = &*self.0.0;
        if seats.fetch_sub(1, Ordering::SeqCst) == 1 && is_leaving.load(Ordering::SeqCst) {
            vacated.notify_waiters();
        }
    }
}
