//! Spare memory: what one call that nothing can interrupt may take past its isolate's hard bound, as long as all of them together
//! take little.
//!
//! An isolate whose thread stops at the bound is lost, with all its memory, and clients can have an app ask for much with a text
//! that fits into its limit by far: `text.split("\n")`, `text.normalize("NFKD")`. With some room the call comes to its end, and the
//! isolate, which was ordered to end at the first bound, gives everything back. What lost ones have taken does not come back: then
//! there is less for others, down to nothing, where the bounds hold as they are.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::MIB;

/// The most that there is, and the part of the process's memory that it is otherwise.
const MOST: usize = 2048 * MIB;
const PART: usize = 4;
/// An isolate gets no more than one part in so many of it.
const SHARE: usize = 2;
/// It is taken in steps.
const STEP: usize = 32 * MIB;

/// The process's.
static PROCESS: Pool = Pool {
    all: AtomicUsize::new(0),
    taken: AtomicUsize::new(0),
};

/// Makes a part of the process's memory, which is so many bytes, the spare one. Nothing is taken or kept for it.
pub(crate) fn set_aside(memory: usize) {
    let all = (memory / PART).min(MOST);
    PROCESS.all.store(all, Ordering::Relaxed);
}

/// Bytes.
#[derive(Debug)]
struct Pool {
    all: AtomicUsize,
    /// What isolates have of it.
    taken: AtomicUsize,
}

/// What one isolate has taken; back when it is dropped.
#[derive(Debug)]
pub(super) struct Spare {
    bytes: AtomicUsize,
    pool: &'static Pool,
}

impl Default for Spare {
    fn default() -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            pool: &PROCESS,
        }
    }
}

impl Spare {
    /// Whether the isolate has `bytes`, or gets what is missing. One thread at a time asks for an isolate.
    pub(super) fn covers(&self, bytes: usize) -> bool {
        let has = self.bytes.load(Ordering::Relaxed);
        if bytes <= has {
            return true;
        }
        let wanted = bytes.max(has.saturating_add(STEP));
        let all = self.pool.all.load(Ordering::Relaxed);
        if wanted > all / SHARE {
            return false;
        }
        let more = |taken: usize| taken.checked_add(wanted - has).filter(|sum| *sum <= all);
        let taken = &self.pool.taken;
        let is_taken = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        if is_taken.is_ok() {
            self.bytes.store(wanted, Ordering::Relaxed);
        }
        is_taken.is_ok()
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.pool.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolate_has_a_share_and_all_have_a_bound() {
        let pool: &'static Pool = Box::leak(Box::new(Pool {
            all: AtomicUsize::new(400 * MIB),
            taken: AtomicUsize::new(0),
        }));
        let spare = || Spare {
            bytes: AtomicUsize::new(0),
            pool,
        };
        let taken = || pool.taken.load(Ordering::Relaxed);
        let (first, second, third) = (spare(), spare(), spare());
        assert!(first.covers(1) && first.covers(STEP));
        assert_eq!(taken(), STEP);
        assert!(!first.covers(201 * MIB), "its share is 200");
        assert!(first.covers(200 * MIB) && second.covers(200 * MIB));
        assert!(!third.covers(1));
        drop(first);
        assert!(third.covers(1));
        drop((second, third));
        assert_eq!(taken(), 0);
    }

    #[test]
    fn where_nothing_is_set_aside_there_is_none() {
        assert!(!Spare::default().covers(1));
    }
}
