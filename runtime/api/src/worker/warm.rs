//! Isolates that are kept prepared, so that the start of an app does not have to wait for one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nano_engine::{Claimed, Limits, Prepared, process_memory};

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
    waiting: Vec<Prepared>,
    /// Those that are missing are about to be prepared.
    is_filling: bool,
}

impl Warm {
    /// Keeps so many from now on, for apps with these limits. Must be called within a tokio runtime, which is theirs.
    pub(crate) fn keep(self: &Arc<Self>, wanted: usize, limits: Limits) {
        let mut state = self.lock();
        if state.limits != limits {
            state.waiting.clear();
        }
        state.waiting.truncate(wanted);
        (state.wanted, state.limits) = (wanted, limits);
        drop(state);
        self.fill();
    }

    /// An isolate for an app with these limits, if there is one.
    pub(crate) fn take(&self, limits: &Limits) -> Option<Claimed> {
        let mut state = self.lock();
        if state.limits != *limits {
            return None;
        }
        std::iter::from_fn(|| state.waiting.pop()).find_map(Prepared::claim)
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
        state.waiting.retain(Prepared::is_waiting);
        // Those that were ended because memory was short would be back at once.
        while !state.is_full() && !process_memory::was_short() {
            let runtime = tokio::runtime::Handle::current();
            match Prepared::new(state.limits.clone(), Some(runtime)) {
                Ok(prepared) => state.waiting.push(prepared),
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
}
