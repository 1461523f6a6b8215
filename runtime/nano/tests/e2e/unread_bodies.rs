//! Bodies of requests that an app does not read: they hold neither their connection nor a drain.

use std::time::{Duration, Instant};

use crate::support::{Nano, Site, app_of_forms};

/// More than waits between a connection and an app.
const SIZE: usize = 300_000;

/// Apps that leave a body unread, each in a way of its own. They hold on to their requests: nothing here is collected.
const IGNORES: [(&str, &str); 8] = [
    ("ignores", "return new Response('ok');"),
    ("looks", "request.body; return new Response('ok');"),
    (
        "clones",
        "kept.push(request.clone()); return new Response('ok');",
    ),
    (
        "tees",
        "kept.push(request.body.tee()); return new Response('ok');",
    ),
    (
        "reads-one-chunk",
        "const reader = request.body.getReader(); kept.push(reader);
         await reader.read(); return new Response('ok');",
    ),
    (
        "reads-one-chunk-of-a-clone",
        "const reader = request.clone().body.getReader(); kept.push(reader);
         await reader.read(); return new Response('ok');",
    ),
    (
        "streams",
        "let n = 0;
         return new Response(new ReadableStream({
             async pull(controller) {
                 await new Promise(resolve => setTimeout(resolve, 5));
                 if (n++ < 3) controller.enqueue(new TextEncoder().encode('ok'));
                 else controller.close();
             },
         }));",
    ),
    ("throws", "throw new Error('no');"),
];

fn serve() -> Nano {
    let app = |site: Site, (name, body): &(&str, &str)| {
        let source = format!(
            "const kept = [];
             export default {{ async fetch(request) {{
                 kept.push(request);
                 if (request.method === 'GET') return new Response('next');
                 {body}
             }} }};"
        );
        site.app(name, &source)
    };
    IGNORES.iter().fold(Site::new(), app).serve()
}

fn status(name: &str) -> u16 {
    if name == "throws" { 500 } else { 200 }
}

/// A head in both framings, and a body for each.
fn uploads(name: &str, more: &str) -> [String; 2] {
    let body = "x".repeat(SIZE);
    let head = format!("POST / HTTP/1.1\r\nHost: {name}.test\r\n{more}");
    let chunk = format!("{SIZE:x}\r\n{body}\r\n0\r\n\r\n");
    [
        format!("{head}Content-Length: {SIZE}\r\n\r\n{body}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}"),
    ]
}

#[test]
fn the_next_request_on_the_connection_is_answered() {
    let nano = serve();
    for (name, _) in IGNORES {
        for upload in uploads(name, "") {
            let mut connection = nano.connect();
            for _ in 0..2 {
                connection.write(&upload);
                assert_eq!(connection.response(false).status, status(name), "{name}");
                connection.write(&format!("GET / HTTP/1.1\r\nHost: {name}.test\r\n\r\n"));
                assert_eq!(connection.response(false).text(), "next", "{name}");
            }
        }
    }
}

#[test]
fn a_connection_that_is_to_be_closed_is_closed() {
    let nano = serve();
    for (name, _) in IGNORES {
        for upload in uploads(name, "Connection: close\r\n") {
            let mut connection = nano.connect();
            connection.write(&upload);
            assert_eq!(connection.response(false).status, status(name), "{name}");
            assert_eq!(connection.rest(), b"", "{name}");
        }
    }
}

#[test]
fn a_drain_does_not_wait() {
    let mut nano = serve();
    let mut connections = Vec::new();
    for (name, _) in IGNORES {
        for upload in uploads(name, "") {
            let mut connection = nano.connect();
            connection.write(&upload);
            assert_eq!(connection.response(false).status, status(name), "{name}");
            connections.push(connection);
        }
    }
    let began = Instant::now();
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "it took {took:?}");
    nano.logged("the end", |line| line["message"] == "shut down");
}

/// RFC 9112, section 9.3: a server that does not read the whole body closes the connection.
#[test]
fn a_rest_that_does_not_come_closes_the_connection() {
    let nano = serve();
    for (name, _) in [IGNORES[0], IGNORES[4], IGNORES[7]] {
        let mut connection = nano.connect();
        connection.write(&format!(
            "POST / HTTP/1.1\r\nHost: {name}.test\r\nContent-Length: 10000000\r\n\r\n{}",
            "x".repeat(SIZE)
        ));
        let began = Instant::now();
        assert_eq!(connection.response(false).status, status(name), "{name}");
        assert_eq!(connection.rest(), b"", "{name}");
        assert!(began.elapsed() < Duration::from_secs(15), "{name}");
    }
}

/// As in Workers: what a handler has not read when its response is complete, `waitUntil` cannot read either.
#[test]
fn background_work_cannot_read_on() {
    let source = "export default { fetch(request, env, ctx) {
        ctx.waitUntil((async () => {
            await new Promise(resolve => setTimeout(resolve, 300));
            const size = (await request.arrayBuffer()).byteLength;
            console.log('read', size);
        })().catch(error => console.log('refused:', error.name, error.message)));
        return new Response('ok');
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(nano.post("a.test", "/", "small").text(), "ok");
    nano.app_logged("a", "read 5");
    // Whether all of it has come by then or not.
    for size in [100_000, SIZE] {
        assert_eq!(nano.post("a.test", "/", &"x".repeat(size)).text(), "ok");
        nano.app_logged("a", &format!("refused: TypeError {TOO_LATE}"));
    }
}

/// What an app learns that reads on when its response is complete.
const TOO_LATE: &str =
    "the response is complete: the body of its request can be read only before that";

/// A body that has come, and that somebody reads already when the response is complete, is read to its end: however far whoever
/// reads it has got by then.
#[test]
fn background_work_reads_what_it_has_begun_to() {
    let begin = |reading: &str| {
        format!(
            "await new Promise((resolve) => setTimeout(resolve, 200)); // By then it has come.
            const work = (async () => {{ {reading} }})();
            const name = new URL(request.url).pathname;
            ctx.waitUntil(work.then(
                (text) => console.log(name, 'has read', text.length),
                (error) => console.log(name, 'failed:', error.message),
            ));"
        )
    };
    let forms = [
        ("text", "return request.text();"),
        ("clone", "return request.clone().text();"),
        ("moved", "return new Request('http://c.test/', request).text();"),
        ("again", "return new Response(request.body).text();"),
        ("piped", "return new Response(request.body.pipeThrough(new TransformStream())).text();"),
        (
            "sent",
            "const echo = `http://127.0.0.1:${new URL(request.url).port}/`;
            return (await fetch(echo, { method: 'POST', body: request.body, duplex: 'half' })).text();",
        ),
    ];
    let forms = forms.map(|(name, reading)| (name, begin(reading)));
    let source = app_of_forms(&forms.each_ref().map(|(name, body)| (*name, body.as_str())));
    let echo = "export default { fetch: (request) => new Response(request.body) };";
    let nano = Site::new()
        .app_with("a", &source, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .app_with("echo", echo, r#""hostname":"127.0.0.1""#)
        .serve();
    let body = "x".repeat(100_000);
    let host = format!("a.test:{}", nano.port());
    for (name, _) in &forms {
        assert_eq!(nano.post(&host, &format!("/{name}"), &body).text(), "done");
        nano.app_logged("a", &format!("/{name} has read 100000"));
    }
}

/// What a response is made of is read as long as the response takes.
#[test]
fn a_response_may_be_its_requests_body() {
    const SLOW: &str = "const { readable, writable } = new TransformStream({
        async transform(chunk, controller) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            controller.enqueue(chunk);
        },
    });";
    let piped = format!("{SLOW} request.body.pipeTo(writable); return new Response(readable);");
    let later = format!(
        "{SLOW} (async () => {{ await null; await request.body.pipeTo(writable); }})();
        return new Response(readable);"
    );
    let forms = [
        ("body", "return new Response(request.body);"),
        ("clone", "return new Response(request.clone().body);"),
        ("piped", &piped),
        ("piped_by_a_function_that_nobody_waits_for", &later),
    ];
    let nano = Site::new().app("a", &app_of_forms(&forms)).serve();
    for (name, _) in forms {
        for size in [100_000, SIZE] {
            let body = "x".repeat(size);
            let response = nano.post("a.test", &format!("/{name}"), &body);
            assert!(
                response.text() == body,
                "{name} {size}: {}",
                response.text().len()
            );
        }
    }
}

/// A Request has no body with these methods, so an app could not pass it on.
#[test]
fn a_get_has_no_body_whatever_comes_with_it() {
    let source = "export default { fetch(request) {
        const copy = new Request('http://else.test/', request);
        return Response.json([request.body, copy.body, copy.method]);
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    for _ in 0..2 {
        connection.write("GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello");
        let response = connection.response(false);
        assert_eq!(
            (response.status, response.text()),
            (200, r#"[null,null,"GET"]"#)
        );
    }
}

/// An answer that is stuck while the body of its request is still on its way arrives whole, whatever follows that body.
#[test]
fn what_follows_a_body_does_not_cut_the_answer_that_is_stuck() {
    const LENGTH: usize = 24_000_000; // More than the system holds.
    let streamed = |init: &str| {
        format!(
            "return new Response(new ReadableStream({{ start(controller) {{
                controller.enqueue(new TextEncoder().encode(answer));
                controller.close();
            }} }}), {init});"
        )
    };
    let (streamed, fixed) = (
        streamed("{}"),
        streamed("{ headers: { 'Content-Length': String(LENGTH) } }"),
    );
    let forms = [
        ("whole", "return new Response(answer);"),
        ("fixed", &fixed),
        ("streamed", &streamed),
    ];
    let source = format!(
        "const LENGTH = {LENGTH}, answer = 'A'.repeat(LENGTH);\n{}",
        app_of_forms(&forms)
    );
    let nano = Site::new().app("a", &source).serve();
    for (name, _) in forms {
        let head = format!("POST /{name} HTTP/1.1\r\nHost: a.test\r\n");
        let framings = [
            ("Content-Length: 10\r\n\r\nabcde", "abcde"),
            (
                "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
                "0\r\n\r\n",
            ),
        ];
        for (begin, rest) in framings {
            for next in [
                "",
                "BAD\x01 / HTTP/1.1\r\n\r\n",
                "GET /whole HTTP/1.1\r\nHost: a.test\r\n\r\n",
            ] {
                let mut connection = nano.connect();
                connection.write(&format!("{head}{begin}"));
                std::thread::sleep(Duration::from_millis(300)); // The answer fills what the system holds.
                connection.write(&format!("{rest}{next}"));
                std::thread::sleep(Duration::from_millis(100));
                let answer = connection.response(false);
                assert_eq!(answer.body.len(), LENGTH, "{name} {begin:?} {next:?}");
                assert!(
                    answer.body.iter().all(|&byte| byte == b'A'),
                    "{name} {begin:?} {next:?}"
                );
                // The connection ends, or goes on with an answer to what follows.
                connection.finish();
                let rest = connection.rest();
                assert!(
                    rest.is_empty() || rest.starts_with(b"HTTP/1.1 "),
                    "{name} {begin:?} {next:?}"
                );
            }
        }
    }
}

/// RFC 9112, section 9.3; also where the body of a request that is refused has come unasked.
#[test]
fn a_body_that_is_given_up_closes_the_connection() {
    let nano = Site::new()
        .app("a", "export default { fetch: () => new Response('ok') };")
        .serve();
    let mut connection = nano.connect();
    connection.write(
        "POST / HTTP/1.1\r\nHost: nobody.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    );
    let answer = connection.response(false);
    assert_eq!(answer.status, 404);
    let began = Instant::now();
    assert_eq!(connection.rest(), b"");
    assert!(began.elapsed() < Duration::from_secs(15));
}
