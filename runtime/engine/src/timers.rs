//! The timers of one isolate, in the order that HTML asks for.
//!
//! <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers>

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use crate::external_memory::ExternalMemory;
use crate::state::State;

/// Names a timer of an isolate. Counts from 1; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub u32);

/// What a timer runs. In the isolate's context; what it throws is reported.
pub type TimerCallback = Box<dyn for<'s, 'i> FnMut(&mut v8::PinScope<'s, 'i>)>;

/// HTML: deeper nested timers wait 4 ms at least.
const NESTING_WITHOUT_CLAMP: u32 = 5;
const CLAMP: Duration = Duration::from_millis(4);

struct Timer {
    /// `None` while it is running.
    callback: Option<TimerCallback>,
    timeout: Duration,
    repeat: bool,
    referenced: bool,
    nesting: u32,
    /// Tells this entry of the heap from outdated ones.
    number: u64,
    _memory: ExternalMemory,
}

/// About what a timer takes with its place in the queue, and its callback with a handle.
const TIMER: usize = 2 * size_of::<Timer>() + 64;

/// A set of timers.
#[derive(Default)]
pub struct Timers {
    timers: RefCell<HashMap<u32, Timer>>,
    /// When each is due. Timers with the same time run in the order in which they were set. Holds entries of cleared timers
    /// until they surface.
    queue: RefCell<BinaryHeap<Reverse<(Instant, u64, u32)>>>,
    last_id: Cell<u32>,
    last_number: Cell<u64>,
    referenced: Cell<usize>,
    /// The nesting level of the timer that is running, 0 outside of timers.
    nesting: Cell<u32>,
    /// Its identifier.
    running: Cell<u32>,
}

impl Timers {
    /// Runs `callback` after `delay`, again and again if `repeat`. An isolate that drains waits for it.
    pub fn set(&self, delay: Duration, repeat: bool, callback: TimerCallback) -> TimerId {
        let id = self.new_id();
        let timer = Timer {
            callback: Some(callback),
            timeout: delay,
            repeat,
            referenced: true,
            nesting: self.nesting.get(),
            number: 0,
            _memory: ExternalMemory::new(TIMER),
        };
        self.referenced.set(self.referenced.get() + 1);
        self.schedule(id, timer);
        TimerId(id)
    }

    /// Forgets a timer; nothing happens if there is none.
    pub fn clear(&self, id: TimerId) {
        let removed = self.timers.borrow_mut().remove(&id.0);
        if let Some(timer) = &removed {
            self.referenced
                .set(self.referenced.get() - usize::from(timer.referenced));
        }
        drop(removed); // After the borrow: the callback's own values may be anything.
        self.compact();
    }

    /// Whether a draining isolate waits for this timer.
    pub fn set_referenced(&self, id: TimerId, referenced: bool) {
        if let Some(timer) = self.timers.borrow_mut().get_mut(&id.0) {
            let others = self.referenced.get() - usize::from(timer.referenced);
            timer.referenced = referenced;
            self.referenced.set(others + usize::from(referenced));
        }
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.timers.borrow().len()
    }

    /// Whether no timer is set.
    pub fn is_empty(&self) -> bool {
        self.timers.borrow().is_empty()
    }

    /// Whether at least so many timers have yet to run. One that runs for the only time has not.
    pub fn are_pending(&self, count: usize) -> bool {
        let timers = self.timers.borrow();
        if timers.len() < count {
            return false;
        }
        let is_last_run = |timer: &Timer| timer.callback.is_none() && !timer.repeat;
        let runs_out = timers.get(&self.running.get()).is_some_and(is_last_run);
        timers.len() - usize::from(runs_out) >= count
    }

    pub(crate) fn has_referenced(&self) -> bool {
        self.referenced.get() > 0
    }

    pub(crate) fn clear_all(&self) {
        let timers = self.timers.take();
        self.queue.take();
        self.referenced.set(0);
        drop(timers);
    }

    fn new_id(&self) -> u32 {
        let timers = self.timers.borrow();
        loop {
            // Identifiers are positive `long`s for scripts.
            let id = self.last_id.get() % i32::MAX as u32 + 1;
            self.last_id.set(id);
            if !timers.contains_key(&id) {
                return id;
            }
        }
    }

    /// Timer initialization steps, 5 on: clamps, and puts the timer into the queue.
    fn schedule(&self, id: u32, mut timer: Timer) {
        let clamped = timer.nesting > NESTING_WITHOUT_CLAMP && timer.timeout < CLAMP;
        let wait = if clamped { CLAMP } else { timer.timeout };
        timer.nesting += 1;
        timer.number = self.last_number.get() + 1;
        self.last_number.set(timer.number);
        // Centuries are as good as never.
        let due = Instant::now()
            .checked_add(wait)
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 32));
        self.queue
            .borrow_mut()
            .push(Reverse((due, timer.number, id)));
        self.timers.borrow_mut().insert(id, timer);
    }

    /// Rebuilds the queue when most of it is about timers that are gone.
    fn compact(&self) {
        let timers = self.timers.borrow();
        let mut queue = self.queue.borrow_mut();
        if queue.len() > 64 && queue.len() > 4 * timers.len() {
            queue.retain(|Reverse((_, number, id))| {
                timers.get(id).is_some_and(|timer| timer.number == *number)
            });
        }
    }

    /// When the next timer is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let timers = self.timers.borrow();
        let mut queue = self.queue.borrow_mut();
        while let Some(Reverse((due, number, id))) = queue.peek() {
            if timers.get(id).is_some_and(|timer| timer.number == *number) {
                return Some(*due);
            }
            queue.pop();
        }
        None
    }

    /// The last number given out; timers with a higher one were set later.
    pub(crate) fn mark(&self) -> u64 {
        self.last_number.get()
    }

    /// Takes the next timer that is due at `now` and was not set after `mark`.
    pub(crate) fn take_due(&self, now: Instant, mark: u64) -> Option<Due> {
        self.next_due().filter(|due| *due <= now)?;
        let mut queue = self.queue.borrow_mut();
        let Reverse((_, number, id)) = *queue.peek()?;
        if number > mark {
            return None;
        }
        queue.pop();
        let mut timers = self.timers.borrow_mut();
        let timer = timers.get_mut(&id)?;
        let callback = timer.callback.take()?;
        Some(Due {
            id,
            number,
            nesting: timer.nesting,
            callback,
        })
    }
}

/// A timer whose time has come.
pub(crate) struct Due {
    id: u32,
    number: u64,
    nesting: u32,
    callback: TimerCallback,
}

impl Due {
    /// Runs the callback. [`Due::finish`] must follow, after the microtasks.
    pub(crate) fn run(&mut self, scope: &mut v8::PinScope) {
        let timers = &State::from_scope(scope).timers;
        timers.nesting.set(self.nesting);
        timers.running.set(self.id);
        (self.callback)(scope);
    }

    /// Sets a repeating timer again, unless it was cleared meanwhile; forgets another.
    pub(crate) fn finish(self, timers: &Timers) {
        timers.nesting.set(0);
        timers.running.set(0);
        let again = {
            let mut map = timers.timers.borrow_mut();
            // The identifier may belong to another timer by now.
            match map.get(&self.id) {
                Some(timer) if timer.number == self.number => map.remove(&self.id),
                _ => None,
            }
        };
        let Some(mut timer) = again else { return };
        if timer.repeat {
            timer.callback = Some(self.callback);
            timers.schedule(self.id, timer);
        } else {
            timers
                .referenced
                .set(timers.referenced.get() - usize::from(timer.referenced));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(timers: &Timers) -> Vec<u32> {
        let late = Instant::now() + Duration::from_secs(60);
        let mut order = Vec::new();
        while let Some(due) = timers.take_due(late, u64::MAX) {
            order.push(due.id);
            due.finish(timers);
        }
        order
    }

    fn set(timers: &Timers, ms: u64) -> TimerId {
        timers.set(Duration::from_millis(ms), false, Box::new(|_| {}))
    }

    #[test]
    fn due_order_then_order_of_setting() {
        let timers = Timers::default();
        for ms in [20, 10, 20, 0, 10] {
            set(&timers, ms);
        }
        assert_eq!(drain(&timers), [4, 2, 5, 1, 3]);
        assert!(timers.is_empty() && !timers.has_referenced());
    }

    #[test]
    fn cleared_timers_do_not_run_and_do_not_pile_up() {
        let timers = Timers::default();
        let keep = set(&timers, 5);
        for _ in 0..1000 {
            let id = set(&timers, 1);
            timers.clear(id);
        }
        assert!(timers.queue.borrow().len() <= 65);
        assert_eq!(drain(&timers), [keep.0]);
    }

    #[test]
    fn a_repeating_timer_keeps_its_id_until_cleared() {
        let timers = Timers::default();
        let id = timers.set(Duration::ZERO, true, Box::new(|_| {}));
        let now = Instant::now() + Duration::from_secs(1);
        for _ in 0..3 {
            let due = timers.take_due(now, u64::MAX).expect("due again");
            assert_eq!(due.id, id.0);
            due.finish(&timers);
        }
        let due = timers.take_due(now, u64::MAX).expect("due again");
        timers.clear(id);
        due.finish(&timers);
        assert!(timers.is_empty() && timers.next_due().is_none());
    }

    #[test]
    fn timers_set_in_a_pass_wait_for_the_next() {
        let timers = Timers::default();
        set(&timers, 0);
        let mark = timers.mark();
        set(&timers, 0);
        let now = Instant::now() + Duration::from_secs(1);
        timers
            .take_due(now, mark)
            .expect("the first")
            .finish(&timers);
        assert!(timers.take_due(now, mark).is_none());
        assert!(timers.take_due(now, u64::MAX).is_some());
    }

    #[test]
    fn the_sixth_nested_timer_is_clamped() {
        let timers = Timers::default();
        timers.nesting.set(5);
        set(&timers, 0);
        assert!(timers.next_due().expect("set") <= Instant::now());
        timers.clear_all();
        timers.nesting.set(6);
        set(&timers, 1);
        assert!(timers.next_due().expect("set") > Instant::now() + Duration::from_millis(2));
    }

    #[test]
    fn a_timer_that_runs_for_the_only_time_is_not_pending() {
        let timers = Timers::default();
        assert!(timers.are_pending(0) && !timers.are_pending(1));
        set(&timers, 0);
        let interval = timers.set(Duration::ZERO, true, Box::new(|_| {}));
        assert!(timers.are_pending(2) && !timers.are_pending(3));
        let now = Instant::now() + Duration::from_secs(1);
        let once = timers.take_due(now, u64::MAX).expect("due");
        timers.running.set(once.id);
        assert!(timers.are_pending(1) && !timers.are_pending(2));
        // One that has cleared itself is none already.
        timers.clear(TimerId(once.id));
        assert!(timers.are_pending(1) && !timers.are_pending(2));
        once.finish(&timers);
        let again = timers.take_due(now, u64::MAX).expect("due");
        timers.running.set(again.id);
        assert!(timers.are_pending(1) && !timers.are_pending(2));
        timers.clear(interval);
        assert!(!timers.are_pending(1));
        again.finish(&timers);
    }

    #[test]
    fn unreferenced_timers_do_not_count() {
        let timers = Timers::default();
        let id = set(&timers, 5);
        timers.set_referenced(id, false);
        assert!(!timers.has_referenced());
        timers.set_referenced(id, true);
        assert!(timers.has_referenced());
    }
}
