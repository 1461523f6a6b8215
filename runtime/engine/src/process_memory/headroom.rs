//! What is left of the process's memory since the watchdog's last look, and who waits for more.
//!
//! Twelve apps within their limits can use up the rest of a control group between two looks. So what isolates take is counted as
//! they ask for it. A thread that asks for more than is left waits, and the watchdog ends isolates that hold much
//! ([`super::end_largest`]), perhaps its own. Where that does not help, it is refused what is [`LARGE`]; the rest is given, as it
//! may be asked for with a lock of V8's, and as nobody can do without. With enough left this is one addition.
//!
//! What comes from clients and peers is waited for without a thread ([`arrival`]), and nobody is ended for it: it is not read
//! meanwhile. Bodies that have come in part could wait for each other for ever, so after a while they are refused, one by one.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::external_memory::Account;
use crate::limits::MIB;
use crate::watchdog;

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

/// What bodies leave to those who work with others that have come.
const BESIDE: usize = 8 * MIB;
/// How long a body waits, at least, and how often it asks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);
/// One that is refused gives back what it has, and others go on with that: so much later at the earliest the next one is.
const BETWEEN: Duration = Duration::from_millis(250);

/// So many bytes of bodies are kept without another look, or a part of what was left at the last one: what is left is not known
/// before the first, and may have changed since. (The watchdog sleeps while no isolate is at work.)
const BLIND: usize = 16 * MIB;
const BLIND_PART: usize = 4;
/// Bytes of bodies since the last look.
static UNSEEN: AtomicUsize = AtomicUsize::new(0);

/// Bodies that wait.
static AWAITED: AtomicUsize = AtomicUsize::new(0);
/// When one was refused last.
static REFUSED: AtomicU64 = AtomicU64::new(0);
/// When the last look was.
static LOOKED: AtomicU64 = AtomicU64::new(0);

/// Since some instant, and never 0.
fn milliseconds() -> u64 {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST.elapsed().as_millis()).map_or(u64::MAX, |time| time + 1)
}

/// A look has found that so many bytes can be taken.
pub(super) fn look(left: usize) {
    LEFT.store(left, Ordering::Relaxed);
    // What was taken shows in what is used once it is touched: large strings take a tenth of a second. (The watchdog may have slept
    // for long, while bodies came and went.)
    UNSEEN.store(0, Ordering::Relaxed);
    let now = milliseconds();
    let since = now.saturating_sub(LOOKED.swap(now, Ordering::Relaxed));
    let times = (since / super::PAUSE.as_millis() as u64).clamp(1, 200);
    let taken = TAKEN.load(Ordering::Relaxed);
    let left = (0..times).fold(taken, |taken, _| taken - taken.div_ceil(8));
    TAKEN.fetch_sub(taken - left, Ordering::Relaxed);
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

/// So many bytes of a body are about to be kept for an isolate. Returns whether they can, once there is room.
pub(crate) async fn arrival(account: &Account, bytes: usize) -> bool {
    let has_room = || is_seen(bytes) && has_room(bytes + BESIDE) && give_back(BESIDE);
    if has_room() {
        return true;
    }
    let _awaited = Awaited::begin();
    let began = Instant::now();
    loop {
        watchdog::wake();
        tokio::time::sleep(PAUSE).await;
        if has_room() {
            return true;
        }
        if account.is_terminated() || began.elapsed() >= PATIENCE && is_next_refused() {
            return false;
        }
    }
}

/// Whether a look has seen what was kept before so many bytes more, but for a little.
fn is_seen(bytes: usize) -> bool {
    let left = match LOOKED.load(Ordering::Relaxed) {
        0 => 0,
        _ => LEFT.load(Ordering::Relaxed),
    };
    let most = BLIND.max(left / BLIND_PART);
    let more = |unseen: usize| (unseen <= most).then_some(unseen + bytes);
    UNSEEN
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        .is_ok()
}

/// What was taken is not.
fn give_back(bytes: usize) -> bool {
    // A look may have taken its part of it already.
    let less = |taken: usize| Some(taken.saturating_sub(bytes));
    TAKEN
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

fn is_next_refused() -> bool {
    let now = milliseconds();
    let is_due = |before: u64| (now >= before + BETWEEN.as_millis() as u64).then_some(now);
    REFUSED
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_due)
        .is_ok()
}

/// Whether a body waits, so that what is left has to be looked at.
pub(crate) fn is_awaited() -> bool {
    AWAITED.load(Ordering::Relaxed) > 0
}

/// A body waits until this is dropped.
struct Awaited;

impl Awaited {
    fn begin() -> Self {
        AWAITED.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        AWAITED.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn bodies_wait_and_are_refused_one_by_one() {
        let _one = super::super::tests::one();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(waits_and_is_refused());
    }

    async fn waits_and_is_refused() {
        let account = Account::new(0);
        let calm = || (0..500).for_each(|_| look(usize::MAX));
        calm();
        look(BESIDE + 10 * MIB);
        assert!(arrival(&account, 10 * MIB).await);
        assert!(!is_awaited());
        look(BESIDE);
        assert!(is_seen(BLIND) && is_seen(MIB) && !is_seen(MIB));
        look(BESIDE);
        let body = arrival(&account, MIB);
        tokio::pin!(body);
        let waits = tokio::time::timeout(PAUSE * 5, &mut body).await;
        assert!(waits.is_err() && is_awaited());
        calm();
        assert!(body.await);
        look(BESIDE);
        account.terminate();
        assert!(!arrival(&account, MIB).await);
        // Two that have waited for long.
        std::thread::sleep(BETWEEN);
        assert!(is_next_refused());
        assert!(!is_next_refused());
        calm();
    }

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
