//! Processes that work for this one, such as transpilers. Their memory is of the same limit, and they can be done without: so where it
//! is short, they are ended before any isolate is, those first that have most.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{GRACE, Shortage, resident_of};
use crate::limits::MIB;
use crate::watchdog;

/// One that has less than one part in so many of the limit is not ended, if that would not be enough: it is not what the process lacks.
const NEXT_TO_NOTHING: usize = 32;

static HELPERS: Mutex<Vec<Arc<Entry>>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Arc<Entry>>> {
    HELPERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Entry {
    process: libc::pid_t,
    /// The file that tells what it has.
    memory: PathBuf,
    /// When it was ended, by this or by who has started it: no signal is sent any more.
    ended: Mutex<Option<Instant>>,
    /// It was ended for its memory.
    is_for_memory: AtomicBool,
}

impl Entry {
    fn ended(&self) -> MutexGuard<'_, Option<Instant>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that it has of its own; none once it has ended, also if nobody has waited for it.
    fn resident(&self) -> usize {
        resident_of(&self.memory).unwrap_or(0)
    }

    /// Ends it, unless it is ending. Returns whether it was this that did.
    fn end(&self, now: Instant) -> bool {
        // With the lock: until it is said that it is being waited for, the number is this process's.
        let mut ended = self.ended();
        let is_first = ended.is_none();
        if is_first {
            *ended = Some(now);
            self.is_for_memory.store(true, Ordering::Relaxed);
            // SAFETY: no preconditions.
            unsafe { libc::kill(self.process, libc::SIGKILL) };
        }
        is_first
    }
}

/// A child process that works for this one: it may be ended for its memory, at any time, until this is dropped.
#[derive(Debug)]
pub struct HelperProcess(Arc<Entry>);

impl HelperProcess {
    /// For a child process that has been started, and not been waited for.
    pub fn new(process: u32) -> Self {
        // No child has another number; and 0 would be all of them.
        let number = libc::pid_t::try_from(process).ok();
        let number = number.filter(|number| *number > 0);
        let entry = Arc::new(Entry {
            process: number.unwrap_or_default(),
            memory: format!("/proc/{process}/statm").into(),
            ended: Mutex::new(number.is_none().then(Instant::now)),
            is_for_memory: AtomicBool::new(false),
        });
        let mut all = lock();
        if all.try_reserve(1).is_err() {
            // This thread stops there, and must not keep the lock; see `containment`.
            drop(all);
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Entry>());
        }
        all.push(entry.clone());
        drop(all);
        watchdog::wake();
        Self(entry)
    }

    /// Waits for the end of the process, which is certain. Its number may be another one's from then on.
    pub fn wait<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.0.ended().get_or_insert_with(Instant::now);
        wait()
    }

    /// Whether it was ended because the process was short of memory.
    pub fn was_ended_for_memory(&self) -> bool {
        self.0.is_for_memory.load(Ordering::Relaxed)
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        self.0.ended().get_or_insert_with(Instant::now);
        lock().retain(|entry| !Arc::ptr_eq(entry, &self.0));
    }
}

/// Whether there are some, so that what is left has to be looked at.
pub(crate) fn are_there() -> bool {
    !lock().is_empty()
}

/// Bytes that all of them have.
pub(super) fn resident() -> usize {
    lock().iter().map(|entry| entry.resident()).sum()
}

/// Ends the one that has most, if that helps. Returns whether there is one, or one that has yet to give back what it has.
pub(super) fn end_largest(shortage: Shortage, now: Instant) -> bool {
    let Shortage { used, limit } = shortage;
    let helps = |resident: usize| {
        let is_much = resident >= (limit / NEXT_TO_NOTHING).max(1);
        is_much || shortage.ends_with(resident)
    };
    let mut largest: Option<(Arc<Entry>, usize)> = None;
    for entry in lock().iter() {
        let resident = entry.resident();
        let ended = *entry.ended();
        match ended {
            Some(ended) => {
                let is_ending = now.saturating_duration_since(ended) < GRACE;
                if is_ending && resident > 0 && helps(resident) {
                    return true;
                }
            }
            None if largest.as_ref().is_none_or(|(_, most)| resident > *most) => {
                largest = Some((entry.clone(), resident));
            }
            None => {}
        }
    }
    let largest = largest.filter(|(_, resident)| helps(*resident));
    let Some((_, resident)) = largest.filter(|(entry, _)| entry.end(now)) else {
        return false;
    };
    tracing::warn!(
        "the process uses {} MB of its memory limit of {} MB: a process that transpiles for an app is ended, which has {} MB",
        used / MIB,
        limit / MIB,
        resident / MIB
    );
    true
}
