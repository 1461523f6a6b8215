//! Many clients, each of which holds a little.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::support::http2::{CONTINUATION, SETTINGS, frame};
use crate::support::{Http2, Nano, PATIENCE, Site, eventually};

const HELLO: &str = "export default { fetch: () => new Response('hello') };";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const CROWDED: &str = "clients have as many connections";

/// A process that may use 300 MB, of which clients' connections get an eighth.
const SMALL: &str = r#""memory_mb":300"#;
/// What it may grow by in an attack: the eighth, and what comes and goes in its course: heads that are being refused, connections on
/// their way to be closed, what the allocator has not given back.
const MOST: u64 = 160 << 20;

/// Takes as many descriptors as the system gives the test.
fn take_descriptors() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is valid for reading and writing.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

fn open(nano: &Nano) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", nano.port())).expect("nano accepts");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Sends this on so many connections, each of which stays open. Meanwhile somebody asks the app, and is answered soon.
fn attack(what: &str, count: usize, bytes: &[u8]) {
    take_descriptors();
    let nano = Site::new().top(SMALL).app("a", HELLO).serve();
    assert_eq!(nano.get("a.test", "/").text(), "hello");
    let before = nano.reset_peak();
    let over = AtomicBool::new(false);
    let slowest = std::thread::scope(|scope| {
        let innocent = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            while !over.load(SeqCst) {
                let began = Instant::now();
                assert_eq!(nano.get("a.test", "/").text(), "hello");
                slowest = slowest.max(began.elapsed());
                std::thread::sleep(Duration::from_millis(20));
            }
            slowest
        });
        let connections: Vec<_> = (0..count)
            .map(|_| {
                let mut stream = open(&nano);
                // It may be closed before it has read all.
                let _ = stream.write_all(bytes);
                stream
            })
            .collect();
        // What has been sent is read.
        std::thread::sleep(Duration::from_secs(1));
        over.store(true, SeqCst);
        drop(connections);
        innocent.join()
    });
    let grown = nano.peak().saturating_sub(before);
    println!("{what}: {} MB more, slowest {slowest:?}", grown >> 20);
    let slowest = slowest.expect("every request is answered");
    assert!(slowest < Duration::from_secs(2), "{what}: {slowest:?}");
    assert!(grown < MOST, "{what}: {} MB more", grown >> 20);
    let line = nano.logged(CROWDED, |line| line.to_string().contains(CROWDED));
    assert_eq!(line["budget_bytes"], (300 << 20) / 8, "{line}");
}

#[test]
fn heads_that_are_not_complete_take_their_share_of_memory_only() {
    let mut head = b"GET / HTTP/1.1\r\nHost: a.test\r\n".to_vec();
    for number in 0..58 {
        head.extend(format!("x-{number}: {}\r\n", "a".repeat(1000)).bytes());
    }
    attack("HTTP/1 heads", 2_500, &head);
}

/// A field of 4,000 bytes, as a literal (RFC 7541, section 6.2).
fn large_field(kind: u8) -> Vec<u8> {
    let mut field = vec![kind, 3];
    field.extend(b"abc");
    // 4,000 is 127 + 33 + 128 * 30.
    field.extend([0x7F, 33 | 0x80, 30]);
    field.extend([b'z'; 4000]);
    field
}

fn small_field(index: u8, value: &str) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("a short text");
    [&[index, length], value.as_bytes()].concat()
}

/// GET, http, / and a host, by the static table.
fn fields(host: &str) -> Vec<u8> {
    [&[0x82, 0x86, 0x84][..], &small_field(0x01, host)].concat()
}

#[test]
fn blocks_of_fields_that_are_not_complete_take_their_share_of_memory_only() {
    let block = [fields("a.test"), large_field(0).repeat(11)].concat();
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    for (index, part) in block.chunks(16_000).enumerate() {
        let kind = [Http2::HEADERS, CONTINUATION][usize::from(index > 0)];
        bytes.extend(frame(kind, 0, 1, part));
    }
    attack("HTTP/2 blocks", 1_500, &bytes);
}

#[test]
fn pages_that_are_not_taken_take_their_share_of_memory_only() {
    // No window for any stream (RFC 9113, section 6.5.2).
    let settings = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let mut bytes = [PREFACE, &settings].concat();
    // A large field in the table, then references to it.
    let first = [fields("nobody.test"), large_field(0x40)].concat();
    let again = [fields("nobody.test"), vec![0xBE; 15]].concat();
    for number in 0..255 {
        let block = if number == 0 { &first } else { &again };
        bytes.extend(frame(Http2::HEADERS, 5, 2 * number + 1, block));
    }
    attack("pages", 400, &bytes);
}

/// What the client takes may be many; what it does not take, few.
#[test]
fn few_pages_wait_for_a_client_of_http2() {
    let nano = Site::new().app("a", HELLO).serve();
    let mut http2 = Http2::connect(&nano);
    for number in 0..200 {
        http2.request(2 * number + 1, "GET", "nobody.test", "/", &[], true);
    }
    for response in http2.responses(1, 200) {
        assert_eq!((response.status, response.reset), (404, None));
    }
    // Windows of no bytes.
    http2.send(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    for number in 200..300 {
        http2.request(2 * number + 1, "GET", "nobody.test", "/", &[], true);
    }
    let mut reset = 0;
    while reset < 84 {
        let frame = http2.frame();
        if frame.kind == Http2::RST_STREAM {
            // ENHANCE_YOUR_CALM
            assert_eq!(frame.payload, [0, 0, 0, 11]);
            reset += 1;
        }
    }
    // An app is reached all the same.
    http2.request(601, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.head(601), 200);
}

#[test]
fn thousands_of_idle_connections_are_kept() {
    const IDLE: usize = 2_000;
    take_descriptors();
    let nano = Site::new()
        .app_with("a", HELLO, r#""limits":{"in_flight":1024}"#)
        .serve();
    let ask = |stream: &mut TcpStream| {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            .expect("nano reads");
        let mut response = [0; 1024];
        let count = stream.read(&mut response).expect("a response");
        assert!(response[..count].starts_with(b"HTTP/1.1 200 OK"));
    };
    let ask_all = |http2: &mut Http2, first: u32| {
        for number in 0..100 {
            http2.request(first + 2 * number, "GET", "a.test", "/", &[], true);
        }
        for response in http2.responses(first, 100) {
            assert_eq!(response.text(), "hello");
        }
    };
    let mut several: Vec<_> = (0..10).map(|_| Http2::connect(&nano)).collect();
    several.iter_mut().for_each(|http2| ask_all(http2, 1));
    let mut idle: Vec<_> = (0..IDLE).map(|_| open(&nano)).collect();
    idle.iter_mut().for_each(ask);
    several.iter_mut().for_each(|http2| ask_all(http2, 201));
    idle.iter_mut().for_each(ask);
    let crowded = |line: &serde_json::Value| line.to_string().contains(CROWDED);
    assert!(!nano.log().iter().any(crowded));
}

#[test]
fn beyond_their_number_the_longest_idle_are_closed_and_no_request_is() {
    let app = "let waiting; export default { fetch(request) {
        const path = new URL(request.url).pathname;
        if (path === '/wait') return new Promise(resolve => waiting = () => resolve(new Response('waited')));
        if (path === '/go') waiting();
        return new Response(waiting ? 'waiting' : 'hello');
    } };";
    let nano = Site::new()
        .top(r#""clients":{"connections":20}"#)
        .app("a", app)
        .serve();
    let mut busy = nano.connect();
    busy.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("the request", || {
        (nano.get("a.test", "/").text() == "waiting").then_some(())
    });
    let mut idle: Vec<_> = (0..40)
        .map(|_| {
            let mut connection = nano.connect();
            connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
            assert_eq!(connection.response(false).text(), "waiting");
            connection
        })
        .collect();
    for connection in &mut idle[..21] {
        assert!(connection.until_end().0.is_empty());
    }
    let mut last = idle.pop().expect("a connection");
    last.write("GET /go HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(last.response(false).text(), "waiting");
    assert_eq!(busy.response(false).text(), "waited");
    let is_crowded = |line: &serde_json::Value| line.to_string().contains(CROWDED);
    let line = nano.logged(CROWDED, is_crowded);
    assert_eq!(line["connections"], 20, "{line}");
    assert_eq!(line["most_connections"], 20, "{line}");
    // Once per episode.
    assert_eq!(nano.log().iter().filter(|line| is_crowded(line)).count(), 1);
}
