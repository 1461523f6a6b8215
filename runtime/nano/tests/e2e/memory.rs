//! What an app may hold: V8's heap, buffers and native objects count together, and neighbours do not notice.

use std::time::{Duration, Instant};

use crate::support::{Connection, Nano, PATIENCE, Site, eventually};

pub(crate) const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

/// An app whose handler's body is chosen by the path, in 64 MB, beside a neighbour. A body without an answer answers "fine".
pub(crate) fn serve(bodies: &[(&str, &str)]) -> Nano {
    let cases: String = bodies
        .iter()
        .map(|(path, body)| format!("case '/{path}': {{ {body} break; }}\n"))
        .collect();
    let source = format!(
        "const keep = [], text = 'x'.repeat(1 << 20);
        export default {{ async fetch(request) {{
            switch (new URL(request.url).pathname) {{ {cases} }}
            return new Response('fine');
        }} }};"
    );
    Site::new()
        .app_with("a", &source, r#""limits":{"memory_mb":64}"#)
        .app("b", NEIGHBOUR)
        .serve()
}

/// The app serves again, and its neighbour still does.
#[track_caller]
pub(crate) fn both_are_fine(nano: &Nano) {
    let response = eventually("a new instance", || {
        let response = nano.get("a.test", "/");
        (response.status == 200).then_some(response)
    });
    assert_eq!(response.text(), "fine");
    assert_eq!(nano.get("b.test", "/").text(), "here");
}

/// Each of some bodies must be ended by the memory limit, before the process has grown much. At most ten.
#[track_caller]
fn end(bodies: &[(&str, &str)]) {
    assert!(bodies.len() <= 10);
    let nano = serve(bodies);
    for (path, _) in bodies {
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        assert_eq!(response.status, 503, "{path}: {}", response.text());
        let id = response.header("x-request-id").expect("an id").to_owned();
        let line = nano.logged(&id, |line| {
            line["request_id"] == id.as_str() && line["status"] == 503
        });
        let error = line["error"].as_str().expect("the reason");
        assert!(
            error.contains("more memory than its limit"),
            "{path}: {line}"
        );
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 250, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// Each query makes a module of its own of a file.
#[test]
fn urls_of_imported_modules_count() {
    let nano = serve(&[(
        "imports",
        "for (let n = 0;; n++) await import(`./index.js?${n}${'\\uffff'.repeat(65_000)}`, { with: { type: 'text' } });",
    )]);
    let before = nano.reset_peak();
    // Either there is no room for the next one, or the instance is ended.
    let status = nano.get("a.test", "/imports").status;
    assert!([500, 503].contains(&status), "{status}");
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 150, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

/// Groups within each other have all matched the same text.
#[test]
fn what_the_groups_of_a_pattern_have_matched_counts() {
    let nano = serve(&[(
        "groups",
        "let groups = '.*';
        for (let i = 0; i < 400; i++) groups = `(?<a${i}>${groups})`;
        const pattern = new URLPattern({ hash: `(${groups})` + '(z)?'.repeat(400) });
        try {
            if (!pattern.test({ hash: 'x' }) || pattern.exec({ hash: 'x'.repeat(1000) }) === null) return new Response('no match');
            pattern.exec({ hash: 'x'.repeat(300_000) });
        } catch (error) { return new Response(error.name); }",
    )]);
    let before = nano.reset_peak();
    assert_eq!(nano.get("a.test", "/groups").text(), "RangeError");
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 80, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

#[test]
fn native_objects_count() {
    end(&[
        ("headers", "for (;;) keep.push(new Headers());"),
        (
            "filled_headers",
            "for (;;) keep.push(new Headers({ a: 'x'.repeat(1000) }));",
        ),
        (
            "requests",
            "for (;;) keep.push(new Request('http://a.test/'));",
        ),
        ("responses", "for (;;) keep.push(new Response('text'));"),
        ("forms", "for (;;) keep.push(new FormData());"),
        (
            "parameters",
            "for (;;) keep.push(new URLSearchParams('a=b&c=d'));",
        ),
        ("urls", "for (;;) keep.push(new URL('http://a.test/'));"),
        ("decoders", "for (;;) keep.push(new TextDecoder('big5'));"),
        (
            "streams_of_blobs",
            "let blob = new Blob([new Uint8Array(8192)]);
             for (let i = 0; i < 14; i++) blob = new Blob([blob, blob]);
             for (;;) keep.push(new Blob([blob]).stream());",
        ),
    ]);
}

#[test]
fn growth_counts() {
    end(&[
        (
            "headers",
            "const h = new Headers(); for (;;) h.append('a', 'text');",
        ),
        (
            "response",
            "const r = new Response(); for (;;) r.headers.append('a', 'text');",
        ),
        (
            "parameters",
            "const p = new URLSearchParams(); for (;;) p.append('a', 'text');",
        ),
        (
            "form",
            "const f = new FormData(); for (;;) f.append('a', 'text');",
        ),
        (
            "url",
            "let s = 'x'.repeat(1e6); for (;;) { const u = new URL('http://a.test/'); u.search = s; keep.push(u); }",
        ),
        (
            "clones",
            "const h = new Headers({ a: 'x'.repeat(1000) }); for (;;) keep.push(new Headers(h));",
        ),
        (
            "methods",
            "const init = { method: 'X'.repeat(1e6) }; for (;;) keep.push(new Request('http://a.test/', init));",
        ),
        (
            "referrers",
            "const init = { referrer: 'http://a.test/' + 'x'.repeat(1e6) };
             for (;;) keep.push(new Request('http://a.test/', init));",
        ),
    ]);
}

#[test]
fn arguments_count_while_they_are_converted() {
    end(&[
        (
            "parameters",
            "new URLSearchParams((function* () { for (;;) yield ['name', 'value']; })());",
        ),
        (
            "headers",
            "new Headers((function* () { for (;;) yield ['name', 'value']; })());",
        ),
        (
            "array",
            "new URLSearchParams(new Array(2e6).fill(['name', 'value']));",
        ),
        ("parts", "new Blob(new Array(1e5).fill('x'.repeat(1e6)));"),
        (
            "messages",
            "const { port1 } = new MessageChannel(); for (;;) port1.postMessage('x'.repeat(1000));",
        ),
    ]);
}

/// What members make of an app's values may be many times as large. It is refused before it is made, and the app goes on.
#[test]
fn results_are_refused_before_they_are_made() {
    const PAIRS: &str = "'&a'.repeat(1e7)";
    let members = [
        (
            "serialize",
            "new URLSearchParams([['a', '\\u20ac'.repeat(6e6)]]).toString()".to_owned(),
        ),
        (
            "body",
            "new Response(new URLSearchParams([['a', '\\u20ac'.repeat(6e6)]]))".to_owned(),
        ),
        ("parse", format!("new URLSearchParams({PAIRS})")),
        ("query", format!("new URL('http://a/?' + {PAIRS}).searchParams")),
        (
            "search",
            format!("const u = new URL('http://a/'); u.searchParams.size; u.search = {PAIRS};"),
        ),
        (
            "form",
            format!(
                "await new Response({PAIRS}, {{ headers: {{ 'content-type': 'application/x-www-form-urlencoded' }} }}).formData()"
            ),
        ),
        (
            "parts",
            "await new Response('--b\\r\\nContent-Disposition: form-data; name=a; filename=a\\r\\n\\r\\n\\r\\n'.repeat(2e5) + '--b--', \
             { headers: { 'content-type': 'multipart/form-data; boundary=b' } }).formData()"
                .to_owned(),
        ),
        (
            "get",
            "const h = new Headers(); for (let i = 0; i < 32; i++) h.append('a', text); h.get('a');"
                .to_owned(),
        ),
        (
            "cookies",
            "const h = new Headers(); for (let i = 0; i < 32; i++) h.append('set-cookie', text); h.getSetCookie();"
                .to_owned(),
        ),
        (
            "values",
            "const p = new URLSearchParams(); for (let i = 0; i < 32; i++) p.append('a', text); p.getAll('a');"
                .to_owned(),
        ),
        (
            "entries",
            "const f = new FormData(); for (let i = 0; i < 32; i++) f.append('a', text); f.getAll('a');"
                .to_owned(),
        ),
    ];
    let bodies = members.map(|(path, member)| {
        let body = format!(
            "try {{ {member} }} catch (error) {{ return new Response(`${{error.name}}: ${{error.message}}`); }}"
        );
        (path, body)
    });
    let bodies: Vec<_> = bodies.iter().map(|(path, body)| (*path, &**body)).collect();
    for some in bodies.chunks(8) {
        let nano = serve(some);
        for (path, _) in some {
            let before = nano.reset_peak();
            let response = nano.get("a.test", &format!("/{path}"));
            let text = response.text();
            assert_eq!(response.status, 200, "{path}: {text}");
            assert!(text.starts_with("RangeError"), "{path}: {text}");
            assert!(text.contains("memory limit"), "{path}: {text}");
            let growth = nano.peak().saturating_sub(before) >> 20;
            assert!(growth < 150, "{path}: the process grew by {growth} MB");
        }
        both_are_fine(&nano);
    }
}

/// Where only something short can be right, what is long is wrong, whether there is room for it or not.
#[test]
fn long_tokens_are_never_copied() {
    let nano = serve(&[
        (
            "label",
            "try { new TextDecoder('\u{e9}'.repeat(3e7)); } catch (error) { return new Response(error.message); }",
        ),
        (
            "mode",
            "try { new Request('http://a/', { mode: '\u{e9}'.repeat(3e7) }); } catch (error) { return new Response(error.message); }",
        ),
        (
            "algorithm",
            "try { await crypto.subtle.digest('\u{e9}'.repeat(3e7), new Uint8Array(1)); } catch (error) { return new Response(error.message); }",
        ),
    ]);
    for (path, message) in [
        ("label", "The encoding label provided"),
        ("mode", "is not a value of RequestMode"),
        ("algorithm", "is not supported"),
    ] {
        let response = nano.get("a.test", &format!("/{path}"));
        assert!(
            response.text().contains(message),
            "{path}: {}",
            response.text()
        );
        assert!(response.text().len() < 1000, "{path}");
    }
    both_are_fine(&nano);
}

#[test]
fn serialization_is_bounded() {
    let nano = serve(&[(
        "clone",
        "try { structuredClone(new Array(3000).fill('x'.repeat(1e6))); }
        catch (error) { return new Response(error.name); }",
    )]);
    let before = nano.reset_peak();
    assert_eq!(nano.get("a.test", "/clone").text(), "DataCloneError");
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 200, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

/// What is copied of other objects, and what is written while getters begin further serializations.
#[test]
fn copies_are_bounded_as_a_whole() {
    let attempt = |work: &str| {
        format!("try {{ {work} }} catch (error) {{ return new Response(error.name); }}")
    };
    let blobs = attempt(
        "const small = new Blob([new Uint8Array(4096)]);
        new Blob(new Array(100_000).fill(small));",
    );
    let nested = attempt(
        "const texts = new Array(20).fill(text);
        const level = (left) => ({ texts, get next() { return left && structuredClone(level(left - 1)); } });
        structuredClone(level(20));",
    );
    let nano = serve(&[("blobs", &blobs), ("nested", &nested)]);
    for (path, expected) in [("blobs", "RangeError"), ("nested", "DataCloneError")] {
        let before = nano.reset_peak();
        assert_eq!(nano.get("a.test", &format!("/{path}")).text(), expected);
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 200, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

#[test]
fn native_buffers_count() {
    let attempt = |make: &str| {
        format!(
            "try {{ for (;;) keep.push({make}); }}
            catch (error) {{
                const {{ length }} = keep.splice(0);
                return new Response(`${{error.name}} ${{length}} ${{error.message}}`);
            }}"
        )
    };
    let bodies = [
        ("encode", attempt("new TextEncoder().encode(text)")),
        ("bytes", attempt("await new Response(text).bytes()")),
        ("buffer", attempt("await new Response(text).arrayBuffer()")),
        ("blob", attempt("await new Blob([text]).arrayBuffer()")),
        ("blobs", attempt("new Blob([text])")),
        ("responses", attempt("new Response(text)")),
        ("clone", attempt("structuredClone(new Uint8Array(1 << 20))")),
        (
            "stream",
            attempt("(await new Response(text).body.getReader().read()).value"),
        ),
    ];
    let bodies: Vec<_> = bodies.iter().map(|(path, body)| (*path, &**body)).collect();
    let nano = serve(&bodies);
    for (path, _) in &bodies {
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        let parts: Vec<_> = response.text().splitn(3, ' ').collect();
        assert_eq!(
            parts[0],
            "RangeError",
            "{path}: {} {}",
            response.status,
            response.text()
        );
        let count: usize = parts[1].parse().expect("a number");
        assert!((20..64).contains(&count), "{path}: {}", response.text());
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 200, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// Garbage counts until it is collected, which must happen when there is no room.
#[test]
fn garbage_makes_room() {
    let nano = serve(&[
        (
            "buffers",
            "for (let i = 0; i < 300; i++) new TextEncoder().encode(text);",
        ),
        (
            "bodies",
            "for (let i = 0; i < 300; i++) await new Response(text).text();",
        ),
        (
            "objects",
            "for (let i = 0; i < 5e5; i++) new Headers({ a: 'b' });",
        ),
        (
            "strings",
            "const s = new Array(100).fill('x'.repeat(1e4)); for (let i = 0; i < 500; i++) new Blob(s);",
        ),
    ]);
    for path in ["buffers", "bodies", "objects", "strings"] {
        let response = nano.get("a.test", &format!("/{path}"));
        assert_eq!((response.status, response.text()), (200, "fine"), "{path}");
    }
}

#[test]
fn request_bodies_that_an_app_keeps_count() {
    let body = "x".repeat(5 << 20);
    for keeps in [
        "keep.push(await request.arrayBuffer());",
        "keep.push(await request.blob());",
        "keep.push(new Response(await request.arrayBuffer()));",
    ] {
        let nano = serve(&[("keep", keeps)]);
        assert_eq!(nano.get("a.test", "/").text(), "fine");
        let before = nano.reset_peak();
        let statuses: Vec<u16> = (0..20)
            .map(|_| nano.post("a.test", "/keep", &body).status)
            .collect();
        let kept = statuses.iter().take_while(|status| **status == 200).count();
        assert!(
            (3..13).contains(&kept),
            "{keeps}: {statuses:?} for 5 MB each in 64 MB"
        );
        assert!(matches!(statuses[kept], 500 | 503), "{statuses:?}");
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 200, "{keeps}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}

/// A response that is not read yet is still the app's.
#[test]
fn responses_on_their_way_count() {
    let nano = serve(&[("large", "return new Response('x'.repeat(15 << 20));")]);
    let ask = || {
        let mut connection = nano.connect();
        connection.write("GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n");
        let status = connection.head().status;
        (connection, status)
    };
    let asked: Vec<(Connection, u16)> = (0..10).map(|_| ask()).collect();
    let refused = asked.iter().filter(|(_, status)| *status != 200).count();
    assert!(
        refused >= 5,
        "only {refused} of 10 responses of 15 MB were refused in 64 MB"
    );
    drop(asked);
    eventually("room", || (ask().1 == 200).then_some(()));
    both_are_fine(&nano);
}

#[test]
fn an_app_that_takes_all_memory_is_replaced() {
    let source = "export default { async fetch(request) {
        switch (new URL(request.url).pathname) {
            case '/push': { const a = []; while (1) a.push(new Array(100).fill(a.length)); }
            case '/string': { let s = 'x'; while (1) { s = s + s + '!'; s.charCodeAt(0); } }
            case '/buffer': {
                try { new ArrayBuffer(1 << 30); return new Response('allocated'); }
                catch (error) { return new Response(error.name); }
            }
            case '/buffers': { const a = []; while (1) a.push(new ArrayBuffer(1 << 20)); }
        }
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .app("b", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "fine");
    let before = nano.resident();
    let push = nano.get("a.test", "/push");
    assert_eq!(push.status, 503, "{}", push.text());
    nano.app_logged("a", "memory limit of 64 MB");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let fine = || {
        let response = crate::support::eventually("a new instance", || {
            let response = nano.get("a.test", "/");
            (response.status == 200).then_some(response)
        });
        assert_eq!(response.text(), "fine");
    };
    fine();
    // One huge buffer is an exception that the app can handle, or the end of the instance; never of the process.
    let buffer = nano.get("a.test", "/buffer");
    match buffer.status {
        200 => assert_eq!(buffer.text(), "RangeError"),
        status => assert_eq!(status, 503),
    }
    fine();
    // Here the engine has the choice, too: a RangeError that nobody catches (500), or the end (503).
    for path in ["/buffers", "/string"] {
        let status = nano.get("a.test", path).status;
        assert!(matches!(status, 500 | 503), "{path}: {status}");
        fine();
    }
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let growth = nano.resident().saturating_sub(before);
    assert!(growth < 200 << 20, "{growth} bytes stayed");
}

#[test]
fn texts_of_bodies_count() {
    let source = "const keep = [];
    export default { async fetch(request) {
        if (request.method === 'POST') keep.push(await request.text());
        else if (request.url.endsWith('/drop')) keep.length = 0;
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":64}"#)
        .app("b", NEIGHBOUR)
        .serve();
    let body = "x".repeat(8 << 20);
    let before = nano.reset_peak();
    for _ in 0..2 {
        let kept = (0..20)
            .take_while(|_| nano.post("a.test", "/", &body).status == 200)
            .count();
        assert!((4..8).contains(&kept), "{kept} texts of 8 MiB fit into 64");
        // What is let go is collected when the room is needed.
        assert_eq!(nano.get("a.test", "/drop").status, 200);
    }
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 250, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

/// The price of an app that has nothing to do, in bytes, where many start at once. It must not grow with what the runtime learns.
const IDLE_APP: u64 = 1_950_000;

#[test]
fn idle_apps_are_small() {
    const APPS: u64 = 40;
    let serve = |apps: u64| {
        let names: Vec<_> = (0..apps).map(|app| format!("idle{app}")).collect();
        let site = names
            .iter()
            .fold(Site::new(), |site, name| site.app(name, NEIGHBOUR));
        let nano = site.serve();
        for name in names {
            assert_eq!(nano.get(&format!("{name}.test"), "/").text(), "here");
        }
        nano
    };
    // What the first one costs is the process's, not an app's.
    let (one, many) = (serve(1), serve(1 + APPS));
    std::thread::sleep(Duration::from_secs(4));
    let mut each = 0;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        each = many.anonymous().saturating_sub(one.anonymous()) / APPS;
        if each < IDLE_APP {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("an idle app has {each} bytes, more than {IDLE_APP}");
}

/// V8 gives a script its first large object whatever the limit of the heap is, and would look at that much later.
#[test]
#[cfg(target_os = "linux")]
fn one_object_above_the_limit_ends_the_instance_which_gives_it_back() {
    let bodies = [
        "keep.push('\\u1234'.repeat(2 ** 29 - 30)); keep[0].charCodeAt(5);",
        "keep.push('x'.repeat(2 ** 29 - 30)); keep[0].charCodeAt(5);",
        "keep.push(new Array(2 ** 25).fill(0));",
        "keep.push(Array.from({ length: 3e7 }));",
        "keep.push(Array.from(new Uint8Array(5e7)));",
        "keep.push(JSON.stringify(new Array(2e8 >> 8).fill('x'.repeat(256))));",
        "keep.push(new Array(2e6).fill('x'.repeat(200)).join());",
    ];
    let paths: Vec<String> = (0..bodies.len()).map(|index| index.to_string()).collect();
    let cases: Vec<_> = paths.iter().map(|path| &**path).zip(bodies).collect();
    let nano = serve(&cases);
    both_are_fine(&nano);
    for (path, body) in cases {
        // Its answer may be on its way when the turn is looked at.
        let status = nano.get("a.test", &format!("/{path}")).status;
        assert!([200, 503].contains(&status), "{body}: {status}");
        eventually("the instance's end", || {
            let ends =
                |line: &&serde_json::Value| line.to_string().contains("it passed its memory limit");
            let ended = nano.log().iter().filter(ends).count();
            let expected = path.parse::<usize>().expect("a number") + 1;
            (ended == expected).then_some(())
        });
        eventually("the memory to come back", || {
            (nano.resident() >> 20 < 250).then_some(())
        });
        both_are_fine(&nano);
    }
    let crashed = |line: &serde_json::Value| line.to_string().contains("crashed");
    assert!(!nano.log().iter().any(crashed), "{:?}", nano.log());
}

/// V8 would keep an ended isolate's pages for the next one, and may forget to give them back.
#[test]
#[cfg(target_os = "linux")]
fn what_an_ended_instance_held_goes_back() {
    let source = "const keep = []; export default { fetch(request) {
        if (new URL(request.url).pathname === '/fill') for (;;) keep.push({});
        return new Response('fine');
    } };";
    let limits = r#""limits":{"memory_mb":400,"cpu_ms":60000}"#;
    let nano = Site::new()
        .app_with("a", source, limits)
        .app("b", NEIGHBOUR)
        .serve();
    for _ in 0..3 {
        both_are_fine(&nano);
        nano.reset_peak();
        assert_eq!(nano.get("a.test", "/fill").status, 503);
        let most = nano.peak() >> 20;
        assert!(most > 300, "it held {most} MB");
        eventually("the memory to come back", || {
            (nano.resident() >> 20 < 150).then_some(())
        });
    }
}
