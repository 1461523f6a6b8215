//! Connections live on the thread of the app that they ask for, or nowhere in particular; nobody should notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use std::time::{Duration, Instant};

use crate::support::{Connection, Site, eventually};

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
fn connections_of_an_instance_that_ends_go_on_with_the_next() {
    let nano = Site::new()
        .app_with("works", WORKS, r#""limits":{"cpu_ms":100}"#)
        .serve();
    let (mut first, mut second) = (nano.connect(), nano.connect());
    for connection in [&mut first, &mut second] {
        connection.write(&get("works.test", "/0"));
        assert_eq!(connection.response(false).status, 200);
    }
    first.write(&get("works.test", "/60000"));
    assert_eq!(first.response(false).status, 503);
    for connection in [&mut second, &mut first] {
        eventually("an answer of the next instance", || {
            connection.write(&get("works.test", "/0"));
            (connection.response(false).status == 200).then_some(())
        });
    }
}

/// Alternates between a connection of its own and shared ones, while another app works two thirds of the time.
#[test]
fn requests_on_shared_connections_do_not_wait_for_the_turns_of_another_app() {
    for turn in [5, 40] {
        let nano = Site::new().app("works", WORKS).app("quick", QUICK).serve();
        let ask = |connection: &mut Connection, host: &str| {
            let began = Instant::now();
            connection.write(&get(host, "/0"));
            assert_eq!(connection.response(false).status, 200);
            began.elapsed()
        };
        let mut own = nano.connect();
        ask(&mut own, "quick.test");
        let mut shared: Vec<_> = (0..8).map(|_| nano.connect()).collect();
        for connection in &mut shared {
            // Lives on the thread of the one that works, until the other one is asked for.
            ask(connection, "works.test");
            ask(connection, "quick.test");
        }
        let over = Arc::new(AtomicBool::new(false));
        let (is_over, mut busy) = (over.clone(), nano.connect());
        let work = std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                busy.write(&get("works.test", &format!("/{turn}")));
                assert_eq!(busy.response(false).text(), "done");
                std::thread::sleep(Duration::from_millis(turn / 2));
            }
        });
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for round in 0..200 {
            std::thread::sleep(Duration::from_millis(3));
            alone.push(ask(&mut own, "quick.test"));
            beside.push(ask(&mut shared[round % 8], "quick.test"));
        }
        over.store(true, Ordering::SeqCst);
        work.join().expect("all were answered");
        alone.sort();
        beside.sort();
        let (alone, beside) = (alone[180], beside[180]);
        // What a busy machine adds happens to both.
        assert!(
            beside < 2 * alone + Duration::from_millis(4),
            "90 % in {alone:?} alone, in {beside:?} beside turns of {turn} ms"
        );
    }
}

#[test]
fn a_connection_moves_with_a_body_on_its_way() {
    let echoes =
        "export default { async fetch(request) { return new Response(await request.text()); } };";
    let nano = Site::new()
        .app("quick", QUICK)
        .app("echoes", echoes)
        .serve();
    let mut connection = nano.connect();
    for _ in 0..2 {
        connection.write(&get("quick.test", "/"));
        assert_eq!(connection.response(false).text(), "here");
        let length = 300_000;
        connection.write(&format!(
            "POST / HTTP/1.1\r\nHost: echoes.test\r\nContent-Length: {length}\r\n\r\nbegin"
        ));
        std::thread::sleep(Duration::from_millis(100));
        connection.write(&"x".repeat(length - 5));
        let echo = connection.response(false);
        assert!(echo.text().starts_with("beginxx"));
        assert_eq!(echo.body.len(), length);
    }
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
