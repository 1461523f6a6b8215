//! `"isolation": "shared"`: apps on threads that take turns of several. Each is as it is on a thread of its own, but for the waiting.

use std::time::{Duration, Instant};

use crate::support::{Site, eventually};

const SHARED: &str = r#""isolation":"shared""#;

/// An app that says its name, and does what it is asked to.
fn named(name: &str) -> String {
    format!(
        "let kept = []; export default {{ async fetch(request) {{
            switch (new URL(request.url).pathname) {{
                case '/crash': 'ab'.repeat(7e7).split('');
                case '/loop': for (;;);
                case '/sort': new Float64Array(1 << 18).map(Math.random).toString().split(',').sort(); break;
                case '/long': for (const end = Date.now() + 4000; Date.now() < end;); break;
                case '/fill': for (;;) kept.push(new Array(1e5).fill({{}}));
                case '/wait': await new Promise(resolve => setTimeout(resolve, 20)); break;
                case '/body': return new Response(await request.text());
            }}
            return new Response('{name}');
        }} }};"
    )
}

/// As many as there are cores, and two at least.
fn most_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.max(2)
}

#[test]
fn many_apps_take_few_threads() {
    let names: Vec<_> = (0..24).map(|number| format!("app{number}")).collect();
    let mut site = Site::new().top(r#""prepared":0"#);
    for name in &names {
        site = site.app_with(name, &named(name), SHARED);
    }
    let nano = site.serve();
    // One connection after the other, and one for all of them.
    let mut shared = nano.connect();
    for path in ["/", "/wait"] {
        for name in &names {
            let host = format!("{name}.test");
            assert_eq!(nano.get(&host, path).text(), *name);
            shared.write(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            assert_eq!(shared.response(false).text(), *name);
            shared.write(&format!(
                "POST /body HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\n{:5.5}",
                name.trim_start_matches("app")
            ));
            let body = shared.response(false);
            assert_eq!(body.text().trim_end(), name.trim_start_matches("app"));
        }
    }
    assert_eq!(nano.threads_called("apps"), most_threads());
    let of_apps: usize = names.iter().map(|name| nano.threads_called(name)).sum();
    assert_eq!(of_apps, 0, "no app has one of its own");
}

/// A limit is each app's own.
#[test]
fn an_app_that_passes_a_limit_ends_alone() {
    let mut site = Site::new().top(r#""prepared":0"#);
    for name in ["a", "b", "c", "d"] {
        let limits = r#""isolation":"shared","limits":{"cpu_ms":1000,"memory_mb":32}"#;
        site = site.app_with(name, &named(name), limits);
    }
    let nano = site.serve();
    let others = |bad: &str| {
        for name in ["a", "b", "c", "d"] {
            if name != bad {
                let response = nano.get(&format!("{name}.test"), "/");
                assert_eq!((response.status, response.text()), (200, name));
            }
        }
    };
    for (path, bad, why) in [
        ("/loop", "a", "it passed its CPU limit"),
        ("/fill", "b", "it passed its memory limit"),
    ] {
        others("");
        let response = nano.get(&format!("{bad}.test"), path);
        assert_eq!(response.status, 503, "{path}: {}", response.text());
        nano.app_logged(bad, why);
        others(bad);
        eventually("another instance", || {
            (nano.get(&format!("{bad}.test"), "/").text() == bad).then_some(())
        });
    }
    let log = nano.log();
    let lost = log.iter().filter(|line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("was lost"))
    });
    assert_eq!(lost.count(), 0);
}

/// Whoever takes long is interrupted for the others of its thread, on connections of their own and on those that it has been asked on.
#[test]
fn a_long_turn_lets_the_others_of_its_thread_in() {
    let names: Vec<_> = (0..=2 * most_threads())
        .map(|number| format!("app{number}"))
        .collect();
    let mut site = Site::new();
    for name in &names {
        let limits = r#""isolation":"shared","limits":{"cpu_ms":10000,"request_cpu_ms":10000}"#;
        site = site.app_with(name, &named(name), limits);
    }
    let nano = site.serve();
    let get = |name: &str, path: &str| format!("GET {path} HTTP/1.1\r\nHost: {name}.test\r\n\r\n");
    let (quiet, long) = names.split_last().expect("some");
    // It has asked for all of them.
    let mut shared = nano.connect();
    for name in &names {
        shared.write(&get(name, "/"));
        assert_eq!(shared.response(false).text(), *name);
    }
    let mut busy: Vec<_> = long.iter().map(|_| nano.connect()).collect();
    for (connection, name) in busy.iter_mut().zip(long) {
        connection.write(&get(name, "/long"));
    }
    let (mut times, begin) = (Vec::new(), Instant::now());
    while begin.elapsed() < Duration::from_millis(1500) {
        let began = Instant::now();
        assert_eq!(nano.get(&format!("{quiet}.test"), "/wait").text(), *quiet);
        shared.write(&get(quiet, "/"));
        assert_eq!(shared.response(false).text(), *quiet);
        times.push(began.elapsed());
    }
    assert!(busy.iter_mut().all(|one| !one.has_answer()), "they work");
    for (connection, name) in busy.iter_mut().zip(long) {
        assert_eq!(connection.response(false).text(), *name);
    }
    times.sort();
    let usual = times[times.len() / 2];
    assert!(usual < Duration::from_millis(200), "{usual:?} of {times:?}");
}

/// Whoever cannot be interrupted, and holds up the others so, has its own thread as soon as it has another instance.
#[test]
fn who_holds_up_others_has_a_thread_of_its_own_from_then_on() {
    let limits = r#""isolation":"shared","limits":{"cpu_ms":100}"#;
    let nano = Site::new()
        .top(r#""prepared":0"#)
        .app_with("a", &named("a"), limits)
        .app_with("b", &named("b"), limits)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "a");
    assert_eq!(nano.threads_called("a"), 0);
    // A loop that can be interrupted is no reason.
    assert_eq!(nano.get("a.test", "/loop").status, 503);
    assert_eq!(nano.get("a.test", "/").text(), "a");
    assert_eq!(nano.threads_called("a"), 0);
    assert_eq!(nano.get("a.test", "/sort").status, 503);
    nano.app_logged("a", "the app has threads of its own from now on");
    eventually("another instance", || {
        (nano.get("a.test", "/").text() == "a").then_some(())
    });
    assert_eq!(nano.threads_called("a"), 1);
    assert_eq!(nano.get("b.test", "/").text(), "b");
    assert_eq!(nano.threads_called("b"), 0);
}

/// A crash within a turn of another app, which it has interrupted, costs no more than any other.
#[test]
fn a_crash_within_a_long_turn_of_another_app() {
    let mut site = Site::new();
    let names: Vec<_> = (0..2 * most_threads())
        .map(|number| format!("app{number}"))
        .collect();
    for name in &names {
        let limits = r#""isolation":"shared","limits":{"cpu_ms":10000,"request_cpu_ms":10000}"#;
        site = site.app_with(name, &named(name), limits);
    }
    let nano = site.serve();
    let hosts: Vec<_> = names.iter().map(|name| format!("{name}.test")).collect();
    for (host, name) in hosts.iter().zip(&names) {
        assert_eq!(nano.get(host, "/").text(), *name);
    }
    let mut busy: Vec<_> = hosts[1..].iter().map(|_| nano.connect()).collect();
    for (connection, host) in busy.iter_mut().zip(&hosts[1..]) {
        connection.write(&format!("GET /long HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(nano.get(&hosts[0], "/crash").status, 503);
    nano.app_logged(&names[0], "an instance of the app crashed");
    let statuses: Vec<_> = busy
        .iter_mut()
        .map(|connection| connection.response(false).status)
        .collect();
    assert!(
        statuses.contains(&503),
        "{statuses:?}: one was on its thread"
    );
    assert!(statuses.contains(&200), "{statuses:?}: the others were not");
    for (host, name) in hosts.iter().zip(&names).skip(1) {
        assert_eq!(nano.get(host, "/").text(), *name);
    }
}

/// A crash takes the thread with all that are on it: these are there again at once, and the one that crashed has its own from then on.
#[test]
fn a_crash_costs_the_others_of_its_thread_their_instances_and_no_more() {
    let names: Vec<_> = (0..2 * most_threads())
        .map(|number| format!("app{number}"))
        .collect();
    let mut site = Site::new().top(r#""prepared":0"#);
    for name in &names {
        site = site.app_with(name, &named(name), SHARED);
    }
    let nano = site.serve();
    let hosts: Vec<_> = names.iter().map(|name| format!("{name}.test")).collect();
    for (host, name) in hosts.iter().zip(&names) {
        assert_eq!(nano.get(host, "/").text(), *name);
    }
    assert_eq!(nano.get(&hosts[0], "/crash").status, 503);
    nano.app_logged(&names[0], "an instance of the app crashed");
    let lost = nano.logged("another app's loss", |line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.contains("an instance of the app was lost: it shared its thread with another app")
    });
    assert_ne!(lost["app"], *names[0], "{lost}");
    // Nobody waits for what another one has done.
    for (host, name) in hosts.iter().zip(&names).skip(1) {
        let response = nano.get(host, "/");
        assert_eq!((response.status, response.text()), (200, &**name));
    }
    eventually("the one that crashed", || {
        (nano.get(&hosts[0], "/").text() == names[0]).then_some(())
    });
    assert_eq!(nano.threads_called(&names[0]), 1, "it has its own thread");
    // Its next crash is its own affair.
    let count = |text: &str| {
        let has = |line: &&serde_json::Value| {
            line["message"]
                .as_str()
                .is_some_and(|message| message.contains(text))
        };
        nano.log().iter().filter(has).count()
    };
    let before = count("was lost: it shared");
    assert_eq!(nano.get(&hosts[0], "/crash").status, 503);
    for (host, name) in hosts.iter().zip(&names).skip(1) {
        assert_eq!(nano.get(host, "/").text(), *name);
    }
    assert_eq!(count("was lost: it shared"), before);
}

/// A crash at an app's start is one, too: its next start has its own thread.
#[test]
fn a_crash_at_a_start_is_one_of_a_shared_thread_once() {
    let mut site = Site::new().top(r#""prepared":0"#);
    for number in 0..most_threads() {
        site = site.app_with(&format!("app{number}"), &named("here"), SHARED);
    }
    let nano = site
        .app_with("bad", "'ab'.repeat(7e7).split('');", SHARED)
        .serve();
    nano.app_logged("bad", "the app has threads of its own from now on");
    let lost = || {
        let log = nano.log();
        let of_threads = log
            .iter()
            .filter(|line| line.to_string().contains("was lost: it shared"));
        of_threads.count()
    };
    eventually("all that it may crash", || {
        nano.get("bad.test", "/");
        let log = nano.log();
        let crashes = log
            .iter()
            .filter(|line| line["app"] == "bad" && line.to_string().contains("did not start"));
        (crashes.count() >= 3).then_some(())
    });
    assert!(lost() <= most_threads(), "{} others were lost", lost());
    for number in 0..most_threads() {
        assert_eq!(nano.get(&format!("app{number}.test"), "/").text(), "here");
    }
}

/// The setting holds for one app or for all; what it was is another version of an app.
#[test]
fn whose_threads_it_runs_on_is_said_of_one_app_or_of_all() {
    let nano = Site::new()
        .top(r#""prepared":0,"defaults":{"isolation":"shared"}"#)
        .app("a", &named("a"))
        .app_with("b", &named("b"), r#""isolation":"dedicated""#)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "a");
    assert_eq!(nano.get("b.test", "/").text(), "b");
    assert_eq!((nano.threads_called("a"), nano.threads_called("b")), (0, 1));
}
