//! What one request or one app may use, and that others do not notice.

use std::time::{Duration, Instant};

use crate::support::Site;

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

const READS: &str = "export default { async fetch(request) {
    return new Response(String((await request.text()).length));
} };";

#[test]
fn bodies_that_are_too_large_get_413() {
    let nano = Site::new()
        .app_with("a", READS, r#""limits":{"body_mb":1}"#)
        .serve();
    let limit = 1 << 20;
    assert_eq!(
        nano.post("a.test", "/", &"x".repeat(limit)).text(),
        limit.to_string()
    );
    // By what it says; the body need not be sent.
    let mut connection = nano.connect();
    let length = limit + 1;
    connection.write(&format!(
        "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {length}\r\n\r\n"
    ));
    let response = connection.response(false);
    assert_eq!(response.status, 413);
    assert!(response.text().contains("too large"), "{}", response.text());
    // By what it sends.
    let mut connection = nano.connect();
    connection.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = "x".repeat(1 << 16);
    for _ in 0..17 {
        connection.write_chunk(&chunk);
    }
    assert_eq!(connection.response(false).status, 413);
    nano.app_logged("a", "the request's body is larger than 1048576 bytes");
    assert_eq!(nano.post("a.test", "/", "x").text(), "1");
}

#[test]
fn heads_that_are_too_large_get_431() {
    let nano = Site::new().app("a", NEIGHBOUR).serve();
    let large = "x".repeat(100 << 10);
    let mut connection = nano.connect();
    // The answer may come, and the connection close, before everything is written.
    let _ = connection.write_bytes(
        format!("GET / HTTP/1.1\r\nHost: a.test\r\nX-Large: {large}\r\n\r\n").as_bytes(),
    );
    assert_eq!(connection.response(false).status, 431);
    nano.logged("431", |line| {
        line["status"] == 431 && line["limit"] == 65536
    });
    let fits = "x".repeat(16 << 10);
    let response = nano.send(&format!(
        "GET / HTTP/1.1\r\nHost: a.test\r\nX-Large: {fits}\r\n\r\n"
    ));
    assert_eq!(response.status, 200);
}

#[test]
fn too_many_requests_in_flight_get_503() {
    let source = "let release; const released = new Promise(resolve => release = resolve);
    export default { async fetch(request) {
        if (new URL(request.url).pathname === '/release') release();
        await released;
        return new Response('done');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"in_flight":2}"#)
        .app("b", NEIGHBOUR)
        .serve();
    let mut first = nano.connect();
    first.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    // Until the first one is in, the second one may be.
    nano.app_logged("a", "app started");
    std::thread::sleep(Duration::from_millis(300));
    let mut second = nano.connect();
    second.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    let refused = nano.get("a.test", "/");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(nano.get("b.test", "/").text(), "here");
    nano.app_logged("a", "has 2 requests in flight, its limit");
    drop(first);
    let released = crate::support::eventually("room", || {
        let response = nano.get("a.test", "/release");
        (response.status == 200).then_some(response)
    });
    assert_eq!(released.text(), "done");
    assert_eq!(second.response(false).text(), "done");
}

#[test]
fn an_answer_that_does_not_come_gets_504() {
    let source = "export default { async fetch(request) {
        if (new URL(request.url).pathname === '/fast') return new Response('fast');
        await new Promise(resolve => setTimeout(resolve, 60000));
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"wall_ms":300}"#)
        .serve();
    assert_eq!(nano.get("a.test", "/fast").text(), "fast");
    let began = Instant::now();
    let response = nano.get("a.test", "/slow");
    assert_eq!(response.status, 504);
    assert!(began.elapsed() >= Duration::from_millis(300));
    nano.app_logged(
        "a",
        "the app did not answer within 300 ms, its wall_ms limit",
    );
    assert_eq!(nano.get("a.test", "/fast").text(), "fast");
}

#[test]
fn endless_loops_end_with_503_and_the_app_serves_on() {
    let source = r#"const forms = {
        while() { while (true) {} },
        for() { for (let i = 0; ; i++) i % 2; },
        dowhile() { let i = 0; do { i ^= 1 } while (true); },
        recursion() { const f = n => { if (n > 0) { f(n - 1); f(n - 1); } }; f(10000); },
        regexp() { /^(a+)+$/.test('a'.repeat(64) + 'b'); },
        array() { for (;;) [3, 1, 2].sort((a, b) => a - b); },
        async microtasks() { for (;;) await null; },
        catch() { for (;;) { try { for (;;) {} } catch {} } },
        finally() { try { for (;;) {} } finally { for (;;) {} } },
        getter() { const o = { get x() { for (;;) {} } }; return o.x; },
        json() { JSON.stringify({ toJSON() { for (;;) {} } }); },
        generator() { for (const _ of (function* () { for (;;) yield 1; })()) ; },
    };
    export default { async fetch(request) {
        const form = new URL(request.url).pathname.slice(1);
        if (form === 'names') return Response.json(Object.keys(forms));
        if (form) await forms[form]();
        return new Response('fine');
    } };"#;
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"cpu_ms":200}"#)
        .app("b", NEIGHBOUR)
        .serve();
    let names: Vec<String> =
        serde_json::from_str(nano.get("a.test", "/names").text()).expect("names");
    for form in names {
        let mut looping = nano.connect();
        looping.write(&format!("GET /{form} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(nano.get("b.test", "/").text(), "here", "during {form}");
        let response = looping.response(false);
        assert_eq!(response.status, 503, "{form}: {}", response.text());
        let id = response
            .header("x-request-id")
            .expect("a request id")
            .to_owned();
        let line = nano.logged(&id, |line| {
            line["request_id"] == id.as_str() && line["status"] == 503
        });
        assert!(
            line["error"].as_str().unwrap().contains("CPU limit"),
            "{line}"
        );
        let after = crate::support::eventually(&form, || {
            let response = nano.get("a.test", "/");
            (response.status == 200).then_some(response)
        });
        assert_eq!(after.text(), "fine", "after {form}");
    }
}

#[test]
fn an_app_that_takes_all_memory_is_replaced() {
    let source = "export default { async fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/push': { const a = []; while (1) a.push(new Array(100).fill(a.length)); }
            case '/string': { let s = 'x'; while (1) { s = s + s + '!'; s.charCodeAt(0); } }
            case '/buffer': {
                try { new ArrayBuffer(1 << 30); return new Response('allocated'); }
                catch (error) { return new Response(error.name); }
            }
            case '/buffers': { const a = []; while (1) a.push(new ArrayBuffer(1 << 20)); }
        }
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .app("b", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "fine");
    let before = nano.resident();
    let push = nano.get("a.test", "/push");
    assert_eq!(push.status, 503, "{}", push.text());
    nano.app_logged("a", "memory limit of 64 MB");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let fine = || {
        let response = crate::support::eventually("a new instance", || {
            let response = nano.get("a.test", "/");
            (response.status == 200).then_some(response)
        });
        assert_eq!(response.text(), "fine");
    };
    fine();
    // One huge buffer is an exception that the app can handle, or the end of the instance; never of the process.
    let buffer = nano.get("a.test", "/buffer");
    match buffer.status {
        200 => assert_eq!(buffer.text(), "RangeError"),
        status => assert_eq!(status, 503),
    }
    fine();
    // Here the engine has the choice, too: a RangeError that nobody catches (500), or the end (503).
    for path in ["/buffers", "/string"] {
        let status = nano.get("a.test", path).status;
        assert!(matches!(status, 500 | 503), "{path}: {status}");
        fine();
    }
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let growth = nano.resident().saturating_sub(before);
    assert!(growth < 200 << 20, "{growth} bytes stayed");
}
