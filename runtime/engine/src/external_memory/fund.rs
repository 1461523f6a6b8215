//! Address space for those that must not fail, when the system has none left (`ulimit -v`, `ulimit -d`).
//!
//! Where an isolate's thread gets no memory in the middle of something, that isolate ends ([`crate::containment`]). Where V8's
//! workers get none, or the host's threads, the process does: they do what is everybody's. V8 has a worker copy what is alive in a
//! young generation, whatever the flags are. So some is reserved from the beginning, is given up when one of those is refused
//! some, and reserved anew when an instance has ended or the next one is to begin.

use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::MIB;

/// More than what is alive in the young generations that are collected at a time, and what a few requests take.
pub(crate) const BYTES: usize = 64 * MIB;

/// Where it is; 0 if it is spent.
static ADDRESS: AtomicUsize = AtomicUsize::new(0);

/// Reserves it, unless it is there or cannot be had. It is never touched, and takes no memory.
pub(crate) fn fill() {
    if ADDRESS.load(Ordering::Relaxed) != 0 {
        return;
    }
    // SAFETY: a new mapping, wherever there is room for it, which nobody uses.
    let mapped = unsafe {
        libc::mmap(
            ptr::null_mut(),
            BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if mapped == libc::MAP_FAILED {
        return;
    }
    let (relaxed, address) = (Ordering::Relaxed, mapped.addr());
    if ADDRESS
        .compare_exchange(0, address, relaxed, relaxed)
        .is_err()
    {
        // Another thread was first.
        // SAFETY: nobody else knows it.
        unsafe { libc::munmap(mapped, BYTES) };
    }
}

/// Gives it up. Returns whether there was any.
#[cfg(target_os = "linux")]
pub(super) fn spend() -> bool {
    let address = ADDRESS.swap(0, Ordering::Relaxed);
    // SAFETY: the mapping is `fill`'s, and whoever takes the address out is the only one to know it.
    address != 0 && unsafe { libc::syscall(libc::SYS_munmap, address, BYTES) } == 0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_once_and_filled_again() {
        for _ in 0..2 {
            fill();
            fill();
            assert!(spend());
            assert!(!spend());
        }
    }
}
