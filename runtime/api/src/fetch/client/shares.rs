//! Who may open how many connections to other servers, and ask for how many names at a time.
//!
//! All apps together get a part of the process's descriptors and of its memory: listeners, clients and isolates keep the rest,
//! whatever apps do. An app that has more than a few connections gets the next one only while it has less than half of what others
//! leave over, and some are kept for those with few: so many apps that hold all they can get still leave some to the next app.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nano_engine::process_memory;
use tokio::sync::oneshot;

use super::memory::CONNECTION;

/// The part of the process's descriptors that connections may take, and that of its memory.
const DESCRIPTORS: usize = 2;
const MEMORY: usize = 8;
/// Look-ups of names may take one descriptor in so many,
const LOOK_UP_DESCRIPTORS: usize = 8;
/// and each takes up to so many while no name server answers: for two kinds of addresses, asked for three times.
const LOOK_UP: usize = 6;
/// The part of all connections that is kept for apps with few of them. No idle connection is kept beyond it either, so that there
/// are always some that come back soon.
const KEPT: usize = 4;
/// How many are few. An app that has some, but few, gets the next one while it has less than this part of what is left.
const FEW: usize = 16;
const FEW_OF_FREE: usize = 8;

/// The connections of all apps, or their look-ups.
struct Shares {
    /// How many there may be.
    all: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    used: usize,
    apps: BTreeMap<u64, App>,
    /// Numbers apps and those who wait.
    next: u64,
    waiting: usize,
}

#[derive(Default)]
struct App {
    used: usize,
    /// Its instances.
    shares: usize,
    /// Whoever waits longest comes first.
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
}

/// One app's share, as one of its instances has it.
pub(super) struct Share {
    shares: Arc<Shares>,
    app: u64,
}

/// A connection that may be open for as long as this is kept.
pub(super) struct Permit {
    shares: Arc<Shares>,
    app: u64,
}

/// One who waits; takes itself out of the queue, or gives back what it was given meanwhile.
struct Waiting<'a> {
    share: &'a Share,
    ticket: u64,
}

impl Shares {
    fn of(all: usize) -> Arc<Shares> {
        let all = all.max(1);
        let state = Mutex::default();
        Arc::new(Shares { all, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an app with so many connections may have another one, while so many are used.
    fn admits(&self, own: usize, used: usize) -> bool {
        let free = self.all.saturating_sub(used);
        if own < FEW && own < free.div_ceil(FEW_OF_FREE) {
            return true;
        }
        own < free.saturating_sub(self.all / KEPT) / 2
    }

    /// Gives what is free to those who wait: to the app with the fewest connections first.
    fn serve(&self, state: &mut State) {
        while state.waiting > 0 {
            let waiting = state.apps.values_mut();
            let waiting = waiting.filter(|app| !app.waiting.is_empty());
            let Some(app) = waiting.min_by_key(|app| app.used) else {
                return;
            };
            if !self.admits(app.used, state.used) {
                return;
            }
            let Some((_, waiter)) = app.waiting.pop_first() else {
                return;
            };
            (app.used, state.used) = (app.used + 1, state.used + 1);
            state.waiting -= 1;
            // Whoever is gone gives it back when it finds itself out of the queue.
            let _ = waiter.send(());
        }
    }
}

impl State {
    fn app(&mut self, id: u64) -> &mut App {
        self.apps.entry(id).or_default()
    }

    fn give_back(&mut self, app: u64) {
        self.used -= 1;
        if let Some(app) = self.apps.get_mut(&app) {
            app.used -= 1;
        }
    }
}

impl Share {
    /// That of the app with this number, or of a new one.
    pub(super) fn of(app: Option<u64>) -> Share {
        static SHARES: OnceLock<Arc<Shares>> = OnceLock::new();
        let all = || {
            let memory = process_memory::limit() / MEMORY / CONNECTION;
            (nano_worker::descriptors() / DESCRIPTORS).min(memory)
        };
        Share::among(SHARES.get_or_init(|| Shares::of(all())).clone(), app)
    }

    /// The same, of look-ups instead of connections.
    pub(super) fn of_look_ups(app: Option<u64>) -> Share {
        static SHARES: OnceLock<Arc<Shares>> = OnceLock::new();
        let all = || nano_worker::descriptors() / LOOK_UP_DESCRIPTORS / LOOK_UP;
        Share::among(SHARES.get_or_init(|| Shares::of(all())).clone(), app)
    }

    fn among(shares: Arc<Shares>, app: Option<u64>) -> Share {
        let mut state = shares.state();
        let app = app.unwrap_or_else(|| {
            state.next += 1;
            // No app's number.
            u64::MAX - state.next
        });
        state.app(app).shares += 1;
        drop(state);
        Share { shares, app }
    }

    /// Waits until a connection may be opened, or a look-up begun.
    pub(super) async fn permit(&self) -> Permit {
        let (waiting, turn) = self.queue_up();
        // The sender is in the queue until it is used.
        let _ = turn.await;
        std::mem::forget(waiting);
        Permit {
            shares: self.shares.clone(),
            app: self.app,
        }
    }

    fn queue_up(&self) -> (Waiting<'_>, oneshot::Receiver<()>) {
        let (waiter, turn) = oneshot::channel();
        let mut state = self.shares.state();
        let ticket = state.next;
        state.next += 1;
        state.waiting += 1;
        state.app(self.app).waiting.insert(ticket, waiter);
        self.shares.serve(&mut state);
        drop(state);
        let share = self;
        (Waiting { share, ticket }, turn)
    }

    /// Whether the app can open no connection now.
    pub(super) fn is_used_up(&self) -> bool {
        let mut state = self.shares.state();
        let own = state.app(self.app).used;
        !self.shares.admits(own, state.used)
    }

    /// Whether too few are left for a connection to be kept that nobody needs now.
    pub(super) fn is_scarce(&self) -> bool {
        let free = self.shares.all - self.shares.state().used;
        free < self.shares.all.div_ceil(KEPT)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.shares.state();
        let app = state.app(self.app);
        app.shares -= 1;
        if app.shares == 0 {
            // Its connections may live on: they are of all still.
            state.apps.remove(&self.app);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.shares.state();
        state.give_back(self.app);
        self.shares.serve(&mut state);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.share.shares.state();
        let app = state.app(self.share.app);
        if app.waiting.remove(&self.ticket).is_some() {
            state.waiting -= 1;
        } else {
            state.give_back(self.share.app);
            self.share.shares.serve(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// All that an app gets without waiting.
    fn all_of(share: &Share) -> Vec<Permit> {
        std::iter::from_fn(|| share.permit().now_or_never()).collect()
    }

    #[test]
    fn many_apps_that_take_all_leave_some() {
        let shares = Shares::of(1000);
        let apps: Vec<_> = (0..30)
            .map(|_| Share::among(shares.clone(), None))
            .collect();
        let taken: Vec<_> = apps.iter().map(all_of).collect();
        assert_eq!(taken[0].len(), 250);
        let held: Vec<_> = taken.iter().map(Vec::len).collect();
        assert!(held[..15].iter().all(|&held| held >= FEW), "{held:?}");
        assert!(held.iter().all(|&held| held > 0), "{held:?}");
        assert_eq!(shares.state().used, held.iter().sum::<usize>());
        let next = Share::among(shares, None);
        assert!(!all_of(&next).is_empty(), "{held:?}");
    }

    #[test]
    fn instances_of_an_app_have_one_share() {
        let shares = Shares::of(1000);
        let instances = [(); 8].map(|()| Share::among(shares.clone(), Some(1)));
        let taken = instances.each_ref().map(all_of);
        assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 250);
        let [first, others @ ..] = instances;
        drop(others);
        assert!(all_of(&first).is_empty(), "it has what they had");
        drop((taken, first));
        assert!(shares.state().apps.is_empty());
    }

    #[test]
    fn the_app_with_the_fewest_comes_first() {
        let shares = Shares::of(4);
        let [a, b, c] = [(); 3].map(|()| Share::among(shares.clone(), None));
        let (first, second) = (a.permit().now_or_never(), a.permit().now_or_never());
        assert!(first.is_some() && second.is_none());
        let (rest, last) = (b.permit().now_or_never(), c.permit().now_or_never());
        assert!(rest.is_some() && last.is_some());
        // One more of b's waits longer than those of others who have none.
        let d = Share::among(shares.clone(), None);
        let fourth = d.permit().now_or_never();
        let e = Share::among(shares.clone(), None);
        let (mut more, mut none) = (Box::pin(b.permit()), Box::pin(e.permit()));
        assert!((&mut more).now_or_never().is_none() && (&mut none).now_or_never().is_none());
        drop(fourth);
        assert!((&mut more).now_or_never().is_none());
        // Who has been given one and goes gives it back.
        drop(none);
        let none = e.permit().now_or_never();
        assert!(none.is_some());
        drop((more, none, first, rest, last));
        let state = shares.state();
        assert_eq!((state.used, state.waiting), (0, 0));
    }
}
