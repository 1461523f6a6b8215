//! What the instances of an app have in common: its [`Caches`], who hears whose broadcasts, and who has which locks.
//!
//! To the standards, the instances are agents of one origin, none of which shares memory with another. Each has an [`Agent`] here; what it
//! listens to, waits for and holds is gone when that [leaves](Agent::leave), however its instance has ended.
//!
//! One lock guards broadcasts and locks, for as long as a look takes. Who is told something meanwhile has it put into a mailbox, and comes back for
//! the rest.

mod broadcasts;
mod locks;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use broadcasts::Broadcasts;
pub use broadcasts::{Broadcast, BroadcastListener, TooMuch};
use locks::Locks;
pub use locks::{Acquire, LockInfo, LockMode, LockNotice, LockOwner, LockRequest};

use crate::Caches;

/// Something of the embedder's that is kept for as long as what it came with: what a message is, or who pays for it.
pub type Kept = Box<dyn Any + Send + Sync>;

/// What the instances of an app have in common. Nothing is in it before it is used.
pub struct Commons {
    number: u64,
    caches: Arc<Caches>,
    state: Mutex<State>,
    agents: AtomicU64,
}

#[derive(Default)]
struct State {
    broadcasts: Broadcasts,
    locks: Locks,
}

impl Default for Commons {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            caches: Arc::default(),
            state: Mutex::default(),
            agents: AtomicU64::default(),
        }
    }
}

impl Commons {
    /// With these caches.
    pub fn new(caches: Caches) -> Self {
        Self {
            caches: Arc::new(caches),
            ..Self::default()
        }
    }

    /// The app's caches.
    pub fn caches(&self) -> &Arc<Caches> {
        &self.caches
    }

    /// What no other app of this process has: by it those know each other that share something with other apps.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// One more instance.
    pub fn agent(self: &Arc<Self>) -> Arc<Agent> {
        Arc::new(Agent {
            commons: self.clone(),
            number: self.agents.fetch_add(1, Ordering::Relaxed),
            has_left: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance, as those that it has something in common with know it.
pub struct Agent {
    commons: Arc<Commons>,
    number: u64,
    /// Looked at and changed with the lock.
    has_left: AtomicBool,
}

impl Agent {
    /// The app's caches.
    pub fn caches(&self) -> &Arc<Caches> {
        self.commons.caches()
    }

    /// Hears what others broadcast under this name from now on.
    pub fn listen(&self, name: &[u16], listener: Arc<dyn BroadcastListener>, charge: Kept) {
        self.change(|state| {
            let broadcasts = &mut state.broadcasts;
            broadcasts.listen(self.number, name, listener, charge);
        });
    }

    /// Hears it no more.
    pub fn stop_listening(&self, name: &[u16]) {
        self.change(|state| state.broadcasts.stop_listening(self.number, name));
    }

    /// How many others hear what is broadcast under this name.
    pub fn heard_by(&self, name: &[u16]) -> usize {
        let heard_by = self.change(|state| state.broadcasts.heard_by(self.number, name));
        heard_by.unwrap_or_default()
    }

    /// Sends a message of so many bytes to the others that listen to this name. `charge` is kept until all of them have taken it.
    ///
    /// # Errors
    /// Too much waits for them already: nobody gets it.
    pub fn broadcast(
        &self,
        name: &[u16],
        content: Kept,
        size: usize,
        charge: Kept,
    ) -> Result<(), TooMuch> {
        let sent = self.change(|state| {
            let broadcasts = &mut state.broadcasts;
            broadcasts.send(self.number, name, content, size, charge)
        });
        sent.unwrap_or(Ok(()))
    }

    /// The next message for this instance, in the order in which they were sent.
    pub fn next_broadcast(&self) -> Option<Broadcast> {
        self.change(|state| state.broadcasts.next(self.number))?
    }

    /// Asks for a lock. Its owner is told what becomes of that, by the number that this gives.
    pub fn request_lock(&self, request: LockRequest<'_>) -> u64 {
        let id = self.change(|state| state.locks.request(self.number, request));
        // Nobody is there to hear anything of it.
        id.unwrap_or_default()
    }

    /// Takes a request back. Returns false if it does not wait any more.
    pub fn abort_lock_request(&self, request: u64) -> bool {
        let is_aborted = self.change(|state| state.locks.abort(request));
        is_aborted.unwrap_or_default()
    }

    /// Gives the lock back that a request has got. Returns false if it was taken away before.
    pub fn release_lock(&self, request: u64) -> bool {
        let is_released = self.change(|state| state.locks.release(request));
        is_released.unwrap_or_default()
    }

    /// The locks of all instances: those that are held, in the order in which they were granted, and then those that are waited for, in
    /// the order in which they were asked for.
    pub fn locks(&self) -> Vec<LockInfo> {
        self.change(|state| state.locks.all()).unwrap_or_default()
    }

    /// The instance has ended, or runs no JavaScript any more: others get its locks, and it hears and gets nothing from now on.
    pub fn leave(&self) {
        let unheard = self.change(|state| {
            self.has_left.store(true, Ordering::Relaxed);
            state.locks.forget(self.number);
            state.broadcasts.forget(self.number)
        });
        // What nobody took is dropped without the lock.
        drop(unheard);
    }

    /// Changes something, unless the instance has left. One that is lost may be in the middle of a call still.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut state = self.commons.lock();
        if self.has_left.load(Ordering::Relaxed) {
            return None;
        }
        Some(change(&mut state))
    }
}

impl Default for Agent {
    /// One that is alone: a program's.
    fn default() -> Self {
        Self {
            commons: Arc::default(),
            number: 0,
            has_left: AtomicBool::new(false),
        }
    }
}
