//! Isolates that are kept prepared, so that the start of an app does not have to wait for one.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nano_engine::{Claimed, Limits, Prepared, process_memory};
use nano_worker::Isolation;

use super::carriers::{Carriers, Placement};

/// How long those that start at once are left alone before the next isolates are prepared.
const PAUSE: Duration = Duration::from_millis(20);

/// Prepared isolates, for apps with limits that many have.
#[derive(Debug, Default)]
pub(crate) struct Warm {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many are to wait.
    wanted: usize,
    limits: Limits,
    /// The threads that they are on, where those are shared.
    carriers: Option<Arc<Carriers>>,
    waiting: Vec<Waiting>,
    /// Those that are missing are about to be prepared.
    is_filling: bool,
}

#[derive(Debug)]
struct Waiting {
    prepared: Prepared,
    placement: Option<Placement>,
}

impl Warm {
    /// Keeps so many from now on, for apps with these limits, on shared threads if there are some for them. Must be called within a tokio
    /// runtime, which is theirs.
    pub(crate) fn keep(
        self: &Arc<Self>,
        wanted: usize,
        limits: Limits,
        carriers: Option<Arc<Carriers>>,
    ) {
        let mut state = self.lock();
        if state.limits != limits || state.carriers.is_some() != carriers.is_some() {
            state.waiting.clear();
        }
        state.waiting.truncate(wanted);
        (state.wanted, state.limits, state.carriers) = (wanted, limits, carriers);
        drop(state);
        self.fill();
    }

    /// An isolate for an app with these limits, if there is one; where threads are shared, one whose thread has few of this app's.
    pub(crate) fn take(
        &self,
        limits: &Limits,
        isolation: Isolation,
        app: u64,
    ) -> Option<(Claimed, Option<Placement>)> {
        let mut state = self.lock();
        if state.limits != *limits || state.isolation() != isolation {
            return None;
        }
        std::iter::from_fn(|| state.next(app)).find_map(|waiting| {
            let claimed = waiting.prepared.claim()?;
            Some((claimed, waiting.placement.map(|place| place.give_to(app))))
        })
    }

    /// Has those prepared that are missing, soon. Must be called within a tokio runtime.
    pub(crate) fn fill(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.is_full() || std::mem::replace(&mut state.is_filling, true) {
            return;
        }
        drop(state);
        let warm = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            warm.prepare();
        });
    }

    fn prepare(&self) {
        let mut state = self.lock();
        state.is_filling = false;
        state
            .waiting
            .retain(|waiting| waiting.prepared.is_waiting());
        // Those that were ended because memory was short would be back at once.
        while !state.is_full() && !process_memory::was_short() {
            match state.another() {
                Ok(waiting) => state.waiting.push(waiting),
                Err(error) => {
                    tracing::warn!(%error, "cannot prepare an isolate: apps start without one");
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.waiting.len() >= self.wanted
    }

    fn isolation(&self) -> Isolation {
        match self.carriers {
            Some(_) => Isolation::Shared,
            None => Isolation::Dedicated,
        }
    }

    fn another(&self) -> io::Result<Waiting> {
        let placement = self.carriers.as_ref();
        let placement = placement.map(|carriers| carriers.place(None)).transpose()?;
        let carrier = placement.as_ref().map(Placement::carrier);
        let runtime = tokio::runtime::Handle::current();
        Ok(Waiting {
            prepared: Prepared::new(self.limits.clone(), Some(runtime), carrier)?,
            placement,
        })
    }

    /// The one to claim next for an app.
    fn next(&mut self, app: u64) -> Option<Waiting> {
        let places = self.waiting.iter().map(|waiting| &waiting.placement);
        let beside = places.map(|place| place.as_ref().map_or(0, |place| place.beside(app)));
        let (index, _) = beside.enumerate().min_by_key(|(_, beside)| *beside)?;
        Some(self.waiting.swap_remove(index))
    }
}
