//! Whom a request is from, with and without proxies in front.

use serde_json::{Value, json};

use crate::support::{Connection, Http2, Nano, Site};

const APP: &str = "export default { fetch(request) {
    return Response.json({ url: request.url, headers: Object.fromEntries(request.headers) });
} };";

/// What everyone writes who wants to be somebody else.
const FORGED: &str = "X-Forwarded-For: 192.0.2.1, 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: other.test\r\n\
    Forwarded: for=192.0.2.1;proto=https;host=other.test\r\nX-Real-IP: 192.0.2.1\r\nCF-Connecting-IP: 192.0.2.1\r\n\
    X-Forwarded-Port: 443\r\n";

fn site(proxies: &str) -> Nano {
    let site = Site::new().app("asked", APP).app("other", APP);
    if proxies.is_empty() {
        site.serve()
    } else {
        site.top(&format!("\"proxies\":{proxies}")).serve()
    }
}

/// What an app sees of whom a request is from.
fn seen(connection: &mut Connection, fields: &str) -> Value {
    connection.write(&format!(
        "GET /a HTTP/1.1\r\nHost: asked.test\r\n{fields}\r\n"
    ));
    only_forwarding(connection.response(false).text())
}

fn only_forwarding(text: &str) -> Value {
    let mut seen: Value = serde_json::from_str(text).expect("JSON");
    let headers = seen["headers"].as_object_mut().expect("fields");
    headers.retain(|name, _| !["host", "accept", "user-agent"].contains(&name.as_str()));
    seen
}

fn told(url: &str, client: &str, chain: &str, scheme: &str) -> Value {
    json!({ "url": url, "headers": {
        "cf-connecting-ip": client,
        "x-real-ip": client,
        "x-forwarded-for": chain,
        "x-forwarded-proto": scheme,
    } })
}

#[test]
fn nobody_is_somebody_else_without_proxies() {
    let nano = site("");
    let own = told("http://asked.test/a", "127.0.0.1", "127.0.0.1", "http");
    let mut connection = nano.connect();
    // The second request of a connection takes a shorter way.
    for fields in ["", FORGED, "", FORGED] {
        assert_eq!(seen(&mut connection, fields), own, "{fields}");
    }
    let mut http2 = Http2::connect(&nano);
    let forged = [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "other.test"),
    ];
    http2.request(1, "GET", "asked.test", "/a", &forged, true);
    assert_eq!(only_forwarding(http2.response(1).text()), own);
    // Others are trusted.
    let nano = site(r#"{"trusted":["10.0.0.0/8"]}"#);
    assert_eq!(seen(&mut nano.connect(), FORGED), own);
}

#[test]
fn trusted_proxies_say_it() {
    let nano = site(r#"{"trusted":["127.0.0.0/8"]}"#);
    let mut connection = nano.connect();
    let by_proxy = told(
        "https://asked.test/a",
        "203.0.113.7",
        "192.0.2.1, 203.0.113.7, 127.0.0.1",
        "https",
    );
    let own = told("http://asked.test/a", "127.0.0.1", "127.0.0.1", "http");
    for (fields, expected) in [
        ("", &own),
        (FORGED, &by_proxy),
        ("", &own),
        (FORGED, &by_proxy),
    ] {
        assert_eq!(seen(&mut connection, fields), *expected, "{fields}");
    }
}

#[test]
fn requests_find_their_apps_by_a_forwarded_host_where_that_is_wanted() {
    let fields = r#"["x-forwarded-for","x-forwarded-proto","x-forwarded-host"]"#;
    let nano = site(&format!(r#"{{"trusted":["127.0.0.1"],"fields":{fields}}}"#));
    let url = "https://other.test/a";
    assert_eq!(seen(&mut nano.connect(), FORGED)["url"], url);
    let mut connection = nano.connect();
    connection
        .write("GET /a HTTP/1.1\r\nHost: asked.test\r\nX-Forwarded-Host: nobody.test\r\n\r\n");
    assert_eq!(connection.response(false).status, 404);
    connection.write("GET /a HTTP/1.1\r\nHost: asked.test\r\nX-Forwarded-Host: a b\r\n\r\n");
    assert_eq!(connection.response(false).status, 400);
    let nano = site(r#"{"trusted":["127.0.0.1"],"fields":["forwarded"]}"#);
    let seen = seen(&mut nano.connect(), FORGED);
    assert_eq!(
        seen,
        told(url, "192.0.2.1", "192.0.2.1, 127.0.0.1", "https")
    );
}

#[test]
fn a_reload_changes_who_is_trusted() {
    let nano = site("");
    assert_eq!(
        seen(&mut nano.connect(), FORGED)["headers"]["x-real-ip"],
        "127.0.0.1"
    );
    let file = nano.path().join("apps.json");
    let text = std::fs::read_to_string(file).expect("the configuration");
    let trusting = text.replacen('{', r#"{"proxies":{"trusted":["127.0.0.1"]},"#, 1);
    nano.write("apps.json", &trusting);
    nano.signal(libc::SIGHUP);
    nano.logged("the reload", |line| {
        line["message"] == "the configuration has been loaded"
    });
    assert_eq!(
        seen(&mut nano.connect(), FORGED)["headers"]["x-real-ip"],
        "203.0.113.7"
    );
}

/// Whatever the app writes that calls: a call is from whom the request is from that it is made for, or from nobody.
#[test]
fn no_app_says_whom_its_calls_are_from() {
    let front = "const forged = {
            'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'other.test',
            'Forwarded': 'for=192.0.2.1', 'X-Real-IP': '192.0.2.1', 'CF-Connecting-IP': '192.0.2.1', 'X-Forwarded-Port': '443',
        };
        const url = 'http://asked.test/a';
        export default {
            fetch(request, env) {
                const headers = { ...Object.fromEntries(request.headers), ...forged };
                return env.B.fetch(request.url.endsWith('/own') ? url : new Request(url, { headers }));
            },
            async scheduled(event, env) {
                const { headers } = await (await env.B.fetch(url, { headers: forged })).json();
                console.log(`called with ${JSON.stringify(headers)}`);
            },
        };";
    let fields = r#""env":{"B":{"type":"service","app":"asked"}},"crons":["* * * * * *"]"#;
    let site = Site::new().app("asked", APP);
    let nano = site.app_with("front", front, fields).serve();
    let own = told("http://asked.test/a", "127.0.0.1", "127.0.0.1", "http");
    for path in ["/forged", "/own"] {
        let mut seen = only_forwarding(nano.get("front.test", path).text());
        let headers = seen["headers"].as_object_mut().expect("fields");
        headers.retain(|name, _| !["cdn-loop", "accept-encoding"].contains(&name.as_str()));
        assert_eq!(seen, own, "{path}");
    }
    let line = nano.app_logged("front", "called with");
    let text = line["message"].as_str().expect("a text");
    assert!(text.contains("asked.test"), "{text}");
    for word in ["forwarded", "real-ip", "connecting-ip"] {
        assert!(!text.contains(word), "{text}");
    }
}
