//! `blob:` URLs in an app: they are its instance's, and what they keep is its memory.

use crate::memory::{both_are_fine, serve};
use crate::support::Site;

/// `/make` answers with a URL, `/read?URL` with what that stands for.
const APP: &str = "
    export default { async fetch(request) {
        const { pathname, search } = new URL(request.url);
        if (pathname === '/make') {
            return new Response(URL.createObjectURL(new Blob(['tea'.repeat(10_000)], { type: 'text/x-tea' })));
        }
        const headers = request.headers.has('range') ? { range: request.headers.get('range') } : {};
        return fetch(search.slice(1), { headers }).catch((error) => new Response(error.message, { status: 404 }));
    } };";

#[test]
fn they_are_an_apps_own_and_can_be_passed_on() {
    let nano = Site::new().app("a", APP).app("b", APP).serve();
    let url = nano.get("a.test", "/make").text().to_owned();
    assert!(url.starts_with("blob:null/"), "{url}");
    let response = nano.get("a.test", &format!("/read?{url}"));
    assert_eq!(response.status, 200);
    assert_eq!(response.text(), "tea".repeat(10_000));
    assert_eq!(response.header("content-type"), Some("text/x-tea"));
    let mut client = nano.connect();
    client.write(&format!(
        "GET /read?{url} HTTP/1.1\r\nhost: a.test\r\nrange: bytes=29997-\r\n\r\n"
    ));
    let response = client.response(false);
    assert_eq!(response.status, 206);
    assert_eq!(response.text(), "tea");
    assert_eq!(
        response.header("content-range"),
        Some("bytes 29997-29999/30000")
    );
    let response = nano.get("b.test", &format!("/read?{url}"));
    assert_eq!(response.status, 404);
    assert!(
        response.text().contains("stands for no blob"),
        "{}",
        response.text()
    );
}

#[test]
fn what_they_keep_counts() {
    for (path, body) in [
        (
            "urls",
            "const blob = new Blob(['x']); for (;;) URL.createObjectURL(blob);",
        ),
        ("bytes", "for (;;) URL.createObjectURL(new Blob([text]));"),
        (
            "types",
            "for (;;) URL.createObjectURL(new Blob([], { type: text }));",
        ),
        // A request keeps what its URL stood for.
        (
            "requests",
            "for (;;) {
                const url = URL.createObjectURL(new Blob([], { type: text }));
                keep.push(new Request(url));
                URL.revokeObjectURL(url);
            }",
        ),
    ] {
        let nano = serve(&[(path, body)]);
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        // What finds no room is refused; where the app's other memory passes the limit, its instance ends.
        let status = response.status;
        assert!([500, 503].contains(&status), "{path}: {}", response.text());
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 150, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// Revoked URLs keep nothing.
#[test]
fn what_is_revoked_is_given_back() {
    let nano = serve(&[(
        "revoke",
        "for (let i = 0; i < 1000; i++) {
            const url = URL.createObjectURL(new Blob([text]));
            if ((await (await fetch(url)).bytes()).length !== text.length) throw new Error('cut short');
            URL.revokeObjectURL(url);
        }",
    )]);
    assert_eq!(nano.get("a.test", "/revoke").text(), "fine");
    both_are_fine(&nano);
}
