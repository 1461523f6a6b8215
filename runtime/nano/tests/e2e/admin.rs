//! The admin API.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::support::{Connection, Nano, Response, Site, eventually};

const TOKEN: &str = "0123456789abcdef";

const APP: &str = "export default { async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/work') { let x = 0; const end = Date.now() + 50; while (Date.now() < end) x++; }
    if (pathname === '/loop') for (;;);
    if (pathname === '/throw') throw new Error('no');
    if (pathname === '/slow') await new Promise(resolve => setTimeout(resolve, 1000));
    return new Response('hello');
} };";

/// A site with the admin API, and where that is.
fn serve(site: Site) -> (Nano, u16) {
    let token = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}"}}"#);
    let nano = site.top(&token).serve();
    let port = admin_port(&nano);
    (nano, port)
}

fn admin_port(nano: &Nano) -> u16 {
    let line = nano.logged("the admin API's address", |line| {
        line["message"] == "the admin API listens"
    });
    let address = line["address"].as_str().expect("an address");
    let (_, port) = address.rsplit_once(':').expect("a port");
    port.parse().expect("a number")
}

fn ask(port: u16, method: &str, path: &str) -> Response {
    ask_with(
        port,
        method,
        path,
        &format!("Authorization: Bearer {TOKEN}\r\n"),
    )
}

fn ask_with(port: u16, method: &str, path: &str, fields: &str) -> Response {
    let mut connection = Connection::open(port);
    connection.write(&format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{fields}\r\n"
    ));
    connection.response(method == "HEAD")
}

fn json(response: &Response) -> Value {
    serde_json::from_str(response.text()).expect("JSON")
}

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
    assert!((0.02..2.0).contains(&cpu), "{cpu}");
    #[cfg(target_os = "linux")]
    assert!(series(&before, "process_resident_memory_bytes") > 1e6);

    assert_eq!(nano.get("a.test", "/loop").status, 503);
    let after = eventually("the instance's end", || {
        let text = metrics();
        (series(
            &text,
            r#"nano_instance_ends_total{app="a",reason="cpu_ms"}"#,
        ) == 1.0)
            .then_some(text)
    });
    assert_eq!(
        series(&after, r#"nano_limit_hits_total{app="a",limit="cpu_ms"}"#),
        1.0
    );
    // What has ended still counts.
    assert!(series(&after, r#"nano_cpu_seconds_total{app="a"}"#) >= cpu + 0.1);
    let line = nano.logged("the request's line", |line| line["limit"] == "cpu_ms");
    assert_eq!(line["status"], 503);
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
        (405, Some("GET"))
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
        let mut stream = UnixStream::connect(&path).expect("a connection");
        write!(
            stream,
            "GET /admin/apps HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    };
    assert!(ask("localhost").starts_with("HTTP/1.1 200 "));
    assert!(ask("rebound.example").starts_with("HTTP/1.1 403 "));
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
