//! Web locks between the requests of an app, and between its instances.

use std::time::Duration;

use crate::broadcasts::serve_two;
use crate::memory::{both_are_fine, serve};
use crate::support::{Site, admin, eventually};

/// `/hold` has the lock until `/free` comes; `/wait` waits for it.
const APP: &str = "
    let free;
    export default { async fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/hold':
                navigator.locks.request('a', () => new Promise((resolve) => { free = resolve; }));
                return new Response('held');
            case '/free':
                free();
                return new Response('free');
            case '/wait':
                return navigator.locks.request('a', (lock) => {
                    console.log('now');
                    return new Response(lock.name + lock.mode);
                });
            default: {
                const { held, pending } = await navigator.locks.query();
                return new Response(`${held.length} ${pending.length}`);
            }
        }
    } };";

/// Who gives a lock back has nothing to do with what is done by whoever gets it.
#[test]
fn a_callback_belongs_to_the_request_that_waits() {
    let nano = Site::new().app("a", APP).serve();
    assert_eq!(nano.get("a.test", "/hold").text(), "held");
    let mut waiting = nano.connect();
    waiting.write("GET /wait HTTP/1.1\r\nhost: a.test\r\n\r\n");
    for _ in 0..500 {
        if nano.get("a.test", "/").text() == "1 1" {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(nano.get("a.test", "/").text(), "1 1");
    assert_eq!(nano.get("a.test", "/free").text(), "free");
    assert_eq!(waiting.response(false).text(), "aexclusive");
    let request = nano.logged("the request", |line| line["path"] == "/wait");
    let line = nano.logged("now", |line| line["message"] == "now");
    assert_eq!(line["request_id"], request["request_id"]);
    assert_eq!(nano.get("a.test", "/").text(), "0 0");
}

/// Locks that nobody gives back, and requests that wait for them.
#[test]
fn locks_and_requests_count() {
    for (path, body) in [
        (
            "locks",
            "for (let i = 0; ; i++) navigator.locks.request(`${i}`, () => new Promise(() => {}));",
        ),
        (
            "waiting",
            "for (;;) { navigator.locks.request('a', () => new Promise(() => {})); await 0; }",
        ),
    ] {
        let nano = serve(&[(path, body)]);
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        assert_eq!(response.status, 503, "{path}: {}", response.text());
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 250, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// `/hold` has the lock for as long as its instance lives, which `/end` ends; `/wait` waits for it.
const INSTANCES: &str = "
    export default { async fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/hold':
                return navigator.locks.request('a', () => new Promise(() => {
                    new BroadcastChannel('end').onmessage = () => { for (;;); };
                    console.log('held');
                }));
            case '/wait':
                return navigator.locks.request('a', (lock) => new Response(lock.mode));
            case '/end':
                new BroadcastChannel('end').postMessage('');
                return new Response('done');
            default: {
                const { held, pending } = await navigator.locks.query();
                const clients = new Set([...held, ...pending].map((lock) => lock.clientId)).size;
                return new Response(`${held.length} ${pending.length} ${clients}`);
            }
        }
    } };";

/// Catches locks that are an instance's own, and one that is kept by an instance that was killed.
#[test]
fn a_lock_is_one_instances_at_a_time_and_passes_on_when_that_is_killed() {
    let nano = serve_two(INSTANCES, r#","limits":{"cpu_ms":100}"#);
    let mut holding = nano.connect();
    holding.write("GET /hold HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.logged("the holder", |line| line["message"] == "held");
    // The instance that is less busy.
    let mut waiting = nano.connect();
    waiting.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("two instances at one lock", || {
        (nano.get("a.test", "/").text() == "1 1 2").then_some(())
    });
    assert!(!waiting.has_answer());
    // Another app has nothing to do with it.
    assert_eq!(nano.get("b.test", "/wait").text(), "exclusive");
    nano.get("a.test", "/end");
    assert_eq!(holding.response(false).status, 503);
    assert_eq!(waiting.response(false).text(), "exclusive");
    assert_eq!(nano.get("a.test", "/").text(), "0 0 0");
}

/// A version that is replaced finishes what it has begun, with its locks. Catches locks that are a version's own.
#[test]
fn versions_of_an_app_share_its_locks() {
    let source = "
        export default { async fetch(request) {
            switch (new URL(request.url).pathname) {
                case '/hold':
                    return navigator.locks.request('a', () => new Promise((resolve) => {
                        new BroadcastChannel('free').onmessage = () => resolve(new Response('first'));
                        console.log('held');
                    }));
                case '/free':
                    new BroadcastChannel('free').postMessage('');
                    return new Response('done');
                default:
                    return navigator.locks.request('a', { ifAvailable: true }, (lock) => new Response(lock ? 'free' : 'held'));
            }
        } };";
    let (nano, port) = admin::serve(Site::new().app("a", source));
    let mut holding = nano.connect();
    holding.write("GET /hold HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.logged("the holder", |line| line["message"] == "held");
    nano.write("a/index.js", &source.replace("'held')", "'it is held')"));
    assert_eq!(admin::ask(port, "POST", "/admin/reload").status, 200);
    assert_eq!(nano.get("a.test", "/").text(), "it is held");
    assert_eq!(nano.get("a.test", "/free").text(), "done");
    assert_eq!(holding.response(false).text(), "first");
    assert_eq!(nano.get("a.test", "/").text(), "free");
}
