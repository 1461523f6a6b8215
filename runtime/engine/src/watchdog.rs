//! One thread that ends turns which use too much CPU time, for all isolates of the process, and sees to it that long ones
//! do not hold up I/O.
//!
//! A turn costs its thread two atomic swaps: it publishes its number, and takes it back. The watchdog looks at the numbers
//! from time to time. When it first sees one it notes the thread's CPU clock, and when the clock has moved on by more than
//! the budget it ends the turn; so a turn may use up to one look more than its budget. CPU time, not wall-clock time: a
//! thread that waits for a core is not to blame. The thread sleeps while no isolate is in a turn.
//!
//! A few built-in functions of V8 look at nothing while they work (`flat`, the default order of `sort`). A turn that goes on
//! in one of those is given up: see [`quarantine::abandon`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use crate::mailbox::{Shared, Verdict};
use crate::quarantine;

/// The lowest bits of a turn's word.
const STATE: u64 = 0b11;
const RUNNING: u64 = 0b01;
const FIRING: u64 = 0b10;
const FIRED: u64 = 0b11;

/// Looks per budget, and the bounds of the time between two looks.
const LOOKS_PER_BUDGET: u32 = 10;
const SHORTEST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);
/// A turn that is seen twice in this time does not let its thread get to its I/O: another thread does it.
const ATTEND_AFTER: Duration = Duration::from_millis(5);
/// CPU time that a turn may go on for after it was ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// Looks without any running turn before the watchdog goes to sleep.
const LOOKS_UNTIL_SLEEP: u32 = 5;

/// The number of an isolate's current turn, and whether it is running.
#[derive(Default, Debug)]
pub(crate) struct TurnClock(AtomicU64);

impl TurnClock {
    /// A turn begins. On the isolate's thread.
    pub(crate) fn begin(&self) {
        let id = (self.0.load(Ordering::Relaxed) & !STATE).wrapping_add(STATE + 1);
        // The swap is a full barrier: either the watchdog sees the turn before it sleeps, or `wake` sees it asleep.
        self.0.swap(id | RUNNING, Ordering::SeqCst);
        if ASLEEP.load(Ordering::SeqCst) {
            wake();
        }
    }

    /// The turn is over. Waits for a termination that is under way, so that none arrives later.
    pub(crate) fn end(&self) {
        let word = self.0.load(Ordering::Relaxed);
        if word & STATE == RUNNING
            && self
                .0
                .compare_exchange(word, word & !STATE, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
        {
            return;
        }
        while self.0.load(Ordering::Acquire) & STATE == FIRING {
            std::thread::yield_now();
        }
        self.0.fetch_and(!STATE, Ordering::SeqCst);
    }
}

struct Watched {
    isolate: Arc<Shared>,
    clock: CpuClock,
    budget: Duration,
    /// The turn that was last seen, and the CPU clock at that time.
    seen: Option<(u64, Duration)>,
    thread: quarantine::ThreadId,
    abandoned: bool,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());
static THREAD: OnceLock<Thread> = OnceLock::new();
static ASLEEP: AtomicBool = AtomicBool::new(false);

/// Ends the watch when dropped, which must happen on the isolate's thread.
pub(crate) struct Watch(Arc<Shared>);

/// Watches the turns of the isolate that runs on this thread.
pub(crate) fn watch(isolate: &Arc<Shared>, budget: Duration) -> Watch {
    let thread = THREAD.get_or_init(|| {
        std::thread::Builder::new()
            .name("watchdog".into())
            .spawn(run)
            .expect("a thread for the watchdog: raise the limit of threads (ulimit -u)")
            .thread()
            .clone()
    });
    let watched = Watched {
        isolate: isolate.clone(),
        clock: CpuClock::of_this_thread(),
        budget,
        seen: None,
        thread: quarantine::ThreadId::current(),
        abandoned: false,
    };
    lock().push(watched);
    thread.unpark();
    Watch(isolate.clone())
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A new thread may get this one's clock, so the entry must go before the thread does.
        forget(&self.0);
    }
}

/// Ends the watch of an isolate.
pub(crate) fn forget(isolate: &Arc<Shared>) {
    lock().retain(|watched| !Arc::ptr_eq(&watched.isolate, isolate));
}

fn lock() -> std::sync::MutexGuard<'static, Vec<Watched>> {
    WATCHED.lock().unwrap_or_else(|e| e.into_inner())
}

fn wake() {
    if ASLEEP.swap(false, Ordering::SeqCst)
        && let Some(thread) = THREAD.get()
    {
        thread.unpark();
    }
}

fn run() {
    let mut quiet = 0;
    loop {
        let (running, pause) = look();
        quiet = if running { 0 } else { quiet + 1 };
        if quiet <= LOOKS_UNTIL_SLEEP {
            std::thread::sleep(pause);
            continue;
        }
        ASLEEP.store(true, Ordering::SeqCst);
        if look().0 {
            ASLEEP.store(false, Ordering::SeqCst);
        } else {
            while ASLEEP.load(Ordering::SeqCst) {
                std::thread::park();
                if !lock().is_empty() && look().0 {
                    ASLEEP.store(false, Ordering::SeqCst);
                }
            }
        }
        quiet = 0;
    }
}

/// Looks at each isolate once. Returns whether any is in a turn, and how long to wait for the next look.
fn look() -> (bool, Duration) {
    let mut running = false;
    let mut pause = LONGEST_LOOK;
    let mut hopeless = Vec::new();
    let mut all = lock();
    for watched in all.iter_mut() {
        let word = watched.isolate.turn.0.load(Ordering::SeqCst);
        if !matches!(word & STATE, RUNNING | FIRED) || watched.abandoned {
            continue;
        }
        running = true;
        pause = pause.min(watched.budget / LOOKS_PER_BUDGET);
        if watched.isolate.io().is_some() {
            pause = pause.min(ATTEND_AFTER);
        }
        let Some(now) = watched.clock.now() else {
            continue;
        };
        match watched.seen {
            Some((seen, start)) if seen & !STATE == word & !STATE => {
                if let Some(io) = watched.isolate.io() {
                    io.attend();
                }
                let used = now.saturating_sub(start);
                if word & STATE == RUNNING && used > watched.budget {
                    fire(&watched.isolate, word);
                } else if word & STATE == FIRED && used > watched.budget + PATIENCE {
                    watched.abandoned = true;
                    hopeless.push((watched.isolate.clone(), watched.thread));
                }
            }
            _ => watched.seen = Some((word, now)),
        }
    }
    drop(all);
    // Without the lock: an end has consequences.
    for (isolate, thread) in hopeless {
        quarantine::abandon(&isolate, thread);
    }
    (running, pause.max(SHORTEST_LOOK))
}

/// Ends the turn, if it is still the same.
fn fire(isolate: &Shared, word: u64) {
    let turn = &isolate.turn.0;
    let firing = word & !STATE | FIRING;
    if turn
        .compare_exchange(word, firing, Ordering::SeqCst, Ordering::SeqCst)
        .is_ok()
    {
        isolate.condemn(Verdict::Cpu);
        isolate.terminate_execution();
        turn.store(word & !STATE | FIRED, Ordering::Release);
    }
}

/// The CPU time of one thread, readable from others.
#[cfg(target_os = "linux")]
struct CpuClock(libc::clockid_t);

#[cfg(target_os = "linux")]
impl CpuClock {
    fn of_this_thread() -> Self {
        let mut clock: libc::clockid_t = 0;
        // SAFETY: the thread is alive, it is this one.
        let error = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        assert_eq!(error, 0, "every Linux thread has a CPU clock");
        Self(clock)
    }

    fn now(&self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is valid for writing; a clock of a thread that is gone is an error.
        let error = unsafe { libc::clock_gettime(self.0, &mut time) };
        (error == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}

/// The CPU time of one thread, readable from others.
#[cfg(target_os = "macos")]
struct CpuClock(libc::mach_port_t);

#[cfg(target_os = "macos")]
impl CpuClock {
    fn of_this_thread() -> Self {
        // SAFETY: the thread is alive, it is this one.
        Self(unsafe { libc::pthread_mach_thread_np(libc::pthread_self()) })
    }

    fn now(&self) -> Option<Duration> {
        // SAFETY: an all-zero `thread_basic_info` is valid, and `count` states its size.
        let (error, info) = unsafe {
            let mut info: libc::thread_basic_info = std::mem::zeroed();
            let mut count = libc::THREAD_BASIC_INFO_COUNT;
            let out = (&raw mut info).cast();
            (
                libc::thread_info(self.0, libc::THREAD_BASIC_INFO as u32, out, &mut count),
                info,
            )
        };
        let part =
            |t: libc::time_value_t| Duration::new(t.seconds as u64, t.microseconds as u32 * 1000);
        (error == libc::KERN_SUCCESS).then(|| part(info.user_time) + part(info.system_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_ended_is_not_fired_at() {
        let handle = crate::Handle::new(Arc::new(crate::memory::Quota::new(0)));
        let turn = &handle.0.turn;
        turn.begin();
        let word = turn.0.load(Ordering::SeqCst);
        turn.end();
        turn.begin();
        fire(&handle.0, word);
        assert_eq!(handle.0.verdict(), Verdict::None);
        fire(&handle.0, turn.0.load(Ordering::SeqCst));
        assert_eq!(handle.0.verdict(), Verdict::Cpu);
        turn.end();
        assert_eq!(turn.0.load(Ordering::SeqCst) & STATE, 0);
    }

    #[test]
    fn the_clock_counts_work_and_not_sleep() {
        let clock = CpuClock::of_this_thread();
        let start = clock.now().expect("own clock");
        std::thread::sleep(Duration::from_millis(30));
        let slept = clock.now().expect("own clock") - start;
        assert!(slept < Duration::from_millis(20), "{slept:?}");
        let spin = std::time::Instant::now();
        while clock.now().expect("own clock") - start < Duration::from_millis(5) {
            assert!(spin.elapsed() < Duration::from_secs(10));
        }
    }
}
