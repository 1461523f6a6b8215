//! What is left of the process's memory since the watchdog's last look, and who waits for more.
//!
//! Twelve apps within their limits can use up the rest of a control group between two looks. So what isolates take is counted as
//! they ask for it. A thread that asks for more than is left waits, and the watchdog ends isolates that hold much
//! ([`super::end_largest`]), perhaps its own. Where that does not help, it is refused what is [`LARGE`]; the rest is given, as it
//! may be asked for with a lock of V8's, and as nobody can do without. With enough left this is one addition.
//!
//! What comes from clients and peers is waited for without a thread ([`arrival`]), and nobody is ended for it: it is not read
//! meanwhile. Bodies that have come in part could wait for each other for ever, so after a while they are refused, one by one. Small
//! ones have a budget beside that ([`SmallBody`]): where some use all that there is, a form sent to another app is still read.
//!
//! Each byte is in one term only. Whoever allocates it asks, and nobody who gets it later: a buffer that is made of a body, or a
//! reservation of what is there, counts for the app's limit alone. Bodies are copied as they come: they are in [`ARRIVING`] until
//! that is done, in [`ARRIVED`] until the next look, and from then on in what is used. What isolates take is touched later, or never:
//! it is in [`TAKEN`], and goes with the time that their threads have worked. A thread that waits for a core has touched nothing: with
//! the time of the wall twelve apps on two cores were admitted what others had yet to fill.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::external_memory::{Account, malloc};
use crate::limits::MIB;
use crate::watchdog;

/// Bytes that were left at the last look. Before the first one nothing is known to be: whoever asks looks.
static LEFT: AtomicUsize = AtomicUsize::new(0);
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
/// One that is refused gives back what it has, and others go on with that: so much later at the earliest the next one is, and when that
/// has been looked for. Where the machine is so busy that nobody looks, the next one is this often as late.
const BETWEEN: Duration = Duration::from_millis(250);
const UNSEEN: u32 = 10;

/// So many bytes of bodies are kept without another look, or a part of what was left at the last one: what is left is not known
/// before the first, and may have changed since. (The watchdog sleeps while no isolate is at work.)
const BLIND: usize = 16 * MIB;
const BLIND_PART: usize = 4;
/// Bytes of bodies that are about to be kept.
static ARRIVING: AtomicUsize = AtomicUsize::new(0);
/// Bytes of bodies since the last look; the next one sees them.
static ARRIVED: AtomicUsize = AtomicUsize::new(0);

/// What small bodies may hold where nothing is left. It is a part of what stays free for calls and collections.
const SMALL_BODIES: usize = 4 * MIB;
/// An isolate with so much of that gets more only as long as it has less than what is left of it.
const FEW: usize = SmallBody::MOST;
/// What they hold of it.
static SMALL: AtomicUsize = AtomicUsize::new(0);

/// Bodies that wait.
static AWAITED: AtomicUsize = AtomicUsize::new(0);
/// When one was refused last, and how often memory had begun to be given back by then.
static REFUSED: Mutex<Option<(Instant, u64)>> = Mutex::new(None);
/// How often that which was freed has begun to be given back to the system and looked for, and which of these times is over.
static BEGUN: AtomicU64 = AtomicU64::new(0);
static OVER: AtomicU64 = AtomicU64::new(0);
/// Whether there was a look.
static HAS_LOOKED: AtomicBool = AtomicBool::new(false);

/// Since some instant, and never 0.
pub(crate) fn milliseconds() -> u64 {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(FIRST.elapsed().as_millis()).map_or(u64::MAX, |time| time + 1)
}

/// What was taken shows in what is used once it is touched, for which a thread may have to work this long.
const TOUCH: Duration = Duration::from_millis(300);

/// What one isolate has asked for and need not have touched: a part of [`TAKEN`].
#[derive(Debug, Default)]
pub(crate) struct Asked {
    bytes: AtomicUsize,
    /// How many of them are pages of V8's heap. It maps some for what a script makes between two collections, and gives them back.
    pages: AtomicUsize,
    /// Its thread waits, for more or for something else, and touches nothing meanwhile.
    is_waiting: AtomicBool,
}

/// The thread waits until this is dropped.
struct Waits<'a>(&'a AtomicBool);

impl<'a> Waits<'a> {
    fn begin(account: &'a Account) -> Self {
        let is_waiting = &account.asked_for().is_waiting;
        is_waiting.store(true, Ordering::Relaxed);
        Self(is_waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Waits on an isolate's thread for what is done elsewhere. What the isolate has asked for was touched before, or is not going to be.
pub(super) fn while_others_work<R>(account: &Account, wait: impl FnOnce() -> R) -> R {
    let _waits = Waits::begin(account);
    wait()
}

impl Asked {
    /// So many bytes have become as old as the time that its thread has worked, in a turn that still runs, or as that which has passed
    /// where none does. Returns how many there are. By who looks.
    pub(crate) fn settle(&self, worked: Option<Duration>, passed: Duration) -> usize {
        let age = match worked {
            Some(worked) if !self.is_waiting.load(Ordering::Relaxed) => worked,
            _ => passed,
        };
        let bytes = self.bytes();
        let gone = bytes - remaining(bytes, age);
        reduce(&self.bytes, gone);
        are_gone(gone);
        let pages = self.pages.load(Ordering::Relaxed);
        reduce(&self.pages, pages - remaining(pages, age));
        bytes - gone
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// So many bytes that it has asked for are pages of V8's heap.
    pub(crate) fn are_pages(&self, bytes: usize) {
        self.pages.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes of pages go again: those first that need not have been touched. (Were it others, the next look finds as many that are
    /// not used any more.)
    pub(crate) fn lose_pages(&self, bytes: usize) {
        let lost = reduce(&self.pages, bytes);
        are_gone(reduce(&self.bytes, lost));
    }
}

/// So many of those that were taken count no more. What an isolate asks for is added here first and to its own count later, and a look
/// in between takes it for somebody else's: then more is taken off in the end than was added, and a count below 0 would be one without
/// end.
fn are_gone(bytes: usize) {
    reduce(&TAKEN, bytes);
}

/// Takes so many from a count, or what it has. Returns how many it had of them.
fn reduce(count: &AtomicUsize, bytes: usize) -> usize {
    let less = |count: usize| Some(count.saturating_sub(bytes));
    let before = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    bytes.min(before.unwrap_or_default())
}

/// How many of so many bytes are not touched after a time.
fn remaining(bytes: usize, age: Duration) -> usize {
    let part = (-age.as_secs_f64() / TOUCH.as_secs_f64()).exp();
    (bytes as f64 * part) as usize
}

/// Bytes of bodies that a look sees which begins now.
pub(super) fn arrived() -> usize {
    ARRIVED.load(Ordering::Relaxed)
}

fn unseen() -> usize {
    ARRIVING.load(Ordering::Relaxed).saturating_add(arrived())
}

/// A look has found that so many bytes can be taken, so long after the last one, and has seen so many that had arrived. So many of
/// those that were taken are isolates' whose work is known; the rest goes with time.
pub(super) fn look(left: usize, since: Duration, arrived: usize, asked: usize) {
    LEFT.store(left, Ordering::Relaxed);
    HAS_LOOKED.store(true, Ordering::Relaxed);
    ARRIVED.fetch_sub(arrived, Ordering::Relaxed);
    let others = TAKEN.load(Ordering::Relaxed).saturating_sub(asked);
    are_gone(others - remaining(others, since));
}

/// The most that a thread has waited for since the last time.
pub(super) fn wanted() -> usize {
    WANTED.swap(0, Ordering::Relaxed)
}

/// An isolate is about to take so many bytes, on its thread. Returns whether it can, once there is room; an isolate that is to end
/// does not wait, as its end makes room.
#[inline]
pub(crate) fn take(account: &Account, bytes: usize) -> bool {
    let bytes = account.take_granted(bytes);
    has_room(account, bytes) || wait(account, bytes, want)
}

/// As above, without waiting.
pub(crate) fn takes_at_once(account: &Account, bytes: usize) -> bool {
    let bytes = account.take_granted(bytes);
    has_room(account, bytes)
}

/// Whether an isolate can take so many bytes, as above; which it does next, and then without asking.
pub(crate) fn ask(account: &Account, bytes: usize) -> bool {
    account.grant(0);
    let has_room = take(account, bytes);
    if has_room {
        account.grant(bytes);
    }
    has_room
}

/// The same where nobody is to be ended for it. On the isolate's thread.
pub(super) fn spares(account: &Account, bytes: usize) -> bool {
    if bytes < LARGE {
        return true;
    }
    account.grant(0);
    let has_room = has_room(account, bytes) || {
        // What was freed is given back to the system meanwhile.
        let _awaited = Awaited::begin();
        watchdog::wake();
        wait(account, bytes, |_| {})
    };
    if has_room {
        account.grant(bytes);
    }
    has_room
}

/// The watchdog ends isolates for what is waited for.
fn want(bytes: usize) {
    WANTED.fetch_max(bytes, Ordering::Relaxed);
}

#[inline]
fn has_room(account: &Account, bytes: usize) -> bool {
    let taken = TAKEN.fetch_add(bytes, Ordering::Relaxed);
    let taken = taken.saturating_add(unseen());
    if taken.saturating_add(bytes) <= LEFT.load(Ordering::Relaxed) {
        account
            .asked_for()
            .bytes
            .fetch_add(bytes, Ordering::Relaxed);
        return true;
    }
    are_gone(bytes);
    false
}

#[cold]
fn wait(account: &Account, bytes: usize, want: impl Fn(usize)) -> bool {
    let _waits = Waits::begin(account);
    waits_for_room(account, bytes, want)
}

fn waits_for_room(account: &Account, bytes: usize, want: impl Fn(usize)) -> bool {
    for _ in 0..WAITS {
        // The watchdog does not look where turns are short.
        super::look_again();
        if has_room(account, bytes) {
            return true;
        }
        if account.is_terminated() {
            break;
        }
        want(bytes);
        std::thread::sleep(WAIT);
    }
    bytes < LARGE
}

/// Bytes of a body are being kept until this is dropped; then they are there.
#[derive(Debug)]
#[must_use]
pub struct Arrival {
    bytes: usize,
}

impl Arrival {
    /// If there is room for so many bytes, and a look has seen what was kept before, but for a little.
    fn begin(bytes: usize) -> Option<Arrival> {
        let left = LEFT.load(Ordering::Relaxed);
        let known = match HAS_LOOKED.load(Ordering::Relaxed) {
            false => 0,
            true => left,
        };
        let blind = BLIND.max(known / BLIND_PART);
        let left = left.saturating_sub(TAKEN.load(Ordering::Relaxed).saturating_add(BESIDE));
        let more = |arriving: usize| {
            let before = arriving.saturating_add(arrived());
            (before <= blind && before.saturating_add(bytes) <= left).then(|| arriving + bytes)
        };
        let begun = ARRIVING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        begun.ok().map(|_| Arrival { bytes })
    }

    /// The same; where there is none, a small body may still have its part of the budget.
    fn begin_for(bytes: usize, small: Option<&mut SmallBody>) -> Option<Arrival> {
        Self::begin(bytes).or_else(|| {
            let has_grown = small.is_some_and(|small| small.try_grow(bytes));
            has_grown.then(|| {
                ARRIVING.fetch_add(bytes, Ordering::Relaxed);
                Arrival { bytes }
            })
        })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        ARRIVED.fetch_add(self.bytes, Ordering::Relaxed);
        ARRIVING.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a small body holds of the budget for small bodies, until something is made of it: nothing as long as there is room for all.
#[derive(Debug)]
pub struct SmallBody {
    account: Arc<Account>,
    bytes: usize,
}

impl SmallBody {
    /// The largest small body, in bytes.
    pub const MOST: usize = 64 << 10;

    pub(crate) fn new(account: Arc<Account>) -> SmallBody {
        SmallBody { account, bytes: 0 }
    }

    fn try_grow(&mut self, bytes: usize) -> bool {
        let own = self.account.small_bodies();
        let has = own.load(Ordering::Relaxed).saturating_add(bytes);
        let more = |all: usize| {
            let all = all.saturating_add(bytes);
            let left = SMALL_BODIES.checked_sub(all)?;
            (has <= FEW || has <= left).then_some(all)
        };
        let is_one = self.bytes.saturating_add(bytes) <= Self::MOST;
        let has_grown = is_one
            && SMALL
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok();
        if has_grown {
            own.fetch_add(bytes, Ordering::Relaxed);
            self.bytes += bytes;
        }
        has_grown
    }
}

impl Drop for SmallBody {
    fn drop(&mut self) {
        SMALL.fetch_sub(self.bytes, Ordering::Relaxed);
        let own = self.account.small_bodies();
        own.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// So many bytes of a body are about to be kept for an isolate, once there is room. `None` if there is none in time.
pub(crate) async fn arrival(
    account: &Account,
    bytes: usize,
    mut small: Option<&mut SmallBody>,
) -> Option<Arrival> {
    if let Some(arrival) = Arrival::begin_for(bytes, small.as_deref_mut()) {
        return Some(arrival);
    }
    let _awaited = Awaited::begin();
    let began = Instant::now();
    loop {
        watchdog::wake();
        tokio::time::sleep(PAUSE).await;
        if let Some(arrival) = Arrival::begin_for(bytes, small.as_deref_mut()) {
            return Some(arrival);
        }
        if account.is_terminated() || began.elapsed() >= PATIENCE && is_next_refused() {
            return None;
        }
    }
}

fn is_next_refused() -> bool {
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_due = refused.is_none_or(|(time, begun)| {
        let is_seen = OVER.load(Ordering::Relaxed) > begun;
        let pause = if is_seen { BETWEEN } else { BETWEEN * UNSEEN };
        time.elapsed() >= pause
    });
    if is_due {
        *refused = Some((Instant::now(), BEGUN.load(Ordering::Relaxed)));
    }
    is_due
}

/// Gives back what was freed, and looks for it.
pub(super) fn give_back<R>(look: impl FnOnce() -> R) -> R {
    let number = BEGUN.fetch_add(1, Ordering::Relaxed) + 1;
    malloc::purge();
    let found = look();
    OVER.store(number, Ordering::Relaxed);
    found
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

/// There is room, and nothing has been taken.
#[cfg(test)]
pub(crate) fn calm() {
    look(usize::MAX, TOUCH * 100, arrived(), 0);
}

#[cfg(test)]
pub(crate) fn taken() -> usize {
    TAKEN.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// It sees all that has arrived.
    fn look(left: usize, since: Duration) {
        super::look(left, since, arrived(), 0);
    }

    /// For one whose work nobody knows.
    fn has_room(bytes: usize) -> bool {
        super::has_room(&Account::new(0), bytes)
    }

    fn can_arrive(bytes: usize) -> bool {
        Arrival::begin(bytes).is_some()
    }

    #[test]
    fn bodies_wait_and_are_refused_one_by_one() {
        let _one = super::super::tests::one();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(waits_and_is_refused());
    }

    async fn waits_and_is_refused() {
        let account = Account::new(0);
        calm();
        look(BESIDE + 10 * MIB, Duration::ZERO);
        assert!(arrival(&account, 10 * MIB, None).await.is_some());
        assert!(!is_awaited());
        look(BESIDE + 3 * BLIND, Duration::ZERO);
        assert!(can_arrive(BLIND) && can_arrive(MIB) && !can_arrive(MIB));
        look(BESIDE, Duration::ZERO);
        let body = arrival(&account, MIB, None);
        tokio::pin!(body);
        let waits = tokio::time::timeout(PAUSE * 5, &mut body).await;
        assert!(waits.is_err() && is_awaited());
        calm();
        assert!(body.await.is_some());
        look(BESIDE, Duration::ZERO);
        account.terminate();
        assert!(arrival(&account, MIB, None).await.is_none());
        // Some that have waited for long.
        give_back(|| ());
        std::thread::sleep(BETWEEN);
        assert!(is_next_refused());
        give_back(|| ());
        assert!(!is_next_refused(), "others go on with that");
        std::thread::sleep(BETWEEN);
        assert!(is_next_refused());
        std::thread::sleep(BETWEEN);
        assert!(!is_next_refused(), "nobody has looked for that");
        std::thread::sleep(BETWEEN * UNSEEN);
        assert!(is_next_refused());
        calm();
    }

    #[test]
    fn what_a_look_takes_for_somebody_elses_is_not_owed() {
        let _one = super::super::tests::one();
        calm();
        let account = Account::new(0);
        assert!(super::has_room(&account, MIB));
        // It has not seen the account's count.
        super::look(usize::MAX, TOUCH * 100, arrived(), 0);
        account.asked_for().settle(None, TOUCH * 100);
        assert_eq!(taken(), 0);
        super::look(10 * MIB, Duration::ZERO, arrived(), 0);
        assert!(has_room(MIB));
        // One that is refused is seen by a look before it is taken back.
        look(0, Duration::ZERO);
        TAKEN.fetch_add(MIB, Ordering::Relaxed);
        look(0, TOUCH * 100);
        are_gone(MIB);
        assert_eq!(taken(), 0);
        calm();
    }

    #[test]
    fn pages_that_go_again_count_no_more() {
        let _one = super::super::tests::one();
        calm();
        look(10 * MIB, Duration::ZERO);
        let account = Account::new(0);
        // A script that makes garbage.
        for _ in 0..100 {
            assert!(super::has_room(&account, MIB));
            account.map_pages(MIB);
            account.unmap_pages(MIB);
        }
        assert_eq!((taken(), account.asked_for().bytes()), (0, 0));
        // What else it has asked for stays.
        assert!(super::has_room(&account, 3 * MIB));
        account.unmap_pages(2 * MIB);
        assert_eq!((taken(), account.asked_for().bytes()), (3 * MIB, 3 * MIB));
        account.asked_for().settle(None, TOUCH * 100);
        calm();
    }

    #[test]
    fn small_bodies_have_a_budget_where_nothing_is_left() {
        let _one = super::super::tests::one();
        calm();
        let accounts: Vec<_> = (0..3).map(|_| Arc::new(Account::new(0))).collect();
        let body = |account: &Arc<Account>| SmallBody::new(account.clone());
        let mut first = body(&accounts[0]);
        assert!(Arrival::begin_for(1000, Some(&mut first)).is_some());
        assert_eq!(first.bytes, 0, "there is room for all");
        look(BESIDE, Duration::ZERO);
        assert!(Arrival::begin_for(1000, None).is_none());
        let arrival = Arrival::begin_for(SmallBody::MOST, Some(&mut first));
        assert_eq!(unseen(), SmallBody::MOST, "isolates see it");
        drop(arrival);
        assert!(!first.try_grow(1), "it is not small any more");
        // As many as an app gets.
        let all_of = |account| -> Vec<SmallBody> {
            let grown = || {
                let mut body = body(account);
                body.try_grow(SmallBody::MOST).then_some(body)
            };
            std::iter::from_fn(grown).collect()
        };
        let bodies = all_of(&accounts[0]);
        assert_eq!(bodies.len() + 1, SMALL_BODIES / SmallBody::MOST / 2);
        let others = all_of(&accounts[1]);
        assert_eq!(others.len(), SMALL_BODIES / SmallBody::MOST / 4);
        assert!(body(&accounts[2]).try_grow(SmallBody::MOST));
        drop((first, bodies, others));
        assert_eq!(SMALL.load(Ordering::Relaxed), 0);
        let own = accounts[0].small_bodies().load(Ordering::Relaxed);
        assert_eq!(own, 0);
        let mut whole = body(&accounts[0]);
        assert!(whole.try_grow(1000));
        let many: Vec<_> = (0..SMALL_BODIES / SmallBody::MOST)
            .map(|_| {
                let mut body = body(&Arc::new(Account::new(0)));
                let has_grown = body.try_grow(SmallBody::MOST);
                (body, has_grown)
            })
            .collect();
        let refused = many.iter().filter(|(_, has_grown)| !has_grown).count();
        assert_eq!(refused, 1, "the budget is used up");
        calm();
    }

    #[test]
    fn who_takes_more_than_is_left_waits_for_the_next_look() {
        let _one = super::super::tests::one();
        // Nobody else looks meanwhile.
        let _look = super::super::lock();
        let account = Account::new(0);
        let time = |bytes| {
            let began = Instant::now();
            let has_room = take(&account, bytes);
            (has_room, began.elapsed())
        };
        calm();
        look(10 * MIB, Duration::ZERO);
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
        look(0, Duration::ZERO);
        account.terminate();
        assert!(!time(LARGE).0, "it is refused");
        let (has_room, took) = time(LARGE - 1);
        assert!(has_room && took < WAIT);
        calm();
    }

    #[test]
    fn nobody_is_ended_for_what_can_be_done_without() {
        let _one = super::super::tests::one();
        // Nobody else looks meanwhile.
        let _look = super::super::lock();
        let account = Account::new(0);
        calm();
        look(0, Duration::ZERO);
        wanted();
        assert!(spares(&account, LARGE - 1), "it is little");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let began = Instant::now();
                while !is_awaited() {
                    assert!(began.elapsed() < WAIT * 5000, "nothing is given back");
                    std::thread::yield_now();
                }
                look(usize::MAX, Duration::ZERO);
            });
            assert!(spares(&account, LARGE));
        });
        assert!(take(&account, LARGE), "and is taken next");
        assert_eq!(taken(), LARGE, "it counts once");
        calm();
        look(0, Duration::ZERO);
        assert!(!spares(&account, LARGE), "in a second");
        assert_eq!(wanted(), 0);
        assert!(!is_awaited());
        calm();
    }

    #[test]
    fn what_was_taken_goes_with_time_and_not_with_looks() {
        let _one = super::super::tests::one();
        calm();
        look(10 * MIB, Duration::ZERO);
        assert!(has_room(9 * MIB));
        (0..100).for_each(|_| look(10 * MIB, Duration::ZERO));
        assert!(!has_room(2 * MIB));
        look(10 * MIB, TOUCH);
        assert!(
            has_room(6 * MIB),
            "two thirds of it are used, or are not going to be"
        );
        assert!(!has_room(MIB));
        calm();
    }

    #[test]
    fn what_a_thread_was_given_is_kept_for_it_until_it_has_worked() {
        let _one = super::super::tests::one();
        calm();
        look(10 * MIB, Duration::ZERO);
        let account = Account::new(0);
        assert!(take(&account, 9 * MIB));
        let looks = |worked: Option<Duration>| {
            let asked = account.asked_for().settle(worked, TOUCH * 100);
            super::look(10 * MIB, TOUCH * 100, arrived(), asked);
            taken()
        };
        assert_eq!(looks(Some(Duration::ZERO)), 9 * MIB, "it has no core");
        assert!(!has_room(2 * MIB));
        let left = looks(Some(TOUCH));
        assert!((3 * MIB..4 * MIB).contains(&left), "it has touched {left}");
        while_others_work(&account, || {
            assert_eq!(looks(Some(Duration::ZERO)), 0, "it waits");
        });
        assert!(take(&account, 9 * MIB));
        assert_eq!(looks(None), 0, "its turn is over");
        assert!(take(&account, 9 * MIB));
        super::look(10 * MIB, TOUCH * 100, arrived(), 0);
        assert_eq!(taken(), 0, "it is not there any more");
        calm();
    }

    #[test]
    fn bodies_count_until_a_look_sees_them() {
        let _one = super::super::tests::one();
        calm();
        look(BESIDE + 10 * MIB, Duration::ZERO);
        assert!(can_arrive(6 * MIB));
        assert!(!can_arrive(5 * MIB));
        assert!(!has_room(BESIDE + 5 * MIB), "isolates see them, too");
        look(BESIDE + 4 * MIB, Duration::ZERO);
        let copy = Arrival::begin(4 * MIB);
        assert!(copy.is_some());
        look(BESIDE + 4 * MIB, Duration::ZERO);
        assert!(!can_arrive(1), "it has not seen what is being copied");
        let seen = arrived();
        drop(copy);
        super::look(BESIDE + 4 * MIB, Duration::ZERO, seen, 0);
        assert!(!can_arrive(1), "nor what has come since it began");
        look(BESIDE, Duration::ZERO);
        assert_eq!(unseen(), 0);
        assert!(!can_arrive(1));
        assert!(has_room(BESIDE));
        assert_eq!(taken(), BESIDE);
        calm();
    }

    #[test]
    fn what_was_asked_for_counts_once() {
        let _one = super::super::tests::one();
        calm();
        let account = Account::new(0);
        assert!(ask(&account, 3 * MIB));
        assert_eq!(taken(), 3 * MIB);
        assert!(take(&account, 2 * MIB) && take(&account, MIB));
        assert_eq!(taken(), 3 * MIB);
        assert!(take(&account, MIB));
        assert_eq!(taken(), 4 * MIB);
        // What is asked for and not taken is not kept for later.
        assert!(ask(&account, 3 * MIB) && ask(&account, MIB) && take(&account, 2 * MIB));
        assert_eq!(taken(), 9 * MIB);
        calm();
    }
}
