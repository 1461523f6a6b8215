//! Who works next, where only a few may at a time.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After this long, half of what somebody has had is forgotten.
const HALF: Duration = Duration::from_secs(30);
/// How often those that wait look whether they are wanted still.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
/// From so many on, those are looked for that have had next to nothing.
const MANY: usize = 256;

/// Where work is done: what takes long has places of its own, so that it cannot take all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Short,
    Long,
}

impl Lane {
    /// How many work in it at a time. Each is a process, with its memory.
    const fn places(self) -> usize {
        match self {
            Self::Short => 2,
            Self::Long => 1,
        }
    }
}

/// The places. Of those that wait for one, who has had least lately goes first: whoever keeps the places busy waits for those that
/// seldom come.
#[derive(Debug)]
pub(crate) struct Turns {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    working: [usize; 2],
    waiting: Vec<Waiting>,
    had: BTreeMap<u64, Had>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    lane: Lane,
    who: u64,
    number: u64,
}

/// For how long somebody had a place, as of a time.
#[derive(Debug, Clone, Copy)]
struct Had(Duration, Instant);

impl Had {
    fn by(self, now: Instant) -> Duration {
        let halves = now.saturating_duration_since(self.1).div_duration_f64(HALF);
        self.0.mul_f64((-halves).exp2())
    }
}

impl State {
    fn had(&self, who: u64, now: Instant) -> Duration {
        self.had.get(&who).map_or(Duration::ZERO, |had| had.by(now))
    }

    fn charge(&mut self, who: u64, time: Duration) {
        let now = Instant::now();
        if self.had.len() >= MANY {
            self.had
                .retain(|_, had| had.by(now) >= Duration::from_millis(1));
        }
        let had = Had(self.had(who, now) + time, now);
        self.had.insert(who, had);
    }

    /// The number of the one that is next.
    fn first(&self, lane: Lane) -> Option<u64> {
        let now = Instant::now();
        let waiting = self.waiting.iter().filter(|waiting| waiting.lane == lane);
        let first = waiting.min_by_key(|waiting| (self.had(waiting.who, now), waiting.number));
        first.map(|waiting| waiting.number)
    }

    fn is_free(&self, lane: Lane) -> bool {
        self.working[lane as usize] < lane.places()
    }
}

/// A place among the working. What it is held for is charged to who has it.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    turns: &'t Turns,
    lane: Lane,
    who: u64,
    began: Instant,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                working: [0; 2],
                waiting: Vec::new(),
                had: BTreeMap::new(),
                next: 0,
            }),
            returned: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; `None` if nobody wants it any more by then.
    pub(crate) fn take(
        &self,
        lane: Lane,
        who: u64,
        is_unwanted: impl Fn() -> bool,
    ) -> Option<Turn<'_>> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push(Waiting { lane, who, number });
        let mut has_gone = false;
        while !has_gone && (!state.is_free(lane) || state.first(lane) != Some(number)) {
            let waited = self.returned.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            has_gone = is_unwanted();
        }
        state.waiting.retain(|waiting| waiting.number != number);
        if !has_gone {
            state.working[lane as usize] += 1;
        }
        drop(state);
        // There may be another place, for the one behind.
        self.returned.notify_all();
        (!has_gone).then(|| Turn {
            turns: self,
            lane,
            who,
            began: Instant::now(),
        })
    }
}

impl Turn<'_> {
    pub(crate) fn lane(&self) -> Lane {
        self.lane
    }

    /// Goes on in the long lane, if there is a place that nobody waits for.
    pub(crate) fn lengthen(&mut self) -> bool {
        let mut state = self.turns.lock();
        if !state.is_free(Lane::Long) || state.first(Lane::Long).is_some() {
            return false;
        }
        state.working[self.lane as usize] -= 1;
        self.lane = Lane::Long;
        state.working[self.lane as usize] += 1;
        drop(state);
        self.turns.returned.notify_all();
        true
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.working[self.lane as usize] -= 1;
        state.charge(self.who, self.began.elapsed());
        drop(state);
        self.turns.returned.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    impl Turns {
        /// Some had a place before.
        fn charged(seconds: impl IntoIterator<Item = (u64, u64)>) -> Self {
            let turns = Self::new();
            for (who, seconds) in seconds {
                turns.lock().charge(who, Duration::from_secs(seconds));
            }
            turns
        }

        fn place(&self, lane: Lane, who: u64) -> Turn<'_> {
            self.take(lane, who, || false).expect("it is wanted")
        }

        /// The order in which they have places, who ask in this order while none is free.
        fn order(&self, lane: Lane, who: &[u64]) -> Vec<u64> {
            let places: Vec<_> = (0..lane.places()).map(|_| self.place(lane, 0)).collect();
            let (tell, told) = mpsc::channel();
            std::thread::scope(|scope| {
                for (index, who) in who.iter().copied().enumerate() {
                    let tell = tell.clone();
                    scope.spawn(move || {
                        let turn = self.place(lane, who);
                        tell.send(who).expect("somebody hears");
                        // One at a time, as the other places stay taken.
                        drop(turn);
                    });
                    while self.lock().waiting.len() <= index {
                        std::thread::yield_now();
                    }
                }
                assert!(told.try_recv().is_err(), "nobody has a place");
                let mut places = places.into_iter();
                drop(places.next());
                let order = told.iter().take(who.len()).collect();
                drop(places);
                order
            })
        }
    }

    #[test]
    fn who_has_had_least_goes_first_and_equals_in_their_order() {
        let turns = Turns::charged([(1, 50), (2, 30), (3, 50)]);
        assert_eq!(turns.order(Lane::Short, &[1, 3, 2, 9, 8]), [9, 8, 2, 1, 3]);
    }

    #[test]
    fn one_that_has_all_instances_of_an_app_is_one() {
        let turns = Turns::charged([(1, 1), (1, 1), (2, 1)]);
        assert_eq!(turns.order(Lane::Long, &[1, 2]), [2, 1]);
    }

    #[test]
    fn who_is_not_wanted_any_more_waits_no_longer() {
        let turns = Turns::new();
        let place = turns.place(Lane::Long, 1);
        assert!(turns.take(Lane::Long, 2, || true).is_none());
        assert!(turns.lock().waiting.is_empty(), "it keeps nobody waiting");
        drop(place);
        drop(turns.place(Lane::Long, 3));
    }

    #[test]
    fn what_somebody_had_is_forgotten() {
        let now = Instant::now();
        let had = Had(Duration::from_secs(8), now);
        assert_eq!(had.by(now + 2 * HALF), Duration::from_secs(2));
        let turns = Turns::charged((0..300).map(|who| (who, 0)));
        assert!(turns.lock().had.len() <= MANY);
    }

    #[test]
    fn what_takes_long_makes_room_where_others_do_not() {
        let turns = Turns::new();
        let (mut first, mut second) = (turns.place(Lane::Short, 1), turns.place(Lane::Short, 2));
        assert!(first.lengthen());
        // There is room for this one.
        drop(turns.place(Lane::Short, 3));
        assert!(!second.lengthen(), "the place is taken");
        drop(first);
        assert!(second.lengthen());
    }
}
