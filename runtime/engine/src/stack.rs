//! The pages of a thread's stack that nothing uses.
//!
//! To make an isolate and to compile scripts goes deep into the stack, once; the pages stay the process's, some 80 KB for each thread.

/// What lies this close below a function's own variables is left alone: its callees' frames.
#[cfg(target_os = "linux")]
const MARGIN: usize = 16 << 10;

/// Gives back the pages of this thread's stack that lie deeper than its current frames.
#[cfg(target_os = "linux")]
pub(crate) fn give_back() {
    let here = 0_u8;
    let here = (&raw const here).addr();
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
