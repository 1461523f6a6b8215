//! Servers that send what a test tells them to, byte for byte: which connections a client uses again, and what it sends twice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use nano_worker::{BodyStream, Limits, Put};

use super::{Exchange, Outbound, RequestBody, exchange, get, text, unrestricted};
use crate::fetch::client::policy::Policy;

/// What a server does when it has read a request.
enum Reply {
    Send(&'static str),
    /// The second part goes out a moment after the first.
    SendLate(&'static str, &'static str),
    /// Sends nothing and closes the connection.
    Close,
}

/// Runs until the process ends.
struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    /// Connections now.
    open: Arc<AtomicUsize>,
}

impl Raw {
    /// `reply` is told the number of the connection and the number of the request on it, both from 1.
    fn start(reply: impl Fn(usize, usize) -> Reply + Send + Sync + 'static) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let raw = Raw {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            open: Arc::default(),
        };
        let (connections, requests) = (raw.connections.clone(), raw.requests.clone());
        let open = raw.open.clone();
        let reply = Arc::new(reply);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = connections.fetch_add(1, Ordering::SeqCst) + 1;
                open.fetch_add(1, Ordering::SeqCst);
                let (reply, requests, open) = (reply.clone(), requests.clone(), open.clone());
                std::thread::spawn(move || {
                    serve(stream.unwrap(), connection, &*reply, &requests);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        raw
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many connections and requests there were.
    fn seen(&self) -> (usize, usize) {
        let seen = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (seen(&self.connections), seen(&self.requests))
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    reply: &dyn Fn(usize, usize) -> Reply,
    requests: &AtomicUsize,
) {
    for number in 1.. {
        if !read_request(&mut stream) {
            return;
        }
        requests.fetch_add(1, Ordering::SeqCst);
        // The client may have hung up, as it should after some of these.
        let sent = match reply(connection, number) {
            Reply::Send(bytes) => stream.write_all(bytes.as_bytes()),
            Reply::SendLate(first, second) => stream.write_all(first.as_bytes()).and_then(|()| {
                std::thread::sleep(Duration::from_millis(30));
                stream.write_all(second.as_bytes())
            }),
            Reply::Close => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Reads a head, and a body where the head tells its length or that it is in chunks.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    let mut until = |stream: &mut TcpStream, is_done: &dyn Fn(&str) -> bool| {
        let mut byte = [0];
        while !is_done(&String::from_utf8_lossy(&read)) {
            match stream.read(&mut byte) {
                Ok(1) => read.extend_from_slice(&byte),
                _ => return None,
            }
        }
        Some(String::from_utf8_lossy(&read).into_owned())
    };
    let Some(head) = until(stream, &|read| read.ends_with("\r\n\r\n")) else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let whole = head.len() + length.parse::<usize>().unwrap();
        return until(stream, &|read| read.len() == whole).is_some();
    }
    let is_chunked = head.contains("transfer-encoding: chunked");
    !is_chunked || until(stream, &|read| read.ends_with("0\r\n\r\n")).is_some()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A moment in which a connection learns what has come in on it.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

#[tokio::test]
async fn a_response_that_announces_a_body_it_cannot_have_ends_its_connection() {
    let cases = [
        (Method::HEAD, "200 OK", "content-length: 11"),
        (Method::GET, "204 No Content", "content-length: 11"),
        (Method::GET, "204 No Content", "transfer-encoding: chunked"),
        (Method::POST, "205 Reset Content", "content-length: 11"),
        (Method::GET, "304 Not Modified", "content-length: 11"),
    ];
    for (method, status, announced) in cases {
        let head: &str = format!("HTTP/1.1 {status}\r\n{announced}\r\n\r\n").leak();
        // What was announced comes when the next request is on its way.
        let rest: &str = format!("hello-world{OK}").leak();
        let server = Raw::start(move |connection, request| match (connection, request) {
            (1, 1) => Reply::Send(head),
            (1, _) => Reply::Send(rest),
            _ => Reply::Send(OK),
        });
        let outbound = unrestricted();
        let first = Exchange {
            method: method.clone(),
            ..exchange(&outbound, &server.url())
        };
        let first = first.run().await.unwrap();
        assert_eq!(text(first).await.unwrap(), "null", "{method} {status}");
        // A POST is never sent twice.
        let second = Exchange {
            method: Method::POST,
            ..exchange(&outbound, &server.url())
        };
        let second = text(second.run().await.unwrap()).await;
        assert_eq!(second.unwrap(), "ok", "{method} {status} {announced}");
        assert_eq!(server.seen(), (2, 2), "{method} {status} {announced}");
    }
}

#[tokio::test]
async fn a_response_without_a_body_keeps_its_connection() {
    for (method, head) in [
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
        (Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"),
        (Method::GET, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    ] {
        let server = Raw::start(move |_, _| Reply::Send(head));
        let outbound = unrestricted();
        for _ in 0..3 {
            let exchange = exchange(&outbound, &server.url());
            let method = method.clone();
            Exchange { method, ..exchange }.run().await.unwrap();
        }
        assert_eq!(server.seen(), (1, 3), "{head}");
    }
}

#[tokio::test]
async fn unread_bytes_end_an_idle_connection() {
    let cases: [fn() -> Reply; 3] = [
        || Reply::Send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n"),
        || Reply::SendLate("HTTP/1.1 204 No Content\r\n\r\n", "hello-world"),
        || Reply::SendLate(OK, "\r\n"),
    ];
    for case in cases {
        let server = Raw::start(move |connection, _| match connection {
            1 => case(),
            _ => Reply::Send(OK),
        });
        let outbound = unrestricted();
        get(&outbound, &server.url()).await.unwrap();
        a_moment().await;
        let post = Exchange {
            method: Method::POST,
            ..exchange(&outbound, &server.url())
        };
        assert_eq!(text(post.run().await.unwrap()).await.unwrap(), "ok");
        assert_eq!(server.seen(), (2, 2));
    }
}

/// Closes its first connection when the second request comes in on it.
fn forgetful() -> Raw {
    Raw::start(|connection, request| match (connection, request) {
        (1, 2) => Reply::Close,
        _ => Reply::Send(OK),
    })
}

#[tokio::test]
async fn what_a_stale_connection_took_is_sent_again_if_that_is_safe() {
    let bytes = || RequestBody::Bytes(Bytes::from_static(b"abc"));
    for (method, body) in [
        (Method::GET, RequestBody::Null),
        (Method::DELETE, RequestBody::Null),
        (Method::PUT, bytes()),
    ] {
        let (server, outbound) = (forgetful(), unrestricted());
        get(&outbound, &server.url()).await.unwrap();
        a_moment().await;
        let again = Exchange {
            method,
            body,
            ..exchange(&outbound, &server.url())
        };
        assert_eq!(text(again.run().await.unwrap()).await.unwrap(), "ok");
        assert_eq!(server.seen(), (2, 3));
    }
    let stream = || {
        let (writer, stream) = BodyStream::bounded(16, Some(3));
        assert_eq!(writer.put(Bytes::from_static(b"abc")), Put::Room);
        writer.finish();
        RequestBody::Stream(stream)
    };
    for (method, body) in [(Method::POST, bytes()), (Method::PUT, stream())] {
        let (server, outbound) = (forgetful(), unrestricted());
        get(&outbound, &server.url()).await.unwrap();
        a_moment().await;
        let once = Exchange {
            method,
            body,
            ..exchange(&outbound, &server.url())
        };
        assert!(once.run().await.is_err());
        assert_eq!(server.seen(), (1, 2));
    }
}

#[tokio::test]
async fn a_request_is_sent_again_once_and_only_after_a_used_connection() {
    let server = Raw::start(|connection, request| match (connection, request) {
        (1, 1) => Reply::Send(OK),
        _ => Reply::Close,
    });
    let outbound = unrestricted();
    get(&outbound, &server.url()).await.unwrap();
    a_moment().await;
    assert!(get(&outbound, &server.url()).await.is_err());
    assert_eq!(server.seen(), (2, 3));
    assert!(get(&outbound, &server.url()).await.is_err());
    assert_eq!(server.seen(), (3, 4));
}

#[tokio::test]
async fn responses_may_have_many_header_fields() {
    let with_fields = |count: usize| {
        let fields: String = (0..count)
            .map(|index| format!("x-{index}: 1\r\n"))
            .collect();
        let response = format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\nok");
        let response: &str = response.leak();
        Raw::start(move |_, _| Reply::Send(response))
    };
    let answer = get(&unrestricted(), &with_fields(511).url()).await.unwrap();
    assert_eq!(answer.headers.len(), 512);
    let server = with_fields(512);
    let error = get(&unrestricted(), &server.url()).await.err().unwrap();
    let error = error.to_string();
    assert!(error.contains("more than 512 header fields"), "{error}");
}

#[tokio::test]
async fn a_response_that_does_not_begin_is_given_up_with_its_connection() {
    let waits = |outbound_head| {
        let limits = Limits {
            outbound_connections: 1,
            outbound_head,
            ..Limits::default()
        };
        Arc::new(Outbound::with(Policy::unrestricted(), None, &limits))
    };
    // Whoever looks for a bound of the number must not meet that of the time.
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(30));
    let interim: &str = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000).leak();
    let endless: &str = interim.repeat(100).leak();
    let cases = [
        (Reply::Send(""), short, "within 0.2 s"),
        (
            Reply::Send("HTTP/1.1 200 OK\r\nContent-Le"),
            short,
            "within 0.2 s",
        ),
        (Reply::Send(endless), long, "interim responses"),
    ];
    for (reply, time, expected) in cases {
        let outbound = waits(time);
        let reply = std::sync::Mutex::new(Some(reply));
        let server =
            Raw::start(move |_, _| reply.lock().unwrap().take().unwrap_or(Reply::Send("")));
        let error = get(&outbound, &server.url())
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(expected), "{error}");
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if server.open.load(Ordering::SeqCst) == 0 {
                break;
            }
        }
        assert_eq!(server.open.load(Ordering::SeqCst), 0, "{expected}");
    }
    // Some are fine.
    let few: &str = format!("{}{OK}", "HTTP/1.1 100 Continue\r\n\r\n".repeat(64)).leak();
    let server = Raw::start(move |_, _| Reply::Send(few));
    let answer = get(&waits(long), &server.url()).await.unwrap();
    assert_eq!(text(answer).await.unwrap(), "ok");
}

#[tokio::test]
async fn reason_phrases_are_told() {
    for (phrase, expected) in [
        ("Very Fine", "Very Fine"),
        ("", ""),
        // DEPARTURE: hyper gives none that is not ASCII.
        ("D\u{e9}fendu", ""),
    ] {
        let response: &str = format!("HTTP/1.1 403 {phrase}\r\ncontent-length: 0\r\n\r\n").leak();
        let server = Raw::start(move |_, _| Reply::Send(response));
        let answer = get(&unrestricted(), &server.url()).await.unwrap();
        assert_eq!(answer.reason, expected.as_bytes(), "{phrase}");
    }
}

/// An app that may have so many connections.
fn with_connections(connections: u32) -> Arc<Outbound> {
    let limits = Limits {
        outbound_connections: connections,
        ..Limits::default()
    };
    Arc::new(Outbound::with(Policy::unrestricted(), None, &limits))
}

/// A body that is larger than what is read ahead.
fn large() -> Reply {
    static LARGE: OnceLock<String> = OnceLock::new();
    let large = || {
        let body = "x".repeat(8_000_000);
        format!("HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n{body}")
    };
    Reply::Send(LARGE.get_or_init(large))
}

#[tokio::test]
async fn requests_wait_for_their_turn_until_a_body_is_read_or_dropped() {
    let server = Raw::start(|_, _| large());
    let (outbound, url) = (with_connections(2), server.url());
    let (first, second) = tokio::join!(get(&outbound, &url), get(&outbound, &url));
    let mut third = std::pin::pin!(get(&outbound, &url));
    let wait = Duration::from_millis(300);
    assert!(tokio::time::timeout(wait, &mut third).await.is_err());
    assert_eq!(server.seen(), (2, 2));
    drop(first);
    let third = third.await.unwrap();
    let mut fourth = std::pin::pin!(get(&outbound, &url));
    assert!(tokio::time::timeout(wait, &mut fourth).await.is_err());
    assert_eq!(text(second.unwrap()).await.unwrap().len(), 8_000_000);
    fourth.await.unwrap();
    // A body that was read to its end leaves its connection to the next request.
    assert_eq!(server.seen(), (3, 4));
    drop(third);
}

#[tokio::test]
async fn connections_without_a_request_make_room() {
    let servers: Vec<_> = (0..5).map(|_| Raw::start(|_, _| Reply::Send(OK))).collect();
    let outbound = with_connections(2);
    for server in &servers {
        get(&outbound, &server.url()).await.unwrap();
    }
    a_moment().await;
    let open = || servers.iter().map(|s| s.open.load(Ordering::SeqCst));
    assert_eq!(open().collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
}

/// Sends a response without end: a head, and then the same bytes again and again. Gives how many it got rid of.
fn endless(head: &'static str, rest: &'static [u8]) -> (String, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let sent = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(read_request(&mut stream));
        stream.write_all(head.as_bytes()).unwrap();
        let rest = rest.repeat(1000);
        let mut sent = 0;
        while stream.write_all(&rest).is_ok() {
            sent += rest.len();
        }
        sent
    });
    (url, sent)
}

/// While bytes come, hyper looks for the end of a chunk's size and at nothing else.
#[tokio::test]
async fn framing_without_content_is_an_error() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for rest in ["0", "0 ", "1 ", "1;a"] {
        // The begin of a chunk's size, and what may follow it without end.
        let (begin, again) = rest.split_at(1);
        let again = if again.is_empty() { begin } else { again };
        let head = format!("{CHUNKED}{begin}").leak();
        let (url, sent) = endless(head, again.as_bytes());
        let answer = get(&unrestricted(), &url).await.unwrap();
        text(answer).await.unwrap_err();
        let sent = tokio::task::spawn_blocking(|| sent.join().unwrap());
        let sent = sent.await.unwrap();
        // What lies in the sockets' buffers is not read.
        assert!(sent < 16 << 20, "{rest:?}: {sent}");
    }
}

/// As many bytes of framing as anybody likes, where there is content between them.
#[tokio::test]
async fn small_chunks_with_long_extensions_are_content() {
    let chunk = format!("1;{}\r\nx\r\n", "e".repeat(200));
    let body = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(70)
    );
    let body: &str = body.leak();
    let server = Raw::start(move |_, _| Reply::Send(body));
    let answer = get(&unrestricted(), &server.url()).await.unwrap();
    assert_eq!(text(answer).await.unwrap(), "x".repeat(70));
    let many = format!("{:0>20000}\r\nx\r\n", 1).repeat(200);
    let body = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{many}0\r\n\r\n");
    let body: &str = body.leak();
    let server = Raw::start(move |_, _| Reply::Send(body));
    let answer = get(&unrestricted(), &server.url()).await.unwrap();
    assert_eq!(text(answer).await.unwrap(), "x".repeat(200));
}
