//! The thread's side of a [carrier](crate::carrier): the isolates that it has, and whose turn it is.
//!
//! The thread works in rounds: each isolate that was called for, or has something to do by now, has one pass of its
//! [loop](crate::thread), in the order in which that came up; then I/O is done, and the thread sleeps if there is nothing else to do. It
//! stays with the isolate that it has entered as long as no other one's turn has come. So an isolate that is alone pays nothing for that
//! it need not be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::alarm::Alarm;
use crate::carrier::{Arrival, Carrier, ITSELF};
use crate::entry::panic_message;
use crate::external_memory::{fund, malloc};
use crate::isolate::{Isolate, IsolateOptions};
use crate::limits::Exit;
use crate::mailbox::{Handle, Shared};
use crate::thread::{Turns, finish, in_context, or_panicked};
use crate::{containment, watchdog};

/// What a carrier's thread knows of its isolates.
pub(crate) struct Crew {
    carrier: Arc<Carrier>,
    /// By their numbers, all but the one that is entered.
    residents: BTreeMap<u64, Resident>,
    /// Whose turns come before the next I/O: their numbers, or [`ITSELF`] for an arrival.
    round: VecDeque<u64>,
    /// Which of them want to be looked after at which time, though nobody calls.
    dues: BTreeSet<(Instant, u64)>,
    arrivals: VecDeque<Arrival>,
    /// Whom the thread's CPU time is charged to.
    charged: u64,
    /// Reused, so that a round allocates nothing.
    calls: Vec<u64>,
    alarm: Alarm,
}

/// An isolate that has begun, and has not ended.
struct Resident {
    shared: Arc<Shared>,
    isolate: Isolate,
    turns: Turns,
    /// Its entry in [`Crew::dues`], if it is still there.
    due: Option<Instant>,
    /// Ends when this is dropped.
    watch: Option<watchdog::Watch>,
    /// Whether it is left as it is at its end.
    abandon: bool,
}

/// How the thread leaves an isolate.
pub(crate) enum Left {
    /// It has ended.
    Ended(Exit),
    /// It is another one's turn. This one wants its own at a time, or when it is called for.
    Until(Option<Instant>),
}

impl From<Exit> for Left {
    fn from(exit: Exit) -> Left {
        Left::Ended(exit)
    }
}

/// The life of a carrier's thread.
pub(crate) fn carry(carrier: &Arc<Carrier>) {
    let _supervised = containment::carry(carrier);
    // A panic outside of all turns: its isolates are lost, the process is not.
    let lived = catch_unwind(AssertUnwindSafe(|| Crew::new(carrier.clone()).run()));
    if let Err(panic) = lived {
        containment::dismiss_all(carrier, &Exit::Panicked(panic_message(&*panic)));
    }
    carrier.end();
}

impl Crew {
    /// The carrier is this thread.
    pub(crate) fn new(carrier: Arc<Carrier>) -> Crew {
        carrier.bind();
        Crew {
            carrier,
            residents: BTreeMap::new(),
            round: VecDeque::new(),
            dues: BTreeSet::new(),
            arrivals: VecDeque::new(),
            charged: ITSELF,
            calls: Vec::new(),
            alarm: Alarm::default(),
        }
    }

    /// An isolate will begin in the next round.
    pub(crate) fn expect(&mut self, arrival: Arrival) {
        self.arrivals.push_back(arrival);
        self.round.push_back(ITSELF);
    }

    /// Takes turns until there is no isolate, and none can come.
    pub(crate) fn run(mut self) {
        self.take_calls();
        while let Some(next) = self.next() {
            match next {
                ITSELF => {
                    if let Some(begin) = self.arrivals.pop_front() {
                        begin(&mut self);
                    }
                }
                number => self.visit(number),
            }
        }
    }

    fn next(&mut self) -> Option<u64> {
        while self.round.is_empty() {
            if self.is_over() {
                return None;
            }
            self.sleep();
        }
        self.round.pop_front()
    }

    /// Whether there is no isolate but the one that is entered, if one is, and none can come.
    fn is_over(&self) -> bool {
        self.residents.is_empty() && self.arrivals.is_empty() && self.carrier.is_closed()
    }

    /// Makes an isolate on this thread, has it take its first turns, and stays with it.
    pub(crate) fn admit(
        &mut self,
        handle: Handle,
        options: IsolateOptions,
        first: impl for<'s, 'i> FnOnce(&mut Turns, &mut v8::PinScope<'s, 'i>),
    ) {
        let shared = &handle.0;
        if self.carrier.is_lost() {
            return self.dismiss(shared, Exit::Lost, || {});
        }
        self.works_for(shared);
        let (budget, abandon) = (options.limits.cpu_per_turn, options.abandon);
        let made = catch_unwind(AssertUnwindSafe(|| {
            let isolate = Isolate::new(&handle, options)?;
            Ok((isolate, watchdog::watch(shared, budget)?))
        }));
        match made.unwrap_or_else(|panic| Err(Exit::Panicked(panic_message(&*panic)))) {
            Ok((isolate, watch)) => {
                let resident = Resident {
                    shared: shared.clone(),
                    isolate,
                    turns: Turns::default(),
                    due: None,
                    watch,
                    abandon,
                };
                self.stay(resident, first);
            }
            Err(exit) => self.dismiss(shared, exit, || {}),
        }
    }

    /// Enters an isolate, and stays with it.
    fn visit(&mut self, number: u64) {
        // It may have ended since it was called for.
        let Some(mut resident) = self.residents.remove(&number) else {
            return;
        };
        self.is_not_due(number, resident.due.take());
        self.works_for(&resident.shared);
        resident.isolate.enter();
        self.stay(resident, |_, _| {});
    }

    /// Takes turns of the isolate that is entered, as long as no other one's has come.
    fn stay(
        &mut self,
        mut resident: Resident,
        first: impl for<'s, 'i> FnOnce(&mut Turns, &mut v8::PinScope<'s, 'i>),
    ) {
        let Resident { isolate, turns, .. } = &mut resident;
        let left = or_panicked(|| {
            in_context(isolate, |scope, state| {
                let left = or_panicked(|| {
                    first(turns, scope);
                    turns.run(scope, state, self)
                });
                if let Left::Ended(exit) = &left {
                    finish(scope, state, exit);
                }
                left
            })
        });
        match left {
            Left::Until(due) => {
                resident.isolate.exit();
                let number = resident.shared.number();
                resident.due = due;
                self.dues.extend(due.map(|due| (due, number)));
                self.residents.insert(number, resident);
            }
            Left::Ended(exit) => {
                let Resident {
                    shared,
                    isolate,
                    watch,
                    abandon,
                    ..
                } = resident;
                self.dismiss(&shared, exit, || {
                    drop(watch);
                    match abandon {
                        true => isolate.abandon(),
                        false => drop(isolate),
                    }
                });
            }
        }
    }

    /// An isolate has ended.
    fn dismiss(&mut self, shared: &Arc<Shared>, exit: Exit, take_apart: impl FnOnce()) {
        shared.end();
        // To take an isolate apart may take long: nothing may wait for this thread any more.
        if self.is_over() {
            // It keeps the runtime.
            self.alarm = Alarm::default();
            self.carrier.retire();
        }
        containment::ended(shared, &exit);
        let exit = match catch_unwind(AssertUnwindSafe(take_apart)) {
            Ok(()) => exit,
            Err(panic) => Exit::Panicked(panic_message(&*panic)),
        };
        malloc::purge();
        fund::fill();
        self.works_for_nobody();
        containment::finish(shared, exit);
    }

    /// Does I/O, and sleeps if there is nothing to do, until it is somebody's turn. Returns whether it is that of the isolate that is
    /// entered, which has something to do after `timeout`; else how to leave it.
    pub(crate) fn stays(
        &mut self,
        isolate: &Arc<Shared>,
        timeout: Option<Duration>,
    ) -> Result<(), Left> {
        let own = isolate.number();
        if self.residents.is_empty() && self.round.is_empty() {
            self.carrier.sleep(timeout, &mut self.alarm);
            self.take_calls();
            let is_still_alone = self.round.iter().all(|next| *next == own);
            if is_still_alone {
                self.round.clear();
                return Ok(());
            }
            // It will be asked anew when it wants to have its turn.
            return Err(Left::Until(Some(Instant::now())));
        }
        let due = timeout.map(|timeout| Instant::now() + timeout);
        self.dues.extend(due.map(|due| (due, own)));
        while self.round.is_empty() {
            self.sleep();
        }
        if self.round.front() != Some(&own) {
            return Err(Left::Until(due));
        }
        self.round.pop_front();
        self.is_not_due(own, due);
        self.works_for(isolate);
        Ok(())
    }

    /// Whether all isolates but the one that is entered rest.
    pub(crate) fn others_rest(&self) -> bool {
        let mut others = self.residents.values();
        others.all(|resident| resident.shared.rest.has_begun())
    }

    fn sleep(&mut self) {
        self.works_for_nobody();
        let first = self.dues.first().map(|(due, _)| *due);
        let timeout = first.map(|due| due.saturating_duration_since(Instant::now()));
        self.carrier.sleep(timeout, &mut self.alarm);
        self.take_calls();
        self.take_due();
    }

    /// Puts those who were called for into the round.
    fn take_calls(&mut self) {
        let mut calls = std::mem::take(&mut self.calls);
        self.carrier.take_calls(&mut calls);
        for number in calls.drain(..) {
            if number == ITSELF {
                let arrivals = self.carrier.take_arrivals();
                arrivals.into_iter().for_each(|one| self.expect(one));
                continue;
            }
            let resident = self.residents.get_mut(&number);
            let due = resident.and_then(|resident| resident.due.take());
            self.is_not_due(number, due);
            self.round.push_back(number);
        }
        self.calls = calls;
    }

    /// Puts those into the round whose time has come.
    fn take_due(&mut self) {
        if self.dues.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some((_, number)) = self.dues.first().filter(|(due, _)| *due <= now).copied() {
            self.dues.pop_first();
            self.round.push_back(number);
        }
    }

    fn is_not_due(&mut self, number: u64, due: Option<Instant>) {
        if let Some(due) = due {
            self.dues.remove(&(due, number));
        }
    }

    fn works_for(&mut self, isolate: &Arc<Shared>) {
        let number = isolate.number();
        if self.charged != number {
            self.charged = number;
            self.carrier.works_for(Some(isolate));
        }
    }

    fn works_for_nobody(&mut self) {
        if self.charged != ITSELF {
            self.charged = ITSELF;
            self.carrier.works_for(None);
        }
    }
}
