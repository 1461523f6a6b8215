//! Many clients, each of which holds a little.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::support::admin::{ask, serve};
use crate::support::http2::{CONTINUATION, PING, SETTINGS, frame};
use crate::support::{Connection, Http2, Nano, PATIENCE, Site, eventually, limit};

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
fn attack(what: &str, count: usize, bytes: &[u8]) -> Nano {
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
    nano
}

/// Says in the log what the budget is.
fn says_the_budget(nano: &Nano) {
    let line = nano.logged(CROWDED, |line| line.to_string().contains(CROWDED));
    assert_eq!(line["budget_bytes"], (300 << 20) / 8, "{line}");
}

#[test]
fn heads_that_are_not_complete_take_their_share_of_memory_only() {
    let mut head = b"GET / HTTP/1.1\r\nHost: a.test\r\n".to_vec();
    for number in 0..58 {
        head.extend(format!("x-{number}: {}\r\n", "a".repeat(1000)).bytes());
    }
    says_the_budget(&attack("HTTP/1 heads", 2_500, &head));
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
    says_the_budget(&attack("HTTP/2 blocks", 1_500, &bytes));
}

/// h2 remembers for a while what it has reset, and as long as nothing else happens on the connection.
#[test]
fn streams_that_are_reset_take_their_share_of_memory_only() {
    let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    // A field of HTTP/1 (RFC 9113, section 8.2.2).
    let block = [&fields("a.test"), &b"\0\x0aconnection\x01x"[..]].concat();
    for number in 0..900 {
        bytes.extend(frame(Http2::HEADERS, 5, 2 * number + 1, &block));
    }
    says_the_budget(&attack("HTTP/2 resets", 600, &bytes));
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
    // The log has lines of so many requests that it loses others.
    drop(attack("pages", 400, &bytes));
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

/// An app with one request that waits for another one.
const WAITS: &str = "let waiting; export default { fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === '/wait') return new Promise(resolve => waiting = () => resolve(new Response('waited')));
    if (path === '/go') waiting();
    return new Response(waiting ? 'waiting' : 'hello');
} };";

/// For apps whose requests wait until the test is done with others, however slow the machine is.
const PATIENT: &str = r#""limits":{"wall_ms":600000,"in_flight":10000}"#;

/// A connection whose request waits.
fn wait(nano: &Nano) -> Connection {
    let mut busy = nano.connect();
    busy.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("the request", || {
        (nano.get("a.test", "/").text() == "waiting").then_some(())
    });
    busy
}

/// Where the system gives the process fewer descriptors than it may have connections, a new client does not wait for an old one to
/// go.
#[test]
fn where_descriptors_run_out_connections_without_a_request_make_room() {
    const DESCRIPTORS: u64 = 200;
    for bytes in ["", "GET / HTTP/1.1\r\nHost: a.t"] {
        let nano = Site::new()
            .top(r#""clients":{"connections":100000}"#)
            .app_with("a", WAITS, PATIENT)
            .serve_as(|command| {
                limit(command, libc::RLIMIT_NOFILE, DESCRIPTORS);
            });
        let mut busy = wait(&nano);
        let mut clients = Vec::new();
        for number in 0..2 * DESCRIPTORS {
            let mut client = nano.connect();
            client.write(bytes);
            clients.push(client);
            if number % 10 == 0 {
                assert_eq!(nano.get("a.test", "/").text(), "waiting");
            }
        }
        assert_eq!(nano.get("a.test", "/go").text(), "waiting");
        assert_eq!(busy.response(false).text(), "waited");
    }
}

/// The system drops what asks for a connection where too many wait; who asks waits for a second then, before it asks again.
#[test]
fn a_rush_of_clients_waits_for_its_turn() {
    let nano = Site::new().app("a", HELLO).serve();
    let address = ([127, 0, 0, 1], nano.port()).into();
    nano.signal(libc::SIGSTOP);
    let clients: Result<Vec<_>, _> = (0..500)
        .map(|_| TcpStream::connect_timeout(&address, Duration::from_millis(900)))
        .collect();
    nano.signal(libc::SIGCONT);
    assert_eq!(clients.expect("each waits").len(), 500);
}

/// Only whoever knows what comes to an end may ask elsewhere again (RFC 9113, section 6.8).
#[test]
fn a_client_of_http2_is_told_that_its_connection_ends() {
    let nano = Site::new()
        .top(r#""clients":{"connections":1}"#)
        .app("a", HELLO)
        .serve();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.response(1).text(), "hello");
    assert_eq!(nano.get("a.test", "/").text(), "hello");
    // NO_ERROR
    assert_eq!(http2.end(), 0);
}

/// A client that has yet to read its last response is waited for, but not where others need the room.
#[test]
fn a_connection_that_is_being_closed_makes_room() {
    // More than its system takes at once.
    const SIZE: usize = 1_500_000;
    let source = format!("export default {{ fetch: () => new Response('x'.repeat({SIZE})) }};");
    let nano = Site::new()
        .top(r#""clients":{"connections":1,"head_ms":300,"stall_ms":60000}"#)
        .app("a", &source)
        .serve();
    let mut http2 = Http2::connect(&nano);
    http2.widen_streams();
    http2.widen_connection();
    http2.request(1, "GET", "a.test", "/unread", &[], true);
    nano.logged("its line", |line| line["path"] == "/unread");
    // It has been idle for too long, is told so, does not answer, and is waited for as it may be reading: for longer than one that has
    // read all.
    std::thread::sleep(Duration::from_secs(5));
    let ping = frame(PING, 0, 0, &[0; 8]);
    let mut goes_on = || {
        let is_sent = http2.send_bytes(&ping).is_ok();
        // A system says that the connection is closed when it gets something for it, and the next write fails.
        std::thread::sleep(Duration::from_millis(20));
        is_sent
    };
    assert!((0..10).all(|_| goes_on()), "it is closed");
    assert_eq!(nano.get("a.test", "/").body.len(), SIZE);
    let began = Instant::now();
    while goes_on() {
        assert!(began.elapsed() < Duration::from_secs(10), "it goes on");
    }
}

#[test]
fn beyond_their_number_the_longest_idle_are_closed_and_no_request_is() {
    let nano = Site::new()
        .top(r#""clients":{"connections":20}"#)
        .app_with("a", WAITS, PATIENT)
        .serve();
    let mut busy = wait(&nano);
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

/// One that has been answered, and is idle.
#[cfg(target_os = "linux")]
fn idle_from(address: [u8; 4], nano: &Nano) -> Connection {
    let mut connection = Connection::open_from(address, nano.port());
    is_answered(&mut connection);
    connection
}

#[cfg(target_os = "linux")]
fn is_answered(connection: &mut Connection) {
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.response(false).text(), "hello");
}

#[cfg(target_os = "linux")]
const ONE: [u8; 4] = [127, 0, 0, 2];
#[cfg(target_os = "linux")]
const OTHER: [u8; 4] = [127, 0, 0, 3];

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_has_most_connections_makes_room_for_others() {
    let site = Site::new()
        .top(r#""clients":{"connections":20}"#)
        .app("a", HELLO);
    let (nano, admin) = serve(site);
    // Whoever was there before has been idle for longest.
    let mut others: Vec<_> = (0..5).map(|_| idle_from(OTHER, &nano)).collect();
    let mut many: Vec<_> = (0..15).map(|_| idle_from(ONE, &nano)).collect();
    // Those that have just come would go last.
    std::thread::sleep(Duration::from_millis(1500));
    others.extend((0..5).map(|_| idle_from(OTHER, &nano)));
    for connection in &mut many[..5] {
        assert!(connection.until_end().0.is_empty());
    }
    others
        .iter_mut()
        .chain(&mut many[5..])
        .for_each(is_answered);
    let line = nano.logged("the limit", |line| {
        line["limit"] == "connections_per_client"
    });
    assert_eq!(line["client"], "127.0.0.2", "{line}");
    let metrics = ask(admin, "GET", "/metrics");
    let series = "nano_connections_closed_total{limit=\"connections_per_client\"} 5\n";
    assert!(metrics.text().contains(series), "{}", metrics.text());
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_has_no_more_connections_than_it_may_but_a_proxy_has() {
    let source = "export default { fetch(request) {
        return request.url.endsWith('/wait') ? new Promise(() => {}) : new Response('hello');
    } };";
    let site = Site::new()
        .top(r#""clients":{"connections_per_client":3},"proxies":{"trusted":["127.0.0.3"]}"#)
        .app("a", source);
    let (nano, admin) = serve(site);
    let mut waits: Vec<_> = (0..3).map(|_| idle_from(ONE, &nano)).collect();
    for connection in &mut waits {
        connection.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
    }
    let mut next = Connection::open_from(ONE, nano.port());
    assert!(next.until_end().0.is_empty());
    let mut proxy: Vec<_> = (0..10).map(|_| idle_from(OTHER, &nano)).collect();
    proxy.iter_mut().for_each(is_answered);
    let line = nano.logged("the limit", |line| {
        line["limit"] == "connections_per_client"
    });
    assert_eq!(line["client"], "127.0.0.2", "{line}");
    assert_eq!(line["connections"], 3, "{line}");
    let metrics = ask(admin, "GET", "/metrics");
    let series = "nano_connections_closed_total{limit=\"connections_per_client\"} 1\n";
    assert!(metrics.text().contains(series), "{}", metrics.text());
}

/// Requests whose app does not read their bodies hold what has come of those, and nobody can do without a request.
#[test]
fn requests_of_one_app_leave_room_for_those_of_another() {
    take_descriptors();
    let waits = "export default { fetch: () => new Promise(() => {}) };";
    let nano = Site::new()
        .top(SMALL)
        .app_with("a", waits, PATIENT)
        .app("b", HELLO)
        .serve();
    let asks = || assert_eq!(nano.get("b.test", "/").text(), "hello");
    asks();
    let head = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n";
    let part = vec![b'x'; 300_000];
    let mut connections = Vec::new();
    let is_cut_off = |line: &serde_json::Value| {
        line.to_string().contains(CROWDED) && line["cut_off"].as_u64() > Some(0)
    };
    // Where the machine is busy, some are closed before their requests have come, and it takes more of them.
    while !nano.log().iter().any(is_cut_off) {
        assert!(connections.len() < 4_000, "nobody is cut off");
        for _ in 0..100 {
            let mut stream = open(&nano);
            // It may be closed before it has read that.
            let _ = stream.write_all(head.as_bytes());
            stream.set_nonblocking(true).expect("a socket");
            let _ = stream.write(&part);
            connections.push(stream);
        }
        asks();
    }
    // Most of them are there. (The line may be there before somebody's end.)
    let open = eventually("the end of somebody", || {
        let open = connections.iter().filter(|stream| {
            let mut stream: &TcpStream = stream;
            let gone = stream.read(&mut [0]).map_err(|error| error.kind());
            gone == Err(std::io::ErrorKind::WouldBlock)
        });
        let open = open.count();
        (open < connections.len()).then_some(open)
    });
    assert!(open >= 100, "{open}");
}
