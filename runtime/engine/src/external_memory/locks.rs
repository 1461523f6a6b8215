//! What other threads wait for while this one has it: locks of C and C++ code, and what V8 and ICU make once for the whole process.
//!
//! A thread that stops for ever ([`crate::containment`]) keeps all of that, and many pieces are every app's: V8's list of those who
//! wait in `Atomics`, ICU's cache. One that lies under such a lock when `malloc` refuses it memory would take other apps with it. So
//! it gets what it asks for, up to [`LOAN`], and stops as soon as it has let go of everything. For the same reason it does not wait
//! for room in the process, and does not order its isolate to end before: V8 takes locks for that, the one that it has, perhaps.
//!
//! The linker leads calls here, by `--wrap` (see `.cargo/config.toml`, which has a line for each function of this file). What V8 and
//! ICU wait for in other ways is a matter of flags: see `--no-wasm-native-module-cache` in `platform.rs`.

use std::cell::Cell;

use crate::containment;
use crate::external_memory::malloc;
use crate::limits::MIB;

/// What a thread gets after it was to stop, at most: what has a lock allocates little.
const LOAN: usize = 64 * MIB;

/// A thread, and what it has that others may wait for.
struct Thread {
    /// How much that is.
    held: Cell<usize>,
    /// Whether one of the next two is to be done once that is nothing.
    is_in_debt: Cell<bool>,
    /// What it got since it was to stop.
    lent: Cell<usize>,
    /// Whether the isolate that it works for is to be ordered to end.
    owes_end: Cell<bool>,
}

thread_local! {
    /// This one. Constant and without destructor, as `malloc` reads it at any time.
    static THREAD: Thread = const {
        Thread {
            held: Cell::new(0),
            is_in_debt: Cell::new(false),
            lent: Cell::new(0),
            owes_end: Cell::new(false),
        }
    };
}

/// Whether this thread has anything that others may wait for.
#[inline]
pub(super) fn is_any_held() -> bool {
    THREAD.with(|thread| thread.held.get() > 0)
}

/// Whether this thread gets so many bytes although it is to stop, and stops later.
#[cold]
pub(super) fn lends(bytes: usize) -> bool {
    THREAD.with(|thread| {
        let lent = thread.lent.get().saturating_add(bytes.max(1));
        let is_lent = thread.held.get() > 0 && lent <= LOAN;
        if is_lent {
            thread.lent.set(lent);
            thread.is_in_debt.set(true);
        }
        is_lent
    })
}

/// Orders the isolate that this thread works for to end, when it has nothing that others may wait for.
#[cold]
pub(super) fn order_end() {
    THREAD.with(|thread| {
        thread.owes_end.set(true);
        thread.is_in_debt.set(true);
        if thread.held.get() == 0 {
            thread.settle();
        }
    });
}

impl Thread {
    /// Does what was put off. It has nothing that others may wait for.
    #[cold]
    fn settle(&self) {
        self.is_in_debt.set(false);
        if self.owes_end.replace(false) {
            malloc::with_current(|account| account.foreign().order_end());
        }
        if self.lent.replace(0) > 0 {
            containment::crash();
        }
    }
}

#[inline]
fn took() {
    THREAD.with(|thread| thread.held.set(thread.held.get() + 1));
}

/// What it had is free for others already.
#[inline]
fn let_go() {
    THREAD.with(|thread| {
        let held = thread.held.get().saturating_sub(1);
        thread.held.set(held);
        if held == 0 && thread.is_in_debt.get() {
            thread.settle();
        }
    });
}

/// The functions that take and let go. `__real_` leads to the one that was meant.
mod functions {
    use std::ffi::{c_int, c_void};

    use super::{let_go, took};

    /// Of C and C++ alike: addresses are passed on as they are.
    type Address = *mut c_void;

    unsafe extern "C" {
        fn __real_pthread_mutex_lock(mutex: Address) -> c_int;
        fn __real_pthread_mutex_trylock(mutex: Address) -> c_int;
        fn __real_pthread_mutex_unlock(mutex: Address) -> c_int;
        fn __real_pthread_rwlock_rdlock(lock: Address) -> c_int;
        fn __real_pthread_rwlock_wrlock(lock: Address) -> c_int;
        fn __real_pthread_rwlock_unlock(lock: Address) -> c_int;
        fn __real_pthread_once(once: Address, make: Address) -> c_int;
        // `absl::Mutex::lock()`, `try_lock()` and `unlock()`: V8's are made of them.
        fn __real__ZN4absl5Mutex4lockEv(mutex: Address);
        fn __real__ZN4absl5Mutex8try_lockEv(mutex: Address) -> bool;
        fn __real__ZN4absl5Mutex6unlockEv(mutex: Address);
        // Local statics of C++: whether this thread is to make it, and that it has.
        fn __real___cxa_guard_acquire(guard: Address) -> c_int;
        fn __real___cxa_guard_release(guard: Address);
        // `v8::base::CallOnceImpl(std::atomic<uint8_t>*, std::function<void()>)`.
        fn __real__ZN2v84base12CallOnceImplEPNSt4__Cr6atomicIhEENS1_8functionIFvvEEE(
            once: Address,
            make: Address,
        );
        // `umtx_initImplPreInit(UInitOnce&)` and `umtx_initImplPostInit(UInitOnce&)`: as for local statics.
        fn __real__ZN6icu_7820umtx_initImplPreInitERNS_9UInitOnceE(once: Address) -> i8;
        fn __real__ZN6icu_7821umtx_initImplPostInitERNS_9UInitOnceE(once: Address);
        // `UnifiedCache::_get(const CacheKeyBase&, const SharedObject*&, const void*, UErrorCode&) const`: who asks first makes it.
        fn __real__ZNK6icu_7812UnifiedCache4_getERKNS_12CacheKeyBaseERPKNS_12SharedObjectEPKvR10UErrorCode(
            cache: Address,
            key: Address,
            value: Address,
            context: Address,
            status: Address,
        );
    }

    /// Functions that take something if they return so, that let go, or during which others wait.
    macro_rules! led_here {
        ($($kind:tt $wrap:ident = $real:ident($($argument:ident),*) $(-> $result:ty)?;)*) => {$(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $wrap($($argument: Address),*) $(-> $result)? {
                // SAFETY: the caller's promise is what the function asks for.
                let call = || unsafe { $real($($argument),*) };
                led_here!($kind call)
            }
        )*};
        (takes $call:ident) => {{
            $call();
            took();
        }};
        (takes_if_true $call:ident) => {{
            let result = $call();
            if result {
                took();
            }
            result
        }};
        (takes_if_0 $call:ident) => {{
            let result = $call();
            if result == 0 {
                took();
            }
            result
        }};
        (takes_if_not_0 $call:ident) => {{
            let result = $call();
            if result != 0 {
                took();
            }
            result
        }};
        (lets_go $call:ident) => {{
            let result = $call();
            let_go();
            result
        }};
        (has_meanwhile $call:ident) => {{
            took();
            let result = $call();
            let_go();
            result
        }};
    }

    led_here! {
        takes_if_0 __wrap_pthread_mutex_lock = __real_pthread_mutex_lock(mutex) -> c_int;
        takes_if_0 __wrap_pthread_mutex_trylock = __real_pthread_mutex_trylock(mutex) -> c_int;
        lets_go __wrap_pthread_mutex_unlock = __real_pthread_mutex_unlock(mutex) -> c_int;
        takes_if_0 __wrap_pthread_rwlock_rdlock = __real_pthread_rwlock_rdlock(lock) -> c_int;
        takes_if_0 __wrap_pthread_rwlock_wrlock = __real_pthread_rwlock_wrlock(lock) -> c_int;
        lets_go __wrap_pthread_rwlock_unlock = __real_pthread_rwlock_unlock(lock) -> c_int;
        has_meanwhile __wrap_pthread_once = __real_pthread_once(once, make) -> c_int;
        takes __wrap__ZN4absl5Mutex4lockEv = __real__ZN4absl5Mutex4lockEv(mutex);
        takes_if_true __wrap__ZN4absl5Mutex8try_lockEv = __real__ZN4absl5Mutex8try_lockEv(mutex) -> bool;
        lets_go __wrap__ZN4absl5Mutex6unlockEv = __real__ZN4absl5Mutex6unlockEv(mutex);
        takes_if_not_0 __wrap___cxa_guard_acquire = __real___cxa_guard_acquire(guard) -> c_int;
        lets_go __wrap___cxa_guard_release = __real___cxa_guard_release(guard);
        has_meanwhile __wrap__ZN2v84base12CallOnceImplEPNSt4__Cr6atomicIhEENS1_8functionIFvvEEE =
            __real__ZN2v84base12CallOnceImplEPNSt4__Cr6atomicIhEENS1_8functionIFvvEEE(once, make);
        takes_if_not_0 __wrap__ZN6icu_7820umtx_initImplPreInitERNS_9UInitOnceE =
            __real__ZN6icu_7820umtx_initImplPreInitERNS_9UInitOnceE(once) -> i8;
        lets_go __wrap__ZN6icu_7821umtx_initImplPostInitERNS_9UInitOnceE =
            __real__ZN6icu_7821umtx_initImplPostInitERNS_9UInitOnceE(once);
        has_meanwhile __wrap__ZNK6icu_7812UnifiedCache4_getERKNS_12CacheKeyBaseERPKNS_12SharedObjectEPKvR10UErrorCode =
            __real__ZNK6icu_7812UnifiedCache4_getERKNS_12CacheKeyBaseERPKNS_12SharedObjectEPKvR10UErrorCode(
                cache, key, value, context, status
            );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_memory::Account;

    fn is_in_debt() -> bool {
        THREAD.with(|thread| thread.is_in_debt.get())
    }

    #[test]
    fn what_has_a_lock_gets_some_and_stops_behind_it() {
        let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
        let mutex = &raw mut mutex;
        assert!(!lends(1), "it has none");
        // SAFETY: the mutex is there, and this thread's.
        unsafe {
            libc::pthread_mutex_lock(mutex);
            assert!(lends(LOAN - 1) && lends(1) && !lends(1));
            assert_eq!(THREAD.with(|thread| thread.lent.get()), LOAN);
            assert_ne!(libc::pthread_mutex_trylock(mutex), 0);
            // This thread is no isolate's, and goes on.
            libc::pthread_mutex_unlock(mutex);
        }
        assert!(!is_any_held() && !is_in_debt());
        assert_eq!(THREAD.with(|thread| thread.lent.get()), 0);
    }

    #[test]
    fn what_has_a_lock_orders_no_end() {
        let _one = crate::process_memory::tests::one();
        let handle = crate::Handle::for_tests(std::sync::Arc::new(Account::new(0)));
        let _working = malloc::work_for(&handle.0.account);
        let mut mutex = libc::PTHREAD_MUTEX_INITIALIZER;
        let mutex = &raw mut mutex;
        // SAFETY: as above.
        unsafe {
            libc::pthread_mutex_lock(mutex);
            order_end();
            assert!(is_in_debt());
            libc::pthread_mutex_unlock(mutex);
            assert!(!is_in_debt());
        }
        order_end();
        assert!(!is_in_debt());
    }
}
