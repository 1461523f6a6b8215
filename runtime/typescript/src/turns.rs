//! Who works next, where only a few may at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Places for some that work at a time. Of those that wait, who has had least of his time goes first: whoever keeps the places busy
/// waits for those that seldom come.
#[derive(Debug)]
pub(crate) struct Turns {
    most: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    working: usize,
    /// Those that wait: how much of their time is left, and their number.
    waiting: Vec<(Duration, u64)>,
    next: u64,
}

impl State {
    /// The number of the one that is next.
    fn first(&self) -> Option<u64> {
        let most = self.waiting.iter().map(|(left, _)| *left).max()?;
        let equal = self.waiting.iter().filter(|(left, _)| *left == most);
        equal.map(|(_, number)| *number).min()
    }
}

/// A place among the working.
pub(crate) struct Turn<'t>(&'t Turns);

impl Turns {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::new(State {
                working: 0,
                waiting: Vec::new(),
                next: 0,
            }),
            returned: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place. `left` is how much of his time whoever asks has left.
    pub(crate) fn take(&self, left: Duration) -> Turn<'_> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push((left, number));
        while state.working >= self.most || state.first() != Some(number) {
            let waited = self.returned.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.retain(|(_, waiting)| *waiting != number);
        state.working += 1;
        drop(state);
        // There may be another place, for the one behind.
        self.returned.notify_all();
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().working -= 1;
        self.0.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn who_has_had_least_goes_first_and_equals_in_their_order() {
        let turns = Turns::new(2);
        let seconds = Duration::from_secs;
        let (first, second) = (turns.take(seconds(60)), turns.take(seconds(60)));
        let (tell, told) = mpsc::channel();
        std::thread::scope(|scope| {
            for (name, left) in [("a", 10), ("b", 10), ("c", 30), ("new", 60)] {
                let (turns, tell) = (&turns, tell.clone());
                scope.spawn(move || {
                    let turn = turns.take(seconds(left));
                    tell.send(name).expect("somebody hears");
                    drop(turn);
                });
                // It waits before the next one comes.
                while turns
                    .lock()
                    .waiting
                    .iter()
                    .all(|(waits, _)| *waits != seconds(left))
                    || (name == "b" && turns.lock().waiting.len() < 2)
                {
                    std::thread::yield_now();
                }
            }
            assert!(told.try_recv().is_err(), "nobody has a place");
            drop(first);
            let order: Vec<_> = told.iter().take(4).collect();
            assert_eq!(order, ["new", "c", "a", "b"]);
        });
        drop(second);
        drop((turns.take(seconds(0)), turns.take(seconds(0))));
    }
}
