//! Connections live on the thread of the app that they ask for first; nobody should notice.

use std::time::{Duration, Instant};

use crate::support::Site;

/// Works for as many milliseconds as the path says.
const WORKS: &str = "export default { fetch(request) {
    const end = Date.now() + Number(new URL(request.url).pathname.slice(1));
    while (Date.now() < end);
    return new Response('done');
} };";
const QUICK: &str = "export default { fetch() { return new Response('here'); } };";

fn get(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

#[test]
fn a_busy_app_does_not_hold_up_another_ones_request_on_the_same_connection() {
    let nano = Site::new().app("works", WORKS).app("quick", QUICK).serve();
    let mut connection = nano.connect();
    connection.write(&get("works.test", "/0"));
    assert_eq!(connection.response(false).text(), "done");
    let mut other = nano.connect();
    other.write(&get("works.test", "/3000"));
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    for _ in 0..3 {
        connection.write(&get("quick.test", "/"));
        assert_eq!(connection.response(false).text(), "here");
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(other.response(false).text(), "done");
}

#[test]
fn a_busy_app_does_not_hold_up_time_outs() {
    let nano = Site::new()
        .app_with("works", WORKS, r#""limits":{"wall_ms":300}"#)
        .serve();
    let (mut first, mut second) = (nano.connect(), nano.connect());
    for connection in [&mut first, &mut second] {
        connection.write(&get("works.test", "/0"));
        assert_eq!(connection.response(false).status, 200);
    }
    first.write(&get("works.test", "/3000"));
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    second.write(&get("works.test", "/0"));
    assert_eq!(second.response(false).status, 504);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(first.response(false).status, 504);
}

#[test]
fn connections_of_an_instance_that_ends_are_answered_and_closed() {
    let nano = Site::new()
        .app_with("works", WORKS, r#""limits":{"cpu_ms":100}"#)
        .serve();
    let (mut first, mut second) = (nano.connect(), nano.connect());
    for connection in [&mut first, &mut second] {
        connection.write(&get("works.test", "/0"));
        assert_eq!(connection.response(false).status, 200);
    }
    first.write(&get("works.test", "/60000"));
    let refused = first.response(false);
    assert_eq!(refused.status, 503);
    // Both connections end in an orderly way, and a new one finds a new instance.
    assert_eq!(first.rest(), b"");
    assert_eq!(second.rest(), b"");
    assert_eq!(nano.get("works.test", "/0").text(), "done");
}

#[test]
fn pipelined_requests_for_two_apps_are_answered_in_order() {
    let nano = Site::new().app("works", WORKS).app("quick", QUICK).serve();
    let mut connection = nano.connect();
    connection
        .write(&(get("works.test", "/50") + &get("quick.test", "/") + &get("works.test", "/0")));
    for text in ["done", "here", "done"] {
        assert_eq!(connection.response(false).text(), text);
    }
}
