//! A registered app: its configuration, its instance, and the requests that it serves now.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nano_worker::{Exit, Instance, Launcher, Losses, StartError, StartErrorKind, WorkerOptions};
use tokio::sync::Notify;

use crate::backoff::{Backoff, Failure};
use crate::config::AppConfig;
use crate::log::{AppLog, LogStatistics};
use crate::server::link::{Link, Share};

/// An app of the registry.
pub struct App {
    config: AppConfig,
    launcher: Arc<dyn Launcher>,
    log: Arc<AppLog>,
    state: Mutex<State>,
    /// Told whenever `state` leaves `Starting`.
    settled: Notify,
    in_flight: AtomicUsize,
    /// Where instances are started and looked after: not on the thread of whoever asks, which may be another app's.
    runtime: tokio::runtime::Handle,
}

struct State {
    phase: Phase,
    backoff: Backoff,
    /// Why the app is not there, for those who are refused.
    reason: Reason,
    /// Instances that have crashed or did not stop.
    lost: u32,
    /// The last of them, by its address: several report it.
    last_lost: Option<usize>,
}

/// Each lost instance keeps a thread and memory, and takes a core for as long as it goes on; so after this many an app gets no
/// other, until its configuration is changed or the process starts again.
const MAX_LOST: u32 = 4;
/// The same for all apps together: from then on, each app's first is its last. So it is when they keep much memory.
const ALL_LOST: usize = 32;

enum Phase {
    /// No instance; the next request starts one.
    Idle,
    /// One task is starting an instance; everyone waits for it.
    Starting,
    Running(Arc<dyn Instance>),
    /// The app has lost too many instances.
    Disabled,
    /// The app drains or has been removed.
    Closed,
}

/// Why an app is not there.
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

/// One of the requests that an app may have in flight; dropping it makes room.
pub(crate) struct Admission {
    app: Arc<App>,
    _share: Option<Share>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.app.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a request is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The app has its fill.
    App,
    /// The request's connection has so many requests in flight, and no more places than that are left for others.
    Connection(usize),
}

/// So many places in flight one connection may have, however few are left.
const LEAST_SHARE: usize = 16;

impl App {
    /// Registers an app; starts nothing yet. Must be called within the host's runtime.
    pub fn new(config: AppConfig, launcher: Arc<dyn Launcher>) -> Arc<Self> {
        let state = State {
            phase: Phase::Idle,
            backoff: Backoff::default(),
            reason: Reason::default(),
            lost: 0,
            last_lost: None,
        };
        Arc::new(Self {
            log: Arc::new(AppLog::new(config.name.clone())),
            config,
            launcher,
            state: Mutex::new(state),
            settled: Notify::new(),
            in_flight: AtomicUsize::new(0),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    /// What the app was configured to be.
    pub fn config(&self) -> &AppConfig {
        &self.config
    }

    /// Where the app's lines go.
    pub(crate) fn log(&self) -> &AppLog {
        &self.log
    }

    /// What became of the app's log lines.
    pub fn log_statistics(&self) -> LogStatistics {
        self.log.statistics()
    }

    /// Requests whose responses are not complete.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Takes a request in, unless the app has its fill. Where the request's connection can have `several` at a time, it gets no
    /// more places than it leaves to others: a client that holds on to all that it can get locks nobody out.
    pub(crate) fn admit(
        self: &Arc<Self>,
        link: &Arc<Link>,
        several: bool,
    ) -> Result<Admission, Busy> {
        let limit = self.config.limits.in_flight;
        let share = if several {
            let most = limit.saturating_sub(self.in_flight()).max(LEAST_SHARE);
            let share = link.share(Arc::as_ptr(self).addr(), most);
            Some(share.map_err(Busy::Connection)?)
        } else {
            None
        };
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        // Made in either case: its drop takes back the count.
        let admission = Admission {
            app: self.clone(),
            _share: share,
        };
        if before < limit {
            Ok(admission)
        } else {
            Err(Busy::App)
        }
    }

    /// The app's instance, if there is one that goes on.
    pub(crate) fn running(&self) -> Option<Arc<dyn Instance>> {
        match &self.lock().phase {
            Phase::Running(instance) if instance.condemned().is_none() => Some(instance.clone()),
            _ => None,
        }
    }

    /// The app's instance; starts one where there is none, once for all who ask.
    pub(crate) async fn instance(self: &Arc<Self>) -> Result<Arc<dyn Instance>, Unavailable> {
        loop {
            // Registered before the state is looked at, so that no change is missed.
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            {
                let mut state = self.lock();
                if let Phase::Running(instance) = &state.phase {
                    let instance = instance.clone();
                    let Some(exit) = instance.condemned() else {
                        return Ok(instance);
                    };
                    // Its end takes its time, and nobody has to wait for it.
                    self.retire_locked(&mut state, &instance, &exit);
                }
                match &state.phase {
                    Phase::Running(_) => continue,
                    Phase::Starting => {}
                    Phase::Closed => {
                        let reason = "the app is shutting down".to_owned();
                        return Err(Unavailable {
                            reason: reason.into(),
                            retry_after: Some(Duration::from_secs(1)),
                        });
                    }
                    Phase::Disabled => {
                        return Err(Unavailable {
                            reason: state.reason.clone(),
                            retry_after: None,
                        });
                    }
                    Phase::Idle => {
                        let retry_after = state.backoff.remaining(Instant::now());
                        if retry_after.is_some() {
                            return Err(Unavailable {
                                reason: state.reason.clone(),
                                retry_after,
                            });
                        }
                        state.phase = Phase::Starting;
                        // A task of its own: the request that asks may be given up.
                        self.runtime.spawn(self.clone().start());
                    }
                }
            }
            settled.await;
        }
    }

    /// Starts an instance and looks after it until it ends.
    async fn start(self: Arc<Self>) {
        let began = Instant::now();
        let name = &*self.config.name;
        let started = self.launcher.launch(self.options()).await;
        let instance = {
            let mut state = self.lock();
            match started {
                Ok(instance) if matches!(state.phase, Phase::Closed | Phase::Disabled) => {
                    instance.stop();
                    None
                }
                Ok(instance) => {
                    state.backoff.started();
                    state.phase = Phase::Running(instance.clone());
                    Some(instance)
                }
                Err(error) => {
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
                    if !matches!(state.phase, Phase::Closed) {
                        state.phase = Phase::Idle;
                    }
                    if failure == Failure::Crash {
                        state.lost_one(name, self.launcher.losses());
                    }
                    None
                }
            }
        };
        self.settled.notify_waiters();
        let Some(instance) = instance else { return };
        let duration_ms = began.elapsed().as_secs_f64() * 1e3;
        tracing::info!(app = name, duration_ms, "app started");
        let exit = instance.clone().ended().await;
        self.retire(&instance, &exit);
    }

    /// Notes that an instance is of no more use. The next request gets another one, after a while if this has
    /// happened often.
    pub(crate) fn retire(&self, instance: &Arc<dyn Instance>, exit: &Exit) {
        self.retire_locked(&mut self.lock(), instance, exit);
    }

    fn retire_locked(&self, state: &mut State, instance: &Arc<dyn Instance>, exit: &Exit) {
        let address = Arc::as_ptr(instance).addr();
        match &state.phase {
            Phase::Running(current) if Arc::ptr_eq(current, instance) => state.phase = Phase::Idle,
            Phase::Closed => return,
            // That it does not stop is seen when another has taken its place.
            _ if exit.is_loss() && state.last_lost != Some(address) => {}
            // Someone else has noted it already.
            _ => return,
        }
        if exit.is_loss() {
            state.last_lost = Some(address);
        }
        let name = &*self.config.name;
        let mut failure = Failure::End;
        let reason = match exit {
            Exit::Stopped => {
                tracing::info!(app = name, "app stopped");
                return;
            }
            Exit::CpuLimit => {
                let limit = self.config.limits.worker.cpu.as_millis();
                format!(
                    "an instance of the app was ended: it passed its CPU limit of {limit} ms for one turn"
                )
            }
            Exit::HeapLimit => {
                let limit = self.config.limits.worker.memory_mb;
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
            state.lost_one(name, self.launcher.losses());
        }
    }

    /// Why the app gets no more instances, if it has lost too many.
    pub fn disabled(&self) -> Option<String> {
        let state = self.lock();
        matches!(state.phase, Phase::Disabled).then(|| state.reason.message.clone())
    }

    /// Refuses new requests and waits until the instance has nothing left to do. Returns false if the deadline cut
    /// something off.
    pub async fn drain(&self, deadline: Duration) -> bool {
        let phase = std::mem::replace(&mut self.lock().phase, Phase::Closed);
        self.settled.notify_waiters();
        match phase {
            Phase::Running(instance) => instance.drain(deadline).await,
            _ => true,
        }
    }

    /// What an instance of the app is told.
    pub fn options(&self) -> WorkerOptions {
        let config = &self.config;
        WorkerOptions {
            name: config.name.clone(),
            root: config.root.clone(),
            entry: config.entry.clone(),
            env: config.env.clone(),
            limits: config.limits.worker,
            outbound_allow: config.outbound_allow.clone(),
            log: self.log.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The app `name` has lost an instance; `all` are lost in the process.
    fn lost_one(&mut self, name: &str, all: Losses) {
        warn_of_losses(all.instances);
        self.lost += 1;
        let is_first_the_last = all.instances >= ALL_LOST || all.are_heavy;
        if (self.lost < MAX_LOST && !is_first_the_last) || matches!(self.phase, Phase::Closed) {
            return;
        }
        let all = all.instances;
        self.phase = Phase::Disabled;
        self.reason.message = format!(
            "the app is disabled: {} of its instances have crashed or did not stop, of {all} in this process, and each keeps a \
             thread and memory; the last one: {}. Mend the app, then change its configuration or restart the process",
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

    fn app(launcher: &Arc<FakeLauncher>) -> Arc<App> {
        App::new(app_config("a"), launcher.clone())
    }

    #[tokio::test]
    async fn one_instance_serves_all_who_ask_at_once() {
        let launcher = FakeLauncher::new();
        let app = app(&launcher);
        let asked = (0..10).map(|_| app.instance());
        for instance in futures_util::future::join_all(asked).await {
            assert!(instance.is_ok());
        }
        assert_eq!(launcher.starts(), 1);
    }

    #[tokio::test]
    async fn a_failed_start_is_tried_again_only_after_a_while() {
        let launcher = FakeLauncher::new();
        launcher.fail_starts("it is broken", None);
        let app = app(&launcher);
        let first = app.instance().await.err().unwrap();
        assert_eq!(first.reason.message, "it is broken");
        let wait = first.retry_after.expect("a time to wait");
        assert!(wait > Duration::ZERO);
        assert!(app.instance().await.is_err());
        assert_eq!(launcher.starts(), 1);
        tokio::time::sleep(wait).await;
        assert!(app.instance().await.is_err());
        assert_eq!(launcher.starts(), 2);
    }

    #[tokio::test]
    async fn an_instance_that_ended_is_replaced() {
        let launcher = FakeLauncher::new();
        let app = app(&launcher);
        let first = app.instance().await.unwrap();
        app.retire(&first, &Exit::HeapLimit);
        // Both the request that hit the limit and the watching task report it; it counts once.
        app.retire(&first, &Exit::HeapLimit);
        let second = app.instance().await.unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert_eq!(launcher.starts(), 2);
    }

    #[tokio::test]
    async fn an_app_that_loses_many_instances_is_disabled() {
        let launcher = FakeLauncher::new();
        let app = app(&launcher);
        for lost in 1..=MAX_LOST {
            assert_eq!(app.disabled(), None, "before loss {lost}");
            app.lock().backoff = Backoff::default();
            let instance = app.instance().await.expect("an instance");
            app.retire(&instance, &Exit::Unresponsive);
        }
        let refusal = app.instance().await.err().expect("no instance");
        assert_eq!(refusal.retry_after, None);
        assert!(
            refusal.reason.message.contains("did not stop"),
            "{}",
            refusal.reason.message
        );
        assert_eq!(app.disabled(), Some(refusal.reason.message));
        assert_eq!(launcher.starts(), MAX_LOST as usize);
    }

    /// What does not stop is known only when another instance has taken its place.
    #[tokio::test]
    async fn a_loss_counts_once_and_also_late() {
        let app = app(&FakeLauncher::new());
        let first = app.instance().await.expect("an instance");
        app.retire(&first, &Exit::CpuLimit);
        let second = app.instance().await.expect("another");
        for _ in 0..2 {
            app.retire(&first, &Exit::Unresponsive);
            assert_eq!(app.lock().lost, 1);
        }
        let now = app.running().expect("the second");
        assert!(Arc::ptr_eq(&now, &second));
    }

    #[tokio::test]
    async fn when_the_process_has_lost_many_the_first_is_enough() {
        let app = app(&FakeLauncher::new());
        let mut all = Losses {
            instances: ALL_LOST - 1,
            are_heavy: false,
        };
        app.lock().lost_one("a", all);
        assert_eq!(app.disabled(), None);
        all.instances += 1;
        app.lock().lost_one("a", all);
        assert!(app.disabled().is_some());
    }

    #[tokio::test]
    async fn when_lost_instances_keep_much_memory_the_first_is_enough() {
        let app = app(&FakeLauncher::new());
        let all = Losses {
            instances: 1,
            are_heavy: true,
        };
        app.lock().lost_one("a", all);
        assert!(app.disabled().is_some());
    }

    #[tokio::test]
    async fn a_drained_app_is_closed() {
        let launcher = FakeLauncher::new();
        let app = app(&launcher);
        app.instance().await.unwrap();
        assert!(app.drain(Duration::from_secs(1)).await);
        assert!(app.instance().await.is_err());
        assert_eq!(launcher.drains(), 1);
    }

    #[tokio::test]
    async fn admissions_are_counted() {
        let launcher = FakeLauncher::new();
        let mut config = app_config("a");
        config.limits.in_flight = 2;
        let app = App::new(config, launcher);
        let link = Link::for_tests();
        let first = app.admit(&link, false).ok().unwrap();
        let _second = app.admit(&link, true).ok().unwrap();
        assert_eq!(app.admit(&link, false).err(), Some(Busy::App));
        drop(first);
        assert!(app.admit(&link, true).is_ok());
        assert_eq!(app.in_flight(), 1);
    }

    #[tokio::test]
    async fn a_connection_gets_no_more_places_than_it_leaves() {
        let mut config = app_config("a");
        config.limits.in_flight = 100;
        let app = App::new(config, FakeLauncher::new());
        let all_of = |link: &Arc<Link>| -> Vec<_> {
            std::iter::from_fn(|| app.admit(link, true).ok()).collect()
        };
        let links: [_; 6] = std::array::from_fn(|_| Link::for_tests());
        let admissions = links.each_ref().map(all_of);
        let counts = admissions.each_ref().map(Vec::len);
        assert_eq!(counts, [50, 25, 16, 9, 0, 0]);
        let link = Link::for_tests();
        assert_eq!(app.admit(&links[0], true).err(), Some(Busy::Connection(50)));
        assert_eq!(app.admit(&link, true).err(), Some(Busy::App));
        drop(admissions);
        assert_eq!(all_of(&links[0]).len(), 50);
    }
}
