//! HTTP/2 (with prior knowledge): what differs from HTTP/1 between a socket and an app.

use std::time::{Duration, Instant};

use crate::support::admin::{ask, json, serve};
use crate::support::http2::{DATA, Frame, WINDOW_UPDATE};
use crate::support::{Http2, Site, eventually};

const ECHO: &str = "export default { async fetch(request) {
    const text = await request.text();
    return Response.json({ method: request.method, url: request.url, headers: [...request.headers], text });
} };";

#[test]
fn requests_and_responses() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    for (stream, body) in [(1, ""), (3, "hello"), (5, "")] {
        http2.request(
            stream,
            "POST",
            "a.test",
            "/x",
            &[("x-a", "1")],
            body.is_empty(),
        );
        if !body.is_empty() {
            http2.data(stream, body.as_bytes(), true);
        }
        let response = http2.response(stream);
        assert_eq!((response.status, response.reset), (200, None));
        let text = response.text();
        assert!(text.contains(r#""url":"http://a.test/x""#), "{text}");
        assert!(text.contains(r#"["x-a","1"]"#), "{text}");
        assert!(text.contains(&format!(r#""text":"{body}""#)), "{text}");
    }
    http2.request(7, "HEAD", "a.test", "/", &[], true);
    let response = http2.response(7);
    assert_eq!((response.status, response.text()), (200, ""));
    http2.request(9, "GET", "nobody.test", "/", &[], true);
    assert_eq!(http2.response(9).status, 404);
}

/// Streams have a window each, and the connection's is theirs together (RFC 9113, section 5.2.2).
#[test]
fn bodies_that_nobody_reads_hold_up_no_other_stream() {
    let ignores = "export default { async fetch(request) {
        await new Promise(resolve => setTimeout(resolve, 20_000));
        return new Response('late');
    } };";
    let nano = Site::new().app("a", ECHO).app("b", ignores).serve();
    let mut http2 = Http2::connect(&nano);
    let length = (128 << 10).to_string();
    for stream in (1..=63).step_by(2) {
        let length = [("content-length", &*length)];
        http2.request(stream, "POST", "b.test", "/", &length, false);
        fill_window(&mut http2, stream);
    }
    http2.request(65, "POST", "a.test", "/", &[], false);
    http2.data(65, &[b'y'; 5000], true);
    let response = http2.response(65);
    assert_eq!((response.status, response.reset), (200, None));
    assert!(response.text().contains("yyyy"));
}

/// Sends as much of a body as may come before its app has read any of it.
fn fill_window(http2: &mut Http2, stream: u32) {
    for _ in 0..4 {
        http2.data(stream, &[b'x'; 16 << 10], false);
    }
}

/// By how much the window of the first stream opens until the response of another one is here.
fn opened_by(http2: &mut Http2, stream: u32, path: &str) -> u32 {
    http2.request(stream, "GET", "a.test", path, &[], true);
    let mut opened = 0;
    loop {
        let frame = http2.try_frame().expect("a frame");
        match (frame.stream, frame.kind) {
            (1, WINDOW_UPDATE) => {
                let bytes: [u8; 4] = frame.payload[..].try_into().expect("a number");
                opened += u32::from_be_bytes(bytes);
            }
            (this, DATA) if this == stream && frame.flags & 1 != 0 => return opened,
            _ => {}
        }
    }
}

/// RFC 9113, section 6.9.1: what waits somewhere else has not been taken.
#[test]
fn the_window_of_a_body_opens_as_its_app_reads() {
    let waits = "let go;
        const gone = new Promise(resolve => { go = resolve; });
        export default { async fetch(request) {
            if (request.method === 'GET') {
                if (request.url.endsWith('/go')) go();
                return new Response('ok');
            }
            await gone;
            return new Response(`${(await request.arrayBuffer()).byteLength}`);
        } };";
    let nano = Site::new().app("a", waits).serve();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "POST", "a.test", "/", &[], false);
    fill_window(&mut http2, 1);
    for stream in [3, 5] {
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(opened_by(&mut http2, stream, "/"), 0, "nobody has read");
    }
    if opened_by(&mut http2, 7, "/go") == 0 {
        let is_opened = |frame: Frame| (frame.stream, frame.kind) == (1, WINDOW_UPDATE);
        while !is_opened(http2.try_frame().expect("a frame")) {}
    }
    http2.data(1, &[b'x'; 16 << 10], true);
    assert_eq!(http2.response(1).text(), format!("{}", 80 << 10));
}

/// One that is busy is not told of them before its turn ends.
#[test]
fn bodies_count_for_an_app_that_has_yet_to_look_at_them() {
    const STREAMS: usize = 30;
    let spins = "export default { fetch(request) {
        const end = Date.now() + 3000;
        while (request.method === 'GET' && Date.now() < end);
        return new Response('ok');
    } };";
    let (nano, admin) = serve(Site::new().app("a", spins));
    assert_eq!(nano.post("a.test", "/", "").status, 200);
    let external = || {
        let app = json(&ask(admin, "GET", "/admin/apps/a"));
        app["external_bytes"].as_u64().expect("a number") as usize
    };
    let before = external();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/", &[], true);
    let began = Instant::now();
    std::thread::sleep(Duration::from_millis(100));
    for stream in (3..).step_by(2).take(STREAMS) {
        http2.request(stream, "POST", "a.test", "/", &[], false);
        fill_window(&mut http2, stream);
    }
    eventually("what has come to count", || {
        (external() >= before + STREAMS * (64 << 10)).then_some(())
    });
    assert!(began.elapsed() < Duration::from_secs(3), "the app is busy");
}

/// RFC 9113, section 8.2.3
#[test]
fn cookie_crumbs_are_joined() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    let crumbs = [("cookie", "a=1"), ("cookie", "b=2; c=3"), ("cookie", "d=4")];
    http2.request(1, "GET", "a.test", "/", &crumbs, true);
    let response = http2.response(1);
    let joined = r#"["cookie","a=1; b=2; c=3; d=4"]"#;
    assert!(response.text().contains(joined), "{}", response.text());
    // They are one field then.
    let many = [("cookie", "a=1"); 150];
    http2.request(3, "GET", "a.test", "/", &many, true);
    assert_eq!(http2.response(3).status, 200);
}

/// RFC 9113, section 8.1.1: the stream is reset, whatever the app makes of the body.
#[test]
fn a_body_that_is_not_as_long_as_it_says_resets_the_stream() {
    let ignores = "export default { async fetch(request) {
        await new Promise(resolve => setTimeout(resolve, 300));
        return new Response('ok');
    } };";
    let nano = Site::new().app("a", ECHO).app("ignores", ignores).serve();
    for host in ["a.test", "ignores.test"] {
        for length in [5, 100_000] {
            for (sent, ends) in [
                (length - 1, true),
                (length + 1, true),
                (length + 1, false),
                (0, true),
            ] {
                let mut http2 = Http2::connect(&nano);
                let stated = length.to_string();
                http2.request(
                    1,
                    "POST",
                    host,
                    "/",
                    &[("content-length", &stated)],
                    sent == 0,
                );
                for part in vec![b'x'; sent].chunks(16_000) {
                    http2.data(1, part, false);
                }
                if ends && sent > 0 {
                    http2.data(1, b"", true);
                }
                let response = http2.response(1);
                assert!(
                    response.reset.is_some(),
                    "{host} {sent} of {length}, {ends}"
                );
                assert_ne!(response.status, 200, "{host} {sent} of {length}, {ends}");
                // The connection goes on.
                http2.request(3, "GET", host, "/", &[], true);
                assert_eq!(http2.response(3).status, 200);
            }
        }
    }
}

/// The same for a response, whose app says something else than its stream has. In the turn that it was made in, nothing is sent yet.
#[test]
fn a_response_that_is_not_as_long_as_it_says_resets_the_stream() {
    let lies = "export default { fetch(request) {
        const [stated, has, later] = new URL(request.url).pathname.slice(1).split('-').map(Number);
        const parts = [new Uint8Array(Math.floor(has / 2)), new Uint8Array(Math.ceil(has / 2))];
        const stream = new ReadableStream({ async pull(controller) {
            if (later) await new Promise((r) => setTimeout(r, 5));
            const part = parts.shift();
            part ? controller.enqueue(part) : controller.close();
        } }, { highWaterMark: 0 });
        return new Response(stream, { headers: { 'content-length': stated } });
    } };";
    let nano = Site::new().app("a", lies).serve();
    let mut http2 = Http2::connect(&nano);
    let cases = [
        (100, 50, "less"),
        (5, 0, "less"),
        (5, 100, "more"),
        (7, 8, "more"),
    ];
    let mut stream = 1;
    for (stated, has, says) in cases {
        for later in [0, 1] {
            let path = format!("/{stated}-{has}-{later}");
            http2.request(stream, "GET", "a.test", &path, &[], true);
            let response = http2.response(stream);
            let expected = if later == 0 {
                (500, false)
            } else {
                (200, true)
            };
            let found = (response.status, response.reset.is_some());
            assert_eq!(found, expected, "{path}");
            let line = nano.logged(&path, |line| line["path"] == path.as_str());
            let error = format!("has {says} than the {stated} bytes");
            assert!(line["error"].to_string().contains(&error), "{line}");
            stream += 2;
        }
    }
    for has in [0, 1, 100, 1000] {
        for later in [0, 1] {
            let path = format!("/{has}-{has}-{later}");
            http2.request(stream, "GET", "a.test", &path, &[], true);
            let response = http2.response(stream);
            let found = (response.status, response.reset, response.body.len());
            assert_eq!(found, (200, None, has), "{path}");
            stream += 2;
        }
    }
}

/// RFC 9113, section 8.1: a server may answer before it has the whole request.
#[test]
fn refused_requests_cost_no_other_stream() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    http2.widen_connection();
    http2.request(1, "POST", "a.test", "/", &[], false);
    http2.data(1, b"inno", false);
    let mut first = 3;
    let mut post = |host: &str, fields: &[(&str, &str)], count: usize| {
        let streams = (first..).step_by(2).take(count);
        for stream in streams.clone() {
            http2.request(stream, "POST", host, "/", fields, false);
        }
        if host == "nobody.test" {
            for response in http2.responses(first, count) {
                assert_eq!((response.status, response.reset), (404, None));
            }
        }
        for stream in streams {
            http2.data(stream, b"x=1", true);
        }
        if host == "a.test" {
            for response in http2.responses(first, count) {
                // PROTOCOL_ERROR
                assert_eq!((response.status, response.reset), (0, Some(1)));
            }
        }
        first += 2 * u32::try_from(count).expect("few");
    };
    // Their bodies come when they have their answers.
    for _ in 0..6 {
        post("nobody.test", &[], 250);
        post("nobody.test", &[("expect", "100-continue")], 250);
    }
    // They are not as long as they say.
    for _ in 0..75 {
        post("a.test", &[("content-length", "5")], 20);
    }
    http2.data(1, b"cent", true);
    let response = http2.response(1);
    assert_eq!((response.status, response.reset), (200, None));
    assert!(response.text().contains("innocent"), "{}", response.text());
    http2.request(first, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.response(first).status, 200);
}

#[test]
fn refused_requests_whose_bodies_do_not_come_delay_no_drain() {
    let mut nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    http2.widen_connection();
    for stream in (1..).step_by(2).take(250) {
        http2.request(stream, "POST", "nobody.test", "/", &[], false);
    }
    for response in http2.responses(1, 250) {
        assert_eq!((response.status, response.reset), (404, None));
    }
    let began = Instant::now();
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "it took {took:?}");
}

/// RFC 9110, section 10.1.1
#[test]
fn a_client_that_expects_100_is_told_to_continue() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"body_mb":1}"#)
        .serve();
    let expect = ("expect", "100-continue");
    for length in [Some("5"), None] {
        let (mut http2, stream) = (Http2::connect(&nano), 1);
        let fields = [
            Some(expect),
            length.map(|length| ("content-length", length)),
        ];
        let fields: Vec<_> = fields.into_iter().flatten().collect();
        http2.request(stream, "POST", "a.test", "/", &fields, false);
        assert_eq!(http2.head(stream), 100);
        http2.data(stream, b"hello", true);
        let response = http2.response(stream);
        assert_eq!(response.status, 200);
        assert!(response.text().contains(r#""text":"hello""#));
    }
    // Who may not send gets a final response instead.
    let mut http2 = Http2::connect(&nano);
    http2.request(
        5,
        "POST",
        "a.test",
        "/",
        &[expect, ("content-length", "2000000")],
        false,
    );
    assert_eq!(http2.head(5), 413);
    http2.request(
        7,
        "POST",
        "nobody.test",
        "/",
        &[expect, ("content-length", "5")],
        false,
    );
    assert_eq!(http2.head(7), 404);
}

/// RFC 9113, section 8.3.1
#[test]
fn a_host_field_that_differs_from_the_authority_is_malformed() {
    let nano = Site::new().app("a", ECHO).app("b", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/", &[("host", "b.test")], true);
    assert_eq!(http2.response(1).status, 400);
    http2.request(3, "GET", "a.test", "/", &[("host", "a.test")], true);
    assert_eq!(http2.response(3).status, 200);
}

#[test]
fn too_many_fields_get_431() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    let names: Vec<_> = (0..101).map(|n| format!("x-{n}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
    http2.request(1, "GET", "a.test", "/", &fields, true);
    let response = http2.response(1);
    assert_eq!(response.status, 431);
    assert!(
        response.text().contains("100 header fields"),
        "{}",
        response.text()
    );
}

#[test]
fn a_stream_that_the_client_resets_is_aborted_and_a_flood_of_them_ends_the_connection() {
    let source = "let aborted = 0;
    export default { async fetch(request) {
        if (new URL(request.url).pathname === '/aborted') return new Response(String(aborted));
        request.signal.addEventListener('abort', () => { aborted++; });
        await new Promise(resolve => setTimeout(resolve, 20000));
        return new Response('late');
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/", &[], true);
    std::thread::sleep(Duration::from_millis(200));
    http2.reset(1);
    crate::support::eventually("request.signal's abort", || {
        (nano.get("a.test", "/aborted").text() == "1").then_some(())
    });
    // CVE-2023-44487
    let began = Instant::now();
    http2.request_and_reset(3, 20_000);
    http2.until_end();
    // Not because it has been idle.
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(nano.get("a.test", "/aborted").status, 200);
}

/// As many clients of a proxy may leave at once.
#[test]
fn streams_that_are_cancelled_together_end_no_other() {
    let source = "export default { async fetch(request) {
        if (request.url.endsWith('/slow')) await new Promise(resolve => setTimeout(resolve, 500));
        return new Response('here');
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut http2 = Http2::connect(&nano);
    http2.request(1, "GET", "a.test", "/slow", &[], true);
    http2.request_and_reset(3, 200);
    let response = http2.response(1);
    assert_eq!((response.status, response.text()), (200, "here"));
    http2.request(1001, "GET", "a.test", "/", &[], true);
    assert_eq!(http2.response(1001).status, 200);
}

/// RFC 9113, section 8.2.1
#[test]
fn values_with_white_space_around_them_are_malformed() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut http2 = Http2::connect(&nano);
    for (stream, value, status) in [(1, " a", 400), (3, "a\t", 400), (5, "a b", 200)] {
        http2.request(stream, "GET", "a.test", "/", &[("x", value)], true);
        assert_eq!(http2.response(stream).status, status, "{value:?}");
    }
}

/// RFC 9113, section 3.4
#[test]
fn a_connection_begins_with_settings() {
    let nano = Site::new().app("a", ECHO).serve();
    for (first, is_served) in [
        // SETTINGS, their acknowledgement, PING, WINDOW_UPDATE
        (&b"\0\0\0\x04\0\0\0\0\0"[..], true),
        (b"\0\0\0\x04\x01\0\0\0\0", false),
        (b"\0\0\x08\x06\0\0\0\0\x0012345678", false),
        (b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01", false),
    ] {
        let mut connection = nano.connect();
        connection.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        connection.write_bytes(first).expect("nano reads");
        if is_served {
            assert_eq!(connection.bytes(4)[3], 4, "the server's SETTINGS");
        } else {
            assert_eq!(connection.rest(), b"", "{first:?}");
        }
    }
}

/// RFC 9113, section 5.4.2
#[test]
fn a_body_that_fails_costs_its_own_stream_only() {
    let source = "export default { fetch(request) {
        const [, what, size] = new URL(request.url).pathname.split('/');
        if (what === 'whole') return new Response('x'.repeat(Number(size)));
        let sent = false;
        return new Response(new ReadableStream({ async pull(c) {
            if (sent || size === '0') {
                await new Promise((r) => setTimeout(r));
                throw new Error('out of ink');
            }
            sent = true;
            c.enqueue(new Uint8Array(Number(size)));
        } }));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut http2 = Http2::connect(&nano);
    http2.widen_connection();
    let mut stream = 1;
    for _ in 0..20 {
        http2.request(stream, "GET", "a.test", "/whole/60000", &[], true);
        for (index, size) in ["0", "1", "1000", "50000"].into_iter().enumerate() {
            let failing = stream + 2 * (index as u32 + 1);
            let path = format!("/failing/{size}");
            http2.request(failing, "GET", "a.test", &path, &[], true);
        }
        let mut responses = http2.responses(stream, 5).into_iter();
        let whole = responses.next().expect("five");
        assert_eq!((whole.status, whole.body.len()), (200, 60_000));
        assert_eq!(whole.reset, None);
        for (failed, size) in responses.zip([0, 1, 1000, 50_000]) {
            assert_eq!((failed.status, failed.body.len()), (200, size));
            // INTERNAL_ERROR
            assert_eq!(failed.reset, Some(2), "{size}");
        }
        stream += 10;
    }
}

/// Pins the departure at `Http2::new`: the code that an error of a connection gets, and the one that RFC 9113 names.
#[test]
fn errors_of_a_connection_end_it_with_a_code() {
    let nano = Site::new().app("a", ECHO).serve();
    let overflow = 0x7fff_ffff_u32.to_be_bytes();
    let window = [0, 4, 0x80, 0, 0, 0];
    for (what, kind, flags, stream, payload, (sent, named)) in [
        ("no field block", 1, 5, 1, &[0xff; 12][..], (1, 9)),
        ("a SETTINGS of 5 bytes", 4, 0, 0, &[0; 5], (1, 6)),
        ("a PING of 7 bytes", 6, 0, 0, &[0; 7], (1, 6)),
        ("a WINDOW_UPDATE of 3 bytes", 8, 0, 0, &[0; 3], (1, 6)),
        ("a frame of 16,385 bytes", 0, 0, 1, &[0; 16_385], (6, 6)),
        ("SETTINGS with a window of 2^31", 4, 0, 0, &window, (1, 3)),
        ("a window past 2^31-1", 8, 0, 0, &overflow, (3, 3)),
    ] {
        let mut http2 = Http2::connect(&nano);
        http2.send(kind, flags, stream, payload);
        assert_eq!(http2.end(), sent, "{what}: {named} by RFC 9113");
    }
}
