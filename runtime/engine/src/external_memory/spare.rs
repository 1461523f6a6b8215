//! Spare memory: what one call that nothing can interrupt may take past its isolate's bound, as long as all of them together take
//! little. There is some for C and C++ code ([`crate::external_memory::malloc`]), and some for V8's heap: for the room that V8 gets
//! when it nears its limit ([`crate::isolate::near_heap_limit`]), and for large objects ([`crate::external_memory::mappings`]).
//!
//! An isolate whose thread stops at the bound is lost, with all its memory, and clients can have an app ask for much with a text
//! that fits into its limit by far: `text.split("\n")`, `text.normalize("NFKD")`. With some room the call comes to its end, and the
//! isolate, which was ordered to end at the first bound, gives everything back. What lost ones have taken does not come back: then
//! there is less for others, down to nothing, where the bounds hold as they are.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::MIB;

/// The most that there is for C and C++ code, and the part of the process's memory that it is otherwise.
const MOST: usize = 2048 * MIB;
const PART: usize = 4;
/// The part of the process's memory that there is for V8's heaps.
const HEAP_PART: usize = 3;
/// It is taken in steps.
const STEP: usize = 32 * MIB;

/// For C and C++ code.
pub(super) static FOREIGN: Pool = Pool {
    all: AtomicUsize::new(0),
    taken: AtomicUsize::new(0),
    share: 2,
};

/// For V8's heaps: the largest string and the one that it is made of may be all of it.
pub(super) static HEAP: Pool = Pool {
    all: AtomicUsize::new(usize::MAX),
    taken: AtomicUsize::new(0),
    share: 1,
};

/// Makes parts of the process's memory, which is so many bytes, the spare one. Nothing is taken or kept for it.
pub(crate) fn set_aside(memory: usize) {
    let foreign = (memory / PART).min(MOST);
    FOREIGN.all.store(foreign, Ordering::Relaxed);
    HEAP.all.store(memory / HEAP_PART, Ordering::Relaxed);
}

/// Bytes.
#[derive(Debug)]
pub(super) struct Pool {
    all: AtomicUsize,
    /// What isolates have of it.
    taken: AtomicUsize,
    /// An isolate gets no more than one part in so many of it.
    share: usize,
}

/// What one isolate has taken; back when it is dropped.
#[derive(Debug)]
pub(super) struct Spare {
    bytes: AtomicUsize,
    pool: &'static Pool,
}

impl Spare {
    /// Nothing of that pool yet.
    pub(super) const fn of(pool: &'static Pool) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            pool,
        }
    }

    /// Gives back what is more than `bytes`. One thread at a time does so for an isolate, or asks.
    pub(super) fn keep(&self, bytes: usize) {
        let has = self.bytes.load(Ordering::Relaxed);
        if bytes < has {
            self.bytes.store(bytes, Ordering::Relaxed);
            self.pool.taken.fetch_sub(has - bytes, Ordering::Relaxed);
        }
    }

    /// Whether the isolate has `bytes`, or gets what is missing. One thread at a time asks for an isolate.
    pub(super) fn covers(&self, bytes: usize) -> bool {
        let has = self.bytes.load(Ordering::Relaxed);
        if bytes <= has {
            return true;
        }
        let wanted = bytes.max(has.saturating_add(STEP));
        let all = self.pool.all.load(Ordering::Relaxed);
        if wanted > all / self.pool.share {
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
            share: 2,
        }));
        let spare = || Spare::of(pool);
        let taken = || pool.taken.load(Ordering::Relaxed);
        let (first, second, third) = (spare(), spare(), spare());
        assert!(first.covers(1) && first.covers(STEP));
        assert_eq!(taken(), STEP);
        assert!(!first.covers(201 * MIB), "its share is 200");
        assert!(first.covers(200 * MIB) && second.covers(200 * MIB));
        assert!(!third.covers(1));
        drop(first);
        assert!(third.covers(1));
        second.keep(10 * MIB);
        assert_eq!(taken(), 10 * MIB + STEP);
        second.keep(20 * MIB);
        drop((second, third));
        assert_eq!(taken(), 0);
    }

    #[test]
    fn where_nothing_is_set_aside_there_is_none() {
        assert!(!Spare::of(&FOREIGN).covers(1));
    }
}
