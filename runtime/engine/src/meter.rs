//! CPU time of turns by what they work for, in isolates where that has a limit.
//!
//! A turn is for whom it begins for: a payer, whom the embedding names by a number ([`State::works_for`]), or nobody. What a payer has
//! spent is the embedding's to keep (its [`Ledger`]). The isolate's CPU time, a system call, is read twice per turn that is for somebody,
//! and not at all in isolates without a ledger. A turn that passes what is left to its payer is ended by the watchdog, as one that
//! passes its own limit is.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::mailbox::Verdict;
use crate::state::State;

/// Who keeps what payers have spent.
pub struct Ledger {
    /// For whom the code runs that runs now, or that is about to.
    pub payer: for<'s, 'i> fn(&v8::PinScope<'s, 'i>) -> Option<u64>,
    /// What is left to a payer; `None`: it need not pay.
    pub left: fn(&State, u64) -> Option<Duration>,
    /// A payer has spent so much more.
    pub spend: fn(&State, u64, Duration),
}

/// The turns of one isolate.
pub(crate) struct Meter {
    ledger: &'static Ledger,
    /// The payer of the turn that runs, and the isolate's CPU time when that became known.
    turn: Cell<Option<(u64, Duration)>>,
}

/// What a turn that is for nobody may use of any payer's time.
pub(crate) const NO_BOUND: u64 = u64::MAX;

impl State {
    /// Has turns paid for from now on, for good; to be called once, by [`crate::Embedding::start`].
    pub fn keep_ledger(&self, ledger: &'static Ledger) {
        let turn = Cell::new(None);
        self.meter.get_or_init(|| Meter { ledger, turn });
    }

    /// The turn that runs is for this payer, if it is for nobody yet. Where nothing is left to it, none of its code runs: the isolate ends.
    #[inline]
    pub fn works_for(&self, payer: u64) {
        if let Some(meter) = self.meter.get() {
            meter.begin(self, payer);
        }
    }

    /// The same for whom the code runs that is about to.
    #[inline]
    pub fn works_for_current(&self, scope: &v8::PinScope) {
        if let Some(meter) = self.meter.get()
            && let Some(payer) = (meter.ledger.payer)(scope)
        {
            meter.begin(self, payer);
        }
    }

    /// For whom the code runs that runs now, where that is of interest.
    #[inline]
    pub(crate) fn payer(&self, scope: &v8::PinScope) -> Option<u64> {
        (self.meter.get()?.ledger.payer)(scope)
    }

    /// The turn is over.
    #[inline]
    pub(crate) fn settle_turn(&self) {
        if let Some(meter) = self.meter.get() {
            meter.end(self);
        }
    }
}

impl Meter {
    fn begin(&self, state: &State, payer: u64) {
        if self.turn.get().is_some() {
            return;
        }
        let Some(left) = (self.ledger.left)(state, payer) else {
            return;
        };
        let shared = &state.shared;
        self.turn.set(Some((payer, shared.cpu_time())));
        shared.payer.store(payer, Ordering::Relaxed);
        let left = u64::try_from(left.as_nanos()).unwrap_or(NO_BOUND);
        shared.turn_bound.store(left, Ordering::Relaxed);
        if left == 0 {
            shared.condemn(Verdict::Payer);
            shared.terminate_execution();
        }
    }

    fn end(&self, state: &State) {
        let Some((payer, began)) = self.turn.take() else {
            return;
        };
        state.shared.turn_bound.store(NO_BOUND, Ordering::Relaxed);
        let now = state.shared.cpu_time();
        (self.ledger.spend)(state, payer, now.saturating_sub(began));
    }
}
