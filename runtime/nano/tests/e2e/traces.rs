//! W3C Trace Context: what comes in, what apps see and what the log says of it, and what goes out.

use serde_json::Value;

use crate::outbound::ALLOW;
use crate::support::{Http2, Nano, Recorder, Site, app_of_forms};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The parts of a `traceparent`.
fn parts(value: &str) -> [String; 4] {
    let parts: Vec<_> = value.split('-').map(str::to_owned).collect();
    parts.try_into().expect("four parts")
}

/// Asks for a path with these further lines of a head.
fn ask(nano: &Nano, path: &str, head: &str) -> String {
    let response = nano.send(&format!(
        "GET {path} HTTP/1.1\r\nHost: a.test\r\n{head}\r\n"
    ));
    assert_eq!(response.status, 200, "{path}");
    response.text().to_owned()
}

/// The line of a request.
fn line_of(nano: &Nano, path: &str) -> Value {
    nano.logged("the request", |line| {
        line["message"] == "request" && line["path"] == path
    })
}

/// Shows what it sees of a trace.
const SHOWS: &str = "export default { fetch(request) {
    console.log('said');
    const { headers } = request;
    return Response.json([headers.get('traceparent'), headers.get('tracestate')]);
} };";

fn shown(text: &str) -> (Option<String>, Option<String>) {
    serde_json::from_str(text).expect("two texts")
}

#[test]
fn a_request_is_a_span_of_the_trace_that_it_comes_with() {
    let nano = Site::new().app("a", SHOWS).serve();
    let head = format!("traceparent: {PARENT}\r\ntracestate: x=1\r\nTraceState: y=2\r\n");
    let (seen, state) = shown(&ask(&nano, "/traced", &head));
    let [version, trace, span, flags] = parts(&seen.expect("a traceparent"));
    assert_eq!((&*version, &*trace, &*flags), ("00", TRACE, "01"));
    assert_ne!(span, "00f067aa0ba902b7");
    assert_eq!(state.as_deref(), Some("x=1,y=2"));
    let line = line_of(&nano, "/traced");
    assert_eq!(
        (&line["trace_id"], &line["span_id"]),
        (&trace.clone().into(), &span.clone().into())
    );
    let said = nano.logged("the console", |line| line["message"] == "said");
    assert_eq!(
        (&said["trace_id"], &said["span_id"]),
        (&trace.into(), &span.into())
    );
}

#[test]
fn over_http2_too() {
    let nano = Site::new().app("a", SHOWS).serve();
    let mut client = Http2::connect(&nano);
    client.request(1, "GET", "a.test", "/", &[("traceparent", PARENT)], true);
    let (seen, _) = shown(client.response(1).text());
    let [_, trace, span, _] = parts(&seen.expect("a traceparent"));
    let line = line_of(&nano, "/");
    assert_eq!(
        (&line["trace_id"], &line["span_id"]),
        (&trace.into(), &span.into())
    );
}

#[test]
fn what_is_malformed_or_not_wanted_is_a_field_like_others() {
    let nano = Site::new().app("a", SHOWS).serve();
    let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    let head = format!("traceparent: {zero}\r\ntracestate: x=1\r\n");
    assert_eq!(
        shown(&ask(&nano, "/zero", &head)),
        (Some(zero.into()), Some("x=1".into()))
    );
    assert_eq!(shown(&ask(&nano, "/none", "")), (None, None));
    // Of a later version.
    let head = format!("traceparent: cc-{}-what-else\r\n", &PARENT[3..]);
    let (seen, _) = shown(&ask(&nano, "/later", &head));
    assert!(
        seen.expect("a traceparent")
            .starts_with(&format!("00-{TRACE}-"))
    );
    for path in ["/zero", "/none"] {
        let line = line_of(&nano, path);
        assert!(
            line.get("trace_id").is_none() && line.get("span_id").is_none(),
            "{line}"
        );
    }
    let off = Site::new().top(r#""trace":"off""#).app("a", SHOWS).serve();
    let head = format!("traceparent: {PARENT}\r\n");
    assert_eq!(
        shown(&ask(&off, "/off", &head)),
        (Some(PARENT.into()), None)
    );
    assert!(line_of(&off, "/off").get("trace_id").is_none());
}

#[test]
fn every_request_is_one_where_that_is_wanted() {
    let nano = Site::new().top(r#""trace":"all""#).app("a", SHOWS).serve();
    let mut traces = Vec::new();
    for (path, head) in [
        ("/1", ""),
        ("/2", ""),
        ("/3", "traceparent: 00-no\r\ntracestate: x=1\r\n"),
    ] {
        let (seen, state) = shown(&ask(&nano, path, head));
        let [_, trace, span, flags] = parts(&seen.expect("a traceparent"));
        // Nobody records it; its id is random.
        assert_eq!((&*flags, state), ("02", None));
        let line = line_of(&nano, path);
        assert_eq!(
            (&line["trace_id"], &line["span_id"]),
            (&trace.clone().into(), &span.into())
        );
        traces.push(trace);
    }
    traces.dedup();
    assert_eq!(traces.len(), 3);
}

#[test]
fn what_an_app_fetches_for_a_request_is_in_its_trace() {
    let recorder = Recorder::start(|_, request| {
        Some(match request.line.as_str() {
            "GET /redirect" => {
                b"HTTP/1.1 302 Found\r\nlocation: /redirected\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
            _ => crate::support::response("200 OK", "recorded"),
        })
    });
    let to = |path: &str| format!("'http://127.0.0.1:{}/{path}'", recorder.port);
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let forms = [
        ("at_once", format!("await fetch({});", to("at_once"))),
        (
            "awaited",
            format!(
                "await 0; await new Promise((r) => queueMicrotask(r)); await fetch({});",
                to("awaited")
            ),
        ),
        (
            "timer",
            format!(
                "await new Promise((r) => setTimeout(r, 20)); await fetch({});",
                to("timer")
            ),
        ),
        (
            "background",
            format!(
                "ctx.waitUntil(new Promise((r) => setTimeout(r, 50)).then(() => fetch({})));",
                to("background")
            ),
        ),
        (
            "own",
            format!(
                "await fetch({}, {{ headers: {{ traceparent: '{other}' }} }});",
                to("own")
            ),
        ),
        (
            "proxied",
            format!("return fetch(new Request({}, request));", to("proxied")),
        ),
        ("redirected", format!("await fetch({});", to("redirect"))),
    ];
    let forms: Vec<_> = forms
        .iter()
        .map(|(name, body)| (*name, body.as_str()))
        .collect();
    let nano = Site::new()
        .app_with("a", &app_of_forms(&forms), ALLOW)
        .serve();
    let head = format!("traceparent: {PARENT}\r\ntracestate: x=1\r\n");
    for (name, _) in forms {
        ask(&nano, &format!("/{name}"), &head);
        let sent = recorder.request(name, |request| request.line == format!("GET /{name}"));
        let told = sent.header("traceparent").expect("a traceparent");
        if name == "own" {
            assert_eq!((told, sent.header("tracestate")), (other, None));
            continue;
        }
        let [version, trace, parent, flags] = parts(told);
        assert_eq!((&*version, &*trace, &*flags), ("00", TRACE, "01"), "{name}");
        assert_eq!(sent.header("tracestate"), Some("x=1"), "{name}");
        // A span of its own: neither the client's nor the request's.
        let line = line_of(&nano, &format!("/{name}"));
        assert_ne!(parent, "00f067aa0ba902b7", "{name}");
        assert_ne!(line["span_id"], parent, "{name}");
    }
    // So is each redirect.
    let parent = |line: &str| {
        let request = recorder.request(line, |request| request.line == line);
        parts(request.header("traceparent").expect("a traceparent"))[2].clone()
    };
    assert_ne!(parent("GET /redirect"), parent("GET /redirected"));
    // Without a trace, nothing is said.
    ask(&nano, "/at_once?untraced", "");
    let last = recorder.requests().pop().expect("a request");
    assert_eq!(
        (last.line.as_str(), last.header("traceparent")),
        ("GET /at_once", None)
    );
}
