//! Memory behind native objects that V8 does not see. V8 is told of it in batches, as it paces its collections by it; the
//! limit of an isolate is checked against the exact sum.
//!
//! Objects are freed while V8 sweeps, at some time after a collection. So right after one, the sum still has garbage in it, and
//! says nothing; see `isolate::check_memory`.

use std::cell::Cell;

/// V8 is told whenever the sum has changed by so much: each time costs a call, and may start a collection.
const BATCH: isize = 1 << 20;

thread_local! {
    /// What this thread's isolate holds now. An isolate never changes its thread.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// What V8 was told.
    static TOLD: Cell<isize> = const { Cell::new(0) };
}

/// An object was made that holds about so many bytes. Not to be called before the collector can reach the object.
pub fn taken(isolate: &mut v8::Isolate, bytes: usize) {
    if bytes == 0 {
        return;
    }
    let held = HELD.get() + bytes as isize;
    HELD.set(held);
    let untold = held - TOLD.get();
    if untold.abs() >= BATCH {
        TOLD.set(held);
        isolate.adjust_amount_of_external_allocated_memory(untold as i64);
    }
}

/// An object was freed that had been taken with so many bytes. May be called while V8 collects garbage.
pub fn released(bytes: usize) {
    HELD.set(HELD.get() - bytes as isize);
}

/// Bytes that this thread's isolate holds.
pub(crate) fn held() -> usize {
    HELD.get().max(0) as usize
}

/// The part of V8's external memory that [`taken`] has reported.
pub(crate) fn told() -> usize {
    TOLD.get().max(0) as usize
}

/// A new isolate begins on this thread: what the last one left is not its own.
pub(crate) fn reset() {
    HELD.set(0);
    TOLD.set(0);
}
