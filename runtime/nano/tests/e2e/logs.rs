//! What apps say, and what it may cost: their own lines, and nothing of anyone else's.

use std::time::{Duration, Instant};

use crate::support::admin::{ask, serve};
use crate::support::{Nano, Site, eventually};

/// Says as many lines as it is asked to.
const LOUD: &str = "export default { fetch(request) {
    const count = Number(new URL(request.url).searchParams.get('lines') ?? 0);
    for (let i = 0; i < count; i++) console.log('loud ' + 'x'.repeat(500));
    return new Response('said');
} };";
const QUIET: &str =
    "export default { fetch() { console.log('quiet'); return new Response('b'); } };";

fn lines(nano: &Nano, app: &str, message: &str) -> usize {
    let is = |line: &&serde_json::Value| {
        line["app"] == app && line["message"].as_str().unwrap().starts_with(message)
    };
    nano.log().iter().filter(is).count()
}

#[test]
fn a_flood_costs_lines_of_its_own_app_only() {
    const LINES: usize = 60_000;
    const REQUESTS: usize = 50;
    let much = r#""limits":{"log_lines":1000000,"log_kb":1000000}"#;
    let site = Site::new().app_with("a", LOUD, much).app("b", QUIET);
    let mut nano = site.serve();
    assert_eq!(nano.get("a.test", "/").text(), "said");
    assert_eq!(nano.get("b.test", "/").text(), "b");
    {
        let gate = nano.gate();
        let _held = gate.lock().unwrap();
        // Nobody reads: much more than any buffer holds must not hold up anyone.
        assert_eq!(
            nano.get("a.test", &format!("/?lines={LINES}")).text(),
            "said"
        );
        let mut b = nano.connect();
        let mut slowest = Duration::ZERO;
        for _ in 0..REQUESTS {
            let began = Instant::now();
            b.write("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
            assert_eq!(b.response(false).text(), "b");
            slowest = slowest.max(began.elapsed());
        }
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    }
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let log = nano.log();
    let dropped: Vec<_> = log
        .iter()
        .filter(|line| line["dropped_lines"].is_u64())
        .collect();
    assert!(!dropped.is_empty());
    for line in &dropped {
        assert_eq!(
            (&line["app"], &line["level"]),
            (&"a".into(), &"warn".into())
        );
        let message = line["message"].as_str().unwrap();
        assert!(
            message.contains(" lines of app a were dropped: "),
            "{message}"
        );
    }
    let dropped: u64 = dropped
        .iter()
        .map(|line| line["dropped_lines"].as_u64().unwrap())
        .sum();
    assert_eq!(lines(&nano, "a", "loud") + dropped as usize, LINES);
    // Everything else is there.
    assert_eq!(lines(&nano, "a", "request"), 2);
    assert_eq!(lines(&nano, "b", "quiet"), REQUESTS + 1);
    assert_eq!(lines(&nano, "b", "request"), REQUESTS + 1);
    for message in ["shutting down", "shut down"] {
        assert!(
            log.iter().any(|line| line["message"] == message),
            "{message}"
        );
    }
}

/// What the log says of lines of an app that were dropped.
fn losses(nano: &Nano, app: &str) -> Vec<serde_json::Value> {
    let is = |line: &serde_json::Value| line["app"] == app && line["dropped_lines"].is_u64();
    nano.log().into_iter().filter(is).collect()
}

#[test]
fn an_app_says_no_more_in_a_second_than_it_may() {
    const REQUESTS: usize = 40;
    let limited = |limit| format!(r#""limits":{{{limit}}}"#);
    let site = Site::new()
        .app_with("a", LOUD, &limited(r#""log_lines":100"#))
        .app_with("b", LOUD, &limited(r#""log_kb":10"#))
        .app("c", LOUD);
    let (mut nano, admin) = serve(site);
    let began = Instant::now();
    for _ in 0..REQUESTS {
        assert_eq!(nano.get("a.test", "/?lines=250").text(), "said");
    }
    for app in ["b.test", "c.test"] {
        assert_eq!(nano.get(app, "/?lines=200").text(), "said");
    }
    // It is told once in a second, and nobody has to say anything more.
    for app in ["a", "b"] {
        eventually("a line that tells of it", || losses(&nano, app).pop());
    }
    let seconds = began.elapsed().as_secs() as usize + 1;
    let metrics = ask(admin, "GET", "/metrics");
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let of_line = "loud ".len() + 500;
    let in_10_kb = (10 << 10) / of_line + 1;
    for (app, limit, all, least) in [
        ("a", "log_lines", REQUESTS * 250, 100),
        ("b", "log_kb", 200, in_10_kb),
    ] {
        let said = lines(&nano, app, "loud");
        assert!((least..=least * seconds).contains(&said), "{app}: {said}");
        let losses = losses(&nano, app);
        assert!(losses.len() <= seconds, "{losses:?}");
        let mut lost = 0;
        for line in &losses {
            lost += line["dropped_lines"].as_u64().unwrap() as usize;
            assert_eq!(
                (&line["limit"], &line["level"]),
                (&limit.into(), &"warn".into())
            );
            let message = line["message"].as_str().unwrap();
            let told = format!(" of app {app} were dropped: the app says more than its {limit} ");
            assert!(message.contains(&told), "{message}");
        }
        assert_eq!(said + lost, all);
        let series = format!("nano_log_lines_dropped_total{{app=\"{app}\"}} {lost}\n");
        assert!(metrics.text().contains(&series), "{series}");
    }
    assert_eq!(lines(&nano, "a", "request"), REQUESTS);
    assert_eq!(lines(&nano, "c", "loud"), 200);
}

/// Says something of each level, and throws where it is asked to.
const TALK: &str = "let count = 0;
export default { fetch(request) {
    for (const level of ['debug', 'info', 'warn', 'error']) console[level](level);
    if (new URL(request.url).pathname === '/throw') throw new Error('no');
    return new Response(String(++count));
} };";

#[test]
fn what_of_an_app_is_logged_is_configured() {
    let site = Site::new()
        .top(r#""defaults":{"log":{"requests":"failed"}}"#)
        .app_with("a", TALK, r#""log":{"level":"warn"}"#)
        .app_with("b", TALK, r#""log":{"level":"none","requests":"none"}"#)
        .app_with("c", TALK, r#""log":{"requests":"all","sample":5}"#);
    let nano = site.serve();
    let ask = |host: &str| {
        for _ in 0..10 {
            assert_eq!(nano.get(host, "/").status, 200);
        }
        assert_eq!(nano.get(host, "/throw").status, 500);
    };
    ["a.test", "b.test", "c.test"]
        .iter()
        .for_each(|host| ask(host));
    let failed = |app: &str| {
        nano.logged("the request that failed", |line| {
            line["app"] == app && line["message"] == "request" && line["status"] == 500
        });
    };
    ["a", "c"].iter().for_each(|app| failed(app));
    let logged = |app| {
        ["debug", "info", "warn", "error", "request"].map(|message| lines(&nano, app, message))
    };
    assert_eq!(logged("a"), [0, 0, 11, 11, 1]);
    assert_eq!(logged("b"), [0; 5]);
    assert_eq!(logged("c"), [11, 11, 11, 11, 3]);
    // A reload changes it without a new instance.
    let file = std::fs::read_to_string(nano.path().join("apps.json")).expect("the configuration");
    nano.write(
        "apps.json",
        &file
            .replace("\"none\"", "\"all\"")
            .replace("\"level\":\"all\"", "\"level\":\"info\""),
    );
    nano.signal(libc::SIGHUP);
    nano.logged("the reload", |line| {
        line["message"] == "the configuration has been loaded"
    });
    assert_eq!(nano.get("b.test", "/").text(), "11");
    nano.logged("its request", |line| {
        line["app"] == "b" && line["message"] == "request"
    });
    assert_eq!(logged("b"), [0, 1, 1, 1, 1]);
}

#[test]
fn an_output_that_is_blocked_for_good_does_not_keep_the_process() {
    let source = "export default { async fetch(request) {
        for (let i = 0; i < 10_000; i++) console.log('loud ' + 'x'.repeat(500));
        if (request.url.endsWith('/slow')) await new Promise(resolve => setTimeout(resolve, 60_000));
        return new Response('said');
    } };";
    for (signals, code) in [(1, 0), (2, 128 + libc::SIGTERM)] {
        let mut nano = Site::new().app("a", source).serve();
        let gate = nano.gate();
        let _held = gate.lock().unwrap();
        assert_eq!(nano.get("a.test", "/").text(), "said");
        let mut slow = nano.connect();
        if signals == 2 {
            // A drain would wait for it.
            slow.write("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
            std::thread::sleep(Duration::from_millis(300));
        }
        let mut began = Instant::now();
        for _ in 0..signals {
            began = Instant::now();
            nano.signal(libc::SIGTERM);
            std::thread::sleep(Duration::from_millis(200));
        }
        let status = eventually("the end", || nano.status_now());
        assert_eq!(status.code(), Some(code));
        let took = began.elapsed();
        // A second signal does not wait for the output, as the first one does.
        let bound = Duration::from_millis([5000, 1500][signals - 1]);
        assert!(took < bound, "{took:?}");
    }
}

/// Says, throws or shows fifty million characters.
const LONG: &str = "export default { fetch(request) {
    const long = 'é'.repeat(5e7);
    const { pathname } = new URL(request.url);
    if (pathname === '/throw') throw new Error(long);
    if (pathname === '/value') throw { long };
    if (pathname === '/cause') throw new Error('outer', { cause: new Error(long, { cause: long }) });
    if (pathname === '/property') throw Object.assign(new Error('short'), { [long]: long });
    if (pathname === '/log') console.log(long, long, { long });
    if (pathname === '/template') console.log('%s and %o', long, long);
    if (pathname === '/object') console.log({ [long]: [long, long] });
    if (pathname === '/error') console.error(new Error(long));
    if (pathname === '/table') console.table([{ [long]: long }]);
    if (pathname === '/label') { console.time(long); console.timeEnd(long); }
    if (pathname === '/group') { for (let i = 0; i < 50; i++) console.group(); console.log('\\n'.repeat(1e6)); }
    return new Response('said');
} };";

#[test]
fn texts_of_apps_are_bounded_before_they_are_copied() {
    let nano = Site::new()
        .app_with("a", LONG, r#""limits":{"memory_mb":256}"#)
        .serve_with(&["--dev"]);
    for (path, status) in [
        ("/throw", 500),
        ("/value", 500),
        ("/cause", 500),
        ("/property", 500),
        ("/log", 200),
        ("/template", 200),
        ("/object", 200),
        ("/error", 200),
        ("/table", 200),
        ("/label", 200),
        ("/group", 200),
    ] {
        let before = nano.reset_peak();
        let response = nano.get("a.test", path);
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().len() < 200_000, "{path}");
        nano.logged("the request", |line| line["path"] == path);
        // V8's heap holds the string, and a flat copy of it, perhaps two; as UTF-8 alone it has 100 MB.
        let peak = nano.peak().saturating_sub(before);
        assert!(peak < 200 << 20, "{path}: {} MB", peak >> 20);
    }
    let log = nano.log();
    for line in &log {
        assert!(line.to_string().len() < 300_000);
    }
    let text = |path: &str, field: &str| {
        let line = log.iter().find(|line| line["path"] == path).unwrap();
        line[field].as_str().unwrap().to_owned()
    };
    for path in ["/throw", "/value", "/cause", "/property"] {
        assert!(text(path, "stack").contains(" more characters"), "{path}");
    }
    assert!(text("/throw", "error").ends_with("é... 49991808 more characters"));
    assert!(text("/throw", "stack").contains("fetch (app:///index.js:4:"));
    let said = log.iter().filter(|line| line["kind"] == "console");
    let cut = said.filter(|line| line["message"].as_str().unwrap().contains("more character"));
    assert_eq!(cut.count(), 7, "{log:?}");
}

#[test]
fn a_long_message_leaves_nothing_behind() {
    let nano = Site::new()
        .app_with("a", LONG, r#""limits":{"memory_mb":128}"#)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "said");
    let before = nano.resident();
    for _ in 0..5 {
        assert_eq!(nano.get("a.test", "/throw").status, 500);
    }
    eventually("the memory's return", || {
        nano.get("a.test", "/");
        (nano.resident() < before + (150 << 20)).then_some(())
    });
}

#[test]
fn long_paths_are_cut() {
    let nano = Site::new().app("a", QUIET).serve();
    let path = format!("/{}", "x".repeat(50_000));
    assert_eq!(nano.get("a.test", &path).text(), "b");
    let line = nano.logged("the request", |line| line["message"] == "request");
    let path = line["path"].as_str().unwrap();
    assert!(
        path.starts_with("/xx") && path.ends_with("x... 47953 more characters"),
        "{path}"
    );
}
