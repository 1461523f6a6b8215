//! How long a thread wants to run at a stretch, told to the system's scheduler.
//!
//! On a machine that has more to do than cores, Linux (6.12 and later) lets a thread that has woken go before one that runs if it
//! asks for a shorter slice, as long as it has not had its share. So threads that pass on requests ask for short slices, and so do apps'
//! threads whose turns are short: a request that goes over three threads would else wait three times for somebody's whole slice. Nobody gets
//! a larger share by it, and it takes no privilege. Elsewhere nothing changes.

use crate::containment::ThreadId;

/// What a thread asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Slice {
    /// The shortest that Linux gives: to go soon.
    Short,
    /// The system's own.
    Usual,
}

impl Slice {
    #[cfg(target_os = "linux")]
    fn nanoseconds(self) -> u64 {
        match self {
            Slice::Short => 100_000,
            Slice::Usual => 0,
        }
    }
}

/// Has this thread go soon whenever it has something to do. For threads that work for a short time for anybody: those of the host's I/O.
pub fn ask_for_short_slices() {
    ThreadId::current().ask_for(Slice::Short);
}

impl ThreadId {
    /// Has the thread have such slices, where the system can do that.
    #[cfg(target_os = "linux")]
    pub(crate) fn ask_for(self, slice: Slice) {
        let Some(mut attributes) = self.attributes() else {
            return;
        };
        // What somebody has given another policy keeps it: a slice means something else there, or nothing.
        if !matches!(
            attributes.sched_policy.cast_signed(),
            libc::SCHED_OTHER | libc::SCHED_BATCH
        ) {
            return;
        }
        attributes.sched_runtime = slice.nanoseconds();
        // SAFETY: the structure has the size that it says, and is only read.
        unsafe { libc::syscall(libc::SYS_sched_setattr, self.id(), &raw const attributes, 0) };
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn ask_for(self, _slice: Slice) {}

    /// What the system's scheduler knows of the thread. `None` if it is gone, or if the process may not ask.
    #[cfg(target_os = "linux")]
    fn attributes(self) -> Option<libc::sched_attr> {
        // SAFETY: all zeros is a value of the structure.
        let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::sched_attr>();
        // SAFETY: the call writes at most `size` bytes there.
        let result = unsafe {
            libc::syscall(
                libc::SYS_sched_getattr,
                self.id(),
                &raw mut attributes,
                size,
                0,
            )
        };
        (result == 0).then_some(attributes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_asked_for_and_given_back_and_nothing_else_changes() {
        let thread = ThreadId::current();
        let before = thread.attributes().expect("of this thread");
        thread.ask_for(Slice::Short);
        let short = thread.attributes().expect("of this thread");
        thread.ask_for(Slice::Usual);
        let after = thread.attributes().expect("of this thread");
        // Linux before 6.12 knows nothing of slices, and says 0.
        if before.sched_runtime != 0 {
            assert_eq!(short.sched_runtime, 100_000);
        }
        assert_eq!(after.sched_runtime, before.sched_runtime);
        for one in [short, after] {
            assert_eq!(
                (one.sched_policy, one.sched_nice, one.sched_priority),
                (
                    before.sched_policy,
                    before.sched_nice,
                    before.sched_priority
                )
            );
        }
    }
}
