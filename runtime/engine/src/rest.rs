//! Since when an isolate has nothing to do, for those who look for memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::process_memory::headroom::milliseconds;

/// What the isolate's thread says of that while it looks for something to do: turns have nothing to do with it.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    may_end: AtomicBool,
    /// In milliseconds of [`milliseconds`]; 0 where it has something to do, or had a moment ago.
    since: AtomicU64,
}

impl Rest {
    /// Whoever owns the isolate can do without it while it rests.
    pub(crate) fn may_end(&self) {
        self.may_end.store(true, Relaxed);
    }

    /// The isolate has had nothing to do for a while. On its thread, any number of times.
    pub(crate) fn begins(&self) {
        if self.since.load(Relaxed) == 0 {
            self.since.store(milliseconds(), Relaxed);
        }
    }

    /// It has had something to do. On its thread.
    #[inline]
    pub(crate) fn ends(&self) {
        if self.since.load(Relaxed) != 0 {
            self.since.store(0, Relaxed);
        }
    }

    /// Whether it has had nothing to do for a while. On its thread.
    pub(crate) fn has_begun(&self) -> bool {
        self.since.load(Relaxed) != 0
    }

    /// Since when it rests, if it may end.
    pub(crate) fn since(&self) -> Option<u64> {
        let since = self.since.load(Relaxed);
        (since > 0 && self.may_end.load(Relaxed)).then_some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_goes_on_until_there_is_something_to_do_and_has_to_be_allowed() {
        let rest = Rest::default();
        rest.begins();
        assert_eq!(rest.since(), None, "it may not end");
        rest.may_end();
        let since = rest.since().expect("a rest");
        std::thread::sleep(std::time::Duration::from_millis(3));
        rest.begins();
        assert_eq!(rest.since(), Some(since));
        rest.ends();
        assert_eq!(rest.since(), None);
        rest.begins();
        assert!(rest.since() > Some(since));
    }
}
