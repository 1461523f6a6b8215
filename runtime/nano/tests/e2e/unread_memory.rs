//! Bodies that nobody has read count against the limit of their app, wherever they wait.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Http2, Nano, Site, eventually};

const LIMIT: &str =
    r#""limits":{"memory_mb":64,"in_flight":5000},"outbound":{"allow":["127.0.0.1"]}"#;

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
        self.is_below(MOST, what);
    }

    #[track_caller]
    fn is_below(&self, most: u64, what: &str) {
        let peak = self.above(self.nano.peak());
        println!("{what}: {peak} MB");
        assert!(peak < most, "{what}: the process grew by {peak} MB");
    }

    #[track_caller]
    fn is_bounded_and_given_back(&self, what: &str) {
        self.is_bounded(what);
        self.is_given_back();
    }

    /// What is left is given back within seconds.
    fn is_given_back(&self) {
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

/// A request of a byte came in the buffer of its connection, with a head of 60 kB. The app is told of none of that.
#[test]
fn requests_that_an_app_keeps_do_not_keep_buffers() {
    let source = "const held = [];
        export default { fetch(request) { held.push(request); return new Response('ok'); } };";
    let nano = Site::new().app_with("a", source, LIMIT).serve();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: x-junk\r\nX-Junk: {}\r\nContent-Length: 1\r\n\r\nx",
        "j".repeat(60_000)
    );
    let mut connection = nano.connect();
    let mut keep = |count| {
        for _ in 0..count {
            connection.write(&request);
            assert_eq!(connection.response(false).status, 200);
        }
    };
    keep(100);
    let growth = Growth::since_now(&nano);
    // 120 MB.
    keep(2_000);
    growth.is_below(48, "requests of a byte");
}

/// The same, for what it fetches: an interim response may be larger.
#[test]
fn answers_that_an_app_keeps_do_not_keep_buffers() {
    let response = format!(
        "HTTP/1.1 103 Early Hints\r\nx-junk: {}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
        "j".repeat(390_000)
    );
    let peer = Peer::answering(response.into_bytes());
    let source = format!(
        "const held = [];
        export default {{ async fetch(request) {{
            const count = Number(new URL(request.url).pathname.slice(1));
            for (let i = 0; i < count; i++) held.push(await fetch('http://127.0.0.1:{}/'));
            return new Response('done');
        }} }};",
        peer.port
    );
    let limits =
        r#""limits":{"memory_mb":64,"subrequests":10000},"outbound":{"allow":["127.0.0.1"]}"#;
    let nano = Site::new().app_with("a", &source, limits).serve();
    assert_eq!(nano.get("a.test", "/20").text(), "done");
    let growth = Growth::since_now(&nano);
    // 120 MB.
    assert_eq!(nano.get("a.test", "/300").text(), "done");
    growth.is_below(48, "answers of a byte");
}

/// Each byte is a frame, where the client's windows are open.
#[test]
fn small_chunks_that_a_client_does_not_read_are_bounded() {
    let source = "export default { fetch() {
            return new Response(new ReadableStream({ async pull(controller) {
                for (let i = 0; i < 500; i++) controller.enqueue(new Uint8Array(1));
                await new Promise((resolve) => setTimeout(resolve, 1));
            } }));
        } };";
    let nano = Site::new().app_with("a", source, LIMIT).serve();
    let growth = Growth::since_now(&nano);
    let mut client = Http2::with_little_room(nano.port());
    client.widen_streams();
    client.widen_connection();
    for stream in 0..64 {
        client.request(2 * stream + 1, "GET", "a.test", "/", &[], true);
    }
    // It reads nothing.
    std::thread::sleep(Duration::from_secs(3));
    growth.is_below(96, "responses of bytes");
}

/// A server that always answers the same.
struct Peer {
    port: u16,
    /// The most connections that it has had at a time.
    most: Arc<AtomicUsize>,
}

impl Peer {
    fn start() -> Peer {
        let mut response = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
        response.resize(response.len() + 100_000, b'x');
        Peer::answering(response)
    }

    fn answering(response: Vec<u8>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let most = Arc::new(AtomicUsize::new(0));
        let seen = most.clone();
        std::thread::spawn(move || {
            let response: &[u8] = response.leak();
            let open = Arc::new(());
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let is_open = open.clone();
                seen.fetch_max(Arc::strong_count(&open) - 1, Ordering::Relaxed);
                std::thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                        if stream.write_all(response).is_err() {
                            break;
                        }
                    }
                    drop(is_open);
                });
            }
        });
        Peer { port, most }
    }
}

#[test]
fn answers_that_an_app_ignores_are_collected() {
    let peer = Peer::start();
    let source = format!(
        "const data = 'data:,' + 'x'.repeat(100_000);
        export default {{ async fetch(request) {{
            const {{ pathname }} = new URL(request.url);
            const url = pathname === '/data' ? data : 'http://127.0.0.1:{}/';
            const count = pathname === '/none' ? 0 : 4000;
            for (let i = 0; i < count; i++) await fetch(url);
            return new Response('done');
        }} }};",
        peer.port
    );
    let limits = r#""limits":{"memory_mb":64,"subrequests":10000,"outbound_connections":10000},"outbound":{"allow":["127.0.0.1"]}"#;
    for path in ["/", "/data"] {
        let nano = Site::new().app_with("a", &source, limits).serve();
        assert_eq!(nano.get("a.test", "/none").text(), "done");
        let growth = Growth::since_now(&nano);
        // 400 MB pass, and as much of copies. All within one request: its end ends its fetches.
        assert_eq!(nano.get("a.test", path).text(), "done", "{path}");
        // As little of an answer is here before it is read: some 660 are seen.
        let most = peer.most.load(Ordering::Relaxed);
        assert!(most < 1500, "{most} connections at a time");
        // Some 40 and 76 are seen; 181 and 143 where the bodies do not count.
        growth.is_below(110, path);
        growth.is_given_back();
    }
}
