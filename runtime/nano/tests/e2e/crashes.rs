//! What V8 cannot survive: it costs an instance and its memory, and no more. The host knows and says so.

use crate::support::{DEDICATED, Site, eventually};

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

/// V8 ends the process for an array that is larger than it can represent.
const CRASHES: &str = "export default { fetch(request) {
    if (new URL(request.url).pathname === '/crash') 'ab'.repeat(7e7).split('');
    return new Response('fine');
} };";

#[test]
fn a_crash_costs_one_instance_and_is_reported() {
    let nano = Site::new()
        .app("bad", CRASHES)
        .app("good", NEIGHBOUR)
        .serve();
    let response = nano.get("bad.test", "/crash");
    assert_eq!(response.status, 503, "{}", response.text());
    let line = nano.app_logged("bad", "an instance of the app crashed");
    assert_eq!(line["level"], "error", "{line}");
    let message = line["message"].as_str().expect("a message");
    assert!(message.contains("until this process ends"), "{message}");
    assert_eq!(nano.get("good.test", "/").text(), "here");
    // It has to wait, and is told how long.
    let wait = nano.get("bad.test", "/");
    if wait.status != 200 {
        assert_eq!(wait.status, 503);
        assert!(wait.header("retry-after").is_some());
    }
    let fine = eventually("a new instance", || {
        let response = nano.get("bad.test", "/");
        (response.status == 200).then_some(response)
    });
    assert_eq!(fine.text(), "fine");
    // The second time it waits longer.
    assert_eq!(nano.get("bad.test", "/crash").status, 503);
    nano.logged("a longer wait", |line| {
        line["app"] == "bad" && line["retry_ms"] == 4000
    });
    assert_eq!(nano.get("good.test", "/").text(), "here");
}

#[test]
fn requests_and_bodies_that_are_under_way_end_with_a_crash() {
    let source = "let controller; export default { fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/crash': 'ab'.repeat(7e7).split('');
            case '/wait': return new Promise(() => {});
            default: return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); controller = c; } }));
        }
    } };";
    let nano = Site::new().app("bad", source).serve();
    let mut streaming = nano.connect();
    streaming.write("GET /stream HTTP/1.1\r\nHost: bad.test\r\n\r\n");
    assert_eq!(streaming.head().status, 200);
    assert_eq!(streaming.chunk().map(|chunk| chunk.len()), Some(3));
    let mut waiting = nano.connect();
    waiting.write("GET /wait HTTP/1.1\r\nHost: bad.test\r\n\r\n");
    assert_eq!(nano.get("bad.test", "/crash").status, 503);
    assert!(streaming.try_chunk().is_err(), "the body is cut short");
    assert_eq!(waiting.response(false).status, 503);
}

#[test]
fn an_app_that_crashes_at_its_start() {
    let nano = Site::new()
        .app("bad", "'ab'.repeat(7e7).split('');")
        .app("good", NEIGHBOUR)
        .serve();
    let line = nano.app_logged("bad", "the app did not start");
    assert!(line.to_string().contains("V8 gave up"), "{line}");
    assert_eq!(nano.get("bad.test", "/").status, 503);
    assert_eq!(nano.get("good.test", "/").text(), "here");
}

#[test]
fn many_crashes_are_worth_a_warning() {
    let names = ["a", "b", "c", "d"];
    let site = names.iter().fold(Site::new(), |site, name| {
        site.app_with(name, CRASHES, DEDICATED)
    });
    let nano = site.serve();
    for (count, name) in names.iter().enumerate() {
        let warned = nano.log().iter().any(|line| line["level"] == "warn");
        assert!(!warned, "after {count}");
        assert_eq!(nano.get(&format!("{name}.test"), "/crash").status, 503);
    }
    let line = nano.logged("a warning", |line| line["level"] == "warn");
    assert_eq!(line["lost_instances"], 4, "{line}");
    assert!(
        line["message"].as_str().unwrap().contains("restart"),
        "{line}"
    );
}

#[test]
fn an_app_that_crashes_again_and_again_is_disabled() {
    let nano = Site::new()
        .app("bad", CRASHES)
        .app("good", NEIGHBOUR)
        .serve();
    // Each time it has to wait longer for its next instance: 1, 4 and 16 seconds.
    eventually("four crashes", || {
        // Not so often that the lines of its log are more than its budget.
        std::thread::sleep(std::time::Duration::from_millis(200));
        nano.get("bad.test", "/crash");
        let crashes = nano.log();
        let crashes = crashes
            .iter()
            .filter(|line| line["message"].to_string().contains("crashed:"));
        (crashes.count() >= 4).then_some(())
    });
    let line = nano.app_logged("bad", "the app is disabled");
    assert_eq!(
        (&line["level"], &line["lost"]),
        (&"error".into(), &4.into())
    );
    let response = nano.get("bad.test", "/");
    assert_eq!(response.status, 503);
    assert_eq!(response.header("retry-after"), None);
    assert!(
        response.text().contains("switched off"),
        "{}",
        response.text()
    );
    assert_eq!(nano.get("good.test", "/").text(), "here");
}

/// Hundreds of thousands of years of a lunisolar calendar, month by month.
#[test]
fn a_built_in_function_that_cannot_be_interrupted() {
    let source = "export default { fetch(request) {
        if (new URL(request.url).pathname === '/months') {
            Temporal.Duration.from({ years: 2e5 }).round({ largestUnit: 'months', relativeTo: '2020-01-01[u-ca=chinese]' });
        }
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with(
            "bad",
            source,
            r#""limits":{"cpu_ms":200,"wall_ms":3600000}"#,
        )
        .app("good", NEIGHBOUR)
        .serve();
    let mut months = nano.connect();
    months.write("GET /months HTTP/1.1\r\nHost: bad.test\r\n\r\n");
    // It is given up after five seconds of CPU time, which take much longer where others want the cores, too.
    let most = std::time::Duration::from_secs(20);
    // Nobody else has to wait for that.
    let before = nano.cpu_time();
    let turn = std::time::Duration::from_millis(100);
    eventually("its turn", || {
        (nano.cpu_time() - before > turn).then_some(())
    });
    let mut others = [nano.connect(), nano.connect()];
    for other in &mut others {
        other.write("GET / HTTP/1.1\r\nHost: bad.test\r\n\r\n");
    }
    for other in &mut others {
        nano.within_cpu_time(most, "another answer", || other.has_answer().then_some(()));
        assert_eq!(other.response(false).text(), "fine");
    }
    // And who has asked for it no longer than the limit says, and a second.
    nano.within_cpu_time(most, "an answer", || months.has_answer().then_some(()));
    assert_eq!(months.response(false).status, 503);
    let given_up = || {
        let is = |line: &serde_json::Value| {
            let message = line["message"].as_str().unwrap_or_default();
            message.contains("an instance of the app was given up")
        };
        nano.log().into_iter().find(is)
    };
    assert_eq!(given_up(), None, "it was not given up before");
    nano.logged("the limit", |line| {
        line["message"] == "request" && line["limit"] == "cpu_ms"
    });
    let line = nano.within_cpu_time(most, "its end", given_up);
    assert_eq!(line["level"], "error", "{line}");
    assert_eq!(nano.get("good.test", "/").text(), "here");
    let fine = eventually("a new instance", || {
        let response = nano.get("bad.test", "/");
        (response.status == 200).then_some(response)
    });
    assert_eq!(fine.text(), "fine");
}

/// What waits for an instance that ends, and has not reached its JavaScript, goes to the next one: whole, also where it is served
/// on the thread of the one that ends.
#[test]
fn requests_that_wait_for_an_instance_that_ends_go_to_the_next() {
    let source = "export default { async fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/spin': for (;;);
            case '/read': return new Response(String((await request.text()).length));
        }
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"cpu_ms":1000}"#)
        .serve();
    // Its first request has each connection go to the thread of the app.
    let mut connections: Vec<_> = (0..11)
        .map(|_| {
            let mut connection = nano.connect();
            connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
            assert_eq!(connection.response(false).text(), "fine");
            connection
        })
        .collect();
    let mut spins = connections.pop().expect("the last one");
    spins.write("GET /spin HTTP/1.1\r\nHost: a.test\r\n\r\n");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let half = "x".repeat(100_000);
    for (index, connection) in connections.iter_mut().enumerate() {
        connection.write(match index % 2 {
            0 => "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
            _ => "POST /read HTTP/1.1\r\nHost: a.test\r\nContent-Length: 200000\r\n\r\n",
        });
        if index % 2 == 1 {
            connection.write(&half);
        }
    }
    let ended = spins.response(false);
    assert_eq!(ended.status, 503, "{}", ended.text());
    // The next one starts at once.
    assert_eq!(nano.get("a.test", "/").text(), "fine");
    for (index, connection) in connections.iter_mut().enumerate() {
        let expected = match index % 2 {
            0 => "fine",
            _ => "200000",
        };
        if index % 2 == 1 {
            connection.write(&half);
        }
        let response = connection.response(false);
        assert_eq!(
            (response.status, response.text()),
            (200, expected),
            "{index}"
        );
    }
}
