//! Web locks between the requests of an app's instance.

use std::time::Duration;

use crate::memory::{both_are_fine, serve};
use crate::support::Site;

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
