//! The end of a process.

use std::time::{Duration, Instant};

use crate::support::http2::{DATA, PING, WINDOW_UPDATE, frame};
use crate::support::{Busy, Http2, Site};

const SLOW: &str = "export default { async fetch(request, env, ctx) {
    const ms = Number(new URL(request.url).searchParams.get('ms'));
    const sleep = () => new Promise(resolve => setTimeout(resolve, ms));
    if (request.url.includes('/background')) {
        ctx.waitUntil(sleep().then(() => console.log('background work is done')));
        return new Response('answered');
    }
    await sleep();
    return new Response('slow answer');
} };";

#[test]
fn what_is_in_flight_is_finished() {
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut nano = Site::new().app("a", SLOW).serve();
        assert_eq!(nano.get("a.test", "/?ms=0").text(), "slow answer");
        let mut connection = nano.connect();
        connection.write("GET /?ms=1000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
        std::thread::sleep(Duration::from_millis(300));
        let mut idle = nano.connect();
        nano.signal(signal);
        assert!(idle.rest().is_empty(), "an idle connection is closed");
        let refused = || std::net::TcpStream::connect(("127.0.0.1", nano.port())).is_err();
        crate::support::eventually("no more connections", || refused().then_some(()));
        assert_eq!(connection.response(false).text(), "slow answer");
        assert_eq!(nano.wait().code(), Some(0));
        nano.logged("the end", |line| line["message"] == "shut down");
    }
}

#[test]
fn background_work_is_finished() {
    let mut nano = Site::new().app("a", SLOW).serve();
    assert_eq!(nano.get("a.test", "/background?ms=700").text(), "answered");
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    nano.app_logged("a", "background work is done");
}

#[test]
fn the_deadline_cuts_off_what_does_not_end() {
    let mut nano = Site::new().app("a", SLOW).top(r#""drain_ms":300"#).serve();
    let mut connection = nano.connect();
    connection.write("GET /?ms=60000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
    nano.logged("what was cut off", |line| {
        line["level"] == "warn" && line["deadline_ms"] == 300
    });
}

/// What cannot be interrupted, and was given up, has to run to its thread's end, and to give its memory back, before the process is gone:
/// also where others want the cores.
#[test]
#[cfg(target_os = "linux")]
fn what_was_given_up_does_not_put_off_the_end() {
    let source = "export default { fetch(request) {
        globalThis.held = Array.from({ length: 40 }, () => new Uint8Array(1e7).fill(1));
        Temporal.Duration.from({ years: 2e5 }).round({ largestUnit: 'months', relativeTo: '2020-01-01[u-ca=chinese]' });
    } };";
    let mut nano = Site::new()
        // The arrays come first, and take their time.
        .app_with("a", source, r#""limits":{"cpu_ms":2000,"memory_mb":1000}"#)
        .top(r#""drain_ms":300"#)
        .serve();
    assert_eq!(nano.get("a.test", "/").status, 503);
    nano.within_cpu_time(Duration::from_secs(20), "giving up", || {
        let is = |line: &serde_json::Value| {
            let message = line["message"].as_str().unwrap_or_default();
            message.contains("an instance of the app was given up")
        };
        nano.log().iter().any(is).then_some(())
    });
    let _busy = Busy::begin(2);
    let began = Instant::now();
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_millis(300 + 2000), "{took:?}");
}

#[test]
fn a_second_signal_exits_at_once() {
    let mut nano = Site::new().app("a", SLOW).serve();
    let mut connection = nano.connect();
    connection.write("GET /?ms=60000 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    nano.signal(libc::SIGTERM);
    nano.logged("the drain", |line| line["message"] == "shutting down");
    let began = Instant::now();
    nano.signal(libc::SIGINT);
    assert_eq!(nano.wait().code(), Some(128 + libc::SIGINT));
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// Clients of HTTP/2 open their windows as they read: a socket that is closed would be reset by that, and take back what it has.
#[test]
fn what_a_client_of_http2_reads_slowly_is_not_cut_off() {
    const SIZE: usize = 1_500_000;
    let source = format!("export default {{ fetch: () => new Response('x'.repeat({SIZE})) }};");
    let mut nano = Site::new().app("a", &source).serve();
    let mut http2 = Http2::connect(&nano);
    http2.widen_connection();
    http2.widen_streams();
    http2.request(1, "GET", "a.test", "/", &[], true);
    nano.logged("its line", |line| line["bytes"] == SIZE);
    nano.signal(libc::SIGTERM);
    let mut received = 0;
    while received < SIZE {
        let frame = http2.try_frame().expect("the whole answer");
        if frame.kind == DATA {
            received += frame.payload.len();
            let opens = (frame.payload.len() as u32).to_be_bytes();
            for stream in [0, 1] {
                http2.send(WINDOW_UPDATE, 0, stream, &opens);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    http2.until_end();
    drop(http2);
    let began = Instant::now();
    assert_eq!(nano.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(1), "its end is known");
}

/// A client of HTTP/2 that has had its responses, and answers nothing, may be gone: nobody waits for it.
#[test]
fn idle_clients_of_http2_put_nothing_off() {
    type Acts = fn(&mut Http2);
    let asks: Acts = |http2| {
        http2.request(1, "GET", "a.test", "/?ms=0", &[], true);
        assert_eq!(http2.response(1).text(), "slow answer");
        std::thread::sleep(Duration::from_secs(3));
    };
    // Answers to PINGs fill what the system keeps for the client.
    let floods: Acts = |http2| {
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(90);
        for _ in 0..12 {
            // It may be closed by then.
            let _ = http2.send_bytes(&pings);
        }
        std::thread::sleep(Duration::from_secs(1));
    };
    let both: Acts = |http2| {
        http2.request(1, "GET", "a.test", "/?ms=0", &[], true);
        assert_eq!(http2.response(1).text(), "slow answer");
        let pings = frame(PING, 0, 0, &[0; 8]).repeat(900);
        http2.send_bytes(&pings).expect("nano reads");
        std::thread::sleep(Duration::from_secs(3));
    };
    for acts in [(|_| {}) as Acts, asks, floods, both] {
        let mut nano = Site::new().app("a", SLOW).serve();
        assert_eq!(nano.get("a.test", "/?ms=0").text(), "slow answer");
        let mut http2 = Http2::with_little_room(nano.port());
        acts(&mut http2);
        let began = Instant::now();
        nano.signal(libc::SIGTERM);
        assert_eq!(nano.wait().code(), Some(0));
        let took = began.elapsed();
        assert!(took < Duration::from_millis(1800), "{took:?}");
        drop(http2);
    }
}

/// Responses without a body are over, as far as anybody knows, when h2 has them. The socket may have no room for them.
#[test]
fn what_a_client_of_http2_has_yet_to_read_is_not_cut_off() {
    let source =
        "const fields = Array.from({ length: 8 }, (_, i) => [`x-${i}`, 'x'.repeat(15_000)]);
    export default { fetch: () => new Response(null, { status: 204, headers: fields }) };";
    let mut nano = Site::new().app("a", source).serve();
    let mut http2 = Http2::connect(&nano);
    let mut count = 0;
    while count < 200 {
        for _ in 0..20 {
            http2.request(2 * count + 1, "GET", "a.test", "/", &[], true);
            count += 1;
        }
        crate::support::eventually("the lines of all", || {
            let lines = nano.log();
            let answered = lines.iter().filter(|line| line["status"] == 204);
            (answered.count() == count as usize).then_some(())
        });
    }
    nano.signal(libc::SIGTERM);
    std::thread::sleep(Duration::from_millis(1500));
    let frames = http2.until_end();
    let heads = frames.iter().filter(|frame| frame.kind == Http2::HEADERS);
    assert_eq!(heads.count(), count as usize);
    assert_eq!(nano.wait().code(), Some(0));
}

/// A client that has sent a part of HTTP/2's preface, or no more than that, has asked for nothing.
#[test]
fn who_has_not_said_which_protocol_it_speaks_puts_nothing_off() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0";
    for length in [0, 1, 10, 24, 28] {
        let mut nano = Site::new().app("a", SLOW).serve();
        assert_eq!(nano.get("a.test", "/?ms=0").text(), "slow answer");
        let mut connection = nano.connect();
        let sent = connection.write_bytes(&PREFACE[..length]);
        sent.expect("nano reads");
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        nano.signal(libc::SIGTERM);
        assert_eq!(nano.wait().code(), Some(0));
        let took = began.elapsed();
        assert!(took < Duration::from_millis(1800), "{length}: {took:?}");
    }
}
