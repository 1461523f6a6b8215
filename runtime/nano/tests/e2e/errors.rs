//! What is thrown and not caught: how it is shown, and where it comes from.

use std::process::Stdio;

use crate::support::{Nano, Site, nano};

/// Each throws in `f`, which is in line 3.
const THROWN: [(&str, &str, &[&str]); 16] = [
    ("error", "throw new TypeError('bad')", &["TypeError: bad"]),
    ("dom", "atob('!')", &["InvalidCharacterError: "]),
    ("clone", "structuredClone(() => {})", &["DataCloneError: "]),
    (
        "custom",
        "throw new DOMException('mine', 'MyError')",
        &["MyError: mine"],
    ),
    (
        "abort",
        "AbortSignal.abort().throwIfAborted()",
        &["AbortError: "],
    ),
    (
        "object",
        "throw { status: 'plain' }",
        &["{ status: 'plain' }"],
    ),
    ("string", "throw 'text'", &["'text'"]),
    ("empty", "throw ''", &["''"]),
    ("null", "throw null", &["null"]),
    ("undefined", "throw undefined", &["undefined"]),
    ("bigint", "throw 12n", &["12n"]),
    ("symbol", "throw Symbol('s')", &["Symbol(s)"]),
    (
        "many",
        "throw new AggregateError([new Error('one'), { two: 2 }], 'several')",
        &[
            "AggregateError: several",
            "caused by: Error: one",
            "caused by: { two: 2 }",
        ],
    ),
    (
        "cause",
        "throw new Error('outer', { cause: { code: 7 } })",
        &["Error: outer", "caused by: { code: 7 }"],
    ),
    (
        "properties",
        "throw Object.assign(new RangeError('no'), { code: 'E_NO', at: [1, 2] })",
        &["RangeError: no", "{ code: 'E_NO', at: [ 1, 2 ] }"],
    ),
    (
        "class",
        "throw new (class Refused extends Error {})('sorry')",
        &["Refused: sorry"],
    ),
];

/// Of these, what is no error.
const PLAIN: [&str; 7] = [
    "object",
    "string",
    "empty",
    "null",
    "undefined",
    "bigint",
    "symbol",
];

/// A module with `f`, and `use` of it below.
fn module(statement: &str, rest: &str) -> String {
    format!("const before = 1;\nfunction f() {{\n  {statement};\n}}\n{rest}")
}

#[track_caller]
fn shows(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(
        !text.contains("nano:"),
        "a place inside of the runtime:\n{text}"
    );
    assert!(!text.contains("#<"), "{text}");
}

#[test]
fn handlers() {
    const HANDLERS: [(&str, &str, bool); 3] = [
        ("sync", "export default { fetch() { f(); } };", true),
        ("async", "export default { async fetch() { f(); } };", true),
        // Of what is rejected later, only errors say where they come from.
        (
            "late",
            "export default { async fetch() { await new Promise((r) => setTimeout(r)); f(); } };",
            false,
        ),
    ];
    let mut site = Site::new();
    for (name, statement, _) in THROWN {
        for (when, handler, _) in HANDLERS {
            site = site.app(&format!("{name}-{when}"), &module(statement, handler));
        }
    }
    let nano = site.serve_with(&["--dev"]);
    for (name, _, parts) in THROWN {
        for (when, _, has_place) in HANDLERS {
            let app = format!("{name}-{when}");
            let response = nano.get(&format!("{app}.test"), "/");
            assert_eq!(response.status, 500, "{app}");
            shows(response.text(), parts);
            let line = nano.logged("the request", |line| {
                line["app"] == *app && line["message"] == "request"
            });
            assert!(
                line["error"].as_str().unwrap().starts_with(parts[0]),
                "{line}"
            );
            shows(line["stack"].as_str().unwrap(), parts);
            if has_place {
                shows(response.text(), &["--> app:///index.js:"]);
            }
            // The place of what is no error is not known where a promise was rejected with it, as V8 tells the function that it has left.
            let is_about = when == "async" && PLAIN.contains(&name);
            let says_so = response.text().contains("(about here: ");
            assert_eq!(says_so, is_about, "{app}: {}", response.text());
        }
    }
}

#[test]
fn modules_and_rejections() {
    let mut site = Site::new();
    for (name, statement, _) in THROWN {
        site = site.app(&format!("{name}-start"), &module(statement, "f();"));
        site = site.app(
            &format!("{name}-rejection"),
            &module(
                statement,
                "(async () => { f(); })(); export default { fetch() { return new Response(); } };",
            ),
        );
    }
    let nano = site.serve();
    for (name, _, parts) in THROWN {
        let app = format!("{name}-start");
        let line = nano.logged("the start", |line| {
            let message = line["message"].as_str().unwrap();
            line["app"] == *app && message.starts_with("the app did not start: ")
        });
        shows(line["message"].as_str().unwrap(), &parts[..1]);
        shows(line["stack"].as_str().unwrap(), parts);
        let app = format!("{name}-rejection");
        let line = nano.logged("the rejection", |line| {
            line["app"] == *app && line["kind"] == "unhandled_rejection"
        });
        shows(line["message"].as_str().unwrap(), parts);
        shows(line["message"].as_str().unwrap(), &["--> app:///index.js:"]);
    }
}

/// Nothing is unhandled where the stream of a response fails: it is said as what it is.
#[test]
fn a_body_that_fails_is_no_unhandled_rejection() {
    let source = "export default { fetch() {
        return new Response(new ReadableStream({ pull() { throw new Error('in the body'); } }));
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(nano.get("a.test", "/").status, 500);
    let line = nano.logged("the body's failure", |line| line["kind"] == "response_body");
    shows(
        line["message"].as_str().unwrap(),
        &["Error: in the body", "app:///index.js:2:"],
    );
    let unhandled = |line: &serde_json::Value| line["kind"] == "unhandled_rejection";
    assert!(!nano.log().iter().any(unhandled), "{:?}", nano.log());
}

/// Whatever keeps an app from starting: its author sees what and where, others do not.
#[test]
fn the_page_of_an_app_that_does_not_start() {
    const FAULTS: [(&str, &str, &str, &str); 4] = [
        (
            "syntax",
            "const a = 1;\nconst b = ;",
            "SyntaxError: ",
            "app:///index.js:2:11",
        ),
        (
            "imported",
            "\n\nimport './bad.js';",
            "SyntaxError: ",
            "app:///bad.js:2:7",
        ),
        (
            "missing",
            "import a from './none.js';",
            "none.js",
            "app:///index.js",
        ),
        ("thrown", "\nnull.x;", "TypeError: ", "app:///index.js:2:6"),
    ];
    for dev in [true, false] {
        let mut site = Site::new().file("imported/bad.js", "let a;\n  let a;");
        for (name, source, ..) in FAULTS {
            site = site.app(name, source);
        }
        let nano = site.serve_with(if dev { &["--dev"] } else { &[] });
        for (name, _, message, place) in FAULTS {
            let host = format!("{name}.test");
            let json =
                format!("GET / HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
            for response in [nano.get(&host, "/"), nano.send(&json)] {
                assert_eq!(response.status, 503, "{name}");
                if dev {
                    shows(response.text(), &[message, place]);
                } else {
                    let text = response.text();
                    assert!(!text.contains(message) && !text.contains("app:"), "{text}");
                }
            }
        }
    }
}

fn stderr(arguments: &[&str]) -> String {
    let output = nano()
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("nano runs");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn programs() {
    for (name, statement, parts) in THROWN {
        let source = module(statement, "f()");
        shows(&stderr(&["eval", &source]), parts);
        shows(&stderr(&["eval", &source]), &["--> eval:3:"]);
        // Of what is no error, V8 does not tell where it was thrown.
        if parts[0].contains(": ") && !parts[0].starts_with('{') {
            let text = stderr(&["eval", &format!("{source}; await 1")]);
            shows(&text, &["--> eval:3:"]);
        }
        let site = Site::new().file("main.mjs", &source);
        let file = site.path().join("main.mjs");
        shows(&stderr(&["run", file.to_str().unwrap()]), parts);
        let logged = format!("try {{ {statement} }} catch (e) {{ console.error(e); }}");
        let text = stderr(&["eval", &logged]);
        assert!(
            !text.contains("nano:") && !text.is_empty(),
            "{name}: {text}"
        );
    }
}

/// Whatever goes wrong because of a request leads to its line, however late.
#[test]
fn failures_know_their_request() {
    let source = "export default { async fetch(request) {
        const path = new URL(request.url).pathname;
        const fail = () => { throw new Error(`the error of ${path}`); };
        switch (path) {
            case '/rejection': Promise.reject(new Error('the error of /rejection')); break;
            case '/async': (async () => { await null; fail(); })(); break;
            case '/timer': setTimeout(fail, 20); break;
            case '/interval': { const id = setInterval(() => { clearInterval(id); fail(); }, 20); break; }
            case '/microtask': queueMicrotask(fail); break;
            case '/later': setTimeout(async () => { await null; fail(); }, 20); break;
            case '/abort':
                request.signal.addEventListener('abort', fail);
                await new Promise(resolve => setTimeout(resolve, 60_000));
                break;
            case '/cancel': return new Response(new ReadableStream({ cancel() { console.error('the error of /cancel'); } }));
        }
        return new Response('fine');
    } };";
    let nano = Site::new().app("a", source).serve();
    for path in [
        "/rejection",
        "/async",
        "/timer",
        "/interval",
        "/microtask",
        "/later",
        "/abort",
        "/cancel",
    ] {
        let mut connection = nano.connect();
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        if path == "/abort" || path == "/cancel" {
            std::thread::sleep(std::time::Duration::from_millis(300));
        } else {
            assert_eq!(connection.response(false).status, 200, "{path}");
        }
        drop(connection);
        let failure = nano.app_logged("a", &format!("the error of {path}"));
        let id = failure["request_id"].as_str().expect(path).to_owned();
        let request = nano.logged("the request", |line| {
            line["message"] == "request" && line["request_id"] == id.as_str()
        });
        assert_eq!(request["path"], path);
    }
}

#[test]
fn messages_quote_the_beginning_of_what_they_quote() {
    for code in [
        "await crypto.subtle.digest('x'.repeat(1e6), new Uint8Array())",
        "structuredClone(eval('() => {' + ' '.repeat(1e6) + '}'))",
        "structuredClone(new (eval('(class ' + 'x'.repeat(1e6) + ' { f = () => {} })')))",
    ] {
        let code = format!(
            "let length; try {{ {code} }} catch (e) {{ length = e.message.length }} length < 2000"
        );
        let output = nano().args(["eval", &code]).output().expect("nano runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "true\n", "{code}");
    }
}

/// Awaits something that native code rejects much later, when none of the app's code runs.
const WAITS: &str = "
    async function load(what) {
        return await what();
    }
    export default { async fetch(request) {
        const url = 'http://127.0.0.1:1/';
        const cases = {
            '/fetch': () => fetch(url),
            '/all': () => Promise.all([fetch(url)]),
            '/import': () => import('./nowhere.js'),
        };
        await load(cases[new URL(request.url).pathname]);
    } };";

#[test]
fn asynchronous_failures_have_the_stack_of_who_waits() {
    let outbound = r#""outbound":{"allow":["127.0.0.1:1"]}"#;
    let nano: Nano = Site::new().app_with("a", WAITS, outbound).serve();
    for (path, status) in [("/fetch", 502), ("/all", 502), ("/import", 500)] {
        assert_eq!(nano.get("a.test", path).status, status, "{path}");
        let line = nano.logged("the request", |line| line["path"] == path);
        let frames = [
            "at async load (app:///index.js:3:16)",
            "at async Object.fetch (app:///index.js:12:9)",
            "--> app:///index.js:3:16",
        ];
        shows(line["stack"].as_str().unwrap(), &frames);
    }
}
