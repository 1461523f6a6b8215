//! What apps say, and what it may cost: their own lines, and nothing of anyone else's.

use std::time::{Duration, Instant};

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
    let mut nano = Site::new().app("a", LOUD).app("b", QUIET).serve();
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

#[test]
fn an_output_that_is_blocked_for_good_does_not_keep_the_process() {
    for signals in [1, 2] {
        let mut nano = Site::new().app("a", LOUD).serve();
        let gate = nano.gate();
        let _held = gate.lock().unwrap();
        assert_eq!(nano.get("a.test", "/?lines=10000").text(), "said");
        for _ in 0..signals {
            nano.signal(libc::SIGTERM);
        }
        eventually("the end", || nano.status_now());
    }
}
