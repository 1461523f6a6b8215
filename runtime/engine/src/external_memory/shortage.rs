//! An isolate without room. What does not fit is refused by an exception, which the app may handle, and mostly there is room again once
//! the work is over that has taken it. Where what fills an isolate stays (a leak), whatever is asked of it would be refused for ever: it
//! ends then as if it had passed its limit.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::mailbox::Shared;

/// Beside work that goes on, there is a look so often, as each costs a collection.
const PAUSE: Duration = Duration::from_secs(1);
/// And an isolate may be full for so long.
const LONGEST: Duration = Duration::from_secs(10);

/// What is known of an isolate's shortage, if it has one.
#[derive(Debug, Default)]
pub(crate) struct Shortage(Cell<Option<Looks>>);

/// When it was short for the first time, and when somebody has looked last, and found it full.
#[derive(Debug, Clone, Copy)]
struct Looks {
    first: Instant,
    last: Instant,
}

impl Shortage {
    /// Whether the isolate is of no more use, as what it keeps leaves no room. Between turns.
    pub(crate) fn is_lasting(&self, isolate: &mut v8::Isolate, shared: &Shared) -> bool {
        let is_new = shared.account.take_shortage();
        let before = self.0.get();
        if !is_new && before.is_none() {
            return false;
        }
        let (now, works) = (Instant::now(), shared.tokens() > 0);
        if works && !is_due(before, is_new, now) {
            // To be looked at when the work is over, or goes on for long.
            self.0.set(before.or(Some(Looks {
                first: now,
                last: now,
            })));
            return false;
        }
        isolate.low_memory_notification();
        if !shared.account.is_full() {
            self.0.set(None);
            return false;
        }
        // What was long ago may have been another shortage.
        let recent = before.filter(|looks| now.duration_since(looks.last) < LONGEST);
        let first = recent.map_or(now, |looks| looks.first);
        self.0.set(Some(Looks { first, last: now }));
        !works || now.duration_since(first) >= LONGEST
    }
}

/// Whether it is time for a look beside work that goes on: not without a reason, and not at the first one, which may be over soon.
fn is_due(before: Option<Looks>, is_new: bool, now: Instant) -> bool {
    is_new && before.is_some_and(|looks| now.duration_since(looks.last) >= PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_goes_on_has_few_looks() {
        let first = Instant::now();
        let before = Some(Looks { first, last: first });
        assert!(!is_due(None, true, first));
        assert!(!is_due(before, true, first + PAUSE / 2));
        assert!(!is_due(before, false, first + LONGEST));
        assert!(is_due(before, true, first + PAUSE));
    }
}
