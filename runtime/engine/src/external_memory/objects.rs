//! Memory of native code that V8 does not see: what platform objects hold, and what a running native function has converted.
//!
//! It is counted exactly, and V8 is told of it in batches ([`settle`]), as it paces its collections by it. With each batch the
//! isolate's limit is looked at, so that a script cannot pass it within one turn either.
//!
//! Objects are freed while V8 sweeps, at some time after a collection. So right after one, the sum still has garbage in it, and
//! says nothing; see `isolate::enforce_limit`.

use std::cell::{Cell, OnceCell};
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use super::malloc;
use crate::external_memory::Account;
use crate::isolate;
use crate::state::State;

/// V8 is told whenever the sum has changed by so much: each time costs a call, and may start a collection.
const BATCH: isize = 1 << 20;

/// The sum of one isolate. Changed on its thread only, so that this needs no read-modify-write; read by all.
#[derive(Debug, Default)]
pub(crate) struct ObjectMemory {
    held: AtomicIsize,
    /// What V8 was told.
    told: AtomicIsize,
    /// The part of `held` that the running native function has converted.
    converted: AtomicUsize,
    /// How many [`Owner`]s there are.
    owners: AtomicUsize,
}

impl ObjectMemory {
    /// Bytes that are held now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// The part of V8's external memory that [`settle`] has reported.
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    #[inline]
    fn add(&self, bytes: isize) {
        let held = self.held.load(Ordering::Relaxed);
        self.held.store(held.wrapping_add(bytes), Ordering::Relaxed);
    }

    #[inline]
    fn untold(&self) -> isize {
        self.held.load(Ordering::Relaxed) - self.told.load(Ordering::Relaxed)
    }

    /// Notes that V8 is told now. Returns the difference to the last time.
    fn tell(&self) -> isize {
        let untold = self.untold();
        self.told
            .store(self.held.load(Ordering::Relaxed), Ordering::Relaxed);
        untold
    }

    #[inline]
    fn convert(&self, bytes: usize) {
        let converted = self.converted.load(Ordering::Relaxed);
        self.converted.store(converted + bytes, Ordering::Relaxed);
        self.add(bytes as isize);
    }

    /// A function begins, whose conversions are counted from 0. Returns those of the function below it.
    #[inline]
    fn begin(&self) -> usize {
        let outer = self.converted.load(Ordering::Relaxed);
        self.converted.store(0, Ordering::Relaxed);
        outer
    }

    /// It has returned.
    #[inline]
    fn end(&self, outer: usize) {
        let converted = self.converted.load(Ordering::Relaxed);
        self.converted.store(outer, Ordering::Relaxed);
        self.add(-(converted as isize));
    }
}

/// Bytes that count for as long as the value lives, for the isolate that the thread worked for when they were first set. A platform
/// object keeps one for what may grow after it was made; whoever makes or changes one sees to it that [`settle`] follows, as the
/// glue of generated members does.
#[derive(Debug, Default)]
pub struct ExternalMemory {
    bytes: Cell<usize>,
    /// Not `Send`: the sum is changed on the isolate's thread only.
    owner: OnceCell<Owner>,
}

impl ExternalMemory {
    /// A memory of so many bytes.
    #[inline]
    pub fn new(bytes: usize) -> ExternalMemory {
        let owner = (bytes > 0).then(Owner::current).flatten();
        let Some(owner) = owner else {
            return ExternalMemory::default();
        };
        owner.objects().add(bytes as isize);
        ExternalMemory {
            bytes: Cell::new(bytes),
            owner: OnceCell::from(owner),
        }
    }

    /// Makes it so many bytes. Nothing counts where there is no isolate.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.get();
        if bytes == before {
            return;
        }
        if self.owner.get().is_none()
            && let Some(owner) = Owner::current()
        {
            self.owner.get_or_init(|| owner);
        }
        if let Some(owner) = self.owner.get() {
            self.bytes.set(bytes);
            owner.objects().add(bytes as isize - before as isize);
        }
    }

    /// Makes it so many bytes more.
    pub fn add(&self, bytes: usize) {
        self.set(self.bytes.get() + bytes);
    }

    /// Makes it so many bytes fewer.
    pub fn sub(&self, bytes: usize) {
        self.set(self.bytes.get().saturating_sub(bytes));
    }
}

impl Drop for ExternalMemory {
    // May run while V8 collects garbage.
    #[inline]
    fn drop(&mut self) {
        if let Some(owner) = self.owner.get() {
            owner.objects().add(-(self.bytes.get() as isize));
        }
    }
}

/// The account of whom a memory counts for. A request makes several, so they have one count of the `Arc` together: their own number is
/// changed on the isolate's thread only, which takes no atomic operation.
#[derive(Debug)]
struct Owner(NonNull<Account>);

impl Owner {
    /// Whom this thread works for.
    #[inline]
    fn current() -> Option<Owner> {
        let owner = Owner(malloc::current_address()?);
        let owners = &owner.objects().owners;
        let others = owners.load(Ordering::Relaxed);
        owners.store(others + 1, Ordering::Relaxed);
        if others == 0 {
            owner.keep();
        }
        Some(owner)
    }

    /// The first one: takes a count.
    #[cold]
    fn keep(&self) {
        // SAFETY: the address is an `Arc`'s, which this thread keeps meanwhile.
        unsafe { Arc::increment_strong_count(self.0.as_ptr()) };
    }

    /// The last one: gives it back.
    #[cold]
    fn leave(&self) {
        // SAFETY: the account is an `Arc`'s, and the first owner took the count that this gives back.
        unsafe { Arc::decrement_strong_count(self.0.as_ptr()) };
    }
}

impl Deref for Owner {
    type Target = Account;

    #[inline]
    fn deref(&self) -> &Account {
        // SAFETY: the count that the first owner took is given back by the last.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owner {
    #[inline]
    fn drop(&mut self) {
        let owners = &self.objects().owners;
        let others = owners.load(Ordering::Relaxed) - 1;
        owners.store(others, Ordering::Relaxed);
        if others == 0 {
            self.leave();
        }
    }
}

/// Tells V8 of changes if there are enough of them, and ends the isolate if it is over its limit. May collect garbage, so no
/// cell that is traced may be borrowed.
#[inline]
pub fn settle(isolate: &mut v8::Isolate) {
    let is_due = malloc::with_current(|account| account.objects().untold().abs() >= BATCH);
    if is_due == Some(true) {
        tell(isolate);
    }
}

#[cold]
fn tell(isolate: &mut v8::Isolate) {
    let Some(shared) = State::from_isolate(isolate).map(|state| state.shared.clone()) else {
        return;
    };
    let untold = shared.account.objects().tell();
    isolate.adjust_amount_of_external_allocated_memory(untold as i64);
    if untold > 0 {
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
        let outer = malloc::with_current(|account| account.objects().begin());
        Conversions {
            outer: outer.unwrap_or_default(),
        }
    }
}

impl Drop for Conversions {
    #[inline]
    fn drop(&mut self) {
        malloc::with_current(|account| account.objects().end(self.outer));
    }
}

/// The running native function has made so many bytes of a script's values. Between [`Conversions::begin`] and its drop.
#[inline]
pub fn converted(isolate: &mut v8::Isolate, bytes: usize) {
    malloc::with_current(|account| account.objects().convert(bytes));
    settle(isolate);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_conversions_are_given_back() {
        let account = Arc::new(Account::new(0));
        let _working = malloc::work_for(&account);
        let held = || account.objects().held();
        let memory = ExternalMemory::new(10);
        memory.add(7);
        memory.sub(2);
        assert_eq!(held(), 15);
        let outer = Conversions::begin();
        account.objects().convert(7);
        let inner = Conversions::begin();
        drop(inner);
        assert_eq!(held(), 22);
        drop(outer);
        memory.set(1);
        assert_eq!(held(), 1);
        drop(memory);
        assert_eq!((held(), account.objects().begin()), (0, 0));
    }

    #[test]
    fn a_weight_counts_where_it_was_made() {
        let (one, other) = (Arc::new(Account::new(0)), Arc::new(Account::new(0)));
        let held = || (one.objects().held(), other.objects().held());
        let _one = malloc::work_for(&one);
        let memory = ExternalMemory::new(10);
        {
            let _other = malloc::work_for(&other);
            let conversions = Conversions::begin();
            other.objects().convert(3);
            memory.add(5);
            assert_eq!(held(), (15, 3));
            drop((memory, conversions));
        }
        assert_eq!(held(), (0, 0));
    }

    #[test]
    fn an_account_is_kept_as_long_as_something_counts_for_it() {
        let account = Arc::new(Account::new(0));
        let (one, other) = {
            let _working = malloc::work_for(&account);
            (ExternalMemory::new(1), ExternalMemory::new(2))
        };
        assert_eq!(Arc::strong_count(&account), 2);
        drop(one);
        assert_eq!(Arc::strong_count(&account), 2);
        let kept = Arc::downgrade(&account);
        drop(account);
        assert_eq!(kept.strong_count(), 1);
        drop(other);
        assert_eq!(kept.strong_count(), 0);
    }

    #[test]
    fn nothing_counts_without_an_isolate() {
        let memory = ExternalMemory::new(10);
        assert_eq!(memory.bytes.get(), 0);
    }
}
