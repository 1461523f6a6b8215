//! The Cache API: of all instances of an app, and of no other app.

use crate::support::Site;

const SOURCE: &str = "export default { async fetch(request) {
    const url = new URL(request.url), key = 'http://cached/' + url.searchParams.get('key');
    if (url.pathname === '/put') {
        await caches.default.put(key, new Response('x'.repeat(Number(url.searchParams.get('size') ?? 5))));
        return new Response('put');
    }
    if (url.pathname === '/end') while (true) {}
    const found = await caches.default.match(key);
    return found ?? new Response('none', { status: 404 });
} };";

/// An instance that ends takes nothing with it, and what others have stays theirs.
#[test]
fn caches_outlive_instances_and_are_an_apps_own() {
    let nano = Site::new()
        .app_with("a", SOURCE, r#""limits":{"cpu_ms":100}"#)
        .app("b", SOURCE)
        .serve();
    assert_eq!(nano.get("a.test", "/put?key=1").text(), "put");
    assert_eq!(nano.get("a.test", "/?key=1").text(), "xxxxx");
    assert_eq!(nano.get("b.test", "/?key=1").status, 404);
    assert!(nano.get("a.test", "/end").status >= 500);
    assert_eq!(nano.get("a.test", "/?key=1").text(), "xxxxx");
}

/// What is in them is the memory of no instance, neither by what is counted nor by what is found.
#[test]
fn caches_may_hold_more_than_an_instance() {
    let source = "const begun = crypto.randomUUID(); export default { async fetch(request) {
        const url = new URL(request.url), key = 'http://cached/' + url.searchParams.get('key');
        if (url.pathname === '/put') await caches.default.put(key, new Response(new Uint8Array(1 << 20)));
        else if ((await (await caches.default.match(key)).arrayBuffer()).byteLength !== 1 << 20) return new Response('short');
        return new Response(begun);
    } };";
    let limits = r#""limits":{"memory_mb":24,"cache_mb":80}"#;
    let nano = Site::new().app_with("a", source, limits).serve();
    let begun = nano.get("a.test", "/put?key=0").text().to_owned();
    for key in 1..40 {
        assert_eq!(nano.get("a.test", &format!("/put?key={key}")).text(), begun);
    }
    for key in 0..40 {
        assert_eq!(nano.get("a.test", &format!("/?key={key}")).text(), begun);
    }
}

/// The budget is the configuration's; what was used longest ago goes.
#[test]
fn a_cache_has_a_budget() {
    let nano = Site::new()
        .app_with("a", SOURCE, r#""limits":{"cache_mb":1}"#)
        .serve();
    for key in 1..=4 {
        assert_eq!(
            nano.get("a.test", &format!("/put?key={key}&size=300000"))
                .text(),
            "put"
        );
        assert_eq!(nano.get("a.test", "/?key=1").status, 200);
    }
    let found = [1, 2, 3, 4].map(|key| nano.get("a.test", &format!("/?key={key}")).status);
    assert_eq!(found, [200, 404, 200, 200]);
    assert_eq!(nano.get("a.test", "/put?key=5&size=2000000").status, 500);
}
