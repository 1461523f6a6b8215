//! What all connections of clients hold, together.
//!
//! What an app holds for its clients counts for the app. A connection that waits, a head that is not complete, an answer of the host's own
//! that nobody takes are no app's: they have a budget, a part of what the process may use. Each connection counts what it holds
//! ([`Link::charge`]), by costs that were measured; where the budget or the number of connections is used up, those go of which nobody
//! loses much. Where that does not suffice, those go of apps that have more than their part: what each would have if they shared
//! evenly, with those that have just come. So no app's requests keep another's out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::link::{Link, Tenure};

/// Connections may hold one part in so many of what the process may use.
const SHARE: usize = 8;
/// And take one in so many of its descriptors, unless `connections` says otherwise. Another half may be connections to other servers.
const DESCRIPTORS: usize = 2;
/// A connection, until it is known what it speaks: its task and its record.
pub(super) const CONNECTION: usize = 4 << 10;
/// What one of HTTP/1 takes beside that and its buffer for heads: hyper's state, and its buffer for what it sends.
pub(super) const HTTP1: usize = 12 << 10;
/// What one of HTTP/2 takes: h2's state, the tables of both directions, buffers for a frame.
pub(super) const HTTP2: usize = 20 << 10;
/// And for each stream of the most that h2 has remembered at a time, requests and such as it has reset, which it keeps the room of.
pub(super) const STREAM: usize = 2 << 10;
/// A block of fields of HTTP/2 that is not complete, and may become as large as it wants: a field of the table is one byte
/// of it, and some hundred here.
pub(super) const BLOCK: usize = 128 << 10;
/// An answer of the host's own that has not left: its stream, its task, its record.
pub(super) const PAGE: usize = 6 << 10;
/// A connection that has been idle for less may be about to send its first request.
const YOUNG: Duration = Duration::from_secs(1);
/// When there is no room, one part in so many is made, as looking for it takes a look at all.
const ROOM: usize = 32;
/// What happens within so long of the last time is the same episode.
const EPISODE: Duration = Duration::from_secs(10);

/// All connections.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// Bytes that they may hold.
    budget: usize,
    /// How many there may be where the configuration does not say.
    most: usize,
    /// Bytes that they hold.
    used: AtomicUsize,
    /// Of these, those of connections that have been told to end.
    leaving: AtomicUsize,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    /// In the order in which they came, without those that have been told to end.
    links: BTreeMap<u64, Weak<Link>>,
    next: u64,
    /// When there was no room last.
    crowded: Option<Instant>,
    /// When a connection with a request of an app was cut off last.
    cut_off: Option<Instant>,
}

/// A connection among the others, until it is dropped.
pub(super) struct Member {
    crowd: Arc<Crowd>,
    number: u64,
}

/// Who goes first; of each kind whoever it is since the longest time. Who has a request that the host does not answer itself has no
/// standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// No request.
    Idle,
    /// A part of a head.
    Head,
    /// Nothing but answers of the host's own that the client has not taken.
    Pages,
    /// No request, yet.
    Young,
}

impl Crowd {
    /// The connections of a process that may use so many bytes.
    pub(crate) fn new(memory: usize) -> Arc<Self> {
        Self::of(
            memory / SHARE,
            (nano_worker::descriptors() / DESCRIPTORS).max(1),
        )
    }

    fn of(budget: usize, most: usize) -> Arc<Self> {
        Arc::new(Self {
            budget,
            most,
            used: AtomicUsize::new(0),
            leaving: AtomicUsize::new(0),
            members: Mutex::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn for_tests() -> Arc<Self> {
        Self::of(usize::MAX, usize::MAX)
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.members().links.len()
    }

    /// Bytes that connections hold which stay.
    fn held(&self) -> usize {
        let leaving = self.leaving.load(SeqCst);
        self.used.load(SeqCst).saturating_sub(leaving)
    }

    /// Takes a connection in, if there is room or room can be made. `most`: what the configuration allows.
    pub(super) fn join(self: &Arc<Self>, link: &Arc<Link>, most: Option<u32>) -> Option<Member> {
        let most = most.map_or(self.most, |most| most as usize);
        let mut members = self.members();
        if self.is_full(&members, most) {
            self.make_room(&mut members, most);
            if self.is_full(&members, most) {
                return None;
            }
        }
        let number = members.next;
        members.next += 1;
        members.links.insert(number, Arc::downgrade(link));
        drop(members);
        Some(Member {
            crowd: self.clone(),
            number,
        })
    }

    /// A connection holds so many bytes more; of these, so many for no longer than it takes to end.
    pub(super) fn charge(&self, bytes: usize, leaving: usize) {
        self.leaving.fetch_add(leaving, SeqCst);
        self.used.fetch_add(bytes, SeqCst);
        if self.held() > self.budget {
            self.make_room(&mut self.members(), usize::MAX);
        }
    }

    /// Connections hold so many bytes less; of these, so many were those of one that has been told to end.
    pub(super) fn release(&self, bytes: usize, leaving: usize) {
        self.leaving.fetch_sub(leaving, SeqCst);
        self.used.fetch_sub(bytes, SeqCst);
    }

    /// The system has no descriptor left: ends a connection, if there is one to end.
    pub(crate) fn make_room_for_one(&self) {
        let mut members = self.members();
        let most = members.links.len();
        self.make_room(&mut members, most);
    }

    /// Has connections end, so that there is room for one more, and some to spare.
    #[cold]
    fn make_room(&self, members: &mut Members, most: usize) {
        let now = Instant::now();
        let (connections, held) = (members.links.len(), self.held());
        let mut candidates: Vec<_> = members
            .links
            .iter()
            .filter_map(|(number, link)| {
                let link = link.upgrade()?;
                let (standing, since) = link.standing(now, YOUNG)?;
                Some((standing, since, *number, link))
            })
            .collect();
        candidates.sort_unstable_by_key(|(standing, since, ..)| (*standing, *since));
        let mut closed = 0_usize;
        let mut young = Vec::new();
        for (standing, since, number, link) in candidates {
            if self.has_spare(members, most) {
                break;
            }
            if standing == Standing::Young {
                young.push((since, number, link));
            } else if self.evict(members, number, &link) {
                closed += 1;
            }
        }
        let mut cut_off = 0;
        if self.is_full(members, most) {
            let without;
            (without, cut_off) = self.share_out(members, most, &young);
            closed += without;
        }
        young.sort_by_key(|(_, _, link)| Reverse(link.held()));
        for (_, number, link) in young {
            if !self.is_full(members, most) {
                break;
            }
            closed += usize::from(self.evict(members, number, &link));
        }
        let begins = |last: Option<Instant>| last.is_none_or(|last| now - last > EPISODE);
        let mut is_news = begins(members.crowded.replace(now));
        if cut_off > 0 {
            is_news |= begins(members.cut_off.replace(now));
        }
        if is_news {
            tracing::warn!(
                connections,
                most_connections = (most != usize::MAX).then_some(most),
                held_bytes = held,
                budget_bytes = self.budget,
                closed,
                cut_off,
                "clients have as many connections, or hold as much memory by them, as they may: those without a request are closed, \
                 the longest idle first, then those whose heads are not complete, and then some with requests of the apps that have \
                 most of them; to allow more, raise \"connections\" of \"clients\", or what the process may use (\"memory_mb\")"
            );
        }
    }

    fn is_full(&self, members: &Members, most: usize) -> bool {
        members.links.len() >= most || self.held() > self.budget
    }

    /// Whether there is as much room as is made at a time.
    fn has_spare(&self, members: &Members, most: usize) -> bool {
        members.links.len() + most / ROOM < most && self.held() + self.budget / ROOM <= self.budget
    }

    /// Has a connection end, unless it has got a request in the meantime.
    fn evict(&self, members: &mut Members, number: u64, link: &Link) -> bool {
        let Some(held) = link.evict() else {
            return false;
        };
        members.links.remove(&number);
        self.leaving.fetch_add(held, SeqCst);
        true
    }

    /// All that are left have requests of apps, or are `young`: each app gets an even part, and the young ones together another. Of those who
    /// have more than that, some end, so that there is room: first those whose requests have yet to come in full, and of each kind
    /// those that have been at it for the longest time. Gives how many have been closed without a request, and how many with one.
    #[cold]
    fn share_out(
        &self,
        members: &mut Members,
        most: usize,
        young: &[(Instant, u64, Arc<Link>)],
    ) -> (usize, usize) {
        let young = young.iter().map(|(since, number, link)| {
            let tenure = Tenure {
                app: None,
                held: link.held(),
                is_complete: false,
                since: *since,
            };
            (tenure, *number, link.clone())
        });
        let with_requests = members.links.iter().filter_map(|(number, link)| {
            let link = link.upgrade()?;
            Some((link.tenure()?, *number, link))
        });
        let mut tenures: Vec<_> = young.chain(with_requests).collect();
        // The last one goes first. Who has just come has sent nothing yet, or holds much: those go before.
        let much = |one: &Tenure| if one.app.is_none() { one.held } else { 0 };
        tenures.sort_unstable_by_key(|(one, ..)| {
            Reverse((one.is_complete, Reverse(much(one)), one.since))
        });
        let mut parts: HashMap<Option<usize>, Part> = HashMap::from([(None, Part::default())]);
        for (tenure, ..) in &tenures {
            let part = parts.entry(tenure.app).or_default();
            part.connections += 1;
            part.held += tenure.held;
        }
        let even = Part {
            connections: most / parts.len(),
            held: self.budget / parts.len(),
        };
        let (mut closed, mut cut_off) = (0, 0);
        while let Some((tenure, number, link)) = tenures.pop() {
            if self.has_spare(members, most) {
                break;
            }
            let Some(part) = parts.get_mut(&tenure.app) else {
                continue;
            };
            let has_too_many =
                part.connections > even.connections && members.links.len() + most / ROOM >= most;
            let holds_too_much =
                part.held > even.held && self.held() + self.budget / ROOM > self.budget;
            if !has_too_many && !holds_too_much {
                continue;
            }
            if tenure.app.is_some() {
                members.links.remove(&number);
                self.leaving.fetch_add(link.cut_off(), SeqCst);
                cut_off += 1;
            } else if self.evict(members, number, &link) {
                closed += 1;
            } else {
                continue;
            }
            part.connections -= 1;
            part.held = part.held.saturating_sub(tenure.held);
        }
        (closed, cut_off)
    }
}

/// What requests of one app have: how many connections, and bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    connections: usize,
    held: usize,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members().links.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::InRequest;
    use super::*;

    /// Connections that have been idle for longer than others, the first one for the longest time.
    fn idle(crowd: &Arc<Crowd>, count: u64) -> Vec<(Arc<Link>, Member)> {
        let join = |number| {
            let link = Link::in_crowd(crowd, Duration::from_secs(100 - number));
            let member = crowd.join(&link, None).unwrap();
            (link, member)
        };
        (0..count).map(join).collect()
    }

    fn evicted(links: &[(Arc<Link>, Member)]) -> Vec<usize> {
        let evicted = links.iter().enumerate();
        let evicted = evicted.filter(|(_, (link, _))| link.is_evicted());
        evicted.map(|(index, _)| index).collect()
    }

    #[test]
    fn the_longest_idle_go_first() {
        let crowd = Crowd::of(usize::MAX, 10);
        let links = idle(&crowd, 10);
        let _request = links[0].0.request();
        let more = idle(&crowd, 1);
        assert_eq!(evicted(&links), [1]);
        assert!(!more[0].0.is_evicted());
    }

    #[test]
    fn heads_go_after_what_is_idle_and_before_what_has_just_come() {
        let crowd = Crowd::of(usize::MAX, 3);
        let links = idle(&crowd, 3);
        assert!(links[0].0.reads_head());
        drop(idle(&crowd, 1));
        assert_eq!(evicted(&links), [1]);
        let young = Link::in_crowd(&crowd, Duration::ZERO);
        let _young = crowd.join(&young, None).unwrap();
        let _request = links[2].0.request();
        let last = idle(&crowd, 1);
        assert_eq!(evicted(&links), [0, 1]);
        assert!(!young.is_evicted() && !last[0].0.is_evicted());
    }

    #[test]
    fn where_all_have_requests_the_app_that_has_most_gives() {
        let crowd = Crowd::of(usize::MAX, 6);
        let links = idle(&crowd, 6);
        let _requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
        for (app, (link, _)) in [1, 2, 2, 2, 2, 3].into_iter().zip(&links) {
            link.is_with(app);
        }
        // What has come in full goes last.
        let _receiving = links[3].0.receive();
        // More than the default may be configured.
        let next = Link::in_crowd(&crowd, Duration::ZERO);
        drop(crowd.join(&next, Some(7)).unwrap());
        assert_eq!(evicted(&links), [0; 0]);
        let _next = crowd.join(&next, None).unwrap();
        assert_eq!(evicted(&links), [3]);
        let _request = next.request();
        next.is_with(4);
        let more = idle(&crowd, 1);
        assert_eq!(evicted(&links), [1, 3]);
        assert!(!more[0].0.is_evicted());
    }

    #[test]
    fn where_all_have_requests_the_app_that_holds_most_gives() {
        let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
        let links = idle(&crowd, 8);
        let requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
        for (app, (link, _)) in [1, 1, 1, 1, 1, 2, 3, 3].into_iter().zip(&links) {
            link.is_with(app);
        }
        // Some room is made beside. A part is two and a half connections.
        links[5].0.charge(3 * CONNECTION);
        assert_eq!(evicted(&links), [0, 1]);
        links[5].0.charge(3 * CONNECTION);
        assert_eq!(evicted(&links), [0, 1, 2, 5]);
        drop((requests, links));
        assert_eq!(
            (crowd.used.load(SeqCst), crowd.leaving.load(SeqCst)),
            (0, 0)
        );
    }

    #[test]
    fn of_those_who_have_just_come_those_go_first_who_hold_most() {
        let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
        let links: Vec<_> = (0..6)
            .map(|_| {
                let link = Link::in_crowd(&crowd, Duration::ZERO);
                let member = crowd.join(&link, None).unwrap();
                (link, member)
            })
            .collect();
        links[4].0.charge(2 * CONNECTION);
        links[2].0.charge(3 * CONNECTION);
        assert_eq!(evicted(&links), [2]);
        links[1].0.charge(5 * CONNECTION);
        assert_eq!(evicted(&links), [1, 2]);
    }

    #[test]
    fn who_holds_more_than_there_is_makes_room() {
        let crowd = Crowd::of(10 * CONNECTION + 2 * PAGE, usize::MAX);
        let links = idle(&crowd, 10);
        let mut requests: Vec<_> = (0..3).map(|_| links[0].0.request()).collect();
        requests[..2].iter_mut().for_each(InRequest::becomes_page);
        assert_eq!(evicted(&links), [0; 0]);
        // Its requests are answered by the host, and wait; the others are idle.
        requests[2].becomes_page();
        assert_eq!(evicted(&links), [1, 2]);
        drop(requests);
        assert_eq!(crowd.held(), 8 * CONNECTION);
        drop(links);
        assert_eq!(
            (crowd.used.load(SeqCst), crowd.leaving.load(SeqCst)),
            (0, 0)
        );
    }

    #[test]
    fn pages_that_nobody_takes_keep_no_connection() {
        let crowd = Crowd::of(usize::MAX, 2);
        let links = idle(&crowd, 2);
        let mut requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
        requests[1].becomes_page();
        drop(idle(&crowd, 1));
        assert_eq!(evicted(&links), [1]);
    }
}
