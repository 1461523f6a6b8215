//! How instances come and go: for memory, for many requests, and for new ones.

use std::time::Duration;

use crate::support::Site;

/// An app that serves gets the memory of those that nobody asks for: of the one that has been idle for longest.
#[test]
#[cfg(target_os = "linux")]
fn idle_apps_end_before_one_that_serves_when_the_process_needs_memory() {
    let holds = "const kept = new Uint8Array(120 << 20).fill(1), id = String(Math.random());
        export default { async fetch(request) {
            if (request.url.endsWith('/slow')) await new Promise(resolve => setTimeout(resolve, 8000));
            return new Response(kept.length + id);
        } };";
    let grows = "const keep = []; export default { fetch(request) {
        keep.push(new Uint8Array(10 << 20).fill(1));
        return new Response('fine');
    } };";
    let limits = r#""limits":{"memory_mb":1000}"#;
    let nano = Site::new()
        .top(r#""memory_mb":600"#)
        .app_with("serves", holds, limits)
        .app_with("old", holds, limits)
        .app_with("young", holds, limits)
        .app_with("grows", grows, limits)
        .serve();
    let who = |app: &str| {
        let response = nano.get(&format!("{app}.test"), "/");
        assert_eq!(response.status, 200, "{app}: {}", response.text());
        response.text().to_owned()
    };
    let mut busy = nano.connect();
    let serves = who("serves");
    busy.write("GET /slow HTTP/1.1\r\nHost: serves.test\r\n\r\n");
    let old = who("old");
    std::thread::sleep(Duration::from_millis(600));
    let young = who("young");
    std::thread::sleep(Duration::from_millis(600));
    let has_ended = |app: &str| {
        nano.log()
            .iter()
            .any(|line| line["app"] == app && line.to_string().contains("needs memory"))
    };
    let rounds = (0..50).find(|_| {
        let response = nano.get("grows.test", "/");
        assert_eq!(response.status, 200, "{}", response.text());
        has_ended("old")
    });
    assert!(rounds.is_some(), "nobody has made room");
    assert!(!has_ended("young") && !has_ended("serves"));
    assert_eq!(who("young"), young);
    assert_eq!(busy.response(false).text(), serves);
    // It is there when it is asked for.
    assert_ne!(who("old"), old);
}
