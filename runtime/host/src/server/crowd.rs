//! What all connections of clients hold, together.
//!
//! What an app holds for its clients counts for the app. A connection that waits, a head that is not complete, an answer of the host's own
//! that nobody takes are no app's: they have a budget, a part of what the process may use. Each connection counts what it holds
//! ([`Link::charge`]), by costs that were measured; where the budget or the number of connections is used up, those go of which nobody
//! loses much. Where that does not suffice, those go of apps that have more than their part: what each would have if they shared
//! evenly, with those that have just come. So no app's requests keep another's out.
//!
//! Of those who would go, a client's go first that has more than its part: what the configuration says, or half, so that it leaves
//! to others what it has itself. Less would be too little for many people behind one address, or for a proxy that is not named.

mod parts;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use http::StatusCode;

use self::parts::{Part, Parts, Short};
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
/// What the configuration calls the number of connections that a client may have.
const PER_CLIENT: &str = "connections_per_client";
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
    /// Connections that had to end, or were not taken in: because there were as many as there may be,
    of_number: AtomicU64,
    /// because one client had more than its part,
    of_client: AtomicU64,
    /// or because they held as much as they may.
    of_memory: AtomicU64,
    refused: [AtomicU64; REFUSALS.len()],
}

/// Connections that have been made to end.
#[derive(Debug, Default)]
struct Ended {
    /// Those without a request.
    closed: usize,
    /// Those with one.
    cut_off: usize,
    /// Of both, those of clients that had more than their parts.
    of_clients: usize,
    /// One of these clients.
    client: Option<IpAddr>,
}

impl Ended {
    /// One of a client that had more than its part.
    fn of(&mut self, client: Option<IpAddr>) {
        self.of_clients += 1;
        self.client = self.client.or(client);
    }
}

/// What those are told whose requests no app sees.
const REFUSALS: [u16; 6] = [400, 404, 405, 408, 431, 501];

#[derive(Debug, Default)]
struct Members {
    /// In the order in which they came, without those that have been told to end.
    links: BTreeMap<u64, Weak<Link>>,
    /// How many of them each client has, without proxies that are trusted.
    clients: HashMap<IpAddr, usize>,
    next: u64,
    /// When there was no room last.
    crowded: Option<Instant>,
    /// When a connection with a request of an app was cut off last.
    cut_off: Option<Instant>,
    /// When a client had as many as it may have last.
    too_many: Option<Instant>,
}

impl Members {
    fn add(&mut self, link: &Arc<Link>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.links.insert(number, Arc::downgrade(link));
        if let Some(client) = link.peer.client() {
            *self.clients.entry(client).or_default() += 1;
        }
        number
    }

    /// Takes a connection out, if it is there, which is this client's.
    fn remove(&mut self, number: u64, client: Option<IpAddr>) {
        if self.links.remove(&number).is_none() {
            return;
        }
        if let Some(client) = client
            && let Some(count) = self.clients.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.clients.remove(&client);
            }
        }
    }

    fn count_of(&self, client: IpAddr) -> usize {
        self.clients.get(&client).copied().unwrap_or_default()
    }

    /// Those that nobody needs, in the order in which they go.
    fn candidates(&self, now: Instant, is_one: impl Fn(&Link) -> bool) -> Vec<Candidate> {
        let one = |(number, link): (&u64, &Weak<Link>)| {
            let link = link.upgrade().filter(|link| is_one(link))?;
            let (standing, since) = link.standing(now, YOUNG)?;
            Some(Candidate {
                standing,
                since,
                number: *number,
                link,
            })
        };
        let mut candidates: Vec<_> = self.links.iter().filter_map(one).collect();
        candidates.sort_unstable_by_key(|one| (one.standing, one.since));
        candidates
    }

    /// What each client has, if there are several of them, of which one may be about to come; proxies that are trusted are one together.
    /// Each may have `even`.
    fn clients_parts(&self, newcomer: Option<&Link>, even: Part) -> Parts<Option<IpAddr>> {
        let mut parts = Parts::new();
        for link in self.links.values().filter_map(Weak::upgrade) {
            parts.add(link.peer.client(), link.held());
        }
        if let Some(newcomer) = newcomer {
            parts.know(newcomer.peer.client());
        }
        // Who is alone leaves nothing to others; what proxies have is for many.
        parts.bound(if parts.count() > 1 { even } else { Part::ALL });
        parts.exempt(&None);
        parts
    }
}

/// A connection that could end.
struct Candidate {
    standing: Standing,
    since: Instant,
    number: u64,
    link: Arc<Link>,
}

/// A connection among the others, until it is dropped.
pub(super) struct Member {
    crowd: Arc<Crowd>,
    number: u64,
    client: Option<IpAddr>,
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
            of_number: AtomicU64::new(0),
            of_client: AtomicU64::new(0),
            of_memory: AtomicU64::new(0),
            refused: Default::default(),
        })
    }

    #[cfg(any(test, fuzzing))]
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

    /// A request was refused that no app has seen.
    pub(super) fn refused(&self, status: StatusCode) {
        let all = REFUSALS.iter().zip(&self.refused);
        if let Some((_, count)) = { all }.find(|(known, _)| **known == status.as_u16()) {
            count.fetch_add(1, SeqCst);
        }
    }

    /// How many such requests there were, by what they were told.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (u16, u64)> {
        let all = REFUSALS.into_iter().zip(&self.refused);
        all.map(|(status, count)| (status, count.load(SeqCst)))
    }

    /// Bytes that connections hold which stay.
    fn held(&self) -> usize {
        let leaving = self.leaving.load(SeqCst);
        self.used.load(SeqCst).saturating_sub(leaving)
    }

    /// How many were closed, or not taken in, for others, by the limit that was met.
    pub(crate) fn closed(&self) -> [(&'static str, u64); 3] {
        [
            ("connections", &self.of_number),
            (PER_CLIENT, &self.of_client),
            ("process_memory", &self.of_memory),
        ]
        .map(|(limit, count)| (limit, count.load(Relaxed)))
    }

    /// Takes a connection in, if there is room or room can be made.
    pub(super) fn join(self: &Arc<Self>, link: &Arc<Link>) -> Option<Member> {
        let limits = &link.limits;
        let most = limits.connections.map_or(self.most, |most| most as usize);
        let of_client = limits.connections_per_client.map(|most| most as usize);
        let mut members = self.members();
        if let Some((client, most)) = link.peer.client().zip(of_client)
            && !self.has_room_for(&mut members, client, most)
        {
            return None;
        }
        if self.is_full(&members, most) {
            self.make_room(&mut members, most, of_client, Some(link));
            // What others hold by now is theirs to make room for.
            if members.links.len() >= most {
                self.of_number.fetch_add(1, Relaxed);
                return None;
            }
        }
        let number = members.add(link);
        drop(members);
        Some(Member {
            crowd: self.clone(),
            number,
            client: link.peer.client(),
        })
    }

    /// A connection holds so many bytes more; of these, so many for no longer than it takes to end.
    pub(super) fn charge(&self, bytes: usize, leaving: usize) {
        self.leaving.fetch_add(leaving, SeqCst);
        self.used.fetch_add(bytes, SeqCst);
        if self.held() > self.budget {
            self.make_room(&mut self.members(), usize::MAX, None, None);
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
        self.make_room(&mut members, most, None, None);
    }

    /// Whether there is room for another connection of a client that may have so many. Where it has as many, those of its own go that
    /// nobody needs; none of its requests is ended for another one.
    fn has_room_for(&self, members: &mut Members, client: IpAddr, most: usize) -> bool {
        if members.count_of(client) < most {
            return true;
        }
        let now = Instant::now();
        let connections = members.count_of(client);
        let mut closed = 0_usize;
        for one in members.candidates(now, |link| link.peer.client() == Some(client)) {
            if one.standing == Standing::Young || members.count_of(client) + most / ROOM < most {
                break;
            }
            closed += usize::from(self.evict(members, one.number, &one.link));
        }
        let has_room = members.count_of(client) < most;
        self.of_client
            .fetch_add(closed as u64 + u64::from(!has_room), Relaxed);
        if begins(&mut members.too_many, now) {
            tracing::warn!(
                %client,
                connections,
                limit = PER_CLIENT,
                closed,
                "a client has as many connections as it may: those without a request are closed, the longest idle first, and where it \
                 has none, further ones are; a proxy that speaks for many is named in \"proxies\", and others get more by \
                 \"connections_per_client\" of \"clients\""
            );
        }
        has_room
    }

    /// Has connections end, so that there is room for one more, and some to spare. `of_client`: what the configuration allows one client.
    #[cold]
    fn make_room(
        &self,
        members: &mut Members,
        most: usize,
        of_client: Option<usize>,
        newcomer: Option<&Link>,
    ) {
        let now = Instant::now();
        let (connections, held) = (members.links.len(), self.held());
        let half = Part {
            connections: of_client.unwrap_or((most / 2).max(1)),
            held: self.budget / 2,
        };
        let mut clients = members.clients_parts(newcomer, half);
        let mut candidates = members.candidates(now, |_| true);
        let first = self.short(members, most);
        let mut ended = Ended::default();
        candidates.retain(|one| {
            let client = one.link.peer.client();
            let goes = clients.exceeds(&client, self.short(members, most))
                && self.evict(members, one.number, &one.link);
            if goes {
                clients.take(&client, one.link.held());
                ended.closed += 1;
                ended.of(client);
            }
            !goes
        });
        let mut young = Vec::new();
        for one in candidates {
            if !self.short(members, most).of_any() {
                break;
            }
            if one.standing == Standing::Young {
                young.push(one);
            } else if self.evict(members, one.number, &one.link) {
                clients.take(&one.link.peer.client(), one.link.held());
                ended.closed += 1;
            }
        }
        if self.is_full(members, most) {
            self.share_out(members, most, clients, &young, &mut ended);
        }
        young.sort_by_key(|one| Reverse(one.link.held()));
        for one in young {
            if !self.is_full(members, most) {
                break;
            }
            ended.closed += usize::from(self.evict(members, one.number, &one.link));
        }
        let Ended {
            closed,
            cut_off,
            of_clients,
            client,
        } = ended;
        self.of_client.fetch_add(of_clients as u64, Relaxed);
        let others = match first.connections {
            true => &self.of_number,
            false => &self.of_memory,
        };
        others.fetch_add((closed + cut_off - of_clients) as u64, Relaxed);
        let mut is_news = begins(&mut members.crowded, now);
        if cut_off > 0 {
            is_news |= begins(&mut members.cut_off, now);
        }
        if is_news {
            tracing::warn!(
                connections,
                most_connections = (most != usize::MAX).then_some(most),
                held_bytes = held,
                budget_bytes = self.budget,
                closed,
                cut_off,
                client = client.map(tracing::field::display),
                limit = client.map(|_| PER_CLIENT),
                "clients have as many connections, or hold as much memory by them, as they may: those without a request are closed, \
                 the longest idle first, then those whose heads are not complete, and then some with requests of the apps that have \
                 most of them, and of each kind first those of a client that has more than it leaves to others; to allow more, raise \
                 \"connections\" of \"clients\", or what the process may use (\"memory_mb\")"
            );
        }
    }

    fn is_full(&self, members: &Members, most: usize) -> bool {
        members.links.len() >= most || self.held() > self.budget
    }

    /// What there is too little of, where as much room is made as is at a time.
    fn short(&self, members: &Members, most: usize) -> Short {
        Short {
            connections: members.links.len() + most / ROOM >= most,
            memory: self.held() + self.budget / ROOM > self.budget,
        }
    }

    /// Has a connection end, unless it has got a request in the meantime.
    fn evict(&self, members: &mut Members, number: u64, link: &Link) -> bool {
        let Some(held) = link.evict() else {
            return false;
        };
        members.remove(number, link.peer.client());
        self.leaving.fetch_add(held, SeqCst);
        true
    }

    /// All that are left have requests of apps, or are `young`: each app gets an even part, and the young ones together another. Of those who
    /// have more than that, some end, so that there is room, and before them some of `clients` that have more than their part: first those
    /// whose requests have yet to come in full, and of each kind those that have been at it for the longest time.
    #[cold]
    fn share_out(
        &self,
        members: &mut Members,
        most: usize,
        mut clients: Parts<Option<IpAddr>>,
        young: &[Candidate],
        ended: &mut Ended,
    ) {
        let young = young.iter().map(|one| {
            let tenure = Tenure {
                app: None,
                held: one.link.held(),
                is_complete: false,
                since: one.since,
            };
            (tenure, one.number, one.link.clone())
        });
        let with_requests = members.links.iter().filter_map(|(number, link)| {
            let link = link.upgrade()?;
            Some((link.tenure()?, *number, link))
        });
        let mut tenures: Vec<_> = young.chain(with_requests).collect();
        // Who has just come has sent nothing yet, or holds much: those go before.
        let much = |one: &Tenure| if one.app.is_none() { one.held } else { 0 };
        tenures.sort_unstable_by_key(|(one, ..)| (one.is_complete, Reverse(much(one)), one.since));
        let mut apps = Parts::new();
        apps.know(None);
        for (tenure, ..) in &tenures {
            apps.add(tenure.app, tenure.held);
        }
        apps.bound(Part {
            connections: most / apps.count(),
            held: self.budget / apps.count(),
        });
        for of_clients in [true, false] {
            tenures.retain(|(tenure, number, link)| {
                let (client, short) = (link.peer.client(), self.short(members, most));
                let has_too_much = match of_clients {
                    true => clients.exceeds(&client, short),
                    false => apps.exceeds(&tenure.app, short),
                };
                if !has_too_much {
                    return true;
                }
                if tenure.app.is_some() {
                    members.remove(*number, client);
                    self.leaving.fetch_add(link.cut_off(), SeqCst);
                    ended.cut_off += 1;
                } else if self.evict(members, *number, link) {
                    ended.closed += 1;
                } else {
                    return true;
                }
                if of_clients {
                    ended.of(client);
                }
                clients.take(&client, tenure.held);
                apps.take(&tenure.app, tenure.held);
                false
            });
        }
    }
}

/// Whether what happens now is another episode than that of the last time.
fn begins(last: &mut Option<Instant>, now: Instant) -> bool {
    last.replace(now).is_none_or(|last| now - last > EPISODE)
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members().remove(self.number, self.client);
    }
}
