//! What one request or one app may use, and that others do not notice.

use std::time::{Duration, Instant};

use crate::support::admin::{ask, serve_as};
use crate::support::{Site, eventually};

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

const READS: &str = "export default { async fetch(request) {
    return new Response(String((await request.text()).length));
} };";

#[test]
fn bodies_that_are_too_large_get_413() {
    let nano = Site::new()
        .app_with("a", READS, r#""limits":{"body_mb":1}"#)
        .app("b", NEIGHBOUR)
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
    assert_eq!(nano.get("b.test", "/").text(), "here");
}

/// Answers with as many bytes as it is asked for, at once or as a stream that says that it was cancelled.
const WRITES: &str = "export default { fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    let left = Number(searchParams.get('bytes'));
    if (pathname === '/whole') return new Response('x'.repeat(left));
    return new Response(new ReadableStream({
        pull(controller) {
            const chunk = new Uint8Array(Math.min(left, 65536)).fill(120);
            if (left === 0) return controller.close();
            left -= chunk.length;
            controller.enqueue(chunk);
        },
        cancel() { console.log('cancelled'); },
    }));
} };";

#[test]
fn responses_that_are_too_large_are_not_sent_or_cut_off() {
    let calls = "export default { async fetch(request, env) {
        const response = await env.A.fetch(request);
        return new Response(await response.text().then(text => text.length, String));
    } };";
    let binding = r#""env":{"A":{"type":"service","app":"a"}}"#;
    let site = Site::new()
        .app_with("a", WRITES, r#""limits":{"response_mb":1}"#)
        .app_with("b", calls, binding);
    let nano = site.serve_with(&["--dev"]);
    let limit = 1 << 20;
    for path in ["/whole", "/stream"] {
        let path = |bytes: usize| format!("{path}?bytes={bytes}");
        assert_eq!(nano.get("a.test", &path(limit)).text().len(), limit);
        let fits = nano.get("b.test", &path(limit));
        assert_eq!(fits.text(), limit.to_string());
    }
    let page = nano.get("a.test", &format!("/whole?bytes={}", limit + 1));
    assert_eq!(page.status, 500);
    assert!(page.text().contains("larger than 1048576 bytes"));
    let over = format!("bytes={}", 2 * limit);
    let mut connection = nano.connect();
    connection.write(&format!(
        "GET /stream?{over} HTTP/1.1\r\nHost: a.test\r\n\r\n"
    ));
    assert_eq!(connection.head().status, 200);
    let (sent, _) = connection.until_end();
    assert!(!sent.ends_with(b"\r\n0\r\n\r\n") && sent.len() > limit / 2);
    nano.app_logged("a", "cancelled");
    let called = nano.get("b.test", &format!("/stream?{over}"));
    assert!(called.text().contains("larger than 1048576 bytes"));
    for status in [500, 200] {
        nano.logged("the limit", |line| {
            line["app"] == "a" && line["status"] == status && line["limit"] == "response_mb"
        });
    }
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
fn who_would_wait_behind_too_many_gets_503() {
    let source = "await new Promise(resolve => setTimeout(resolve, 1000));
    export default { fetch(request) {
        const time = Number(new URL(request.url).searchParams.get('work'));
        for (const end = Date.now() + time; Date.now() < end;);
        return new Response('done');
    } };";
    let site = Site::new()
        .app_with("a", source, r#""start":"lazy","limits":{"queue":2}"#)
        .app("b", NEIGHBOUR)
        .top(r#""prepared":0"#);
    let (nano, admin) = serve_as(site, |command| {
        command.arg("--dev");
    });
    let send = |path: &str| {
        let mut connection = nano.connect();
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        connection
    };
    let fill = || {
        let waiting = ["/1", "/2"].map(send);
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let refused = nano.get("a.test", "/3");
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(
            refused.text().contains("Limit: queue\n"),
            "{}",
            refused.text()
        );
        assert!(began.elapsed() < Duration::from_millis(500));
        assert_eq!(nano.get("b.test", "/").text(), "here");
        waiting
    };
    // For its start.
    for mut connection in fill() {
        assert_eq!(connection.response(false).text(), "done");
    }
    // For the end of a turn.
    let mut works = send("/?work=2000");
    std::thread::sleep(Duration::from_millis(300));
    for mut connection in fill() {
        assert_eq!(connection.response(false).text(), "done");
    }
    assert_eq!(works.response(false).text(), "done");
    let line = nano.logged("the limit", |line| {
        line["app"] == "a" && line["status"] == 503 && line["limit"] == "queue"
    });
    let error = line["error"].to_string();
    assert!(
        error.contains("2 requests wait for an instance of the app"),
        "{line}"
    );
    let metrics = ask(admin, "GET", "/metrics");
    let series = "nano_limit_hits_total{app=\"a\",limit=\"queue\"} 2\n";
    assert!(metrics.text().contains(series), "{}", metrics.text());
}

#[test]
fn a_request_has_so_much_cpu_time_for_all_of_its_turns() {
    let source = "const spin = () => { for (const end = Date.now() + 20; Date.now() < end;); };
    export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        do {
            spin();
            await new Promise(resolve => setTimeout(resolve));
        } while (pathname === '/burn');
        return new Response('done');
    } };";
    let site = Site::new()
        .app_with("a", source, r#""limits":{"request_cpu_ms":200}"#)
        .app("b", NEIGHBOUR);
    let (nano, admin) = serve_as(site, |command| {
        command.arg("--dev");
    });
    for _ in 0..20 {
        assert_eq!(nano.get("a.test", "/").text(), "done");
    }
    let page = nano.get("a.test", "/burn");
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(
        page.text().contains("Limit: request_cpu_ms\n"),
        "{}",
        page.text()
    );
    nano.logged("the limit", |line| {
        line["app"] == "a" && line["status"] == 503 && line["limit"] == "request_cpu_ms"
    });
    nano.app_logged("a", "passed its CPU limit of 200 ms for one request");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    eventually("another instance", || {
        (nano.get("a.test", "/").status == 200).then_some(())
    });
    let metrics = ask(admin, "GET", "/metrics");
    for series in [
        "nano_limit_hits_total{app=\"a\",limit=\"request_cpu_ms\"} 1\n",
        "nano_instance_ends_total{app=\"a\",reason=\"request_cpu_ms\"} 1\n",
    ] {
        assert!(metrics.text().contains(series), "{}", metrics.text());
    }
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
    // The time that a start takes counts, too, and a busy machine takes it.
    nano.app_logged("a", "app started");
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
