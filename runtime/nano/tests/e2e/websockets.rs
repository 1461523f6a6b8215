//! WebSockets of clients, and of apps to each other.

use std::time::Duration;

use crate::support::socket::{BINARY, CLOSE, PING, PONG, Socket, TEXT, frame, handshake};
use crate::support::{Site, eventually};

/// Answers each message; says on the log how a socket has ended.
const ECHO: &str = "export default { fetch(request) {
    const path = new URL(request.url).pathname;
    if (request.headers.get('upgrade') !== 'websocket') return new Response('no websocket: ' + request.headers.get('upgrade'));
    if (path === '/refuse') return new Response('not you', { status: 403 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener('message', event => {
        if (event.data === 'close') return server.close(4001, 'as you wish');
        if (event.data === 'loop') for (;;);
        if (event.data === 'throw') throw new Error('thrown on purpose');
        if (event.data === 'type') return server.send(typeof event.data + ' ' + server.readyState);
        if (event.data instanceof ArrayBuffer && event.data.byteLength === 3) return server.send('three bytes');
        server.send(event.data);
    });
    server.addEventListener('close', event => console.log(`closed ${event.code} ${event.reason} ${event.wasClean}`));
    server.addEventListener('error', event => console.log('failed ' + event.message));
    if (path === '/greet') server.send('welcome');
    if (path === '/much') for (const data of Array(5).fill(new Uint8Array(8 << 20))) server.send(data);
    const protocol = request.headers.get('sec-websocket-protocol');
    return new Response(null, { status: 101, webSocket: client, headers: protocol ? { 'sec-websocket-protocol': protocol.split(',')[0] } : {} });
} };";

#[test]
fn messages_come_back() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    for text in ["", "a", "Größe", &"x".repeat(70_000)] {
        socket.text(text);
        assert_eq!(socket.next_text(), text);
    }
    socket.send(BINARY, &[1, 2, 255, 0]);
    assert_eq!(socket.frame(), (BINARY, vec![1, 2, 255, 0]));
    socket.send(BINARY, &[1, 2, 3]);
    assert_eq!(socket.next_text(), "three bytes");
    // In pieces, with a ping in between.
    socket.send(0x01, b"one ");
    socket.send(PING, b"there?");
    assert_eq!(socket.frame(), (PONG, b"there?".to_vec()));
    socket.send(0x80, b"two");
    assert_eq!(socket.next_text(), "one two");
    // What a listener throws is its own matter.
    socket.text("throw");
    socket.text("type");
    assert_eq!(socket.next_text(), "string 1");
    // Others are served meanwhile.
    assert_eq!(nano.get("a.test", "/").text(), "no websocket: null");
}

#[test]
fn what_is_sent_before_the_answer_is_not_lost() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut socket = Socket::open(&nano, "a.test", "/greet");
    assert_eq!(socket.next_text(), "welcome");
    let mut connection = nano.connect();
    let mut early = handshake("a.test", "/", "").into_bytes();
    early.extend(frame(TEXT, b"early"));
    connection.write_bytes(&early).expect("a connection");
    assert_eq!(connection.head().status, 101);
    assert_eq!(Socket(connection).next_text(), "early");
}

#[test]
fn both_sides_close() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    socket.send(CLOSE, &[&3000u16.to_be_bytes()[..], b"enough"].concat());
    assert_eq!(socket.closed(), 3000);
    assert!(socket.0.rest().is_empty(), "the server ends the connection");
    nano.app_logged("a", "closed 3000 enough true");
    let mut socket = Socket::open(&nano, "a.test", "/");
    socket.text("close");
    let (first, payload) = socket.frame();
    assert_eq!((first, &payload[2..]), (CLOSE, &b"as you wish"[..]));
    socket.send(CLOSE, &4001u16.to_be_bytes());
    assert!(socket.0.rest().is_empty());
    nano.app_logged("a", "closed 4001  true");
    // Without a word.
    drop(Socket::open(&nano, "a.test", "/"));
    nano.app_logged("a", "closed 1006  false");
    let mut socket = Socket::open(&nano, "a.test", "/");
    socket.send(CLOSE, b"");
    assert_eq!(socket.frame(), (CLOSE, Vec::new()));
    nano.app_logged("a", "closed 1005  true");
}

#[test]
fn protocols_and_compression_are_agreed_on() {
    let nano = Site::new().app("a", ECHO).serve();
    let fields = "Sec-WebSocket-Protocol: chat, other\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let (head, mut socket) = Socket::ask(&nano, "a.test", "/", fields);
    assert_eq!(head.status, 101);
    assert_eq!(head.header("sec-websocket-protocol"), Some("chat"));
    assert_eq!(
        head.header("sec-websocket-extensions"),
        Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
    );
    // RFC 7692, section 7.2.3.1
    socket.send(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    assert_eq!(socket.next_text(), "Hello");
    socket.text(&"long ".repeat(1000));
    let (first, payload) = socket.frame();
    assert_eq!(first, 0xc1, "it is compressed");
    assert!(payload.len() < 100, "{}", payload.len());
}

#[test]
fn what_is_no_handshake_is_a_request() {
    let nano = Site::new().app("a", ECHO).serve();
    let (head, _) = Socket::ask(&nano, "a.test", "/refuse", "");
    assert_eq!(head.status, 403);
    for wrong in [
        "GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: short\r\n\r\n",
    ] {
        assert_eq!(nano.send(wrong).text(), "no websocket: null");
    }
    let forced = "export default { fetch() {
        return new Response(null, { status: 101, webSocket: new WebSocketPair()[0] });
    } };";
    let nano = Site::new().app("a", forced).serve();
    assert_eq!(nano.get("a.test", "/").status, 500);
}

#[test]
fn hostile_frames_end_their_connection_only() {
    let mut nano = Site::new().app("a", ECHO).serve();
    let mut well = Socket::open(&nano, "a.test", "/");
    let huge = [&[BINARY, 0xff][..], &(1u64 << 40).to_be_bytes(), &[0; 4]].concat();
    for (bytes, code) in [
        (&b"\x81\x01a"[..], 1002),
        (b"\xf1\x80\0\0\0\0", 1002),
        (b"\x09\x80\0\0\0\0", 1002),
        (b"\x80\x80\0\0\0\0", 1002),
        (b"\x81\x81\0\0\0\0\xff", 1007),
        (&huge, 1009),
    ] {
        let mut socket = Socket::open(&nano, "a.test", "/");
        socket.0.write_bytes(bytes).expect("a connection");
        assert_eq!(socket.closed(), code, "{bytes:x?}");
        nano.app_logged("a", "closed 1006  false");
    }
    well.text("still here");
    assert_eq!(well.next_text(), "still here");
    assert!(nano.lives());
}

#[test]
fn floods_of_frames_that_bring_nothing_end_their_socket_only() {
    let quiet = "export default { fetch: () => new Response('quiet') };";
    let nano = Site::new().app("a", ECHO).app("quiet", quiet).serve();
    let mut well = Socket::open(&nano, "a.test", "/");
    for (what, begin, again) in [
        ("pings", Vec::new(), frame(PING, b"")),
        ("pongs", Vec::new(), frame(PONG, b"")),
        ("pieces", frame(0x01, b"a"), frame(0x00, b"")),
    ] {
        let flood = [begin, again.repeat(3_000)].concat();
        for is_shared in [false, true] {
            let mut connection = nano.connect();
            // Who asks for two apps is served on the host's threads.
            if is_shared {
                connection.write("GET / HTTP/1.1\r\nHost: quiet.test\r\n\r\n");
                assert_eq!(connection.response(false).text(), "quiet");
            }
            connection.write(&handshake("a.test", "/", ""));
            assert_eq!(connection.head().status, 101);
            connection.write_bytes(&flood).expect("a connection");
            let (received, end) = connection.until_end();
            let told = b"\x88\x24\x03\xf0too many frames that bring nothing";
            assert!(received.ends_with(told), "{what}: {end:?}, {received:x?}");
            nano.app_logged("a", "failed too many frames that bring nothing (1008)");
        }
    }
    // What the app takes is no flood.
    let messages = 3_000;
    for _ in 0..messages {
        well.text("still here");
    }
    for _ in 0..messages {
        assert_eq!(well.next_text(), "still here");
    }
}

#[test]
fn a_message_that_does_not_fit_ends_its_socket() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"memory_mb":32}"#)
        .serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    let mut well = Socket::open(&nano, "a.test", "/");
    let length = 31u64 << 20;
    let head = [&[BINARY, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat();
    socket.0.write_bytes(&head).expect("a connection");
    let piece = vec![1; 1 << 20];
    // It may be told before all of it is sent.
    for _ in 0..31 {
        if socket.0.write_bytes(&piece).is_err() {
            break;
        }
    }
    nano.app_logged("a", "closed 1006  false");
    well.text("still here");
    assert_eq!(well.next_text(), "still here");
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"message_mb":1}"#)
        .serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    socket.send(BINARY, &vec![0; (1 << 20) + 1]);
    assert_eq!(socket.closed(), 1009);
}

/// It has come whole, and there is no room for what JavaScript would see of it.
#[test]
fn a_message_that_does_not_fit_where_it_is_heard_is_refused_as_where_it_is_read() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"memory_mb":48}"#)
        .serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    socket.send(TEXT, &vec![b'x'; 31 << 20]);
    assert_eq!(socket.closed(), 1009);
    nano.app_logged("a", "failed a message does not fit into the app");
    nano.app_logged("a", "closed 1006  false");
    // From a server to an app.
    let server = "export default { fetch() {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener('close', event => console.log(`closed ${event.code}`));
        server.send('x'.repeat(31 << 20));
        return new Response(null, { status: 101, webSocket: client });
    } };";
    let client = "export default { fetch(request) {
        const socket = new WebSocket('ws://127.0.0.1:' + new URL(request.url).searchParams.get('port'));
        return new Promise(resolve => {
            const heard = [];
            socket.onerror = event => heard.push(event.message);
            socket.onclose = event => resolve(new Response([...heard, event.code].join(', ')));
        });
    } };";
    let server = Site::new()
        .app_with("b", server, r#""hostname":"*""#)
        .serve();
    let fields = r#""limits":{"memory_mb":48},"outbound":{"allow":["127.0.0.1"]}"#;
    let nano = Site::new().app_with("a", client, fields).serve();
    let answer = nano.get("a.test", &format!("/?port={}", server.port()));
    assert_eq!(
        answer.text(),
        "a message does not fit into the app's memory limit, 1006"
    );
    server.app_logged("b", "closed 1009");
}

#[test]
fn who_reads_nothing_takes_a_bounded_part_of_the_app() {
    let source = "export default { fetch(request) {
        if (request.headers.get('upgrade') !== 'websocket') return new Response('well');
        const { 0: client, 1: server } = new WebSocketPair();
        server.accept();
        const text = 'x'.repeat(100000);
        const more = () => {
            if (server.readyState !== 1) return console.log('full');
            server.send(text);
            setTimeout(more, 0);
        };
        more();
        return new Response(null, { status: 101, webSocket: client });
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .top(r#""clients":{"stall_ms":60000}"#)
        .serve();
    let _socket = Socket::open(&nano, "a.test", "/");
    nano.app_logged("a", "full");
    assert_eq!(nano.get("a.test", "/").text(), "well");
}

#[test]
fn a_drain_closes_sockets() {
    let mut nano = Site::new().app("a", ECHO).serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    nano.signal(libc::SIGTERM);
    assert_eq!(socket.closed(), 1001);
    // What is on its way is still taken.
    socket.send(CLOSE, &1001u16.to_be_bytes());
    assert!(socket.0.rest().is_empty());
    assert_eq!(nano.wait().code(), Some(0));
    nano.app_logged("a", "closed 1001  true");
}

#[test]
fn a_new_version_closes_the_sockets_of_the_last_one() {
    let nano = Site::new().app("a", ECHO).serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    nano.write(
        "a/index.js",
        "export default { fetch: () => new Response('next') };",
    );
    nano.signal(libc::SIGHUP);
    assert_eq!(socket.closed(), 1001);
    eventually("the next version", || {
        (nano.get("a.test", "/").text() == "next").then_some(())
    });
}

#[test]
fn the_end_of_an_instance_is_told() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"cpu_ms":200}"#)
        .serve();
    let mut socket = Socket::open(&nano, "a.test", "/");
    let mut other = Socket::open(&nano, "a.test", "/");
    socket.text("loop");
    assert_eq!(socket.closed(), 1011);
    assert_eq!(other.closed(), 1011);
    let mut next = eventually("the next instance", || {
        let (head, socket) = Socket::ask(&nano, "a.test", "/", "");
        (head.status == 101).then_some(socket)
    });
    next.text("back");
    assert_eq!(next.next_text(), "back");
}

#[test]
fn an_app_has_so_many_sockets() {
    let nano = Site::new()
        .app_with("a", ECHO, r#""limits":{"in_flight":2,"websockets":3}"#)
        .serve();
    let first = Socket::open(&nano, "a.test", "/");
    let _others = [
        Socket::open(&nano, "a.test", "/"),
        Socket::open(&nano, "a.test", "/"),
    ];
    let (refused, _) = Socket::ask(&nano, "a.test", "/", "");
    assert_eq!(refused.status, 503);
    nano.logged("the refusal", |line| {
        line["status"] == 503 && line["limit"] == "websockets"
    });
    assert_eq!(nano.get("a.test", "/").status, 200, "none is in flight");
    drop(first);
    eventually("its place", || {
        let (head, _) = Socket::ask(&nano, "a.test", "/", "");
        (head.status == 101).then_some(())
    });
}

/// An app that asks another server of this process by a WebSocket of its own.
#[test]
fn apps_are_clients() {
    let client = "export default { async fetch(request) {
        const { searchParams } = new URL(request.url);
        const [how, port] = [searchParams.get('how'), searchParams.get('port')];
        if (how === 'fetch') {
            const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { upgrade: 'websocket', 'x-host': 'b' } });
            const socket = response.webSocket;
            if (!socket) return new Response('status ' + response.status);
            socket.accept();
            const answer = new Promise(resolve => socket.addEventListener('message', event => resolve(event.data)));
            socket.send('by fetch');
            return new Response(await answer);
        }
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
        return new Promise(resolve => {
            const heard = [];
            socket.onopen = () => { heard.push('open'); socket.send('hello'); };
            socket.onmessage = event => { heard.push(event.data); socket.close(3001, 'done'); };
            socket.onerror = event => heard.push('error');
            socket.onclose = event => {
                heard.push(`close ${event.code} ${event.wasClean}`);
                resolve(new Response(heard.join(', ')));
            };
        });
    } };";
    let server = Site::new().app_with("b", ECHO, r#""hostname":"*""#).serve();
    let nano = Site::new()
        .app_with("a", client, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .app("guarded", client)
        .serve();
    let port = server.port();
    assert_eq!(
        nano.get("a.test", &format!("/?port={port}")).text(),
        "open, hello, close 3001 true"
    );
    assert_eq!(
        nano.get("a.test", &format!("/?how=fetch&port={port}"))
            .text(),
        "by fetch"
    );
    // Addresses that an app may not reach, and what is no WebSocket's server.
    let refused = nano.get("guarded.test", &format!("/?port={port}"));
    assert_eq!(refused.text(), "error, close 1006 false");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = silent.local_addr().expect("an address").port();
    drop(silent);
    let nobody = nano.get("a.test", &format!("/?port={closed}"));
    assert_eq!(nobody.text(), "error, close 1006 false");
}

#[test]
fn a_server_that_vanishes_is_told_of() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let source = format!(
        "export default {{ fetch() {{
            const socket = new WebSocket('ws://127.0.0.1:{port}/');
            return new Promise(resolve => {{ socket.onclose = event => resolve(new Response(`${{event.code}}`)); }});
        }} }};"
    );
    let nano = Site::new()
        .app_with("a", &source, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .serve();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        std::thread::sleep(Duration::from_millis(100));
        drop(stream);
    });
    assert_eq!(nano.get("a.test", "/").text(), "1006");
    server.join().expect("it ends");
}

#[test]
fn pairs_are_local_as_well() {
    let source = "export default { fetch() {
        const [left, right] = Object.values(new WebSocketPair());
        const heard = [];
        try { left.send('too early'); } catch (error) { heard.push(error.name); }
        left.accept();
        right.accept();
        return new Promise(resolve => {
            right.onmessage = event => { heard.push('right ' + event.data); right.send('answer'); right.close(1000, 'bye'); };
            left.onmessage = event => heard.push('left ' + event.data);
            left.onclose = event => { heard.push(`close ${event.code} ${event.reason} ${event.wasClean}`); };
            right.onclose = event => { setTimeout(() => resolve(new Response(heard.join(', '))), 50); };
            left.send('question');
        });
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(
        nano.get("a.test", "/").text(),
        "TypeError, right question, left answer, close 1000 bye true"
    );
}

/// By a service binding: without a connection, and also where it is handed on to the client.
#[test]
fn apps_have_sockets_with_each_other() {
    let front = "export default { async fetch(request, env) {
        if (new URL(request.url).pathname === '/through') return env.BACK.fetch(request);
        const { webSocket } = await env.BACK.fetch('http://back/', { headers: { upgrade: 'websocket' } });
        const answer = new Promise(resolve => webSocket.addEventListener('message', event => resolve(event.data)));
        webSocket.accept();
        webSocket.send('from the front');
        return new Response(await answer);
    } };";
    let nano = Site::new()
        .app_with(
            "front",
            front,
            r#""env":{"BACK":{"type":"service","app":"back"}}"#,
        )
        .app("back", ECHO)
        .serve();
    assert_eq!(nano.get("front.test", "/").text(), "from the front");
    let mut socket = Socket::open(&nano, "front.test", "/through");
    socket.text("through both");
    assert_eq!(socket.next_text(), "through both");
    socket.send(CLOSE, &3000u16.to_be_bytes());
    assert_eq!(socket.closed(), 3000);
    nano.app_logged("back", "closed 3000  true");
}

/// What the other app has not taken, a message and the end itself, is all that is left of an instance.
#[test]
fn what_nobody_takes_keeps_no_descriptors_of_its_sender() {
    let nano = Site::new()
        .app_with("front", KEEPER, TO_BACK)
        .app_with("back", ECHO, r#""limits":{"cpu_ms":50}"#)
        .serve();
    let end_one = || {
        eventually("an instance", || {
            (nano.get("front.test", "/greet").text() == "kept").then_some(())
        });
        assert_eq!(nano.get("front.test", "/end").text(), "asked");
    };
    end_one();
    let descriptors = nano.descriptors();
    for _ in 0..5 {
        end_one();
    }
    eventually("their descriptors", || {
        (nano.descriptors() <= descriptors + 4).then_some(())
    });
    // And it is all there.
    assert_eq!(
        nano.get("front.test", "/take").text(),
        ["welcome"; 6].join(" ")
    );
}

/// Messages of ended instances count for their app until somebody has them.
#[test]
fn what_nobody_takes_counts_for_its_sender() {
    let nano = Site::new()
        .app_with("front", KEEPER, TO_BACK)
        .app_with("back", ECHO, r#""limits":{"cpu_ms":200,"memory_mb":64}"#)
        .serve();
    eventually("an instance that does not start", || {
        let response = nano.get("front.test", "/much");
        let text = response.text();
        if text == "kept" {
            nano.get("front.test", "/end");
        }
        text.contains("have not taken yet, is ").then_some(())
    });
    assert_eq!(
        nano.get("front.test", "/loop").status,
        503,
        "it keeps nothing any more"
    );
    eventually("the next instance", || {
        (nano.get("back.test", "/").status == 200).then_some(())
    });
}

const TO_BACK: &str = r#""limits":{"cpu_ms":1000},"env":{"BACK":{"type":"service","app":"back"}}"#;

/// Keeps sockets of another app, and takes nothing of what comes by them before it is asked to.
const KEEPER: &str = "const kept = []; export default { async fetch(request, env) {
        const path = new URL(request.url).pathname;
        if (path === '/loop') for (;;);
        if (path === '/take') {
            const taken = kept.map(socket => new Promise(resolve => {
                socket.addEventListener('message', event => resolve(event.data));
                socket.addEventListener('close', event => resolve(`closed ${event.code}`));
                socket.accept();
            }));
            return new Response((await Promise.all(taken)).join(' '));
        }
        if (path === '/end') {
            const { webSocket } = await env.BACK.fetch('http://back/', { headers: { upgrade: 'websocket' } });
            webSocket.accept();
            webSocket.send('loop');
            return new Response('asked');
        }
        const asked = env.BACK.fetch('http://back' + path, { headers: { upgrade: 'websocket' } });
        const { webSocket } = await asked.catch(error => error);
        if (!webSocket) return new Response(await asked.catch(error => error.message));
        kept.push(webSocket);
        return new Response('kept');
    } };";
