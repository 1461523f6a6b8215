//! The host: everything that is served, and the one way in which it changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use nano_worker::{Isolation, Launcher, Limits};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use crate::admin::listener::AdminListening;
use crate::app::{App, MOST_FINISHING, Refused};
use crate::config::{AppConfig, Config, DEFAULT_DRAIN, ListenAddress, Start, example};
use crate::cron::Schedules;
use crate::deployment::Deployment;
use crate::dispatch::{Dispatcher, RequestIds};
use crate::drains::{Drain, Drains};
use crate::fixed::FixedSettings;
use crate::inherited::Inherited;
use crate::metrics;
use crate::otlp::Exporter;
use crate::reload::Ask;
use crate::routes::{CurrentRoutes, Routes};
use crate::server::crowd::Crowd;
use crate::server::listener::{Listener, Listening};
use crate::starter::Starter;
use crate::tracer::Tracer;

mod admin;
mod begun;
mod idle;
mod refusal;
#[cfg(test)]
mod tests;

pub(crate) use self::begun::Begun;
use self::begun::{Change, UnderWay};
pub use self::refusal::Refusal;
pub use crate::fixed::Fixed;

/// How long a new app may take to start before requests reach it that another one has answered so far. If it takes longer, they wait.
const HEAD_START: Duration = Duration::from_secs(2);

/// How long the first apps of a process wait for one of them that starts.
const TURN: Duration = Duration::from_millis(200);
/// How long whoever waits for many apps that start waits for those that take longest.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Apps behind listeners.
pub struct Host {
    launcher: Arc<dyn Launcher>,
    starter: Arc<Starter>,
    /// Sends traces and metrics to a collector, if there is one.
    exporter: OnceLock<Arc<Exporter>>,
    /// The connections of its listeners.
    crowd: Arc<Crowd>,
    routes: CurrentRoutes,
    ids: Arc<RequestIds>,
    /// Clients see what went wrong inside of apps.
    dev: bool,
    /// Whoever has it changes something.
    state: Mutex<State>,
    /// The apps, by their names; what `state` has, for those who only look.
    apps: ArcSwap<Vec<Arc<App>>>,
    /// Those whose instances end when they are idle, and after how long.
    idle: ArcSwap<Vec<(Arc<App>, Duration)>>,
    readiness: watch::Sender<Readiness>,
    ask: Ask,
    this: Weak<Self>,
    /// Versions and listeners that have been replaced or removed, and are not done yet.
    drains: Drains,
}

/// An app's version that is to start.
type Starting = (Arc<App>, Arc<Deployment>);

struct State {
    apps: BTreeMap<Arc<str>, Arc<App>>,
    /// By the address that the configuration names.
    listeners: BTreeMap<ListenAddress, Listening>,
    /// What was wanted last; `None` before.
    wanted: Option<Arc<Config>>,
    /// New apps that get a head start: what others have answered so far goes on to these.
    ahead: Vec<Arc<App>>,
    /// Apps that are no more, and answer yet for those with a head start.
    leaving: Vec<Arc<App>>,
    /// Versions that start and will take over, and what has them do so.
    under_way: Vec<UnderWay>,
    /// What was bound before the process began.
    inherited: Inherited,
    /// The admin API, if there is one.
    admin: Option<AdminListening>,
    /// Listeners that have been removed, and whether they are not done yet.
    closing: Vec<(ListenAddress, Weak<Drain>)>,
    schedules: Schedules,
    drain: Duration,
    /// What the process has started with; `None` before.
    fixed: Option<FixedSettings>,
    tracer: Tracer,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has been asked for yet.
    New,
    Serving,
    /// Nothing can be changed any more.
    Ending,
}

/// Whether requests should come to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Apps that start with it have not all been tried yet.
    Starting,
    Ready,
    /// It finishes what it has begun, and ends.
    Draining,
}

/// What a change has changed. Whatever is not named here was not touched: its instances go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Apps that are new.
    pub added: Vec<Arc<str>>,
    /// Apps that are no more; they finish what they have begun.
    pub removed: Vec<Arc<str>>,
    /// Apps with a new version that serves; the one before finishes what it has begun.
    pub replaced: Vec<Arc<str>>,
    /// Apps of which only the host's part has changed: routes, limits of requests.
    pub adjusted: Vec<Arc<str>>,
    /// Apps whose new version does not start, and why, with the place in its source. The one before serves on, if there is one.
    pub refused: Vec<(Arc<str>, String)>,
    /// Apps with a version that starts still, for which nobody waits any more. The one before serves on, if there is one.
    pub starting: Vec<Arc<str>>,
    /// Addresses that are listened on from now on.
    pub opened: Vec<SocketAddr>,
    /// Addresses that are no longer listened on.
    pub closed: Vec<SocketAddr>,
    /// Settings that are wanted otherwise than the process has them, and stay as they are until it is started anew.
    pub fixed: Vec<Fixed>,
}

impl Applied {
    /// Whether something is different now, or has been refused.
    pub(crate) fn has_changed(&self) -> bool {
        let nothing = Self {
            fixed: self.fixed.clone(),
            starting: self.starting.clone(),
            ..Self::default()
        };
        *self != nothing
    }
}

impl Host {
    /// A host that serves nothing. Must be called within its tokio runtime. `dev`: clients see what went wrong inside of apps.
    /// `ask` has what is wanted be looked at anew.
    pub fn new(launcher: Arc<dyn Launcher>, ask: Ask, dev: bool) -> Arc<Self> {
        let starter = Starter::new(launcher.clone());
        let host = Arc::new_cyclic(|this| Self {
            this: this.clone(),
            ask,
            apps: ArcSwap::default(),
            idle: ArcSwap::default(),
            readiness: watch::Sender::new(Readiness::Starting),
            crowd: Crowd::new(starter.process_memory()),
            launcher,
            exporter: OnceLock::new(),
            routes: CurrentRoutes::default(),
            ids: starter.services().ids().clone(),
            starter,
            dev,
            state: Mutex::new(State {
                apps: BTreeMap::new(),
                listeners: BTreeMap::new(),
                wanted: None,
                ahead: Vec::new(),
                leaving: Vec::new(),
                under_way: Vec::new(),
                inherited: Inherited::default(),
                admin: None,
                closing: Vec::new(),
                schedules: Schedules::default(),
                drain: DEFAULT_DRAIN,
                fixed: None,
                tracer: Tracer::default(),
                phase: Phase::New,
            }),
            drains: Drains::default(),
        });
        tokio::spawn(Self::end_idle_instances(Arc::downgrade(&host)));
        host
    }

    /// Has the host listen by these sockets where they are bound to an address that is wanted. To be called before anything is wanted,
    /// of which none of them may be left over.
    pub async fn inherit(&self, inherited: Inherited) {
        self.state.lock().await.inherited = inherited;
    }

    /// Has the host serve what is wanted: compares that with what it serves, and changes what is different. This is the only way in
    /// which anything changes, be it the start of the process, a configuration that is loaded anew, or one app.
    ///
    /// * Listeners come and go one at a time; what is under way on one that goes is finished.
    /// * Where requests go, their limits, and when apps are sent scheduled events, change at once and for all apps together.
    /// * An app that has changed (its folder, its environment, a limit of its instances) starts beside its old version, which
    ///   serves until the new one has started, and finishes what it has begun. A new version that does not start is refused,
    ///   and the old one serves on.
    /// * A new app that is to start lazily starts with its first request; one that nobody has asked for and that is to start eagerly
    ///   from now on starts.
    /// * What another app has answered so far reaches a new one when that has had a little time to start, unless it is of the
    ///   process's first. One that does not start is answered for with 503.
    /// * What has not changed is left alone.
    ///
    /// Returns when every change has been made or refused, also if nobody waits for that; drains go on. Versions that start hold up no
    /// other change.
    ///
    /// # Errors
    /// An address cannot be bound, or the host ends: nothing has been changed.
    pub async fn apply(self: &Arc<Self>, wanted: Config) -> Result<Applied, Refusal> {
        let host = self.clone();
        // A task of its own: whoever asks may be given up in the middle.
        let all = async move { Ok(host.begin(&wanted).await?.over(None, Duration::MAX).await) };
        match tokio::spawn(all).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Refusal::Ending),
        }
    }

    /// The same; returns when all has changed that waits for no version to start. Whoever wants to hears about those.
    ///
    /// # Errors
    /// See [`apply`](Self::apply).
    pub(crate) async fn begin(self: &Arc<Self>, wanted: &Config) -> Result<Begun, Refusal> {
        let mut state = self.state.lock().await;
        let is_first = match state.phase {
            Phase::New => true,
            Phase::Serving => false,
            Phase::Ending => return Err(Refusal::Ending),
        };
        let opened = state.bind(wanted).await?;
        let admin = state.bind_admin(wanted).await?;
        if is_first {
            state.check_inherited(wanted)?;
            let exporter = self.start_exporter(wanted);
            self.starter.services().export_to(exporter.clone());
            state.tracer = Tracer::new(wanted.trace, exporter);
        }
        // From here on nothing fails.
        let wanted = Arc::new(state.completed(wanted).into_owned());
        let mut applied = Applied::default();
        let own = FixedSettings::of(&wanted);
        applied.fixed = own.differences(state.fixed.get_or_insert_with(|| own.clone()));
        let (starting, removed) = self.take_apps(&mut state, &wanted, &mut applied);
        self.starter.services().serve(state.apps.values());
        self.starter.services().clients_may(wanted.clients);
        self.apps
            .store(Arc::new(state.apps.values().cloned().collect()));
        self.idle.store(Arc::new(idle::idle_apps(&state, &wanted)));
        self.change_admin(&mut state, wanted.admin.as_ref(), admin);
        state.drain = wanted.drain;
        state.phase = Phase::Serving;
        state.wanted = Some(wanted.clone());
        state.leaving.extend(removed);
        if !is_first {
            let new = starting.iter().filter(|(_, next)| next.version() == 1);
            state.ahead.extend(new.map(|(app, _)| app.clone()));
        }
        self.change_listeners(&mut state, &wanted, opened, &mut applied);
        self.change_schedules(&mut state);
        let (limits, isolation) = wanted.usual_instance();
        self.starter
            .keep_prepared(wanted.prepared, &limits, isolation);
        if is_first {
            let (started, host) = (self.start_in_background(starting), self.this.clone());
            tokio::spawn(async move {
                // It may have been given up with the runtime.
                let _ = started.await;
                if let Some(host) = host.upgrade() {
                    host.move_on(Readiness::Starting, Readiness::Ready);
                }
            });
            return Ok(Begun::new(applied, Vec::new()));
        }
        let (mut changes, drain) = (Vec::new(), wanted.drain);
        state.under_way.retain(|own| !own.is_over());
        // New apps that are there already are not among those that start now.
        for own in &state.under_way {
            let now = |app: &Arc<App>| state.apps.get(app.name()).is_some_and(is(app));
            if let Some(app) = own.first_of().filter(|app| now(app)) {
                changes.push((app.name().clone(), own.clone(), false));
            }
        }
        for (app, next) in starting {
            let own = state.under_way.iter().find(|own| own.is_of(next.pool()));
            let (is_new, name) = (own.is_none(), app.name().clone());
            let change = own.cloned().unwrap_or_else(|| {
                let (host, pool) = (self.clone(), next.pool().clone());
                UnderWay::new(app.clone(), &pool, async move {
                    host.head_start(&app, &next).await;
                    host.change(&app, &next, drain).await
                })
            });
            if is_new {
                state.under_way.push(change.clone());
            }
            changes.push((name, change, is_new));
        }
        Ok(Begun::new(applied, changes))
    }

    /// Begins to send traces and metrics, if that is wanted.
    fn start_exporter(&self, wanted: &Config) -> Option<Arc<Exporter>> {
        let (config, host) = (wanted.otlp.clone()?, self.this.clone());
        let start = || {
            Exporter::start(config, self.launcher.clone(), move || {
                let Some(host) = host.upgrade() else {
                    return Vec::new();
                };
                metrics::groups(&host.apps(), &host.crowd, host.exporter())
            })
        };
        Some(self.exporter.get_or_init(start).clone())
    }

    /// What sends traces and metrics to a collector.
    pub(crate) fn exporter(&self) -> Option<&Arc<Exporter>> {
        self.exporter.get()
    }

    /// Has the apps be those that are wanted. Gives the versions that are to start, and the apps that are no more.
    fn take_apps(
        &self,
        state: &mut State,
        wanted: &Config,
        applied: &mut Applied,
    ) -> (Vec<Starting>, Vec<Arc<App>>) {
        let mut apps = BTreeMap::new();
        let mut starting = Vec::new();
        let mut woken = Vec::new();
        for config in &wanted.apps {
            let name = &config.name;
            let app = match state.apps.remove(name) {
                Some(app) => {
                    let before = app.current();
                    let next = app.want(config.clone(), &self.starter);
                    if !Arc::ptr_eq(before.pool(), next.pool()) {
                        starting.push((app.clone(), next));
                    } else {
                        if before.config() != config {
                            applied.adjusted.push(name.clone());
                        }
                        if wanted.start_of(config) == Start::Eager && !next.pool().has_begun() {
                            woken.push((app.clone(), next));
                        }
                    }
                    app
                }
                None => {
                    let app = App::new(config.clone(), &self.starter);
                    // What cannot start says so at once.
                    if wanted.start_of(config) == Start::Eager || config.fault.is_some() {
                        starting.push((app.clone(), app.current()));
                    }
                    applied.added.push(name.clone());
                    app
                }
            };
            apps.insert(name.clone(), app);
        }
        let removed: Vec<_> = std::mem::replace(&mut state.apps, apps)
            .into_values()
            .collect();
        applied.removed = removed.iter().map(|app| app.name().clone()).collect();
        self.start_in_background(woken);
        (starting, removed)
    }

    /// Has the listeners be those that the routes have.
    fn change_listeners(
        &self,
        state: &mut State,
        wanted: &Config,
        opened: Vec<(ListenAddress, Listener)>,
        applied: &mut Applied,
    ) {
        let gone = self.change_routes(state, wanted);
        for (address, listener) in opened {
            let bound = listener.address();
            let here = |app: &&AppConfig| wanted.address_of(app) == address;
            let apps: Vec<_> = wanted.apps.iter().filter(here).collect();
            let url = listener.url(example(apps.iter().flat_map(|app| &app.hosts)));
            let (port, apps) = (bound.port(), apps.len());
            tracing::info!(address = %bound, port, url, apps, "listening");
            applied.opened.push(bound);
            let routes = self.routes.clone();
            let ids = self.ids.clone();
            let dispatcher = Dispatcher::new(routes, address, self.dev, ids, state.tracer.clone());
            state
                .listeners
                .insert(address, listener.serve(dispatcher, self.crowd.clone()));
        }
        for address in gone {
            let Some(listening) = state.listeners.remove(&address) else {
                continue;
            };
            let bound = listening.address();
            tracing::info!(address = %bound, port = bound.port(), "no longer listening");
            applied.closed.push(bound);
            let drain = listening.drain(wanted.drain);
            let drain = self.drains.begin(drain.map(drop));
            state.closing.push((address, drain));
        }
    }

    /// Publishes the routes of what is wanted, and has apps that nothing leads to any more end. Gives the listeners that have no routes.
    fn change_routes(&self, state: &mut State, wanted: &Config) -> Vec<ListenAddress> {
        let State {
            apps,
            ahead,
            leaving,
            ..
        } = state;
        let is_there = |app: &Arc<App>| apps.get(app.name()).is_some_and(is(app));
        ahead.retain(is_there);
        let before = self.routes.load();
        let mut kept = Vec::new();
        let mut routes = Routes::new(
            wanted,
            |config| apps.get(&config.name).cloned(),
            |app, pattern| {
                let has_it = before.at(pattern).filter(|_| ahead.iter().any(is(app)))?;
                let is_left = leaving.iter().any(is(has_it));
                if is_left {
                    kept.push(has_it.clone());
                }
                (is_left || is_there(has_it)).then(|| has_it.clone())
            },
        );
        let gone = state.listeners.keys().copied();
        let gone: Vec<_> = gone.filter(|address| !routes.has(*address)).collect();
        // Requests that are on their way to a listener that closes are answered as before.
        state.closing.retain(|(_, drain)| drain.strong_count() > 0);
        let closing = state.closing.iter().map(|(address, _)| *address);
        routes.keep(&before, gone.iter().copied().chain(closing));
        self.routes.publish(routes);
        let over = leaving.extract_if(.., |app| !kept.iter().any(is(app)));
        let over = over.collect();
        self.remove(over, state.drain);
        gone
    }

    /// Lets a new app start before requests reach it that another one answers, for a while.
    async fn head_start(&self, app: &Arc<App>, first: &Deployment) {
        if first.version() > 1 {
            return;
        }
        let _ = tokio::time::timeout(HEAD_START, first.pool().instance()).await;
        let mut state = self.state.lock().await;
        let before = state.ahead.len();
        state.ahead.retain(|other| !Arc::ptr_eq(other, app));
        if state.ahead.len() < before
            && state.phase == Phase::Serving
            && let Some(wanted) = state.wanted.clone()
        {
            self.change_routes(&mut state, &wanted);
        }
    }

    /// Has the apps be sent their events, and no others.
    fn change_schedules(&self, state: &mut State) {
        for ended in state.schedules.follow(state.apps.values(), &self.ids) {
            self.drains.begin(ended.map(drop));
        }
    }

    /// Starts a version, and has it take over.
    async fn change(&self, app: &App, next: &Arc<Deployment>, drain: Duration) -> Change {
        let name = &**app.name();
        match app.switch(next).await {
            Ok(Some(before)) => {
                let version = next.version();
                tracing::info!(app = name, version, "the app's new version serves");
                self.retire(&before, drain);
                for oldest in app.finishes(before.pool()) {
                    tracing::warn!(
                        app = name,
                        most = MOST_FINISHING,
                        "too many versions of the app have been replaced and have yet to finish what they have begun: the oldest is \
                         ended, and some work is cut off"
                    );
                    oldest.close();
                }
                Change::Replaced
            }
            Ok(None) | Err(Refused::Superseded) => Change::None,
            Err(Refused::Broken(reason)) => {
                let (version, serving) = (next.version(), app.version());
                if serving != version && app.is_news(version) {
                    tracing::error!(
                        app = name,
                        version,
                        serving,
                        "the app's new version is refused, and the one before serves on: {}",
                        reason.message
                    );
                }
                Change::Refused(reason.report())
            }
        }
    }

    /// Has apps finish what they have begun, and what others ask of them that are not done with what they have begun.
    fn remove(&self, apps: Vec<Arc<App>>, deadline: Duration) {
        let current: Vec<_> = apps.iter().map(|app| app.settle()).collect();
        current.iter().for_each(|last| last.pool().retire());
        for (app, last) in apps.into_iter().zip(current) {
            tracing::info!(
                app = &**app.name(),
                in_flight = app.in_flight(),
                "app removed"
            );
            let services = self.starter.services().clone();
            self.finish(last, deadline, async move {
                services.not_called(app.name()).await;
            });
        }
    }

    /// Has a version finish what it has begun.
    fn retire(&self, deployment: &Arc<Deployment>, deadline: Duration) {
        // At once: whoever has been told that the next version serves gets that.
        deployment.pool().retire();
        self.finish(deployment.clone(), deadline, std::future::ready(()));
    }

    /// Has a version that takes nothing in any more end, after something else.
    fn finish(
        &self,
        deployment: Arc<Deployment>,
        deadline: Duration,
        after: impl Future<Output = ()> + Send + 'static,
    ) {
        self.drains.begin(async move {
            if !drain_after(after, &deployment, deadline).await {
                let app = &*deployment.config().name;
                let version = deployment.version();
                let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(
                    app,
                    version,
                    deadline_ms,
                    "a version of the app has been ended at the deadline; some work was cut off"
                );
            }
        });
    }

    /// Starts the first apps of a process, in their order, while others are served already. Whoever asks for one meanwhile waits for
    /// the same instance. Failures are logged where they happen. Over when each has been tried: those that take long are left to
    /// themselves, and hold up neither the next ones nor whoever waits for all.
    fn start_in_background(&self, starting: Vec<Starting>) -> JoinHandle<()> {
        let width = self.starter.width();
        tokio::spawn(async move {
            let pools = || starting.iter().map(|(_, first)| first.pool());
            let turns = stream::iter(pools()).for_each_concurrent(width, |pool| async move {
                let _ = tokio::time::timeout(TURN, pool.instance()).await;
            });
            turns.await;
            let all = join_all(pools().map(|pool| pool.instance()));
            let _ = tokio::time::timeout(PATIENCE, all).await;
        })
    }

    /// Whether requests should come to this process.
    pub(crate) fn readiness(&self) -> Readiness {
        *self.readiness.borrow()
    }

    fn move_on(&self, from: Readiness, to: Readiness) {
        self.readiness.send_if_modified(|now| {
            // If it is another one by now, that is a later one.
            let moves = *now == from;
            if moves {
                *now = to;
            }
            moves
        });
    }

    /// Waits until apps that start with the process have all been tried, or the process ends.
    pub(crate) async fn has_started(&self) {
        let mut readiness = self.readiness.subscribe();
        // The one who sends is here.
        let _ = readiness.wait_for(|now| *now != Readiness::Starting).await;
    }

    /// Connections of clients.
    pub(crate) fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// What numbers requests and events.
    pub(crate) fn ids(&self) -> &RequestIds {
        &self.ids
    }

    /// The apps, by their names.
    pub(crate) fn apps(&self) -> Arc<Vec<Arc<App>>> {
        self.apps.load_full()
    }

    /// The app of a name.
    pub(crate) fn app(&self, name: &str) -> Option<Arc<App>> {
        let apps = self.apps.load();
        let index = apps.binary_search_by(|app| (**app.name()).cmp(name)).ok()?;
        Some(apps[index].clone())
    }

    /// The bound addresses, in the order of those that the configuration names.
    pub async fn addresses(&self) -> Vec<SocketAddr> {
        let state = self.state.lock().await;
        state.listeners.values().map(Listening::address).collect()
    }

    /// Stops accepting, lets requests and `waitUntil` promises finish, and stops the apps; what has been configured last says how long
    /// that may take. Returns false if the deadline cut something off.
    pub async fn drain(&self) -> bool {
        let (listeners, apps, deadline) = {
            let mut state = self.state.lock().await;
            state.phase = Phase::Ending;
            self.readiness.send_replace(Readiness::Draining);
            self.starter
                .keep_prepared(0, &Limits::default(), Isolation::default());
            let listeners = std::mem::take(&mut state.listeners);
            let apps = std::mem::take(&mut state.apps).into_values();
            let apps: Vec<_> = apps.chain(std::mem::take(&mut state.leaving)).collect();
            self.change_schedules(&mut state);
            (listeners, apps, state.drain)
        };
        let until = Instant::now() + deadline;
        let left = || until.saturating_duration_since(Instant::now());
        let in_flight: usize = apps.iter().map(|app| app.in_flight()).sum();
        tracing::info!(in_flight, "shutting down");
        let served = join_all(
            listeners
                .into_values()
                .map(|listening| listening.drain(left())),
        );
        let served = served.await;
        let services = self.starter.services();
        let drained = join_all(apps.iter().map(|app| {
            let current = app.settle();
            current.pool().retire();
            async move { drain_after(services.not_called(app.name()), &current, left()).await }
        }));
        let drained = drained.await;
        let others = self.drains.all_over(left()).await;
        if let Some(exporter) = self.exporter() {
            exporter.flush(left()).await;
        }
        let complete = others && served.into_iter().chain(drained).all(|complete| complete);
        if complete {
            tracing::info!("shut down");
        } else {
            let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(
                deadline_ms,
                "shut down at the deadline; some work was cut off"
            );
        }
        complete
    }
}

/// Whether another is this app.
fn is(app: &Arc<App>) -> impl Fn(&Arc<App>) -> bool {
    move |other| Arc::ptr_eq(app, other)
}

/// Drains a version after something else, if that is over in time. Returns false if the deadline cut something off.
async fn drain_after(
    after: impl Future<Output = ()>,
    deployment: &Deployment,
    deadline: Duration,
) -> bool {
    let began = Instant::now();
    let in_time = tokio::time::timeout(deadline, after).await.is_ok();
    let left = deadline.saturating_sub(began.elapsed());
    deployment.pool().drain(left).await && in_time
}

impl State {
    /// Binds the addresses that are wanted and not bound yet.
    async fn bind(&mut self, wanted: &Config) -> Result<Vec<(ListenAddress, Listener)>, Refusal> {
        let mut bound = Vec::new();
        for address in wanted.addresses() {
            if self.listeners.contains_key(&address) {
                continue;
            }
            let own = self.listeners.keys().find(|own| own.port == address.port);
            let inherited = match self.inherited.of_apps(address) {
                Ok(Some(socket)) => Some(Listener::of(socket)),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            };
            let listener = match inherited {
                Some(listener) => listener,
                None => Listener::bind(address),
            };
            let listener = match (listener, own) {
                (Ok(listener), _) => listener,
                (Err(error), Some(own)) if error.kind() == io::ErrorKind::AddrInUse => {
                    return Err(Refusal::Overlap { address, own: *own });
                }
                (Err(error), _) => return Err(refusal::cannot_bind(wanted, address, error)),
            };
            bound.push((address, listener));
        }
        Ok(bound)
    }

    /// What is wanted, with what was known before of apps of which not all can be known now.
    fn completed<'a>(&self, wanted: &'a Config) -> Cow<'a, Config> {
        let mut wanted = Cow::Borrowed(wanted);
        let partial = wanted.apps.iter().enumerate();
        let partial = partial.filter(|(_, app)| app.is_partial);
        let known = partial.filter_map(|(index, app)| {
            let before = self.apps.get(&app.name)?.current();
            Some((index, app.clone().keeping(before.config())))
        });
        for (index, mut app) in known.collect::<Vec<_>>() {
            let others = wanted.apps.iter().filter(|other| other.name != app.name);
            let taken: HashSet<_> = others.flat_map(|other| &other.hosts).collect();
            // What is another's by now stays so.
            app.hosts.retain(|host| !taken.contains(host));
            wanted.to_mut().apps[index] = app;
        }
        wanted
    }

    /// Everything that was passed to the process is of use.
    fn check_inherited(&self, wanted: &Config) -> Result<(), Refusal> {
        let Some((name, address)) = self.inherited.unused() else {
            return Ok(());
        };
        let addresses = wanted.addresses().into_iter();
        let mut expected: Vec<_> = addresses.map(|address| address.to_string()).collect();
        expected.extend(wanted.admin.as_ref().map(|admin| admin.listen.to_string()));
        expected.sort();
        expected.dedup();
        Err(Refusal::Inherited {
            name: name.to_owned(),
            address,
            expected: expected.join(", "),
        })
    }
}
