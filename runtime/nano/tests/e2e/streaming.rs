//! Bodies that flow.

use std::time::Duration;

use crate::support::{Http2, Site, eventually};

const UPPER: &str = "export default { fetch(request) {
    const decoder = new TextDecoderStream(), encoder = new TextEncoderStream();
    const upper = new TransformStream({
        transform(chunk, controller) { controller.enqueue(chunk.toUpperCase()); },
    });
    return new Response(request.body.pipeThrough(decoder).pipeThrough(upper).pipeThrough(encoder));
} };";

#[test]
fn chunks_flow_both_ways_at_the_same_time() {
    let nano = Site::new().app("a", UPPER).serve();
    let mut connection = nano.connect();
    connection.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (sent, received) in [("one", "ONE"), ("two", "TWO"), ("three", "THREE")] {
        connection.write_chunk(sent);
        if sent == "one" {
            let head = connection.head();
            assert_eq!(head.status, 200);
            assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        }
        assert_eq!(connection.chunk().as_deref(), Some(received.as_bytes()));
    }
    connection.write_chunk("");
    assert_eq!(connection.chunk(), None);
    // The connection goes on.
    connection.write("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\na");
    assert_eq!(connection.response(false).text(), "A");
}

/// A client is told how long the body will be, and that it is not whole where an app does not keep to that.
#[test]
fn a_fixed_length_stream_has_a_content_length() {
    let source = "export default { fetch(request, env, ctx) {
        const { readable, writable } = new FixedLengthStream(300_000);
        const writer = writable.getWriter();
        const chunks = new URL(request.url).pathname === '/' ? 3 : 2;
        ctx.waitUntil((async () => {
            for (let i = 0; i < chunks; i++) await writer.write(new Uint8Array(100_000).fill(97));
            await new Promise((resolve) => setTimeout(resolve, 20));
            await writer.close();
        })().catch(() => {}));
        return new Response(readable, { headers: { 'x-props': Object.keys(ctx.props).length + typeof request.cf } });
    } };";
    let nano = Site::new().app("a", source).serve();
    let response = nano.get("a.test", "/");
    assert_eq!(response.header("content-length"), Some("300000"));
    assert_eq!(response.header("transfer-encoding"), None);
    assert_eq!(response.header("x-props"), Some("0object"));
    assert_eq!(response.text(), "a".repeat(300_000));
    let mut client = nano.connect();
    client.write("GET /short HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(client.head().header("content-length"), Some("300000"));
    assert_eq!(client.rest().len(), 200_000);
}

/// The app sees what it has made, and its client what the header says.
#[test]
fn a_body_is_compressed_where_the_app_wants_that() {
    let source = "export default { async fetch(request) {
        const coding = new URL(request.url).pathname.slice(1);
        const init = { headers: { 'content-encoding': coding, 'content-length': '7' }, encodeBody: 'automatic' };
        const response = new Response('a'.repeat(100_000), init);
        response.headers.set('x-length', (await response.clone().text()).length);
        if (coding === 'gzip') return response.clone();
        if (coding === 'manual') return new Response('plain', { headers: { 'content-encoding': 'gzip' }, encodeBody: 'manual' });
        if (coding === 'null') return new Response(null, init);
        return response;
    } };";
    let nano = Site::new().app("a", source).serve();
    for (coding, begin) in [("gzip", [0x1f, 0x8b]), ("deflate", [0x78, 0x9c])] {
        let response = nano.get("a.test", &format!("/{coding}"));
        assert_eq!(response.header("content-encoding"), Some(coding));
        assert_eq!(response.header("content-length"), None);
        assert_eq!(response.header("x-length"), Some("100000"));
        assert_eq!(response.body[..2], begin);
        assert!(response.body.len() < 1000, "{}", response.body.len());
    }
    assert!(nano.get("a.test", "/br").body.len() < 1000);
    // What nobody knows is nobody's to compress, and what the app has compressed is sent as it is.
    assert_eq!(nano.get("a.test", "/manual").text(), "plain");
    assert!(nano.get("a.test", "/null").body.is_empty());
}

#[test]
fn a_body_in_memory_is_read_whole() {
    let source = "export default { async fetch(request) {
        const text = await request.text();
        return new Response(text.length + ':' + text);
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(nano.post("a.test", "/", "hello").text(), "5:hello");
    assert_eq!(nano.post("a.test", "/", "").text(), "0:");
    let large = "x".repeat(300_000);
    assert_eq!(
        nano.post("a.test", "/", &large).text(),
        format!("300000:{large}")
    );
}

#[test]
fn a_client_that_expects_100_is_told_to_continue() {
    let source = "export default { async fetch(request) {
        return new Response(await request.text());
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write(
        "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(connection.head().status, 100);
    connection.write("ok");
    assert_eq!(connection.response(false).text(), "ok");
}

/// An app that produces for ever, and counts what it was asked for.
const ENDLESS: &str = "let pulled = 0, canceled = false;
export default { fetch(request) {
    if (new URL(request.url).pathname === '/count') return Response.json({ pulled, canceled });
    return new Response(new ReadableStream({
        pull(controller) { pulled++; controller.enqueue(new Uint8Array(65536)); },
        cancel() { canceled = true; },
    }));
} };";

#[test]
fn a_slow_reader_holds_the_app_back() {
    let nano = Site::new().app("a", ENDLESS).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.head().status, 200);
    let count = || {
        let response = nano.get("a.test", "/count");
        let value: serde_json::Value = serde_json::from_str(response.text()).unwrap();
        (
            value["pulled"].as_u64().unwrap(),
            value["canceled"].as_bool().unwrap(),
        )
    };
    // It comes to a halt when the sockets' buffers are full.
    let held = eventually("a halt", || {
        let before = count().0;
        std::thread::sleep(Duration::from_millis(200));
        (count().0 == before && before > 0).then_some(before)
    });
    assert!(
        held < 1000,
        "{held} chunks of 64 KiB were produced for nobody"
    );
    // Reading makes it go on.
    for _ in 0..held {
        assert!(connection.chunk().is_some());
    }
    eventually("more chunks", || (count().0 > held).then_some(()));
    // Going away cancels the stream.
    drop(connection);
    eventually("the stream's cancel()", || count().1.then_some(()));
}

#[test]
fn a_slow_app_holds_the_client_back() {
    let source = "let release; const released = new Promise(resolve => release = resolve);
    export default { async fetch(request) {
        if (new URL(request.url).pathname === '/release') { release(); return new Response('ok'); }
        await released;
        let size = 0;
        for await (const chunk of request.body) size += chunk.byteLength;
        return new Response(String(size));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    let size = 64 << 20;
    connection.write(&format!(
        "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {size}\r\n\r\n"
    ));
    connection.set_timeouts(Duration::from_millis(500));
    let before = nano.resident();
    let block = vec![b'x'; 1 << 20];
    let mut sent = 0;
    while sent < size && connection.write_bytes(&block).is_ok() {
        sent += block.len();
    }
    assert!(
        sent < size,
        "the client could send everything to an app that reads nothing"
    );
    let growth = nano.resident().saturating_sub(before);
    assert!(growth < 32 << 20, "{growth} bytes were buffered");
    // The write that timed out was cut somewhere, so the body is not finished here: the app sees the end.
    drop(connection);
    assert_eq!(nano.get("a.test", "/release").text(), "ok");
}

#[test]
fn a_client_that_leaves_aborts_the_request() {
    let source = "let aborted = false;
    export default { async fetch(request) {
        if (new URL(request.url).pathname === '/aborted') return new Response(String(aborted));
        request.signal.addEventListener('abort', () => { aborted = true; });
        await new Promise(resolve => setTimeout(resolve, 20000));
        return new Response('late');
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    // Another request on the way shows that the first one has arrived.
    assert_eq!(nano.get("a.test", "/aborted").text(), "false");
    std::thread::sleep(Duration::from_millis(100));
    drop(connection);
    eventually("request.signal's abort", || {
        (nano.get("a.test", "/aborted").text() == "true").then_some(())
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_response_aborts_the_request() {
    // Each looks at the signal in another way, and waits for something that does not come.
    let source = "let seen = {};
    const events = (path, signal) => new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode('data: 1\\n\\n')); },
        async pull() {
            if (path === '/late') signal().addEventListener('abort', () => { seen[path] = signal().reason.name; });
            await new Promise(() => {});
        },
        cancel(reason) { seen[path + '-cancel'] = reason.name; },
    });
    export default { async fetch(request) {
        const path = new URL(request.url).pathname;
        if (path === '/seen') return Response.json(seen);
        if (path === '/early') request.signal.onabort = () => { seen[path] = request.signal.reason.name; };
        if (path === '/whole') {
            request.signal.onabort = () => { seen[path] = 'aborted'; };
            return new Response(new ReadableStream({ async start(controller) {
                await 0; controller.enqueue(new Uint8Array(10)); controller.close();
            } }));
        }
        return new Response(events(path, () => request.signal));
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(nano.get("a.test", "/whole").body.len(), 10);
    let mut expected = std::collections::BTreeMap::new();
    for path in ["/early", "/late"] {
        let mut connection = nano.connect();
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(connection.head().status, 200);
        assert!(connection.chunk().is_some());
        drop(connection);
        expected.insert(path.to_owned(), "AbortError".to_owned());
        expected.insert(format!("{path}-cancel"), "AbortError".to_owned());
    }
    let expected = serde_json::to_value(expected).unwrap();
    let mut last = serde_json::Value::Null;
    let done = eventually("request.signal's abort", || {
        last = serde_json::from_str(nano.get("a.test", "/seen").text()).unwrap();
        (last.as_object().unwrap().len() >= 4).then(|| last.clone())
    });
    assert_eq!(done, expected);
}

#[test]
fn a_response_whose_stream_fails_is_cut_off_visibly() {
    let source = "export default { fetch() {
        let sent = false;
        return new Response(new ReadableStream({
            async pull(controller) {
                if (sent) {
                    await new Promise(resolve => setTimeout(resolve, 100));
                    throw new Error('out of ink');
                }
                sent = true;
                controller.enqueue(new TextEncoder().encode('begin'));
            },
        }));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.chunk().as_deref(), Some("begin".as_bytes()));
    // A proper end must not come.
    let end = std::iter::from_fn(|| Some(connection.try_chunk()))
        .find(|chunk| !matches!(chunk, Ok(Some(_))));
    assert!(end.unwrap().is_err());
    nano.app_logged("a", "out of ink");
}

/// What the status is does not depend on who is faster: others do the I/O of a turn that takes 5 ms.
#[test]
fn what_fails_in_the_turn_of_its_response_is_a_500() {
    let source = "const wait = () => { for (const began = Date.now(); Date.now() - began < 50;) ; };
    export default { async fetch(request) {
        const path = new URL(request.url).pathname;
        const stream = (pull) => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
        switch (path) {
            case '/at-once': return stream(() => { wait(); throw new Error('out of ink'); });
            case '/in-microtasks': return stream(async () => {
                for (let i = 0; i < 5; i++) await wait();
                throw new Error('out of ink');
            });
            case '/after-a-while': await new Promise((r) => setTimeout(r)); return stream(() => { wait(); throw new Error('out of ink'); });
            case '/later': return stream(async () => { wait(); await new Promise((r) => setTimeout(r)); throw new Error('out of ink'); });
        }
    } };";
    let nano = Site::new().app("a", source).serve();
    for _ in 0..3 {
        for (path, status) in [
            ("/at-once", 500),
            ("/in-microtasks", 500),
            ("/after-a-while", 500),
            ("/later", 200),
        ] {
            let mut connection = nano.connect();
            connection.write(&format!("GET {path} HTTP/1.1\r\nhost: a.test\r\n\r\n"));
            assert_eq!(connection.head().status, status, "{path}");
            let mut http2 = Http2::connect(&nano);
            http2.request(1, "GET", "a.test", path, &[], true);
            let response = http2.response(1);
            assert_eq!(response.status, status, "{path}");
            // INTERNAL_ERROR
            assert_eq!(response.reset, (status == 200).then_some(2), "{path}");
        }
    }
}

/// Chunks that no copy can be made of, as an app may write them.
const BAD_CHUNKS: [&str; 4] = [
    "new Uint8Array(new SharedArrayBuffer(100))",
    "new Uint8Array(new ArrayBuffer(100, { maxByteLength: 200 }))",
    // There is no room for another one under the limit.
    "large",
    "'text'",
];

#[test]
fn a_response_whose_chunk_cannot_be_taken_fails() {
    for chunk in BAD_CHUNKS {
        let source = format!(
            "export default {{ fetch(request) {{
                const large = new Uint8Array(70e6), first = new Uint8Array(5);
                const early = request.url.endsWith('early');
                return new Response(new ReadableStream({{
                    start(c) {{ if (!early) c.enqueue(first); }},
                    async pull(c) {{ if (!early) await new Promise((r) => setTimeout(r, 50)); c.enqueue({chunk}); }}
                }}));
            }} }};"
        );
        let nano = Site::new().app("a", &source).serve();
        assert_eq!(nano.get("a.test", "/early").status, 500, "{chunk}");
        nano.logged(chunk, |line| {
            line["path"] == "/early" && line["status"] == 500
        });
        let mut client = nano.connect();
        client.write("GET /late HTTP/1.1\r\nhost: a.test\r\n\r\n");
        assert_eq!(client.head().status, 200, "{chunk}");
        assert_eq!(client.chunk().as_deref(), Some(&[0; 5][..]), "{chunk}");
        assert!(client.try_chunk().is_err(), "{chunk}");
        let line = nano.logged(chunk, |line| line["path"] == "/late");
        assert!(line["error"].as_str().is_some(), "{chunk}: {line}");
    }
}

#[test]
fn an_upload_whose_chunk_cannot_be_taken_rejects() {
    let peer = Site::new()
        .app_with(
            "b",
            "export default { async fetch(r) { await r.text(); return new Response('read'); } };",
            r#""hostname":"b.localhost""#,
        )
        .serve();
    for chunk in BAD_CHUNKS {
        let source = format!(
            "export default {{ fetch(request) {{
                const large = new Uint8Array(70e6);
                const body = new ReadableStream({{ pull(c) {{ c.enqueue({chunk}); }} }});
                return fetch('http://b.localhost:{}/', {{ method: 'POST', body, duplex: 'half' }})
                    .then(() => new Response('sent'), (e) => new Response(e.name));
            }} }};",
            peer.port()
        );
        let nano = Site::new()
            .app_with("a", &source, r#""outbound":{"allow":["b.localhost"]}"#)
            .serve();
        assert_eq!(nano.get("a.test", "/").text(), "TypeError", "{chunk}");
    }
}
