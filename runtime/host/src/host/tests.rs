//! Changes of what is served, over real sockets, with a fake engine.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;
use crate::config::{HostPattern, MAX_EAGER, Tracing};
use crate::fake::{FakeLauncher, app_config, ok};

/// A host, and what it serves.
struct Site {
    launcher: Arc<FakeLauncher>,
    host: Arc<Host>,
    wanted: Config,
}

impl Site {
    /// Serves these apps.
    async fn of(names: &[&str]) -> Self {
        let launcher = FakeLauncher::new();
        let host = Host::new(launcher.clone(), Ask::of_nobody(), true);
        let wanted = Config::of_apps(names.iter().map(|name| app_config(name)).collect());
        let site = Self {
            launcher,
            host,
            wanted,
        };
        let applied = site.apply().await;
        assert_eq!(applied.opened.len(), 1);
        for name in names {
            assert_eq!(site.get(name).await.0, 200);
        }
        site
    }

    async fn apply(&self) -> Applied {
        self.host
            .apply(self.wanted.clone())
            .await
            .expect("free ports")
    }

    fn app(&mut self, name: &str) -> &mut AppConfig {
        let app = self.wanted.apps.iter_mut().find(|app| &*app.name == name);
        app.expect("an app of that name")
    }

    fn remove(&mut self, name: &str) {
        self.wanted.apps.retain(|app| &*app.name != name);
    }

    /// Whatever answers with this text from now on started from now on.
    fn say(&self, text: &'static str) {
        self.launcher.handle(move |_| async move { Ok(ok(text)) });
    }

    async fn address(&self) -> SocketAddr {
        self.host.addresses().await[0]
    }

    async fn get(&self, name: &str) -> (u16, String) {
        get(self.address().await, name).await
    }
}

async fn get(address: SocketAddr, name: &str) -> (u16, String) {
    let name = name.to_owned();
    let ask = move || {
        let mut connection = TcpStream::connect(address).expect("a listener");
        let request = format!("GET / HTTP/1.1\r\nHost: {name}.test\r\nConnection: close\r\n\r\n");
        connection
            .write_all(request.as_bytes())
            .expect("a connection");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().expect("a status"), body.to_owned())
    };
    tokio::task::spawn_blocking(ask).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_same_is_left_alone() {
    let mut site = Site::of(&["a", "b"]).await;
    assert_eq!(site.apply().await, Applied::default());
    site.app("a").content = 1;
    let applied = site.apply().await;
    assert_eq!(applied.replaced, ["a".into()]);
    assert_eq!(
        applied,
        Applied {
            replaced: applied.replaced.clone(),
            ..Applied::default()
        }
    );
    assert_eq!(site.launcher.starts(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn apps_come_and_go() {
    let mut site = Site::of(&["a"]).await;
    site.say("b");
    site.wanted.apps.push(app_config("b"));
    assert_eq!(site.apply().await.added, ["b".into()]);
    assert_eq!(site.get("b").await, (200, "b".to_owned()));
    site.remove("a");
    assert_eq!(site.apply().await.removed, ["a".into()]);
    assert_eq!(site.get("a").await.0, 404);
    assert_eq!(site.get("b").await.0, 200);
    // It finishes, and is not there any more.
    while site.launcher.drains() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(site.launcher.drains(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_version_is_refused_and_a_good_one_replaces() {
    let mut site = Site::of(&["a"]).await;
    site.launcher.fail_starts("no handler", None);
    site.app("a").content = 1;
    let applied = site.apply().await;
    assert_eq!(applied.refused, [("a".into(), "no handler".to_owned())]);
    assert_eq!(site.get("a").await, (200, "ok".to_owned()));
    site.launcher.mend_starts();
    site.say("mended");
    site.app("a").content = 2;
    assert_eq!(site.apply().await.replaced, ["a".into()]);
    assert_eq!(site.get("a").await, (200, "mended".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_change_without_a_new_version() {
    let mut site = Site::of(&["a", "b"]).await;
    // The two change places, and a request sees either the one or the other state.
    let hosts = site.app("a").hosts.clone();
    site.app("a").hosts = std::mem::replace(&mut site.app("b").hosts, hosts);
    site.say("never started");
    assert_eq!(site.apply().await.adjusted, ["a".into(), "b".into()]);
    assert_eq!(site.get("a").await, (200, "ok".to_owned()));
    site.app("b").hosts = vec![HostPattern::Exact("c.test".into())];
    site.apply().await;
    assert_eq!(site.get("a").await.0, 404);
    assert_eq!(site.get("c").await.0, 200);
    assert_eq!(site.launcher.starts(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_app_that_does_not_start_is_answered_for() {
    let mut site = Site::of(&["a"]).await;
    site.launcher.fail_starts("no handler", None);
    site.wanted.apps.push(app_config("b"));
    let applied = site.apply().await;
    assert_eq!(applied.added, ["b".into()]);
    assert_eq!(applied.refused, [("b".into(), "no handler".to_owned())]);
    assert_eq!(site.get("b").await.0, 503);
    assert_eq!(site.get("a").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_come_and_go_one_at_a_time() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    let mut site = Site::of(&["a"]).await;
    let first = site.address().await;
    let mut own = app_config("b");
    own.port = Some(port);
    site.wanted.apps.push(own);
    // Nothing is changed where a part cannot be.
    site.app("a").content = 1;
    let refusal = site.host.apply(site.wanted.clone()).await;
    assert!(matches!(refusal, Err(Refusal::Bind { .. })), "{refusal:?}");
    assert_eq!(site.launcher.starts(), 1);
    drop(free);
    let applied = site.apply().await;
    let second = SocketAddr::new(first.ip(), port);
    assert_eq!((applied.opened, applied.closed), (vec![second], vec![]));
    assert_eq!(get(second, "b").await.0, 200);
    assert_eq!(get(second, "a").await.0, 404);
    let mut idle = TcpStream::connect(second).expect("a listener");
    site.remove("b");
    assert_eq!(site.apply().await.closed, [second]);
    while TcpStream::connect(second).is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(idle.read(&mut [0]).expect("an end"), 0);
    assert_eq!(get(first, "a").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_waits_holds_up_no_other_change() {
    let mut site = Site::of(&["a", "b"]).await;
    site.launcher.start_within(Duration::from_secs(600));
    site.app("a").content = 1;
    let later = |site: &Site| {
        let (host, wanted) = (site.host.clone(), site.wanted.clone());
        tokio::spawn(async move { host.apply(wanted).await })
    };
    let waits = later(&site);
    while site.launcher.starts() == 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    site.launcher.start_within(Duration::from_millis(1));
    site.app("b").content = 1;
    later(&site);
    let app = site.host.apps()[1].clone();
    while app.version() == 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(site.get("a").await.0, 200);
    // A third version of the first one overtakes the second.
    site.app("a").content = 2;
    assert_eq!(site.apply().await.replaced, ["a".into()]);
    assert_eq!(
        waits.await.expect("no panic").expect("free ports").replaced,
        []
    );
}

/// Whatever apps do at their start, changes of others are made.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_the_start_of_another_app() {
    let mut site = Site::of(&["a", "b"]).await;
    let soon = Duration::from_secs(1);
    site.launcher.start_within(Duration::from_secs(600));
    site.app("a").content = 1;
    site.wanted.apps.push(app_config("new"));
    let begun = async |site: &Site| {
        let begun = tokio::time::timeout(soon, site.host.begin(&site.wanted)).await;
        begun.expect("soon").expect("free ports")
    };
    let slow = begun(&site).await;
    site.app("b").content = 1;
    // Whoever changes one app waits for that, also where it is another's change that starts it.
    let applied = begun(&site).await.over(Some("new"), soon / 10).await;
    let starting: [Arc<str>; 3] = ["a".into(), "b".into(), "new".into()];
    let mut named = applied.starting.clone();
    named.sort();
    assert_eq!(named, starting);
    assert!(!applied.has_changed(), "{applied:?}");
    while site.launcher.starts() < 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    site.launcher.start_within(Duration::from_millis(1));
    site.app("b").content = 2;
    // Whoever changes all waits for what he has changed.
    let applied = tokio::time::timeout(soon, site.apply()).await;
    let applied = applied.expect("soon");
    assert_eq!(applied.replaced, ["b".into()]);
    assert_eq!(applied.starting, [starting[2].clone(), starting[0].clone()]);
    let applied = slow.over(None, soon / 10).await;
    assert_eq!(applied.starting, [starting[0].clone(), starting[2].clone()]);
    assert_eq!(applied.added, ["new".into()]);
    // And the end does not wait, either.
    assert!(tokio::time::timeout(soon, site.host.drain()).await.is_ok());
}

/// What another app answers goes on to a new one when that has started, or after a while; others do not wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_app_gets_a_head_start() {
    for (time, in_time) in [(HEAD_START / 2, true), (HEAD_START * 2, false)] {
        let mut site = Site::of(&["a", "b"]).await;
        site.launcher.start_within(time);
        site.say("new");
        let hosts = site.app("a").hosts.clone();
        site.remove("a");
        site.wanted.apps.push(AppConfig {
            hosts,
            ..app_config("new")
        });
        let began = Instant::now();
        let begun = site.host.begin(&site.wanted).await.expect("free ports");
        assert_eq!(site.get("a").await.1, "ok");
        site.app("b").hosts = vec![HostPattern::Exact("c.test".into())];
        site.host.begin(&site.wanted).await.expect("free ports");
        assert_eq!(site.get("c").await.0, 200);
        assert_eq!(site.get("a").await.1, "ok");
        assert!(began.elapsed() < HEAD_START / 2);
        assert_eq!(site.launcher.drains(), 0);
        let applied = begun.over(Some("new"), HEAD_START + HEAD_START / 2).await;
        assert_eq!(applied.starting.is_empty(), in_time);
        assert_eq!(site.get("a").await.1, "new");
        assert_eq!(site.launcher.drains(), 1);
    }
}

/// Apps that do not come to an end with their start keep neither others from theirs, nor the process from being ready.
#[tokio::test(start_paused = true)]
async fn first_apps_that_hang_hold_up_nobody() {
    let launcher = FakeLauncher::new();
    launcher.start_within(Duration::from_secs(600));
    let host = Host::new(launcher.clone(), Ask::of_nobody(), true);
    let count = 3 * host.starter.width();
    let apps = (0..count).map(|index| AppConfig {
        start: Some(Start::Eager),
        ..app_config(&format!("a{index}"))
    });
    let began = tokio::time::Instant::now();
    host.apply(Config::of_apps(apps.collect()))
        .await
        .expect("a port");
    assert_eq!(host.readiness(), Readiness::Starting);
    host.has_started().await;
    assert_eq!(launcher.starts(), count);
    assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
}

/// Each holds as much as the app may, and a tenant can change his app as often as he likes.
#[tokio::test(flavor = "multi_thread")]
async fn few_old_versions_finish_what_they_have_begun() {
    let mut site = Site::of(&["a"]).await;
    let address = site.address().await;
    let mut requests = Vec::new();
    for version in 1..=MOST_FINISHING as u64 + 2 {
        site.launcher
            .handle(|_| async move { std::future::pending().await });
        site.app("a").content = version;
        assert_eq!(site.apply().await.replaced, ["a".into()]);
        requests.push(tokio::spawn(get(address, "a")));
        let app = &site.host.apps()[0];
        while app.in_flight() < requests.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(site.launcher.stops(), 1, "the first one that was asked");
    // One that nobody has asked does not count.
    for (version, stops) in [(10, 2), (11, 2)] {
        site.app("a").content = version;
        site.apply().await;
        assert_eq!(site.launcher.stops(), stops);
    }
    requests.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_change_is_told() {
    let mut site = Site::of(&["a"]).await;
    site.wanted.memory_mb = Some(512);
    let applied = site.apply().await;
    let told = Applied {
        fixed: vec![Fixed {
            setting: "memory_mb",
            wanted: "512".to_owned(),
            in_force: "not set".to_owned(),
        }],
        ..Applied::default()
    };
    assert_eq!(applied, told);
    assert_eq!(site.apply().await, told, "also again");
    site.wanted.memory_mb = None;
    site.wanted.trace = Tracing::All;
    let [fixed] = site.apply().await.fixed.try_into().expect("one setting");
    assert_eq!(
        (fixed.setting, &*fixed.wanted, &*fixed.in_force),
        ("trace", "all", "incoming")
    );
    site.wanted.trace = Tracing::Incoming;
    assert_eq!(site.apply().await, Applied::default());
}

/// Each setting of a process that can change does.
#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_process_change() {
    let mut site = Site::of(&["a"]).await;
    let address = site.address().await;
    site.wanted.clients.head = Duration::from_millis(50);
    site.wanted.drain = Duration::from_millis(60);
    site.apply().await;
    // A connection without a request is kept for as long as a head may take.
    let mut idle = TcpStream::connect(address).expect("a listener");
    let end = tokio::task::spawn_blocking(move || idle.read(&mut [0]));
    let end = tokio::time::timeout(Duration::from_secs(20), end).await;
    assert_eq!(end.expect("an end in time").expect("no panic").unwrap(), 0);
    site.launcher.handle(|_| std::future::pending());
    site.app("a").content = 1;
    site.apply().await;
    let mut waits = TcpStream::connect(address).expect("a listener");
    waits
        .write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .expect("a connection");
    while site.host.apps()[0].in_flight() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let drain = tokio::time::timeout(Duration::from_secs(20), site.host.drain());
    assert!(!drain.await.expect("an end at the deadline"));
}

#[tokio::test(flavor = "multi_thread")]
async fn isolates_are_prepared_for_limits_that_most_apps_have() {
    let mut site = Site::of(&["a", "b", "c"]).await;
    let prepared = |site: &Site| {
        let (count, limits, isolation) = site.launcher.prepared().expect("something was said");
        let is_shared = isolation == Isolation::Shared;
        (count, limits.memory_mb, limits.cpu.as_secs(), is_shared)
    };
    assert_eq!(prepared(&site), (1, 128, 5, false));
    for name in ["a", "c"] {
        let worker = &mut site.app(name).limits.worker;
        (worker.memory_mb, worker.cpu) = (64, std::time::Duration::from_secs(1));
        site.app(name).isolation = Isolation::Shared;
    }
    site.wanted.prepared = 3;
    site.apply().await;
    assert_eq!(prepared(&site), (3, 64, 1, true));
    for name in ["a", "b", "c"] {
        site.remove(name);
    }
    site.apply().await;
    assert_eq!(prepared(&site), (3, 128, 5, false));
    site.host.drain().await;
    assert_eq!(prepared(&site).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_nothing_changes_any_more() {
    let site = Site::of(&["a"]).await;
    assert!(site.host.drain().await);
    let refusal = site.host.apply(site.wanted.clone()).await;
    assert!(matches!(refusal, Err(Refusal::Ending)));
    assert_eq!(site.launcher.drains(), 1);
}

/// Requests go on through all of it, and each is answered.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_by_changes() {
    let mut site = Site::of(&["a", "b"]).await;
    let address = site.address().await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_done = done.clone();
    let client = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).expect("a listener");
        let mut count = 0;
        while !is_done.load(std::sync::atomic::Ordering::SeqCst) {
            connection
                .write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
                .expect("a connection");
            let mut answer = [0; 1024];
            let length = connection.read(&mut answer).expect("an answer");
            let answer = String::from_utf8_lossy(&answer[..length]);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            count += 1;
        }
        count
    });
    for round in 1..=100 {
        site.wanted.apps[0].content = round;
        match round % 4 {
            0 => site.remove("b"),
            1 if round > 1 => site.wanted.apps.push(app_config("b")),
            // Renamed, under the same hostname.
            2 => site.wanted.apps[0].name = "renamed".into(),
            3 => site.wanted.apps[0].name = "a".into(),
            _ => {}
        }
        let applied = site.apply().await;
        assert_eq!(applied.refused, []);
    }
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(client.await.expect("no failure") > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lazy_app_starts_with_its_first_request() {
    let mut site = Site::of(&["a"]).await;
    for index in 0..MAX_EAGER {
        site.wanted.apps.push(app_config(&format!("b{index}")));
    }
    site.apply().await;
    assert_eq!(site.launcher.starts(), 1);
    assert_eq!(site.get("b0").await.0, 200);
    assert_eq!(site.launcher.starts(), 2);
    let mut eager = app_config("c");
    eager.start = Some(Start::Eager);
    site.wanted.apps.push(eager);
    site.apply().await;
    assert_eq!(site.launcher.starts(), 3);
    // One that is eager from now on, and has not been asked for.
    let started = async |site: &Site, count| {
        while site.launcher.starts() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(site.launcher.starts(), count);
    };
    site.app("b1").start = Some(Start::Eager);
    assert_eq!(site.apply().await.adjusted, ["b1".into()]);
    started(&site, 4).await;
    assert_eq!(site.apply().await, Applied::default());
    // And so is each of those that are left, where only few are.
    for index in 5..MAX_EAGER {
        site.remove(&format!("b{index}"));
    }
    site.apply().await;
    started(&site, 7).await;
}
