//! The thread's side of a [carrier](crate::carrier): the isolates that it has, and whose turn it is.
//!
//! The thread works in rounds: each isolate that was called for, or has something to do by now, has one pass of its
//! [loop](crate::thread), in the order in which that came up; then I/O is done, and the thread sleeps if there is nothing else to do. It
//! stays with the isolate that it has entered as long as no other one's turn has come. So an isolate that is alone pays nothing for that
//! it need not be.
//!
//! A turn that takes long is interrupted for an [interlude](crate::interlude): rounds of the others, within it. So several isolates may be
//! entered at a time, of which the last goes on.

use std::cell::{Cell, RefCell};
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
use crate::{containment, interlude, watchdog};

/// What a carrier's thread knows of its isolates. Nothing of it is borrowed while a turn runs: that may be interrupted.
pub(crate) struct Crew {
    carrier: Arc<Carrier>,
    /// By their numbers, all but those that are entered.
    residents: RefCell<BTreeMap<u64, Resident>>,
    /// Those that are entered, whose turns were interrupted but for the last one's.
    entered: RefCell<Vec<Arc<Shared>>>,
    /// Whose turns come before the next I/O: their numbers, or [`ITSELF`] for an arrival.
    round: RefCell<VecDeque<u64>>,
    /// Which of them want to be looked after at which time, though nobody calls.
    dues: RefCell<BTreeSet<(Instant, u64)>>,
    arrivals: RefCell<VecDeque<Arrival>>,
    /// Whom the thread's CPU time is charged to.
    charged: Cell<u64>,
    /// Reused, so that a round allocates nothing.
    calls: RefCell<Vec<u64>>,
    alarm: RefCell<Alarm>,
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
            residents: RefCell::default(),
            entered: RefCell::default(),
            round: RefCell::default(),
            dues: RefCell::default(),
            arrivals: RefCell::default(),
            charged: Cell::new(ITSELF),
            calls: RefCell::default(),
            alarm: RefCell::default(),
        }
    }

    /// An isolate will begin in the next round.
    pub(crate) fn expect(&self, arrival: Arrival) {
        self.arrivals.borrow_mut().push_back(arrival);
        self.round.borrow_mut().push_back(ITSELF);
    }

    /// Takes turns until there is no isolate, and none can come.
    pub(crate) fn run(self) {
        let _present = interlude::present(&self);
        self.take_calls();
        while let Some(next) = self.next() {
            self.look_after(next);
        }
    }

    fn next(&self) -> Option<u64> {
        loop {
            if let Some(next) = self.round.borrow_mut().pop_front() {
                return Some(next);
            }
            if self.is_over() {
                return None;
            }
            self.sleep();
        }
    }

    fn look_after(&self, next: u64) {
        if next != ITSELF {
            return self.visit(next);
        }
        let arrival = self.arrivals.borrow_mut().pop_front();
        if let Some(begin) = arrival {
            begin(self);
        }
    }

    /// Whether there is no isolate, and none can come.
    fn is_over(&self) -> bool {
        self.residents.borrow().is_empty()
            && self.entered.borrow().is_empty()
            && self.arrivals.borrow().is_empty()
            && self.carrier.is_closed()
    }

    /// Makes an isolate on this thread, has it take its first turns, and stays with it.
    pub(crate) fn admit(
        &self,
        handle: Handle,
        options: IsolateOptions,
        first: impl for<'s, 'i> FnOnce(&mut Turns, &mut v8::PinScope<'s, 'i>),
    ) {
        let shared = &handle.0;
        self.carrier.count_begun();
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
    fn visit(&self, number: u64) {
        // It may have ended since it was called for.
        let resident = self.residents.borrow_mut().remove(&number);
        let Some(mut resident) = resident else { return };
        self.is_not_due(number, resident.due.take());
        self.works_for(&resident.shared);
        resident.isolate.enter();
        self.stay(resident, |_, _| {});
    }

    /// Takes turns of the isolate that is entered, as long as no other one's has come.
    fn stay(
        &self,
        mut resident: Resident,
        first: impl for<'s, 'i> FnOnce(&mut Turns, &mut v8::PinScope<'s, 'i>),
    ) {
        let Resident {
            shared,
            isolate,
            turns,
            ..
        } = &mut resident;
        self.entered.borrow_mut().push(shared.clone());
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
        self.entered.borrow_mut().pop();
        match left {
            Left::Until(due) => {
                resident.isolate.exit();
                let number = resident.shared.number();
                resident.due = due;
                let due = due.map(|due| (due, number));
                self.dues.borrow_mut().extend(due);
                self.residents.borrow_mut().insert(number, resident);
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
    fn dismiss(&self, shared: &Arc<Shared>, exit: Exit, take_apart: impl FnOnce()) {
        shared.end();
        // To take an isolate apart may take long: nothing may wait for this thread any more.
        if self.is_over() {
            // It keeps the runtime.
            self.alarm.replace(Alarm::default());
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
        &self,
        isolate: &Arc<Shared>,
        timeout: Option<Duration>,
    ) -> Result<(), Left> {
        let own = isolate.number();
        if self.is_interlude() {
            // The one who was interrupted has waited for long enough.
            return Err(Left::Until(timeout.map(|timeout| Instant::now() + timeout)));
        }
        if self.residents.borrow().is_empty() && self.round.borrow().is_empty() {
            self.carrier.sleep(timeout, &mut self.alarm.borrow_mut());
            self.take_calls();
            let mut round = self.round.borrow_mut();
            let is_still_alone = round.iter().all(|next| *next == own);
            if is_still_alone {
                round.clear();
                return Ok(());
            }
            // It will be asked anew when it wants to have its turn.
            return Err(Left::Until(Some(Instant::now())));
        }
        let due = timeout.map(|timeout| Instant::now() + timeout);
        self.dues.borrow_mut().extend(due.map(|due| (due, own)));
        while self.round.borrow().is_empty() {
            self.sleep();
        }
        if self.round.borrow().front() != Some(&own) {
            return Err(Left::Until(due));
        }
        self.round.borrow_mut().pop_front();
        self.is_not_due(own, due);
        self.works_for(isolate);
        Ok(())
    }

    /// Whether all isolates but the one that is entered rest.
    pub(crate) fn others_rest(&self) -> bool {
        let residents = self.residents.borrow();
        let mut others = residents.values();
        !self.is_interlude() && others.all(|resident| resident.shared.rest.has_begun())
    }

    /// Whether a turn was interrupted.
    fn is_interlude(&self) -> bool {
        self.entered.borrow().len() > 1
    }

    /// The turn that runs was interrupted, and may go on after this. Takes turns of others until nobody has to have one, or for a while.
    pub(crate) fn interlude(&self) {
        let Some(interrupted) = self.entered.borrow().last().cloned() else {
            return;
        };
        // One that has to end is not held up.
        if self.entered.borrow().len() > interlude::MOST_DEEP || interrupted.is_terminated() {
            return;
        }
        self.carrier.count_interlude();
        let end = Instant::now() + interlude::SLICE;
        // Those that were interrupted come after the one that is.
        let mut deferred = Vec::new();
        let mut has_more = true;
        while has_more && Instant::now() < end {
            self.look_around();
            has_more = false;
            // Those that come up meanwhile have their turns after the next I/O. The rest of the round is there for interludes within this one.
            let count = self.round.borrow().len();
            for _ in 0..count {
                let next = self.round.borrow_mut().pop_front();
                match next {
                    Some(own) if self.is_entered(own) => deferred.push(own),
                    Some(other) => {
                        self.look_after(other);
                        has_more = true;
                    }
                    None => break,
                }
            }
        }
        self.round.borrow_mut().extend(deferred);
        self.works_for(&interrupted);
    }

    fn is_entered(&self, number: u64) -> bool {
        let entered = self.entered.borrow();
        entered.iter().any(|one| one.number() == number)
    }

    fn sleep(&self) {
        let first = self.dues.borrow().first().map(|(due, _)| *due);
        self.sleep_for(first.map(|due| due.saturating_duration_since(Instant::now())));
    }

    /// Does the I/O that there is to do.
    fn look_around(&self) {
        self.sleep_for(Some(Duration::ZERO));
    }

    fn sleep_for(&self, timeout: Option<Duration>) {
        self.works_for_nobody();
        self.carrier.sleep(timeout, &mut self.alarm.borrow_mut());
        self.take_calls();
        self.take_due();
    }

    /// Puts those who were called for into the round.
    fn take_calls(&self) {
        let mut calls = self.calls.take();
        self.carrier.take_calls(&mut calls);
        for number in calls.drain(..) {
            if number == ITSELF {
                let arrivals = self.carrier.take_arrivals();
                arrivals.into_iter().for_each(|one| self.expect(one));
                continue;
            }
            let mut residents = self.residents.borrow_mut();
            let resident = residents.get_mut(&number);
            let due = resident.and_then(|resident| resident.due.take());
            self.is_not_due(number, due);
            self.round.borrow_mut().push_back(number);
        }
        self.calls.replace(calls);
    }

    /// Puts those into the round whose time has come.
    fn take_due(&self) {
        let mut dues = self.dues.borrow_mut();
        if dues.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some((_, number)) = dues.first().filter(|(due, _)| *due <= now).copied() {
            dues.pop_first();
            self.round.borrow_mut().push_back(number);
        }
    }

    fn is_not_due(&self, number: u64, due: Option<Instant>) {
        if let Some(due) = due {
            self.dues.borrow_mut().remove(&(due, number));
        }
    }

    fn works_for(&self, isolate: &Arc<Shared>) {
        let number = isolate.number();
        if self.charged.replace(number) != number {
            self.carrier.works_for(Some(isolate));
        }
    }

    fn works_for_nobody(&self) {
        if self.charged.replace(ITSELF) != ITSELF {
            self.carrier.works_for(None);
        }
    }
}
