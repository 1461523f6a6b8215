//! Responses that are there as a whole, and that callers have yet to take: the memory of the app that has answered.
//!
//! A caller gets no more of it than it leaves to others, of half of what the app may use; but one response in any case. Those of its
//! responses of which it takes nothing are given up for others of its own.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A response of which nothing was taken for so long is given up for another one.
const STALE: Duration = Duration::from_secs(1);

/// Those of one app.
#[derive(Debug, Default)]
pub(crate) struct Untaken(Mutex<Vec<Arc<Response>>>);

/// What is left of a response.
#[derive(Debug)]
struct Response {
    caller: Arc<str>,
    bytes: AtomicUsize,
    /// When something of it was taken last.
    moved: Mutex<Instant>,
    given_up: Notify,
}

/// A response that a caller takes; it counts until this is dropped.
#[derive(Debug)]
pub(super) struct Taking {
    all: Arc<Untaken>,
    response: Arc<Response>,
}

impl Untaken {
    /// A caller is about to take a response of so many bytes; all may have `most`. `None`: there is too much that it has yet to take.
    pub(super) fn begin(
        self: &Arc<Self>,
        caller: &Arc<str>,
        bytes: usize,
        most: usize,
    ) -> Option<Taking> {
        let mut all = self.lock();
        loop {
            let sum = |own: bool| -> usize {
                let counted = all.iter().filter(|one| !own || one.caller == *caller);
                counted.map(|one| one.bytes.load(Relaxed)).sum()
            };
            let (own, left) = (sum(true), most.saturating_sub(sum(false) + bytes));
            if own == 0 || own + bytes <= left {
                break;
            }
            let stale = all
                .iter()
                .enumerate()
                .filter(|(_, one)| one.caller == *caller && one.moved().elapsed() >= STALE)
                .min_by_key(|(_, one)| *one.moved());
            let (stalest, _) = stale?;
            all.swap_remove(stalest).given_up.notify_one();
        }
        let response = Arc::new(Response {
            caller: caller.clone(),
            bytes: AtomicUsize::new(bytes),
            moved: Mutex::new(Instant::now()),
            given_up: Notify::new(),
        });
        all.push(response.clone());
        Some(Taking {
            all: self.clone(),
            response,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Response>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Response {
    fn moved(&self) -> MutexGuard<'_, Instant> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taking {
    /// The caller has taken so many bytes of it.
    pub(super) fn took(&self, bytes: usize) {
        self.response.bytes.fetch_sub(bytes, Relaxed);
        *self.response.moved() = Instant::now();
    }

    /// Waits until it is given up for another one.
    pub(super) async fn given_up(&self) {
        self.response.given_up.notified().await;
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        all.retain(|one| !Arc::ptr_eq(one, &self.response));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MOST: usize = 64;

    fn all_of(untaken: &Arc<Untaken>, caller: &str) -> Vec<Taking> {
        let caller: Arc<str> = caller.into();
        std::iter::from_fn(|| untaken.begin(&caller, 4, MOST)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_leaves_as_much_to_others_as_it_has() {
        let untaken = Arc::default();
        let takings = ["a", "b", "c"].map(|caller| all_of(&untaken, caller));
        assert_eq!(takings.each_ref().map(Vec::len), [8, 4, 2]);
        takings[0][0].took(4);
        assert_eq!(all_of(&untaken, "a").len(), 0);
        drop(takings);
        assert!(untaken.lock().is_empty());
        // However large it is.
        assert!(untaken.begin(&"a".into(), 1000, MOST).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_move_is_given_up_for_others() {
        let untaken = Arc::default();
        let takings = all_of(&untaken, "a");
        let other = untaken.begin(&"b".into(), 4, MOST).expect("room");
        tokio::time::sleep(STALE).await;
        takings[0].took(1);
        let given_up = || {
            let all = takings.iter().map(Taking::given_up);
            let all: Vec<_> = all.map(|one| one.now_or_never().is_some()).collect();
            all.iter().filter(|given_up| **given_up).count()
        };
        assert_eq!(given_up(), 0);
        let more = untaken.begin(&"a".into(), 4, MOST).expect("room");
        assert!((1..=3).contains(&given_up()));
        assert!(takings[0].given_up().now_or_never().is_none(), "it moves");
        assert!(other.given_up().now_or_never().is_none(), "another's");
        assert!(more.given_up().now_or_never().is_none());
    }
}
