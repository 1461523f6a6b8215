//! The admin API.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::admin::{TOKEN, ask, ask_with, json, run, serve, serve_as};
use crate::support::{Connection, Site, eventually, limit};

const APP: &str = "export default { async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/work') { let x = 0; const end = Date.now() + 50; while (Date.now() < end) x++; }
    if (pathname === '/loop') for (;;);
    if (pathname === '/throw') throw new Error('no');
    if (pathname === '/slow') await new Promise(resolve => setTimeout(resolve, 1000));
    return new Response('hello');
} };";

/// The value of a series.
fn series(metrics: &str, name: &str) -> f64 {
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("no series {name} in\n{metrics}"));
    line.parse().expect("a number")
}

#[test]
fn metrics_say_what_apps_do() {
    let site = Site::new()
        .app_with("a", APP, r#""limits":{"cpu_ms":200}"#)
        .app("b", APP);
    let (nano, port) = serve(site);
    for _ in 0..3 {
        assert_eq!(nano.get("a.test", "/").status, 200);
    }
    assert_eq!(nano.get("a.test", "/work").status, 200);
    let page = nano.get("a.test", "/throw");
    assert_eq!(page.status, 500);
    let metrics = || {
        let response = ask(port, "GET", "/metrics");
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; version=0.0.4")
        );
        response.text().to_owned()
    };
    // A request counts when its last byte has left, which its client may see first.
    let before = eventually("five requests", || {
        let text = metrics();
        let count = r#"nano_request_duration_seconds_count{app="a"}"#;
        (series(&text, count) == 5.0).then_some(text)
    });
    assert_eq!(
        series(&before, r#"nano_requests_total{app="a",status="2xx"}"#),
        4.0
    );
    assert_eq!(
        series(&before, r#"nano_requests_total{app="a",status="5xx"}"#),
        1.0
    );
    assert_eq!(
        series(&before, r#"nano_requests_total{app="b",status="2xx"}"#),
        0.0
    );
    assert_eq!(
        series(&before, r#"nano_request_duration_seconds_count{app="a"}"#),
        5.0
    );
    assert_eq!(
        series(
            &before,
            r#"nano_request_duration_seconds_bucket{app="a",le="+Inf"}"#
        ),
        5.0
    );
    assert!(series(&before, r#"nano_request_duration_seconds_sum{app="a"}"#) > 0.05);
    assert_eq!(series(&before, r#"nano_instances{app="a"}"#), 1.0);
    assert_eq!(
        series(&before, r#"nano_response_bytes_total{app="a"}"#),
        4.0 * "hello".len() as f64 + page.body.len() as f64
    );
    assert!(series(&before, r#"nano_heap_bytes{app="a"}"#) > 0.0);
    let cpu = series(&before, r#"nano_cpu_seconds_total{app="a"}"#);
    // How much that is depends on how busy the machine is.
    assert!(cpu > 0.0 && cpu < 2.0, "{cpu}");
    #[cfg(target_os = "linux")]
    assert!(series(&before, "process_resident_memory_bytes") > 1e6);

    assert_eq!(nano.get("a.test", "/loop").status, 503);
    // A request counts when its response has left, which its client may see first.
    let after = eventually("the instance's end", || {
        let text = metrics();
        let counts = [
            r#"nano_instance_ends_total{app="a",reason="cpu_ms"}"#,
            r#"nano_limit_hits_total{app="a",limit="cpu_ms"}"#,
        ];
        counts
            .iter()
            .all(|count| series(&text, count) == 1.0)
            .then_some(text)
    });
    // What has ended still counts.
    assert!(series(&after, r#"nano_cpu_seconds_total{app="a"}"#) >= cpu + 0.1);
    let line = nano.logged("the request's line", |line| {
        line["message"] == "request" && line["limit"] == "cpu_ms"
    });
    assert_eq!(line["status"], 503);
}

#[test]
fn requests_to_other_servers_and_connections_are_counted() {
    let asks = "export default { async fetch(request) {
        const to = new URL(request.url).searchParams.get('to');
        return to ? fetch(to) : new Response('hello');
    } };";
    let site = Site::new()
        .app_with("a", asks, r#""outbound":{"allow":["127.0.0.1"]}"#)
        .app_with("b", asks, r#""hostname":"127.0.0.1""#);
    let (nano, port) = serve(site);
    let mut connection = nano.connect();
    for _ in 0..2 {
        let to = format!("http://127.0.0.1:{}/", nano.port());
        connection.write(&format!("GET /?to={to} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(connection.response(false).text(), "hello");
    }
    let metrics = ask(port, "GET", "/metrics");
    let value = |name: &str| series(metrics.text(), name);
    assert_eq!(value(r#"nano_outbound_requests_total{app="a"}"#), 2.0);
    assert_eq!(value(r#"nano_outbound_requests_total{app="b"}"#), 0.0);
    assert!(value("nano_connections") >= 1.0);
    let app = json(&ask(port, "GET", "/admin/apps/a"));
    assert_eq!(app["outbound_requests"], 2);
}

/// What no app sees is nobody's, but not unseen.
#[test]
fn requests_that_are_refused_before_an_app_has_them_are_counted() {
    let site = Site::new().app("a", APP);
    let (nano, port) = serve(site.top(r#""clients":{"head_ms":500}"#));
    let large = "x".repeat(100 << 10);
    let many: String = (0..101).map(|n| format!("X-{n}: 1\r\n")).collect();
    let heads = [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n".to_owned(), 404),
        ("TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(), 405),
        ("GET / HTTP/1.1\r\nHost: a.te".to_owned(), 408),
        (
            format!("GET / HTTP/1.1\r\nHost: a.test\r\nX: {large}\r\n\r\n"),
            431,
        ),
        (format!("GET / HTTP/1.1\r\nHost: a.test\r\n{many}\r\n"), 431),
        (
            "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
                .to_owned(),
            501,
        ),
    ];
    for (head, status) in &heads {
        let mut connection = nano.connect();
        // The connection may close before everything is written.
        let _ = connection.write_bytes(head.as_bytes());
        assert_eq!(connection.response(false).status, *status, "{head:.60}");
    }
    assert_eq!(nano.get("a.test", "/").status, 200);
    eventually("the counts", || {
        let metrics = ask(port, "GET", "/metrics").text().to_owned();
        let is_counted = |status: u16| {
            let count = heads.iter().filter(|(_, told)| *told == status).count();
            let name = format!("nano_refused_requests_total{{status=\"{status}\"}}");
            series(&metrics, &name) == count as f64
        };
        [400, 404, 405, 408, 431, 501]
            .into_iter()
            .all(is_counted)
            .then_some(())
    });
    let app = json(&ask(port, "GET", "/admin/apps/a"));
    assert_eq!(app["requests"]["4xx"], 0, "{app}");
}

#[test]
fn requests_that_an_app_may_not_make_are_counted() {
    let server = "export default { fetch(request) {
        return request.url.endsWith('/redirect') ? Response.redirect(new URL('/', request.url)) : new Response('there');
    } };";
    let asks = "export default { async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        if (pathname === '/loop') for (;;);
        const ask = (path) => fetch(searchParams.get('to') + path).then(() => 'answered', () => 'refused');
        return new Response(`${await ask('/')} ${await ask('/redirect')} ${await ask('/')}`);
    } };";
    let site = Site::new()
        .app_with(
            "a",
            asks,
            r#""outbound":{"allow":["127.0.0.1"]},"limits":{"subrequests":2,"cpu_ms":200}"#,
        )
        .app_with("b", server, r#""hostname":"127.0.0.1""#);
    let (nano, port) = serve(site);
    let asked = nano.get("a.test", &format!("/?to=http://127.0.0.1:{}", nano.port()));
    // The redirect leads to one too many.
    assert_eq!(asked.text(), "answered refused refused");
    let count = |app: &str| {
        let name = format!(r#"nano_limit_hits_total{{app="{app}",limit="subrequests"}}"#);
        series(ask(port, "GET", "/metrics").text(), &name)
    };
    assert_eq!((count("a"), count("b")), (2.0, 0.0));
    let app = json(&ask(port, "GET", "/admin/apps/a"));
    assert_eq!(
        (&app["limit_hits"]["subrequests"], &app["outbound_requests"]),
        (&2.into(), &2.into())
    );
    // The app has gone on, and its request's line says so.
    let line = |path: &str| {
        nano.logged("its line", |line| {
            line["path"] == *path && line["app"] == "a"
        })
    };
    assert_eq!(line("/")["limit"], "subrequests");
    // They still count when the instance has ended.
    assert_eq!(nano.get("a.test", "/loop").status, 503);
    assert_eq!(line("/loop")["limit"], "cpu_ms");
    eventually("the instance's end", || {
        let app = json(&ask(port, "GET", "/admin/apps/a"));
        (app["instance_ends"]["cpu_ms"] == 1).then_some(())
    });
    assert_eq!(count("a"), 2.0);
}

#[test]
fn requests_that_an_app_may_not_make_and_those_that_wait_are_counted() {
    let source = "export default { async fetch(request) {
        const to = new URL(request.url).searchParams.get('to');
        const ask = (port) => fetch(`http://127.0.0.1:${port}/`).then(() => 'answered', () => 'refused');
        if (request.url.includes('/wait')) return new Response(await Promise.all([ask(to), ask(to)]));
        return new Response(`${await ask(80)} ${await ask(25)}`);
    } };";
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = silent.local_addr().expect("an address").port();
    let fields = format!(
        r#""outbound":{{"allow":["127.0.0.1:{to}"]}},"limits":{{"outbound_connections":1}}"#
    );
    let (nano, admin) = serve(Site::new().app_with("a", source, &fields));
    assert_eq!(nano.get("a.test", "/").text(), "refused refused");
    let mut waits = nano.connect();
    waits.write(&format!(
        "GET /wait?to={to} HTTP/1.1\r\nHost: a.test\r\n\r\n"
    ));
    eventually("one that waits for the other", || {
        let app = json(&ask(admin, "GET", "/admin/apps/a"));
        (app["outbound_waiting"] == 1 && app["outbound_refused"] == 2).then_some(())
    });
    let metrics = ask(admin, "GET", "/metrics").text().to_owned();
    let value = |name: &str| series(&metrics, &format!(r#"{name}{{app="a"}}"#));
    assert_eq!(
        (
            value("nano_outbound_refused_total"),
            value("nano_outbound_waiting")
        ),
        (2.0, 1.0)
    );
}

#[test]
fn the_token_is_asked_for() {
    let (_nano, port) = serve(Site::new().app("a", APP));
    for path in ["/metrics", "/admin/apps", "/admin/nothing", "/"] {
        let refused = ask_with(port, "GET", path, "");
        assert_eq!(refused.status, 401, "{path}");
        assert_eq!(
            refused.header("www-authenticate"),
            Some("Bearer realm=\"nano\"")
        );
        let refused = ask_with(
            port,
            "GET",
            path,
            "Authorization: Bearer 0123456789abcdeX\r\n",
        );
        assert_eq!(refused.status, 401, "{path}");
    }
    assert_eq!(ask_with(port, "POST", "/admin/reload", "").status, 401);
    for path in ["/healthz", "/readyz"] {
        eventually("an answer without the token", || {
            (ask_with(port, "GET", path, "").status == 200).then_some(())
        });
        assert_eq!(ask_with(port, "HEAD", path, "").status, 200, "{path}");
    }
}

#[test]
fn apps_are_listed_and_their_secrets_are_not() {
    let site = Site::new()
        .app_with("a", APP, r#""env":{"KEY":"hunter2"}"#)
        .app("broken", "throw new Error('not today')");
    let (nano, port) = serve(site);
    assert_eq!(nano.get("a.test", "/").status, 200);
    assert_eq!(nano.get("broken.test", "/").status, 503);
    eventually("two requests", || {
        let count = |app: &str, status: &str| {
            json(&ask(port, "GET", &format!("/admin/apps/{app}")))["requests"][status] == 1
        };
        (count("a", "2xx") && count("broken", "5xx")).then_some(())
    });
    let list = ask(port, "GET", "/admin/apps");
    assert!(!list.text().contains("hunter2"));
    let list = json(&list);
    let [a, broken] = list["apps"].as_array().expect("a list").as_slice() else {
        panic!("{list}")
    };
    assert_eq!(
        (&a["name"], &a["state"], &a["env"][0]),
        (&"a".into(), &"running".into(), &"KEY".into())
    );
    assert_eq!(
        (&a["requests"]["2xx"], &a["hostnames"][0]),
        (&1.into(), &"a.test".into())
    );
    assert_eq!(broken["state"], "failing");
    assert!(
        broken["reason"]
            .as_str()
            .expect("a reason")
            .contains("not today"),
        "{broken}"
    );
    assert_eq!(json(&ask(port, "GET", "/admin/apps/a"))["name"], "a");
    assert_eq!(ask(port, "GET", "/admin/apps/c").status, 404);
    let refused = ask(port, "DELETE", "/admin/apps");
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, Some("GET, POST"))
    );
    assert_eq!(ask(port, "GET", "/nothing").status, 404);
}

#[test]
fn a_reload_says_what_it_has_changed() {
    let (nano, port) = serve(Site::new().app("a", APP));
    assert_eq!(nano.get("a.test", "/").status, 200);
    let none = json(&ask(port, "POST", "/admin/reload"));
    assert_eq!(none["replaced"].as_array().map(Vec::len), Some(0), "{none}");
    nano.write(
        "a/index.js",
        "export default { fetch: () => new Response('changed') };",
    );
    let changed = json(&ask(port, "POST", "/admin/reload"));
    assert_eq!(changed["replaced"][0], "a", "{changed}");
    assert_eq!(nano.get("a.test", "/").text(), "changed");
    assert_eq!(json(&ask(port, "GET", "/admin/apps/a"))["version"], 2);
    nano.write("a/index.js", "nonsense(");
    let refused = json(&ask(port, "POST", "/admin/reload"));
    assert_eq!(refused["refused"][0]["app"], "a", "{refused}");
    assert_eq!(nano.get("a.test", "/").text(), "changed");
    nano.write("apps.json", "{");
    let refused = ask(port, "POST", "/admin/reload");
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("apps.json"), "{}", refused.text());
}

#[test]
fn readiness_begins_when_the_apps_of_the_start_are_there() {
    let slow = "await new Promise(resolve => setTimeout(resolve, 1500)); export default { fetch: () => new Response('slow') };";
    let (nano, port) = serve(Site::new().app("a", APP).app("slow", slow));
    let ready = ask_with(port, "GET", "/readyz", "");
    assert_eq!(
        (ready.status, json(&ready)["state"].as_str()),
        (503, Some("starting"))
    );
    // It is alive, and what is there is served.
    assert_eq!(ask_with(port, "GET", "/healthz", "").status, 200);
    assert_eq!(nano.get("a.test", "/").text(), "hello");
    let ready = eventually("readiness", || {
        let ready = ask_with(port, "GET", "/readyz", "");
        (ready.status == 200).then_some(ready)
    });
    assert_eq!(json(&ready)["state"], "serving");
    let app = json(&ask(port, "GET", "/admin/apps/slow"));
    assert_eq!(app["state"], "running", "{app}");
}

#[test]
fn readiness_ends_with_a_drain() {
    let (mut nano, port) = serve(Site::new().app("a", APP));
    eventually("readiness", || {
        (ask_with(port, "GET", "/readyz", "").status == 200).then_some(())
    });
    let mut slow = nano.connect();
    slow.write("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("the request", || {
        let app = json(&ask(port, "GET", "/admin/apps/a"));
        (app["in_flight"] == 1).then_some(())
    });
    nano.signal(libc::SIGTERM);
    let ready = eventually("the drain", || {
        let ready = ask_with(port, "GET", "/readyz", "");
        (ready.status == 503).then_some(ready)
    });
    assert_eq!(json(&ready)["state"], "draining");
    assert_eq!(slow.response(false).text(), "hello");
    assert!(nano.wait().success());
}

#[test]
fn it_listens_on_a_socket_of_its_own_user() {
    let site = Site::new()
        .app("a", APP)
        .top(r#""admin":{"listen":"unix:admin.sock"}"#);
    let path = site.path().join("admin.sock");
    // One that a process has left behind.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let _nano = site.serve();
    let mode = std::fs::metadata(&path)
        .expect("a socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let ask = |host: &str| {
        let stream = UnixStream::connect(&path).expect("a connection");
        apps_by(stream, host)
    };
    assert!(ask("localhost").starts_with("HTTP/1.1 200 "));
    assert!(ask("rebound.example").starts_with("HTTP/1.1 403 "));
}

/// What is answered to GET /admin/apps.
fn apps_by(mut stream: UnixStream, host: &str) -> String {
    write!(
        stream,
        "GET /admin/apps HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

#[test]
fn its_socket_is_made_again_at_a_reload_and_nobody_else_s_is_removed() {
    for is_replaced in [false, true] {
        let site = Site::new()
            .app("a", APP)
            .top(r#""admin":{"listen":"unix:admin.sock"}"#);
        let path = site.path().join("admin.sock");
        let mut nano = site.serve();
        eventually("the socket", || UnixStream::connect(&path).ok());
        std::fs::remove_file(&path).expect("its socket");
        let other =
            is_replaced.then(|| std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
        nano.signal(libc::SIGHUP);
        nano.logged("the reload", |line| {
            line["message"] == "the configuration has been loaded"
        });
        if !is_replaced {
            let stream = eventually("the socket again", || UnixStream::connect(&path).ok());
            assert!(apps_by(stream, "localhost").starts_with("HTTP/1.1 200 "));
        }
        nano.signal(libc::SIGTERM);
        assert_eq!(nano.wait().code(), Some(0));
        assert_eq!(path.exists(), is_replaced);
        drop(other);
    }
}

#[test]
fn it_can_be_moved_and_switched_off_while_nano_serves() {
    let (nano, port) = serve(Site::new().app("a", APP));
    let config = |admin: &str| {
        format!(r#"{{{admin}"port":0,"apps":[{{"name":"a","path":"a","hostname":"a.test"}}]}}"#)
    };
    nano.write(
        "apps.json",
        &config(r#""admin":{"listen":"127.0.0.1:0","token":"fedcba9876543210"},"#),
    );
    assert_eq!(ask(port, "POST", "/admin/reload").status, 200);
    // The same address, and another token.
    assert_eq!(ask(port, "GET", "/admin/apps").status, 401);
    let new = "Authorization: Bearer fedcba9876543210\r\n";
    assert_eq!(ask_with(port, "GET", "/admin/apps", new).status, 200);
    nano.write("apps.json", &config(""));
    assert_eq!(ask_with(port, "POST", "/admin/reload", new).status, 200);
    eventually("the end of the listener", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).err()
    });
    assert_eq!(nano.get("a.test", "/").status, 200);
}

#[test]
fn a_document_describes_it() {
    let (_nano, port) = serve(Site::new().app("a", APP));
    let document = json(&ask(port, "GET", "/admin/openapi.json"));
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let answer = ask(port, &method.to_uppercase(), &path.replace("{app}", "a"));
            let status = answer.status.to_string();
            assert!(
                operation["responses"][&status].is_object(),
                "{method} {path}: {status}"
            );
        }
    }
    let named = |path: &str, method: &str| -> Vec<String> {
        let parameters = &document["paths"][path][method]["parameters"];
        let parameters = parameters.as_array().expect("parameters").iter();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let name = |parameter: &Value| text(&parameter["in"]) + " " + &text(&parameter["name"]);
        parameters.map(name).collect()
    };
    assert!(named("/admin/apps", "get").is_empty());
    assert_eq!(
        named("/admin/apps/{app}/logs", "get"),
        ["path app", "query lines", "query follow"]
    );
    assert_eq!(
        named("/admin/apps/{app}", "put"),
        ["path app", "query hostname"]
    );
    // What is referred to is there.
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

#[test]
fn idle_apps_give_their_instance_up() {
    let source = "let count = 0; export default { async fetch(request, env, ctx) {
        if (request.url.endsWith('/later')) ctx.waitUntil(new Promise(resolve => setTimeout(resolve, 2000)));
        return new Response(String(++count));
    } };";
    let site = Site::new()
        .app_with("idle", source, r#""idle_ms":300"#)
        .app("other", source);
    let (nano, port) = serve(site);
    let mut connection = nano.connect();
    let mut ask_again = |path: &str| {
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: idle.test\r\n\r\n"));
        connection.response(false).text().to_owned()
    };
    assert_eq!(ask_again("/"), "1");
    assert_eq!(nano.get("other.test", "/").text(), "1");
    let state = |app: &str| json(&ask(port, "GET", &format!("/admin/apps/{app}")))["state"].clone();
    eventually("an idle app", || (state("idle") == "idle").then_some(()));
    nano.logged("its end", |line| {
        line["app"] == "idle" && line["idle_ms"] == 300
    });
    // Also on the connection that has lived with the instance.
    assert_eq!(ask_again("/"), "1");
    assert_eq!(ask_again("/later"), "2");
    std::thread::sleep(std::time::Duration::from_millis(1000));
    assert_eq!(state("idle"), "running", "waitUntil is something to do");
    eventually("an idle app again", || {
        (state("idle") == "idle").then_some(())
    });
    assert_eq!(
        (state("other"), nano.get("other.test", "/").text()),
        ("running".into(), "2")
    );
}

#[test]
fn an_apps_log_is_shown_and_followed() {
    let source = "export default { fetch(request) { console.log('saw', request.url); return new Response('ok'); } };";
    let (nano, port) = serve(Site::new().app("a", source).app("b", source));
    assert_eq!(nano.get("a.test", "/one").status, 200);
    assert_eq!(nano.get("b.test", "/other").status, 200);
    let lines = |query: &str| -> Vec<Value> {
        let response = ask(port, "GET", &format!("/admin/apps/a/logs{query}"));
        assert_eq!(
            response.header("content-type"),
            Some("application/x-ndjson")
        );
        let lines = response.text().lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let two = eventually("two lines", || {
        Some(lines("")).filter(|lines| lines.len() == 2)
    });
    assert_eq!(two[0]["message"], "saw http://a.test/one");
    assert_eq!(
        (&two[1]["message"], &two[1]["path"]),
        (&"request".into(), &"/one".into())
    );
    assert_eq!(lines("?lines=1"), two[1..]);
    assert_eq!(lines("?lines=99999999999999999999&follow=false"), two);
    for malformed in ["lines=many", "lines=-1", "lines=", "follow=perhaps"] {
        let answer = ask(port, "GET", &format!("/admin/apps/a/logs?{malformed}"));
        assert_eq!(answer.status, 400, "{malformed}");
        assert!(
            answer.text().contains("expected ") && answer.text().contains(malformed),
            "{malformed}: {}",
            answer.text()
        );
    }

    let mut follow = Connection::open(port);
    follow.write(&format!(
        "GET /admin/apps/a/logs?lines=0&follow HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    ));
    assert_eq!(follow.head().status, 200);
    assert_eq!(nano.get("b.test", "/other").status, 200);
    assert_eq!(nano.get("a.test", "/two").status, 200);
    let mut text = String::new();
    while !text.contains("\"path\":\"/two\"") {
        let chunk = follow.chunk().expect("a line");
        text.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    assert!(
        text.contains("saw http://a.test/two") && !text.contains("/o"),
        "{text}"
    );
    let (done, said) = run(port, &["logs", "a", "-n", "2"]);
    assert!(done && said == text, "{said}");
    let (done, said) = run(port, &["logs", "c"]);
    assert!(!done && said.contains("there is no app \"c\""), "{said}");
}

#[test]
fn strangers_keep_nobody_out() {
    let (_nano, port) = serve(Site::new().app("a", APP));
    let mut known = Connection::open(port);
    let head = format!(
        "GET /admin/apps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    known.write(&head);
    assert_eq!(known.response(false).status, 200);
    let strangers: Vec<_> = (0..200)
        .map(|_| {
            let mut stranger = Connection::open(port);
            stranger.write("PUT /admin/apps/a HTTP/1.1\r\nHost: loc");
            stranger
        })
        .collect();
    let began = std::time::Instant::now();
    assert_eq!(ask_with(port, "GET", "/healthz", "").status, 200);
    assert_eq!(ask(port, "GET", "/metrics").status, 200);
    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    // Who has been let in stays.
    known.write(&head);
    assert_eq!(known.response(false).status, 200);
    drop(strangers);
}

/// Probes are answered whatever those do who may.
#[test]
fn who_follows_logs_keeps_no_probe_out() {
    let (_nano, port) = serve(Site::new().app("a", APP));
    let head = format!(
        "GET /admin/apps/a/logs?follow HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    );
    let mut followers: Vec<_> = (0..80)
        .map(|_| {
            let mut follower = Connection::open(port);
            follower.write(&head);
            assert_eq!(follower.head().status, 200);
            follower
        })
        .collect();
    assert_eq!(ask_with(port, "GET", "/healthz", "").status, 200);
    // The longest there have left for it, the others stay.
    assert!(followers[0].try_chunk().is_err());
    let last = followers.pop().expect("80");
    assert!(!last.has_answer());
}

/// Operators are let in though there is no descriptor left, and no client comes for whom a connection would have to go.
#[test]
#[cfg(target_os = "linux")]
fn clients_keep_nobody_out() {
    const DESCRIPTORS: usize = 200;
    // What an app holds, so that it is no client's connection that takes the last descriptor.
    const HELD: usize = 12;
    let upstream = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = upstream.local_addr().expect("an address");
    let source = format!(
        "export default {{ async fetch() {{
            const fetches = Array.from({{ length: {HELD} }}, () => fetch('http://{address}/').catch(() => {{}}));
            await Promise.all(fetches);
            return new Response('held');
        }} }};"
    );
    // None of what is held goes by itself.
    let fields = format!(r#""limits":{{"wall_ms":600000}},"outbound":{{"allow":["{address}"]}}"#);
    let site = Site::new().app_with("a", &source, &fields);
    let site = site.top(r#""clients":{"connections":100000,"head_ms":600000}"#);
    let (nano, port) = serve_as(site, |command| {
        limit(command, libc::RLIMIT_NOFILE, DESCRIPTORS as u64);
    });
    let mut holds = nano.connect();
    let mut clients = Vec::new();
    while nano.descriptors() < DESCRIPTORS - HELD / 2 {
        let before = nano.descriptors();
        clients.push(nano.connect());
        // It is let in; but one that was open for a moment when they were counted may have gone, too.
        let soon = Instant::now() + Duration::from_millis(500);
        while nano.descriptors() <= before && Instant::now() < soon {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    holds.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    eventually("no descriptor is left", || {
        (nano.descriptors() == DESCRIPTORS).then_some(())
    });
    assert_eq!(ask(port, "GET", "/admin/apps").status, 200);
}

#[test]
fn bodies_that_do_not_come_are_not_kept() {
    let (nano, port) = serve(Site::new().app("a", APP));
    let before = nano.anonymous();
    let megabytes = vec![b'x'; 4 << 20];
    let slow: Vec<_> = (0..16)
        .map(|_| {
            let mut connection = Connection::open(port);
            connection.set_timeouts(std::time::Duration::from_millis(300));
            connection.write(&format!(
                "PUT /admin/apps/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/x-tar\r\nContent-Length: 60000000\r\n\r\n"
            ));
            // What waits is not read.
            let _ = connection.write_bytes(&megabytes);
            connection
        })
        .collect();
    let grown = nano.anonymous().saturating_sub(before) >> 20;
    assert!(grown < 30, "{grown} MB");
    assert_eq!(ask(port, "GET", "/admin/apps").status, 200);
    drop(slow);
}
