//! Bodies that nobody has read count against the limit of their app, wherever they wait.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::support::{Nano, Site, eventually};

const LIMIT: &str = r#""limits":{"memory_mb":64},"outbound":{"allow":["127.0.0.1"]}"#;

/// How many megabytes a process may grow by because of an app with this limit: what waits for a collection, what is being freed, and
/// what the allocator has not given back.
const MOST: u64 = 64 + 96;
/// How many of them may be left when the app has been idle for a while.
const LEFT: u64 = 24;

/// What a process has in memory, compared with before.
struct Growth<'a> {
    nano: &'a Nano,
    before: u64,
}

impl Growth<'_> {
    fn since_now(nano: &Nano) -> Growth<'_> {
        Growth {
            before: nano.reset_peak(),
            nano,
        }
    }

    fn above(&self, bytes: u64) -> u64 {
        bytes.saturating_sub(self.before) >> 20
    }

    #[track_caller]
    fn is_bounded(&self, what: &str) {
        let peak = self.above(self.nano.peak());
        assert!(peak < MOST, "{what}: the process grew by {peak} MB");
    }

    /// Also, what is left is given back within seconds.
    #[track_caller]
    fn is_bounded_and_given_back(&self, what: &str) {
        self.is_bounded(what);
        eventually("the memory to be given back", || {
            (self.above(self.nano.resident()) < LEFT).then_some(())
        });
    }
}

/// Sends so many requests with a body of this size, on each of some connections at once.
fn post(nano: &Nano, count: usize, size: usize) {
    let head = format!("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {size}\r\n\r\n");
    let request = &[head.as_bytes(), &vec![b'x'; size]].concat();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                let mut connection = nano.connect();
                for _ in 0..count / 8 {
                    connection.write_bytes(request).expect("a connection");
                    assert_eq!(connection.response(false).status, 200);
                }
            });
        }
    });
}

/// Whether they are handed to the app whole or not.
#[test]
fn bodies_that_an_app_ignores_are_dropped() {
    let source = "export default { fetch() { return new Response('ok'); } };";
    for size in [60_000, 100_000] {
        let nano = Site::new().app_with("a", source, LIMIT).serve();
        post(&nano, 80, size);
        let growth = Growth::since_now(&nano);
        // More than a gigabyte passes.
        post(&nano, 20_000, size);
        growth.is_bounded_and_given_back(&format!("bodies of {size}"));
        assert!(nano.log().iter().all(|line| line["status"] != 503));
    }
}

/// What waits for an app that is not through with it counts.
#[test]
fn bodies_that_an_app_holds_meet_its_limit() {
    let source = "const held = [];
        export default { async fetch(request) {
            if (request.url.endsWith('small')) {
                held.push(request);
            } else {
                await new Promise((resolve) => held.push(resolve));
            }
            return new Response('ok');
        } };";
    // Handed over whole, and so kept with the request; streamed, and so kept until the response is complete.
    for (path, size) in [("small", 60_000), ("large", 100_000)] {
        let nano = Site::new()
            .app_with("a", source, LIMIT)
            .app("b", "export default { fetch: () => new Response('here') };")
            .serve();
        let head = format!(
            "POST /{path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
        );
        let request = [head.as_bytes(), &vec![b'x'; size]].concat();
        let growth = Growth::since_now(&nano);
        let mut open = Vec::new();
        // 200 MB, over a limit of 64.
        for _ in 0..200_000_000 / size {
            let mut connection = nano.connect();
            // Whoever comes while an instance ends may be cut off.
            if connection.write_bytes(&request).is_ok() {
                if path == "small" {
                    connection.rest();
                } else {
                    open.push(connection);
                }
            }
        }
        let ends = || {
            let log = nano.log();
            let ends = log.iter().filter(|line| {
                let message = line["message"].as_str().unwrap_or_default();
                message.contains("it passed its memory limit of 64 MB")
            });
            ends.count()
        };
        eventually("the ends", || (ends() >= 2).then_some(()));
        assert!(ends() <= 4, "{path}: {} instances ended", ends());
        growth.is_bounded(path);
        drop(open);
        assert_eq!(nano.get("b.test", "/").text(), "here");
    }
}

/// What an app keeps of requests that are answered is not their bodies: those cannot be read any more.
#[test]
fn requests_that_an_app_keeps_do_not_keep_bodies() {
    let source = "const held = [];
        export default { async fetch(request) {
            if (request.method === 'POST') {
                held.push(request);
                return new Response('ok');
            }
            const late = await held[0].text().catch((error) => error.message);
            return new Response(`${held.length} ${late}`);
        } };";
    let nano = Site::new().app_with("a", source, LIMIT).serve();
    let growth = Growth::since_now(&nano);
    post(&nano, 6_000, 100_000);
    growth.is_bounded_and_given_back("requests in an array");
    assert_eq!(
        nano.get("a.test", "/").text(),
        "6000 the response is complete: the body of its request can be read only before that"
    );
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
            for (let i = 0; i < 500; i++) await fetch(url);
            return new Response('done');
        }} }};",
        peer()
    );
    let limits =
        r#""limits":{"memory_mb":64,"subrequests":10000},"outbound":{"allow":["127.0.0.1"]}"#;
    let nano = Site::new().app_with("a", &source, limits).serve();
    for path in ["/", "/data"] {
        assert_eq!(nano.get("a.test", path).text(), "done", "{path}");
        let growth = Growth::since_now(&nano);
        // 600 MB pass, and as much of copies.
        for _ in 0..12 {
            assert_eq!(nano.get("a.test", path).text(), "done", "{path}");
        }
        growth.is_bounded_and_given_back(path);
    }
}
