//! Messages to all other instances that listen to a name:
//! <https://html.spec.whatwg.org/multipage/web-messaging.html#broadcasting-to-other-browsing-contexts>.
//!
//! A message waits here until the instances that it is for have taken it, each in turns of its own. So who sends waits for nobody, and
//! an instance that ends leaves nothing behind in a mailbox that nobody reads.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Kept;

/// So many messages may wait for an app's instances, one for several counted for each.
pub(super) const MOST: usize = 10_000;
/// So many bytes they may have, one for several counted once.
pub(super) const MOST_BYTES: usize = 16 << 20;
/// Places for so many messages are kept when the last one is taken.
const KEPT_PLACES: usize = 64;

/// An instance that listens.
pub trait BroadcastListener: Send + Sync {
    /// One more message is there for [`Agent::next_broadcast`](super::Agent::next_broadcast). A lock is held: this may only put it into
    /// a mailbox that somebody is to look.
    fn wake(&self);
}

/// A message that has come.
pub struct Broadcast {
    /// What it was sent under.
    pub name: Arc<[u16]>,
    message: Arc<Message>,
}

impl Broadcast {
    /// What was sent.
    pub fn content(&self) -> &(dyn Any + Send + Sync) {
        &*self.message.content
    }
}

struct Message {
    content: Kept,
    size: usize,
    /// How many have not taken it. Changed with the lock.
    waiting: AtomicUsize,
    _charge: Kept,
}

/// Why a message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// So many wait, which is the most.
    Messages(usize),
    /// It has so many bytes, and those that wait may have so many.
    Bytes(usize, usize),
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooMuch::Messages(most) => write!(
                f,
                "the app's other instances have yet to take {most} messages, and no more may wait"
            ),
            TooMuch::Bytes(size, most) => write!(
                f,
                "the message takes {size} bytes, and what the app's other instances have yet to take may have {most} in all"
            ),
        }
    }
}

/// The messages that wait, and for whom.
#[derive(Default)]
pub(super) struct Broadcasts {
    /// Who listens to a name. Each has an inbox.
    listeners: HashMap<Arc<[u16]>, Vec<Listening>>,
    inboxes: HashMap<u64, Inbox>,
    waiting: usize,
    bytes: usize,
}

struct Listening {
    agent: u64,
    _charge: Kept,
}

pub(super) struct Inbox {
    listener: Arc<dyn BroadcastListener>,
    waiting: VecDeque<Broadcast>,
}

impl Broadcasts {
    pub(super) fn listen(
        &mut self,
        agent: u64,
        name: &[u16],
        listener: Arc<dyn BroadcastListener>,
        charge: Kept,
    ) {
        let inbox = || Inbox {
            listener,
            waiting: VecDeque::new(),
        };
        self.inboxes.entry(agent).or_insert_with(inbox);
        let listening = self.listeners.entry(name.into()).or_default();
        if listening.iter().all(|other| other.agent != agent) {
            listening.push(Listening {
                agent,
                _charge: charge,
            });
        }
    }

    pub(super) fn stop_listening(&mut self, agent: u64, name: &[u16]) {
        if let Some(listening) = self.listeners.get_mut(name) {
            listening.retain(|other| other.agent != agent);
            if listening.is_empty() {
                self.listeners.remove(name);
            }
        }
    }

    pub(super) fn heard_by(&self, agent: u64, name: &[u16]) -> usize {
        let listening = self.listeners.get(name);
        listening.map_or(0, |listening| others(listening, agent).count())
    }

    pub(super) fn send(
        &mut self,
        from: u64,
        name: &[u16],
        content: Kept,
        size: usize,
        charge: Kept,
    ) -> Result<(), TooMuch> {
        let count = self.heard_by(from, name);
        if count == 0 {
            return Ok(());
        }
        if self.waiting + count > MOST {
            return Err(TooMuch::Messages(MOST));
        }
        if self.bytes.saturating_add(size) > MOST_BYTES {
            return Err(TooMuch::Bytes(size, MOST_BYTES));
        }
        let Some((name, listening)) = self.listeners.get_key_value(name) else {
            return Ok(());
        };
        let message = Arc::new(Message {
            content,
            size,
            waiting: AtomicUsize::new(count),
            _charge: charge,
        });
        self.waiting += count;
        self.bytes += size;
        for agent in others(listening, from) {
            // It is there: who listens has one.
            if let Some(inbox) = self.inboxes.get_mut(&agent) {
                inbox.waiting.push_back(Broadcast {
                    name: name.clone(),
                    message: message.clone(),
                });
                inbox.listener.wake();
            }
        }
        Ok(())
    }

    pub(super) fn next(&mut self, agent: u64) -> Option<Broadcast> {
        let waiting = &mut self.inboxes.get_mut(&agent)?.waiting;
        let next = waiting.pop_front()?;
        if waiting.is_empty() && waiting.capacity() > KEPT_PLACES {
            *waiting = VecDeque::new();
        }
        self.is_taken(&next);
        Some(next)
    }

    /// Gives what the agent has not taken.
    pub(super) fn forget(&mut self, agent: u64) -> Option<Inbox> {
        self.listeners.retain(|_, listening| {
            listening.retain(|other| other.agent != agent);
            !listening.is_empty()
        });
        let inbox = self.inboxes.remove(&agent)?;
        for broadcast in &inbox.waiting {
            self.is_taken(broadcast);
        }
        Some(inbox)
    }

    fn is_taken(&mut self, broadcast: &Broadcast) {
        let message = &broadcast.message;
        self.waiting -= 1;
        if message.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.bytes -= message.size;
        }
    }

    /// How many messages wait, and how many bytes they have.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.waiting, self.bytes)
    }
}

fn others(listening: &[Listening], agent: u64) -> impl Iterator<Item = u64> {
    listening
        .iter()
        .map(|listening| listening.agent)
        .filter(move |other| *other != agent)
}
