//! One thread that ends turns which use too much CPU time, for all isolates of the process, and sees to it that
//! [carriers](crate::carrier) which stay away from their I/O do not hold it up.
//!
//! A turn costs its thread two atomic swaps: it publishes its number, and takes it back. The watchdog looks at the numbers
//! from time to time. When it first sees one it notes the isolate's CPU time, and when that has grown by more than
//! the budget it ends the turn; so a turn may use up to one look more than its budget. CPU time, not wall-clock time: a
//! thread that waits for a core is not to blame. The watchdog sleeps while no isolate is at work.
//!
//! Where a carrier has several isolates, or is to have them, it has a turn that takes long let others in, time and again: see [`crate::interlude`].
//!
//! It also looks at what each running turn makes C and C++ code hold; see [`crate::external_memory::watch`].
//!
//! A few built-in functions of V8 look at nothing while they work (`flat`, the default order of `sort`). A turn that goes on
//! in one of those is given up: see [`containment::abandon`]. Nobody waits that long for an answer of it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::carrier::Carrier;
use crate::cpu_clock::CpuClock;
use crate::external_memory::watch;
use crate::limits::Exit;
use crate::mailbox::{Shared, Verdict};
use crate::process_memory::{Held, headroom, helpers};
use crate::slice::{self, Slice};
use crate::thread_io::ThreadIo;
use crate::turn_clock::{Doze, Turn};
use crate::{containment, interlude, process_memory};

/// Looks per budget, and the bounds of the time between two looks.
const LOOKS_PER_BUDGET: u32 = 10;
const SHORTEST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);
/// Between two looks at threads that do I/O, and between two where one may be away from it for long.
const IO_LOOK: Duration = Duration::from_millis(5);
const ABSENT_LOOK: Duration = Duration::from_micros(2500);
/// One that has worked so long since it was first seen away is attended.
const ABSENT_WORK: Duration = Duration::from_micros(1500);
/// One that has not worked waits for a core, and attending would take another one; unless it waits for something else.
const ABSENT_LOOKS: u32 = 8;
/// A thread with more visits to its I/O between two looks is not away for long.
const LIVELY: usize = 8;
/// CPU time that a turn may go on for after it was ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may go on until nobody waits for its answers any more. Time of the wall, which is what those who wait have.
const ANSWER: Duration = Duration::from_secs(1);
/// A turn that has worked so long asks for the system's usual slices, so that short ones go first; see [`slice`].
const LONG_TURN: Duration = Duration::from_millis(2);
/// Looks at which nothing runs before the watchdog goes to sleep.
const LOOKS_UNTIL_SLEEP: u32 = 2;

/// A carrier.
struct Watched {
    carrier: Arc<Carrier>,
    clock: CpuClock,
    /// Its I/O, once it has some.
    io: Option<Arc<ThreadIo>>,
    /// Its visits to it at the last look.
    visits: usize,
    absence: Option<Absence>,
    thread: containment::ThreadId,
    slice: Slice,
    abandoned: bool,
    isolates: Vec<Isolate>,
}

/// One of its isolates.
struct Isolate {
    shared: Arc<Shared>,
    budget: Duration,
    /// The number of the turn that was last seen, and the isolate's CPU time when it was seen first.
    seen: Option<(u64, Duration)>,
    /// Its CPU time when that turn was seen first, or was last asked to let others in.
    asked: Duration,
    /// How many interludes its carrier had had when it was first asked for one that has not come yet, and its CPU time then.
    unanswered: Option<(u64, Duration)>,
    /// Its CPU time at the last look at memory, if it had asked for some by then, and when that was.
    worked: Option<(Duration, Instant)>,
    /// When a turn was first seen that goes on although the isolate was ended.
    overtime: Option<Instant>,
}

/// A thread that is away from its I/O.
struct Absence {
    /// Which of its absences it is.
    visits: usize,
    /// The thread's CPU clock when it was first seen away.
    clock: Option<Duration>,
    /// How often it was seen since.
    looks: u32,
}

impl Isolate {
    /// How much it has asked for and need not have touched, after what its thread has worked for it since the last look.
    fn asked_for(&mut self) -> usize {
        let asked = self.shared.account.asked_for();
        if asked.bytes() == 0 {
            self.worked = None;
            return 0;
        }
        let (work, now) = (self.shared.cpu_time(), Instant::now());
        // It may have asked just now.
        let (before, then) = self.worked.replace((work, now)).unwrap_or((work, now));
        let is_running = self.shared.turn.look().is_some();
        let worked = is_running.then(|| work.saturating_sub(before));
        asked.settle(worked, now.saturating_duration_since(then))
    }

    /// Asks the turn that runs to let others in, and notes where it does not. `now` is the isolate's CPU time.
    fn ask_to_let_others_in(&mut self, now: Duration) {
        let interludes = self.shared.carrier().interludes();
        match self.unanswered {
            // Only the turn that runs could have had one.
            Some((before, since)) if before == interludes => {
                if now.saturating_sub(since) >= interlude::PATIENCE {
                    self.shared.holds_up();
                }
            }
            _ => self.unanswered = Some((interludes, now)),
        }
        self.asked = now;
        self.shared.request_interlude();
    }

    /// Whether it was ended, for whatever reason, and the turn that runs has gone on for so long that nobody shall wait for it.
    fn is_overdue(&mut self) -> bool {
        self.shared.verdict() != Verdict::None
            && self.overtime.get_or_insert_with(Instant::now).elapsed() > ANSWER
    }
}

impl Watched {
    fn of_this_thread(carrier: Arc<Carrier>, isolates: Vec<Isolate>) -> Watched {
        Watched {
            carrier,
            clock: CpuClock::of_this_thread(),
            io: None,
            visits: 0,
            absence: None,
            thread: containment::ThreadId::current(),
            slice: Slice::Usual,
            abandoned: false,
            isolates,
        }
    }

    fn ask_for(&mut self, slice: Slice) {
        if self.slice != slice {
            self.slice = slice;
            self.thread.ask_for(slice);
        }
    }

    /// Has the thread's I/O attended if it stays away. Returns when to look again; `None` if it does not stay away.
    fn look_at_io(&mut self) -> Option<Duration> {
        let io = self.io.as_ref()?;
        let since = std::mem::replace(&mut self.visits, io.visits());
        if !io.is_left(self.visits) {
            self.absence = None;
            return None;
        }
        match &mut self.absence {
            Some(absence) if absence.visits == self.visits => {
                absence.looks += 1;
                let worked = self.clock.now().zip(absence.clock);
                let worked = worked.map(|(now, then)| now.saturating_sub(then));
                if absence.looks >= ABSENT_LOOKS || worked.is_none_or(|time| time >= ABSENT_WORK) {
                    io.attend();
                }
                Some(ABSENT_LOOK)
            }
            _ => {
                self.absence = Some(Absence {
                    visits: self.visits,
                    clock: self.clock.now(),
                    looks: 0,
                });
                let is_lively = self.visits.wrapping_sub(since) > 2 * LIVELY;
                Some(if is_lively { IO_LOOK } else { ABSENT_LOOK })
            }
        }
    }
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());
static THREAD: OnceLock<Thread> = OnceLock::new();
static DOZE: Doze = Doze(AtomicBool::new(false));

/// Ends the watch when dropped, which must happen on the isolate's thread.
pub(crate) struct Watch(Arc<Shared>);

/// Watches the turns of the isolate that runs on this thread, if they have a budget.
///
/// # Errors
/// The system has no thread for the watchdog.
pub(crate) fn watch(
    isolate: &Arc<Shared>,
    budget: Option<Duration>,
) -> Result<Option<Watch>, Exit> {
    let Some(budget) = budget else {
        return Ok(None);
    };
    start().map_err(|error| {
        Exit::NotMade(format!(
            "no thread for the watchdog: {error}; raise the limit of threads (ulimit -u)"
        ))
    })?;
    let one = Isolate {
        shared: isolate.clone(),
        budget,
        seen: None,
        asked: Duration::ZERO,
        unanswered: None,
        worked: None,
        overtime: None,
    };
    let mut all = lock();
    let known = (all.iter_mut()).find(|watched| Arc::ptr_eq(&watched.carrier, isolate.carrier()));
    let has_room = match known {
        Some(watched) => {
            let has_room = watched.isolates.try_reserve(1).is_ok();
            if has_room {
                watched.isolates.push(one);
            }
            has_room
        }
        None => {
            let mut isolates = Vec::new();
            let has_room = isolates.try_reserve_exact(1).is_ok() && all.try_reserve(1).is_ok();
            if has_room {
                isolates.push(one);
                all.push(Watched::of_this_thread(isolate.carrier().clone(), isolates));
            }
            has_room
        }
    };
    drop(all);
    if !has_room {
        // This thread stops there, and must not keep the lock; see `containment`.
        std::alloc::handle_alloc_error(std::alloc::Layout::new::<Watched>());
    }
    wake();
    Ok(Some(Watch(isolate.clone())))
}

/// Starts the watchdog, once. Better before there is an isolate's thread: that may stop for ever, with the lock.
///
/// # Errors
/// The system has no thread for it.
pub(crate) fn start() -> io::Result<()> {
    if THREAD.get().is_some() {
        return Ok(());
    }
    static STARTING: Mutex<()> = Mutex::new(());
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if THREAD.get().is_none() {
        let thread = std::thread::Builder::new().name("watchdog".into());
        let thread = thread.spawn(run)?.thread().clone();
        THREAD.get_or_init(|| thread);
    }
    Ok(())
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A new thread may get this one's clock, so the entry must go before the thread does.
        forget(&self.0);
    }
}

/// Ends the watch of an isolate.
pub(crate) fn forget(isolate: &Arc<Shared>) {
    lock().retain_mut(|watched| {
        if Arc::ptr_eq(&watched.carrier, isolate.carrier()) {
            let isolates = &mut watched.isolates;
            isolates.retain(|one| !Arc::ptr_eq(&one.shared, isolate));
        }
        !watched.isolates.is_empty()
    });
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Watched>> {
    WATCHED.lock().unwrap_or_else(|e| e.into_inner())
}

/// A thread has begun something that the watchdog has to see, said so, and passed a fence.
#[inline]
pub(crate) fn notice() {
    if DOZE.notice() {
        wake();
    }
}

/// Has the watchdog look soon.
#[cold]
pub(crate) fn wake() {
    if let Some(thread) = THREAD.get() {
        thread.unpark();
    }
}

/// What all isolates hold, and have asked for. A look at memory.
pub(crate) fn held() -> Held {
    let mut held = Held::default();
    for one in lock().iter_mut().flat_map(|watched| &mut watched.isolates) {
        held.asked += one.asked_for();
        held.all += one.shared.account.held_at_most();
        held.heaps += one.shared.account.mapped_for_heap();
    }
    held
}

fn run() {
    slice::ask_for_short_slices();
    let mut quiet = 0;
    loop {
        let (running, pause) = look();
        let running = running || headroom::is_awaited() || helpers::are_there();
        if running && let Some(shortage) = process_memory::is_short(held) {
            let isolates = (lock().iter())
                .flat_map(|watched| &watched.isolates)
                .map(|one| one.shared.clone())
                .collect();
            process_memory::end_largest(isolates, shortage, Instant::now());
        }
        quiet = if running { 0 } else { quiet + 1 };
        if quiet <= LOOKS_UNTIL_SLEEP {
            std::thread::sleep(pause);
            continue;
        }
        DOZE.begin();
        if look().0 {
            DOZE.end();
        }
        while DOZE.is_on() {
            std::thread::park();
            let is_needed = headroom::is_awaited() || helpers::are_there();
            if is_needed || !lock().is_empty() && look().0 {
                DOZE.end();
            }
        }
        quiet = 0;
    }
}

/// Looks at each carrier once. Returns whether any is at work, and how long to wait for the next look.
fn look() -> (bool, Duration) {
    let mut running = false;
    let mut pause = LONGEST_LOOK;
    let (mut ended, mut overdue, mut hopeless) = (Vec::new(), Vec::new(), Vec::new());
    let mut all = lock();
    for watched in all.iter_mut() {
        if watched.abandoned {
            continue;
        }
        if watched.io.is_none() {
            watched.io = watched.carrier.io().cloned();
        }
        if watched.io.is_some() {
            let Some(next) = watched.look_at_io() else {
                pause = pause.min(IO_LOOK);
                watched.ask_for(Slice::Short);
                continue; // It runs no turn, and neither has the rest of it to be fetched into this core's cache.
            };
            pause = pause.min(next);
            running = true;
        }
        let carrier = &watched.carrier;
        let is_shared = watched.isolates.len() > 1 || carrier.is_awaited();
        let mut turns = (watched.isolates.iter_mut())
            .filter_map(|isolate| Some((isolate.shared.turn.look()?, isolate)))
            .peekable();
        if turns.peek().is_none() {
            drop(turns);
            watched.ask_for(Slice::Short);
            continue;
        }
        running = true;
        // One at most goes on; others were interrupted.
        let goes_on =
            turns.find(|(_, isolate)| !is_shared || carrier.is_working_for(&isolate.shared));
        let Some((turn, one)) = goes_on else {
            pause = pause.min(interlude::SLICE);
            continue;
        };
        if one.is_overdue() {
            overdue.push(one.shared.clone());
        }
        let bound = one.shared.turn_bound.load(Ordering::Relaxed);
        let budget = one.budget.min(Duration::from_nanos(bound));
        pause = pause.min(budget / LOOKS_PER_BUDGET).min(watch::PAUSE);
        if !turn.is_fired && watch::is_too_much(&one.shared) {
            fire(&one.shared, turn, Verdict::Heap);
            ended.push(one.shared.clone());
            continue;
        }
        let now = one.shared.cpu_time();
        match one.seen {
            Some((seen, start)) if seen == turn.number => {
                let used = now.saturating_sub(start);
                if is_shared && !turn.is_fired {
                    pause = pause.min(interlude::SLICE / 2);
                    if now.saturating_sub(one.asked) >= interlude::SLICE {
                        one.ask_to_let_others_in(now);
                    }
                }
                if !turn.is_fired && used > budget {
                    let verdict = match budget < one.budget {
                        true => Verdict::Payer,
                        false => Verdict::Cpu,
                    };
                    fire(&one.shared, turn, verdict);
                    ended.push(one.shared.clone());
                } else if turn.is_fired && used > one.budget + PATIENCE {
                    watched.abandoned = true;
                    hopeless.push((one.shared.clone(), watched.thread));
                }
                if used > LONG_TURN {
                    watched.ask_for(Slice::Usual);
                }
            }
            _ => {
                one.seen = Some((turn.number, now));
                (one.asked, one.unanswered) = (now, None);
            }
        }
    }
    drop(all);
    // Without the lock: an end has consequences.
    for isolate in ended.iter().filter(|isolate| isolate.is_terminated()) {
        // What waits for it goes elsewhere, and does not wait for what cannot be interrupted.
        drop(isolate.close());
    }
    overdue.iter().for_each(containment::tell_overdue);
    for (isolate, thread) in hopeless {
        containment::abandon(&isolate, thread);
    }
    (running, pause.max(SHORTEST_LOOK))
}

/// Ends the turn, if it is still the same.
fn fire(isolate: &Shared, turn: Turn, verdict: Verdict) {
    isolate.turn.fire(turn, || {
        isolate.condemn(verdict);
        isolate.terminate_execution();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_ended_is_not_fired_at() {
        let handle = crate::Handle::for_tests(Arc::new(crate::external_memory::Account::new(0)));
        let clock = &handle.0.turn;
        clock.begin();
        let first = clock.look().expect("it runs");
        clock.end();
        assert_eq!(clock.look(), None);
        clock.begin();
        fire(&handle.0, first, Verdict::Cpu);
        assert_eq!(handle.0.verdict(), Verdict::None);
        let turn = clock.look().expect("it runs");
        fire(&handle.0, turn, Verdict::Cpu);
        assert_eq!(handle.0.verdict(), Verdict::Cpu);
        assert!(clock.look().is_some_and(|turn| turn.is_fired));
        clock.end();
        assert_eq!(clock.look(), None);
    }
}
