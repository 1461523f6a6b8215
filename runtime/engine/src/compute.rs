//! Long native work that scripts ask for (a digest of many bytes), on threads of its own.
//!
//! There are as many threads as cores, and at least two. An app, whatever its instances, has a share of them: no more than half at a time, so that another
//! one's work begins at once however long the first one's takes; and among those that wait, the next is whoever has fewest at
//! work and has used least CPU time, so that many pieces of work are no better than few. What is used is [charged](Share::used) to
//! whoever asked. Work cannot be interrupted: bound its size before, or do it [in slices](compute_slices). What can be neither
//! bounded well nor cut (a search for primes) is [slow](compute_slow), and has a pool of its own: more threads, of which an app has
//! one, and which give way to all others.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::app::App;
use crate::containment::ThreadId;
use crate::cpu_clock::CpuClock;
use crate::entry;
use crate::external_memory::Account;
use crate::state::State;

/// How long an idle thread waits for more work.
const KEPT: Duration = Duration::from_secs(10);

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The process's pool.
static POOL: LazyLock<Arc<Pool>> = LazyLock::new(|| Pool::new(cores().max(2)));

/// The pool of slow work: so many apps at a time hold each other up only as far as they share the cores.
static SLOW: LazyLock<Arc<Pool>> = LazyLock::new(|| Pool::slow(4 * cores()));

/// The work failed, or there is no thread for it. The log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("native work was not done; the log has the reason")]
pub struct NotDone;

/// An isolate's part of its app's share: the CPU time that its work has used on the pool.
#[derive(Debug)]
pub struct Share {
    nanoseconds: AtomicU64,
    /// The isolate's.
    account: Arc<Account>,
}

impl Share {
    pub(crate) fn of(account: Arc<Account>) -> Arc<Self> {
        Arc::new(Self {
            nanoseconds: AtomicU64::new(0),
            account,
        })
    }

    /// The time of all work that is done.
    pub fn used(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    fn charge(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// Has work done on the pool, at the cost of this isolate. It begins before the future is polled, and is left out if the future
/// is dropped before.
pub fn compute<R, W>(
    state: &State,
    work: W,
) -> impl Future<Output = Result<R, NotDone>> + Send + use<R, W>
where
    R: Send + 'static,
    W: FnOnce() -> R + Send + 'static,
{
    POOL.run(&state.shared.compute, work)
}

/// As [`compute`], of work that takes seconds or minutes, and asks by itself whether anybody wants it still.
pub fn compute_slow<R, W>(
    state: &State,
    work: W,
) -> impl Future<Output = Result<R, NotDone>> + Send + use<R, W>
where
    R: Send + 'static,
    W: FnOnce() -> R + Send + 'static,
{
    SLOW.run(&state.shared.compute, work)
}

/// As [`compute`], of work that is done a slice at a time, so that others' comes between. It ends where the future is dropped.
pub fn compute_slices<R, W>(
    state: &State,
    slice: W,
) -> impl Future<Output = Result<R, NotDone>> + Send + use<R, W>
where
    R: Send + 'static,
    W: FnMut() -> ControlFlow<R> + Send + 'static,
{
    POOL.run_slices(&state.shared.compute, slice)
}

type Work = Box<dyn FnOnce() + Send>;

struct Pool {
    queues: Mutex<Queues>,
    more: Condvar,
    /// The most threads, and the most of them for one app.
    threads: usize,
    per_app: usize,
    gives_way: bool,
}

#[derive(Default)]
struct Queues {
    /// Those with anything to do or at work, and those that had a while ago.
    active: Vec<Queue>,
    threads: usize,
    idle: usize,
}

/// An app's.
struct Queue {
    app: Arc<App>,
    /// Each for one of its isolates.
    waiting: VecDeque<(Arc<Share>, Work)>,
    at_work: usize,
    /// CPU time, as if it had used as much as the least of the others when it became active.
    used: Duration,
    /// Since when there is nothing to do. It is kept for a while: who always has one piece of work at a time has a past, too.
    idle_since: Option<Instant>,
}

impl Pool {
    fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            queues: Mutex::default(),
            more: Condvar::new(),
            threads,
            per_app: threads.div_ceil(2),
            gives_way: false,
        })
    }

    fn slow(threads: usize) -> Arc<Self> {
        Arc::new(Self {
            queues: Mutex::default(),
            more: Condvar::new(),
            threads,
            per_app: 1,
            gives_way: true,
        })
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<R, W>(
        self: &Arc<Self>,
        share: &Arc<Share>,
        work: W,
    ) -> impl Future<Output = Result<R, NotDone>> + Send + use<R, W>
    where
        R: Send + 'static,
        W: FnOnce() -> R + Send + 'static,
    {
        let (sender, result) = oneshot::channel();
        let work = move || {
            if !sender.is_closed() {
                // Whoever waited may leave meanwhile.
                let _ = sender.send(work());
            }
        };
        self.push(share, Box::new(work));
        async move { result.await.map_err(|_| NotDone) }
    }

    fn run_slices<R, W>(
        self: &Arc<Self>,
        share: &Arc<Share>,
        mut slice: W,
    ) -> impl Future<Output = Result<R, NotDone>> + Send + use<R, W>
    where
        R: Send + 'static,
        W: FnMut() -> ControlFlow<R> + Send + 'static,
    {
        let (pool, share) = (self.clone(), share.clone());
        async move {
            loop {
                let work = move || {
                    let flow = slice();
                    (slice, flow)
                };
                match pool.run(&share, work).await? {
                    (_, ControlFlow::Break(result)) => return Ok(result),
                    (rest, ControlFlow::Continue(())) => slice = rest,
                }
            }
        }
    }

    fn push(self: &Arc<Self>, share: &Arc<Share>, work: Work) {
        let mut queues = self.queues();
        let app = share.account.app();
        queues.of(app).waiting.push_back((share.clone(), work));
        if queues.idle > 0 {
            self.more.notify_one();
        } else if queues.threads < self.threads {
            let pool = self.clone();
            let thread = std::thread::Builder::new().name("compute".into());
            match thread.spawn(move || pool.work()) {
                Ok(_) => queues.threads += 1,
                // Those that there are do it.
                Err(_) if queues.threads > 0 => {}
                Err(error) => {
                    tracing::error!(
                        "native work is not done: no thread for it: {error}; raise the limit (ulimit -u)"
                    );
                    let refused = queues.of(app).waiting.pop_back();
                    queues.forget_idle();
                    drop(queues);
                    drop(refused);
                }
            }
        }
    }

    /// The life of a thread.
    fn work(&self) {
        if self.gives_way {
            ThreadId::current().give_way();
        }
        let clock = CpuClock::of_this_thread();
        let mut queues = self.queues();
        loop {
            let Some((app, share, work)) = queues.next(self.per_app) else {
                queues.idle += 1;
                let waited = self.more.wait_timeout(queues, KEPT);
                let (back, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                queues = back;
                queues.idle -= 1;
                if timeout.timed_out() {
                    queues.threads -= 1;
                    return;
                }
                continue;
            };
            drop(queues);
            let began = clock.now();
            // A panic is in the log; whoever waits learns that the work is gone.
            let _ = entry::catch(work);
            let used = clock.now().zip(began).map(|(now, then)| now - then);
            let used = used.unwrap_or_default();
            share.charge(used);
            queues = self.queues();
            queues.done(&app, used);
            // What waited for this one's app may go on in another thread, too.
            if queues.idle > 0 {
                self.more.notify_one();
            }
        }
    }
}

impl Queue {
    fn is_active(&self) -> bool {
        self.at_work > 0 || !self.waiting.is_empty()
    }
}

/// How long it is known what an app has used that has nothing to do.
const REMEMBERED: Duration = Duration::from_secs(10);

impl Queues {
    fn of(&mut self, app: &Arc<App>) -> &mut Queue {
        let mut queues = self.active.iter();
        let index = queues.position(|queue| Arc::ptr_eq(&queue.app, app));
        let active = self.active.iter().filter(|queue| queue.is_active());
        let least = active.map(|queue| queue.used).min().unwrap_or_default();
        let index = index.unwrap_or_else(|| {
            self.active.push(Queue {
                app: app.clone(),
                waiting: VecDeque::new(),
                at_work: 0,
                used: least,
                idle_since: None,
            });
            self.active.len() - 1
        });
        let queue = &mut self.active[index];
        if queue.idle_since.take().is_some() {
            queue.used = queue.used.max(least);
        }
        queue
    }

    /// Notes who has nothing to do, and forgets who has had nothing for a while.
    fn forget_idle(&mut self) {
        let now = Instant::now();
        self.active.retain_mut(|queue| {
            if queue.is_active() {
                return true;
            }
            let since = *queue.idle_since.get_or_insert(now);
            now.duration_since(since) < REMEMBERED
        });
    }

    /// Takes the next piece of work, whose app is then at work.
    fn next(&mut self, per_app: usize) -> Option<(Arc<App>, Arc<Share>, Work)> {
        let next = self
            .active
            .iter_mut()
            .filter(|queue| queue.at_work < per_app && !queue.waiting.is_empty())
            .min_by_key(|queue| (queue.at_work, queue.used))?;
        let (share, work) = next.waiting.pop_front()?;
        next.at_work += 1;
        Some((next.app.clone(), share, work))
    }

    fn done(&mut self, app: &Arc<App>, used: Duration) {
        let queue = self.of(app);
        queue.at_work -= 1;
        queue.used += used;
        self.forget_idle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::mpsc;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn share() -> Arc<Share> {
        Share::of(Arc::new(Account::new(0)))
    }

    fn spin(time: Duration) {
        let clock = CpuClock::of_this_thread();
        let began = clock.now().expect("own clock");
        while clock.now().expect("own clock") - began < time {}
    }

    #[tokio::test]
    async fn an_app_that_floods_the_pool_holds_nobody_up() {
        let pool = Pool::new(2);
        let (flood, quiet) = (share(), share());
        // All of it goes on until this test says so.
        let (gates, all): (Vec<_>, Vec<_>) = (0..100)
            .map(|_| {
                let (gate, closed) = mpsc::channel::<()>();
                (gate, pool.run(&flood, move || closed.recv().is_err()))
            })
            .unzip();
        for n in 0..3 {
            let work = tokio::time::timeout(PATIENCE, pool.run(&quiet, move || n));
            assert_eq!(work.await, Ok(Ok(n)));
        }
        drop(gates);
        assert!(join_all(all).await.into_iter().all(|done| done == Ok(true)));
        assert!(pool.queues().threads <= 2);
    }

    #[tokio::test]
    async fn whoever_has_used_less_comes_first() {
        let pool = Pool::new(1);
        let (heavy, light) = (share(), share());
        let (order, seen) = mpsc::channel();
        let (gate, closed) = mpsc::channel::<()>();
        let first = pool.run(&heavy, move || {
            spin(Duration::from_millis(20));
            closed.recv().is_err()
        });
        let mut rest = Vec::new();
        for (name, share) in [
            ("heavy", &heavy),
            ("heavy", &heavy),
            ("light", &light),
            ("light", &light),
        ] {
            let order = order.clone();
            rest.push(pool.run(share, move || order.send(name).is_ok()));
        }
        drop(gate);
        assert_eq!(first.await, Ok(true));
        assert!(
            join_all(rest)
                .await
                .into_iter()
                .all(|done| done == Ok(true))
        );
        let seen: Vec<_> = seen.try_iter().collect();
        assert_eq!(seen, ["light", "light", "heavy", "heavy"]);
    }

    #[tokio::test]
    async fn work_in_slices_lets_others_between_and_ends_with_whoever_wants_it() {
        let pool = Pool::new(1);
        let (endless, quiet) = (share(), share());
        let mut slices = 0;
        let three = pool.run_slices(&endless, move || {
            slices += 1;
            match slices {
                3 => ControlFlow::Break(slices),
                _ => ControlFlow::Continue(()),
            }
        });
        assert_eq!(three.await, Ok(3));
        let (began, begins) = mpsc::channel();
        let forever = pool.run_slices(&endless, move || {
            let _ = began.send(());
            ControlFlow::<()>::Continue(())
        });
        let forever = tokio::spawn(forever);
        for n in 0..100 {
            let work = tokio::time::timeout(PATIENCE, pool.run(&quiet, move || n));
            assert_eq!(work.await, Ok(Ok(n)));
        }
        forever.abort();
        assert!(forever.await.is_err());
        // All that began are there, and the sender is dropped with the last slice.
        assert!(begins.iter().count() > 0);
    }

    #[tokio::test]
    async fn who_has_one_piece_of_work_at_a_time_has_a_past() {
        let pool = Pool::new(1);
        let (heavy, light, other) = (share(), share(), share());
        let spun = pool.run(&heavy, || spin(Duration::from_millis(20)));
        assert_eq!(spun.await, Ok(()));
        let (order, seen) = mpsc::channel();
        let (gate, closed) = mpsc::channel::<()>();
        let first = pool.run(&other, move || closed.recv().is_err());
        let rest = [("heavy", &heavy), ("light", &light)].map(|(name, share)| {
            let order = order.clone();
            pool.run(share, move || order.send(name).is_ok())
        });
        drop(gate);
        assert_eq!(first.await, Ok(true));
        assert_eq!(join_all(rest).await, [Ok(true); 2]);
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["light", "heavy"]);
    }

    #[tokio::test]
    async fn slow_work_of_one_takes_one_thread() {
        let pool = Pool::slow(3);
        // Two isolates of an app are one.
        let (flood, sibling, quiet) = (share(), share(), share());
        for share in [&flood, &sibling] {
            assert!(share.account.owner.tell(App::named("flood")));
        }
        let (gate, closed) = mpsc::channel::<()>();
        let first = pool.run(&flood, move || closed.recv().is_err());
        let second = pool.run(&sibling, || ());
        assert_eq!(pool.run(&quiet, || 1).await, Ok(1));
        assert_eq!(pool.queues().of(flood.account.app()).waiting.len(), 1);
        drop(gate);
        assert_eq!((first.await, second.await), (Ok(true), Ok(())));
    }

    #[tokio::test]
    async fn cpu_time_is_charged_to_whoever_asked() {
        let pool = Pool::new(2);
        let (works, sleeps) = (share(), share());
        let spun = pool.run(&works, || spin(Duration::from_millis(20)));
        let slept = pool.run(&sleeps, || std::thread::sleep(Duration::from_millis(50)));
        assert_eq!((spun.await, slept.await), (Ok(()), Ok(())));
        // A thread charges when it has told the result.
        let until = Instant::now() + PATIENCE;
        while works.used() < Duration::from_millis(20) {
            assert!(Instant::now() < until, "{works:?}");
            tokio::task::yield_now().await;
        }
        assert!(sleeps.used() < Duration::from_millis(20), "{sleeps:?}");
    }

    #[tokio::test]
    async fn work_that_panics_or_that_nobody_wants_ends() {
        let pool = Pool::new(1);
        let share = share();
        let panics = pool.run(&share, || -> u8 { panic!("on purpose") });
        assert_eq!(panics.await, Err(NotDone));
        let (gate, closed) = mpsc::channel::<()>();
        let first = pool.run(&share, move || closed.recv().is_err());
        let (done, unwanted) = mpsc::channel();
        drop(pool.run(&share, move || done.send(())));
        drop(gate);
        assert_eq!(first.await, Ok(true));
        assert_eq!(pool.run(&share, || 1).await, Ok(1));
        assert!(unwanted.try_recv().is_err());
    }
}
