//! What requests to other servers take while they wait, and what each app may have of them beside others.

use std::sync::atomic::Ordering;

use crate::outbound::{ALLOW, Peer, silent};
use crate::support::{Nano, Site, eventually, limit};

/// Makes so many fetches for one request, and answers with what comes of the first.
fn app(peer: &Peer, count: usize) -> String {
    format!(
        "export default {{ async fetch(request) {{
            const all = [];
            const count = new URL(request.url).pathname === '/one' ? 1 : {count};
            for (let i = 0; i < count; i++) {{
                all.push(fetch('http://127.0.0.1:{port}/').then((r) => r.text(), (e) => `${{e.name}}: ${{e.message}}`));
            }}
            return new Response(await Promise.any(all));
        }} }};",
        port = peer.port
    )
}

/// A client that waits for an answer.
fn ask(nano: &Nano, app: &str, path: &str) -> crate::support::Connection {
    let mut client = nano.connect();
    client.write(&format!("GET {path} HTTP/1.1\r\nhost: {app}.test\r\n\r\n"));
    client
}

fn have_come(peer: &Peer, count: usize) {
    eventually("the app's connections", || {
        (peer.open.load(Ordering::SeqCst) >= count).then_some(())
    });
}

#[test]
fn fetches_that_wait_take_little() {
    let peer = silent();
    let nano = Site::new().app_with("a", &app(&peer, 900), ALLOW).serve();
    let first = ask(&nano, "a", "/one");
    have_come(&peer, 1);
    let before = nano.reset_peak();
    let _second = ask(&nano, "a", "/");
    // Of 900, 255 have a connection.
    have_come(&peer, 256);
    std::thread::sleep(std::time::Duration::from_millis(500));
    let grown = (nano.peak() - before) >> 20;
    println!("{grown} MB");
    // 12 are seen; 33 when each had room for four requests.
    assert!(grown < 20, "{grown} MB");
    drop(first);
}

#[test]
fn heads_that_do_not_end_count() {
    let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    head.resize(350_000, b'x');
    let peer = Peer::start(head);
    let fields = format!(r#"{ALLOW},"limits":{{"memory_mb":32}}"#);
    let nano = Site::new().app_with("a", &app(&peer, 256), &fields).serve();
    let before = nano.reset_peak();
    let text = nano.get("a.test", "/").text().to_owned();
    assert!(text.contains("memory limit"), "{text}");
    let grown = (nano.peak() - before) >> 20;
    println!("{grown} MB");
    assert!(grown < 80, "{grown} MB");
}

#[test]
fn connections_follow_the_memory_limit() {
    let peer = silent();
    let fields = format!(r#"{ALLOW},"limits":{{"memory_mb":8}}"#);
    let nano = Site::new().app_with("a", &app(&peer, 200), &fields).serve();
    let _client = ask(&nano, "a", "/");
    have_come(&peer, 64);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(peer.most(), 64);
}

/// With 500 descriptors there are 250 connections, with 64 MB for all there are 256.
#[test]
fn apps_that_hold_connections_leave_some_to_others() {
    let (peer, good) = (silent(), Peer::of_size(5));
    for top in ["", r#""memory_mb":64"#] {
        let mut site = Site::new();
        for index in 0..6 {
            site = site.app_with(&format!("a{index}"), &app(&peer, 200), ALLOW);
        }
        if !top.is_empty() {
            site = site.top(top);
        }
        let nano = site
            .app_with("b", &app(&good, 1), ALLOW)
            .serve_as(|command| {
                if top.is_empty() {
                    limit(command, libc::RLIMIT_NOFILE, 500);
                }
            });
        let _clients: Vec<_> = (0..6)
            .map(|index| ask(&nano, &format!("a{index}"), "/"))
            .collect();
        have_come(&peer, 150);
        std::thread::sleep(std::time::Duration::from_millis(500));
        for _ in 0..20 {
            assert_eq!(nano.get("b.test", "/").text(), "xxxxx");
        }
        assert!(peer.most() < 250, "{}", peer.most());
    }
}
