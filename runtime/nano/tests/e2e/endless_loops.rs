//! Code that never ends: its request gets 503, its app a new instance, and a neighbour answers meanwhile.

use crate::support::{Site, app_of_forms, eventually};

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

/// Runs each of some handlers' bodies. At most ten: then the app would have to wait for its next instance.
#[track_caller]
fn end(forms: &[(&str, &str)]) {
    assert!(forms.len() <= 10);
    let source = app_of_forms(forms);
    let nano = Site::new()
        .file("a/other.js", "export default 1;")
        .app_with("a", &source, r#""limits":{"cpu_ms":200}"#)
        .app("b", NEIGHBOUR)
        .serve();
    for (form, _) in forms {
        let mut looping = nano.connect();
        looping.write(&format!("GET /{form} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(nano.get("b.test", "/").text(), "here", "during {form}");
        let response = looping.response(false);
        assert_eq!(response.status, 503, "{form}: {}", response.text());
        let id = response
            .header("x-request-id")
            .expect("a request id")
            .to_owned();
        let line = nano.logged(&id, |line| {
            line["request_id"] == id.as_str() && line["status"] == 503
        });
        assert_eq!(line["app"], "a", "{line}");
        let error = line["error"].as_str().expect("the reason");
        assert!(error.contains("CPU limit"), "{form}: {line}");
        let after = eventually(form, || {
            let response = nano.get("a.test", "/");
            (response.status == 200).then_some(response)
        });
        assert_eq!(after.text(), "done", "after {form}");
    }
}

#[test]
fn loops() {
    end(&[
        ("while_", "while (true) {}"),
        ("for_", "for (let i = 0; ; i++) i % 2;"),
        ("do_", "let i = 0; do { i ^= 1 } while (true);"),
        ("fill", "for (;;) { new Array(1000).fill(1.1) }"),
        ("catch_", "for (;;) { try { for (;;) {} } catch {} }"),
        ("finally_", "try { for (;;) {} } finally { for (;;) {} }"),
        (
            "recursion",
            "const f = n => { if (n > 0) { f(n - 1); f(n - 1); } }; f(10000);",
        ),
        (
            "catching",
            "function f() { try { f() } catch { f() } } f();",
        ),
        ("clock", "while (performance.now() >= 0) Date.now();"),
    ]);
}

#[test]
fn callbacks() {
    end(&[
        ("sort", "[3, 1, 2].sort(() => { for (;;); });"),
        ("sorts", "for (;;) [3, 1, 2].sort((a, b) => a - b);"),
        ("getter", "({ get x() { for (;;) {} } }).x;"),
        ("to_json", "JSON.stringify({ toJSON() { for (;;) {} } });"),
        (
            "to_jsons",
            "JSON.stringify({ toJSON() { return { toJSON: undefined, x: [1] } } }); for (;;) JSON.stringify({ toJSON: () => 1 });",
        ),
        ("reviver", "JSON.parse('[1]', () => { for (;;); });"),
        (
            "proxy",
            "const p = new Proxy({}, { get: (_, key, self) => self[key + 1] }); for (;;) try { p.x } catch {}",
        ),
        (
            "generator",
            "for (const _ of (function* () { for (;;) yield 1; })());",
        ),
        (
            "spread",
            "[...{ [Symbol.iterator]: () => ({ next: () => ({ get done() { for (;;); } }) }) }];",
        ),
        ("replace", "'a'.replace(/a/, () => { for (;;); });"),
    ]);
}

#[test]
fn asynchronous_loops() {
    end(&[
        ("awaits", "for (;;) await null;"),
        (
            "chain",
            "const again = () => Promise.resolve().then(again); await again();",
        ),
        (
            "queue",
            "const again = () => queueMicrotask(again); again(); await new Promise(() => {});",
        ),
        (
            "iterator",
            "for await (const _ of (async function* () { for (;;) yield 1; })());",
        ),
        ("thenable", "await { then(resolve) { resolve(this) } };"),
        ("imports", "for (;;) await import('./other.js');"),
        (
            "stream",
            "for await (const _ of new ReadableStream({ pull(c) { c.enqueue(1) } }));",
        ),
        (
            "events",
            "const t = new EventTarget; t.addEventListener('x', () => { for (;;); }); t.dispatchEvent(new Event('x'));",
        ),
    ]);
}

/// The response is there before the loop is noticed, and is sent.
#[test]
fn a_loop_that_the_handler_does_not_wait_for() {
    let source = "export default { async fetch(request) {
        if (new URL(request.url).pathname === '/loop') (async () => { for (;;) await 0 })();
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"cpu_ms":200}"#)
        .app("b", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("a.test", "/loop").text(), "fine");
    nano.app_logged("a", "it passed its CPU limit of 200 ms");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    assert_eq!(nano.get("a.test", "/").text(), "fine");
}

/// Where most of the time is spent outside of the app's own code.
#[test]
fn built_in_functions() {
    end(&[
        ("regexp", "/^(a+)+$/.test('a'.repeat(64) + 'b');"),
        ("regexps", "for (;;) /a|b/.exec('xxb');"),
        ("random", "const b = new Uint8Array(65536); for (;;) crypto.getRandomValues(b);"),
        ("uuid", "for (;;) crypto.randomUUID();"),
        ("digest", "for (;;) await crypto.subtle.digest('SHA-256', new Uint8Array(1000));"),
        ("clone", "for (;;) structuredClone({ a: [1, 'b', new Map([[1, 2]])] });"),
        ("cloned_getter", "structuredClone({ get x() { for (;;); } });"),
        ("url", "for (;;) new URL('http://a.test/').searchParams.append('a', 'b');"),
        ("wasm", "
            // (module (func (export \"f\") (loop $l (br $l))))
            const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11]);
            new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();"),
        ("encode", "for (;;) new TextEncoder().encode('text');"),
    ]);
}

/// A native function that asks the app for one more item, again and again.
#[test]
fn endless_arguments() {
    let pairs =
        "function* pairs() { for (;;) { for (let i = 0; i < 1e5; i++); yield ['a', 'b']; } }";
    end(&[
        ("headers", &format!("{pairs} new Headers(pairs());")),
        (
            "parameters",
            &format!("{pairs} new URLSearchParams(pairs());"),
        ),
        (
            "parts",
            "new Blob((function* () { for (;;) { for (let i = 0; i < 1e5; i++); yield ''; } })());",
        ),
        (
            "names",
            "new Headers(new Proxy({}, { ownKeys() { for (;;); } }));",
        ),
        (
            "values",
            "new Headers(new Proxy({ a: 1 }, { getOwnPropertyDescriptor() { for (;;); } }));",
        ),
        (
            "properties",
            "new URLSearchParams(Object.fromEntries(Array.from({ length: 2e5 }, (_, i) => ['k' + i, ''])));",
        ),
        (
            "member",
            "new Response('', { get status() { for (;;); } });",
        ),
        ("string", "new URL({ toString() { for (;;); } });"),
    ]);
}

/// An app must not wait for what nobody does, while it holds its thread.
#[test]
fn atomics_wait_is_refused() {
    let source = "export default { fetch() {
        try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); } catch (error) { return new Response(error.name); }
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(nano.get("a.test", "/").text(), "TypeError");
}
