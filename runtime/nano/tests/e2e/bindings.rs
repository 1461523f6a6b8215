//! What apps have on their `env`, and how they call each other.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    Connection, Nano, Response, Site, app_of_forms, eventually, nano, usual_isolation,
};

/// Fields of an app with this `env`.
fn env(env: &str) -> String {
    format!(r#""env":{{{env}}}"#)
}

/// Fields of an app that has another one as `env.B`.
fn bound_to(app: &str) -> String {
    env(&format!(r#""B":{{"type":"service","app":"{app}"}}"#))
}

/// An app that calls `env.B` with what the body gives, and says what comes of it.
fn caller(forms: &[(&str, &str)]) -> String {
    let said = "async function said(promise) {
        try { const r = await promise; return new Response(`${r.status} ${await r.text()}`); }
        catch (error) { return new Response(`${error.name}: ${error.message}`); }
    }\n";
    format!("{said}{}", app_of_forms(forms))
}

/// Has it look at its configuration anew, and gives the line that says what became of it.
fn reload(nano: &Nano, message: &str) -> Value {
    let count = || {
        let log = nano.log().into_iter();
        log.filter(|line| {
            line["message"]
                .as_str()
                .is_some_and(|text| text.contains(message))
        })
        .collect::<Vec<_>>()
    };
    let before = count().len();
    nano.signal(libc::SIGHUP);
    eventually(message, || count().into_iter().nth(before))
}

const ADMIN: &str = r#""admin":{"listen":"127.0.0.1:0"}"#;

fn admin_port(nano: &Nano) -> u16 {
    let listens = nano.logged("the admin API", |line| {
        line["message"] == "the admin API listens"
    });
    let (_, port) = listens["address"]
        .as_str()
        .and_then(|address| address.rsplit_once(':'))
        .expect("an address");
    port.parse().expect("a port")
}

fn admin(port: u16, method: &str, path: &str) -> Response {
    let mut connection = Connection::open(port);
    connection.write(&format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ));
    connection.response(false)
}

#[test]
fn env_has_texts_json_and_secrets() {
    let source = "export default { fetch(request, env) {
        const { TEXT, FILE, JSON: json, LIST, SECRET } = env;
        json.count++;
        env.OWN = (env.OWN ?? 0) + 1;
        return Response.json([TEXT, FILE, json, LIST, SECRET, env.OWN]);
    } };";
    let fields = env(
        r#""TEXT":{"type":"text","value":"${X:-a}b"},"FILE":{"type":"text","file":"text"},"SECRET":{"type":"secret","file":"text"},
           "JSON":{"type":"json","value":{"count":0,"deep":[null,1.5,"ä"]}},"LIST":{"type":"json","file":"list.json"}"#,
    );
    let nano = Site::new()
        .file("text", "from a file\n")
        .file("list.json", "[1, {}]\n")
        .app_with("a", source, &fields)
        .serve();
    let first = r#"["ab","from a file",{"count":1,"deep":[null,1.5,"ä"]},[1,{}],"from a file",1]"#;
    assert_eq!(nano.get("a.test", "/").text(), first);
    // It is the instance's own, as in Workers.
    let second = first
        .replace("count\":1", "count\":2")
        .replace(",1]", ",2]");
    assert_eq!(nano.get("a.test", "/").text(), second);
}

const SECRET: &str = "correct horse";

#[test]
fn secrets_are_shown_nowhere() {
    let source = app_of_forms(&[
        ("tell", "console.log(env, `it is ${env.KEY}`);"),
        ("fail", "throw new Error('no ' + env.KEY);"),
        ("later", "Promise.reject(new Error('later ' + env.KEY));"),
        ("give", "return new Response(env.KEY);"),
    ]);
    let fields = env(&format!(r#""KEY":{{"type":"secret","value":"{SECRET}"}}"#));
    let nano = Site::new()
        .top(ADMIN)
        .app_with("a", &source, &fields)
        .serve_with(&["--dev"]);
    assert_eq!(nano.get("a.test", "/give").text(), SECRET);
    nano.get("a.test", "/tell");
    nano.app_logged("a", "it is [secret KEY]");
    let page = nano.get("a.test", "/fail");
    assert_eq!(page.status, 500);
    assert!(page.text().contains("no [secret KEY]"), "{}", page.text());
    nano.get("a.test", "/later");
    nano.app_logged("a", "later [secret KEY]");
    let port = admin_port(&nano);
    for path in [
        "/admin/apps",
        "/admin/apps/a",
        "/admin/apps/a/logs",
        "/metrics",
    ] {
        let answer = admin(port, "GET", path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains(SECRET), "{path}: {}", answer.text());
    }
    // All of it is one line, which is shown where something is wrong with it.
    let file = nano.path().join("apps.json");
    let text = std::fs::read_to_string(&file).expect("a file");
    std::fs::write(&file, text.replace("\"KEY\"", "\"X\":5,\"KEY\"")).expect("a file");
    reload(&nano, "found the number 5");
    let check = nano_check(&file);
    assert!(check.contains("found the number 5"), "{check}");
    for line in nano.log().iter().map(Value::to_string).chain([check]) {
        assert!(!line.contains(SECRET), "{line}");
    }
}

/// What `nano check` says of a configuration that has faults.
fn nano_check(file: &std::path::Path) -> String {
    let output = nano().arg("check").arg("--config").arg(file).output();
    let output = output.expect("nano runs");
    assert!(!output.status.success());
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

const ECHO: &str = "export default { async fetch(request, env, ctx) {
    const { method, url, headers, redirect } = request;
    const names = [...headers.keys()].join();
    return new Response(JSON.stringify([method, url, names, await request.text(), redirect]), { status: 201, headers: { 'x-own': 'b', 'connection': 'close' } });
} };";

#[test]
fn a_call_is_a_request() {
    let source = caller(&[
        (
            "url",
            "return said(env.B.fetch('https://any.example:99/p?q#f'));",
        ),
        (
            "init",
            "return said(env.B.fetch(new URL('http://x/'), { method: 'PUT', body: 'abc', headers: { a: '1', Connection: 'keep-alive' } }));",
        ),
        ("request", "return said(env.B.fetch(request));"),
        (
            "response",
            "const r = await env.B.fetch('http://x/'); return Response.json([r.status, r.statusText, r.url, r.type, r.redirected, r.headers.get('x-own'), r.headers.get('connection'), r instanceof Response]);",
        ),
        ("returned", "return env.B.fetch('http://x/');"),
        ("relative", "return said(env.B.fetch('/p'));"),
        ("data", "return said(env.B.fetch('data:,x'));"),
        (
            "shape",
            "return new Response([typeof Fetcher, Object.prototype.toString.call(env.B), typeof env.B.fetch, env.B.fetch.length].join());",
        ),
    ]);
    let nano = Site::new()
        .top(ADMIN)
        .app_with("a", &source, &bound_to("b"))
        .app("b", ECHO)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    assert_eq!(
        get("/url"),
        r#"201 ["GET","https://any.example:99/p?q","cdn-loop,cf-connecting-ip,host,x-forwarded-for,x-forwarded-proto,x-real-ip","","manual"]"#
    );
    assert_eq!(
        get("/init"),
        r#"201 ["PUT","http://x/","a,cdn-loop,cf-connecting-ip,content-length,content-type,host,x-forwarded-for,x-forwarded-proto,x-real-ip","abc","manual"]"#
    );
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("traceparent: 00-{trace}-00f067aa0ba902b7-01");
    let sent = nano.send(&format!(
        "POST /request?x HTTP/1.1\r\nHost: a.test\r\nX-Mine: 1\r\n{parent}\r\nContent-Length: 4\r\n\r\nbody"
    ));
    // Whom the request is from is passed on with it.
    assert_eq!(
        sent.text(),
        r#"201 ["POST","http://a.test/request?x","cdn-loop,cf-connecting-ip,content-length,host,traceparent,x-forwarded-for,x-forwarded-proto,x-mine,x-real-ip","body","manual"]"#
    );
    assert_eq!(
        get("/response"),
        r#"[201,"","http://x/","basic",false,"b",null,true]"#
    );
    let returned = nano.get("a.test", "/returned");
    assert_eq!(
        (returned.status, returned.header("x-own")),
        (201, Some("b"))
    );
    assert!(
        get("/relative").starts_with("TypeError: "),
        "{}",
        get("/relative")
    );
    assert!(get("/data").contains("an app cannot be asked for 'data:' URLs"));
    assert_eq!(get("/shape"), "undefined,[object Fetcher],function,1");
    // The lines of both: the one that is called for a request of the other says so, and has its trace though only the other was sent it.
    let outer = nano.logged("its request", |line| {
        line["app"] == "a" && line["path"] == "/request"
    });
    let inner = nano.logged("its call", |line| {
        line["app"] == "b" && line["caller_id"] == outer["request_id"]
    });
    assert_eq!(outer["trace_id"], trace);
    assert_eq!(inner["trace_id"], trace);
    assert_ne!(inner["span_id"], outer["span_id"]);
    assert_eq!(
        (&inner["status"], &inner["method"]),
        (&201.into(), &"POST".into())
    );
    assert_ne!(inner["request_id"], outer["request_id"]);
    nano.send(&format!(
        "GET /url HTTP/1.1\r\nHost: a.test\r\n{parent}\r\n\r\n"
    ));
    let own =
        |line: &Value| line["app"] == "b" && line["method"] == "GET" && line["trace_id"] == trace;
    nano.logged("the trace of a request that is not passed on", own);
    let port = admin_port(&nano);
    let counted = |app: &str| {
        let metrics = admin(port, "GET", "/metrics").text().to_owned();
        let series = format!("nano_requests_total{{app=\"{app}\",status=\"2xx\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.expect("its series").parse::<u32>().expect("a number")
    };
    eventually("6 calls", || (counted("b") == 6).then_some(()));
}

#[test]
fn streams_go_both_ways() {
    let source = caller(&[
        ("own", "
            const { readable, writable } = new TransformStream();
            const writer = writable.getWriter();
            writer.write(new TextEncoder().encode('one'));
            const response = await env.B.fetch('http://b/', { method: 'POST', body: readable, duplex: 'half' });
            const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
            const got = [(await reader.read()).value];
            for (const text of ['two', 'three']) {
                writer.write(new TextEncoder().encode(text));
                got.push((await reader.read()).value);
            }
            writer.close();
            got.push((await reader.read()).done);
            return Response.json(got);"),
        ("pass", "return env.B.fetch(request);"),
        ("large", "const r = await env.B.fetch('http://b/', { method: 'POST', body: new Uint8Array(8 << 20) }); let n = 0; for await (const c of r.body) n += c.length; return new Response(n);"),
        ("broken", "const r = await env.B.fetch('http://b/broken'); return said({ status: r.status, text: () => r.text() });"),
        ("empty", "return said(env.B.fetch('http://b/empty'));"),
        ("upload", "return said(env.B.fetch('http://b/', { method: 'POST', duplex: 'half', body: new ReadableStream({ pull(c) { c.error(new Error('out of ink')); } }) }));"),
    ]);
    let upper = "const upper = () => new TransformStream({ transform(chunk, c) { c.enqueue(chunk.map((b) => b >= 97 && b <= 122 ? b - 32 : b)); } });
        export default { fetch(request) {
            const { pathname } = new URL(request.url);
            const fails = (text) => new Response(new ReadableStream({ start(c) { if (text) c.enqueue(new TextEncoder().encode(text)); }, async pull(c) { await 1; c.error(new Error('dry')); } }, { highWaterMark: 0 }));
            if (pathname === '/broken') return fails('some');
            if (pathname === '/empty') return fails();
            return new Response(request.body?.pipeThrough(upper()));
        } };";
    let nano = Site::new()
        .app_with("a", &source, &bound_to("b"))
        .app("b", upper)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    assert_eq!(get("/own"), r#"["ONE","TWO","THREE",true]"#);
    let mut connection = nano.connect();
    connection.write("POST /pass HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.write_chunk("ab");
    assert_eq!(connection.head().status, 200);
    assert_eq!(connection.chunk().as_deref(), Some(&b"AB"[..]));
    connection.write_chunk("cd");
    assert_eq!(connection.chunk().as_deref(), Some(&b"CD"[..]));
    connection.write_chunk("");
    assert_eq!(connection.chunk(), None);
    let line = nano.logged("the bytes of the call", |line| {
        line["app"] == "b" && line["path"] == "/pass"
    });
    assert_eq!(line["bytes"], 4);
    assert_eq!(get("/large"), (8 << 20).to_string());
    assert!(get("/broken").contains("dry"), "{}", get("/broken"));
    assert!(
        get("/empty").contains("the response's body failed: "),
        "{}",
        get("/empty")
    );
    assert!(get("/upload").contains("out of ink"), "{}", get("/upload"));
}

#[test]
fn whoever_leaves_is_noticed_at_the_other_end() {
    let source = caller(&[
        (
            "abort",
            "const c = new AbortController(); setTimeout(() => c.abort(new Error('enough')), 50); return said(env.B.fetch('http://b/wait?abort', { signal: c.signal }));",
        ),
        (
            "body",
            "const c = new AbortController(); const r = await env.B.fetch('http://b/stream?body', { signal: c.signal }); const t = r.text(); c.abort(new Error('enough')); return said({ then(a, b) { return t.then(a, b); } });",
        ),
        (
            "cancel",
            "const r = await env.B.fetch('http://b/stream?cancel'); await r.body.cancel(); return new Response('cancelled');",
        ),
        (
            "client",
            "return env.B.fetch('http://b/wait?client', request);",
        ),
        (
            "passed",
            "return env.B.fetch('http://b/stream?passed', request);",
        ),
    ]);
    let waits = "export default { fetch(request) {
        const { pathname, search } = new URL(request.url);
        request.signal.onabort = () => console.log('aborted ' + search);
        if (pathname === '/wait') { console.log('waits ' + search); return new Promise(() => {}); }
        return new Response(new ReadableStream({
            start(c) { c.enqueue(new TextEncoder().encode('x')); },
            cancel() { console.log('cancelled ' + search); },
        }));
    } };";
    let nano = Site::new()
        .app_with("a", &source, &bound_to("b"))
        .app("b", waits)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    assert_eq!(get("/abort"), "Error: enough");
    nano.app_logged("b", "aborted ?abort");
    assert_eq!(get("/body"), "Error: enough");
    nano.app_logged("b", "cancelled ?body");
    assert_eq!(get("/cancel"), "cancelled");
    nano.app_logged("b", "cancelled ?cancel");
    let mut leaves = nano.connect();
    leaves.write("GET /client HTTP/1.1\r\nHost: a.test\r\n\r\n");
    nano.app_logged("b", "waits ?client");
    drop(leaves);
    nano.app_logged("b", "aborted ?client");
    let mut leaves = nano.connect();
    leaves.write("GET /passed HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(leaves.head().status, 200);
    drop(leaves);
    nano.app_logged("b", "cancelled ?passed");
    let line = nano.logged("a call that was given up", |line| {
        line["app"] == "b" && line["path"] == "/wait" && line["aborted"] == true
    });
    assert_eq!(line["status"], 499);
}

#[test]
fn what_is_no_answer_is_an_exception() {
    let source = caller(&[
        ("throw", "return said(env.B.fetch('http://b/throw'));"),
        ("uncaught", "return env.B.fetch('http://b/throw');"),
        ("error", "return said(env.B.fetch('http://b/error'));"),
        ("wall", "return said(env.B.fetch('http://b/wait'));"),
        (
            "busy",
            "const first = env.B.fetch('http://b/wait').catch(() => {}); await new Promise((r) => setTimeout(r, 20)); return said(env.B.fetch('http://b/'));",
        ),
        ("cpu", "return said(env.B.fetch('http://b/loop'));"),
        ("memory", "return said(env.B.fetch('http://b/memory'));"),
        (
            "large",
            "return said(env.B.fetch('http://b/', { method: 'POST', body: 'x'.repeat(1 << 20) + 'x' }));",
        ),
        ("again", "return said(env.B.fetch('http://b/'));"),
        (
            "many",
            "return said(Promise.all([1, 2, 3, 4].map(() => env.B.fetch('http://b/fast'))));",
        ),
    ]);
    let fails = app_of_forms(&[
        ("throw", "throw new RangeError('boom');"),
        ("error", "return new Response('as it is', { status: 503 });"),
        ("wait", "return new Promise(() => {});"),
        ("loop", "for (;;);"),
        (
            "memory",
            "const all = []; for (;;) all.push(new Array(1000).fill(all.length));",
        ),
    ]);
    let limits =
        r#""limits":{"wall_ms":500,"in_flight":1,"cpu_ms":100,"memory_mb":32,"body_mb":1}"#;
    let nano = Site::new()
        .app_with(
            "a",
            &source,
            &format!(r#"{},"limits":{{"subrequests":3}}"#, bound_to("b")),
        )
        .app_with("b", &fails, limits)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    assert_eq!(
        get("/throw"),
        "TypeError: fetch failed: the app \"b\" did not answer: RangeError: boom"
    );
    let page = nano.get("a.test", "/uncaught");
    assert_eq!(page.status, 502, "{}", page.text());
    nano.app_logged("a", "the app \"b\" did not answer: RangeError: boom");
    assert_eq!(get("/error"), "503 as it is");
    assert!(
        get("/large").contains("larger than 1048576 bytes"),
        "{}",
        get("/large")
    );
    for (path, limit, part) in [
        ("/wall", "wall_ms", "within 500 ms, its wall_ms limit"),
        ("/busy", "in_flight", "has 1 requests in flight, its limit"),
        ("/cpu", "cpu_ms", "raise limits.cpu_ms"),
        ("/memory", "memory_mb", "raise limits.memory_mb"),
    ] {
        // The instance may have ended by the limit before; then there is another one soon.
        let said = eventually(part, || Some(get(path)).filter(|said| said.contains(part)));
        assert!(said.starts_with("TypeError: "), "{path}: {said}");
        nano.logged(limit, |line| line["app"] == "b" && line["limit"] == limit);
    }
    // Whoever is called again after that waits for the next instance, or is told when to come back.
    eventually("another instance", || {
        (get("/again") == "200 done").then_some(())
    });
    assert!(
        get("/many").contains("may cause 3 requests of its own"),
        "{}",
        get("/many")
    );
}

#[test]
fn redirects_lead_to_the_same_app() {
    let source = caller(&[
        (
            "follow",
            "const r = await env.B.fetch('http://b/from', { method: 'POST', body: 'x' }); return Response.json([r.status, r.url, r.redirected, await r.text()]);",
        ),
        (
            "manual",
            "const r = await env.B.fetch('http://b/from', { redirect: 'manual' }); return Response.json([r.status, r.headers.get('location')]);",
        ),
        (
            "refused",
            "return said(env.B.fetch('http://b/from', { redirect: 'error' }));",
        ),
        (
            "passed",
            "const r = await env.B.fetch('http://b/from', request); return Response.json([r.status]);",
        ),
        ("round", "return said(env.B.fetch('http://b/round'));"),
    ]);
    let redirects = "export default { fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/from') return new Response(null, { status: 302, headers: { location: 'http://nowhere.invalid/to' } });
        if (pathname === '/round') return Response.redirect('http://b/round');
        return new Response(`${request.method} ${request.url}`);
    } };";
    let nano = Site::new()
        .app_with("a", &source, &bound_to("b"))
        .app("b", redirects)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    assert_eq!(
        get("/follow"),
        r#"[200,"http://nowhere.invalid/to",true,"GET http://nowhere.invalid/to"]"#
    );
    assert_eq!(get("/manual"), r#"[302,"http://nowhere.invalid/to"]"#);
    assert!(get("/refused").contains("redirect mode 'error' refuses"));
    // A request that a client has sent is not the app's to redirect.
    assert_eq!(get("/passed"), "[302]");
    assert!(
        get("/round").contains("more than 20 redirects"),
        "{}",
        get("/round")
    );
}

#[test]
fn no_loop_goes_on_for_ever() {
    let on = "let depth = 0;
        export default { async fetch(request, env) {
            depth++;
            try { return new Response(await (await env.B.fetch(request)).text()); }
            catch (error) { return new Response(`${depth} ${error.message}`); }
        } };";
    let nano = Site::new()
        .app_with("self", on, &bound_to("self"))
        .app_with("one", on, &bound_to("two"))
        .app_with("two", on, &bound_to("one"))
        .app_with(
            "full",
            on,
            &format!(
                r#"{},"limits":{{"in_flight":1,"wall_ms":2000}}"#,
                bound_to("full")
            ),
        )
        .serve();
    let own = nano.get("self.test", "/");
    assert!(
        own.text()
            .starts_with("17 fetch failed: the app \"self\" did not answer: "),
        "{}",
        own.text()
    );
    assert!(own.text().contains("more than 16 times"), "{}", own.text());
    let both = nano.get("one.test", "/");
    assert!(
        both.text().contains("more than 16 times"),
        "{}",
        both.text()
    );
    nano.logged("the loop", |line| {
        line["app"] == "self" && line["status"] == 508
    });
    let began = Instant::now();
    let full = nano.get("full.test", "/");
    assert_eq!(
        full.text(),
        "1 fetch failed: the app \"full\" did not answer: the app \"full\" has 1 requests in flight, its limit"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// A configuration of apps with these names and further fields.
fn configuration(apps: &[(&str, &str)]) -> String {
    let apps = apps.iter().map(|(name, fields)| {
        let comma = if fields.is_empty() { "" } else { "," };
        let isolation = usual_isolation(fields);
        format!(
            r#"{{"name":"{name}","path":"{name}","hostname":"{name}.test"{isolation}{comma}{fields}}}"#
        )
    });
    let apps: Vec<_> = apps.collect();
    format!(
        r#"{{"port":0,"admin":{{"listen":"127.0.0.1:0"}},"apps":[{}]}}"#,
        apps.join(",")
    )
}

fn version(text: &str) -> String {
    format!("export default {{ fetch: () => new Response('{text}') }};")
}

#[test]
fn a_call_goes_to_the_app_as_it_is_now() {
    let source = caller(&[("call", "return said(env.B.fetch('http://b/'));")]);
    let bound = bound_to("b");
    let nano = Site::new()
        .top(ADMIN)
        .app_with("a", &source, &bound)
        .app_with("b", &version("first"), r#""start":"lazy""#)
        .app("c", &version("c"))
        .serve();
    let get = || nano.get("a.test", "/call").text().to_owned();
    assert!(
        !nano
            .log()
            .iter()
            .any(|line| line["app"] == "b" && line["message"] == "app started")
    );
    assert_eq!(get(), "200 first");
    nano.write("b/index.js", &version("second"));
    reload(&nano, "the app's new version serves");
    assert_eq!(get(), "200 second");
    // It cannot go while others are bound to it.
    let line = |message: &str| message.to_owned();
    nano.write("apps.json", &configuration(&[("a", &bound), ("c", "")]));
    let refused = reload(&nano, &line("there is no app"));
    let text = refused.to_string();
    assert!(
        text.contains("apps[0].env.B.app") && text.contains("apps.json:1:"),
        "{text}"
    );
    assert_eq!(get(), "200 second");
    nano.write(
        "apps.json",
        &configuration(&[("a", &bound), ("b", ""), ("c", "")]),
    );
    let port = admin_port(&nano);
    let remove = |app: &str| admin(port, "DELETE", &format!("/admin/apps/{app}"));
    let refused = remove("b");
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(
        refused.text().contains("there is no app"),
        "{}",
        refused.text()
    );
    assert_eq!(get(), "200 second");
    // To another app.
    nano.write(
        "apps.json",
        &configuration(&[("a", &bound_to("c")), ("b", ""), ("c", "")]),
    );
    reload(&nano, "the app's new version serves");
    assert_eq!(get(), "200 c");
    assert_eq!(remove("b").status, 200);
}

/// Whoever owns an app's folder can take it away, and that is no fault of who calls it, nor waited for.
#[test]
fn an_app_of_a_folder_may_go_and_come_back() {
    let source = caller(&[("call", "return said(env.B.fetch('http://b/'));")]);
    let nano = Site::new()
        .top(&format!(
            r#"{ADMIN},"drain_ms":60000,"apps_folder":{{"path":"apps"}}"#
        ))
        .app_with("a", &source, &bound_to("b"))
        .file("apps/b/index.js", &version("b"))
        .file("apps/c/index.js", &version("c"))
        .serve_with(&["--watch"]);
    let says = |expected: &str| {
        eventually(expected, || {
            let said = nano.get("a.test", "/call").text().to_owned();
            said.starts_with(expected).then_some(())
        });
    };
    says("200 b");
    // The API takes away nothing that others are bound to.
    let refused = admin(admin_port(&nano), "DELETE", "/admin/apps/b");
    assert_eq!(refused.status, 422, "{}", refused.text());
    let apps = nano.path().join("apps");
    std::fs::rename(apps.join("b"), apps.join(".b")).expect("a rename");
    says("TypeError: fetch failed: the app \"b\" did not answer: it is not served");
    nano.logged("what is missing", |line| {
        let text = line.to_string();
        text.contains("apps folder") && text.contains("there is no app")
    });
    // The others come and go as before.
    nano.write("apps/c/index.js", &version("new"));
    eventually("another app's change", || {
        (nano.get("c.localhost", "/").text() == "new").then_some(())
    });
    std::fs::rename(apps.join(".b"), apps.join("b")).expect("a rename");
    says("200 b");
}

/// A version that is refused leaves one that calls what is no more.
#[test]
fn an_app_that_is_gone_does_not_answer() {
    let source = caller(&[("call", "return said(env.B.fetch('http://b/'));")]);
    let nano = Site::new()
        .top(r#""drain_ms":100"#)
        .app_with("a", &source, &bound_to("b"))
        .app("b", &version("b"))
        .serve();
    assert_eq!(nano.get("a.test", "/call").text(), "200 b");
    nano.write("a/index.js", "throw new Error('it is broken');");
    let alone = configuration(&[("a", "")]);
    let alone = alone.replacen('{', r#"{"drain_ms":100,"#, 1);
    nano.write("apps.json", &alone);
    reload(&nano, "the app's new version is refused");
    let gone = eventually("its end", || {
        let said = nano.get("a.test", "/call").text().to_owned();
        (said != "200 b").then_some(said)
    });
    assert!(
        gone.starts_with("TypeError: fetch failed: the app \"b\" did not answer: "),
        "{gone}"
    );
}

#[test]
fn a_drain_finishes_calls_that_have_yet_to_be_made() {
    let source = app_of_forms(&[(
        "later",
        "ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 400)).then(async () => console.log('b said ' + await (await env.B.fetch('http://b/')).text())));",
    )]);
    // They may be bound to each other: neither can wait for the other's end.
    for of_b in [bound_to("a"), r#""start":"lazy""#.to_owned()] {
        let mut nano = Site::new()
            .app_with("a", &source, &bound_to("b"))
            .app_with("b", &version("so"), &of_b)
            .serve();
        assert_eq!(nano.get("a.test", "/later").text(), "done");
        let began = Instant::now();
        nano.signal(libc::SIGTERM);
        assert_eq!(nano.wait().code(), Some(0));
        nano.app_logged("a", "b said so");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(15), "{of_b}: {took:?}");
    }
}

/// Clients that take or send less than 1 MB/s are not waited for, and neither are apps.
const IMPATIENT: &str = r#""clients":{"stall_ms":500,"min_rate":1000000}"#;

#[test]
fn a_caller_that_does_not_read_is_cut_off() {
    let source = caller(&[
        (
            "keep",
            "globalThis.kept = [];
            const calls = Array.from({ length: 12 }, (_, i) => env.B.fetch(`http://b/${i % 2 ? 'whole' : 'stream'}`).then((r) => kept.push(r), () => {}));
            ctx.waitUntil(new Promise(() => {}));
            await Promise.all(calls);
            return new Response(kept.length);",
        ),
        (
            "read",
            "const all = await Promise.allSettled(kept.map((r) => r.text())); return new Response([...new Set(all.map((one) => one.reason?.message ?? 'read'))].join());",
        ),
    ]);
    let large = "const size = 1 << 20;
        export default { fetch(request) {
            if (!request.url.endsWith('/stream')) return new Response(new Uint8Array(size));
            return new Response(new ReadableStream({ type: 'bytes', pull(c) { c.enqueue(new Uint8Array(size)); } }));
        } };";
    let nano = Site::new()
        .top(IMPATIENT)
        .app_with("a", &source, &bound_to("b"))
        .app_with("b", large, r#""limits":{"memory_mb":32}"#)
        .serve();
    let kept: usize = nano.get("a.test", "/keep").text().parse().expect("a count");
    assert_eq!(kept, 12);
    for path in ["/whole", "/stream"] {
        let is_cut_off = |line: &Value| {
            line["app"] == "b"
                && line["path"] == path
                && line["aborted"] == true
                && line["limit"] == "stall_ms"
                && line["error"].as_str().is_some_and(|error| {
                    error.contains("the app \"a\" takes fewer than 1000000 bytes per second")
                })
        };
        eventually("calls that were given up", || {
            let count = nano.log().iter().filter(|line| is_cut_off(line)).count();
            (count == kept / 2).then_some(())
        });
    }
    // What they held is free.
    for _ in 0..12 {
        assert_eq!(nano.get("b.test", "/whole").status, 200);
    }
    let read = nano.get("a.test", "/read").text().to_owned();
    assert!(
        read.contains("given up: this app takes fewer than 1000000 bytes per second"),
        "{read}"
    );
    assert!(!read.contains(','), "{read}");
}

/// How fast it has to be, the client decides: who passes a response on is no slower than that.
#[test]
fn a_caller_that_passes_a_response_on_is_as_patient_as_its_client_may_be() {
    let source = app_of_forms(&[("pass", "return env.B.fetch('http://b/');")]);
    let large = "export default { fetch: () => new Response(new Uint8Array(40 << 20)) };";
    let nano = Site::new()
        .top(r#""clients":{"stall_ms":2000,"min_rate":20000}"#)
        .app_with("a", &source, &bound_to("b"))
        .app("b", large)
        .serve();
    let mut client = nano.connect();
    client.write("GET /pass HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(client.head().status, 200);
    // So little that the system asks for no more meanwhile.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        client.bytes(20_000);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(
        nano.log().iter().all(|line| line["message"] != "request"),
        "{:?}",
        nano.log()
    );
}

#[test]
fn a_response_ends_with_the_request_that_it_was_asked_for() {
    let source = caller(&[
        (
            "keep",
            "globalThis.kept = await env.B.fetch('http://b/'); return new Response('kept');",
        ),
        (
            "read",
            "return said({ then(a, b) { return kept.text().then(a, b); } });",
        ),
    ]);
    let large = "export default { fetch: () => new Response(new Uint8Array(1 << 20)) };";
    let nano = Site::new()
        .app_with("a", &source, &bound_to("b"))
        .app("b", large)
        .serve();
    let began = Instant::now();
    assert_eq!(nano.get("a.test", "/keep").text(), "kept");
    nano.logged("its end", |line| {
        line["app"] == "b" && line["aborted"] == true
    });
    // Not when the caller would have been too slow.
    assert!(began.elapsed() < Duration::from_secs(15));
    let read = nano.get("a.test", "/read").text().to_owned();
    assert!(read.contains("the fetch was aborted"), "{read}");
}

#[test]
fn a_body_that_a_call_sends_is_not_waited_for_without_end() {
    let source = caller(&[(
        "stall",
        "return said(env.B.fetch('http://b/', { method: 'POST', duplex: 'half', body: new ReadableStream({ start(c) { c.enqueue(new Uint8Array(10)); } }) }));",
    )]);
    let reads = "let kept;
        export default { async fetch(request) {
            if (request.url.endsWith('/keep')) { kept = request; return new Response('kept'); }
            if (request.url.endsWith('/kept')) return new Response(await kept.text().catch((error) => error.message));
            return new Response(await request.text());
        } };";
    let keeps = caller(&[
        (
            "keep",
            "return said(env.B.fetch('http://b/keep', { method: 'POST', body: 'x'.repeat(1 << 20) }));",
        ),
        ("kept", "return said(env.B.fetch('http://b/kept'));"),
    ]);
    let nano = Site::new()
        .top(IMPATIENT)
        .app_with("a", &source, &bound_to("b"))
        .app_with("c", &keeps, &bound_to("b"))
        .app("b", reads)
        .serve();
    let stalled = nano.get("a.test", "/stall").text().to_owned();
    assert!(
        stalled.contains("the request's body comes too slowly: fewer than 1000000 bytes"),
        "{stalled}"
    );
    nano.logged("its line", |line| {
        line["app"] == "b" && line["status"] == 408
    });
    // What is in the caller's memory is the caller's when it has its answer.
    assert_eq!(nano.get("c.test", "/keep").text(), "200 kept");
    let kept = nano.get("c.test", "/kept").text().to_owned();
    assert!(kept.contains("the response is complete"), "{kept}");
}

#[test]
fn calls_leave_places_to_clients() {
    let source = caller(&[(
        "fill",
        "const calls = Array.from({ length: 8 }, () => env.B.fetch('http://b/wait'));
        ctx.waitUntil(Promise.all(calls.map((call) => call.catch(() => {}))));
        return said(Promise.race(calls.concat(new Promise((r) => setTimeout(r, 500, new Response('all wait'))))));",
    )]);
    let waits = "export default { fetch(request) { return request.url.endsWith('/wait') ? new Promise(() => {}) : new Response('b'); } };";
    let mut site = Site::new().top(ADMIN);
    for name in ["a", "c", "d"] {
        site = site.app_with(name, &source, &bound_to("b"));
    }
    let nano = site
        .app_with("b", waits, r#""limits":{"in_flight":8}"#)
        .serve();
    for name in ["a", "c", "d"] {
        let said = nano.get(&format!("{name}.test"), "/fill").text().to_owned();
        assert!(
            said.contains("requests in flight of the app \"b\", which takes 4 from other apps"),
            "{said}"
        );
    }
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let mut client = nano.connect();
            client.write("GET /wait HTTP/1.1\r\nHost: b.test\r\n\r\n");
            client
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(nano.get("b.test", "/").status, 200);
    }
    drop(waiting);
    nano.logged("what was refused", |line| {
        line["app"] == "b" && line["status"] == 503 && line["limit"] == "in_flight"
    });
    let metrics = admin(admin_port(&nano), "GET", "/metrics")
        .text()
        .to_owned();
    let series = "nano_limit_hits_total{app=\"b\",limit=\"in_flight\"} ";
    let hits = metrics.lines().find_map(|line| line.strip_prefix(series));
    assert_eq!(hits, Some("20"), "{metrics}");
}

#[test]
fn heads_of_calls_have_bounds() {
    let source = caller(&[
        (
            "url",
            "return said(env.B.fetch('http://b/' + 'a'.repeat(10_000_000)));",
        ),
        (
            "field",
            "return said(env.B.fetch('http://b/', { headers: { a: 'v'.repeat(10_000_000) } }));",
        ),
        (
            "method",
            "return said(env.B.fetch('http://b/', { method: 'M'.repeat(100_000) }));",
        ),
        (
            "fields",
            "return said(env.B.fetch('http://b/', { headers: Array.from({ length: 200 }, (_, i) => ['f' + i, '']) }));",
        ),
        ("redirect", "return said(env.B.fetch('http://b/to'));"),
        (
            "most",
            "return said(env.B.fetch('http://b/?' + 'a'.repeat(60_000), { headers: Array.from({ length: 100 }, (_, i) => ['f' + i, '']) }));",
        ),
        ("pass", "return env.B.fetch(request);"),
        ("large", "return said(env.B.fetch('http://b/large'));"),
        ("many", "return said(env.B.fetch('http://b/many'));"),
        ("text", "return said(env.B.fetch('http://b/text'));"),
    ]);
    let heads = "export default { fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/to') return new Response(null, { status: 302, headers: { location: '/' + 'a'.repeat(100_000) } });
        if (pathname === '/large') return new Response('', { headers: { a: 'v'.repeat(500_000) } });
        if (pathname === '/many') return new Response('', { headers: Array.from({ length: 600 }, (_, i) => ['f' + i, '']) });
        if (pathname === '/text') return new Response('', { statusText: 'v'.repeat(500_000) });
        return new Response('b');
    } };";
    let nano = Site::new()
        .app_with("a", &source, &bound_to("b"))
        .app("b", heads)
        .serve();
    let get = |path: &str| nano.get("a.test", path).text().to_owned();
    for path in ["/url", "/field", "/method", "/redirect"] {
        let said = get(path);
        assert!(
            said.starts_with("TypeError: ") && said.contains("more than 65536"),
            "{path}: {said}"
        );
    }
    assert!(
        get("/fields").contains("header fields, more than 100"),
        "{}",
        get("/fields")
    );
    assert_eq!(get("/most"), "200 b");
    // What a client may send can be passed on.
    let fields: String = (0..99).map(|i| format!("f{i}: v\r\n")).collect();
    let passed = nano.send(&format!(
        "GET /pass HTTP/1.1\r\nHost: a.test\r\n{fields}\r\n"
    ));
    assert_eq!((passed.status, passed.text()), (200, "b"));
    for path in ["/large", "/many", "/text"] {
        let said = get(path);
        assert!(
            said.contains("the head of the response of the app \"b\" is too large"),
            "{path}: {said}"
        );
    }
    let refused = nano.logged("its line", |line| {
        line["app"] == "b" && line["status"] == 431
    });
    assert!(
        refused["path"]
            .as_str()
            .is_some_and(|path| path.len() <= 256)
    );
}

/// One that asks for as much as it can get, and takes nothing of it.
#[test]
fn a_caller_that_takes_no_responses_leaves_the_callees_memory_to_others() {
    const LARGE: &str = "export default { fetch: () => new Response(new Uint8Array(1 << 20)) };";
    let holds = caller(&[(
        "hold",
        "globalThis.kept = await Promise.allSettled(Array.from({ length: 200 }, () => env.B.fetch('http://b/')));
         const refused = kept.find((one) => one.status === 'rejected');
         ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 15000)));
         return new Response(String(refused?.reason.message));",
    )]);
    let takes = caller(&[(
        "take",
        "const all = await Promise.all(Array.from({ length: 10 }, () => env.B.fetch('http://b/').then((r) => r.bytes())));
         return new Response(String(all.reduce((sum, one) => sum + one.length, 0)));",
    )]);
    let nano = Site::new()
        .app("b", LARGE)
        .app_with("holds", &holds, &bound_to("b"))
        .app_with("takes", &takes, &bound_to("b"))
        .serve();
    let refused = nano.get("holds.test", "/hold");
    assert!(
        refused.text().contains("has yet to take so much"),
        "{refused:?}"
    );
    for _ in 0..20 {
        assert_eq!(nano.get("takes.test", "/take").text(), "10485760");
        assert_eq!(nano.get("b.test", "/").body.len(), 1 << 20);
    }
}
