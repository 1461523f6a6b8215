//! How instances come and go: for memory, for many requests, and for new ones.

use std::time::Duration;

use crate::support::admin::{ask, json, serve};
use crate::support::{Nano, Site, eventually};

/// An app that serves gets the memory of those that nobody asks for: of the one that has been idle for longest.
#[test]
#[cfg(target_os = "linux")]
fn idle_apps_end_before_one_that_serves_when_the_process_needs_memory() {
    let holds = "const kept = new Uint8Array(120 << 20).fill(1), id = String(Math.random());
        export default { async fetch(request) {
            if (request.url.endsWith('/slow')) await new Promise(resolve => setTimeout(resolve, 8000));
            return new Response(kept.length + id);
        } };";
    let grows = "const keep = []; export default { fetch(request) {
        keep.push(new Uint8Array(10 << 20).fill(1));
        return new Response('fine');
    } };";
    let limits = r#""limits":{"memory_mb":1000}"#;
    let nano = Site::new()
        .top(r#""memory_mb":600"#)
        .app_with("serves", holds, limits)
        .app_with("old", holds, limits)
        .app_with("young", holds, limits)
        .app_with("grows", grows, limits)
        .serve();
    let who = |app: &str| {
        let response = nano.get(&format!("{app}.test"), "/");
        assert_eq!(response.status, 200, "{app}: {}", response.text());
        response.text().to_owned()
    };
    let mut busy = nano.connect();
    let serves = who("serves");
    busy.write("GET /slow HTTP/1.1\r\nHost: serves.test\r\n\r\n");
    let old = who("old");
    std::thread::sleep(Duration::from_millis(600));
    let young = who("young");
    std::thread::sleep(Duration::from_millis(600));
    let has_ended = |app: &str| {
        nano.log()
            .iter()
            .any(|line| line["app"] == app && line.to_string().contains("needs memory"))
    };
    let rounds = (0..50).find(|_| {
        let response = nano.get("grows.test", "/");
        assert_eq!(response.status, 200, "{}", response.text());
        has_ended("old")
    });
    assert!(rounds.is_some(), "nobody has made room");
    assert!(!has_ended("young") && !has_ended("serves"));
    assert_eq!(who("young"), young);
    assert_eq!(busy.response(false).text(), serves);
    // It is there when it is asked for.
    assert_ne!(who("old"), old);
}

/// Apps that start get isolates that were made ahead, where they may use as much, and others are made.
#[test]
#[cfg(target_os = "linux")]
fn isolates_are_prepared_for_apps_that_start() {
    let says = "const kept = []; export default { fetch(request, env) {
        while (request.url.endsWith('/fill')) kept.push(new Array(1e5).fill(1.5));
        return new Response(env.SAYS);
    } };";
    let site = Site::new()
        .top(r#""prepared":2,"defaults":{"start":"lazy"}"#)
        .app_with("a", says, r#""isolation":"dedicated","env":{"SAYS":"a"}"#)
        .app_with("b", says, r#""isolation":"dedicated","env":{"SAYS":"b"}"#)
        .app_with(
            "small",
            says,
            r#""isolation":"dedicated","env":{"SAYS":"small"},"limits":{"memory_mb":32}"#,
        );
    let (mut nano, _) = serve(site);
    let has = |nano: &Nano, count: usize, name: &str| {
        eventually(&format!("{count} threads called {name:?}"), || {
            (nano.threads_called(name) == count).then_some(())
        });
    };
    has(&nano, 2, "prepared");
    let threads = nano.threads();
    for app in ["a", "b"] {
        assert_eq!(nano.get(&format!("{app}.test"), "/").text(), app);
        has(&nano, 1, app);
    }
    has(&nano, 2, "prepared");
    // One of other limits takes none of them, and each has its own.
    assert_eq!(nano.get("small.test", "/").text(), "small");
    has(&nano, 2, "prepared");
    assert!(nano.threads() <= threads + 3 + 1, "and a compute thread");
    for app in ["a", "small"] {
        assert_eq!(nano.get(&format!("{app}.test"), "/fill").status, 503);
        nano.app_logged(app, if app == "a" { "128 MB" } else { "32 MB" });
    }
    // One that has ended was that app's only.
    assert_eq!(nano.get("a.test", "/").text(), "a");
    nano.signal(libc::SIGTERM);
    assert!(nano.wait().success());
}

/// Says which instance it is, and works as long as it is told, in one turn.
const WORKS: &str = "const id = String(Math.random());
    export default { async fetch(request) {
        const { searchParams } = new URL(request.url);
        for (const end = Date.now() + Number(searchParams.get('work') ?? 0); Date.now() < end;) JSON.stringify(searchParams);
        const wait = Number(searchParams.get('wait') ?? 0);
        if (wait) await new Promise(resolve => setTimeout(resolve, wait));
        return new Response(id);
    } };";

fn instances_of(admin: u16, app: &str) -> u64 {
    let app = json(&ask(admin, "GET", &format!("/admin/apps/{app}")));
    app["instances"].as_u64().expect("a number")
}

/// Two requests that take a second each of their thread do not wait for each other, and what was needed for that goes again.
#[test]
fn a_busy_app_gets_another_instance_and_gives_it_back() {
    let plan = r#""instances":{"max":2,"queue_ms":20,"idle_ms":500}"#;
    let (nano, admin) = serve(Site::new().app_with("many", WORKS, plan).app("one", WORKS));
    let get = |app: &str, path: &str| {
        let response = nano.get(&format!("{app}.test"), path);
        assert_eq!(response.status, 200, "{app}: {}", response.text());
        response.text().to_owned()
    };
    for app in ["many", "one"] {
        let first = get(app, "/");
        let mut busy = nano.connect();
        busy.write(&format!(
            "GET /?work=4000 HTTP/1.1\r\nHost: {app}.test\r\n\r\n"
        ));
        if app == "many" {
            eventually("another instance", || {
                (instances_of(admin, app) == 2).then_some(())
            });
            assert!(!busy.has_answer(), "it works still");
            assert_ne!(get(app, "/"), first, "the one that is not busy");
            assert!(!busy.has_answer(), "it works still");
        } else {
            assert_eq!(get(app, "/"), first, "there is no other one");
            assert_eq!(instances_of(admin, app), 1);
        }
        assert_eq!(busy.response(false).text(), first);
    }
    eventually("one instance", || {
        (instances_of(admin, "many") == 1).then_some(())
    });
    let lines = nano.log();
    let failed = |line: &&serde_json::Value| line["message"] == "request" && line["status"] != 200;
    assert!(lines.iter().find(failed).is_none());
}

/// Under load from many connections, an instance after the other takes over, and no request is lost.
#[test]
fn instances_are_recycled_without_a_request_that_fails() {
    let plan = r#""instances":{"min":2,"max":2,"recycle_requests":200}"#;
    let (nano, admin) = serve(Site::new().app_with("a", WORKS, plan));
    nano.get("a.test", "/");
    eventually("two instances", || {
        (instances_of(admin, "a") == 2).then_some(())
    });
    let ids = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let began = std::time::Instant::now();
    let enough = || ids.lock().unwrap().len() >= 8;
    let sent = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let (nano, ids) = (&nano, &ids);
                scope.spawn(move || {
                    let (mut connection, mut sent) = (nano.connect(), 0_u64);
                    while !enough() && began.elapsed() < crate::support::PATIENCE {
                        // Some are there when the next one takes over.
                        let wait = if client == 0 { 300 } else { 2 };
                        connection.write(&format!(
                            "GET /?wait={wait} HTTP/1.1\r\nHost: a.test\r\n\r\n"
                        ));
                        let response = connection.response(false);
                        assert_eq!(response.status, 200, "{}", response.text());
                        ids.lock().unwrap().insert(response.text().to_owned());
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        let sent = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        sent.sum::<u64>()
    });
    assert!(
        enough(),
        "{} instances for {sent} requests",
        ids.lock().unwrap().len()
    );
    nano.app_logged("a", "has served for long enough");
    eventually("two instances", || {
        (instances_of(admin, "a") == 2).then_some(())
    });
}

/// What belongs to an app with several instances changes, drains and goes as a whole.
#[test]
fn several_instances_are_replaced_and_removed_together() {
    let plan = r#""isolation":"dedicated","instances":{"min":3,"max":3}"#;
    let (nano, admin) = serve(Site::new().app_with("a", WORKS, plan));
    let three = || {
        eventually("three instances", || {
            (instances_of(admin, "a") == 3).then_some(())
        });
    };
    three();
    let first = nano.get("a.test", "/").text().to_owned();
    let mut slow = nano.connect();
    slow.write("GET /?wait=1500 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.write("a/index.js", &format!("{WORKS}\n// changed"));
    assert_eq!(ask(admin, "POST", "/admin/reload").status, 200);
    assert_ne!(nano.get("a.test", "/").text(), first);
    assert_eq!(slow.response(false).status, 200, "it was there before");
    three();
    // One that is refused leaves nothing behind.
    nano.write("a/index.js", "export default { fetch: 5 };");
    ask(admin, "POST", "/admin/reload");
    assert_eq!(nano.get("a.test", "/").status, 200);
    three();
    let mut slow = nano.connect();
    slow.write("GET /?wait=1500 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("a request", || {
        let app = json(&ask(admin, "GET", "/admin/apps/a"));
        (app["in_flight"] == 1).then_some(())
    });
    let before = nano.threads_called("a");
    assert_eq!(ask(admin, "DELETE", "/admin/apps/a").status, 200);
    assert_eq!(slow.response(false).status, 200, "it was there before");
    eventually("the end of three threads", || {
        (nano.threads_called("a") + 3 <= before).then_some(())
    });
}
