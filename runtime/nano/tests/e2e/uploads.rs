//! Many large bodies at a time, near the limit of the process's memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::support::admin::{ask, serve};
use crate::support::{Nano, Response, Site};

/// Apps whose requests' bodies are gathered without a turn of JavaScript.
const APP: &str = "export default { async fetch(request) {
    try {
        return new Response(`${(await request.arrayBuffer()).byteLength}`);
    } catch (error) {
        return new Response(error.message, { status: 503 });
    }
} };";
const APPS: usize = 6;
const LIMIT: u64 = 300 << 20;

/// Clients that wait for room are not taken for slow ones, and no instance is ended for them. Bodies that wait for each other's room do not do
/// so for ever.
#[test]
fn bodies_wait_for_room_in_the_process() {
    const SIZE: usize = 40 << 20;
    const CLIENTS: usize = 12;
    let mut site =
        Site::new().top(r#""memory_mb": 300, "clients": { "stall_ms": 1000, "min_rate": 1000 }"#);
    for n in 0..APPS {
        site = site.app(&format!("a{n}"), APP);
    }
    let nano = site
        .app("b", "export default { fetch: () => new Response('b') };")
        .serve();
    for n in 0..APPS {
        assert_eq!(nano.post(&format!("a{n}.test"), "/", "x").text(), "1");
    }
    let (most, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let chunk = vec![b'x'; 64 << 10];
    let answers: Vec<_> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Relaxed) {
                most.fetch_max(nano.anonymous(), Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (nano, chunk) = (&nano, &chunk);
                scope.spawn(move || {
                    let mut connection = nano.connect();
                    let app = client % APPS;
                    connection.write(&format!(
                        "POST / HTTP/1.1\r\nHost: a{app}.test\r\nContent-Length: {SIZE}\r\n\r\n"
                    ));
                    for _ in 0..SIZE / chunk.len() - 1 {
                        // What is refused is not read to its end.
                        if connection.write_bytes(chunk).is_err() {
                            break;
                        }
                    }
                    // Nobody is done before all have come as far as they can.
                    std::thread::sleep(Duration::from_secs(1));
                    let _ = connection.write_bytes(chunk);
                    connection.response(false)
                })
            })
            .collect();
        let began = Instant::now();
        assert_eq!(nano.get("b.test", "/").text(), "b");
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "others are served"
        );
        let answers = clients
            .into_iter()
            .map(|client| client.join().expect("an answer"));
        let answers = answers.collect();
        over.store(true, Relaxed);
        answers
    });
    let most = most.load(Relaxed);
    eprintln!("{} MB at most", most >> 20);
    assert!(most < LIMIT, "{} MB", most >> 20);
    for answer in &answers {
        match answer.status {
            200 => assert_eq!(answer.text(), SIZE.to_string()),
            503 => assert!(answer.text().contains("no memory left"), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    let whole = answers.iter().filter(|answer| answer.status == 200).count();
    eprintln!("{whole} of {CLIENTS} bodies");
    assert!(whole >= 3, "{whole} of {CLIENTS} bodies");
    assert!(
        !nano
            .log()
            .iter()
            .any(|line| line.to_string().contains("is ended")),
        "no instance is ended"
    );
    // All that was taken has been given back.
    let answer = nano.post("a0.test", "/", &"x".repeat(SIZE));
    assert_eq!(answer.text(), SIZE.to_string());
}

/// Clients that announce much, or nothing, and send five bytes. What they have sent counts, and the app serves its other clients.
#[test]
fn uploads_that_stall_count_as_what_has_come() {
    const APP: &str = "export default { async fetch(request) {
        if (request.url.endsWith('/buffer')) return new Response(new Uint8Array(1 << 20));
        return new Response(await request.text());
    } };";
    const FRONT: &str = "export default { fetch: (request, env) => env.A.fetch(request) };";
    const UPLOADS: usize = 950;
    let nano = Site::new()
        .app("a", APP)
        .app_with(
            "front",
            FRONT,
            r#""env": { "A": { "type": "service", "app": "a" } }"#,
        )
        .serve();
    let stalled: Vec<_> = (0..UPLOADS)
        .map(|upload| {
            let mut connection = nano.connect();
            let host = ["a", "front"][upload / 2 % 2];
            let body = [
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "Content-Length: 1000000\r\n\r\nhello",
            ][upload % 2];
            connection.write(&format!("POST / HTTP/1.1\r\nHost: {host}.test\r\n{body}"));
            connection
        })
        .collect();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        let buffer = nano.get("a.test", "/buffer");
        assert_eq!((buffer.status, buffer.body.len()), (200, 1 << 20));
        let text = nano.post("a.test", "/", "x");
        assert_eq!((text.status, text.text()), (200, "x"));
    }
    let log = nano.log();
    assert!(
        !log.iter()
            .any(|line| line.to_string().contains("was ended")),
        "no instance is ended"
    );
    drop(stalled);
}

/// What a client sends takes twice as much as a string, or ten times as much as an object. Where that does not fit, it is an error of
/// that one request.
#[test]
fn texts_that_do_not_fit_end_no_app() {
    const APP: &str = "let release;
    const released = new Promise((resolve) => { release = resolve });
    const ways = {
        text: (request) => request.text(),
        json: async (request) => ({ length: (await request.json()).length }),
        blob: async (request) => (await request.blob()).text(),
        bytes: async (request) => new TextDecoder().decode(await request.bytes()),
        fatal: async (request) => new TextDecoder('utf-8', { fatal: true }).decode(await request.bytes()),
        latin1: async (request) => new TextDecoder('latin1').decode(await request.bytes()),
        form: async (request) => {
            const headers = { 'content-type': 'application/x-www-form-urlencoded' };
            return (await new Response(request.body, { headers }).formData()).get('a');
        },
        stream: (request) => new Response(request.body.pipeThrough(new TransformStream())).text(),
    };
    export default { async fetch(request) {
        const way = new URL(request.url).pathname.slice(1);
        if (way === 'wait') { await released; return new Response('waited') }
        if (way === 'release') { release(); return new Response('released') }
        try {
            return new Response(`${(await ways[way](request)).length}`);
        } catch (error) {
            return new Response(error.name, { status: 400 });
        }
    } };";
    let nano = Site::new().app("a", APP).serve();
    let mut waits = nano.connect();
    waits.write("GET /wait HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let wide = |bytes: usize| format!("a={}\u{20ac}", "a".repeat(bytes));
    let large = wide(70_000_000);
    for way in [
        "text", "json", "blob", "bytes", "fatal", "latin1", "form", "stream",
    ] {
        let answer = nano.post("a.test", &format!("/{way}"), &large);
        assert_eq!((answer.status, answer.text()), (400, "RangeError"), "{way}");
    }
    // Beside its bytes it would not fit.
    let answer = nano.post("a.test", "/text", &wide(50_000_000));
    assert_eq!((answer.status, answer.text()), (400, "RangeError"));
    for way in ["text", "blob", "bytes"] {
        let answer = nano.post("a.test", &format!("/{way}"), &wide(25_000_000));
        assert_eq!((answer.status, answer.text()), (200, "25000003"), "{way}");
    }
    let lists = |count: usize| format!("[{}0]", "[],".repeat(count));
    for count in [2_600_000, 4_000_000] {
        let answer = nano.post("a.test", "/json", &lists(count));
        assert_eq!(
            (answer.status, answer.text()),
            (400, "RangeError"),
            "{count}"
        );
    }
    let answer = nano.post("a.test", "/json", &lists(1_000_000));
    assert_eq!((answer.status, answer.text()), (200, "1000001"));
    assert_eq!(nano.get("a.test", "/release").text(), "released");
    assert_eq!(waits.response(false).text(), "waited");
}

/// An app that keeps what it is told to.
const KEEPS: &str = "const kept = []; export default { fetch() {
    kept.push(new Uint8Array(1 << 20).fill(1));
    return new Response('kept');
} };";

/// Posts so many bytes, which do not come with their head.
fn post_later(nano: &Nano, host: &str, size: usize) -> Response {
    let mut connection = nano.connect();
    connection.write(&format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n"
    ));
    std::thread::sleep(Duration::from_millis(50));
    connection.write(&"x".repeat(size));
    connection.response(false)
}

/// Where apps have used up the process's memory, forms are still read, and what is larger has to come later.
#[test]
fn where_the_process_is_full_small_bodies_are_read() {
    const LARGE: usize = 100_000;
    let site = Site::new()
        .top(r#""memory_mb": 300"#)
        .app_with("keeps", KEEPS, r#""limits":{"memory_mb":512}"#)
        .app("a", "export default { async fetch(request) { return new Response(await request.text()) } };");
    let (nano, admin) = serve(site);
    assert_eq!(nano.post("a.test", "/", "x").text(), "x");
    let refused = (0..280).find_map(|_| {
        assert_eq!(nano.get("keeps.test", "/").text(), "kept");
        std::thread::scope(|scope| {
            let large = scope.spawn(|| post_later(&nano, "a.test", LARGE));
            let began = Instant::now();
            while !large.is_finished() && began.elapsed() < Duration::from_millis(300) {
                std::thread::sleep(Duration::from_millis(5));
            }
            let overtakes = !large.is_finished() && {
                for size in [3_000, 60_000] {
                    let answer = post_later(&nano, "a.test", size);
                    assert_eq!((answer.status, answer.body.len()), (200, size));
                }
                !large.is_finished()
            };
            let large = large.join().expect("an answer");
            (large.body.len() != LARGE).then(|| {
                assert!(overtakes, "small bodies wait as long as a large one");
                large
            })
        })
    });
    let refused = refused.expect("the process is full");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let line = nano.logged("the refusal", |line| {
        line["message"] == "request" && line["limit"] == "process_memory"
    });
    assert!(line.to_string().contains("no memory left"), "{line}");
    let metrics = ask(admin, "GET", "/metrics").text().to_owned();
    let counted = metrics
        .lines()
        .find(|line| line.contains("app=\"a\"") && line.contains("process_memory"));
    assert!(
        counted.is_some_and(|line| line.ends_with(" 1")),
        "{counted:?}"
    );
}
