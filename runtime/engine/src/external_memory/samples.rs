//! What Rust code holds for an isolate, whoever thought of counting it, and whoever frees it.
//!
//! The process's allocator looks at one point of all that a thread takes, on average every [`STEP`] bytes, at random. A block with a
//! point in it is noted, with the account of whom the thread works for ([`malloc::current`]); a block of [`LARGE`] bytes always is,
//! with its size. When it is freed, by any thread, the account is found again. So an account's sum is an estimate without bias: of
//! 64 MB in small blocks it is wrong by 3 MB, now and then by 6.
//!
//! Who frees knows at once that most blocks are not noted: those that are begin with a page, as few others do. Where one was noted is
//! looked up in a table that takes no lock and no memory. It is as large as it is: what finds no place there is not counted.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::Account;
use super::malloc;

/// One point in so many bytes.
pub(crate) const STEP: usize = 128 << 10;
/// Two points are never further from each other: so many bytes or more are noted as they are.
pub(crate) const LARGE: usize = STEP + STEP / 2;
/// Blocks that are noted begin at a multiple of this.
pub(crate) const ALIGNMENT: usize = 4096;

struct Points {
    /// Bytes to the next one, less than [`LARGE`].
    left: Cell<usize>,
    /// The state of a generator of random numbers; 0 before the first one.
    random: Cell<u32>,
}

thread_local! {
    /// Where the next point is in what this thread takes, whoever it works for. Constant and without destructor, as the allocator
    /// uses it.
    static POINTS: Points = const { Points { left: Cell::new(0), random: Cell::new(0) } };
}

impl Points {
    #[inline]
    fn pass(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        if let Some(left) = left {
            self.left.set(left);
        }
        left.is_none()
    }

    /// How many points there are in so many bytes, which are taken.
    fn within(&self, mut bytes: usize) -> usize {
        if self.random.get() == 0 {
            // Threads begin at different places.
            self.random.set((&raw const *self).addr() as u32 | 1);
            self.left.set(self.next() / 2);
        }
        let mut points = 0;
        loop {
            if self.pass(bytes) {
                bytes -= self.left.replace(self.next());
                points += 1;
            } else {
                return points;
            }
        }
    }

    /// The distance of the next two points: half of a [`STEP`] to one and a half. Always the same would meet always the same blocks.
    fn next(&self) -> usize {
        // Xorshift, G. Marsaglia, 2003.
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        self.random.set(random);
        STEP / 2 + random as usize % STEP
    }
}

/// Whether a block of so many bytes, which is about to be taken, is to be noted: then [`Sample::of`] has to follow.
#[inline]
pub(crate) fn is_due(bytes: usize) -> bool {
    POINTS.with(|points| points.pass(bytes))
}

/// What is to be noted of a block.
pub(crate) struct Sample {
    owner: Arc<Account>,
    weight: usize,
}

impl Sample {
    /// Of a block of so many bytes for which [`is_due`] holds. `None` if the thread works for nobody.
    pub(crate) fn of(bytes: usize) -> Option<Sample> {
        let weight = if bytes >= LARGE {
            bytes
        } else {
            let points = POINTS.with(|points| points.within(bytes));
            // SAFETY: no preconditions but that it is not 0.
            let real = unsafe { tikv_jemalloc_sys::nallocx(bytes.max(1), 0) };
            points * STEP * real / bytes.max(1)
        };
        let owner = (weight > 0).then(malloc::current).flatten()?;
        Some(Sample { owner, weight })
    }

    /// The block was allocated, or is null. Nobody else has it yet.
    pub(crate) fn note(self, block: *mut u8) {
        if !block.is_null() {
            NOTED.insert(block.addr(), self);
        }
    }
}

/// Whether a block at this place may be noted.
#[inline]
pub(crate) fn may_be_noted(block: *mut u8) -> bool {
    block.addr().is_multiple_of(ALIGNMENT)
}

/// The block, which is the caller's alone, is about to be freed or moved, or to count as something else from now on.
#[inline]
pub(crate) fn forget(block: *mut u8) {
    if may_be_noted(block) {
        drop(NOTED.remove(block.addr()));
    }
}

/// Addresses of blocks, their owners and weights. An address is in one set only, so that nothing is ever moved, and where it is not
/// is found by a look at one set.
struct Table<const SETS: usize> {
    sets: [Set; SETS],
}

const WAYS: usize = 8;

struct Set {
    /// 0 where there is none.
    blocks: [AtomicUsize; WAYS],
    /// These are of the one who has the block.
    owners: [AtomicPtr<Account>; WAYS],
    weights: [AtomicUsize; WAYS],
}

/// 3 MiB, of which as many pages are used as there are places: sets that lie side by side are of blocks that do.
static NOTED: Table<{ 1 << 14 }> = Table::new();

impl<const SETS: usize> Table<SETS> {
    const fn new() -> Self {
        Self {
            sets: [const {
                Set {
                    blocks: [const { AtomicUsize::new(0) }; WAYS],
                    owners: [const { AtomicPtr::new(std::ptr::null_mut()) }; WAYS],
                    weights: [const { AtomicUsize::new(0) }; WAYS],
                }
            }; SETS],
        }
    }

    /// Pages that lie side by side have sets that do. Blocks of one size lie at equal distances, also of many pages: so more than that
    /// is mixed.
    fn set(&self, block: usize) -> &Set {
        let pages = block / ALIGNMENT / WAYS;
        let mixed = (pages / 64).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize);
        &self.sets[(pages ^ (mixed >> 16)) % SETS]
    }

    /// Notes a block, and counts it, if there is a place. Returns whether there was.
    fn insert(&self, block: usize, sample: Sample) -> bool {
        let set = self.set(block);
        // Acquires what the last one to have the place has done with it.
        let takes = |address: &AtomicUsize| {
            let is_free = address.load(Ordering::Relaxed) == 0;
            let taken = || address.compare_exchange(0, block, Ordering::Acquire, Ordering::Relaxed);
            is_free && taken().is_ok()
        };
        let Some(place) = set.blocks.iter().position(takes) else {
            return false;
        };
        let Sample { owner, weight } = sample;
        owner.add_sampled(weight);
        set.owners[place].store(Arc::into_raw(owner).cast_mut(), Ordering::Relaxed);
        set.weights[place].store(weight, Ordering::Relaxed);
        true
    }

    /// The block is noted no more, and counts no more.
    fn remove(&self, block: usize) -> Option<Sample> {
        let set = self.set(block);
        let is_it = |address: &AtomicUsize| address.load(Ordering::Relaxed) == block;
        let place = set.blocks.iter().position(is_it)?;
        let owner = set.owners[place].load(Ordering::Relaxed).cast_const();
        let weight = set.weights[place].load(Ordering::Relaxed);
        set.blocks[place].store(0, Ordering::Release);
        // SAFETY: the pointer is an `Arc`'s, which `insert` has put there for this block. Whoever has the block is the only one to
        // look for it, and came to have it after that.
        let owner = unsafe { Arc::from_raw(owner) };
        owner.sub_sampled(weight);
        Some(Sample { owner, weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MIB;

    /// Works for an account of its own.
    fn working<R>(work: impl FnOnce(&Arc<Account>) -> R) -> R {
        let account = Arc::new(Account::new(1 << 30));
        let _working = malloc::work_for(&account);
        work(&account)
    }

    fn sample(owner: &Arc<Account>, weight: usize) -> Sample {
        let owner = owner.clone();
        Sample { owner, weight }
    }

    fn is_about(estimate: usize, bytes: usize, percent: usize) -> bool {
        estimate.abs_diff(bytes) <= bytes * percent / 100
    }

    #[test]
    fn small_blocks_count_whatever_their_size_and_whoever_frees_them() {
        working(|account| {
            for size in [17, 24, 500, 4000, 5000, 20_000, 100_000] {
                let blocks: Vec<_> = (0..16 * MIB / size).map(|_| vec![0_u8; size]).collect();
                // SAFETY: no preconditions but that it is not 0.
                let real = unsafe { tikv_jemalloc_sys::nallocx(size, 0) };
                let all = (real + size_of::<Vec<u8>>()) * blocks.len();
                let sampled = account.sampled();
                assert!(is_about(sampled, all, 20), "{sampled} of {all} by {size}");
                std::thread::scope(|scope| {
                    scope.spawn(|| drop(blocks));
                });
                assert!(account.sampled() < MIB, "by {size}");
            }
        });
    }

    /// Most of what is taken is freed at once, at a place of its own in each round.
    #[test]
    fn what_is_left_of_much_is_known() {
        working(|account| {
            let mut left = Vec::with_capacity(32 * MIB / 64);
            while left.len() < left.capacity() {
                let garbage = std::hint::black_box(vec![0_u8; 4000]);
                left.push(std::hint::black_box(Box::new([0_u8; 64])));
                drop(garbage);
            }
            let all = left.len() * 64 + left.capacity() * size_of::<Box<[u8; 64]>>();
            let sampled = account.sampled();
            assert!(is_about(sampled, all, 30), "{sampled} of {all}");
        });
    }

    #[test]
    fn what_grows_or_shrinks_counts_as_it_is_now() {
        working(|account| {
            let mut grown: Vec<Vec<u8>> = (0..16 * 1024).map(|_| vec![0; 16]).collect();
            grown.iter_mut().for_each(|one| one.resize(4096, 0));
            let sampled = account.sampled();
            assert!(is_about(sampled, 64 * MIB, 20), "{sampled} when grown");
            grown.iter_mut().for_each(|one| {
                one.truncate(16);
                one.shrink_to_fit();
            });
            let sampled = account.sampled();
            assert!(sampled < 3 * MIB, "{sampled} when shrunk");
        });
    }

    #[test]
    fn large_blocks_count_exactly() {
        working(|account| {
            let before = account.sampled();
            let counted = || account.sampled() - before;
            let mut block = vec![7_u8; 3 * MIB];
            assert_eq!(counted(), 3 * MIB);
            block.resize(5 * MIB, 8);
            block.shrink_to_fit();
            assert_eq!(counted(), 5 * MIB);
            let zeros = vec![0_u8; LARGE];
            assert_eq!(counted(), 5 * MIB + LARGE);
            assert!(zeros.iter().all(|byte| *byte == 0));
            let nobody = malloc::work_for_nobody();
            let others = vec![1_u8; MIB];
            block.reserve_exact(MIB);
            assert_eq!(counted(), LARGE, "who has it moved is nobody");
            drop((nobody, zeros, others));
            assert_eq!(counted(), 0);
            assert!(block.starts_with(&[7]) && block.ends_with(&[8]));
        });
    }

    #[test]
    fn what_is_noted_is_aligned_as_it_has_to_be() {
        #[repr(align(64))]
        struct Line([u8; 64]);
        #[repr(align(16384))]
        struct Pages([u8; 16384]);
        working(|_| {
            let lines: Vec<_> = (0..16_000).map(|_| Box::new(Line([1; 64]))).collect();
            assert!(lines.iter().all(|line| line.0 == [1; 64]));
            let pages: Vec<_> = (0..100).map(|_| Box::new(Pages([2; 16384]))).collect();
            assert!(pages.iter().all(|pages| pages.0 == [2; 16384]));
            let addresses = pages.iter().map(|pages| (&raw const **pages).addr());
            assert!(addresses.into_iter().all(|at| at.is_multiple_of(16384)));
        });
    }

    #[test]
    fn the_table_has_places_for_blocks_of_any_size() {
        let table = Box::<Table<{ 1 << 10 }>>::leak(Box::new(Table::new()));
        let owner = Arc::new(Account::new(0));
        for pages in [1, 2, 3, 4, 8, 48, 64, 80, 256, 1024, 4096] {
            let addresses = || (1..=2048).map(|number| number * pages * ALIGNMENT);
            let noted = addresses().filter(|block| table.insert(*block, sample(&owner, *block)));
            let noted = noted.count();
            assert!(noted > 2000, "{noted} of 2048 of {pages} pages");
            for block in addresses() {
                if let Some(found) = table.remove(block) {
                    assert_eq!(found.weight, block);
                }
                assert!(table.remove(block).is_none());
            }
            assert_eq!(Arc::strong_count(&owner), 1);
        }
    }

    #[test]
    fn threads_share_a_set() {
        let table = Box::<Table<1>>::leak(Box::new(Table::new()));
        let owner = Arc::new(Account::new(0));
        std::thread::scope(|scope| {
            for thread in 1..=4_usize {
                let (table, owner) = (&*table, &owner);
                scope.spawn(move || {
                    for round in 1..20_000_usize {
                        let block = (round * 4 + thread) * ALIGNMENT;
                        if table.insert(block, sample(owner, round)) {
                            let found = table.remove(block).map(|found| found.weight);
                            assert_eq!(found, Some(round));
                        }
                    }
                });
            }
        });
        assert_eq!(Arc::strong_count(&owner), 1);
    }
}
