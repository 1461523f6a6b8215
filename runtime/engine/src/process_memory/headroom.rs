//! What is left of the process's memory since the watchdog's last look, and who waits for more.
//!
//! Twelve apps within their limits can use up the rest of a control group between two looks. So what isolates take is counted as
//! they ask for it. A thread that asks for more than is left waits, and the watchdog ends isolates that hold much
//! ([`super::end_largest`]), perhaps its own. Where that does not help, it is refused what is [`LARGE`]; the rest is given, as it
//! may be asked for with a lock of V8's, and as nobody can do without. With enough left this is one addition.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::external_memory::Account;
use crate::limits::MIB;

/// Bytes that were left at the last look.
static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Bytes that isolates have asked for of late. They need not have touched them yet.
static TAKEN: AtomicUsize = AtomicUsize::new(0);
/// The most that is waited for.
static WANTED: AtomicUsize = AtomicUsize::new(0);

/// What is refused, in bytes.
pub(crate) const LARGE: usize = MIB;
/// How often and how long a thread waits.
const WAITS: u32 = 500;
const WAIT: Duration = Duration::from_millis(2);

/// A look has found that so many bytes can be taken.
pub(super) fn look(left: usize) {
    LEFT.store(left, Ordering::Relaxed);
    // What was taken shows in what is used once it is touched: large strings take a tenth of a second.
    let taken = TAKEN.load(Ordering::Relaxed);
    TAKEN.fetch_sub(taken.div_ceil(8), Ordering::Relaxed);
}

/// The most that a thread has waited for since the last time.
pub(super) fn wanted() -> usize {
    WANTED.swap(0, Ordering::Relaxed)
}

/// An isolate is about to take so many bytes, on its thread. Returns whether it can, once there is room; an isolate that is to end
/// does not wait, as its end makes room.
#[inline]
pub(crate) fn take(account: &Account, bytes: usize) -> bool {
    has_room(bytes) || wait(account, bytes)
}

#[inline]
fn has_room(bytes: usize) -> bool {
    let taken = TAKEN.fetch_add(bytes, Ordering::Relaxed);
    if taken.saturating_add(bytes) <= LEFT.load(Ordering::Relaxed) {
        return true;
    }
    TAKEN.fetch_sub(bytes, Ordering::Relaxed);
    false
}

#[cold]
fn wait(account: &Account, bytes: usize) -> bool {
    for _ in 0..WAITS {
        if account.is_terminated() {
            break;
        }
        WANTED.fetch_max(bytes, Ordering::Relaxed);
        std::thread::sleep(WAIT);
        if has_room(bytes) {
            return true;
        }
    }
    bytes < LARGE
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_takes_more_than_is_left_waits_for_the_next_look() {
        let _one = super::super::tests::one();
        let account = Account::new(0);
        let time = |bytes| {
            let began = Instant::now();
            let has_room = take(&account, bytes);
            (has_room, began.elapsed())
        };
        let calm = || (0..500).for_each(|_| look(usize::MAX));
        calm();
        look(10 * MIB);
        let (has_room, took) = time(10 * MIB);
        assert!(has_room && took < WAIT);
        wanted();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(WAIT * 5);
                assert_eq!(wanted(), 2 * MIB);
                calm();
            });
            let (has_room, took) = time(2 * MIB);
            assert!(has_room && took >= WAIT * 4);
        });
        look(0);
        account.terminate();
        assert!(!time(LARGE).0, "it is refused");
        let (has_room, took) = time(LARGE - 1);
        assert!(has_room && took < WAIT);
        calm();
    }
}
