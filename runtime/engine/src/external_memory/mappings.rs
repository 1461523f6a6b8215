//! The number of buffers that have mappings of their own: resizable and growable ones, and the memories of WebAssembly.
//!
//! V8 takes their memory from the system, not from the allocator of array buffers, and it does so in many places: constructors,
//! `structuredClone`, a module's own memory. A process has some 65,000 mappings and 128 TB of addresses, and threads, heaps and
//! other apps' buffers come out of the same. So they are counted where they are made: on Linux the program has its own `mmap`
//! and `munmap`, and V8 gets no more than an isolate may have, and no more than all together may. It collects garbage then, and
//! asks again; and throws a `RangeError`.
//!
//! What a buffer's mapping looks like: address space without access, anywhere. V8 asks for its heap's at an address, and other
//! code wants access.
//!
//! Large objects of the heap have mappings of their own. V8 gives a script the first large object of its young generation whatever
//! the heap's limit is (`NewLargeObjectSpace::AllocateRaw`), up to 1 GB, and looks at the limit in its next collection, which may
//! be long after. So these count for the isolate as soon as they are mapped, and [`super::watch`] has the heap looked at.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::external_memory::Account;
use crate::limits::MIB;

/// Mappings of one isolate.
const MAX_MAPPINGS: usize = 1024;
/// Address space of one isolate: a memory of WebAssembly takes 10 GiB of it.
const MAX_MAPPED: usize = 2 << 40;
/// Mappings of all isolates. The system splits each into up to three.
const ALL_MAPPINGS: usize = 16 << 10;
/// Address space of all isolates.
const ALL_MAPPED: usize = 48 << 40;
/// An isolate may have as much as one part in so many of what is left to all: however many take what they can get, or were lost
/// with it, there is some for the next.
const SHARE: usize = 4;
/// A large object of the heap counts at once from so many bytes on.
const LARGE_OBJECT: usize = 8 * MIB;
/// A part is kept for isolates that have no more than a few, and is not shared out.
const RESERVE: usize = ALL_MAPPINGS / 8;
const FEW: usize = 16;

/// A mapping that somebody has.
struct Mapping {
    address: usize,
    bytes: usize,
    owner: Arc<Account>,
}

/// An open hash table of fixed size: `munmap` is called by the allocator, too, so nothing here may allocate.
struct Table<const SLOTS: usize> {
    slots: [Option<Mapping>; SLOTS],
    mapped: usize,
}

/// At most half full. Its pages cost memory only when touched.
static TABLE: Mutex<Table<{ ALL_MAPPINGS * 2 }>> = Mutex::new(Table {
    slots: [const { None }; ALL_MAPPINGS * 2],
    mapped: 0,
});

/// How many mappings the table has.
static COUNT: AtomicUsize = AtomicUsize::new(0);

impl<const SLOTS: usize> Table<SLOTS> {
    /// Where an address belongs: neighbouring pages far from each other.
    fn home(address: usize) -> usize {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = (address as u64 >> 12).wrapping_mul(GOLDEN);
        (hash >> 32) as usize % SLOTS
    }

    /// The slot of an address, or the free one where it belongs.
    fn find(&self, address: usize) -> usize {
        let mut slot = Self::home(address);
        while let Some(mapping) = &self.slots[slot]
            && mapping.address != address
        {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    fn insert(&mut self, mapping: Mapping) {
        let slot = self.find(mapping.address);
        self.mapped += mapping.bytes;
        self.slots[slot] = Some(mapping);
    }

    fn remove(&mut self, address: usize) -> Option<Mapping> {
        let mut free = self.find(address);
        let removed = self.slots[free].take()?;
        self.mapped -= removed.bytes;
        // What comes after moves up, so that no gap hides it.
        let mut slot = (free + 1) % SLOTS;
        while let Some(mapping) = &self.slots[slot] {
            let home = Self::home(mapping.address);
            if (slot + SLOTS - home) % SLOTS >= (slot + SLOTS - free) % SLOTS {
                self.slots.swap(free, slot);
                free = slot;
            }
            slot = (slot + 1) % SLOTS;
        }
        Some(removed)
    }
}

fn table() -> MutexGuard<'static, Table<{ ALL_MAPPINGS * 2 }>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an isolate may have one more mapping.
fn has_room(owner: &Account, bytes: usize) -> bool {
    let (count, mapped) = (COUNT.load(Ordering::Relaxed), table().mapped);
    let share = (ALL_MAPPINGS - RESERVE).saturating_sub(count) / SHARE;
    let share_mapped = ALL_MAPPED.saturating_sub(mapped) / SHARE;
    count < ALL_MAPPINGS
        && owner.mappings.load(Ordering::Relaxed) < share.clamp(FEW, MAX_MAPPINGS)
        && owner.mapped.load(Ordering::Relaxed).saturating_add(bytes)
            <= share_mapped.min(MAX_MAPPED)
}

/// Counts a mapping until it goes.
fn note(address: usize, bytes: usize, owner: Arc<Account>) {
    owner.mappings.fetch_add(1, Ordering::Relaxed);
    owner.mapped.fetch_add(bytes, Ordering::Relaxed);
    COUNT.fetch_add(1, Ordering::Relaxed);
    table().insert(Mapping {
        address,
        bytes,
        owner,
    });
}

/// A mapping goes, or so many bytes at its beginning, on any thread.
fn forget(address: usize, bytes: usize) {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut table = table();
    let Some(mut mapping) = table.remove(address) else {
        return;
    };
    let bytes = bytes.min(mapping.bytes);
    mapping.owner.mapped.fetch_sub(bytes, Ordering::Relaxed);
    if bytes < mapping.bytes {
        // V8 asks for more than it needs, and gives back what is not aligned.
        mapping.address += bytes;
        mapping.bytes -= bytes;
        return table.insert(mapping);
    }
    COUNT.fetch_sub(1, Ordering::Relaxed);
    mapping.owner.mappings.fetch_sub(1, Ordering::Relaxed);
    // Before the owner may be freed: that is the allocator's, which may call `munmap`.
    drop(table);
}

/// The C library's functions.
#[cfg(target_os = "linux")]
mod functions {
    use std::ffi::{c_int, c_long, c_void};

    use libc::off_t;

    use super::*;
    use crate::external_memory::malloc;

    #[unsafe(no_mangle)]
    unsafe extern "C" fn mmap(
        address: *mut c_void,
        bytes: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: off_t,
    ) -> *mut c_void {
        let is_buffer = address.is_null() && protection == libc::PROT_NONE;
        let owner = if is_buffer { malloc::current() } else { None };
        if let Some(owner) = &owner
            && !has_room(owner, bytes)
        {
            owner.note_refusal();
            // SAFETY: each thread has its own `errno`.
            unsafe { *libc::__errno_location() = libc::ENOMEM };
            return libc::MAP_FAILED;
        }
        // SAFETY: the caller's promise.
        let mapped = unsafe {
            libc::syscall(
                libc::SYS_mmap,
                address,
                bytes,
                c_long::from(protection),
                c_long::from(flags),
                c_long::from(file),
                offset,
            )
        } as *mut c_void;
        if mapped == libc::MAP_FAILED {
            return mapped;
        }
        if let Some(owner) = owner {
            note(mapped.addr(), bytes, owner);
        }
        if bytes >= LARGE_OBJECT
            && !address.is_null()
            && protection == libc::PROT_READ | libc::PROT_WRITE
            && flags & libc::MAP_FIXED == 0
        {
            malloc::with_current(|account| account.map_heap(bytes));
        }
        mapped
    }

    /// The name where the size of offsets is said.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn mmap64(
        address: *mut c_void,
        bytes: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: off_t,
    ) -> *mut c_void {
        // SAFETY: the caller's promise is the same.
        unsafe { mmap(address, bytes, protection, flags, file, offset) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn munmap(address: *mut c_void, bytes: usize) -> c_int {
        // Before the system may give the address to somebody else.
        forget(address.addr(), bytes);
        // SAFETY: the caller's promise.
        unsafe { libc::syscall(libc::SYS_munmap, address, bytes) as c_int }
    }

    /// The linker takes a definition of ours only if something refers to it.
    #[used]
    static LINKED: unsafe extern "C" fn(*mut c_void, usize) -> c_int = munmap;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_finds_what_is_left_after_removals() {
        let mut table = Table::<16> {
            slots: [const { None }; 16],
            mapped: 0,
        };
        let owner = Arc::new(Account::new(0));
        let mapping = |address| Mapping {
            address,
            bytes: 1,
            owner: owner.clone(),
        };
        for round in 0..100 {
            let addresses: Vec<usize> = (1..=12).map(|n| (round * 100 + n) << 12).collect();
            addresses.iter().for_each(|&a| table.insert(mapping(a)));
            let (gone, left) = addresses.split_at(round % 12);
            for &address in gone {
                assert!(table.remove(address).is_some());
                assert!(table.remove(address).is_none());
            }
            assert_eq!(table.mapped, left.len());
            for &address in left {
                assert!(table.remove(address).is_some());
            }
            assert_eq!((table.mapped, Arc::strong_count(&owner)), (0, 1));
        }
    }

    #[test]
    fn there_is_some_for_the_next_isolate() {
        const PAGE: usize = 1 << 12;
        let owners: Vec<_> = (0..30).map(|_| Arc::new(Account::new(0))).collect();
        let mut address = 1 << 50;
        for owner in &owners {
            while has_room(owner, PAGE) {
                address += PAGE;
                note(address, PAGE, owner.clone());
            }
        }
        let of_first = owners[0].mappings.load(Ordering::Relaxed);
        assert_eq!(of_first, MAX_MAPPINGS);
        for _ in 0..100 {
            let small = Arc::new(Account::new(0));
            for _ in 0..FEW {
                assert!(has_room(&small, PAGE));
                address += PAGE;
                note(address, PAGE, small.clone());
            }
        }
        for address in ((1 << 50) + PAGE..=address).step_by(PAGE) {
            forget(address, PAGE);
        }
        assert_eq!(owners[0].mappings.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_mapping_that_loses_its_beginning_still_counts() {
        let owner = Arc::new(Account::new(0));
        let count = || {
            let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
            (of(&owner.mappings), of(&owner.mapped))
        };
        note(0x1000, 0x5000, owner.clone());
        assert_eq!(count(), (1, 0x5000));
        forget(0x1000, 0x2000);
        assert_eq!(count(), (1, 0x3000));
        forget(0x1000, 0x3000);
        assert_eq!(count(), (1, 0x3000), "it is not there any more");
        forget(0x3000, 0x3000);
        assert_eq!((count(), Arc::strong_count(&owner)), ((0, 0), 1));
    }
}
