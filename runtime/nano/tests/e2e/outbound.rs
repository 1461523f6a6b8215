//! What an app's own requests to other servers may take, and what the app and its neighbours notice of it.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Http2, Site, limit};

/// A server that answers every request with the same bytes, which it sends as far as the client takes them.
pub(crate) struct Peer {
    pub(crate) port: u16,
    pub(crate) open: Arc<AtomicUsize>,
    /// The most connections that there were at a time.
    most: Arc<AtomicUsize>,
}

impl Peer {
    pub(crate) fn start(response: Vec<u8>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let peer = Peer {
            port,
            open: Arc::default(),
            most: Arc::default(),
        };
        let (open, most, response) = (peer.open.clone(), peer.most.clone(), Arc::new(response));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (open, response) = (open.clone(), response.clone());
                std::thread::spawn(move || {
                    answer(stream.expect("a connection"), &response);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        peer
    }

    /// With a body of so many bytes.
    pub(crate) fn of_size(size: usize) -> Peer {
        let mut response =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n").into_bytes();
        response.resize(response.len() + size, b'x');
        Peer::start(response)
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Answers heads until the client hangs up.
fn answer(mut stream: TcpStream, response: &[u8]) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
        while let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            read.drain(..end + 4);
            if stream.write_all(response).is_err() {
                return;
            }
        }
    }
}

/// A server that says nothing, and knows how many connections it has.
pub(crate) fn silent() -> Peer {
    Peer::start(Vec::new())
}

pub(crate) const ALLOW: &str = r#""outbound":{"allow":["127.0.0.1"]}"#;

#[test]
fn unread_answers_have_a_bound() {
    let peer = Peer::of_size(1_000_000);
    let source = format!(
        "export default {{ async fetch() {{
            for (let i = 0; i < 100; i++) await fetch('http://127.0.0.1:{}/');
            return new Response('done');
        }} }};",
        peer.port
    );
    let fields = format!(r#"{ALLOW},"limits":{{"outbound_connections":20,"wall_ms":60000}}"#);
    let nano = Site::new().app_with("a", &source, &fields).serve();
    assert_eq!(nano.get("a.test", "/").text(), "done");
    // The peer learns of an end later than we do, on a busy machine some connections later.
    assert!(peer.most() <= 50, "{} connections", peer.most());
}

/// A connection, and what its server knows of it, is one app's.
#[test]
fn connections_are_one_apps_only() {
    let peer = Peer::of_size(5);
    let source = format!(
        "export default {{ async fetch() {{ return new Response(await (await fetch('http://127.0.0.1:{}/')).text()); }} }};",
        peer.port
    );
    let nano = Site::new()
        .app_with("a", &source, ALLOW)
        .app_with("b", &source, ALLOW)
        .serve();
    for (app, connections) in [("a", 1), ("a", 1), ("b", 2), ("a", 2), ("b", 2)] {
        assert_eq!(nano.get(&format!("{app}.test"), "/").text(), "xxxxx");
        assert_eq!(peer.most(), connections, "{app}");
    }
}

/// Catches a policy that is not the defaults', or is not asked: of names before they are looked up, too.
#[test]
fn without_public_hosts_an_app_reaches_only_what_is_named() {
    let peer = Peer::of_size(5);
    let own = format!("http://127.0.0.1:{}", peer.port);
    let source = format!(
        "const hosts = {{ own: '{own}', public: 'http://93.184.215.14', name: 'http://elsewhere.invalid', local: 'http://127.0.0.2' }};
        export default {{ async fetch(request) {{
            const host = hosts[new URL(request.url).pathname.slice(1)];
            return new Response(await fetch(host).then((answer) => answer.text(), (error) => error.message));
        }} }};"
    );
    let named = format!(r#""outbound":{{"allow":["127.0.0.1:{}"]}}"#, peer.port);
    let nano = Site::new()
        .top(r#""defaults":{"outbound":{"public":false,"allow":["*.example.com"]}}"#)
        .app("none", &source)
        .app_with("one", &source, &named)
        .serve();
    let said = |app: &str, path: &str| nano.get(&format!("{app}.test"), path).text().to_owned();
    for (app, path, expected) in [
        ("none", "/own", "is a loopback address"),
        (
            "none",
            "/public",
            "93.184.215.14:80 is none of the hosts that this app may reach",
        ),
        ("none", "/name", "elsewhere.invalid:80 is none of the hosts"),
        ("one", "/own", "xxxxx"),
        ("one", "/public", "93.184.215.14:80 is none of the hosts"),
        ("one", "/local", "is a loopback address"),
    ] {
        let said = said(app, path);
        assert!(said.contains(expected), "{app}{path}: {said}");
    }
}

#[test]
fn answers_that_are_held_unread_leave_descriptors_to_listeners() {
    let peer = Peer::of_size(1_000_000);
    let source = format!(
        "const held = [];
        export default {{ fetch(request, env, ctx) {{
            for (let i = 0; i < 300; i++) {{
                ctx.waitUntil(fetch('http://127.0.0.1:{}/').then((r) => held.push(r), () => {{}}));
            }}
            return new Response('started');
        }} }};",
        peer.port
    );
    let nano = Site::new()
        .app_with("a", &source, ALLOW)
        .app("b", "export default { fetch: () => new Response('here') };")
        .serve_as(|command| {
            limit(command, libc::RLIMIT_NOFILE, 200);
        });
    assert_eq!(nano.get("a.test", "/").text(), "started");
    // Of 200 descriptors, 100 may go to other servers, and a quarter of those to one app. It may have 256 connections.
    crate::support::eventually("the app's connections", || {
        (peer.open.load(Ordering::SeqCst) >= 25).then_some(())
    });
    for _ in 0..20 {
        assert_eq!(nano.get("b.test", "/").text(), "here");
    }
    assert_eq!(peer.most(), 25);
}

/// What only the runtime's own scripts call is in no message.
#[test]
fn a_body_that_is_cut_short_is_an_error_without_internals() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx");
            // Not with the head.
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    let source = format!(
        "export default {{ async fetch(request) {{
            const response = await fetch('http://127.0.0.1:{port}/');
            const read = {{
                '/text': () => response.text(),
                '/stream': async () => {{ for await (const chunk of response.body); }},
            }}[new URL(request.url).pathname];
            return new Response(await read().catch(String));
        }} }};"
    );
    let nano = Site::new().app_with("a", &source, ALLOW).serve();
    let messages = ["/text", "/stream"].map(|path| nano.get("a.test", path).text().to_owned());
    assert!(messages[0].starts_with("TypeError: "), "{}", messages[0]);
    assert_eq!(messages[0], messages[1]);
}

#[test]
fn too_many_header_fields_are_an_error_of_the_app() {
    let peer = Peer::of_size(2);
    let source = format!(
        "export default {{ async fetch(request) {{
            const headers = new Headers();
            for (let i = 0; i < 30_000; i++) headers.append('x-' + i, '1');
            return fetch('http://127.0.0.1:{}/', {{ headers }})
                .then(() => new Response('sent'), (e) => new Response(`${{e.name}}: ${{e.message}}`));
        }} }};",
        peer.port
    );
    let nano = Site::new().app_with("a", &source, ALLOW).serve();
    let text = nano.get("a.test", "/").text().to_owned();
    assert!(text.starts_with("TypeError: fetch failed: "), "{text}");
    assert!(text.contains("30000 header fields"), "{text}");
}

/// Fetches `/silent` and `/good` from these servers, by its own path; what it learns of the first goes into the log.
fn client_of(silent: &Peer, good: &Peer) -> String {
    format!(
        "export default {{ async fetch(request, env, ctx) {{
            const path = new URL(request.url).pathname;
            const silent = () => fetch('http://127.0.0.1:{}/').catch((e) => console.log(`${{path}}: ${{e.name}}`));
            if (path === '/good') return fetch('http://127.0.0.1:{}/');
            if (path === '/wait') await silent();
            if (path === '/leave') silent();
            if (path === '/background') ctx.waitUntil(silent());
            return new Response('answered');
        }} }};",
        silent.port, good.port
    )
}

#[test]
fn a_fetch_ends_with_the_request_that_it_is_made_for() {
    let (silent, good) = (silent(), Peer::of_size(5));
    let fields = format!(r#"{ALLOW},"limits":{{"outbound_connections":1,"wall_ms":1000}}"#);
    let nano = Site::new()
        .app_with("a", &client_of(&silent, &good), &fields)
        .serve();
    let is_free = |after: &str| {
        crate::support::eventually(after, || {
            (silent.open.load(Ordering::SeqCst) == 0).then_some(())
        });
        assert_eq!(nano.get("a.test", "/good").text(), "xxxxx", "{after}");
    };
    // Given up by the host.
    assert_eq!(nano.get("a.test", "/wait").status, 504);
    nano.app_logged("a", "/wait: AbortError");
    is_free("the 504");
    // Given up by the client.
    let mut client = nano.connect();
    client.write("GET /wait HTTP/1.1\r\nhost: a.test\r\n\r\n");
    crate::support::eventually("a connection", || {
        (silent.open.load(Ordering::SeqCst) == 1).then_some(())
    });
    drop(client);
    is_free("the client's departure");
    // Answered without it.
    assert_eq!(nano.get("a.test", "/leave").text(), "answered");
    nano.app_logged("a", "/leave: AbortError");
    is_free("the response");
}

#[test]
fn wait_until_keeps_a_fetch_beyond_the_response() {
    let (silent, good) = (silent(), Peer::of_size(5));
    let nano = Site::new()
        .app_with("a", &client_of(&silent, &good), ALLOW)
        .serve();
    assert_eq!(nano.get("a.test", "/background").text(), "answered");
    crate::support::eventually("a connection", || {
        (silent.open.load(Ordering::SeqCst) == 1).then_some(())
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(silent.open.load(Ordering::SeqCst), 1);
    assert!(
        nano.log()
            .iter()
            .all(|line| !line.to_string().contains("AbortError"))
    );
}

#[test]
fn a_body_ends_with_the_request_that_it_is_read_for() {
    // It announces more than it sends.
    let peer = Peer::start(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx".to_vec());
    let source = format!(
        "export default {{ async fetch(request) {{
            const response = await fetch('http://127.0.0.1:{}/');
            const path = new URL(request.url).pathname;
            if (path === '/stream') return response;
            const read = response.text().catch((e) => console.log(`${{path}}: ${{e.name}}`));
            if (path === '/wait') await read;
            return new Response(new ReadableStream({{ start(c) {{ setTimeout(() => c.close(), 50); }} }}));
        }} }};",
        peer.port
    );
    let fields = format!(r#"{ALLOW},"limits":{{"wall_ms":1000}}"#);
    let nano = Site::new().app_with("a", &source, &fields).serve();
    let is_gone = |after: &str| {
        crate::support::eventually(after, || {
            (peer.open.load(Ordering::SeqCst) == 0).then_some(())
        });
    };
    assert_eq!(nano.get("a.test", "/wait").status, 504);
    nano.app_logged("a", "/wait: TypeError");
    is_gone("the 504");
    assert_eq!(nano.get("a.test", "/after").status, 200);
    nano.app_logged("a", "/after: TypeError");
    is_gone("the end of a streamed response");
    let mut client = nano.connect();
    client.write("GET /stream HTTP/1.1\r\nhost: a.test\r\n\r\n");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.bytes(1), b"x");
    drop(client);
    is_gone("a reader's departure");
}

#[test]
fn an_app_that_calls_itself_is_stopped() {
    // The port is not known before the server is there: the first request tells it.
    let source = "export default { async fetch(request) {
        const response = await fetch(`http://a.localhost:${new URL(request.url).port}/`, { headers: { 'cdn-loop': 'mine' } });
        const text = await response.text();
        return new Response(response.status === 508 ? '1' : String(Number(text) + 1));
    } };";
    let nano = Site::new()
        .app_with(
            "a",
            source,
            r#""outbound":{"allow":["a.localhost"]},"hostname":"a.localhost""#,
        )
        .serve();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: a.localhost:{}\r\nconnection: close\r\n\r\n",
        nano.port()
    );
    assert_eq!(nano.send(&request).text(), "17");
    let line = nano.logged("the loop", |line| line["status"] == 508);
    assert!(line.to_string().contains("CDN-Loop"), "{line}");
}

/// What a client sees of a response that is passed on.
fn passed_on(upstream: &'static [u8]) -> (u16, Vec<u8>) {
    let peer = Peer::start(upstream.to_vec());
    let source = format!(
        "export default {{ fetch: () => fetch('http://127.0.0.1:{}/') }};",
        peer.port
    );
    let nano = Site::new().app_with("a", &source, ALLOW).serve();
    let mut client = nano.connect();
    client.write("GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n");
    let status = client.head().status;
    let (rest, _) = client.until_end();
    let mut client = Http2::connect(&nano);
    client.request(1, "GET", "a.test", "/", &[], true);
    assert_eq!(client.head(1), status, "over HTTP/2");
    (status, rest)
}

#[test]
fn a_body_that_fails_before_its_first_byte_is_a_bad_gateway() {
    for upstream in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello",
    ] {
        assert_eq!(passed_on(upstream).0, 502);
    }
}

#[test]
fn a_body_that_fails_later_ends_behind_its_head() {
    let (status, rest) =
        passed_on(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    assert_eq!(status, 200);
    assert_eq!(rest, b"5\r\nhello\r\n");
}

#[test]
fn a_body_that_is_compared_as_a_whole_counts_while_it_comes() {
    let peer = Peer::of_size(100_000_000);
    let source = format!(
        "export default {{ fetch: () => fetch('http://127.0.0.1:{}/', {{ integrity: 'sha256-AAAA' }})
            .catch((e) => new Response(e.message)) }};",
        peer.port
    );
    let fields = format!(r#"{ALLOW},"limits":{{"memory_mb":64}}"#);
    let nano = Site::new().app_with("a", &source, &fields).serve();
    let text = nano.get("a.test", "/").text().to_owned();
    assert!(text.contains("memory limit"), "{text}");
}

/// Connections whose responses have begun, and have a few bytes so far.
#[test]
fn responses_that_have_hardly_begun_take_little() {
    let begun = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let peer = Peer::start(begun.to_vec());
    let source = format!(
        "const kept = []; export default {{ async fetch() {{
            for (let i = 0; i < 200; i++) kept.push(await fetch('http://127.0.0.1:{}/'));
            new Uint8Array(16 << 20).fill(1);
            return new Response(String(kept.length));
        }} }};",
        peer.port
    );
    let nano = Site::new()
        .app_with(
            "a",
            &source,
            &format!(r#"{ALLOW},"limits":{{"memory_mb":32}}"#),
        )
        .serve();
    let answer = nano.get("a.test", "/");
    assert_eq!((answer.status, answer.text()), (200, "200"));
}

/// A server announces a block of 16 MiB of brotli in a window of that size, sends a byte of it, and waits.
#[test]
fn what_decodes_responses_counts() {
    let mut response =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 100\r\n\r\n".to_vec();
    response.extend([0xcf, 0xff, 0xff, 0xff, b'a']);
    let peer = Peer::start(response);
    let source = format!(
        "const kept = []; export default {{ async fetch() {{
            try {{
                for (let i = 0; i < 8; i++) {{
                    const response = await fetch('http://127.0.0.1:{}/');
                    const reader = response.body.getReader();
                    kept.push(reader);
                    await Promise.race([reader.read(), new Promise((resolve) => setTimeout(resolve, 50))]);
                }}
                return new Response('all');
            }} catch (e) {{ return new Response(e.message); }}
        }} }};",
        peer.port
    );
    let fields = format!(r#"{ALLOW},"limits":{{"memory_mb":64}}"#);
    let nano = Site::new().app_with("a", &source, &fields).serve();
    let text = nano.get("a.test", "/").text().to_owned();
    assert!(text.contains("memory limit"), "{text}");
}
