//! Mistakes of authors: each has a message where its author looks, and other apps go on serving.

use crate::support::Site;

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

/// Serves a broken app beside a good one; gives the status and the log line of a request to it.
fn broken(source: &str) -> (u16, serde_json::Value) {
    let nano = Site::new()
        .app("bad", source)
        .app("good", NEIGHBOUR)
        .serve();
    let response = nano.get("bad.test", "/");
    let id = response
        .header("x-request-id")
        .expect("a request id")
        .to_owned();
    // What went wrong inside is not for clients.
    for secret in ["index.js", "Error:", "    at "] {
        assert!(!response.text().contains(secret), "{}", response.text());
    }
    let line = nano.logged(&id, |line| {
        line["request_id"] == id.as_str() && line["status"].is_u64()
    });
    assert_eq!(line["level"], "error", "{line}");
    assert_eq!(nano.get("good.test", "/").text(), "here");
    (response.status, line)
}

#[test]
fn a_syntax_error() {
    let nano = Site::new()
        .app("bad", "export default {\n  fetch( { return 1 }\n};")
        .app("good", NEIGHBOUR)
        .serve();
    let line = nano.app_logged("bad", "the app did not start");
    assert_eq!(line["level"], "error");
    let text = line.to_string();
    assert!(text.contains("SyntaxError"), "{text}");
    assert!(text.contains("index.js:2"), "{text}");
    assert!(
        line["stack"].as_str().unwrap_or("").contains('^'),
        "no caret: {text}"
    );
    let response = nano.get("bad.test", "/");
    assert_eq!(response.status, 503);
    assert!(response.header("retry-after").is_some());
    assert!(
        !response.text().contains("SyntaxError"),
        "{}",
        response.text()
    );
    assert_eq!(nano.get("good.test", "/").text(), "here");
}

#[test]
fn an_app_that_throws_at_its_start() {
    let (status, line) = broken("const a = null;\na.b;\nexport default {};");
    assert_eq!(status, 503);
    assert!(
        line["error"].as_str().unwrap().contains("TypeError"),
        "{line}"
    );
}

#[test]
fn an_app_that_rejects_at_its_start() {
    let (status, line) = broken("await Promise.reject(new RangeError('no luck'));");
    assert_eq!(status, 503);
    assert!(
        line["error"].as_str().unwrap().contains("no luck"),
        "{line}"
    );
}

#[test]
fn an_import_that_does_not_exist() {
    let (status, line) = broken("import './nowhere.js'; export default {};");
    assert_eq!(status, 503);
    assert!(
        line["error"].as_str().unwrap().contains("nowhere.js"),
        "{line}"
    );
}

#[test]
fn an_import_from_outside_of_the_folder() {
    let nano = Site::new()
        .file("secret.js", "export default 1;")
        .app(
            "bad",
            "import secret from '../secret.js'; export default {};",
        )
        .serve();
    nano.app_logged("bad", "the app did not start");
    assert_eq!(nano.get("bad.test", "/").status, 503);
}

#[test]
fn an_endless_loop_at_the_start() {
    let nano = Site::new()
        .app_with("bad", "for (;;) ;", r#""limits":{"cpu_ms":200}"#)
        .app("good", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("good.test", "/").text(), "here");
    nano.app_logged("bad", "the app did not start");
    assert_eq!(nano.get("bad.test", "/").status, 503);
}

#[test]
fn no_handler() {
    let (status, line) = broken("export default { fetsh() { return new Response('x'); } };");
    // Seen at the start or at the first request.
    assert!(matches!(status, 500 | 503), "{status}");
    assert!(line["error"].as_str().unwrap().contains("fetch"), "{line}");
    let (status, _) = broken("export const x = 1;");
    assert!(matches!(status, 500 | 503), "{status}");
}

#[test]
fn a_handler_that_returns_no_response() {
    for (value, described) in [
        ("undefined", "undefined"),
        ("'text'", "string"),
        ("({ status: 200 })", "Object"),
        ("42", "number"),
    ] {
        let (status, line) = broken(&format!(
            "export default {{ fetch() {{ return {value}; }} }};"
        ));
        assert_eq!(status, 500, "{value}");
        let error = line["error"].as_str().unwrap();
        assert!(
            error.contains("Response") && error.contains(described),
            "{value}: {error}"
        );
    }
}

/// Serves an app whose handler throws, and looks at what the log says.
fn throws(source: &str) {
    let (status, line) = broken(source);
    assert_eq!(status, 500);
    assert!(
        line["error"]
            .as_str()
            .unwrap()
            .contains("TypeError: broken pot"),
        "{line}"
    );
    assert!(
        line["stack"].as_str().unwrap().contains("index.js:"),
        "{line}"
    );
}

#[test]
fn a_handler_that_throws() {
    throws("export default { fetch() {\n  throw new TypeError('broken pot');\n} };");
    throws("export default { async fetch() {\n  await 1; throw new TypeError('broken pot');\n} };");
}

#[test]
fn an_app_that_only_listens_for_other_events() {
    let source = "addEventListener('install', event => event.waitUntil(1));";
    let (status, log) = broken(source);
    // It does not start.
    assert_eq!(status, 503);
    let error = log["error"].as_str().expect("the log says why");
    assert!(error.contains("expected `export default"), "{error}");
}

#[test]
fn a_handler_that_throws_what_is_no_error() {
    for value in [
        "'text'",
        "null",
        "undefined",
        "Symbol('s')",
        "{ toString() { throw 1; } }",
    ] {
        let (status, _) = broken(&format!(
            "export default {{ fetch() {{ throw {value}; }} }};"
        ));
        assert_eq!(status, 500, "{value}");
    }
}

#[test]
fn a_response_that_was_used_already() {
    let source = "export default { async fetch() {
        const response = new Response('x'); await response.text(); return response;
    } };";
    assert_eq!(broken(source).0, 500);
}

#[test]
fn another_server_that_does_not_answer() {
    let (status, line) = broken("export default { fetch() { return Response.error(); } };");
    assert_eq!(status, 502);
    assert!(line.to_string().contains("network error"), "{line}");
    // A port that nobody listens on.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    drop(listener);
    let fetches = |rest: &str| {
        format!(
            "export default {{ fetch() {{ return fetch('http://127.0.0.1:{port}/'){rest}; }} }};"
        )
    };
    let allowed = r#""outbound":{"allow":["127.0.0.1"]}"#;
    let nano = Site::new()
        .app_with("passes", &fetches(""), allowed)
        .app_with(
            "catches",
            &fetches(".catch(() => new Response('caught'))"),
            allowed,
        )
        .app_with(
            "throws",
            &fetches(".catch((error) => { throw new Error(error.message); })"),
            allowed,
        )
        .serve();
    assert_eq!(nano.get("passes.test", "/").status, 502);
    let line = nano.app_logged("passes", "cannot connect");
    assert_eq!(line["status"], 502);
    assert_eq!(nano.get("catches.test", "/").text(), "caught");
    assert_eq!(nano.get("throws.test", "/").status, 500);
}

#[test]
fn a_rejection_that_nobody_handles() {
    let source = "export default { fetch() {
        Promise.reject(new Error('forgotten'));
        return new Response('fine');
    } };";
    let nano = Site::new()
        .app("bad", source)
        .app("good", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("bad.test", "/").text(), "fine");
    let line = nano.app_logged("bad", "forgotten");
    assert_eq!(line["level"], "error");
    assert_eq!(nano.get("bad.test", "/").text(), "fine");
    assert_eq!(nano.get("good.test", "/").text(), "here");
}

#[test]
fn an_exception_in_a_timer() {
    let source = "export default { fetch() {
        setTimeout(() => { throw new Error('ticked off'); }, 0);
        return new Response('fine');
    } };";
    let nano = Site::new().app("bad", source).serve();
    assert_eq!(nano.get("bad.test", "/").text(), "fine");
    let line = nano.app_logged("bad", "ticked off");
    assert!(line.to_string().contains("index.js:2"), "{line}");
    assert_eq!(nano.get("bad.test", "/").text(), "fine");
}

#[test]
fn dev_shows_what_went_wrong() {
    let source = "export default { fetch() { throw new TypeError('broken pot'); } };";
    let nano = Site::new().app("bad", source).serve_with(&["--dev"]);
    let text = nano.get("bad.test", "/");
    assert!(
        text.text().contains("TypeError: broken pot"),
        "{}",
        text.text()
    );
    assert!(text.text().contains("index.js:1"), "{}", text.text());
    let json = nano.send("GET / HTTP/1.1\r\nHost: bad.test\r\nAccept: application/json\r\n\r\n");
    assert_eq!(json.header("content-type"), Some("application/json"));
    let value: serde_json::Value = serde_json::from_str(json.text()).expect("JSON");
    assert_eq!(value["error"]["status"], 500);
    assert!(
        value["error"]["stack"]
            .as_str()
            .unwrap()
            .contains("broken pot")
    );
}

#[test]
fn strings_are_not_code() {
    let source = "export default { fetch() {
        const refused = [];
        for (const attempt of [() => eval('1'), () => new Function('return 1')(),
                               () => (async () => {}).constructor('return 1')(),
                               () => setTimeout('1', 0)]) {
            try { attempt(); refused.push('allowed'); } catch (error) { refused.push(error.name); }
        }
        return Response.json(refused);
    } };";
    let nano = Site::new().app("a", source).serve();
    let names: Vec<String> = serde_json::from_str(nano.get("a.test", "/").text()).unwrap();
    assert!(
        names
            .iter()
            .all(|name| name == "EvalError" || name == "TypeError"),
        "{names:?}"
    );
}

#[test]
fn the_console_goes_to_the_log() {
    let source = "export default { fetch() {
        console.log('hello', { a: 1 }); console.warn('careful'); console.error('bad');
        return new Response('x');
    } };";
    let nano = Site::new().app("a", source).serve();
    nano.get("a.test", "/");
    let line = nano.app_logged("a", "hello");
    assert_eq!(line["level"], "info");
    assert_eq!(
        line["request_id"].as_str().map(str::len),
        Some(16),
        "{line}"
    );
    assert_eq!(nano.app_logged("a", "careful")["level"], "warn");
    assert_eq!(nano.app_logged("a", "bad")["level"], "error");
}
