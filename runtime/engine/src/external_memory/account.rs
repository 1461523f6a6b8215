//! The account of one isolate's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::malloc::{self, ForeignMemory};
use super::objects::ObjectMemory;
use super::spare::{self, Spare};
use super::watch;
use crate::app::{App, Owner};
use crate::limits::MIB;
use crate::process_memory::headroom::{self, Asked};

/// What C and C++ code may hold beyond the limit before `malloc` refuses it memory, where there is none to spare; see
/// [`crate::external_memory::malloc`].
const FOREIGN_SLACK: usize = 96 * MIB;

/// What Rust code may hold that nothing accounts for, in bytes and as a part of what it holds: what an app needs besides, and the error
/// of an estimate.
const OVERLOOKED: usize = 8 * MIB;
const OVERLOOKED_PART: usize = 8;

/// How far buffers with mappings of their own may pass the limit, garbage included.
const MAPPED_SLACK: usize = 256 * MIB;

/// Counts the bytes that one isolate has outside of V8's heap against its limit. Outlives the isolate if buffers do.
#[derive(Debug)]
pub struct Account {
    limit: usize,
    pub(crate) owner: Owner,
    buffers: AtomicUsize,
    /// Of buffers that have mappings of their own.
    open: AtomicUsize,
    reserved: AtomicUsize,
    heap: AtomicUsize,
    /// What V8 has mapped since then for objects that have mappings of their own.
    mapped_heap: AtomicUsize,
    /// All large objects of the heap, and its pages.
    large_objects: AtomicUsize,
    pages: AtomicUsize,
    /// What the heap has beyond the limit.
    spare_heap: Spare,
    objects: ObjectMemory,
    foreign: ForeignMemory,
    /// What Rust code holds, by an estimate; see [`super::samples`].
    sampled: AtomicUsize,
    /// What V8's collector was told of [`Account::untracked`].
    told: AtomicUsize,
    /// The isolate's thread has been asked to tell V8, and has not yet.
    pub(crate) asked: AtomicBool,
    /// Mappings of memory for buffers; see [`crate::external_memory::mappings`].
    pub(crate) mappings: AtomicUsize,
    /// Bytes of the process's memory that were asked for before they are taken.
    granted: AtomicUsize,
    /// Bytes of it that were asked for of late.
    asked_for: Asked,
    /// Bytes of small bodies that came where the process had no room; see [`headroom::SmallBody`].
    small_bodies: AtomicUsize,
    /// Whether the allocator has refused a buffer since the last look.
    refused: AtomicBool,
    /// How many bytes did not fit into the limit the last time that something did not, until somebody looks at that; else 0.
    short_of: AtomicUsize,
    /// How often somebody has seen that.
    shortages: AtomicUsize,
    /// What it had for itself when it had started. Before that, more than there is.
    base: AtomicUsize,
    /// Whether none of the isolate's JavaScript may run any more. Here, as every callback looks at it.
    terminated: AtomicBool,
}

impl Account {
    /// An account of `limit` bytes, none of them used.
    pub fn new(limit: usize) -> Self {
        let foreign = ForeignMemory::new(
            limit.saturating_add(watch::SLACK),
            limit.saturating_add(FOREIGN_SLACK),
        );
        Self {
            limit,
            owner: Owner::default(),
            foreign,
            spare_heap: Spare::of(&spare::HEAP),
            buffers: AtomicUsize::default(),
            open: AtomicUsize::default(),
            reserved: AtomicUsize::default(),
            heap: AtomicUsize::default(),
            mapped_heap: AtomicUsize::default(),
            large_objects: AtomicUsize::default(),
            pages: AtomicUsize::default(),
            objects: ObjectMemory::default(),
            sampled: AtomicUsize::default(),
            told: AtomicUsize::default(),
            asked: AtomicBool::default(),
            mappings: AtomicUsize::default(),
            granted: AtomicUsize::default(),
            asked_for: Asked::default(),
            small_bodies: AtomicUsize::default(),
            refused: AtomicBool::default(),
            short_of: AtomicUsize::default(),
            shortages: AtomicUsize::default(),
            base: AtomicUsize::new(usize::MAX),
            terminated: AtomicBool::default(),
        }
    }

    /// The app whose isolate it is.
    pub(crate) fn app(&self) -> &Arc<App> {
        self.owner.app()
    }

    /// Takes `bytes` for a buffer that is allocated next, or nothing if they do not fit beside the rest.
    pub(super) fn try_take(&self, bytes: usize) -> bool {
        // The app's own limit first: what that refuses is nothing that the process has to make room for.
        self.fits(bytes)
            && self.process_has_room(bytes)
            && self.try_add(&self.buffers, bytes, self.reserved())
    }

    /// The same for a buffer that is made of what is there.
    pub(super) fn try_adopt(&self, bytes: usize) -> bool {
        self.fits(bytes)
            && self.process_has(bytes)
            && self.try_add(&self.buffers, bytes, self.reserved())
    }

    /// Takes so many bytes for a buffer that has a mapping of its own. V8 counts it, too, and sees to the limit in its next collection;
    /// where it is refused one it collects nothing.
    pub(super) fn try_open(&self, bytes: usize) -> bool {
        let held = self.held_at_most().saturating_add(bytes);
        let is_admitted = held <= self.limit.saturating_add(MAPPED_SLACK)
            && (!malloc::is_working() || headroom::take(self, bytes));
        if is_admitted {
            self.open.fetch_add(bytes, Ordering::Relaxed);
        }
        is_admitted
    }

    /// Bytes of such buffers, on any thread, are accessible no more.
    pub(super) fn close(&self, bytes: usize) {
        self.open.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes of buffers that have mappings of their own, as far as they are accessible.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.buffers.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Reserves what is there, or nothing if it does not fit beside the rest.
    pub(super) fn try_reserve(&self, bytes: usize) -> bool {
        // It is among what Rust code holds.
        self.held_with(bytes) <= self.for_buffers()
            && self.process_has(bytes)
            && self.try_add(&self.reserved, bytes, self.buffers())
    }

    /// Reserves what is there already, whether it fits or not.
    pub(super) fn reserve(&self, bytes: usize) {
        self.reserved.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn release(&self, bytes: usize) {
        self.reserved.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether so many bytes fit beside the rest.
    fn fits(&self, bytes: usize) -> bool {
        self.held().saturating_add(bytes) <= self.for_buffers()
    }

    /// Whether the process has room for what the isolate allocates next. One that is to end is not told by an exception, which would
    /// be taken for the app's.
    fn process_has_room(&self, bytes: usize) -> bool {
        !malloc::is_working() || headroom::take(self, bytes) || self.is_terminated()
    }

    /// The same for what is there: who allocated it has asked ([`headroom`]), but for pieces that are too small for that.
    fn process_has(&self, bytes: usize) -> bool {
        if bytes < headroom::LARGE {
            return self.process_has_room(bytes);
        }
        // It may have been asked for here, and allocated by another thread.
        self.take_granted(bytes);
        true
    }

    fn try_add(&self, count: &AtomicUsize, bytes: usize, other: usize) -> bool {
        let taken = self.heap() + other + self.objects.held() + self.foreign.held();
        let room = self.for_buffers().saturating_sub(taken);
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= room)
            })
            .is_ok()
    }

    /// The limit without a part for what the heap grows between two looks at it: an app that is short of memory had better see
    /// a `RangeError` than be ended.
    fn for_buffers(&self) -> usize {
        self.limit - self.limit / 16
    }

    /// Whether so many bytes fit beside what is in use.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.fits(bytes) && (bytes < MIB || !malloc::is_working() || headroom::ask(self, bytes))
    }

    /// Whether so many bytes more on V8's heap are little, or do not bring that near its limit.
    pub(super) fn has_heap_room(&self, bytes: usize) -> bool {
        bytes <= self.limit / 16 || self.heap().saturating_add(bytes) <= self.limit / 4 * 3
    }

    /// The process has room for so many bytes, which the isolate is about to take.
    pub(crate) fn grant(&self, bytes: usize) {
        self.granted.store(bytes, Ordering::Relaxed);
    }

    /// How many of so many bytes were not granted before. Those that were are taken now.
    pub(crate) fn take_granted(&self, bytes: usize) -> usize {
        let granted = self.granted.load(Ordering::Relaxed);
        if granted > 0 {
            // The isolate's thread alone changes it.
            self.granted
                .store(granted.saturating_sub(bytes), Ordering::Relaxed);
        }
        bytes.saturating_sub(granted)
    }

    /// What it has asked the process for, and need not have touched.
    #[inline]
    pub(crate) fn asked_for(&self) -> &Asked {
        &self.asked_for
    }

    /// What its small bodies hold of their budget.
    pub(crate) fn small_bodies(&self) -> &AtomicUsize {
        &self.small_bodies
    }

    /// Whether C code can take so many bytes more for a call without that ending the isolate.
    pub(super) fn has_foreign_room(&self, bytes: usize) -> bool {
        let most = self.limit.saturating_add(watch::SLACK);
        self.foreign.held().saturating_add(bytes) <= most
    }

    pub(crate) fn terminate(&self) {
        self.terminated.store(true, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Relaxed)
    }

    /// Bytes of buffers in use.
    pub fn buffers(&self) -> usize {
        self.buffers.load(Ordering::Relaxed)
    }

    /// Bytes of [`Reservation`]s.
    pub fn reserved(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Bytes of V8's heap in use, as of the last look at it, which each full collection is.
    pub fn heap(&self) -> usize {
        self.heap.load(Ordering::Relaxed)
    }

    /// Whether there are large objects on the heap which the last look at it has not seen.
    pub(crate) fn has_mapped_heap(&self) -> bool {
        self.mapped_heap.load(Ordering::Relaxed) > 0
    }

    /// Whether V8 may map so many bytes more for a large object: all of them fit into the limit, or there is memory to spare.
    pub(super) fn admits_large_object(&self, bytes: usize) -> bool {
        let all = self.large_objects().saturating_add(bytes);
        self.spare_heap(all.saturating_sub(self.limit))
    }

    /// V8 has mapped so many bytes for a large object.
    pub(super) fn map_large_object(&self, bytes: usize) {
        self.mapped_heap.fetch_add(bytes, Ordering::Relaxed);
        self.large_objects.fetch_add(bytes, Ordering::Relaxed);
    }

    /// V8 has given so many bytes of large objects back.
    pub(super) fn unmap_large_object(&self, bytes: usize) {
        self.large_objects.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// V8 has mapped so many bytes for pages of its heap.
    pub(crate) fn map_pages(&self, bytes: usize) {
        self.pages.fetch_add(bytes, Ordering::Relaxed);
        self.asked_for.are_pages(bytes);
    }

    /// V8 has given so many bytes back, for pages or something else.
    pub(crate) fn unmap_pages(&self, bytes: usize) {
        self.asked_for.lose_pages(bytes);
        // The isolate's thread alone changes it.
        let left = self.pages.load(Ordering::Relaxed).saturating_sub(bytes);
        self.pages.store(left, Ordering::Relaxed);
    }

    /// Bytes that V8 has mapped for large objects, garbage included.
    pub(crate) fn large_objects(&self) -> usize {
        self.large_objects.load(Ordering::Relaxed)
    }

    /// Whether V8's heap may take so many bytes beyond the limit.
    pub(crate) fn spare_heap(&self, bytes: usize) -> bool {
        self.spare_heap.covers(bytes)
    }

    /// V8's heap is back within its limit, but for large objects that are there.
    pub(crate) fn heap_is_back(&self) {
        let beyond = self.large_objects().saturating_sub(self.limit);
        self.spare_heap.keep(beyond);
    }

    /// What native objects and running native functions hold on the isolate's thread.
    #[inline]
    pub(crate) fn objects(&self) -> &ObjectMemory {
        &self.objects
    }

    /// What C and C++ code holds for the isolate.
    pub fn foreign(&self) -> &ForeignMemory {
        &self.foreign
    }

    /// What V8 learns from time to time only: other threads than the isolate's may change it.
    pub(crate) fn untracked(&self) -> usize {
        self.reserved() + self.foreign.held() + self.overlooked()
    }

    /// What V8's collector was told of [`Account::untracked`].
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::Relaxed)
    }

    /// Notes that V8 is told now. Returns the difference to the last time.
    pub(crate) fn tell(&self) -> i64 {
        let now = self.untracked();
        now as i64 - self.told.swap(now, Ordering::Relaxed) as i64
    }

    /// What somebody has counted of what Rust code holds. (Bodies are, and may have come on another thread.)
    fn known(&self) -> usize {
        self.reserved() + self.objects.held()
    }

    /// All bytes that somebody has counted, wherever they are.
    fn accounted(&self) -> usize {
        self.heap() + self.buffers() + self.known() + self.foreign.held()
    }

    /// All bytes that are known, wherever they are.
    pub(crate) fn held(&self) -> usize {
        self.held_with(0)
    }

    /// The same where so many bytes of what Rust code holds are counted, too.
    fn held_with(&self, counted: usize) -> usize {
        let overlooked = self.overlooked_beside(self.known().saturating_add(counted));
        let accounted = self.accounted().saturating_add(counted);
        accounted.saturating_add(overlooked)
    }

    /// So much more is held by Rust code than anybody has counted.
    pub(crate) fn overlooked(&self) -> usize {
        self.overlooked_beside(self.known())
    }

    /// The same where so many bytes are known.
    fn overlooked_beside(&self, known: usize) -> usize {
        let sampled = self.sampled();
        let beyond = (sampled - sampled / OVERLOOKED_PART).saturating_sub(OVERLOOKED);
        beyond.saturating_sub(known)
    }

    /// What Rust code holds for the isolate, by an estimate, but for the contents of buffers and strings.
    pub(crate) fn sampled(&self) -> usize {
        self.sampled.load(Ordering::Relaxed)
    }

    pub(super) fn add_sampled(&self, bytes: usize) {
        self.sampled.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn sub_sampled(&self, bytes: usize) {
        self.sampled.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The same, with what V8 has mapped for buffers, and for its heap since the last look at that. Some of it may be garbage.
    pub(crate) fn held_at_most(&self) -> usize {
        let heap = self.heap() + self.mapped_heap.load(Ordering::Relaxed);
        self.held() - self.heap() + self.open() + heap.max(self.mapped_for_heap())
    }

    /// Bytes that V8 has mapped for its heap. It need not have touched them yet.
    pub(crate) fn mapped_for_heap(&self) -> usize {
        self.large_objects() + self.pages.load(Ordering::Relaxed)
    }

    /// The limit of all together.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// A look at the heap has found so many bytes in use.
    pub(crate) fn set_heap(&self, bytes: usize) {
        self.mapped_heap.store(0, Ordering::Relaxed);
        self.heap.store(bytes, Ordering::Relaxed);
    }

    /// Notes that V8 was refused memory for a buffer: before it gives up on that it will ask for more heap.
    pub(crate) fn note_refusal(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Whether V8 may be out of memory only because it was refused a buffer. Tells once.
    pub(crate) fn take_refusal(&self) -> bool {
        self.refused.swap(false, Ordering::Relaxed)
    }

    /// Notes that so many bytes were refused, if that is for want of room in the isolate's own limit.
    pub(super) fn note_shortage(&self, bytes: usize) {
        if !self.fits(bytes) {
            self.short_of.store(bytes.max(1), Ordering::Relaxed);
        }
    }

    /// Notes that so many bytes were to be had: where as many were refused, a collection has made room for them.
    pub(super) fn note_room(&self, bytes: usize) {
        let short_of = self.short_of.load(Ordering::Relaxed);
        if short_of != 0 && bytes >= short_of {
            self.short_of.store(0, Ordering::Relaxed);
        }
    }

    /// Whether something has not fitted into the limit since the last look. Tells once, and counts.
    pub(crate) fn take_shortage(&self) -> bool {
        let is_short = self.short_of.load(Ordering::Relaxed) != 0;
        if is_short {
            self.short_of.store(0, Ordering::Relaxed);
            self.shortages.fetch_add(1, Ordering::Relaxed);
        }
        is_short
    }

    /// How often it was short of room in its own limit, each time between two looks once.
    pub(crate) fn shortages(&self) -> usize {
        self.shortages.load(Ordering::Relaxed)
    }

    /// What others yet have to take, once the isolate has ended.
    pub(crate) fn left(&self) -> usize {
        self.buffers() + self.reserved()
    }

    /// What it holds for itself: not what has come for it and is not read, nor what is on its way to others.
    fn own(&self) -> usize {
        self.held().saturating_sub(self.reserved()) + self.open()
    }

    /// It has started: what it holds by now any other one in its place would hold, too.
    pub(crate) fn note_base(&self) {
        self.base.store(self.own(), Ordering::Relaxed);
    }

    /// Whether what it has kept since it has started leaves so little of the limit that another one in its place is better.
    pub(crate) fn is_full(&self) -> bool {
        let own = self.own();
        let kept = own.saturating_sub(self.base.load(Ordering::Relaxed));
        own > self.limit / 4 * 3 && kept > self.limit / 4
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::external_memory::Reservation;

    #[test]
    fn heap_buffers_and_native_memory_share_the_limit() {
        let account = Arc::new(Account::new(106));
        assert!(account.try_take(60));
        assert!(!account.try_take(41));
        account.set_heap(20);
        assert!(!account.try_take(21));
        let mut reservation = Reservation::new(account.clone());
        assert!(!reservation.try_grow(21));
        assert!(reservation.try_grow(10));
        assert!(!account.try_take(11));
        assert!(account.try_take(10));
        assert_eq!((account.buffers(), account.reserved()), (70, 10));
        drop(reservation);
        account.give_back(70);
        assert_eq!((account.buffers(), account.reserved()), (0, 0));
        assert!(!account.try_take(usize::MAX));
        account.set_heap(20);
        assert!(account.has_room(80));
        assert!(!account.has_room(81));
        assert!(!account.has_room(usize::MAX));
    }

    #[test]
    fn who_allocates_asks_the_process_and_nobody_after_that() {
        let _one = crate::process_memory::tests::one();
        headroom::calm();
        let account = Arc::new(Account::new(1 << 30));
        // It has come in part, on a thread that works for nobody, and asked in its own way.
        let body = |bytes| {
            let mut reservation = Reservation::new(account.clone());
            assert!(reservation.try_grow(bytes));
            reservation
        };
        let (large, small) = (body(40 * MIB), body(MIB / 2));
        assert_eq!(headroom::taken(), 0);
        let _working = malloc::work_for(&account);
        large.hand_over();
        assert!(account.try_adopt(40 * MIB));
        assert_eq!(headroom::taken(), 0, "a large body");
        small.hand_over();
        assert!(account.try_adopt(MIB / 2));
        assert_eq!(headroom::taken(), 0, "a small one");
        assert!(account.try_take(3 * MIB));
        assert_eq!(headroom::taken(), 3 * MIB, "a new buffer");
        assert!(!account.try_take(2 << 30));
        assert_eq!(headroom::taken(), 3 * MIB, "what the app may not have");
        assert!(account.try_adopt(MIB / 2));
        assert!(body(MIB / 2).try_grow(5 * MIB));
        assert_eq!(headroom::taken(), 4 * MIB, "what the allocator overlooks");
        let list = vec![0_u8; 2 * MIB];
        assert!(account.try_adopt(list.len()));
        assert_eq!(headroom::taken(), 6 * MIB, "the allocator has asked");
        assert!(account.has_room(7 * MIB));
        std::thread::scope(|scope| {
            scope.spawn(|| drop(std::hint::black_box(vec![0_u8; 7 * MIB])));
        });
        assert!(account.try_adopt(7 * MIB) && account.try_take(MIB));
        assert_eq!(
            headroom::taken(),
            14 * MIB,
            "asked for here, allocated there"
        );
        headroom::calm();
    }

    #[test]
    fn what_rust_code_holds_counts_once_and_beyond_a_slack() {
        let account = Arc::new(Account::new(100 * MIB));
        account.add_sampled(OVERLOOKED);
        assert_eq!((account.held(), account.untracked()), (0, 0));
        account.add_sampled(64 * MIB - OVERLOOKED);
        assert_eq!(account.overlooked(), 48 * MIB);
        assert_eq!(account.untracked(), 48 * MIB);
        assert!(!account.try_take(50 * MIB), "a buffer beside it");
        let mut reservation = Reservation::new(account.clone());
        assert!(reservation.try_grow(60 * MIB), "it is the same");
        assert_eq!((account.overlooked(), account.held()), (0, 60 * MIB));
        assert!(!reservation.try_grow(40 * MIB));
        drop(reservation);
        assert_eq!(account.held_at_most(), 48 * MIB);
        account.sub_sampled(64 * MIB);
        assert_eq!(account.held(), 0);
    }

    #[test]
    fn only_what_is_kept_for_itself_makes_an_isolate_full() {
        let account = Arc::new(Account::new(100));
        account.set_heap(60);
        assert!(account.try_take(30));
        account.note_shortage(1);
        account.note_shortage(10);
        assert!(!account.is_full(), "it has not started");
        account.note_base();
        assert!(!account.is_full(), "it has started with that");
        account.set_heap(0);
        account.note_base();
        account.set_heap(30);
        assert!(!account.is_full(), "there is room");
        account.set_heap(50);
        assert!(account.is_full());
        account.give_back(30);
        let mut on_its_way = Reservation::new(account.clone());
        assert!(on_its_way.try_grow(40));
        assert!(!account.is_full(), "what is sent will be gone");
    }

    #[test]
    fn a_shortage_is_one_of_the_limit_and_over_where_there_is_room_again() {
        let account = Account::new(106);
        account.note_shortage(100);
        assert!(!account.take_shortage(), "the limit is not the reason");
        account.note_shortage(101);
        assert!(account.take_shortage() && !account.take_shortage());
        account.note_shortage(200);
        account.note_room(199);
        assert!(account.take_shortage(), "less was to be had");
        account.note_shortage(200);
        account.note_room(200);
        assert!(!account.take_shortage());
        assert_eq!(account.shortages(), 2);
    }

    #[test]
    fn v8_is_told_of_differences() {
        let account = Arc::new(Account::new(106));
        let mut reservation = Reservation::new(account.clone());
        assert!(reservation.try_grow(10));
        assert_eq!((account.tell(), account.told()), (10, 10));
        drop(reservation);
        assert_eq!(
            (account.tell(), account.tell(), account.told()),
            (-10, 0, 0)
        );
    }
}
