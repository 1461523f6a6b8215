//! A thread's stack: how much of it there is, and the pages of it that nothing uses.
//!
//! To make an isolate and to compile scripts goes deep into the stack, once; the pages stay the process's, some 80 KB for each thread.

use crate::thread::{STACK_SIZE, V8_STACK};

/// What lies this close below a function's own variables is left alone: its callees' frames.
#[cfg(target_os = "linux")]
const MARGIN: usize = 16 << 10;

unsafe extern "C" {
    /// `void v8::Isolate::SetStackLimit(uintptr_t)`, of v8-isolate.h: the crate does not bind it. The limit that it binds, a parameter for a
    /// new isolate, is overwritten while V8 makes that.
    #[link_name = "_ZN2v87Isolate13SetStackLimitEm"]
    fn set_stack_limit(isolate: v8::UnsafeRawIsolatePtr, limit: usize);
}

/// Has an isolate of this thread, a shared carrier's, use all of it that V8 may.
pub(crate) fn give_more(isolate: &mut v8::Isolate) {
    if let Some(limit) = v8_limit() {
        // SAFETY: it is this thread's isolate, for as long as it lives, and the address is in this thread's stack.
        unsafe { set_stack_limit(isolate.as_raw_isolate_ptr(), limit) };
    }
}

/// The lowest address that V8 uses of the stack of this thread, a shared carrier's: native code below scripts has as much as elsewhere.
fn v8_limit() -> Option<usize> {
    Some(lowest()? + STACK_SIZE - V8_STACK)
}

/// How much is left of this thread's stack down to there.
pub(crate) fn left() -> Option<usize> {
    here().checked_sub(v8_limit()?)
}

/// An address in the frame of this function, about.
fn here() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

/// Gives back the pages of this thread's stack that lie deeper than its current frames.
#[cfg(target_os = "linux")]
pub(crate) fn give_back() {
    let here = here();
    let Some(lowest) = lowest() else { return };
    // SAFETY: no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.unsigned_abs() as usize;
    let end = here.saturating_sub(MARGIN) / page * page;
    if lowest < end {
        // SAFETY: the range is part of this thread's stack, and below every frame that is in use: the stack grows downwards, and
        // the system call needs no more of it than the margin. Pages that are touched again are zero, as those of a new stack.
        unsafe {
            libc::madvise(
                std::ptr::without_provenance_mut(lowest),
                end - lowest,
                libc::MADV_DONTNEED,
            );
        }
    }
}

/// The lowest address of this thread's stack.
#[cfg(target_os = "linux")]
fn lowest() -> Option<usize> {
    let mut attributes = std::mem::MaybeUninit::uninit();
    // SAFETY: the functions are called in the order that they demand, with the place that each fills in.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
        let found =
            libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        (found == 0).then(|| lowest.addr())
    }
}

/// The lowest address of this thread's stack.
#[cfg(target_os = "macos")]
fn lowest() -> Option<usize> {
    // SAFETY: this thread is there.
    unsafe {
        let own = libc::pthread_self();
        let highest = libc::pthread_get_stackaddr_np(own).addr();
        highest.checked_sub(libc::pthread_get_stacksize_np(own))
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn give_back() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Bytes of the stack's mapping that are in memory, between two addresses.
    fn resident(from: usize, to: usize) -> usize {
        let page = 4096;
        let mut pages = vec![0_u8; (to - from) / page];
        // SAFETY: the range is mapped, and there is room for a byte for each of its pages.
        let error = unsafe {
            libc::mincore(
                std::ptr::without_provenance_mut(from),
                to - from,
                pages.as_mut_ptr(),
            )
        };
        assert_eq!(error, 0);
        pages.iter().filter(|flags| **flags & 1 == 1).count() * page
    }

    #[inline(never)]
    fn go_deep() -> usize {
        let deep = [1_u8; 400 << 10];
        std::hint::black_box(&deep).as_ptr().addr() / 4096 * 4096
    }

    #[test]
    fn what_was_deep_is_given_back_and_what_is_in_use_stays() {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let test = || {
            let in_use = [7_u8; 20_000];
            let deep = go_deep();
            let end = deep + (300 << 10);
            assert_eq!(resident(deep, end), 300 << 10);
            give_back();
            assert_eq!(resident(deep, end), 0);
            assert!(std::hint::black_box(in_use).iter().all(|byte| *byte == 7));
            assert_eq!(go_deep(), deep);
        };
        thread
            .spawn(test)
            .expect("a thread")
            .join()
            .expect("no panic");
    }
}
