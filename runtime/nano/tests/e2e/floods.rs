//! Clients that send much and ask for nothing.

use std::time::Duration;

use crate::support::http2::{CONTINUATION, DATA, PING, PRIORITY, SETTINGS, WINDOW_UPDATE, frame};
use crate::support::{Http2, Nano, Site};

const ENHANCE_YOUR_CALM: u32 = 11;

const APP: &str = "export default { async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const count = Number(searchParams.get('count')), size = Number(searchParams.get('size'));
    if (pathname === '/upload') {
        let bytes = 0;
        for await (const chunk of request.body) bytes += chunk.length;
        return new Response(`${bytes}`);
    }
    if (pathname === '/download') {
        let left = count;
        return new Response(new ReadableStream({
            async pull(controller) {
                // Chunks that are handed over together would leave together.
                await new Promise(resolve => setTimeout(resolve));
                controller.enqueue(new Uint8Array(size));
                if (--left === 0) controller.close();
            },
        }));
    }
    return new Response('small');
} };";

/// A flood: what is sent once, and what is sent without end then.
type Flood = (&'static str, Vec<u8>, Vec<u8>);

fn floods() -> Vec<Flood> {
    let small = |kind, flags, stream, payload: &[u8]| frame(kind, flags, stream, payload);
    let again = |name, bytes| (name, Vec::new(), bytes);
    vec![
        again("WINDOW_UPDATE", small(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        again("PRIORITY", small(PRIORITY, 0, 7, &[0, 0, 0, 0, 16])),
        again("PING", small(PING, 0, 0, &[0; 8])),
        again("PING that answers none", small(PING, 1, 0, &[0; 8])),
        again("SETTINGS", small(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        again("a type that nobody knows", small(200, 0, 0, &[])),
        again("PRIORITY_UPDATE", small(16, 0, 0, b"\0\0\0\x07u=1")),
        // On the stream of the request before.
        again("RST_STREAM", small(Http2::RST_STREAM, 0, 1, &[0; 4])),
    ]
}

/// A connection on which a request has been answered.
fn connect(nano: &Nano) -> Http2 {
    let mut http2 = Http2::connect(nano);
    http2.request(1, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.response(1).text(), "small");
    http2
}

#[test]
fn frames_that_ask_for_nothing_end_their_connection() {
    let nano = Site::new().app("a", APP).serve();
    for (name, first, again) in floods() {
        let mut http2 = connect(&nano);
        http2.send_bytes(&first).expect("nano reads");
        // It may be closed before all is sent.
        let _ = http2.send_bytes(&again.repeat(5_000));
        assert_eq!(http2.end(), ENHANCE_YOUR_CALM, "{name}");
    }
    // h2 itself sees to these.
    let open = |http2: &mut Http2| http2.request(3, "POST", "a.test", "/upload", &[], false);
    let mut http2 = connect(&nano);
    open(&mut http2);
    let _ = http2.send_bytes(&frame(DATA, 0, 3, &[]).repeat(5_000));
    assert_eq!(http2.end(), ENHANCE_YOUR_CALM, "empty DATA");
    let mut http2 = connect(&nano);
    http2.begin_request(3);
    let _ = http2.send_bytes(&frame(CONTINUATION, 0, 3, &[]).repeat(5_000));
    assert_eq!(http2.end(), ENHANCE_YOUR_CALM, "CONTINUATION");
    assert_eq!(nano.get("a.test", "/").text(), "small");
}

/// What has come when a connection is closed is not worked off.
#[test]
fn a_flood_costs_little() {
    let nano = Site::new().app("a", APP).serve();
    let mut connections: Vec<_> = (0..16).map(|_| connect(&nano)).collect();
    let began = nano.cpu_time();
    // Those that are never answered.
    let floods = &floods()[..2];
    for (connection, (_, _, again)) in connections.iter_mut().zip(floods.iter().cycle()) {
        let many = again.repeat(100_000);
        let _ = (0..10).try_for_each(|_| connection.send_bytes(&many));
    }
    for connection in &mut connections {
        connection.until_end();
    }
    let used = nano.cpu_time() - began;
    assert!(used < Duration::from_millis(500), "{used:?} of CPU time");
}

/// As there are: browsers that say what is urgent, and a proxy that keeps one connection for all.
#[test]
fn many_short_requests_with_their_frames_are_served() {
    let nano = Site::new().app("a", APP).serve();
    let mut http2 = Http2::connect(&nano);
    // Firefox began with a tree of priorities.
    for stream in [3, 5, 7, 9, 11, 13] {
        http2.send(PRIORITY, 0, stream, &[0, 0, 0, 0, 200]);
    }
    const TOGETHER: u32 = 50;
    let mut first = 15_u32;
    for _ in 0..100 {
        for stream in (first..).step_by(2).take(TOGETHER as usize) {
            http2.send(16, 0, 0, &[&stream.to_be_bytes()[..], b"u=3, i"].concat());
            http2.request(stream, "GET", "a.test", "/", &[], true);
            http2.send(WINDOW_UPDATE, 0, stream, &[0, 1, 0, 0]);
            http2.send(PING, 0, 0, &[0; 8]);
        }
        for response in http2.responses(first, TOGETHER as usize) {
            assert_eq!(response.text(), "small");
        }
        for stream in (first..).step_by(2).take(TOGETHER as usize) {
            http2.reset(stream);
        }
        first += 2 * TOGETHER;
    }
}

/// A keep-alive ten times per second.
#[test]
fn pings_now_and_then_are_answered() {
    let nano = Site::new().app("a", APP).serve();
    let mut http2 = connect(&nano);
    for _ in 0..30 {
        for _ in 0..10 {
            http2.send(PING, 0, 0, &[0; 8]);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    http2.request(3, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.response(3).text(), "small");
}

/// Some clients open their windows with each frame that they read, some in smaller steps; and all that they have read at once.
#[test]
fn windows_may_be_opened_with_each_frame_of_a_response() {
    let nano = Site::new().app("a", APP).serve();
    // Large frames with four steps each, and frames of one byte.
    for (count, size, steps) in [(1000, 60_000, 4), (5_000, 1, 1)] {
        let mut http2 = connect(&nano);
        http2.widen_connection();
        http2.widen_streams();
        let path = format!("/download?count={count}&size={size}");
        http2.request(3, "GET", "a.test", &path, &[], true);
        let (mut received, mut frames, mut over) = (0, 0, false);
        while !over {
            // It has been away for a while.
            if frames % 2_000 == 0 {
                std::thread::sleep(Duration::from_millis(500));
            }
            let data = http2.frame();
            if data.kind != DATA {
                continue;
            }
            frames += 1;
            received += data.payload.len();
            over = data.flags & 1 != 0;
            let step = (data.payload.len() as u32).div_ceil(steps).max(1);
            for _ in 0..steps {
                http2.send(WINDOW_UPDATE, 0, 0, &step.to_be_bytes());
                if !over {
                    http2.send(WINDOW_UPDATE, 0, 3, &step.to_be_bytes());
                }
            }
        }
        assert_eq!(received, count * size);
        http2.request(5, "GET", "a.test", "/", &[], true);
        assert_eq!(http2.response(5).text(), "small", "after {frames} frames");
    }
}

/// Messages of few bytes each, as gRPC has them.
#[test]
fn a_body_may_come_in_small_frames() {
    let nano = Site::new().app("a", APP).serve();
    let mut http2 = connect(&nano);
    http2.request(3, "POST", "a.test", "/upload", &[], false);
    // All of them fit into the stream's window: that of 64 KiB which HTTP/2 begins with.
    for _ in 0..120 {
        http2
            .send_bytes(&frame(DATA, 0, 3, b"hello").repeat(100))
            .expect("nano reads");
    }
    http2.data(3, b"", true);
    assert_eq!(http2.response(3).text(), "60000");
}

/// While bytes come, hyper looks for the end of a chunk's size and at nothing else.
#[test]
fn framing_without_content_ends_a_body() {
    let nano = Site::new().app("a", APP).serve();
    // What begins a chunk's size, and what may follow without end.
    for (begin, again) in [("", "0"), ("1", " "), ("1;", "a")] {
        let mut connection = nano.connect();
        connection.write(&format!(
            "POST /upload HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n{begin}"
        ));
        // Whoever reads until this ends waits for more, and says 408.
        connection.write(&again.repeat(2 << 20));
        let response = connection.response(false);
        assert_eq!(response.status, 400, "{again}");
    }
    // As much framing as anybody likes is in a body with content.
    let mut connection = nano.connect();
    connection.write("POST /upload HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..200 {
        connection.write(&format!("{:0>20000}\r\nx\r\n", 1));
    }
    connection.write("0\r\n\r\n");
    assert_eq!(connection.response(false).text(), "200");
}
