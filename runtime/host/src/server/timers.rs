//! Deadlines that are nearly always met.
//!
//! Each request has one, for its answer. tokio's timers are made for few that fire: arming and
//! disarming one takes the lock of the whole runtime's timers. So a connection keeps its timers. One that is given back
//! stays armed for its old instant, and whoever has it next arms it again only when it fires too early.
//!
//! A connection may move to another runtime (see [`super::placement`]), and a timer of tokio's does not: it is replaced there.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use tokio::task::unconstrained;
use tokio::time::{Sleep, sleep_until};

use super::placement::Place;
use crate::slot::Slot;

/// Timers that a connection keeps beside the first: HTTP/1 needs one at a time, HTTP/2 one for each stream.
const KEPT: usize = 3;

/// The timers of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    first: Slot<Box<Timer>>,
    kept: Mutex<Vec<Timer>>,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// Who is woken when it fires, once it is armed.
    waker: Option<Waker>,
    /// Where it was made: [`Place::moves`] of then.
    moves: u32,
}

impl Timers {
    /// The timers of the connection in this place.
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self(Arc::new(Shared {
            first: Slot::default(),
            kept: Mutex::default(),
            place,
        }))
    }

    /// Where the connection is.
    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    /// A future that is ready from an instant on.
    pub(crate) fn at(&self, at: Instant) -> Deadline {
        Deadline {
            due: at.into(),
            timers: self.clone(),
        }
    }

    /// [`until`](Self::until), in a while.
    pub(crate) async fn within<F: Future + Unpin>(
        &self,
        limit: Duration,
        future: F,
    ) -> Option<F::Output> {
        self.until(Instant::now() + limit, future).await
    }

    /// What the future gives, or `None` if it takes beyond `at`. The future is pinned by the caller: to move it in here would be
    /// to copy it.
    pub(crate) async fn until<F: Future + Unpin>(
        &self,
        at: Instant,
        future: F,
    ) -> Option<F::Output> {
        let deadline = self.at(at);
        tokio::select! {
            biased;
            output = future => Some(output),
            () = deadline => None,
        }
    }

    /// A timer of this place, armed for some instant or other.
    fn take(&self, at: tokio::time::Instant) -> Box<Timer> {
        let moves = self.place().moves();
        let others = || self.kept().pop().map(Box::new);
        let kept = self.0.first.take().or_else(others);
        kept.filter(|timer| timer.moves == moves)
            .unwrap_or_else(|| {
                Box::new(Timer {
                    sleep: Box::pin(sleep_until(at)),
                    waker: None,
                    moves,
                })
            })
    }

    /// Keeps a timer for whoever needs the next one.
    fn keep(&self, timer: Box<Timer>) {
        let Some(timer) = self.0.first.put(timer) else {
            return;
        };
        let mut kept = self.kept();
        if kept.len() < KEPT {
            kept.push(*timer);
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Timer>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer {
    /// Waits until it fires.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // OPTIMIZATION: the polls of a request find an armed timer that wakes them already.
        let wakes_us = |waker: &Waker| waker.will_wake(context.waker());
        if self.waker.as_ref().is_some_and(wakes_us) && !self.sleep.is_elapsed() {
            return Poll::Pending;
        }
        // tokio's budget of a task could keep the waker from being registered.
        let polled = pin!(unconstrained(self.sleep.as_mut())).poll(context);
        self.waker = polled.is_pending().then(|| context.waker().clone());
        polled
    }
}

/// Ready from an instant on; see [`Timers::at`].
#[derive(Debug)]
pub(crate) struct Deadline {
    due: Due,
    timers: Timers,
}

impl Deadline {
    /// Whether it is ready, without waiting for it.
    pub(super) fn has_passed(&self) -> bool {
        tokio::time::Instant::now().into_std() >= self.due.at
    }
}

impl Future for Deadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.timers.poll_due(&mut this.due, context)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.timers.leave(&mut self.due);
    }
}

/// What somebody waits for who has the timers at hand; see [`Timers::poll_due`].
#[derive(Debug)]
pub(crate) struct Due {
    at: Instant,
    /// Taken when first polled.
    timer: Option<Box<Timer>>,
}

impl From<Instant> for Due {
    fn from(at: Instant) -> Self {
        Self { at, timer: None }
    }
}

impl Timers {
    /// Ready from the instant on; the timer is given back by [`leave`](Self::leave).
    pub(crate) fn poll_due(&self, due: &mut Due, context: &mut Context<'_>) -> Poll<()> {
        let at = due.at.into();
        let moves = self.place().moves();
        if due.timer.as_ref().is_some_and(|timer| timer.moves != moves) {
            due.timer = None;
        }
        let timer = due.timer.get_or_insert_with(|| self.take(at));
        loop {
            if timer.sleep.deadline() > at {
                timer.sleep.as_mut().reset(at);
            }
            ready!(timer.poll(context));
            if timer.sleep.deadline() == at || due.at <= Instant::now() {
                return Poll::Ready(());
            }
            timer.sleep.as_mut().reset(at);
        }
    }

    /// Nobody waits for it any more.
    pub(crate) fn leave(&self, due: &mut Due) {
        if let Some(timer) = due.timer.take() {
            self.keep(timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it takes until a deadline is ready.
    async fn wait(timers: &Timers, limit: Duration) -> Duration {
        let began = tokio::time::Instant::now();
        timers.at(began.into_std() + limit).await;
        began.elapsed()
    }

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_millis(250);

    #[tokio::test]
    async fn a_deadline_is_ready_when_it_is_due_and_not_before() {
        let timers = Timers::default();
        // New; kept with an instant that has passed; kept with one that comes too late; kept with one that comes too early.
        for (met, limit) in [
            (None, SHORT),
            (None, SHORT),
            (Some(LONG * 100), SHORT),
            (Some(SHORT), LONG),
        ] {
            if let Some(met) = met {
                assert_eq!(
                    timers.within(met, pin!(tokio::task::yield_now())).await,
                    Some(())
                );
            }
            let took = wait(&timers, limit).await;
            assert!(took >= limit, "{took:?} is before {limit:?}");
            assert!(took < limit + LONG, "{took:?} is long after {limit:?}");
        }
    }

    #[tokio::test]
    async fn timers_are_kept() {
        let timers = Timers::default();
        let one = || timers.within(LONG, Box::pin(tokio::task::yield_now()));
        tokio::join!(one(), one());
        let kept = || usize::from(timers.0.first.is_full()) + timers.kept().len();
        assert_eq!(kept(), 2);
        one().await;
        assert_eq!(kept(), 2);
    }

    #[test]
    fn deadlines_move_with_their_connection() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap()
        };
        let place = Arc::new(Place::default());
        let timers = Timers::new(place.clone());
        let began = Instant::now();
        let mut deadline = timers.at(began + SHORT);
        let here = runtime();
        here.block_on(async {
            let _ = timers.within(LONG, pin!(tokio::task::yield_now())).await;
            let waits = std::future::poll_fn(|context| {
                Poll::Ready(Pin::new(&mut deadline).poll(context).is_pending())
            });
            assert!(waits.await);
        });
        // A timer of a runtime that is gone would panic.
        drop(here);
        place.moved(1);
        runtime().block_on(async {
            deadline.await;
            assert!(began.elapsed() >= SHORT);
            timers.at(Instant::now() + SHORT).await;
        });
        assert!(began.elapsed() >= SHORT * 2);
    }

    #[tokio::test]
    async fn whoever_polls_last_is_woken() {
        let timers = Timers::default();
        let mut deadline = timers.at(Instant::now() + SHORT);
        let (first, second) = (Woken::default(), Woken::default());
        for waker in [&first, &first, &second, &second] {
            let waker = waker.0.clone().into();
            let polled = Pin::new(&mut deadline).poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
        tokio::time::sleep(SHORT * 2).await;
        assert_eq!((first.count(), second.count()), (0, 1));
        let waker = second.0.clone().into();
        let polled = Pin::new(&mut deadline).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_ready());
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(Arc<Count>);

    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicU32);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    impl Woken {
        fn count(&self) -> u32 {
            self.0.0.load(std::sync::atomic::Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let timers = Timers::default();
        assert_eq!(
            timers.within(SHORT, std::future::pending::<()>()).await,
            None
        );
        assert_eq!(timers.within(SHORT, std::future::ready(1)).await, Some(1));
    }
}
