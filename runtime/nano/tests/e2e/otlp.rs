//! Traces and metrics at a collector, as it decodes them; and collectors that are none.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::outbound::ALLOW;
use crate::support::admin::{admin_port, ask_with};
use crate::support::{Recorded, Recorder, Site, eventually, response};

const HELLO: &str = "export default { fetch: () => new Response('hello') };";

/// A port that nobody listens on.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The field "otlp", for a collector at this port.
fn to(port: u16, more: &str) -> String {
    format!(r#""otlp":{{"endpoint":"http://127.0.0.1:{port}/x/"{more}}}"#)
}

/// A collector that takes everything.
fn collector() -> Recorder {
    Recorder::start(|_, _| Some(response("200 OK", "")))
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    match attribute(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{key} is {other:?}"),
    }
}

fn integer(attributes: &[KeyValue], key: &str) -> i64 {
    match attribute(attributes, key) {
        Some(Value::IntValue(number)) => *number,
        other => panic!("{key} is {other:?}"),
    }
}

/// The spans of a request, each with its service.
fn spans_of(request: &Recorded) -> Vec<(String, Span)> {
    if request.line != "POST /x/v1/traces" {
        return Vec::new();
    }
    let decoded = ExportTraceServiceRequest::decode(&*request.body).expect("a message");
    let mut spans = Vec::new();
    for resource in decoded.resource_spans {
        let service = text(
            &resource.resource.expect("a resource").attributes,
            "service.name",
        );
        for scope in resource.scope_spans {
            spans.extend(scope.spans.into_iter().map(|span| (service.clone(), span)));
        }
    }
    spans
}

/// All spans that have come so far.
fn spans(recorder: &Recorder) -> Vec<(String, Span)> {
    recorder.requests().iter().flat_map(spans_of).collect()
}

fn path_of(span: &Span) -> Option<String> {
    attribute(&span.attributes, "url.path").map(|_| text(&span.attributes, "url.path"))
}

/// Waits for the span of a request for this path.
fn server_span(recorder: &Recorder, path: &str) -> (String, Span) {
    let is = |(_, span): &(_, Span)| path_of(span).as_deref() == Some(path);
    eventually("the span", || spans(recorder).into_iter().find(is))
}

#[test]
fn requests_and_what_they_fetch_are_spans() {
    let (collector, peer) = (
        collector(),
        Recorder::start(|_, _| Some(response("404 Not Found", "no"))),
    );
    let closed = closed_port();
    let source = format!(
        "export default {{ async fetch(request) {{
            if (request.url.endsWith('/throws')) throw new Error('broken');
            await fetch('http://127.0.0.1:{}/there?secret=1');
            await fetch('http://127.0.0.1:{closed}/').catch(() => {{}});
            return new Response('done');
        }} }};",
        peer.port
    );
    let headers = r#","headers":{"authorization":"Bearer abc"}"#;
    let nano = Site::new()
        .top(&to(collector.port, headers))
        .app_with("a", &source, ALLOW)
        .serve();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let told = format!("traceparent: {parent}\r\ntracestate: x=1\r\n");
    let asked = nano.send(&format!(
        "PUT /here?secret=1 HTTP/1.1\r\nHost: a.test:81\r\n{told}\r\n"
    ));
    assert_eq!(asked.text(), "done");
    assert_eq!(nano.get("a.test", "/throws").status, 500);
    assert_eq!(nano.get("nobody.test", "/nobody").status, 404);

    let (service, server) = server_span(&collector, "/here");
    assert_eq!((&*service, &*server.name, server.kind), ("a", "PUT", 2));
    assert_eq!(
        server.trace_id,
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes()
    );
    assert_eq!(
        server.parent_span_id,
        0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()
    );
    assert_eq!((&*server.trace_state, server.flags), ("x=1", 0x301));
    assert!(server.start_time_unix_nano < server.end_time_unix_nano);
    let own = &server.attributes;
    for (key, value) in [
        ("http.request.method", "PUT"),
        ("url.path", "/here"),
        ("url.scheme", "http"),
        ("server.address", "a.test"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(text(own, key), value, "{key}");
    }
    assert_eq!(integer(own, "server.port"), 81);
    assert_eq!(integer(own, "http.response.status_code"), 200);
    assert_eq!(integer(own, "http.response.body.size"), 4);
    assert_eq!(server.status, None);
    let line = nano.logged("the request", |line| line["path"] == "/here");
    assert_eq!(line["request_id"], text(own, "nano.request_id"));

    let (_, failed) = server_span(&collector, "/throws");
    // It began here.
    assert!(failed.parent_span_id.is_empty() && failed.trace_id != server.trace_id);
    assert_eq!(text(&failed.attributes, "error.type"), "500");
    assert_eq!(failed.status.expect("a status").code, 2);
    // What no app answers to is the process's.
    let (service, nobody) = server_span(&collector, "/nobody");
    assert_eq!((&*service, nobody.status), ("nano", None));

    let clients = eventually("the client's spans", || {
        let own = |(_, span): &(_, Span)| span.kind == 3;
        let clients: Vec<_> = spans(&collector).into_iter().filter(own).collect();
        (clients.len() >= 2).then_some(clients)
    });
    let url = format!("http://127.0.0.1:{}/there", peer.port);
    let of = |url: &str| {
        let is = |(_, span): &&(_, Span)| text(&span.attributes, "url.full") == url;
        clients.iter().find(is).expect("a span of that URL").clone()
    };
    let (service, found) = of(&url);
    assert_eq!((&*service, &*found.name), ("a", "GET"));
    assert_eq!(
        (&found.trace_id, &found.parent_span_id),
        (&server.trace_id, &server.span_id)
    );
    assert_eq!(text(&found.attributes, "server.address"), "127.0.0.1");
    assert_eq!(
        integer(&found.attributes, "server.port"),
        i64::from(peer.port)
    );
    assert_eq!(integer(&found.attributes, "http.response.status_code"), 404);
    assert_eq!(text(&found.attributes, "error.type"), "404");
    // It is the one that the peer was told of.
    let sent = peer.requests()[0]
        .header("traceparent")
        .expect("a parent")
        .to_owned();
    let id: String = found
        .span_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(sent.split('-').nth(2), Some(&*id));
    let (_, refused) = of(&format!("http://127.0.0.1:{closed}/"));
    assert_eq!(text(&refused.attributes, "error.type"), "network_error");
    assert_eq!(
        attribute(&refused.attributes, "http.response.status_code"),
        None
    );

    let request = &collector.requests()[0];
    assert_eq!(
        request.header("content-type"),
        Some("application/x-protobuf")
    );
    assert_eq!(request.header("authorization"), Some("Bearer abc"));
    for line in nano.log() {
        assert!(!line.to_string().contains("Bearer abc"), "{line}");
    }
}

#[test]
fn calls_of_other_apps_are_spans_of_both() {
    let collector = collector();
    let source = "export default { fetch: (request, env) => env.B.fetch('http://b.test:81/inner?secret=1') };";
    let nano = Site::new()
        .top(&to(collector.port, ""))
        .app_with("a", source, r#""env":{"B":{"type":"service","app":"b"}}"#)
        .app("b", HELLO)
        .serve();
    assert_eq!(nano.get("a.test", "/outer").text(), "hello");
    let (_, outer) = server_span(&collector, "/outer");
    let (service, inner) = server_span(&collector, "/inner");
    let call = eventually("the caller's span", || {
        let is = |(_, span): &(_, Span)| span.kind == 3;
        spans(&collector).into_iter().find(is)
    });
    assert_eq!((&*service, &*call.0, inner.kind), ("b", "a", 2));
    assert_eq!(
        (&call.1.trace_id, &call.1.parent_span_id),
        (&outer.trace_id, &outer.span_id)
    );
    assert_eq!(
        (&inner.trace_id, &inner.parent_span_id),
        (&outer.trace_id, &call.1.span_id)
    );
    assert_eq!(text(&inner.attributes, "server.address"), "b.test");
    assert_eq!(integer(&inner.attributes, "http.response.body.size"), 5);
    // It has come by no protocol.
    let version = attribute(&inner.attributes, "network.protocol.version");
    assert_eq!(version, None);
}

/// Spans wait for a collector by thousands, and count for nobody.
#[test]
fn what_an_app_chooses_is_short_in_its_spans() {
    let collector = collector();
    let source = "export default { async fetch() {
        const request = { method: 'M'.repeat(1000) };
        await fetch('http://' + 'a'.repeat(1000) + '.test/' + 'b'.repeat(10000), request).catch(() => {});
        return new Response('done');
    } };";
    let nano = Site::new()
        .top(&to(collector.port, ""))
        .app("a", source)
        .serve();
    assert_eq!(nano.get("a.test", "/").text(), "done");
    let (_, span) = eventually("the fetch's span", || {
        let is = |(_, span): &(_, Span)| span.kind == 3;
        spans(&collector).into_iter().find(is)
    });
    let attributes = &span.attributes;
    assert_eq!(text(attributes, "server.address"), "a".repeat(255));
    assert_eq!(text(attributes, "http.request.method"), "_OTHER");
    assert_eq!(text(attributes, "url.full").len(), 2048);
}

#[test]
fn what_is_sampled_is_decided_where_a_trace_begins() {
    let collector = collector();
    let nano = Site::new()
        .top(&to(collector.port, r#","sample":0"#))
        .app("a", HELLO)
        .serve();
    let ask = |path: &str, head: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n{head}\r\n");
        assert_eq!(nano.send(&request).status, 200);
    };
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0";
    ask("/begins", "");
    ask("/not", &format!("{parent}0\r\n"));
    ask("/sampled", &format!("{parent}1\r\n"));
    server_span(&collector, "/sampled");
    let paths: Vec<_> = spans(&collector)
        .iter()
        .filter_map(|(_, span)| path_of(span))
        .collect();
    assert_eq!(paths, ["/sampled"]);
    // They are in traces all the same.
    for path in ["/begins", "/not"] {
        let line = nano.logged("the request", |line| line["path"] == path);
        assert!(line["trace_id"].is_string(), "{line}");
    }
}

/// The metrics of this name, of this service.
fn metric(recorder: &Recorder, service: &str, name: &str) -> Option<Metric> {
    let request = recorder.requests().into_iter().rev();
    let mut own = request.filter(|request| request.line == "POST /x/v1/metrics");
    let decoded = ExportMetricsServiceRequest::decode(&*own.next()?.body).expect("a message");
    let groups = decoded.resource_metrics.into_iter();
    let mut own = groups.filter(|group| {
        text(
            &group.resource.as_ref().expect("a resource").attributes,
            "service.name",
        ) == service
    });
    let metrics = own.next()?.scope_metrics.remove(0).metrics;
    metrics.into_iter().find(|metric| metric.name == name)
}

#[test]
fn metrics_are_those_of_prometheus() {
    let collector = collector();
    let top = format!(
        r#"{},"admin":{{"listen":"127.0.0.1:0"}}"#,
        to(collector.port, r#","metrics_ms":100"#)
    );
    let nano = Site::new().top(&top).app("a", HELLO).serve();
    for _ in 0..3 {
        nano.get("a.test", "/");
    }
    let seen = |name: &str| metric(&collector, "a", name);
    let histogram = eventually("three requests", || {
        let Some(Data::Histogram(found)) = seen("nano_request_duration_seconds")?.data else {
            panic!("a histogram is none");
        };
        let point = found.data_points[0].clone();
        (point.count == 3).then_some(point)
    });
    assert_eq!(histogram.bucket_counts.iter().sum::<u64>(), 3);
    assert_eq!(
        histogram.bucket_counts.len(),
        histogram.explicit_bounds.len() + 1
    );
    assert_eq!(text(&histogram.attributes, "app"), "a");
    assert!(histogram.start_time_unix_nano < histogram.time_unix_nano);
    let requests = seen("nano_requests_total").expect("a counter");
    let Some(Data::Sum(sum)) = requests.data else {
        panic!("a counter is none");
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
    assert_eq!(seen("nano_cpu_seconds_total").expect("a counter").unit, "s");
    // Every name that Prometheus gets comes here, too.
    let page = ask_with(admin_port(&nano), "GET", "/metrics", "");
    let names = page
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    for name in names.map(|line| line.split(' ').next().expect("a name")) {
        let found = seen(name).or_else(|| metric(&collector, "nano", name));
        assert!(found.is_some(), "{name}");
    }
}

#[test]
fn what_is_left_is_sent_at_the_end() {
    let collector = collector();
    let mut nano = Site::new()
        .top(&to(collector.port, ""))
        .app("a", HELLO)
        .serve();
    nano.get("a.test", "/last");
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    let found = spans(&collector);
    assert!(
        found
            .iter()
            .any(|(_, span)| path_of(span).as_deref() == Some("/last"))
    );
    assert!(metric(&collector, "a", "nano_requests_total").is_some());
}

#[test]
fn a_collector_that_is_busy_is_asked_again() {
    let collector = Recorder::start(|number, _| {
        Some(match number {
            0 => b"HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n".to_vec(),
            1 => b"HTTP/1.1 429 Slowly\r\ncontent-length: 0\r\n\r\n".to_vec(),
            _ => response("200 OK", ""),
        })
    });
    let top = to(collector.port, r#","metrics_ms":0"#);
    let nano = Site::new().top(&top).app("a", HELLO).serve();
    nano.get("a.test", "/again");
    let requests = eventually("three attempts", || {
        let requests = collector.requests();
        (requests.len() >= 3).then_some(requests)
    });
    for request in &requests {
        assert_eq!(request.body, requests[0].body);
    }
    for message in ["traces cannot be sent", "the collector takes traces again"] {
        nano.logged(message, |line| {
            line["message"]
                .as_str()
                .is_some_and(|said| said.starts_with(message))
        });
    }
}

/// Down, silent, no HTTP, refusing, and answering nonsense: nobody but the log and the counts notices.
#[test]
fn a_collector_that_is_none_harms_nobody() {
    let silent = Recorder::start(|_, _| None);
    let babbling = Recorder::start(|_, _| Some(b"\x00\xff\x00 no HTTP at all\r\n\r\n".to_vec()));
    let refusing =
        Recorder::start(|_, _| Some(response("400 Bad Request", &"<html>".repeat(10_000))));
    let nonsense =
        Recorder::start(|_, _| Some(response("200 OK", &"\u{7f}nonsense".repeat(10_000))));
    let kinds = [
        ("down", closed_port()),
        ("silent", silent.port),
        ("babbling", babbling.port),
        ("refusing", refusing.port),
        ("nonsense", nonsense.port),
    ];
    for (kind, port) in kinds {
        let top = format!(r#""drain_ms":60000,{}"#, to(port, r#","metrics_ms":50"#));
        let mut nano = Site::new().top(&top).app("a", HELLO).serve();
        let mut connection = nano.connect();
        for _ in 0..300 {
            let began = Instant::now();
            connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
            assert_eq!(connection.response(false).text(), "hello", "{kind}");
            assert!(began.elapsed() < Duration::from_secs(2), "{kind}");
        }
        drop(connection);
        nano.signal(libc::SIGTERM);
        let began = Instant::now();
        assert_eq!(nano.wait().code(), Some(0), "{kind}");
        assert!(began.elapsed() < Duration::from_secs(15), "{kind}");
        let complains = |line: &serde_json::Value| {
            let message = line["message"].as_str().expect("a message");
            message.contains("cannot be sent to the collector")
        };
        let complaints = nano.log().into_iter().filter(complains).count();
        // Once for each of both, not for each attempt.
        assert!(complaints <= 2, "{kind}: {complaints}");
        if ["down", "babbling", "refusing"].contains(&kind) {
            assert!(complaints > 0, "{kind}");
        }
    }
}
