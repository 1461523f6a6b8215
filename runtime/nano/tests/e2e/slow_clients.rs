//! Clients that do not read, do not write, or hardly do.

use std::time::{Duration, Instant};

use crate::support::{Http2, Site, eventually};

const SIZE: usize = 20_000_000;

/// Answers with 20 MB, from memory or as a stream.
const LARGE: &str = "let canceled = 0;
export default { async fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === '/canceled') return new Response(String(canceled));
    if (path === '/small') return new Response('small');
    if (path === '/read') return new Response(await request.text());
    if (path === '/memory') return new Response(new Uint8Array(20_000_000));
    let left = 20_000_000 / 100_000;
    return new Response(new ReadableStream({
        pull(controller) {
            if (left-- > 0) controller.enqueue(new Uint8Array(100_000)); else controller.close();
        },
        cancel() { canceled++; },
    }));
} };";

/// Time-outs that a test can wait for.
const SHORT: &str = r#""clients":{"head_ms":1500,"stall_ms":1500,"min_rate":1000}"#;

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n")
}

#[test]
fn clients_that_stop_reading_are_cut_off() {
    let nano = Site::new()
        .top(SHORT)
        .app_with("a", LARGE, r#""limits":{"in_flight":2}"#)
        .serve();
    for path in ["/memory", "/stream"] {
        let mut stuck: Vec<_> = (0..2).map(|_| nano.connect()).collect();
        for connection in &mut stuck {
            connection.write(&get(path));
            assert_eq!(connection.head().status, 200);
        }
        // In flight until the last byte has left.
        assert_eq!(nano.get("a.test", "/small").status, 503, "{path}");
        eventually("room", || {
            (nano.get("a.test", "/small").status == 200).then_some(())
        });
        let lines = eventually("their lines", || {
            let log = nano.log();
            let lines: Vec<_> = log
                .into_iter()
                .filter(|line| line["path"] == path)
                .collect();
            (lines.len() == 2).then_some(lines)
        });
        for line in lines {
            assert_eq!(
                (&line["aborted"], &line["limit"]),
                (&true.into(), &"stall_ms".into()),
                "{line}"
            );
            let bytes = line["bytes"].as_u64().expect("a number") as usize;
            assert!(bytes > 0 && bytes < SIZE, "{line}");
            assert!(
                line["duration_ms"].as_f64().expect("a number") > 1000.0,
                "{line}"
            );
        }
        // What the client did take is what the log says, and the end is no proper one.
        for mut connection in stuck {
            let (received, end) = connection.until_end();
            assert!(
                received.len() < SIZE && end.is_some(),
                "{} {end:?}",
                received.len()
            );
        }
    }
    eventually("both streams' cancel()", || {
        (nano.get("a.test", "/canceled").text() == "2").then_some(())
    });
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let nano = Site::new().top(SHORT).app("a", LARGE).serve();
    for path in ["/memory", "/stream"] {
        let mut connection = nano.connect();
        connection.write(&get(path));
        let head = connection.head();
        let is_logged = || nano.log().iter().any(|line| line["path"] == path);
        std::thread::sleep(Duration::from_millis(500));
        assert!(!is_logged(), "the line comes when the last byte has left");
        let mut size = 0;
        // More slowly than the time-out, which is for those who take less than the rate.
        while size < 4_000_000 {
            size += connection.some(200_000);
            std::thread::sleep(Duration::from_millis(150));
        }
        assert!(!is_logged(), "the line comes when the last byte has left");
        drop(head);
        while size < SIZE {
            size += connection.some(1_000_000);
        }
        let line = nano.logged("its line", |line| line["path"] == path);
        assert_eq!(line["bytes"], SIZE, "{line}");
        assert_eq!(line["aborted"], serde_json::Value::Null, "{line}");
        assert!(
            line["duration_ms"].as_f64().expect("a number") > 3000.0,
            "{line}"
        );
    }
}

/// What a client has yet to read needs no thread of the instance that made it.
#[test]
fn clients_that_stall_hold_no_thread_of_an_instance_that_ended() {
    let source = "export default { fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/memory': return new Response(new Uint8Array(20_000_000));
            case '/end': for (const keep = [];;) keep.push({});
        }
        return new Response('small');
    } };";
    let nano = Site::new()
        .top(r#""prepared":0"#)
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .serve();
    let mut stalled = Vec::new();
    let mut before = 0;
    for round in 0..9 {
        let mut connection = nano.connect();
        // On the thread of the app from its first request on.
        connection.write(&get("/small"));
        assert_eq!(connection.response(false).text(), "small");
        connection.write(&get("/memory"));
        assert_eq!(connection.head().status, 200);
        stalled.push(connection);
        assert_eq!(nano.get("a.test", "/end").status, 503);
        eventually("the next instance", || {
            (nano.get("a.test", "/small").status == 200).then_some(())
        });
        if round == 0 {
            before = nano.threads();
        }
    }
    let threads = nano.threads();
    println!("{threads} threads, {before} before");
    // One that ends is being taken apart; another one may attend.
    assert!(
        threads <= before + 2,
        "{threads} threads, and {before} when the first instance had ended"
    );
    for mut connection in stalled {
        assert_eq!(connection.bytes(SIZE).len(), SIZE, "it has gone on");
    }
}

/// What a connection may begin with, and never ends. Who has begun a request is told that it came too late.
const BEGINNINGS: [(&str, Option<&str>); 8] = [
    ("", Some("")),
    ("G", Some("HTTP/1.1 408 ")),
    (
        "GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ",
        Some("HTTP/1.1 408 "),
    ),
    ("P", Some("HTTP/1.1 408 ")),
    ("PRI * HTTP/2.0\r\n\r\nSM\r", Some("")),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some("")),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", None),
    (
        "GET /small HTTP/1.1\r\nHost: a.test\r\n\r\nGET /sm",
        Some("HTTP/1.1 200 "),
    ),
];

#[test]
fn connections_without_a_request_are_closed() {
    let nano = Site::new().top(SHORT).app("a", LARGE).serve();
    let began = Instant::now();
    let connections = BEGINNINGS.map(|(text, answer)| {
        let mut connection = nano.connect();
        connection.write(text);
        (connection, text, answer)
    });
    let mut idle = nano.connect();
    idle.write(&get("/small"));
    assert_eq!(idle.response(false).text(), "small");
    let mut again = nano.connect();
    again.write(&get("/small"));
    assert_eq!(again.response(false).text(), "small");
    again.write("GET / HT");
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/small", &[], true);
    assert_eq!(http2.response(1).text(), "small");
    for (mut connection, text, answer) in connections {
        let (received, end) = connection.until_end();
        let received = String::from_utf8_lossy(&received);
        assert_eq!(end, None, "{text:?}: {received}");
        match answer {
            Some("") => assert_eq!(received, "", "{text:?}"),
            Some(answer) => assert!(received.starts_with(answer), "{text:?}: {received}"),
            None => assert!(!received.is_empty(), "{text:?}"),
        }
        if text.ends_with("GET /sm") {
            assert!(received.contains("HTTP/1.1 408 "), "{received}");
        }
    }
    let late = again.response(false);
    assert_eq!(late.status, 408, "{}", late.text());
    assert_eq!(late.header("connection"), Some("close"));
    assert_eq!(again.until_end(), (Vec::new(), None));
    assert_eq!(idle.until_end(), (Vec::new(), None));
    http2.until_end();
    assert!(began.elapsed() >= Duration::from_millis(1000));
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

/// With the limits as they are by default.
#[test]
fn connections_without_a_request_do_not_delay_a_drain() {
    let mut nano = Site::new().app("a", LARGE).serve();
    nano.get("a.test", "/small");
    let connections = BEGINNINGS.map(|(text, _)| {
        let mut connection = nano.connect();
        connection.write(text);
        connection
    });
    let mut idle = Http2::connect(&nano);
    idle.request(1, "GET", "a.test", "/small", &[], true);
    assert_eq!(idle.response(1).text(), "small");
    let mut half = Http2::connect(&nano);
    half.begin_request(1);
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    drop((connections, idle, half));
}

/// One byte at a time keeps no request alive.
#[test]
fn a_body_that_drips_gets_408() {
    let nano = Site::new().top(SHORT).app("a", LARGE).serve();
    for framing in ["Content-Length: 100000", "Transfer-Encoding: chunked"] {
        let mut connection = nano.connect();
        let chunked = framing.starts_with('T');
        connection.write(&format!(
            "POST /read HTTP/1.1\r\nHost: a.test\r\n{framing}\r\n\r\n"
        ));
        let began = Instant::now();
        let drip = if chunked { "1\r\nx\r\n" } else { "x" };
        while began.elapsed() < Duration::from_secs(10)
            && connection.write_bytes(drip.as_bytes()).is_ok()
        {
            std::thread::sleep(Duration::from_millis(100));
            if connection.has_answer() {
                break;
            }
        }
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{:?}",
            began.elapsed()
        );
        let response = connection.response(false);
        assert_eq!(response.status, 408, "{framing}");
        assert_eq!(response.header("connection"), Some("close"));
        connection.rest();
    }
    nano.app_logged("a", "fewer than 1000 bytes per second");
    // What comes at the rate is waited for, however long it takes.
    let mut connection = nano.connect();
    connection.write("POST /read HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000\r\n\r\n");
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(300));
        connection.write(&"x".repeat(500));
    }
    assert_eq!(connection.response(false).body.len(), 5000);
}

/// On HTTP/2, a client that takes nothing of one response loses that one.
#[test]
fn a_stalled_stream_is_reset_and_its_connection_goes_on() {
    let nano = Site::new().top(SHORT).app("a", LARGE).serve();
    for path in ["/memory", "/stream"] {
        let mut http2 = Http2::connect(&nano);
        // The stream's window is spent before the connection's.
        http2.widen_connection();
        http2.request(1, "GET", "a.test", path, &[], true);
        let began = Instant::now();
        let reset = loop {
            let frame = http2.frame();
            if frame.kind == Http2::RST_STREAM {
                break frame;
            }
        };
        assert_eq!(reset.stream, 1);
        assert!(began.elapsed() > Duration::from_millis(1000));
        http2.request(3, "GET", "a.test", "/small", &[], true);
        assert_eq!(http2.response(3).text(), "small");
        let line = nano.logged("its line", |line| line["path"] == path);
        assert_eq!(
            (&line["aborted"], &line["bytes"], &line["limit"]),
            (&true.into(), &65535.into(), &"stall_ms".into()),
            "{line}"
        );
    }
    eventually("the stream's cancel()", || {
        (nano.get("a.test", "/canceled").text() == "1").then_some(())
    });
}

/// What waits for clients is bounded for all together, however many there are; and other apps take no harm.
#[test]
fn many_clients_that_read_nothing_take_little_memory() {
    const ENDLESS: &str = "export default { fetch() {
        return new Response(new ReadableStream({
            pull(controller) { controller.enqueue(new Uint8Array(10_000)); },
        }));
    } };";
    const MOST: u64 = 160 << 20;
    for http2 in [true, false] {
        let nano = Site::new().app("a", ENDLESS).app("b", LARGE).serve();
        assert_eq!(nano.get("b.test", "/small").text(), "small");
        let before = nano.resident();
        let (mut connections, mut streams) = (Vec::new(), Vec::new());
        if http2 {
            for _ in 0..4 {
                let mut connection = Http2::connect(&nano);
                connection.widen_connection();
                connection.widen_streams();
                for stream in 0..200 {
                    connection.request(2 * stream + 1, "GET", "a.test", "/", &[], true);
                }
                streams.push(connection);
            }
        } else {
            for _ in 0..400 {
                let mut connection = nano.connect();
                connection.write(&get("/"));
                connections.push(connection);
            }
        }
        let most = MOST + before;
        let mut last = before;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_secs(1));
            let now = nano.resident();
            assert!(now < most, "{} MB, HTTP/2: {http2}", now >> 20);
            if now.abs_diff(last) < 1 << 18 && now > before + (1 << 20) {
                break;
            }
            last = now;
        }
        eprintln!("{} MB more, HTTP/2: {http2}", (last - before) >> 20);
        assert_eq!(nano.get("b.test", "/small").text(), "small");
    }
}

/// A few connections with many streams, none of which is slow enough to be given up, leave room for others.
#[test]
fn one_client_does_not_take_all_places() {
    let nano = Site::new()
        .app_with("a", LARGE, r#""limits":{"in_flight":300}"#)
        .serve();
    let mut connections: Vec<_> = (0..4).map(|_| Http2::connect(&nano)).collect();
    for connection in &mut connections {
        for stream in 0..200 {
            connection.request(2 * stream + 1, "GET", "a.test", "/stream", &[], true);
        }
    }
    for connection in &mut connections {
        // Each has got what it gets.
        while connection.frame().stream != 2 * 199 + 1 {}
    }
    assert_eq!(nano.get("a.test", "/small").text(), "small");
    nano.app_logged(
        "a",
        "one connection gets no more places than it leaves to others",
    );
}
