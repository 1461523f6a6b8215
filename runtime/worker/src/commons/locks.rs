//! The lock manager of an app, <https://w3c.github.io/web-locks/#lock-manager>.
//!
//! The standard's lock task queue runs beside all agents. Here its steps are run at once, by whoever asks for them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Whether a lock may be held by several at a time, <https://w3c.github.io/web-locks/#enumdef-lockmode>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockMode {
    /// It may, by such that want it shared.
    #[default]
    Shared,
    /// It may not.
    Exclusive,
}

/// What is done where a lock cannot be had at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquire {
    /// It is waited for.
    WhenFree,
    /// There is none then.
    IfAvailable,
    /// It is taken away from those who have it.
    Steal,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockNotice {
    /// It has got the lock.
    Granted,
    /// It gets none, and is over.
    Unavailable,
    /// The lock that it had is another one's now.
    Stolen,
}

/// Who makes requests: an instance.
pub trait LockOwner: Send + Sync {
    /// What it is called in [`LockInfo`].
    fn client_id(&self) -> &str;

    /// Is told what becomes of one of its requests. A lock is held: this may only put it into a mailbox.
    fn tell(&self, request: u64, notice: LockNotice);
}

/// <https://w3c.github.io/web-locks/#lock-request>
pub struct LockRequest<'n> {
    /// What the lock is for.
    pub name: &'n [u16],
    /// Whether others may have it, too.
    pub mode: LockMode,
    /// What is done where it cannot be had at once.
    pub acquire: Acquire,
    /// Who asks.
    pub owner: Arc<dyn LockOwner>,
}

/// <https://w3c.github.io/web-locks/#dictdef-lockinfo>
pub struct LockInfo {
    /// What the lock is for.
    pub name: Arc<[u16]>,
    /// Whether others may have it, too.
    pub mode: LockMode,
    /// Whether it is held, or waited for.
    pub is_held: bool,
    /// Who has asked for it.
    pub owner: Arc<dyn LockOwner>,
}

/// All locks that somebody has or waits for.
#[derive(Default)]
pub(super) struct Locks {
    /// Counts requests and grants.
    last: u64,
    requests: HashMap<u64, Request>,
    resources: HashMap<Arc<[u16]>, Resource>,
}

struct Request {
    name: Arc<[u16]>,
    mode: LockMode,
    owner: Arc<dyn LockOwner>,
    agent: u64,
    /// Its place among those that were granted; 0 while it waits.
    granted: u64,
}

/// What all locks of one name have in common, by the numbers of their requests.
#[derive(Default)]
struct Resource {
    /// The lock request queue. Who steals is never in it, so its order is that of the numbers.
    queue: BTreeSet<u64>,
    /// Its part of the held lock set.
    held: BTreeSet<u64>,
    /// The mode of all that are held, if any is.
    mode: LockMode,
}

impl Resource {
    /// <https://w3c.github.io/web-locks/#grantable>, for a request at the head of the queue.
    fn is_grantable(&self, mode: LockMode) -> bool {
        self.held.is_empty() || (mode == LockMode::Shared && self.mode == LockMode::Shared)
    }

    fn grant(&mut self, id: u64, request: &mut Request, last: &mut u64) {
        *last += 1;
        request.granted = *last;
        self.mode = request.mode;
        self.held.insert(id);
        request.owner.tell(id, LockNotice::Granted);
    }
}

impl Locks {
    /// <https://w3c.github.io/web-locks/#request-a-lock>, from step 3.
    pub(super) fn request(&mut self, agent: u64, request: LockRequest<'_>) -> u64 {
        self.last += 1;
        let id = self.last;
        let LockRequest {
            name,
            mode,
            acquire,
            owner,
        } = request;
        let known = self.resources.get_key_value(name);
        let name: Arc<[u16]> = known.map_or_else(|| name.into(), |(name, _)| name.clone());
        let resource = self.resources.entry(name.clone()).or_default();
        let is_free = resource.queue.is_empty() && resource.is_grantable(mode);
        if acquire == Acquire::IfAvailable && !is_free {
            owner.tell(id, LockNotice::Unavailable);
            return id;
        }
        if acquire == Acquire::Steal {
            for stolen in std::mem::take(&mut resource.held) {
                if let Some(request) = self.requests.remove(&stolen) {
                    request.owner.tell(stolen, LockNotice::Stolen);
                }
            }
        }
        let mut request = Request {
            name,
            mode,
            owner,
            agent,
            granted: 0,
        };
        // Who steals is the first of the queue, and nothing is held.
        if is_free || acquire == Acquire::Steal {
            resource.grant(id, &mut request, &mut self.last);
        } else {
            resource.queue.insert(id);
        }
        self.requests.insert(id, request);
        id
    }

    /// <https://w3c.github.io/web-locks/#abort-the-request>. Returns false if it does not wait.
    pub(super) fn abort(&mut self, id: u64) -> bool {
        let waits = self.requests.get(&id).is_some_and(|r| r.granted == 0);
        if waits {
            self.remove(id);
        }
        waits
    }

    /// <https://w3c.github.io/web-locks/#release-the-lock>. Returns false if it is not held.
    pub(super) fn release(&mut self, id: u64) -> bool {
        let is_held = self.requests.get(&id).is_some_and(|r| r.granted != 0);
        if is_held {
            self.remove(id);
        }
        is_held
    }

    fn remove(&mut self, id: u64) {
        if let Some(name) = self.take_out(id) {
            self.process(&name);
        }
    }

    fn take_out(&mut self, id: u64) -> Option<Arc<[u16]>> {
        let Request { name, .. } = self.requests.remove(&id)?;
        let resource = self.resources.get_mut(&name)?;
        resource.held.remove(&id);
        resource.queue.remove(&id);
        Some(name)
    }

    /// <https://w3c.github.io/web-locks/#process-the-lock-request-queue>
    fn process(&mut self, name: &[u16]) {
        let Some(resource) = self.resources.get_mut(name) else {
            return;
        };
        while let Some(first) = resource.queue.first().copied() {
            let request = self.requests.get_mut(&first);
            // All of the queue are among the requests.
            if let Some(request) = request {
                if !resource.is_grantable(request.mode) {
                    return;
                }
                resource.grant(first, request, &mut self.last);
            }
            resource.queue.remove(&first);
        }
        if resource.held.is_empty() {
            self.resources.remove(name);
        }
    }

    /// <https://w3c.github.io/web-locks/#agent-integration>: an agent that ends aborts its requests and releases its locks.
    pub(super) fn forget(&mut self, agent: u64) {
        let own = self.requests.iter();
        let own = own.filter(|(_, request)| request.agent == agent);
        let own: Vec<u64> = own.map(|(id, _)| *id).collect();
        // All of them before others are looked at, or one of its own would be granted.
        let names: Vec<_> = own.into_iter().filter_map(|id| self.take_out(id)).collect();
        for name in names {
            self.process(&name);
        }
    }

    /// <https://w3c.github.io/web-locks/#snapshot-the-lock-state>
    pub(super) fn all(&self) -> Vec<LockInfo> {
        let mut all: Vec<_> = self.requests.iter().collect();
        all.sort_unstable_by_key(|(id, request)| match request.granted {
            0 => (true, **id),
            granted => (false, granted),
        });
        let info = |(_, request): (_, &Request)| LockInfo {
            name: request.name.clone(),
            mode: request.mode,
            is_held: request.granted != 0,
            owner: request.owner.clone(),
        };
        all.into_iter().map(info).collect()
    }

    /// How many requests, and names, there are.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.requests.len(), self.resources.len())
    }
}
