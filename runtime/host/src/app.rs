//! An app, whatever its version: its name, its log, the requests that it serves now, and its current deployment.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use nano_worker::{Caches, Commons};

use crate::config::{AppConfig, CronExpression};
use crate::deployment::Deployment;
use crate::lease::Lease;
use crate::log::{AppLog, LogStatistics};
use crate::places::{LEAST_SHARE, Place, Places};
use crate::pool::{NOBODY, Pool, Reason};
use crate::server::link::{Link, Share};
use crate::services::untaken::Untaken;
use crate::starter::Starter;
use crate::statistics::Statistics;

/// An app of the host's. What is said of it in routes, logs and statistics outlives its versions.
pub struct App {
    id: usize,
    name: Arc<str>,
    /// Since when the process has it.
    since: SystemTime,
    log: Arc<AppLog>,
    statistics: Arc<Statistics>,
    /// What all of its instances share, whatever their versions.
    commons: Arc<Commons>,
    current: ArcSwap<Deployment>,
    /// What is to be current: it starts, or has failed to, unless it is current.
    wanted: Mutex<Arc<Deployment>>,
    /// The last version whose refusal has been told.
    told: AtomicU64,
    /// Versions that have been replaced and finish what they have begun, the oldest first.
    finishing: Mutex<Vec<Weak<Pool>>>,
    /// The requests in flight that are calls of other apps, by their names.
    calls: Arc<Places<Arc<str>>>,
    /// WebSockets of clients, by their addresses, from where half of all places are taken.
    sockets: Arc<Places<IpAddr>>,
    /// WebSockets of other apps, by their names.
    called_sockets: Arc<Places<Arc<str>>>,
    /// What these apps have yet to take of responses.
    untaken: Arc<Untaken>,
}

/// How many versions of an app may finish what they have begun: each holds as much memory as the one that serves may.
pub(crate) const MOST_FINISHING: usize = 3;

/// Why an app's new version does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It does not start: why. The version before serves on.
    Broken(Reason),
    /// The app has been changed again, or removed, before it had started.
    Superseded,
}

/// One of the requests that an app may have in flight, or of its WebSockets; dropping it makes room.
pub(crate) struct Admission {
    app: Arc<App>,
    is_websocket: bool,
    part: Part,
}

impl Admission {
    /// The request becomes a WebSocket, of which the app may have so many. Once half of them are taken, one client gets no more of the rest
    /// than it leaves to others: a WebSocket may stay for ever, and costs its client nothing. `client` is `None` where many may stand
    /// behind it.
    pub(crate) fn becomes_websocket(
        &mut self,
        limit: usize,
        client: Option<IpAddr>,
    ) -> Result<(), Busy> {
        self.is_websocket = true;
        let before = self.app.statistics.becomes_websocket();
        // Its drop takes back the count.
        if before >= limit {
            return Err(Busy::WebSockets(limit));
        }
        if let Part::Caller { place: call } = &self.part {
            let most = for_callers(limit);
            let place = self.app.called_sockets.share(call.holder(), most);
            let place = place.map_err(|count| Busy::CallerSockets(count, most))?;
            self.part = Part::Caller {
                place: Box::new(place),
            };
        } else if let Some(client) = client.filter(|_| before >= limit / 2) {
            let most = (limit - before).max(LEAST_SOCKETS);
            let place = self.app.sockets.take(&client, |count, _| count < most);
            self.part = Part::Client {
                _place: Box::new(place.map_err(|_| Busy::Client(limit))?),
            };
        }
        Ok(())
    }

    /// Whose it is.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }
}

/// What a request's sender has of its app's places in flight, where that is limited.
enum Part {
    /// Of a connection with one request at a time.
    One,
    Connection {
        _share: Share,
    },
    Caller {
        place: Box<Place<Arc<str>>>,
    },
    /// Of an app's WebSockets.
    Client {
        _place: Box<Place<IpAddr>>,
    },
}

impl Drop for Admission {
    fn drop(&mut self) {
        match self.is_websocket {
            true => self.app.statistics.websocket_is_over(),
            false => self.app.statistics.is_over(),
        }
    }
}

/// Why a request is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// The app has its fill, which is this many.
    App(usize),
    /// The request's connection has so many requests in flight, and no more places are left for others of so many.
    Connection(usize, usize),
    /// The app that calls has so many calls in flight, and no more are left for others of those that the app takes: so many of all.
    Caller(usize, usize, usize),
    /// So many requests wait, which is the most that may, until the instance of the app that this one is for begins with them.
    Queue(usize),
    /// The app has its fill of WebSockets, which is this many.
    WebSockets(usize),
    /// The app that calls has so many WebSockets, and no more are left for others of those that other apps may have: so many.
    CallerSockets(usize, usize),
    /// The client has as many of the app's WebSockets, of so many, as it leaves to others.
    Client(usize),
    /// The app has been removed, or the host is shutting down.
    Gone,
}

/// So many WebSockets one client may have in the second half of all, however few are left: many may share an address.
const LEAST_SOCKETS: usize = 64;

/// How much of what an app has, places in flight or WebSockets, is for other apps: clients are never locked out by them.
fn for_callers(limit: usize) -> usize {
    limit.div_ceil(2)
}

/// How many bytes its caches may hold.
fn cache_budget(config: &AppConfig) -> usize {
    usize::try_from(config.limits.caches).unwrap_or(usize::MAX)
}

impl App {
    /// An app with its first version; starts nothing yet.
    pub(crate) fn new(config: AppConfig, starter: &Arc<Starter>) -> Arc<Self> {
        // 0 and 1 have a meaning to those who note where a connection belongs.
        static NEXT: AtomicUsize = AtomicUsize::new(2);
        let name = config.name.clone();
        let log = Arc::new(AppLog::new(name.clone()));
        log.want(&config);
        let statistics = Arc::new(Statistics::default());
        let budget = cache_budget(&config);
        let caches = Caches::new(budget, starter.cache_memory().clone());
        let commons = Arc::new(Commons::new(caches));
        let deployment = Deployment::first(config, &log, &statistics, &commons, starter);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name,
            since: SystemTime::now(),
            log,
            statistics,
            commons,
            current: ArcSwap::new(deployment.clone()),
            wanted: Mutex::new(deployment),
            told: AtomicU64::new(0),
            finishing: Mutex::default(),
            calls: Places::new(),
            sockets: Places::new(),
            called_sockets: Places::new(),
            untaken: Arc::default(),
        })
    }

    /// Unique in the process; at least 2.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// Unique among the apps of a host; names it in logs.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Since when the process has it, and counts.
    pub(crate) fn since(&self) -> SystemTime {
        self.since
    }

    /// What callers have yet to take of its responses.
    pub(crate) fn untaken(&self) -> &Arc<Untaken> {
        &self.untaken
    }

    /// Where the app's lines go.
    pub(crate) fn log(&self) -> &AppLog {
        &self.log
    }

    /// What is counted of the app.
    pub(crate) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// What became of the app's log lines.
    pub fn log_statistics(&self) -> LogStatistics {
        self.log.statistics()
    }

    /// Requests whose responses are not complete, of all versions.
    pub fn in_flight(&self) -> usize {
        self.statistics.in_flight()
    }

    /// The number of the version that serves, from 1 on.
    pub fn version(&self) -> u64 {
        self.current.load().version()
    }

    /// Why the app gets no more instances, if it has lost too many.
    pub fn disabled(&self) -> Option<String> {
        self.current.load().pool().disabled()
    }

    /// The version that serves.
    pub(crate) fn current(&self) -> Arc<Deployment> {
        self.current.load_full()
    }

    /// When it is sent scheduled events.
    pub(crate) fn crons(&self) -> Vec<CronExpression> {
        self.current.load().config().crons.clone()
    }

    /// An instance of the version that serves: that of this id, or one that is less busy. `None` if the app takes no request in any more.
    pub(crate) fn lease(&self, home: usize) -> Option<Lease> {
        loop {
            let current = self.current.load_full();
            if let Some(lease) = Lease::of(current.clone(), home) {
                return Some(lease);
            }
            // A version retires when the next one is in its place; the last one retires with the app.
            if Arc::ptr_eq(&current, &self.current.load()) {
                return None;
            }
        }
    }

    /// Takes a request in, unless the app has its fill. Where the request's connection can have `several` at a time, it gets no
    /// more places than it leaves to others: a client that holds on to all that it can get locks nobody out. `known` is what the app was
    /// a while ago, under the same routes: as long as that takes requests in, it is what the app is.
    pub(crate) fn admit(
        self: &Arc<Self>,
        link: &Arc<Link>,
        several: bool,
        known: Option<Arc<Deployment>>,
    ) -> Result<(Admission, Lease), Busy> {
        let home = link.timers.place().home();
        let lease = known.and_then(|known| Lease::of(known, home));
        let lease = lease.or_else(|| self.lease(home)).ok_or(Busy::Gone)?;
        let limit = lease.limits().in_flight;
        let part = if several {
            let most = limit.saturating_sub(self.in_flight()).max(LEAST_SHARE);
            let share = link.share(self.id, most);
            Part::Connection {
                _share: share.map_err(|count| Busy::Connection(count, limit))?,
            }
        } else {
            Part::One
        };
        let taken_in = self.take_in(lease, part)?;
        link.is_with(self.id);
        Ok(taken_in)
    }

    /// Takes a request of another app in, unless the app has its fill, or its callers have theirs.
    pub(crate) fn admit_call(
        self: &Arc<Self>,
        caller: &Arc<str>,
    ) -> Result<(Admission, Lease), Busy> {
        let lease = self.lease(NOBODY).or_else(|| Lease::late(self.current()));
        let lease = lease.ok_or(Busy::Gone)?;
        let limit = lease.limits().in_flight;
        if self.in_flight() >= limit {
            return Err(Busy::App(limit));
        }
        let most = for_callers(limit);
        let place = self.calls.share(caller, most);
        let place = place.map_err(|count| Busy::Caller(count, most, limit))?;
        let part = Part::Caller {
            place: Box::new(place),
        };
        self.take_in(lease, part)
    }

    fn take_in(self: &Arc<Self>, lease: Lease, part: Part) -> Result<(Admission, Lease), Busy> {
        let limit = lease.limits().in_flight;
        let before = self.statistics.begins();
        // Made in either case: its drop takes back the count.
        let admission = Admission {
            app: self.clone(),
            is_websocket: false,
            part,
        };
        if before < limit {
            Ok((admission, lease))
        } else {
            Err(Busy::App(limit))
        }
    }

    /// Has the app become what `config` says. The host's part of it, such as limits of requests, counts at once. Gives the version
    /// that is to serve: the one that does, or another one, to be [switched to](Self::switch). What was to serve and does not yet is
    /// given up, unless it is the same.
    pub(crate) fn want(&self, config: AppConfig, starter: &Arc<Starter>) -> Arc<Deployment> {
        let mut wanted = self.lock();
        self.log.want(&config);
        self.commons.caches().set_budget(cache_budget(&config));
        let current = self.current.load_full();
        let adjusted = current.under(current.config().with_host_part_of(&config));
        let next = if current.config().is_same_version(&config) {
            adjusted.clone()
        } else if wanted.config().is_same_version(&config) {
            wanted.under(config)
        } else {
            wanted.next(config, &self.log, &self.statistics, &self.commons, starter)
        };
        self.current.store(adjusted);
        let before = std::mem::replace(&mut *wanted, next.clone());
        if ![&current, &next]
            .map(|kept| kept.pool())
            .iter()
            .any(|pool| Arc::ptr_eq(pool, before.pool()))
        {
            before.pool().close();
        }
        next
    }

    /// Starts the version that is wanted, and has it serve if it works. Gives the version that is to be drained, if there is one.
    ///
    /// A version that does not start, or has no handler for what it is configured to be sent, is refused, and the one before serves on; unless that does not work, either.
    pub(crate) async fn switch(
        &self,
        next: &Arc<Deployment>,
    ) -> Result<Option<Arc<Deployment>>, Refused> {
        let started = next.pool().instance().await;
        let wanted = self.lock();
        if !Arc::ptr_eq(wanted.pool(), next.pool()) {
            return Err(Refused::Superseded);
        }
        let current = self.current.load_full();
        let is_new = !Arc::ptr_eq(current.pool(), next.pool());
        let reason = match &started {
            Ok(member) => wanted
                .config()
                .missing_handler(member.instance().handlers())
                .map(Reason::from),
            Err(error) => Some(error.reason.clone()),
        };
        let refusal = reason.map(Refused::Broken);
        if is_new && (refusal.is_none() || current.pool().is_broken()) {
            self.current.store(wanted.clone());
        } else if is_new && started.is_ok() {
            // It starts, and lacks something: nobody is sent to it.
            next.pool().give_up();
        }
        match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(is_new.then_some(current)),
        }
    }

    /// Takes note of a version that has been replaced. Gives those that are to be ended for it, as too many finish what they have begun.
    pub(crate) fn finishes(&self, replaced: &Arc<Pool>) -> Vec<Arc<Pool>> {
        // Nothing that can panic leaves it half changed.
        let mut finishing = self
            .finishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        finishing.push(Arc::downgrade(replaced));
        finishing.retain(|pool| pool.upgrade().is_some_and(|pool| !pool.is_quiet()));
        let too_many = finishing.len().saturating_sub(MOST_FINISHING);
        finishing
            .drain(..too_many)
            .filter_map(|pool| pool.upgrade())
            .collect()
    }

    /// Whether that this version is refused has not been told yet; now it is.
    pub(crate) fn is_news(&self, version: u64) -> bool {
        self.told.swap(version, Ordering::Relaxed) != version
    }

    /// Whether the version that is to serve is bound to that app.
    pub(crate) fn is_to_call(&self, app: &str) -> bool {
        self.lock().config().services().any(|bound| **bound == *app)
    }

    /// Nothing is to serve but what does: for an app that ends.
    pub(crate) fn settle(&self) -> Arc<Deployment> {
        let mut wanted = self.lock();
        let current = self.current.load_full();
        if !Arc::ptr_eq(wanted.pool(), current.pool()) {
            wanted.pool().close();
            *wanted = current.clone();
        }
        current
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Deployment>> {
        // Nothing that can panic leaves it half changed.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakeLauncher, app_config};
    use crate::pool::NOBODY;

    fn app(launcher: &Arc<FakeLauncher>, config: AppConfig) -> Arc<App> {
        App::new(config, &Starter::new(launcher.clone()))
    }

    fn edited(content: u64) -> AppConfig {
        AppConfig {
            content,
            ..app_config("a")
        }
    }

    /// As many as there are to be had.
    fn all<T>(mut one: impl FnMut() -> Result<T, Busy>) -> Vec<T> {
        std::iter::from_fn(|| one().ok()).collect()
    }

    /// What was taken in becomes a WebSocket.
    fn socket(
        taken_in: Result<(Admission, Lease), Busy>,
        client: Option<IpAddr>,
    ) -> Result<Admission, Busy> {
        let (mut admission, lease) = taken_in?;
        admission.becomes_websocket(lease.limits().websockets, client)?;
        Ok(admission)
    }

    #[tokio::test]
    async fn websockets_are_counted_by_themselves() {
        let mut config = app_config("a");
        (config.limits.in_flight, config.limits.websockets) = (1, 2);
        let app = app(&FakeLauncher::new(), config);
        let link = Link::for_tests();
        let open = || socket(app.admit(&link, false, None), None);
        let first = open().ok().unwrap();
        let _second = open().ok().unwrap();
        assert_eq!(open().err(), Some(Busy::WebSockets(2)));
        assert_eq!((app.in_flight(), app.statistics().websockets()), (0, 2));
        drop(first);
        assert!(open().is_ok());
        assert_eq!((app.in_flight(), app.statistics().websockets()), (0, 1));
    }

    #[tokio::test]
    async fn a_client_gets_no_more_websockets_than_it_leaves() {
        let mut config = app_config("a");
        config.limits.websockets = 400;
        let app = app(&FakeLauncher::new(), config);
        let link = Link::for_tests();
        let all_of = |client| all(|| socket(app.admit(&link, false, None), client));
        let clients = [1, 2, 3].map(|last| Some(IpAddr::from([192, 0, 2, last])));
        let sockets = clients.map(all_of);
        assert_eq!(sockets.each_ref().map(Vec::len), [300, 64, 36]);
        drop(sockets);
        assert_eq!(
            (app.statistics().websockets(), app.sockets.holders()),
            (0, 0)
        );
        // A proxy's are many clients'.
        assert_eq!(all_of(None).len(), 400);
    }

    #[tokio::test]
    async fn callers_leave_half_of_the_websockets_to_clients() {
        let mut config = app_config("a");
        config.limits.websockets = 100;
        let app = app(&FakeLauncher::new(), config);
        let all_of = |caller: &str| all(|| socket(app.admit_call(&caller.into()), None));
        let sockets = ["b", "c", "d"].map(all_of);
        assert_eq!(sockets.each_ref().map(Vec::len), [25, 16, 9]);
        // They are not in flight any more.
        assert_eq!(app.calls.holders(), 0);
        drop(sockets);
        assert_eq!(app.called_sockets.holders(), 0);
    }

    #[tokio::test]
    async fn admissions_are_counted() {
        let mut config = app_config("a");
        config.limits.in_flight = 2;
        let app = app(&FakeLauncher::new(), config);
        let link = Link::for_tests();
        let first = app.admit(&link, false, None).ok().unwrap();
        let _second = app.admit(&link, true, None).ok().unwrap();
        assert_eq!(app.admit(&link, false, None).err(), Some(Busy::App(2)));
        drop(first);
        assert!(app.admit(&link, true, None).is_ok());
        assert_eq!(app.in_flight(), 1);
    }

    #[tokio::test]
    async fn a_connection_gets_no_more_places_than_it_leaves() {
        let mut config = app_config("a");
        config.limits.in_flight = 100;
        let app = app(&FakeLauncher::new(), config);
        let all_of = |link: &Arc<Link>| all(|| app.admit(link, true, None));
        let links: [_; 6] = std::array::from_fn(|_| Link::for_tests());
        let admissions = links.each_ref().map(all_of);
        let counts = admissions.each_ref().map(Vec::len);
        assert_eq!(counts, [50, 25, 16, 9, 0, 0]);
        let link = Link::for_tests();
        assert_eq!(
            app.admit(&links[0], true, None).err(),
            Some(Busy::Connection(50, 100))
        );
        assert_eq!(app.admit(&link, true, None).err(), Some(Busy::App(100)));
        drop(admissions);
        assert_eq!(all_of(&links[0]).len(), 50);
    }

    #[tokio::test]
    async fn calls_leave_half_to_clients_and_a_caller_what_others_need() {
        let mut config = app_config("a");
        config.limits.in_flight = 200;
        let app = app(&FakeLauncher::new(), config);
        let all_of = |caller: &str| all(|| app.admit_call(&caller.into()));
        let callers = ["b", "c", "d", "e", "f"];
        let admissions = callers.map(all_of);
        let counts = admissions.each_ref().map(Vec::len);
        assert_eq!(counts, [50, 25, 16, 9, 0]);
        let busy = app.admit_call(&"b".into()).err();
        assert_eq!(busy, Some(Busy::Caller(50, 100, 200)));
        let link = Link::for_tests();
        let of_clients = all(|| app.admit(&link, false, None));
        assert_eq!(of_clients.len(), 100);
        assert_eq!(app.admit_call(&"f".into()).err(), Some(Busy::App(200)));
        drop((admissions, of_clients));
        assert_eq!((app.in_flight(), app.calls.holders()), (0, 0));
        assert_eq!(all_of("c").len(), 50);
    }

    #[tokio::test]
    async fn a_new_version_takes_over_when_it_has_started() {
        let launcher = FakeLauncher::new();
        let starter = Starter::new(launcher.clone());
        let app = App::new(edited(1), &starter);
        let first = app.current();
        assert_eq!(app.switch(&first).await.unwrap().map(|_| ()), None);
        let lease = app.lease(NOBODY).expect("a lease");

        let second = app.want(edited(2), &starter);
        assert_eq!(app.version(), 1);
        let retired = app.switch(&second).await.unwrap().expect("the first");
        assert!(Arc::ptr_eq(retired.pool(), first.pool()));
        assert_eq!(app.version(), 2);
        let drained = tokio::spawn(async move {
            retired
                .pool()
                .drain(std::time::Duration::from_secs(60))
                .await
        });
        while first.pool().is_open() {
            tokio::task::yield_now().await;
        }
        // Who was let in by the first version is served by it; others are not.
        assert!(lease.member().expect("an instance").goes_on());
        assert!(app.lease(NOBODY).is_some());
        assert_eq!(launcher.drains(), 0);
        drop(lease);
        assert!(drained.await.unwrap());
        assert_eq!(launcher.drains(), 1);
    }

    #[tokio::test]
    async fn a_version_that_does_not_start_is_refused() {
        let launcher = FakeLauncher::new();
        let starter = Starter::new(launcher.clone());
        let app = App::new(edited(1), &starter);
        app.switch(&app.current()).await.expect("it works");
        launcher.fail_starts("no handler", None);
        let second = app.want(edited(2), &starter);
        let refused = app.switch(&second).await.err();
        assert_eq!(
            refused,
            Some(Refused::Broken("no handler".to_owned().into()))
        );
        assert_eq!(app.version(), 1);
        // It is not tried again at once, and what is not changed is known to be the same.
        let again = app.want(edited(2), &starter);
        assert!(Arc::ptr_eq(again.pool(), second.pool()));
        assert!(app.switch(&again).await.is_err());
        assert_eq!(launcher.starts(), 2);
        // Back to what serves.
        let first = app.want(edited(1), &starter);
        assert!(Arc::ptr_eq(first.pool(), app.current().pool()));
        // Where nothing serves, what is wrong with the newest version is what is said.
        let app = App::new(edited(1), &starter);
        assert!(app.switch(&app.current()).await.is_err());
        launcher.fail_starts("still none", None);
        let second = app.want(edited(2), &starter);
        assert!(app.switch(&second).await.is_err());
        assert_eq!(app.version(), 2);
        launcher.mend_starts();
        let third = app.want(edited(3), &starter);
        app.switch(&third).await.expect("it is mended");
        assert_eq!(app.version(), 3);
    }

    #[tokio::test]
    async fn a_version_that_is_overtaken_does_not_serve() {
        let launcher = FakeLauncher::new();
        let starter = Starter::new(launcher.clone());
        let app = App::new(edited(1), &starter);
        app.switch(&app.current()).await.expect("it works");
        launcher.start_within(std::time::Duration::from_millis(50));
        let second = app.want(edited(2), &starter);
        let slow = tokio::spawn({
            let app = app.clone();
            async move { app.switch(&second).await.err() }
        });
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        launcher.start_within(std::time::Duration::from_millis(1));
        let third = app.want(edited(3), &starter);
        app.switch(&third).await.expect("it works");
        assert_eq!(slow.await.unwrap(), Some(Refused::Superseded));
        assert_eq!(app.version(), 3);
        while launcher.stops() == 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn limits_of_requests_change_without_a_new_version() {
        let launcher = FakeLauncher::new();
        let starter = Starter::new(launcher.clone());
        let app = App::new(edited(1), &starter);
        app.switch(&app.current()).await.expect("it works");
        let with_limit = |content, in_flight| {
            let mut config = edited(content);
            config.limits.in_flight = in_flight;
            config
        };
        app.want(with_limit(1, 7), &starter);
        assert_eq!(app.lease(NOBODY).unwrap().limits().in_flight, 7);
        // Also where a new version is on its way, or refused.
        launcher.fail_starts("it is broken", None);
        let next = app.want(with_limit(2, 8), &starter);
        assert!(app.switch(&next).await.is_err());
        assert_eq!(app.lease(NOBODY).unwrap().limits().in_flight, 8);
        assert_eq!((app.version(), launcher.starts()), (1, 2));
    }
}
