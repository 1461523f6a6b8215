//! Bodies that nobody has read count against the limit of their app, wherever they wait.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::support::{Nano, Site};

const LIMIT: &str = r#""limits":{"memory_mb":64},"outbound":{"allow":["127.0.0.1"]}"#;

/// How many megabytes a process may grow by because of an app with this limit: what waits for a collection, what is being freed, and
/// what the allocator has not given back.
const MOST: u64 = 300;

/// Sends so many requests with a body of 100 kB, on a few connections.
fn post(nano: &Nano, count: usize) {
    let body = "x".repeat(100_000);
    let request =
        format!("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\n{body}");
    let mut connection = nano.connect();
    for _ in 0..count {
        connection.write(&request);
        assert_eq!(connection.response(false).status, 200);
    }
}

#[test]
fn bodies_that_an_app_ignores_are_collected() {
    let source = "export default { fetch() { return new Response('ok'); } };";
    let nano = Site::new().app_with("a", source, LIMIT).serve();
    post(&nano, 10);
    let before = nano.reset_peak();
    post(&nano, 10_000);
    let growth = nano.peak().saturating_sub(before) >> 20;
    // A gigabyte has passed. A collection frees it while the next comes in.
    assert!(growth < 2 * MOST, "the process grew by {growth} MB");
    assert!(nano.log().iter().all(|line| line["status"] != 503));
}

#[test]
fn bodies_that_an_app_holds_meet_its_limit() {
    let source = "const held = [];
        export default { fetch(request) { held.push(request); return new Response('ok'); } };";
    let nano = Site::new()
        .app_with("a", source, LIMIT)
        .app("b", "export default { fetch: () => new Response('here') };")
        .serve();
    let body = "x".repeat(100_000);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n{body}"
    );
    let before = nano.reset_peak();
    for _ in 0..2_000 {
        let mut connection = nano.connect();
        // Whoever comes while an instance ends may be cut off.
        if connection.write_bytes(request.as_bytes()).is_ok() {
            connection.rest();
        }
    }
    let ends = nano
        .log()
        .iter()
        .filter(|line| {
            let message = line["message"].as_str().unwrap_or_default();
            message.contains("it passed its memory limit of 64 MB")
        })
        .count();
    assert!((2..=4).contains(&ends), "{ends} instances held 200 MB");
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < MOST, "the process grew by {growth} MB");
    assert_eq!(nano.get("b.test", "/").text(), "here");
}

/// A server whose answers have bodies of 100 kB.
fn peer() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut response = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
        response.resize(response.len() + 100_000, b'x');
        let response: &[u8] = response.leak();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                    if stream.write_all(response).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn answers_that_an_app_ignores_are_collected() {
    let source = format!(
        "const data = 'data:,' + 'x'.repeat(100_000);
        export default {{ async fetch(request) {{
            const url = request.url.endsWith('/data') ? data : 'http://127.0.0.1:{}/';
            for (let i = 0; i < 1500; i++) await fetch(url);
            return new Response('done');
        }} }};",
        peer()
    );
    let limits =
        r#""limits":{"memory_mb":64,"subrequests":10000},"outbound":{"allow":["127.0.0.1"]}"#;
    let nano = Site::new().app_with("a", &source, limits).serve();
    for path in ["/", "/data"] {
        let before = nano.reset_peak();
        assert_eq!(nano.get("a.test", path).text(), "done", "{path}");
        let growth = nano.peak().saturating_sub(before) >> 20;
        // 150 MB have passed, and as much of copies.
        assert!(growth < MOST, "{path}: the process grew by {growth} MB");
    }
}
