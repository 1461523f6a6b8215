//! What an isolate's thread does while it has nothing to do: gives memory back.
//!
//! Soon it gives back what it only keeps to be faster next time: the allocator's cache of this thread, and the pages of its stack
//! that nothing uses. Later it collects garbage, once, if there is enough of it: V8 collects when memory is asked for, so that an
//! app which has become idle would keep it until its next request. V8 marks in small steps, which are tasks between turns, and so
//! hardly delay a request that comes meanwhile.

use std::time::{Duration, Instant};

use crate::external_memory::malloc;
use crate::stack;

/// A thread that has had no turn for so long is quiet, and one that has been quiet for so long rests.
const REST_AFTER: Duration = Duration::from_millis(250);
/// One that has rested for so long collects garbage.
const COLLECT_AFTER: Duration = Duration::from_millis(1500);
/// Less garbage is not worth it: a page of V8's heap.
const WORTH: usize = 256 << 10;
/// Nor is less than this part of what is in use, as that is what a collection's time is spent on.
const WORTH_SHARE: usize = 8;

/// How far a thread is on its way to rest.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    /// Turns so far, and V8's own tasks so far.
    seen: (u64, u64),
    stage: Stage,
    /// Bytes in use after the last collection that was begun here, or less if there were less since; at first 0, as some of what
    /// an isolate was made with is garbage.
    used: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It had a turn.
    #[default]
    Awake,
    /// It has woken without one since: because it had slept for long enough, or for nothing, as threads may.
    Quiet {
        since: Instant,
    },
    Resting {
        since: Instant,
    },
    /// V8's tasks are at it.
    Collecting,
    /// Nothing more can be given back.
    Asleep,
}

/// What to do before the thread goes to sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Call [`rest`].
    Rest,
    /// Begin a collection.
    Collect,
}

impl Idle {
    /// The thread is about to sleep after so many turns and tasks of V8's. `used` tells how many bytes are in use, garbage
    /// included.
    pub(crate) fn next(
        &mut self,
        turns: u64,
        tasks: u64,
        used: impl FnOnce() -> usize,
    ) -> Option<Step> {
        let (last_turns, last_tasks) = std::mem::replace(&mut self.seen, (turns, tasks));
        if turns != last_turns {
            self.stage = Stage::Awake;
            return None;
        }
        match self.stage {
            Stage::Awake | Stage::Collecting if tasks != last_tasks => None,
            Stage::Awake => {
                self.stage = Stage::Quiet {
                    since: Instant::now(),
                };
                None
            }
            Stage::Quiet { since } if since.elapsed() < REST_AFTER => None,
            Stage::Quiet { .. } => {
                self.stage = Stage::Resting {
                    since: Instant::now(),
                };
                Some(Step::Rest)
            }
            Stage::Resting { since } if since.elapsed() < COLLECT_AFTER => None,
            Stage::Resting { .. } => {
                let used = used();
                if used < self.used + WORTH.max(self.used / WORTH_SHARE) {
                    self.used = self.used.min(used);
                    self.stage = Stage::Asleep;
                    return None;
                }
                self.stage = Stage::Collecting;
                Some(Step::Collect)
            }
            Stage::Collecting => {
                self.used = used();
                self.stage = Stage::Asleep;
                Some(Step::Rest)
            }
            Stage::Asleep => None,
        }
    }

    /// Whether it had a turn just now.
    pub(crate) fn is_awake(&self) -> bool {
        self.stage == Stage::Awake
    }

    /// How long the thread may sleep before it asks again; `None` for as long as it likes.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self.stage {
            Stage::Awake | Stage::Collecting => Some(REST_AFTER),
            Stage::Quiet { since } => Some(REST_AFTER.saturating_sub(since.elapsed())),
            Stage::Resting { since } => Some(COLLECT_AFTER.saturating_sub(since.elapsed())),
            Stage::Asleep => None,
        }
    }
}

/// Gives back what this thread keeps for its next turn.
pub(crate) fn rest() {
    malloc::rest();
    stack::give_back();
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: usize = 1 << 20;

    fn sleep_through(idle: &mut Idle) {
        if let Stage::Quiet { since } | Stage::Resting { since } = &mut idle.stage {
            *since = since
                .checked_sub(COLLECT_AFTER)
                .expect("the clock began long ago");
        }
    }

    fn next(idle: &mut Idle, turns: u64, tasks: u64, used: usize) -> Option<Step> {
        idle.next(turns, tasks, || used)
    }

    #[test]
    fn a_thread_rests_then_collects_once_then_sleeps() {
        let mut idle = Idle::default();
        assert_eq!(next(&mut idle, 2, 0, 0), None);
        assert_eq!(idle.patience(), Some(REST_AFTER));
        // It may wake for nothing, and then it is no time to rest.
        assert_eq!(next(&mut idle, 2, 0, 0), None);
        assert_eq!(next(&mut idle, 2, 0, 0), None);
        assert!(idle.patience().is_some_and(|left| left <= REST_AFTER));
        sleep_through(&mut idle);
        assert_eq!(next(&mut idle, 2, 0, 0), Some(Step::Rest));
        assert_eq!(next(&mut idle, 2, 0, START + WORTH), None);
        assert!(idle.patience().is_some_and(|left| left <= COLLECT_AFTER));
        sleep_through(&mut idle);
        assert_eq!(next(&mut idle, 2, 0, START + WORTH), Some(Step::Collect));
        // As long as V8's tasks run.
        assert_eq!(next(&mut idle, 2, 1, 0), None);
        assert_eq!(next(&mut idle, 2, 2, 0), None);
        assert_eq!(next(&mut idle, 2, 2, START), Some(Step::Rest));
        assert_eq!(idle.patience(), None);
        assert_eq!(next(&mut idle, 2, 3, 10 * START), None);
        // A turn begins it anew.
        assert_eq!(next(&mut idle, 3, 3, 0), None);
        assert_eq!(next(&mut idle, 3, 3, 0), None);
        sleep_through(&mut idle);
        assert_eq!(next(&mut idle, 3, 3, 0), Some(Step::Rest));
    }

    #[test]
    fn what_is_not_worth_it_is_not_collected() {
        let large = 80 << 20;
        for (before, used, expected) in [
            (START, START + WORTH - 1, None),
            (START, START + WORTH, Some(Step::Collect)),
            (large, large + large / 8 - 1, None),
            (large, large + large / 8, Some(Step::Collect)),
        ] {
            let mut idle = Idle {
                used: before,
                ..Idle::default()
            };
            next(&mut idle, 1, 0, 0);
            next(&mut idle, 1, 0, 0);
            sleep_through(&mut idle);
            assert_eq!(next(&mut idle, 1, 0, 0), Some(Step::Rest));
            sleep_through(&mut idle);
            assert_eq!(next(&mut idle, 1, 0, used), expected, "{before} {used}");
        }
    }
}
