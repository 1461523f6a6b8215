//! Memory of native code that V8 does not see: what platform objects hold, and what a running native function has converted.
//!
//! It is counted exactly, and V8 is told of it in batches ([`settle`]), as it paces its collections by it. With each batch the
//! isolate's limit is looked at, so that a script cannot pass it within one turn either.
//!
//! Objects are freed while V8 sweeps, at some time after a collection. So right after one, the sum still has garbage in it, and
//! says nothing; see `isolate::enforce_limit`.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::isolate;
use crate::state::State;

/// V8 is told whenever the sum has changed by so much: each time costs a call, and may start a collection.
const BATCH: isize = 1 << 20;

thread_local! {
    /// What this thread's isolate holds now. An isolate never changes its thread.
    static HELD: Cell<isize> = const { Cell::new(0) };
    /// What V8 was told.
    static TOLD: Cell<isize> = const { Cell::new(0) };
    /// The part of `HELD` that the running native function has converted.
    static CONVERTED: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that count for as long as the value lives. A platform object keeps one for what may grow after it was made; whoever
/// makes or changes one on an isolate's thread sees to it that [`settle`] follows, as the glue of generated members does.
#[derive(Debug, Default)]
pub struct Weight {
    bytes: Cell<usize>,
    /// The count is the thread's.
    _not_send: PhantomData<*const ()>,
}

impl Weight {
    /// A weight of so many bytes.
    pub fn new(bytes: usize) -> Weight {
        let weight = Weight::default();
        weight.set(bytes);
        weight
    }

    /// Makes it so many bytes.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.replace(bytes);
        HELD.set(HELD.get() - before as isize + bytes as isize);
    }

    /// Makes it so many bytes more.
    pub fn add(&self, bytes: usize) {
        self.set(self.bytes.get() + bytes);
    }
}

impl Drop for Weight {
    // May run while V8 collects garbage.
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Tells V8 of changes if there are enough of them, and ends the isolate if it is over its limit. May collect garbage, so no
/// cell that is traced may be borrowed.
#[inline]
pub fn settle(isolate: &mut v8::Isolate) {
    if (HELD.get() - TOLD.get()).abs() >= BATCH {
        tell(isolate);
    }
}

#[cold]
fn tell(isolate: &mut v8::Isolate) {
    let held = HELD.get();
    let untold = held - TOLD.replace(held);
    isolate.adjust_amount_of_external_allocated_memory(untold as i64);
    let shared = State::from_isolate(isolate).map(|state| state.shared.clone());
    if let Some(shared) = shared.filter(|_| untold > 0) {
        isolate::enforce_limit(isolate, &shared);
    }
}

/// A native function that was called by a script. What it converts counts until it returns.
#[must_use]
pub struct Conversions {
    /// What the native function below this one on the stack has converted.
    outer: usize,
}

impl Conversions {
    /// The function begins.
    #[inline]
    pub fn begin() -> Conversions {
        Conversions {
            outer: CONVERTED.replace(0),
        }
    }
}

impl Drop for Conversions {
    #[inline]
    fn drop(&mut self) {
        let converted = CONVERTED.replace(self.outer);
        HELD.set(HELD.get() - converted as isize);
    }
}

/// The running native function has made so many bytes of a script's values. Between [`Conversions::begin`] and its drop.
#[inline]
pub fn converted(isolate: &mut v8::Isolate, bytes: usize) {
    CONVERTED.set(CONVERTED.get() + bytes);
    HELD.set(HELD.get() + bytes as isize);
    settle(isolate);
}

/// Bytes that this thread's isolate holds; 0 on other threads.
pub(crate) fn held() -> usize {
    HELD.get().max(0) as usize
}

/// The part of V8's external memory that [`settle`] has reported.
pub(crate) fn told() -> usize {
    TOLD.get().max(0) as usize
}

/// A new isolate begins on this thread: what the last one left is not its own.
pub(crate) fn reset() {
    HELD.set(0);
    TOLD.set(0);
    CONVERTED.set(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_conversions_are_given_back() {
        reset();
        let weight = Weight::new(10);
        weight.add(5);
        assert_eq!(held(), 15);
        let outer = Conversions::begin();
        CONVERTED.set(7);
        HELD.set(HELD.get() + 7);
        let inner = Conversions::begin();
        drop(inner);
        assert_eq!(held(), 22);
        drop(outer);
        weight.set(1);
        assert_eq!(held(), 1);
        drop(weight);
        assert_eq!((held(), CONVERTED.get()), (0, 0));
    }
}
