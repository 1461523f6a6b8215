//! Which turn an isolate's thread is in, told to another thread that may end it.

use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

/// The lowest bits of a turn's word.
const STATE: u64 = 0b11;
const RUNNING: u64 = 0b01;
const FIRING: u64 = 0b10;
const FIRED: u64 = 0b11;

/// The number of an isolate's current turn, and whether it is running.
#[derive(Default, Debug)]
pub(crate) struct TurnClock(AtomicU64);

/// A turn that runs, as another thread has seen it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turn {
    pub(crate) number: u64,
    /// It was ended, but has not come to its end yet.
    pub(crate) is_fired: bool,
}

impl TurnClock {
    /// A turn begins. On the isolate's thread, which then asks whoever watches to [notice](Doze::notice) it.
    #[inline]
    pub(crate) fn begin(&self) {
        let number = (self.0.load(Ordering::Relaxed) & !STATE).wrapping_add(STATE + 1);
        // Nobody else changes the word between turns.
        self.0.store(number | RUNNING, Ordering::Release);
        // Either the watchdog sees the turn before it dozes, or the thread sees that it does.
        fence(Ordering::SeqCst);
    }

    /// The turn goes on after what was ended, if it was, and may be ended again. Returns whether it was. On the isolate's thread.
    #[inline]
    pub(crate) fn resume(&self) -> bool {
        self.0.load(Ordering::Relaxed) & STATE != RUNNING && {
            self.await_firing();
            self.0.fetch_and(!STATE | RUNNING, Ordering::AcqRel);
            true
        }
    }

    /// The turn is over. Waits for a termination that is under way, so that none arrives later. Returns whether there was one.
    #[inline]
    pub(crate) fn end(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        if word & STATE == RUNNING
            && self
                .0
                .compare_exchange(word, word & !STATE, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
        {
            return false;
        }
        self.await_firing();
        self.0.fetch_and(!STATE, Ordering::AcqRel);
        true
    }

    #[cold]
    fn await_firing(&self) {
        while self.0.load(Ordering::Acquire) & STATE == FIRING {
            crate::sync::yield_now();
        }
    }

    /// The turn that runs now.
    pub(crate) fn look(&self) -> Option<Turn> {
        let word = self.0.load(Ordering::Acquire);
        matches!(word & STATE, RUNNING | FIRED).then_some(Turn {
            number: word & !STATE,
            is_fired: word & STATE == FIRED,
        })
    }

    /// Calls `end` if this turn still runs; it cannot come to its end meanwhile.
    pub(crate) fn fire(&self, turn: Turn, end: impl FnOnce()) {
        let (running, firing) = (turn.number | RUNNING, turn.number | FIRING);
        if self
            .0
            .compare_exchange(running, firing, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
        {
            end();
            self.0.store(turn.number | FIRED, Ordering::Release);
        }
    }
}

/// Whether the one who watches sleeps until it is told that there is something to see.
#[derive(Default, Debug)]
pub(crate) struct Doze(pub(crate) AtomicBool);

impl Doze {
    /// The watcher is about to sleep, and looks once more after this.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// The watcher has seen something.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// There is something to see; there was a fence since. Returns whether the caller has to wake the watcher.
    #[inline]
    pub(crate) fn notice(&self) -> bool {
        self.0.load(Ordering::Acquire) && self.0.swap(false, Ordering::AcqRel)
    }
}
