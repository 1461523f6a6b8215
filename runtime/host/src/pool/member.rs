//! An instance of a pool, and who has something to do there.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// The id of no member.
pub(crate) const NOBODY: usize = 0;

impl Member {
    pub(super) fn new(instance: Arc<dyn Instance>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(NOBODY + 1);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            began: Instant::now(),
            first_bytes: bytes(&*instance),
            instance,
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
        self.0.instance.thread()
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
