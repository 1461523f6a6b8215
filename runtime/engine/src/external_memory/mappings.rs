//! The number of buffers that have mappings of their own: resizable and growable ones, and the memories of WebAssembly.
//!
//! V8 takes their memory from the system, not from the allocator of array buffers, and it does so in many places: constructors,
//! `structuredClone`, a module's own memory. A process has some 65,000 mappings and 128 TB of addresses, and threads, heaps and
//! other apps' buffers come out of the same. So they are counted where they are made: on Linux the program has its own `mmap`
//! and `munmap`, and V8 gets no more than an app may have with all its isolates, and no more than all together may. It collects
//! garbage then, and asks again; and throws a `RangeError`. What an isolate that was lost has mapped keeps counting for its app.
//!
//! What a buffer's mapping looks like: address space without access, anywhere. V8 asks for its heap's at an address, and other
//! code wants access.
//!
//! Large objects of the heap have mappings of their own. V8 gives a script the first large object of its young generation whatever
//! the heap's limit is (`NewLargeObjectSpace::AllocateRaw`), up to 1 GB, and looks at the limit in its next collection, which may
//! be long after. So these count for the isolate as soon as they are mapped, and [`super::watch`] has the heap looked at. What
//! passes the limit must be there to spare ([`super::spare`]): else V8 is refused the mapping, collects garbage, and gives up
//! where that does not help. What an isolate that was lost had in large objects goes back to the system.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::external_memory::Account;
use crate::limits::MIB;

/// Mappings of one app.
const MAX_MAPPINGS: usize = 1024;
/// Address space of one app: a memory of WebAssembly takes 10 GiB of it.
const MAX_MAPPED: usize = 2 << 40;
/// Mappings of all apps. The system splits each into up to three.
const ALL_MAPPINGS: usize = 16 << 10;
/// Address space of all apps.
const ALL_MAPPED: usize = 48 << 40;
/// An app may have as much as one part in so many of what is left to all: however many take what they can get, there is some for
/// the next.
const SHARE: usize = 4;
/// A large object of the heap counts at once from so many bytes on.
const LARGE_OBJECT: usize = 8 * MIB;
/// A part is kept for apps that have no more than a few, and is not shared out.
const RESERVE: usize = ALL_MAPPINGS / 8;
const FEW: usize = 16;

/// Large objects of all isolates that are known one by one: their memory is limited, and so is their number.
const ALL_LARGE_OBJECTS: usize = 4 << 10;
/// V8 aligns large objects, and gives back what it has mapped before them: less than this.
const ALIGNMENT: usize = MIB;
/// The beginning of a large object, with what V8's own threads may yet read of it, that a lost isolate keeps.
const HEAD: usize = MIB;

/// A mapping that somebody has.
struct Mapping {
    address: usize,
    bytes: usize,
    owner: Arc<Account>,
    /// For which it counts: the owner's, when it was mapped.
    app: Arc<App>,
    kind: Kind,
}

/// What somebody has a mapping for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A buffer, so many bytes of which are accessible, and count.
    Buffer {
        open: usize,
    },
    LargeObject,
}

impl Mapping {
    /// Counts it until it goes. Returns whether that is possible.
    fn count(&self) -> bool {
        match self.kind {
            Kind::Buffer { .. } => {
                self.owner.mappings.fetch_add(1, Ordering::Relaxed);
                self.app.mappings.fetch_add(1, Ordering::Relaxed);
                self.app.mapped.fetch_add(self.bytes, Ordering::Relaxed);
                COUNT.fetch_add(1, Ordering::Relaxed);
            }
            Kind::LargeObject => {
                if LARGE_OBJECTS.fetch_add(1, Ordering::Relaxed) >= ALL_LARGE_OBJECTS {
                    LARGE_OBJECTS.fetch_sub(1, Ordering::Relaxed);
                    return false;
                }
                self.owner.map_large_object(self.bytes);
            }
        }
        true
    }

    /// So many bytes at its beginning go. Returns whether that is all of it.
    fn lose(&mut self, bytes: usize) -> bool {
        let mut bytes = bytes.min(self.bytes);
        match self.kind {
            Kind::Buffer { .. } => {
                self.app.mapped.fetch_sub(bytes, Ordering::Relaxed);
            }
            Kind::LargeObject => {
                if bytes >= ALIGNMENT {
                    // It has given back its end before.
                    bytes = self.bytes;
                }
                self.owner.unmap_large_object(bytes);
            }
        }
        // V8 asks for more than it needs, and gives back what is not aligned.
        self.address += bytes;
        self.bytes -= bytes;
        if self.bytes > 0 {
            return false;
        }
        match self.kind {
            Kind::Buffer { open } => {
                COUNT.fetch_sub(1, Ordering::Relaxed);
                self.owner.mappings.fetch_sub(1, Ordering::Relaxed);
                self.app.mappings.fetch_sub(1, Ordering::Relaxed);
                self.owner.close(open);
            }
            Kind::LargeObject => {
                LARGE_OBJECTS.fetch_sub(1, Ordering::Relaxed);
            }
        }
        true
    }
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

/// How many buffers the table has, and how many large objects.
static COUNT: AtomicUsize = AtomicUsize::new(0);
static LARGE_OBJECTS: AtomicUsize = AtomicUsize::new(0);

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
        if mapping.kind != Kind::LargeObject {
            self.mapped += mapping.bytes;
        }
        self.slots[slot] = Some(mapping);
    }

    fn remove(&mut self, address: usize) -> Option<Mapping> {
        let mut free = self.find(address);
        let removed = self.slots[free].take()?;
        if removed.kind != Kind::LargeObject {
            self.mapped -= removed.bytes;
        }
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

/// Whether an app may have one more mapping. Its isolates may all get the last one at once: that is one for each, and there is room.
fn has_room(app: &App, bytes: usize) -> bool {
    let (count, mapped) = (COUNT.load(Ordering::Relaxed), table().mapped);
    let share = (ALL_MAPPINGS - RESERVE).saturating_sub(count) / SHARE;
    let share_mapped = ALL_MAPPED.saturating_sub(mapped) / SHARE;
    count < ALL_MAPPINGS
        && app.mappings.load(Ordering::Relaxed) < share.clamp(FEW, MAX_MAPPINGS)
        && app.mapped.load(Ordering::Relaxed).saturating_add(bytes) <= share_mapped.min(MAX_MAPPED)
}

/// Counts a mapping until it goes.
fn note(address: usize, bytes: usize, owner: Arc<Account>, kind: Kind) {
    let mapping = Mapping {
        address,
        bytes,
        app: owner.app().clone(),
        owner,
        kind,
    };
    if mapping.count() {
        table().insert(mapping);
    }
}

/// Whether so many bytes at the beginning of a mapping may be accessible; they count from now on. `None` if it is no
/// buffer's.
fn open(address: usize, bytes: usize) -> Option<bool> {
    let (owner, before) = {
        let table = table();
        let mapping = table.slots[table.find(address)].as_ref()?;
        let Kind::Buffer { open } = mapping.kind else {
            return None;
        };
        (mapping.owner.clone(), open)
    };
    // Without the lock: it may wait.
    let more = bytes.saturating_sub(before);
    if !owner.try_open(more) {
        return Some(false);
    }
    let mut table = table();
    let slot = table.find(address);
    if let Some(Mapping { kind, .. }) = &mut table.slots[slot] {
        *kind = Kind::Buffer {
            open: before + more,
        };
    }
    Some(true)
}

/// From there on a mapping is not accessible any more.
fn close(address: usize, owner: &Account) {
    if owner.mappings.load(Ordering::Relaxed) == 0 {
        return;
    }
    let mut table = table();
    let mappings = table.slots.iter_mut().flatten();
    let mut around =
        mappings.filter(|one| (one.address..one.address + one.bytes).contains(&address));
    if let Some(mapping) = around.next()
        && let Kind::Buffer { open } = &mut mapping.kind
    {
        let left = address - mapping.address;
        mapping.owner.close(open.saturating_sub(left));
        *open = left.min(*open);
    }
}

/// Gives the system what a lost isolate has in large objects. Its thread has stopped for ever; V8's own may still look at where an
/// object begins, and where it has references they read zeros: small integers. Returns how many bytes that were.
#[cfg(target_os = "linux")]
pub(crate) fn empty_large_objects(owner: &Arc<Account>) -> usize {
    let mut given = 0;
    for mapping in table().slots.iter().flatten() {
        if mapping.kind != Kind::LargeObject
            || !Arc::ptr_eq(&mapping.owner, owner)
            || mapping.bytes <= HEAD
        {
            continue;
        }
        let (begin, bytes) = (mapping.address + HEAD, mapping.bytes - HEAD);
        let begin = std::ptr::without_provenance_mut(begin);
        // SAFETY: the mapping is there, as `munmap` asks the table first, and nobody uses what is in it.
        if unsafe { libc::madvise(begin, bytes, libc::MADV_DONTNEED) } == 0 {
            given += bytes;
        }
    }
    given
}

/// As above: nothing is known of large objects.
#[cfg(not(target_os = "linux"))]
pub(crate) fn empty_large_objects(_: &Arc<Account>) -> usize {
    0
}

/// A mapping goes, or so many bytes at its beginning, on any thread. Returns whether the table had it.
fn forget(address: usize, bytes: usize) -> bool {
    if COUNT.load(Ordering::Relaxed) == 0 && LARGE_OBJECTS.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let mut table = table();
    let Some(mut mapping) = table.remove(address) else {
        return false;
    };
    if !mapping.lose(bytes) {
        table.insert(mapping);
        return true;
    }
    // Before the owner may be freed: that is the allocator's, which may call `munmap`.
    drop(table);
    true
}

/// The C library's functions.
#[cfg(target_os = "linux")]
mod functions {
    use std::ffi::{c_int, c_long, c_void};

    use libc::off_t;

    use super::*;
    use crate::external_memory::{fund, malloc};
    use crate::process_memory::headroom;
    use crate::resources;

    /// The system's `mmap`.
    ///
    /// # Safety
    /// As that of the C library's.
    unsafe fn map(
        address: *mut c_void,
        bytes: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: off_t,
    ) -> *mut c_void {
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
        };
        mapped as *mut c_void
    }

    const READ_WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;

    /// Says that there is no memory.
    fn refuse() {
        // SAFETY: each thread has its own `errno`.
        unsafe { *libc::__errno_location() = libc::ENOMEM };
    }

    /// Whether a mapping that the system has refused is worth the [`fund`]: on a thread that works for no isolate, and ends the
    /// process without it.
    #[cold]
    fn is_vital(bytes: usize) -> bool {
        // SAFETY: each thread has its own `errno`.
        let error = unsafe { *libc::__errno_location() };
        error == libc::ENOMEM && bytes <= fund::BYTES / 2 && !malloc::is_working()
    }

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
        let is_heap =
            !address.is_null() && protection == READ_WRITE && flags & libc::MAP_FIXED == 0;
        let is_large_object = is_heap && bytes >= LARGE_OBJECT;
        let owner = if is_buffer || is_heap {
            malloc::current()
        } else {
            None
        };
        if let Some(owner) = &owner {
            let is_admitted = if is_buffer {
                has_room(owner.app(), bytes)
            } else {
                let is_admitted = !is_large_object || owner.admits_large_object(bytes);
                is_admitted && headroom::take(owner, bytes)
            };
            if !is_admitted {
                if is_buffer {
                    owner.note_refusal();
                }
                refuse();
                return libc::MAP_FAILED;
            }
        }
        // SAFETY: the caller's promise.
        let mut mapped = unsafe { map(address, bytes, protection, flags, file, offset) };
        if mapped == libc::MAP_FAILED
            && (is_vital(bytes) && fund::spend() || resources::give_room())
        {
            // SAFETY: as above.
            mapped = unsafe { map(address, bytes, protection, flags, file, offset) };
        }
        if mapped == libc::MAP_FAILED {
            return mapped;
        }
        if let Some(owner) = owner {
            if is_buffer {
                note(mapped.addr(), bytes, owner, Kind::Buffer { open: 0 });
            } else if is_large_object {
                note(mapped.addr(), bytes, owner, Kind::LargeObject);
            } else {
                owner.map_pages(bytes);
            }
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
        if !forget(address.addr(), bytes) {
            malloc::with_current(|account| account.unmap_pages(bytes));
        }
        // SAFETY: the caller's promise.
        unsafe { libc::syscall(libc::SYS_munmap, address, bytes) as c_int }
    }

    /// Memory of resizable buffers and of WebAssembly's is reserved first, and made accessible as it grows.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn mprotect(address: *mut c_void, bytes: usize, protection: c_int) -> c_int {
        let address_of = address.addr();
        match protection {
            // V8 names all that is to be accessible, from the buffer's beginning on.
            READ_WRITE => {
                let admitted = malloc::with_current(|account| {
                    let of_buffer = (account.mappings.load(Ordering::Relaxed) > 0)
                        .then(|| open(address_of, bytes))
                        .flatten();
                    let is_admitted =
                        of_buffer.unwrap_or_else(|| bytes < MIB || headroom::take(account, bytes));
                    if !is_admitted {
                        account.note_refusal();
                    }
                    is_admitted
                });
                if admitted == Some(false) {
                    refuse();
                    return -1;
                }
            }
            libc::PROT_NONE => {
                malloc::with_current(|account| close(address_of, account));
            }
            _ => {}
        }
        // SAFETY: the caller's promise.
        unsafe {
            libc::syscall(libc::SYS_mprotect, address, bytes, c_long::from(protection)) as c_int
        }
    }

    /// The linker takes a definition of ours only if something refers to it.
    #[used]
    static LINKED: unsafe extern "C" fn(*mut c_void, usize) -> c_int = munmap;
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUFFER: Kind = Kind::Buffer { open: 0 };
    const PAGE: usize = 1 << 12;

    /// For those that take what there is.
    fn turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mappings(owner: &Account) -> usize {
        owner.app().mappings.load(Ordering::Relaxed)
    }

    #[test]
    fn what_is_accessible_of_a_buffer_counts() {
        let owner = Arc::new(Account::new(0x100_0000));
        let address = 1 << 51;
        note(address, 0x2000_0000, owner.clone(), BUFFER);
        for (bytes, is_open, held) in [
            (0x1000, true, 0x1000),
            (0x80_0000, true, 0x80_0000),
            (0x1101_0000, false, 0x80_0000),
            (0x90_0000, true, 0x90_0000),
            (0x110_0000, true, 0x110_0000),
        ] {
            assert_eq!(open(address, bytes), Some(is_open));
            assert_eq!(owner.open(), held);
        }
        assert_eq!(open(address + 0x1000, 0x1000), None, "nobody's beginning");
        close(address + 0x10_0000, &owner);
        assert_eq!(owner.open(), 0x10_0000);
        close(address + 0x20_0000, &owner);
        assert_eq!(owner.open(), 0x10_0000);
        forget(address, 0x2000_0000);
        assert_eq!((owner.open(), Arc::strong_count(&owner)), (0, 1));
    }

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
            app: owner.app().clone(),
            owner: owner.clone(),
            kind: Kind::Buffer { open: 0 },
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
    fn there_is_some_for_the_next_app() {
        let _turn = turn();
        let owners: Vec<_> = (0..30).map(|_| Arc::new(Account::new(0))).collect();
        let mut address = 1 << 50;
        for owner in &owners {
            while has_room(owner.app(), PAGE) {
                address += PAGE;
                note(address, PAGE, owner.clone(), BUFFER);
            }
        }
        assert_eq!(mappings(&owners[0]), MAX_MAPPINGS);
        for _ in 0..100 {
            let small = Arc::new(Account::new(0));
            for _ in 0..FEW {
                assert!(has_room(small.app(), PAGE));
                address += PAGE;
                note(address, PAGE, small.clone(), BUFFER);
            }
        }
        for address in ((1 << 50) + PAGE..=address).step_by(PAGE) {
            forget(address, PAGE);
        }
        assert_eq!(mappings(&owners[0]), 0);
    }

    #[test]
    fn isolates_of_one_app_share_what_it_may_have() {
        let _turn = turn();
        let isolate = |app| {
            let account = Arc::new(Account::new(0));
            assert!(account.owner.tell(App::named(app)));
            account
        };
        let [one, sibling] = ["mapping app"; 2].map(isolate);
        let other = isolate("other mapping app");
        let mut next = 1 << 49;
        let mut take = |owner: &Arc<Account>, bytes| {
            let address = next;
            has_room(owner.app(), bytes).then(|| {
                note(address, bytes, owner.clone(), BUFFER);
                next += bytes;
                address
            })
        };
        let mut taken = vec![take(&sibling, PAGE).expect("one")];
        taken.extend(std::iter::from_fn(|| take(&one, PAGE)));
        assert_eq!(taken.len(), MAX_MAPPINGS);
        assert_eq!(take(&sibling, PAGE), None, "the app has all it may have");
        let others = take(&other, PAGE).expect("another app");
        forget(taken.pop().expect("many"), PAGE);
        taken.extend(take(&sibling, PAGE));
        assert_eq!(taken.len(), MAX_MAPPINGS);
        // Isolates that were lost have left theirs behind.
        drop((one, sibling));
        assert_eq!(take(&isolate("mapping app"), PAGE), None);
        for address in taken {
            forget(address, PAGE);
        }
        forget(others, PAGE);
        // Address space, too.
        let [one, sibling] = ["mapping app"; 2].map(isolate);
        let most = take(&one, MAX_MAPPED).expect("all it may have");
        assert_eq!(take(&sibling, PAGE), None);
        forget(most, MAX_MAPPED);
        assert_eq!(mappings(&one), 0);
    }

    #[test]
    fn a_large_object_counts_until_it_goes_and_is_emptied_when_its_isolate_is_lost() {
        let (owner, other) = (Arc::new(Account::new(0)), Arc::new(Account::new(0)));
        let bytes = LARGE_OBJECT + ALIGNMENT;
        // SAFETY: a new mapping, wherever there is room.
        let mapped = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(mapped, libc::MAP_FAILED);
        let memory = mapped.cast::<u8>();
        // SAFETY: both are within the mapping.
        let (first, last) = unsafe { (memory.add(4096), memory.add(bytes - 1)) };
        // SAFETY: as above.
        unsafe { (first.write(1), last.write(2)) };
        note(mapped.addr(), bytes, owner.clone(), Kind::LargeObject);
        forget(mapped.addr(), 4096);
        assert_eq!(owner.large_objects(), bytes - 4096);
        assert_eq!(empty_large_objects(&other), 0);
        // SAFETY: as above.
        assert_eq!(unsafe { (first.read(), last.read()) }, (1, 2));
        assert_eq!(empty_large_objects(&owner), bytes - 4096 - HEAD);
        // SAFETY: as above.
        assert_eq!(unsafe { (first.read(), last.read()) }, (1, 0));
        // Its end went before, which nobody has noticed.
        forget(mapped.addr() + 4096, bytes / 2);
        assert_eq!(owner.large_objects(), 0);
        // SAFETY: nobody uses it any more.
        unsafe { libc::munmap(mapped, bytes) };
    }

    #[test]
    fn a_mapping_that_loses_its_beginning_still_counts() {
        let owner = Arc::new(Account::new(0));
        let count = || {
            let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
            (of(&owner.app().mappings), of(&owner.app().mapped))
        };
        note(0x1000, 0x5000, owner.clone(), BUFFER);
        assert_eq!(count(), (1, 0x5000));
        forget(0x1000, 0x2000);
        assert_eq!(count(), (1, 0x3000));
        forget(0x1000, 0x3000);
        assert_eq!(count(), (1, 0x3000), "it is not there any more");
        forget(0x3000, 0x3000);
        assert_eq!((count(), Arc::strong_count(&owner)), ((0, 0), 1));
    }
}
