//! Web Crypto in an app: tokens of the standards; keys and parameters that mean harm; long work beside neighbours.

use std::time::{Duration, Instant};

use crate::memory::{both_are_fine, serve};
use crate::support::{Site, admin};

#[test]
fn tokens_of_the_standards() {
    let nano = Site::new().app("a", include_str!("webcrypto.js")).serve();
    let response = nano.get("a.test", "/");
    assert_eq!(
        response.text(),
        r#"{"HMAC":"","RSASSA-PKCS1-v1_5":"","ECDSA":"","Ed25519":""}"#
    );
}

/// What the process does once for its random source costs the app that needs it first nothing that is worth mentioning.
#[test]
fn the_first_random_number_costs_no_more_than_others() {
    let draws = "export default { fetch: ({ url }) => new Response(url.endsWith('/draw') ? crypto.randomUUID() : '') };";
    let site = Site::new().app("first", draws).app("second", draws);
    let (nano, port) = admin::serve(site);
    let cpu_seconds = |app: &str| {
        let details = admin::json(&admin::ask(port, "GET", &format!("/admin/apps/{app}")));
        details["cpu_seconds"].as_f64().expect("a number")
    };
    let cost = |app: &str| {
        let host = format!("{app}.test");
        assert_eq!(nano.get(&host, "/").status, 200);
        let before = cpu_seconds(app);
        let response = nano.get(&host, "/draw");
        assert_eq!(response.text().len(), 36, "{}", response.text());
        cpu_seconds(app) - before
    };
    let (first, second) = (cost("first"), cost("second"));
    assert!(first < second + 0.015, "{first} and {second} s");
}

/// Has all of it going on that takes longest, and for ever, or is in an endless loop. Of each, one piece has come to its end before.
const HAMMER: &str = "
    const { subtle } = crypto;
    const rsa = (modulusLength) => subtle.generateKey(
        { name: 'RSA-PSS', modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, false, ['sign']);
    const pbkdf2 = async (iterations) => subtle.deriveBits(
        { name: 'PBKDF2', salt: new Uint8Array(8), iterations, hash: 'SHA-512' },
        await subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']), 512);
    const again = async (work) => { for (;;) await work(); };
    export default { async fetch(request) {
        if (request.url.endsWith('/loop')) for (;;);
        await rsa(1024);
        await pbkdf2(1000);
        for (let i = 0; i < 4; i++) {
            again(() => rsa(8192));
            again(() => pbkdf2(2 ** 31));
            again(() => subtle.digest('SHA-512', new Uint8Array(8 << 20)));
        }
        return new Response('going on');
    } };";

const QUIET: &str = "
    const { subtle } = crypto;
    export default { async fetch(request) {
        await subtle.digest('SHA-256', new Uint8Array(1 << 20));
        await subtle.generateKey(
            { name: 'RSA-PSS', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, false, ['sign']);
        const key = await subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
        await subtle.deriveBits({ name: 'PBKDF2', salt: new Uint8Array(8), iterations: 1000, hash: 'SHA-512' }, key, 512);
        return new Response('fine');
    } };";

/// Each of two apps has as many threads of the pool as it may, for longer than a test may take: whoever does little has its turn, and
/// nothing goes on for an instance that has ended.
#[test]
fn endless_work_harms_nobody_else_and_ends_with_its_instance() {
    let limits = r#""limits":{"cpu_ms":500,"wall_ms":600000}"#;
    let nano = Site::new()
        .app_with("a", HAMMER, limits)
        .app_with("b", HAMMER, limits)
        .app("quiet", QUIET)
        .serve();
    for app in ["a.test", "b.test"] {
        assert_eq!(nano.get(app, "/").text(), "going on");
    }
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(nano.get("quiet.test", "/").text(), "fine");
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    for app in ["a", "b"] {
        assert_eq!(nano.get(&format!("{app}.test"), "/loop").status, 503);
        nano.app_logged(app, "it passed its CPU limit of 500 ms");
    }
    // A key of 8192 bits takes some ten seconds.
    std::thread::sleep(Duration::from_secs(1));
    let before = nano.cpu_time();
    std::thread::sleep(Duration::from_secs(2));
    let used = nano.cpu_time() - before;
    assert!(used < Duration::from_millis(200), "{used:?} after the end");
}

/// What waits for the pool, and what comes of it, counts, also while the app does not look at it.
#[test]
fn what_work_holds_and_makes_counts() {
    let key = "const secret = (name, usages) => crypto.subtle.importKey('raw-secret', new Uint8Array(32), name, false, usages);
        const all = async (work) => {
            for (let i = 0; i < 1000; i++) keep.push(work());
            for (const end = Date.now() + 1000; Date.now() < end;);
            await Promise.all(keep);
        };";
    let forms = [
        (
            "long_keys",
            "for (;;) keep.push(await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 1 << 23 }, false, ['sign']));",
        ),
        (
            "pairs",
            "for (;;) keep.push(await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']));",
        ),
        (
            "codes",
            "const key = await secret('KMAC128', ['sign']);
            await all(() => crypto.subtle.sign({ name: 'KMAC128', outputLength: 1 << 27 }, key, new Uint8Array(1)));",
        ),
        (
            "digests",
            "await all(() => crypto.subtle.digest({ name: 'KT128', outputLength: 1 << 27 }, new Uint8Array(1)));",
        ),
        (
            "bits",
            "const key = await secret('PBKDF2', ['deriveBits']);
            await all(() => crypto.subtle.deriveBits(
                { name: 'PBKDF2', salt: new Uint8Array(1), iterations: 1, hash: 'SHA-256' }, key, 1 << 27));",
        ),
        (
            "salts",
            "const key = await secret('PBKDF2', ['deriveBits']), salt = new Uint8Array(1 << 23);
            await all(() => crypto.subtle.deriveBits({ name: 'PBKDF2', salt, iterations: 2 ** 31, hash: 'SHA-256' }, key, 256));",
        ),
        (
            "data_to_authenticate",
            "const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);
            const additionalData = new Uint8Array(1 << 23), data = new Uint8Array(128 << 10);
            await all(() => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12), additionalData }, key, data));",
        ),
        (
            "dropped_keys",
            "await all(async () => {
                const key = await crypto.subtle.importKey('raw', new Uint8Array(4 << 20), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
                return crypto.subtle.sign('HMAC', key, new Uint8Array(128 << 10));
            });",
        ),
        (
            "getters",
            "const key = await secret('HKDF', ['deriveKey']), salt = new Uint8Array(8 << 20);
            const derive = () => crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info: salt }, key,
                { get name() { keep.push(derive()); return 'HKDF'; } }, false, ['deriveBits']);
            await derive();
            await Promise.all(keep);",
        ),
    ];
    for (path, body) in forms {
        let body =
            format!("{key} try {{ {body} }} catch (error) {{ return new Response(error.name); }}");
        let nano = serve(&[(path, &body)]);
        both_are_fine(&nano);
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        // What finds no room is refused; where the app's other memory passes the limit, its instance ends.
        match response.status {
            // HKDF says no length of keys, which is an error of its own: the outermost call's, where an inner one finds no room.
            200 if path == "getters" => assert_eq!(response.text(), "OperationError"),
            200 => assert_eq!(response.text(), "RangeError", "{path}"),
            status => assert_eq!(status, 503, "{path}: {}", response.text()),
        }
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 250, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// Thousands of keys, of which each has a few bytes or members that are wrong.
#[test]
fn keys_that_are_none() {
    let nano = Site::new()
        .app_with(
            "a",
            include_str!("webcrypto_hostile.js"),
            r#""limits":{"cpu_ms":60000,"wall_ms":120000}"#,
        )
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "fine");
}
