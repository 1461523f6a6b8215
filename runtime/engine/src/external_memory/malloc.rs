//! What C and C++ code holds for an isolate: V8's zones and tables, ICU's objects, the state of cryptography.
//!
//! V8 has no limit for it, and tells its collector nothing of it: one `Intl.Segmenter` in a loop holds gigabytes that a heap
//! limit of 128 MB does not see. So on Linux the program brings its own `malloc`: jemalloc, which all of the program's memory
//! comes from, and which counts what a thread takes and frees to the [`ForeignMemory`] of the isolate that it works for. Rust's own
//! memory comes through its global allocator and is not counted here: it is counted where it belongs to an app, by
//! [`crate::external_memory`] and [`crate::external_memory::ExternalMemory`], as array buffers are, and what nobody counts is found by
//! [`crate::external_memory::samples`].
//!
//! An account is watched ([`crate::external_memory::watch`]), and has two bounds. At the first `malloc` itself orders the isolate to end, so
//! that it makes no other call that takes memory (see `hardening.js`). The second is for what one call takes that nothing can
//! interrupt: a thread that asks for more stops for ever, where it is ([`crate::containment`]). To say that there is no memory would
//! be no better: V8 ends the process for that, and ICU has places that do not expect it. A thread that stops keeps its locks, and
//! V8 and ICU have some for the whole process; so it stops when it has none ([`crate::external_memory::locks`]). What is not
//! [`LARGE`] is given past the second bound, up to [`GRACE`]: calls that can be interrupted soon are, and nothing is lost. As long as
//! there is spare memory ([`crate::external_memory::spare`]), none stops.
//!
//! What V8's own workers take (optimising compilers) is nobody's, and what they free for an isolate or the other way round blurs
//! the count; it never goes below zero.
//!
//! On other systems C's memory does not come here, and accounts stay at zero.

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use crate::external_memory::Account;
use crate::external_memory::parsing::Parsing;
use crate::external_memory::spare::{self, Spare};
#[cfg(target_os = "linux")]
use crate::external_memory::{locks, tables};
use crate::limits::MIB;
use crate::mailbox::{Shared, Verdict};

/// The bytes that C and C++ code holds for one isolate.
#[derive(Debug)]
pub struct ForeignMemory {
    /// Changed by the thread that works for the isolate, read by all.
    held: AtomicIsize,
    /// Where it is looked at what follows: no more than a [`STEP`] beyond what is held, where the watchdog has looked.
    mark: AtomicUsize,
    /// The first bound until it is passed, the second from then on.
    bound: AtomicUsize,
    hard: usize,
    /// What it has beyond that.
    spare: Spare,
    /// The text that V8 parses.
    parsing: Parsing,
    /// Whom to order to end.
    isolate: OnceLock<Weak<Shared>>,
}

impl ForeignMemory {
    /// Nothing is held. At `first` bytes the isolate is ended, and no more than `hard` can be held.
    pub(crate) fn new(first: usize, hard: usize) -> ForeignMemory {
        ForeignMemory {
            held: AtomicIsize::new(0),
            mark: AtomicUsize::new(0),
            bound: AtomicUsize::new(first),
            hard,
            spare: Spare::of(&spare::FOREIGN),
            parsing: Parsing::new(),
            isolate: OnceLock::new(),
        }
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// The isolate that holds what is counted here.
    pub(crate) fn bind(&self, isolate: &Arc<Shared>) {
        let _ = self.isolate.set(Arc::downgrade(isolate)); // There is one.
    }

    /// Refuses nothing from now on: for the isolate's end, which must not fail.
    pub(crate) fn lift_bound(&self) {
        self.bound.store(usize::MAX, Ordering::Relaxed);
        self.mark.store(usize::MAX, Ordering::Relaxed);
    }

    /// Lets V8 parse a text, for which C++ code may hold `most` more: `parse` calls it. `None` if that did not suffice.
    ///
    /// # Safety
    /// Nobody else than V8's parser looks at the text before this returns, and it is there until then.
    pub(crate) unsafe fn parse<R>(
        &self,
        text: NonNull<[u8]>,
        most: usize,
        parse: impl FnOnce() -> R,
    ) -> Option<R> {
        // SAFETY: the caller's promise.
        unsafe { self.parsing.begin(text, self.held().saturating_add(most)) };
        self.mark.store(0, Ordering::Relaxed);
        let parsed = parse();
        (!self.parsing.end()).then_some(parsed)
    }

    /// Whether the text that is parsed was cut: then what the parser says of it is not to be told.
    pub(crate) fn is_cut(&self) -> bool {
        self.parsing.is_cut()
    }

    /// Whether there may be so many bytes more, which take a step then. `step` waits until the process has room for one, and
    /// returns whether the isolate is to end.
    #[inline]
    fn admits(&self, bytes: usize, step: impl FnOnce() -> bool) -> bool {
        self.held().saturating_add(bytes) <= self.mark.load(Ordering::Relaxed)
            || self.admits_past_mark(bytes, step)
    }

    #[cold]
    fn admits_past_mark(&self, bytes: usize, step: impl FnOnce() -> bool) -> bool {
        let held = self.held().saturating_add(bytes);
        if held > self.parsing.bound() {
            self.parsing.cut();
        }
        let bound = self.bound.load(Ordering::Relaxed);
        if held > bound {
            // To be looked at each time from now on.
            self.mark.store(0, Ordering::Relaxed);
            return self.admits_past_bound(bytes);
        }
        let next = held.saturating_add(STEP).min(self.parsing.bound());
        self.mark.store(next.min(bound), Ordering::Relaxed);
        if step() {
            self.parsing.cut();
        }
        true
    }

    /// Lowers the mark to where the next step begins. By the watchdog.
    pub(crate) fn lower_mark(&self) {
        let (mark, next) = (self.mark.load(Ordering::Relaxed), self.held() + STEP);
        if mark != usize::MAX && mark > next {
            self.mark.store(next, Ordering::Relaxed);
        }
    }

    #[cold]
    fn admits_past_bound(&self, bytes: usize) -> bool {
        if self.bound.swap(self.hard, Ordering::Relaxed) != self.hard
            && let Some(isolate) = self.isolate.get().and_then(Weak::upgrade)
        {
            isolate.condemn(Verdict::Heap);
            drop(isolate);
            #[cfg(target_os = "linux")]
            locks::order_end();
            #[cfg(not(target_os = "linux"))]
            self.order_end();
        }
        let beyond = self.held().saturating_add(bytes).saturating_sub(self.hard);
        beyond == 0 || bytes < LARGE && beyond <= GRACE || self.spare.covers(beyond)
    }

    /// Has V8 end what runs. On its thread, which must have no lock of V8's.
    pub(crate) fn order_end(&self) {
        if let Some(isolate) = self.isolate.get().and_then(Weak::upgrade) {
            isolate.terminate_execution();
        }
    }

    /// One thread at a time works for an isolate, so that this needs no read-modify-write.
    #[inline]
    fn change(&self, bytes: isize) {
        let held = self.held.load(Ordering::Relaxed);
        self.held
            .store(held.wrapping_add(bytes).max(0), Ordering::Relaxed);
    }
}

impl Default for ForeignMemory {
    fn default() -> Self {
        ForeignMemory::new(usize::MAX, usize::MAX)
    }
}

thread_local! {
    /// Whose accounts this thread's calls change: the one's whose isolate it has entered last, as V8 has it; see
    /// [`crate::isolate::Isolate::enter`]. Constant and without destructor: `malloc` and signal handlers read it at any time.
    static CURRENT: Cell<*const Account> = const { Cell::new(std::ptr::null()) };
}

/// While it lives, what is taken and freed on this thread changes an isolate's accounts, or nobody's.
#[must_use]
pub(crate) struct Working {
    outer: *const Account,
    /// Keeps what `CURRENT` points to.
    _account: Option<Arc<Account>>,
}

/// This thread works for an isolate.
pub(crate) fn work_for(account: &Arc<Account>) -> Working {
    Working {
        outer: CURRENT.replace(Arc::as_ptr(account)),
        _account: Some(account.clone()),
    }
}

/// This thread does other things.
pub(crate) fn work_for_nobody() -> Working {
    Working {
        outer: CURRENT.replace(std::ptr::null()),
        _account: None,
    }
}

/// Does something for all of an app's instances. What it takes is nobody's here: whoever keeps it counts it. It must not call V8, nor
/// change an [`ExternalMemory`](super::ExternalMemory). It may take a lock that other threads take: where there is no memory, the
/// thread does not stop here.
pub fn for_nobody<R>(work: impl FnOnce() -> R) -> R {
    let _nobody = work_for_nobody();
    work()
}

impl Drop for Working {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}

/// Whom this thread works for.
pub(crate) fn current() -> Option<Arc<Account>> {
    let account = CURRENT.get();
    if account.is_null() {
        return None;
    }
    // SAFETY: the pointer is an `Arc`'s that a `Working` of this thread keeps; the count is raised for the new one.
    unsafe {
        Arc::increment_strong_count(account);
        Some(Arc::from_raw(account))
    }
}

/// The same, as an address of an `Arc` that stays for as long as the thread works for it.
#[inline]
pub(crate) fn current_address() -> Option<NonNull<Account>> {
    NonNull::new(CURRENT.get().cast_mut())
}

/// Calls `look` with whom this thread works for, if it works for anybody.
#[inline]
pub(crate) fn with_current<R>(look: impl FnOnce(&Account) -> R) -> Option<R> {
    // SAFETY: a `Working` of this thread keeps it until the call returns.
    unsafe { CURRENT.get().as_ref() }.map(look)
}

/// Whether this thread works for anybody. Async-signal-safe.
pub fn is_working() -> bool {
    !CURRENT.get().is_null()
}

/// What is taken in small pieces counts in steps of so many bytes, for the process's memory.
const STEP: usize = MIB;
/// What a thread may stop for.
const LARGE: usize = MIB;
/// What an isolate that is to end still gets where the process has no room: its end gives all back, and its thread's stop nothing.
const LAST: usize = 16 * MIB;
/// How far the rest passes the second bound.
const GRACE: usize = 64 * MIB;

/// Gives memory that was freed and is kept for the next use back to the system: after an instance has ended, or a burst.
pub(crate) fn purge() {
    /// `MALLCTL_ARENAS_ALL` of jemalloc.
    const ALL: &std::ffi::CStr = c"arena.4096.purge";
    // SAFETY: the name is a C string; the command takes and returns nothing.
    unsafe {
        tikv_jemalloc_sys::mallctl(
            ALL.as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
    }
}

/// Gives back what this thread keeps for its next allocations: some 0.4 MB, for a thread that has nothing to do.
pub(crate) fn rest() {
    // SAFETY: the name is a C string; the command takes and returns nothing.
    unsafe {
        tikv_jemalloc_sys::mallctl(
            c"thread.tcache.flush".as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
    }
}

/// jemalloc's settings, which it reads from this symbol before anything runs.
///
/// * Freed pages go back to the system after a second, not after ten: an app that has become idle kept 0.2 MB more otherwise, as
///   few pages are not worth waking the thread that gives them back.
/// * A free range is used again also for what is far smaller, here by up to 2^16, not 2^6: a collection frees many bodies that lie
///   side by side, as one range of some ten megabytes, and the next bodies would all come from new pages. Uploads that an app
///   ignores made 600 MB of such ranges within the second.
/// * One thread gives pages back: a second one would be started at some later time, and where the system has none then, jemalloc
///   tries on and on, and writes to standard error each time.
/// * Large blocks begin with a page; jemalloc would have each begin somewhere in one, for the sake of caches, and so take one more.
// SAFETY: jemalloc declares a pointer to a C string of this name, and the address is the first word of the slice.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static SETTINGS: &[u8] =
    b"dirty_decay_ms:1000,lg_extent_max_active_fit:16,max_background_threads:1,cache_oblivious:false\0";

/// Lets threads of jemalloc's give back what was freed some seconds ago. Without them that happens only while an arena is in
/// use, and an app that has become idle keeps what its last request took. For processes that live long.
pub fn give_back_in_background() {
    let mut on = true;
    // SAFETY: the value is a C `bool` of the size that is said.
    let error = unsafe {
        tikv_jemalloc_sys::mallctl(
            c"background_thread".as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            (&raw mut on).cast(),
            size_of::<bool>(),
        )
    };
    if error != 0 {
        tracing::warn!("freed memory goes back to the system late: no thread for it ({error})");
    }
}

/// The C library's functions. All of the program's memory is jemalloc's, whoever asks.
#[cfg(target_os = "linux")]
mod functions {
    use std::ffi::{c_int, c_void};

    use tikv_jemalloc_sys as jemalloc;

    use super::*;
    use crate::containment;
    use crate::process_memory::headroom;

    /// The account that this thread changes.
    #[inline]
    fn current<'a>() -> Option<&'a ForeignMemory> {
        // SAFETY: a `Working` of this thread keeps it, and it is used within one call.
        unsafe { CURRENT.get().as_ref() }.map(Account::foreign)
    }

    /// Whether there may be so many bytes more.
    #[inline]
    fn is_admitted(bytes: usize) -> bool {
        // Who holds others up waits for nothing.
        let takes = |account: &Account, bytes| match locks::is_any_held() {
            false => headroom::take(account, bytes),
            true => headroom::takes_at_once(account, bytes),
        };
        let has_room = |account: &Account| {
            let ends = || account.is_terminated() && bytes <= LAST;
            bytes < LARGE || takes(account, bytes) || ends()
        };
        with_current(|account| {
            let step = || {
                // What is small is given all the same.
                let _ = takes(account, STEP - 1);
                account.is_terminated()
            };
            // The app's own bound first: what that refuses is nothing that the process has to make room for.
            account.foreign().admits(bytes, step) && has_room(account) || locks::lends(bytes)
        }) != Some(false)
    }

    /// There is no memory. Returns only where the process is the app.
    #[cold]
    fn refuse() -> *mut c_void {
        containment::crash();
        // SAFETY: each thread has its own `errno`.
        unsafe { *libc::__errno_location() = libc::ENOMEM };
        std::ptr::null_mut()
    }

    /// Counts a block that was allocated, or null.
    ///
    /// # Safety
    /// It must be jemalloc's.
    #[inline]
    unsafe fn taken(block: *mut c_void) -> *mut c_void {
        if let Some(account) = current()
            && !block.is_null()
        {
            // SAFETY: the block is jemalloc's.
            account.change(unsafe { jemalloc::sallocx(block, 0) } as isize);
        }
        block
    }

    /// Counts a block that is about to be freed, or null.
    ///
    /// # Safety
    /// As above.
    #[inline]
    unsafe fn given(block: *mut c_void) {
        if let Some(account) = current()
            && !block.is_null()
        {
            // SAFETY: the block is jemalloc's.
            let bytes = unsafe { jemalloc::sallocx(block, 0) };
            account.change((bytes as isize).wrapping_neg());
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        if !is_admitted(size) {
            return refuse();
        }
        // SAFETY: no preconditions.
        let block = unsafe { taken(jemalloc::malloc(size)) };
        tables::allocated(block, size);
        block
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        if !is_admitted(count.saturating_mul(size)) {
            return refuse();
        }
        // SAFETY: no preconditions.
        unsafe { taken(jemalloc::calloc(count, size)) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
        let Some(account) = current() else {
            // SAFETY: the caller's promise.
            return unsafe { jemalloc::realloc(block, size) };
        };
        let before = if block.is_null() {
            0
        } else {
            // SAFETY: the caller's block is jemalloc's.
            unsafe { jemalloc::sallocx(block, 0) }
        };
        if !is_admitted(size.saturating_sub(before)) {
            return refuse();
        }
        // SAFETY: the caller's promise.
        let moved = unsafe { jemalloc::realloc(block, size) };
        if !moved.is_null() {
            account.change((before as isize).wrapping_neg());
            // SAFETY: it is jemalloc's.
            unsafe { taken(moved) };
        }
        moved
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(block: *mut c_void) {
        // SAFETY: the caller's promise.
        unsafe {
            given(block);
            jemalloc::free(block);
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(
        out: *mut *mut c_void,
        alignment: usize,
        size: usize,
    ) -> c_int {
        if !is_admitted(size) {
            refuse();
            return libc::ENOMEM;
        }
        // SAFETY: the caller's promise.
        unsafe {
            let error = jemalloc::posix_memalign(out, alignment, size);
            if error == 0 {
                taken(*out);
            }
            error
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
        if !is_admitted(size) {
            return refuse();
        }
        // SAFETY: the caller's promise.
        unsafe { taken(jemalloc::aligned_alloc(alignment, size)) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
        // SAFETY: the caller's promise is the same.
        unsafe { aligned_alloc(alignment, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
        // SAFETY: a page's size is a valid alignment.
        unsafe { aligned_alloc(page_size(), size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn pvalloc(size: usize) -> *mut c_void {
        let page = page_size();
        // SAFETY: as above.
        unsafe { aligned_alloc(page, size.next_multiple_of(page)) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
        // SAFETY: the caller's promise.
        unsafe { jemalloc::malloc_usable_size(block) }
    }

    fn page_size() -> usize {
        // SAFETY: no preconditions; every system knows its page size.
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.unsigned_abs() as usize
    }

    /// The linker takes a definition of ours only if something refers to it.
    #[used]
    static LINKED: unsafe extern "C" fn(usize) -> *mut c_void = malloc;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library's functions, by pointers that hide them: the optimiser knows that they change nothing that Rust sees.
    mod c {
        use std::ffi::c_void;
        use std::hint::black_box;

        pub(super) fn malloc(bytes: usize) -> *mut c_void {
            let malloc: unsafe extern "C" fn(usize) -> *mut c_void = libc::malloc;
            // SAFETY: no preconditions.
            unsafe { black_box(malloc)(bytes) }
        }

        pub(super) fn realloc(block: *mut c_void, bytes: usize) -> *mut c_void {
            let realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void = libc::realloc;
            // SAFETY: the tests pass blocks that they have allocated.
            unsafe { black_box(realloc)(block, bytes) }
        }

        pub(super) fn free(block: *mut c_void) {
            let free: unsafe extern "C" fn(*mut c_void) = libc::free;
            // SAFETY: as above.
            unsafe { black_box(free)(block) }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_c_code_takes_counts_for_whom_it_works() {
        let _one = crate::process_memory::tests::one();
        let (one, other) = (
            Arc::new(Account::new(1 << 30)),
            Arc::new(Account::new(1 << 30)),
        );
        let held = |account: &Arc<Account>| account.foreign().held() >> 20;
        let _one = work_for(&one);
        let first = c::malloc(3 << 20);
        assert_eq!(held(&one), 3);
        {
            let _other = work_for(&other);
            let second = c::malloc(5 << 20);
            assert_eq!((held(&one), held(&other)), (3, 5));
            let second = c::realloc(second, 7 << 20);
            assert_eq!(held(&other), 7);
            let nobody = work_for_nobody();
            let third = c::malloc(9 << 20);
            drop(nobody);
            assert_eq!(held(&other), 7);
            c::free(second);
            assert_eq!(held(&other), 0);
            c::free(third);
            assert_eq!(held(&other), 0, "it does not go below zero");
        }
        c::free(first);
        assert_eq!(held(&one), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn there_is_no_memory_past_the_hard_bound() {
        let _one = crate::process_memory::tests::one();
        let account = Arc::new(Account::new(0));
        let bound = account.foreign().hard;
        let working = work_for(&account);
        // This thread is no isolate's, and so is told.
        assert!(c::malloc(bound + 1).is_null());
        account.foreign().lift_bound();
        let block = c::malloc(bound + 1);
        assert!(!block.is_null());
        c::free(block);
        drop(working);
    }

    fn admits(account: &ForeignMemory, bytes: usize) -> bool {
        account.admits(bytes, || false)
    }

    #[test]
    fn what_is_not_large_passes_the_bound_up_to_a_point() {
        let account = ForeignMemory::new(MIB, MIB);
        assert!(admits(&account, MIB));
        account.change(1);
        assert!(!admits(&account, LARGE));
        assert!(admits(&account, LARGE - 1));
        account.change((GRACE + 1) as isize);
        assert!(!admits(&account, LARGE - 1));
    }

    #[test]
    fn a_text_is_cut_when_its_parser_holds_too_much() {
        let account = ForeignMemory::new(100 * MIB, 100 * MIB);
        let mut text = *b"let a = 1;";
        let mut parse = |bytes: usize| {
            // SAFETY: the text is there, and nobody looks at it.
            let parsed = unsafe {
                account.parse(NonNull::from(&mut text[..]), 10 * MIB, || {
                    assert!(admits(&account, bytes));
                    account.change(bytes as isize);
                    admits(&account, 1) && account.is_cut()
                })
            };
            account.change(-(bytes as isize));
            (parsed, text)
        };
        assert_eq!(parse(9 * MIB), (Some(false), *b"let a = 1;"));
        assert_eq!(parse(11 * MIB), (None, [0; 10]));
        // The isolate is to end.
        let mut text = *b"let a = 1;";
        // SAFETY: as above.
        let parsed = unsafe {
            account.parse(NonNull::from(&mut text[..]), 10 * MIB, || {
                account.admits(MIB, || true)
            })
        };
        assert_eq!((parsed, text), (None, [0; 10]));
        assert!(admits(&account, 99 * MIB));
    }

    #[test]
    fn what_is_taken_in_small_pieces_counts_in_steps() {
        let account = ForeignMemory::new(100 * MIB, 100 * MIB);
        let mut steps = 0;
        let mut take = |bytes: usize| {
            let step = || {
                steps += 1;
                false
            };
            assert!(account.admits(bytes, step));
            account.change(bytes as isize);
            steps
        };
        take(1);
        let first = take(1);
        let all = (0..10 * 1024).map(|_| take(1024)).max();
        assert!(all.is_some_and(|all| (9..=10).contains(&(all - first))));
        account.change(-(5 * MIB as isize));
        account.lower_mark();
        let before = take(1);
        let all = (0..5 * 1024).map(|_| take(1024)).max();
        assert!(all.is_some_and(|all| (4..=5).contains(&(all - before))));
    }

    /// The watchdog need not have looked.
    #[test]
    #[cfg(target_os = "linux")]
    fn malloc_ends_the_isolate_at_the_first_bound() {
        let _one = crate::process_memory::tests::one();
        let handle = crate::Handle::for_tests(Arc::new(Account::new(0)));
        let account = handle.0.account.clone();
        let working = work_for(&account);
        let within = c::malloc(63 * MIB);
        assert_eq!(handle.0.verdict(), Verdict::None);
        let past = c::malloc(2 * MIB);
        assert_eq!(handle.0.verdict(), Verdict::Heap);
        assert!(!past.is_null(), "the call that runs may go on");
        c::free(past);
        c::free(within);
        drop(working);
    }
}
