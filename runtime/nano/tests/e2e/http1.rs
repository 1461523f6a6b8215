//! HTTP/1 to the letter: what a client may send, byte by byte, and what it must not get away with.

use crate::support::Site;

const ECHO: &str = "export default { async fetch(request) {
    return new Response(request.method + ' ' + new URL(request.url).pathname + ' ' + await request.text());
} };";
const IGNORES: &str = "export default { fetch(request) {
    return new Response(request.method + ' ' + new URL(request.url).pathname);
} };";

/// Sends requests on one connection; gives the statuses until it is closed.
fn statuses(nano: &crate::support::Nano, text: &str) -> Vec<u16> {
    let mut connection = nano.connect();
    // The connection may be closed before everything is written.
    let _ = connection.write_bytes(text.as_bytes());
    let (rest, end) = connection.until_end();
    assert_ne!(
        end,
        Some(std::io::ErrorKind::WouldBlock),
        "it is not closed: {text:?}"
    );
    let rest = String::from_utf8_lossy(&rest);
    let status = |part: &str| part.get(..3)?.parse().ok();
    rest.split("HTTP/1.1 ").skip(1).filter_map(status).collect()
}

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a.test\r\n";

#[test]
fn malformed_requests_get_400() {
    let nano = Site::new().app("a", ECHO).serve();
    for text in [
        // RFC 9112, section 3.2.3: for CONNECT only.
        "GET a.test HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a.test\r\n\r\n",
        // Section 3.2: exactly one valid Host, whatever the target is.
        "GET http://a.test/ HTTP/1.1\r\n\r\n",
        "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n",
        // No host's name to the URL parser.
        "GET / HTTP/1.1\r\nHost: 1.2.3.4.5\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 256.0.0.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: xn--a.test\r\n\r\n",
    ] {
        let response = nano.send(text);
        assert_eq!(response.status, 400, "{text:?}");
        assert!(response.text().contains("malformed"), "{text:?}");
    }
    // What hyper refuses says why, too.
    let response = nano.send("GET / HTTP/1.1\r\nHost: a.test\r\nBad Name: x\r\n\r\n");
    assert_eq!(response.status, 400);
    assert!(response.text().contains("malformed"), "{}", response.text());
}

#[test]
fn a_client_of_tls_is_told_from_a_malformed_request() {
    let nano = Site::new().app("a", ECHO).serve();
    let hello = "\u{16}\u{3}\u{1}\u{0}\u{5}\u{1}\u{0}\u{0}\u{1}\u{0}";
    assert_eq!(nano.send(&format!("{hello}\r\n\r\n")).status, 400);
    let line = nano.logged("the refusal", |line| line["status"] == 400);
    let message = line["message"].as_str().expect("a text");
    assert!(message.starts_with("a client speaks TLS"), "{message}");
}

/// RFC 9112, section 7.1, and 8: also when an app would answer what it has read, or that it could not read.
#[test]
fn a_malformed_or_cut_body_gets_400_and_ends_the_connection() {
    let nano = Site::new().app("a", ECHO).serve();
    let next = "GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n";
    for body in [
        "x\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n-1\r\n\r\n",
    ] {
        let text = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}{next}");
        assert_eq!(statuses(&nano, &text), [400], "{body:?}");
    }
    for (framing, body) in [
        ("Content-Length: 10", "abc"),
        ("Transfer-Encoding: chunked", "3\r\nabc\r\n"),
    ] {
        let mut connection = nano.connect();
        connection.write(&format!("{HEAD}{framing}\r\n\r\n{body}"));
        std::thread::sleep(std::time::Duration::from_millis(100));
        connection.finish();
        let response = connection.response(false);
        assert_eq!(response.status, 400, "{framing}");
        assert_eq!(response.header("connection"), Some("close"), "{framing}");
    }
    assert_eq!(nano.get("a.test", "/").status, 200);
}

/// RFC 9112, section 6.1 and 7
#[test]
fn transfer_codings() {
    let nano = Site::new().app("a", ECHO).serve();
    let next = "GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let body = "3\r\nabc\r\n0\r\n\r\n";
    for (fields, expected) in [
        ("Transfer-Encoding: chunked", &[200, 200][..]),
        ("Transfer-Encoding: gzip, chunked", &[501]),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            &[501],
        ),
        ("Transfer-Encoding: chunked, chunked", &[400]),
        // Without chunked at the end, nobody knows where the body ends.
        ("Transfer-Encoding: gzip", &[400]),
        ("Transfer-Encoding: chunked, gzip", &[400]),
        // Section 6.3: it may be an attempt at smuggling, and nothing may follow.
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", &[200]),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", &[200]),
    ] {
        let close = if expected.len() == 2 {
            next.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        } else {
            next.to_owned()
        };
        let text = format!("{HEAD}{fields}\r\n\r\n{body}{close}");
        assert_eq!(statuses(&nano, &text), expected, "{fields:?}");
    }
}

/// Hyper reads on where a chunked body ends in a bare LF, and takes the next request for trailers.
#[test]
fn nothing_is_smuggled_behind_a_body_that_has_trailers() {
    let nano = Site::new()
        .app("reads", ECHO)
        .app("ignores", IGNORES)
        .serve();
    for name in ["reads", "ignores"] {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {name}.test\r\n\r\n");
        let post =
            format!("POST / HTTP/1.1\r\nHost: {name}.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for end in ["0\r\n\n", "0\r\nX: y\r\n\n", "0\r\nX: y\r\n\r\n"] {
            for size in [3, 300_000] {
                let chunk = format!("{size:x}\r\n{}\r\n", "x".repeat(size));
                let text = format!("{post}{chunk}{end}{}{}", get("/swallowed"), get("/third"));
                assert_eq!(statuses(&nano, &text), [200], "{name} {size} {end:?}");
            }
        }
    }
}

/// A client that has sent its request may close its half, and waits for the answer.
#[test]
fn a_half_closed_client_is_answered() {
    let source = "export default { async fetch(request) {
        const text = await request.text();
        await new Promise(resolve => setTimeout(resolve, 300));
        if (text !== 'stream') return new Response('late ' + text);
        let n = 0;
        return new Response(new ReadableStream({ async pull(controller) {
            await new Promise(resolve => setTimeout(resolve, 200));
            if (n++ < 10) controller.enqueue(new Uint8Array(100000)); else controller.close();
        } }));
    } };";
    let nano = Site::new().app("a", source).serve();
    for (request, length) in [
        ("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 5),
        (
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc",
            8,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nstream",
            1_000_000,
        ),
    ] {
        let mut connection = nano.connect();
        connection.write(request);
        connection.finish();
        assert_eq!(connection.response(false).body.len(), length, "{request:?}");
        assert_eq!(connection.rest(), b"");
    }
}

/// The end of what it sends lies behind a body that its app does not read, and hyper reads no further.
#[test]
#[cfg(target_os = "linux")]
fn a_client_that_leaves_behind_an_unread_body_is_noticed() {
    let source = "const kept = [];
    export default { fetch(request) {
        // What nobody can read any more is dropped.
        kept.push(request);
        const name = new URL(request.url).pathname;
        return new Response(new ReadableStream({
            start(controller) { kept.push(controller); },
            cancel() { console.log(`${name} is cancelled`); },
        }));
    } };";
    // More than waits for an app and in hyper (256 and some of 64 KiB), and less than the system takes beside that in any case (64 KiB):
    // behind more, the end would wait at the client.
    const SIZE: usize = 335_000;
    let nano = Site::new().app("a", source).serve();
    let clients = ["/half", "/whole", "/there"].map(|name| {
        let mut connection = nano.connect();
        connection.write(&format!(
            "POST {name} HTTP/1.1\r\nHost: a.test\r\nContent-Length: {SIZE}\r\n\r\n{}",
            "x".repeat(SIZE)
        ));
        assert_eq!(connection.head().status, 200);
        connection
    });
    let [half, whole, mut there] = clients;
    half.finish();
    drop(whole);
    nano.app_logged("a", "/half is cancelled");
    nano.app_logged("a", "/whole is cancelled");
    // Who is there is not given up.
    there.set_timeouts(std::time::Duration::from_millis(100));
    assert_eq!(there.until_end().1, Some(std::io::ErrorKind::WouldBlock));
}

/// Nothing is sent yet in the turn that a response is made in. Later the connection ends before the body looks whole.
#[test]
fn a_stream_of_another_length_than_stated_is_no_response_or_cut_off() {
    let source = "export default { fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        const parts = searchParams.get('parts').split(',').filter((part) => part !== '');
        const stream = new ReadableStream({ async pull(controller) {
            if (pathname === '/later') await new Promise((r) => setTimeout(r, 5));
            const part = parts.shift();
            part ? controller.enqueue(new TextEncoder().encode(part)) : controller.close();
        } }, { highWaterMark: 0 });
        return new Response(stream, { headers: { 'content-length': searchParams.get('length') } });
    } };";
    let nano = Site::new().app("a", source).serve();
    for (parts, length, says) in [
        ("ab,c", 30, "less"),
        ("", 5, "less"),
        ("hello", 3, "more"),
        ("he,llos", 4, "more"),
    ] {
        let query = format!("?parts={parts}&length={length}");
        let said = |path: &str| {
            let error = format!("{says} than the {length} bytes");
            nano.logged(&query, |line| {
                line["path"] == path && line["error"].to_string().contains(&error)
            });
        };
        let mut connection = nano.connect();
        connection.write(&format!("GET /now{query} HTTP/1.1\r\nhost: a.test\r\n\r\n"));
        assert_eq!(connection.response(false).status, 500, "{query}");
        said("/now");
        // The connection is as good as before.
        connection.write("GET /now?parts=ab,c&length=3 HTTP/1.1\r\nhost: a.test\r\n\r\n");
        assert_eq!(connection.response(false).text(), "abc");
        connection.write(&format!(
            "GET /later{query} HTTP/1.1\r\nhost: a.test\r\n\r\n"
        ));
        let (received, _) = connection.until_end();
        let text = String::from_utf8(received).expect("text");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{query}: {text}");
        let (_, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(body.len() < length, "{query}: {text}");
        said("/later");
    }
    // What is behind a body that is whole comes too late; the app is told.
    let mut connection = nano.connect();
    connection.write("GET /later?parts=hel,lo&length=3 HTTP/1.1\r\nhost: a.test\r\n\r\n");
    assert_eq!(connection.response(false).text(), "hel");
    nano.app_logged("a", "the body has more than the 3 bytes");
}

/// The connection's end is the end of a body without a length, so it must not look like one.
#[test]
fn a_failed_stream_ends_in_a_reset_for_http_1_0() {
    let source = "export default { fetch() {
        let n = 0;
        return new Response(new ReadableStream({ async pull(controller) {
            await new Promise(resolve => setTimeout(resolve, 100));
            if (n++ > 0) throw new Error('out of ink');
            controller.enqueue(new TextEncoder().encode('begin'));
        } }));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n");
    let (received, end) = connection.until_end();
    let text = String::from_utf8(received).expect("text");
    assert!(text.starts_with("HTTP/1.0 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nbegin"), "{text}");
    assert_eq!(end, Some(std::io::ErrorKind::ConnectionReset));
    nano.app_logged("a", "out of ink");
}

#[test]
fn http_1_0_keeps_a_connection_when_asked() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut connection = nano.connect();
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.0\r\nHost: a.test\r\n{more}\r\n");
    connection.write(&get("/1", "Connection: keep-alive\r\n"));
    connection.write(&get("/2", ""));
    let (received, end) = connection.until_end();
    let text = String::from_utf8(received).expect("text");
    assert_eq!(text.matches("HTTP/1.0 200 OK\r\n").count(), 2, "{text}");
    assert!(
        text.contains("GET /1 ") && text.ends_with("GET /2 "),
        "{text}"
    );
    assert_eq!(end, None);
}

/// RFC 9112, section 9.3: what ends with the connection says so.
#[test]
fn http_1_0_keeps_no_connection_for_a_body_without_a_length() {
    let source = "export default { fetch() {
        return new Response(new ReadableStream({ async pull(controller) {
            await new Promise(resolve => setTimeout(resolve, 50));
            controller.enqueue(new TextEncoder().encode('all'));
            controller.close();
        } }));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n");
    let (received, end) = connection.until_end();
    let text = String::from_utf8(received).expect("text");
    assert!(text.ends_with("\r\n\r\nall"), "{text}");
    assert!(!text.contains("keep-alive"), "{text}");
    assert_eq!(end, None);
}

/// RFC 9110, section 8.6
#[test]
fn head_passes_on_no_length_that_is_none() {
    let source = "export default { fetch(request) {
        return new Response(null, { headers: { 'content-length': new URL(request.url).searchParams.get('l') } });
    } };";
    let nano = Site::new().app("a", source).serve();
    for (stated, sent) in [
        ("12", Some("12")),
        ("abc", None),
        ("-1", None),
        ("1.5", None),
    ] {
        let head = nano.send(&format!(
            "HEAD /?l={stated} HTTP/1.1\r\nHost: a.test\r\n\r\n"
        ));
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-length"), sent, "{stated}");
    }
}

/// RFC 9110, section 10.1.1: a final response instead of the invitation.
#[test]
fn who_expects_100_and_may_not_send_is_not_invited() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"body_mb":1}"#)
        .serve();
    let mut connection = nano.connect();
    connection.write(&format!(
        "{HEAD}Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
    ));
    assert_eq!(connection.head().status, 413);
}

#[test]
fn too_many_fields_get_431_that_says_how_many_are_allowed() {
    let nano = Site::new().app("a", ECHO).serve();
    let with = |count: usize| {
        let fields: String = (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect();
        nano.send(&format!("GET / HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n"))
    };
    // One more is `Host`.
    assert_eq!(with(99).status, 200);
    for count in [100, 1000] {
        let refused = with(count);
        assert_eq!(refused.status, 431);
        assert!(
            refused.text().contains("100 header fields"),
            "{}",
            refused.text()
        );
    }
    nano.logged("431", |line| line["status"] == 431 && line["fields"] == 100);
}

#[test]
fn a_response_with_too_many_fields_costs_nobody_else_anything() {
    let source = "export default { fetch(request) {
        const headers = new Headers();
        const [count, size] = new URL(request.url).pathname.slice(1).split('-').map(Number);
        for (let n = 0; n < count; n++) headers.append('x-' + n, 'v'.repeat(size));
        return new Response('many', { headers });
    } };";
    let nano = Site::new().app("many", source).app("b", IGNORES).serve();
    let get = |host: &str, path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(nano.get("many.test", "/5000-1").status, 200);
    for path in ["/30000-1", "/2-1000000"] {
        let mut connection = nano.connect();
        connection.write(&(get("many.test", path) + &get("b.test", "/next")));
        assert_eq!(connection.response(false).status, 500, "{path}");
        assert_eq!(connection.response(false).text(), "GET /next", "{path}");
    }
    nano.app_logged("many", "30001 header fields, more than 10000");
    nano.app_logged("many", "bytes, more than 1048576");
}

/// What the connection itself refuses has what every answer has: a date (RFC 9110, section 6.6.1), and an id that leads to the log.
#[test]
fn refusals_have_a_date_and_an_id() {
    let nano = Site::new()
        .top(r#""clients":{"head_ms":1000}"#)
        .app("a", ECHO)
        .serve();
    let many = "x: y\r\n".repeat(101);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nbad field\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\nHost: a.test\r\n{many}\r\n"), 431),
        ("GET / HTTP/1.1\r\nHost: a.te".to_owned(), 408),
        // DEPARTURE: RFC 9110, section 2.5
        ("GET / HTTP/1.2\r\nHost: a.test\r\n\r\n".to_owned(), 400),
        // DEPARTURE: it is the body that is too large.
        (
            format!(
                "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {}\r\n\r\n",
                u64::MAX
            ),
            431,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 18446744073709551616\r\n\r\n"
                .to_owned(),
            400,
        ),
    ] {
        let response = nano.send(&request);
        assert_eq!(response.status, status, "{request}");
        let date = response.header("date").expect("a date");
        assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
        let id = response.header("x-request-id").expect("an id").to_owned();
        assert!(response.text().contains(&id), "{}", response.text());
        nano.logged("its line", |line| {
            line["request_id"] == id.as_str() && line["status"] == status
        });
    }
    // A body that is too large for anybody.
    let length = u64::MAX - 2;
    let response = nano.send(&format!(
        "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\r\n"
    ));
    assert_eq!(response.status, 413);
}
