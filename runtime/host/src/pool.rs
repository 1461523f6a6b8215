//! The instances of one version of an app.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nano_worker::{
    Exit, Instance, InstanceThread, Losses, StartError, StartErrorKind, WorkerOptions,
};
use tokio::sync::Notify;

use crate::backoff::{Backoff, Failure};
use crate::starter::Starter;
use crate::statistics::Statistics;

/// The instances of one version of an app: at most one at a time, started when it is asked for and there is none.
pub(crate) struct Pool {
    options: WorkerOptions,
    /// Why no instance can start.
    fault: Option<StartError>,
    statistics: Arc<Statistics>,
    starter: Arc<Starter>,
    state: Mutex<State>,
    /// Told whenever a start is over, and when the pool closes.
    settled: Notify,
    /// Told when nobody has a lease any more.
    released: Notify,
}

struct State {
    phase: Phase,
    members: Vec<Member>,
    /// A task is starting an instance; everyone waits for it.
    is_starting: bool,
    /// One has been asked for.
    has_begun: bool,
    /// Requests that count on an instance; see [`Pool::lease`].
    leases: usize,
    /// All of them so far.
    leased: u64,
    /// How many there had been when nobody had a lease for the first time, and when that was seen.
    quiet: Option<(u64, Instant)>,
    backoff: Backoff,
    /// Why there is no instance, for those who are refused.
    reason: Reason,
    /// The last start was none.
    has_failed: bool,
    /// Starts in a row that have passed the memory limit.
    heavy_starts: u32,
    /// Instances that have crashed or did not stop.
    lost: u32,
    /// The last of them: several report it.
    last_lost: Option<usize>,
    /// Too many are lost, or it does not start within its memory limit.
    is_disabled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests are taken in.
    Open,
    /// No further request is taken in. Those that have been get their instance, also a new one.
    Retiring,
    /// Nothing is started any more.
    Closed,
}

/// An instance of a pool.
#[derive(Clone)]
pub(crate) struct Member {
    /// Unique in the process, and never [`NOBODY`].
    id: usize,
    instance: Arc<dyn Instance>,
}

/// The id of no member.
pub(crate) const NOBODY: usize = 0;

impl Member {
    fn new(instance: Arc<dyn Instance>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(NOBODY + 1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            instance,
        }
    }

    pub(crate) fn id(&self) -> usize {
        self.id
    }

    pub(crate) fn instance(&self) -> &Arc<dyn Instance> {
        &self.instance
    }

    /// A place for connections whose requests go to this instance.
    pub(crate) fn thread(&self) -> Option<Arc<dyn InstanceThread>> {
        self.instance.thread()
    }

    /// Whether it takes requests.
    pub(crate) fn goes_on(&self) -> bool {
        self.instance.condemned().is_none()
    }
}

/// Each lost instance keeps a thread and memory, and takes a core for as long as it goes on; so after this many a version of an app
/// gets no other: not before the app is changed.
const MAX_LOST: u32 = 4;
/// The same for all apps together: from then on, the first of each is its last. So it is when they keep much memory.
const ALL_LOST: usize = 32;
/// A start that passes the app's memory limit takes all of that each time, at the cost of others; so after this many in a row a
/// version of an app gets no other.
const MAX_HEAVY_STARTS: u32 = 4;

/// How a version of an app is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// An instance runs.
    Running,
    /// None does; the next request starts one.
    Idle,
    /// One starts.
    Starting,
    /// The last start has failed, and why.
    Failing(String),
    /// Too many instances are lost.
    Disabled(String),
}

/// Why there is no instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) message: String,
    /// Where the app's code failed, if it did: places and source lines.
    pub(crate) stack: Option<String>,
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        Self {
            message,
            stack: None,
        }
    }
}

/// Why there is no instance for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unavailable {
    pub(crate) reason: Reason,
    /// When to ask again; `None` if that is of no use.
    pub(crate) retry_after: Option<Duration>,
}

impl Pool {
    /// A pool without instances. `fault` is why none can start, if that is known.
    pub(crate) fn new(
        options: WorkerOptions,
        fault: Option<StartError>,
        statistics: Arc<Statistics>,
        starter: Arc<Starter>,
    ) -> Arc<Self> {
        let state = State {
            phase: Phase::Open,
            members: Vec::new(),
            is_starting: false,
            has_begun: false,
            leases: 0,
            leased: 0,
            quiet: None,
            backoff: Backoff::default(),
            reason: Reason::default(),
            has_failed: false,
            heavy_starts: 0,
            lost: 0,
            last_lost: None,
            is_disabled: false,
        };
        Arc::new(Self {
            options,
            fault,
            statistics,
            starter,
            state: Mutex::new(state),
            settled: Notify::new(),
            released: Notify::new(),
        })
    }

    /// Takes a request in: until [`released`](Self::release), the pool has an instance for it or starts one, however soon it is
    /// replaced. Gives the one that runs, if one does. `None` if the pool takes nothing in any more.
    pub(crate) fn lease(&self) -> Option<Option<Member>> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return None;
        }
        state.leases += 1;
        state.leased += 1;
        Some(state.running().cloned())
    }

    /// Gives a lease back.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.leases -= 1;
        if state.leases == 0 && state.phase != Phase::Open {
            drop(state);
            self.released.notify_waiters();
        }
    }

    /// Whether requests are taken in.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// An instance that goes on, if there is one.
    pub(crate) fn running(&self) -> Option<Member> {
        self.lock().running().cloned()
    }

    /// How the version is.
    pub(crate) fn condition(&self) -> Condition {
        let state = self.lock();
        if state.is_disabled {
            Condition::Disabled(state.reason.message.clone())
        } else if state.running().is_some() {
            Condition::Running
        } else if state.is_starting {
            Condition::Starting
        } else if state.has_failed {
            Condition::Failing(state.reason.message.clone())
        } else {
            Condition::Idle
        }
    }

    /// Whether somebody has asked for an instance.
    pub(crate) fn has_begun(&self) -> bool {
        self.lock().has_begun
    }

    /// Whether nothing works: the last start has failed, or no further one is tried.
    pub(crate) fn is_broken(&self) -> bool {
        let state = self.lock();
        state.running().is_none() && (state.has_failed || state.is_disabled)
    }

    /// An instance; starts one where there is none, once for all who ask.
    pub(crate) async fn instance(self: &Arc<Self>) -> Result<Member, Unavailable> {
        loop {
            // Registered before the state is looked at, so that no change is missed.
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut state = self.lock();
                // The end of those that are of no more use takes its time, and nobody has to wait for it.
                while let Some((member, exit)) = state.condemned() {
                    self.remove_locked(&mut state, &member, &exit);
                }
                if let Some(member) = state.running() {
                    return Ok(member.clone());
                }
                state.may_start(Instant::now())?;
                if !state.is_starting {
                    state.is_starting = true;
                    state.has_begun = true;
                    // A task of its own: the request that asks may be given up.
                    self.starter.runtime().spawn(self.clone().start());
                }
            }
            settled.await;
        }
    }

    /// Starts an instance and looks after it until it ends.
    async fn start(self: Arc<Self>) {
        let began = Instant::now();
        let name = &*self.options.name;
        let started = match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => self.starter.launch(self.options.clone()).await,
        };
        let member = {
            let mut state = self.lock();
            state.is_starting = false;
            state.has_failed = started.is_err();
            match started {
                Ok(instance) if state.phase == Phase::Closed || state.is_disabled => {
                    instance.stop();
                    None
                }
                Ok(instance) => {
                    state.backoff.started();
                    state.heavy_starts = 0;
                    self.statistics.started(&instance, began.elapsed());
                    let member = Member::new(instance);
                    state.members.push(member.clone());
                    Some(member)
                }
                Err(error) => {
                    self.statistics.start_failed();
                    let failure = match error.kind {
                        StartErrorKind::Crashed => Failure::Crash,
                        _ => Failure::Start,
                    };
                    let delay = state.backoff.failed(failure, Instant::now());
                    log_start_error(name, &error, delay);
                    state.reason = Reason {
                        message: error.message,
                        stack: error.detail,
                    };
                    if failure == Failure::Crash {
                        state.lost_one(name, self.starter.losses());
                    }
                    state.note_weight_of_start(name, error.kind);
                    None
                }
            }
        };
        self.settled.notify_waiters();
        let Some(member) = member else { return };
        let duration_ms = began.elapsed().as_secs_f64() * 1e3;
        tracing::info!(app = name, duration_ms, "app started");
        let exit = member.instance.clone().ended().await;
        self.statistics.ended(&member.instance, &exit);
        self.remove(&member, &exit);
    }

    /// Notes that an instance is of no more use. The next request gets another one, after a while if this has happened often.
    pub(crate) fn remove(&self, member: &Member, exit: &Exit) {
        self.remove_locked(&mut self.lock(), member, exit);
    }

    fn remove_locked(&self, state: &mut State, member: &Member, exit: &Exit) {
        let count = state.members.len();
        state.members.retain(|other| other.id != member.id);
        let was_there = state.members.len() < count;
        // That it does not stop is seen when another has taken its place, or when nobody wants one any more.
        let is_new_loss = exit.is_loss() && state.last_lost != Some(member.id);
        if !was_there && !is_new_loss {
            // Someone else has noted it already.
            return;
        }
        if exit.is_loss() {
            state.last_lost = Some(member.id);
        }
        let name = &*self.options.name;
        let mut failure = Failure::End;
        let limits = &self.options.limits;
        let reason = match exit {
            Exit::Stopped => {
                tracing::info!(app = name, "app stopped");
                return;
            }
            Exit::CpuLimit => {
                let limit = limits.cpu.as_millis();
                format!(
                    "an instance of the app was ended: it passed its CPU limit of {limit} ms for one turn"
                )
            }
            Exit::HeapLimit => {
                let limit = limits.memory_mb;
                format!(
                    "an instance of the app was ended: it passed its memory limit of {limit} MB"
                )
            }
            Exit::ProcessLimit => format!("an instance of the app was ended: {exit}"),
            Exit::Crashed => {
                failure = Failure::Crash;
                format!(
                    "an instance of the app crashed: {exit}; its thread and its memory are lost until this process ends"
                )
            }
            Exit::Unresponsive => {
                failure = Failure::Crash;
                format!(
                    "an instance of the app was given up: {exit}; its thread goes on at the lowest priority"
                )
            }
            Exit::Fault { .. } => exit.to_string(),
        };
        let delay = state.backoff.failed(failure, Instant::now());
        let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        tracing::error!(app = name, retry_ms, "{reason}");
        state.reason = reason.into();
        if failure == Failure::Crash {
            state.lost_one(name, self.starter.losses());
        }
    }

    /// Why there are no more instances, if too many are lost.
    pub(crate) fn disabled(&self) -> Option<String> {
        let state = self.lock();
        state.is_disabled.then(|| state.reason.message.clone())
    }

    /// Stops what nobody has been sent to: a version that is given up before it has taken anything in.
    pub(crate) fn close(&self) {
        let members = {
            let mut state = self.lock();
            state.phase = Phase::Closed;
            std::mem::take(&mut state.members)
        };
        self.settled.notify_waiters();
        members.iter().for_each(|member| member.instance.stop());
    }

    /// Ends the instances if nobody has asked for one for so long, and none has anything left to do. To be called now and then: the
    /// first call that finds them idle begins the time. Gives how many it ends.
    pub(crate) fn end_idle(&self, idle: Duration, now: Instant) -> usize {
        let ending = {
            let mut state = self.lock();
            let is_idle = state.phase == Phase::Open
                && state.leases == 0
                && !state.is_starting
                && !state.members.is_empty();
            let leased = state.leased;
            match state.quiet.filter(|_| is_idle) {
                Some((then, since)) if then == leased => {
                    if now.saturating_duration_since(since) < idle || state.has_background() {
                        return 0;
                    }
                    state.quiet = None;
                    std::mem::take(&mut state.members)
                }
                _ => {
                    state.quiet = is_idle.then_some((leased, now));
                    return 0;
                }
            }
        };
        // They have nothing to do, and take nothing in.
        ending.iter().for_each(|member| member.instance.stop());
        ending.len()
    }

    /// Takes no further request in.
    pub(crate) fn retire(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Retiring;
        }
    }

    /// Takes no further request in, waits for those that have been, and then until the instances have nothing left to do. Returns
    /// false if the deadline cut something off.
    pub(crate) async fn drain(&self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        self.retire();
        let answered = tokio::time::timeout(deadline, self.all_released()).await;
        let members = {
            let mut state = self.lock();
            state.phase = Phase::Closed;
            std::mem::take(&mut state.members)
        };
        self.settled.notify_waiters();
        let left = until.saturating_duration_since(Instant::now());
        let drains = members
            .into_iter()
            .map(|member| member.instance.drain(left));
        let drained = futures_util::future::join_all(drains).await;
        answered.is_ok() && drained.into_iter().all(|complete| complete)
    }

    /// Waits until nobody has a lease.
    async fn all_released(&self) {
        loop {
            let mut released = std::pin::pin!(self.released.notified());
            released.as_mut().enable();
            if self.lock().leases == 0 {
                return;
            }
            released.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether promises given to `waitUntil` are pending.
    fn has_background(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.instance.stats().background > 0)
    }

    fn running(&self) -> Option<&Member> {
        self.members.iter().find(|member| member.goes_on())
    }

    /// An instance that has to end, and why.
    fn condemned(&self) -> Option<(Member, Exit)> {
        let exit = |member: &Member| Some((member.clone(), member.instance.condemned()?));
        self.members.iter().find_map(exit)
    }

    /// Whether an instance may be started.
    fn may_start(&self, now: Instant) -> Result<(), Unavailable> {
        if self.phase == Phase::Closed {
            return Err(Unavailable {
                reason: "the app is shutting down".to_owned().into(),
                retry_after: Some(Duration::from_secs(1)),
            });
        }
        let retry_after = self.backoff.remaining(now);
        if self.is_disabled || (retry_after.is_some() && !self.is_starting) {
            return Err(Unavailable {
                reason: self.reason.clone(),
                retry_after: retry_after.filter(|_| !self.is_disabled),
            });
        }
        Ok(())
    }

    /// The app `name` did not start, for that reason.
    fn note_weight_of_start(&mut self, name: &str, kind: StartErrorKind) {
        if kind != StartErrorKind::HeapLimit {
            self.heavy_starts = 0;
            return;
        }
        self.heavy_starts += 1;
        if self.heavy_starts < MAX_HEAVY_STARTS || self.phase == Phase::Closed {
            return;
        }
        self.is_disabled = true;
        self.reason.message = format!(
            "the app is disabled: it did not start within its memory limit {MAX_HEAVY_STARTS} times in a row; the last time: {}. Mend \
             the app or raise its limit, then have it loaded anew (SIGHUP), or restart the process",
            self.reason.message
        );
        tracing::error!(app = name, "{}", self.reason.message);
    }

    /// The app `name` has lost an instance; `all` are lost in the process.
    fn lost_one(&mut self, name: &str, all: Losses) {
        warn_of_losses(all.instances);
        self.lost += 1;
        let is_first_the_last = all.instances >= ALL_LOST || all.are_heavy;
        if (self.lost < MAX_LOST && !is_first_the_last) || self.phase == Phase::Closed {
            return;
        }
        let all = all.instances;
        self.is_disabled = true;
        self.reason.message = format!(
            "the app is disabled: {} of its instances have crashed or did not stop, of {all} in this process, and each keeps a \
             thread and memory; the last one: {}. Mend the app, then have it loaded anew (SIGHUP), or restart the process",
            self.lost, self.reason.message
        );
        tracing::error!(app = name, lost = self.lost, "{}", self.reason.message);
    }
}

/// So many lost instances are worth the next warning: the first, and each doubling.
static MANY_LOST: AtomicUsize = AtomicUsize::new(4);

/// Says when lost instances hold much of the process's memory.
fn warn_of_losses(count: usize) {
    let next = |many: usize| (count >= many).then_some(count * 2);
    let is_due = MANY_LOST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    if is_due.is_ok() {
        tracing::warn!(
            lost_instances = count,
            "{count} instances of apps have crashed or do not stop; each keeps a thread and its memory until the process \
             ends: restart it when convenient, and look above for the apps that did this"
        );
    }
}

fn log_start_error(app: &str, error: &StartError, delay: Duration) {
    let retry_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let stack = error.detail.as_deref();
    tracing::error!(
        app,
        stack,
        retry_ms,
        "the app did not start: {}",
        error.message
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakeLauncher, app_config};
    use crate::log::AppLog;

    fn pool(launcher: &Arc<FakeLauncher>) -> Arc<Pool> {
        let log = Arc::new(AppLog::new("a".into()));
        Pool::new(
            app_config("a").worker_options(log),
            None,
            Arc::default(),
            Starter::new(launcher.clone()),
        )
    }

    #[tokio::test]
    async fn one_instance_serves_all_who_ask_at_once() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        let asked = (0..10).map(|_| pool.instance());
        for instance in futures_util::future::join_all(asked).await {
            assert!(instance.is_ok());
        }
        assert_eq!(launcher.starts(), 1);
    }

    #[tokio::test]
    async fn a_failed_start_is_tried_again_only_after_a_while() {
        let launcher = FakeLauncher::new();
        launcher.fail_starts("it is broken", None);
        let pool = pool(&launcher);
        assert!(!pool.is_broken());
        let first = pool.instance().await.err().unwrap();
        assert_eq!(first.reason.message, "it is broken");
        assert!(pool.is_broken());
        let wait = first.retry_after.expect("a time to wait");
        assert!(wait > Duration::ZERO);
        assert!(pool.instance().await.is_err());
        assert_eq!(launcher.starts(), 1);
        tokio::time::sleep(wait).await;
        assert!(pool.instance().await.is_err());
        assert_eq!(launcher.starts(), 2);
    }

    #[tokio::test]
    async fn a_version_that_does_not_start_within_its_memory_limit_is_disabled() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        let heavy = || launcher.fail_starts_for(StartErrorKind::HeapLimit, "it is large");
        heavy();
        pool.instance().await.err().expect("no instance");
        // Another failure begins the count anew.
        launcher.fail_starts("it is broken", None);
        for start in 0..=MAX_HEAVY_STARTS {
            assert_eq!(pool.disabled(), None, "before start {start}");
            pool.lock().backoff = Backoff::default();
            pool.instance().await.err().expect("no instance");
            heavy();
        }
        let refusal = pool.instance().await.err().expect("no instance");
        assert_eq!(refusal.retry_after, None);
        let message = refusal.reason.message;
        assert!(message.contains("it is large"), "{message}");
        assert_eq!(pool.disabled(), Some(message));
        assert_eq!(launcher.starts(), 2 + MAX_HEAVY_STARTS as usize);
    }

    #[tokio::test]
    async fn an_instance_that_ended_is_replaced() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        let first = pool.instance().await.unwrap();
        pool.remove(&first, &Exit::HeapLimit);
        // Both the request that hit the limit and the watching task report it; it counts once.
        pool.remove(&first, &Exit::HeapLimit);
        let second = pool.instance().await.unwrap();
        assert_ne!(first.id(), second.id());
        assert_eq!(launcher.starts(), 2);
    }

    #[tokio::test]
    async fn idle_instances_end_and_come_back() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        let (idle, began) = (Duration::from_secs(60), Instant::now());
        let at = |seconds| pool.end_idle(idle, began + Duration::from_secs(seconds));
        assert_eq!((at(0), at(100)), (0, 0), "there is none");
        pool.instance().await.expect("an instance");
        assert_eq!((at(100), at(159)), (0, 0));
        // A request begins it anew, though it was over between two looks.
        assert!(pool.lease().is_some());
        pool.release();
        assert_eq!((at(160), at(219)), (0, 0));
        // What has an instance is not idle, however long.
        assert!(pool.lease().is_some());
        assert_eq!((at(300), at(400)), (0, 0));
        pool.release();
        assert_eq!((at(400), at(459), at(460), at(600)), (0, 0, 1, 0));
        assert!(pool.running().is_none());
        assert_eq!((launcher.starts(), launcher.stops()), (1, 1));
        assert!(pool.instance().await.is_ok());
        assert_eq!(launcher.starts(), 2);
        launcher.set_background(1);
        assert_eq!((at(600), at(700)), (0, 0), "something goes on");
        launcher.set_background(0);
        assert_eq!(at(700), 1);
    }

    #[tokio::test]
    async fn a_version_that_loses_many_instances_is_disabled() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        for lost in 1..=MAX_LOST {
            assert_eq!(pool.disabled(), None, "before loss {lost}");
            pool.lock().backoff = Backoff::default();
            let instance = pool.instance().await.expect("an instance");
            pool.remove(&instance, &Exit::Unresponsive);
        }
        let refusal = pool.instance().await.err().expect("no instance");
        assert_eq!(refusal.retry_after, None);
        assert!(
            refusal.reason.message.contains("did not stop"),
            "{}",
            refusal.reason.message
        );
        assert_eq!(pool.disabled(), Some(refusal.reason.message));
        assert!(pool.is_broken());
        assert_eq!(launcher.starts(), MAX_LOST as usize);
    }

    /// What does not stop is known only when another instance has taken its place.
    #[tokio::test]
    async fn a_loss_counts_once_and_also_late() {
        let pool = pool(&FakeLauncher::new());
        let first = pool.instance().await.expect("an instance");
        pool.remove(&first, &Exit::CpuLimit);
        let second = pool.instance().await.expect("another");
        for _ in 0..2 {
            pool.remove(&first, &Exit::Unresponsive);
            assert_eq!(pool.lock().lost, 1);
        }
        let now = pool.running().expect("the second");
        assert_eq!(now.id(), second.id());
    }

    #[tokio::test]
    async fn when_the_process_has_lost_many_the_first_is_enough() {
        let pool = pool(&FakeLauncher::new());
        let mut all = Losses {
            instances: ALL_LOST - 1,
            are_heavy: false,
        };
        pool.lock().lost_one("a", all);
        assert_eq!(pool.disabled(), None);
        all.instances += 1;
        pool.lock().lost_one("a", all);
        assert!(pool.disabled().is_some());
    }

    #[tokio::test]
    async fn when_lost_instances_keep_much_memory_the_first_is_enough() {
        let pool = pool(&FakeLauncher::new());
        let all = Losses {
            instances: 1,
            are_heavy: true,
        };
        pool.lock().lost_one("a", all);
        assert!(pool.disabled().is_some());
    }

    #[tokio::test]
    async fn a_drain_waits_for_those_who_have_a_lease_and_takes_nobody_in() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        assert!(pool.lease().expect("a lease").is_none());
        let drain = tokio::spawn({
            let pool = pool.clone();
            async move { pool.drain(Duration::from_secs(60)).await }
        });
        while pool.is_open() {
            tokio::task::yield_now().await;
        }
        assert!(pool.lease().is_none());
        // Whoever has one gets an instance, though there was none.
        let first = pool.instance().await.expect("an instance");
        pool.remove(&first, &Exit::HeapLimit);
        assert!(pool.instance().await.is_ok());
        assert_eq!((launcher.starts(), launcher.drains()), (2, 0));
        pool.release();
        assert!(drain.await.expect("no panic"));
        assert_eq!(launcher.drains(), 1);
        assert!(pool.instance().await.is_err());
    }

    #[tokio::test]
    async fn a_drain_has_a_deadline() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        pool.instance().await.expect("an instance");
        let _lease = pool.lease().expect("a lease");
        assert!(!pool.drain(Duration::from_millis(10)).await);
        assert_eq!(launcher.drains(), 1);
    }

    #[tokio::test]
    async fn a_version_that_is_given_up_while_it_starts_does_not_run() {
        let launcher = FakeLauncher::new();
        let pool = pool(&launcher);
        let (started, ()) = tokio::join!(pool.instance(), async {
            tokio::task::yield_now().await;
            pool.close();
        });
        assert!(started.is_err());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(pool.running().is_none());
        assert_eq!((launcher.starts(), launcher.stops()), (1, 1));
    }
}
