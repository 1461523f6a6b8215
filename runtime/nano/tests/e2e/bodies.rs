//! What becomes of bodies on their way: gathered, passed on, cut off.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use crate::support::{PATIENCE, Site};

#[test]
fn chunks_that_wait_leave_together() {
    let source = "export default { fetch() {
        const encoder = new TextEncoder();
        return new Response(new ReadableStream({
            start(controller) {
                for (let i = 0; i < 1000; i++) controller.enqueue(encoder.encode(i + ','));
                controller.close();
            },
        }));
    } };";
    let nano = Site::new().app("a", source).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.head().status, 200);
    let chunks: Vec<_> = std::iter::from_fn(|| connection.chunk()).collect();
    let expected: String = (0..1000).map(|i| format!("{i},")).collect();
    assert_eq!(String::from_utf8(chunks.concat()).unwrap(), expected);
    // More than one, where the turn is so long that somebody else sends meanwhile.
    assert!(chunks.len() < 200, "{} pieces on the wire", chunks.len());
}

#[test]
fn a_chunk_that_nobody_else_has_is_not_copied() {
    let source = "export default { fetch() {
        return new Response(new ReadableStream({
            type: 'bytes',
            start(controller) {
                const bytes = new Uint8Array(40 << 20).fill(97);
                controller.enqueue(bytes.subarray(1 << 20));
                controller.enqueue(Uint8Array.of(98, 99));
                controller.close();
            },
        }));
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .serve();
    // There is no room for it twice.
    for _ in 0..3 {
        let body = nano.get("a.test", "/").body;
        let (many, few) = body.split_at(39 << 20);
        assert!(many.iter().all(|byte| *byte == b'a'));
        assert_eq!(few, b"bc");
    }
}

#[test]
fn a_body_is_text_however_it_comes() {
    let source = "export default { async fetch(request) {
        const text = await request.text();
        const points = [...text].length;
        return Response.json([text.length, points, text.slice(0, 4), text.slice(-4)]);
    } };";
    let nano = Site::new().app("a", source).serve();
    let ask = |body: &[u8], piece: usize| {
        let mut connection = nano.connect();
        connection.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for piece in body.chunks(piece) {
            connection.write(&format!("{:x}\r\n", piece.len()));
            connection.write_bytes(piece).unwrap();
            connection.write("\r\n");
        }
        connection.write_chunk("");
        connection.response(false).text().to_owned()
    };
    let ascii = "abcd".repeat(500_000);
    assert_eq!(
        ask(ascii.as_bytes(), 70_001),
        r#"[2000000,2000000,"abcd","abcd"]"#
    );
    // Characters are cut by the pieces, and the mark at the beginning is none of the text.
    let text = format!("\u{feff}{}", "a\u{e9}\u{20ac}\u{1f600}".repeat(20_000));
    assert_eq!(
        ask(text.as_bytes(), 4_999),
        "[100000,80000,\"a\u{e9}\u{20ac}\\ud83d\",\"\u{e9}\u{20ac}\u{1f600}\"]"
    );
    assert_eq!(ask(b"ab\xFFcd", 2), "[5,5,\"ab\u{fffd}c\",\"b\u{fffd}cd\"]");
}

/// A server for one request: it answers with a head and half of a body, and with the rest when it is told.
struct Upstream {
    port: u16,
    go: mpsc::Sender<()>,
}

const HALF: usize = 300_000;

impl Upstream {
    fn start() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (go, told) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_head(&mut stream);
            let length = 2 * HALF;
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            )
            .unwrap();
            stream.write_all(&[b'1'; HALF]).unwrap();
            if told.recv_timeout(PATIENCE).is_ok() {
                // Whoever reads may be gone, as a test wants it.
                let _ = stream.write_all(&[b'2'; HALF]);
            }
        });
        Upstream { port, go }
    }

    /// An app's rule that lets it go there.
    fn allowed(&self) -> String {
        format!(r#""outbound":{{"allow":["127.0.0.1:{}"]}}"#, self.port)
    }
}

fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
}

#[test]
fn a_body_that_was_passed_on_outlives_its_app() {
    let upstream = Upstream::start();
    let source = format!(
        "export default {{ fetch(request) {{
            if (new URL(request.url).pathname === '/spin') for (;;);
            return fetch('http://127.0.0.1:{}/');
        }} }};",
        upstream.port
    );
    let fields = format!(r#"{},"limits":{{"cpu_ms":100}}"#, upstream.allowed());
    let nano = Site::new().app_with("a", &source, &fields).serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let head = connection.head();
    assert_eq!(head.header("content-length"), Some("600000"));
    assert_eq!(connection.bytes(1000), [b'1'; 1000]);
    // The instance ends, and with it the thread that all of this was on.
    assert_eq!(nano.get("a.test", "/spin").status, 503);
    std::thread::sleep(std::time::Duration::from_millis(200));
    upstream.go.send(()).unwrap();
    let rest = connection.bytes(2 * HALF - 1000);
    assert!(rest[..HALF - 1000].iter().all(|byte| *byte == b'1'));
    assert!(rest[HALF - 1000..].iter().all(|byte| *byte == b'2'));
}

#[test]
fn an_abort_reaches_a_body_that_was_passed_on() {
    let upstream = Upstream::start();
    let source = format!(
        "const controller = new AbortController();
        export default {{ async fetch(request) {{
            if (new URL(request.url).pathname === '/abort') {{ controller.abort(); return new Response('done'); }}
            const response = await fetch('http://127.0.0.1:{}/', {{ signal: controller.signal }});
            return new Response(response.body);
        }} }};",
        upstream.port
    );
    let nano = Site::new()
        .app_with("a", &source, &upstream.allowed())
        .serve();
    let mut connection = nano.connect();
    connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    // The body never became JavaScript, and its length is known.
    assert_eq!(connection.head().header("content-length"), Some("600000"));
    connection.bytes(HALF);
    assert_eq!(nano.get("a.test", "/abort").text(), "done");
    // The rest must not come, also as the server would go on.
    upstream.go.send(()).unwrap();
    assert!(connection.rest().len() < HALF);
}
