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
    // How much that is depends on how busy the machine is.
    assert!(cpu > 0.0 && cpu < 2.0, "{cpu}");
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

/// An archive of files.
fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, name, text.as_bytes())
            .expect("an entry");
    }
    builder.into_inner().expect("an archive")
}

fn says(text: &str) -> String {
    format!(
        "export default {{ fetch: (request, env) => new Response('{text} ' + (env.NAME ?? '')) }};"
    )
}

fn send(port: u16, method: &str, path: &str, kind: &str, body: &[u8]) -> Response {
    let length = body.len();
    let mut connection = Connection::open(port);
    connection.write(&format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ));
    // Whoever refuses a body may not read it.
    let _ = connection.write_bytes(body);
    connection.response(false)
}

fn put(port: u16, app: &str, fields: &str) -> Response {
    let path = format!("/admin/apps/{app}");
    send(port, "PUT", &path, "application/json", fields.as_bytes())
}

fn deploy(port: u16, path: &str, source: &str) -> Response {
    let path = format!("/admin/apps/{path}");
    send(
        port,
        "PUT",
        &path,
        "application/x-tar",
        &tar(&[("index.js", source)]),
    )
}

/// A site whose changes last, in the folder `state`.
fn serve_lasting() -> (Nano, u16) {
    let token = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}","state":"state"}}"#);
    let site = Site::new()
        .app("file", &says("file"))
        .file("other/index.js", &says("other"));
    let nano = site.top(&token).serve();
    let port = admin_port(&nano);
    (nano, port)
}

#[test]
fn apps_are_added_replaced_and_removed() {
    let (nano, port) = serve_lasting();
    let added = put(
        port,
        "new",
        r#"{"path":"../other","hostname":"new.test","env":{"NAME":"one"}}"#,
    );
    assert_eq!(added.status, 200, "{}", added.text());
    let added = json(&added);
    assert_eq!(
        (&added["added"][0], &added["persistent"]),
        (&"new".into(), &true.into())
    );
    assert_eq!(nano.get("new.test", "/").text(), "other one");
    let replaced = put(
        port,
        "new",
        r#"{"path":"../other","hostname":"new.test","env":{"NAME":"two"}}"#,
    );
    assert_eq!(json(&replaced)["replaced"][0], "new");
    assert_eq!(nano.get("new.test", "/").text(), "other two");
    let posted = br#"{"name":"file","path":"../other","hostname":"file.test"}"#;
    let posted = send(port, "POST", "/admin/apps", "application/json", posted);
    assert_eq!(json(&posted)["replaced"][0], "file", "{}", posted.text());
    assert_eq!(nano.get("file.test", "/").text(), "other ");
    let removed = ask(port, "DELETE", "/admin/apps/new");
    assert_eq!(json(&removed)["removed"][0], "new");
    assert_eq!(nano.get("new.test", "/").status, 404);
    assert_eq!(ask(port, "DELETE", "/admin/apps/new").status, 404);
}

#[test]
fn what_was_changed_holds_after_a_restart() {
    let (nano, port) = serve_lasting();
    assert_eq!(deploy(port, "up?hostname=up.test", &says("up")).status, 200);
    assert_eq!(ask(port, "DELETE", "/admin/apps/file").status, 200);
    let config = nano.path().join("apps.json");
    let mut command = crate::support::nano();
    command.arg("serve").arg("--config").arg(&config);
    let again = Nano::start(command, None);
    assert_eq!(again.get("up.test", "/").text(), "up ");
    assert_eq!(again.get("file.test", "/").status, 404);
    // A reload of the configuration keeps it.
    assert_eq!(ask(port, "POST", "/admin/reload").status, 200);
    assert_eq!(nano.get("up.test", "/").text(), "up ");
}

#[test]
fn files_of_an_app_are_deployed() {
    let (nano, port) = serve_lasting();
    let first = deploy(
        port,
        "up?hostname=up.test&hostname=www.up.test",
        &says("one"),
    );
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(nano.get("up.test", "/").text(), "one ");
    assert_eq!(nano.get("www.up.test", "/").text(), "one ");
    for version in ["two", "three", "four"] {
        let next = deploy(port, "up", &says(version));
        assert_eq!(json(&next)["replaced"][0], "up", "{}", next.text());
        assert_eq!(nano.get("up.test", "/").text(), format!("{version} "));
    }
    let versions = std::fs::read_dir(nano.path().join("state/apps/up")).expect("a folder");
    assert_eq!(versions.count(), 2);
    // The configuration's apps are where it says.
    let refused = deploy(port, "file", &says("x"));
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("configuration file"),
        "{}",
        refused.text()
    );
}

#[test]
fn what_cannot_be_served_changes_nothing() {
    let (nano, port) = serve_lasting();
    assert_eq!(
        deploy(port, "up?hostname=up.test", &says("good")).status,
        200
    );
    let state = nano.path().join("state/apps.json");
    let before = std::fs::read_to_string(&state).expect("a file");
    let refused = |response: Response, status: u16, reason: &str| {
        assert_eq!(response.status, status, "{}", response.text());
        assert!(response.text().contains(reason), "{}", response.text());
        assert_eq!(std::fs::read_to_string(&state).expect("a file"), before);
        assert_eq!(nano.get("up.test", "/").text(), "good ");
        assert_eq!(nano.get("file.test", "/").text(), "file ");
    };
    refused(
        deploy(port, "up", "throw new Error('broken today')"),
        422,
        "broken today",
    );
    refused(
        deploy(port, "up", "this is no JavaScript"),
        422,
        "does not start",
    );
    refused(
        deploy(
            port,
            "fresh?hostname=fresh.test",
            "throw new Error('broken')",
        ),
        422,
        "broken",
    );
    assert_eq!(nano.get("fresh.test", "/").status, 404);
    refused(
        put(port, "fresh", r#"{"path":"../nowhere"}"#),
        422,
        "does not exist",
    );
    refused(
        put(port, "fresh", r#"{"path":"../other","hostname":"up.test"}"#),
        422,
        "is taken already",
    );
    refused(
        put(port, "a%20b", r#"{"path":"../other"}"#),
        422,
        "is no name for an app",
    );
    refused(put(port, "fresh", "[]"), 422, "JSON object");
    refused(
        put(port, "fresh", r#"{"path":"../other","colour":1}"#),
        422,
        "unknown field",
    );
    refused(
        send(port, "PUT", "/admin/apps/up", "text/plain", b"x"),
        415,
        "application/x-tar",
    );
    refused(
        send(port, "PUT", "/admin/apps/up", "application/gzip", b"x"),
        422,
        "the archive cannot be used",
    );
    refused(
        put(
            port,
            "fresh",
            &format!("{{\"a\":\"{}\"}}", "x".repeat(2 << 20)),
        ),
        413,
        "1048576 bytes",
    );
    let escape = tar(&[("index.js", "1"), ("x", "2")]);
    let mut escape = escape;
    // The second entry's name, with the checksum of its header.
    let header = &mut escape[1024..1536];
    header[..6].copy_from_slice(b"../../");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    refused(
        send(port, "PUT", "/admin/apps/up", "application/x-tar", &escape),
        422,
        "leads out",
    );
    // Nothing is left of what was refused.
    let versions = std::fs::read_dir(nano.path().join("state/apps/up")).expect("a folder");
    assert_eq!(versions.count(), 1);
}

#[test]
fn without_a_state_folder_changes_end_with_the_process() {
    let (nano, port) = serve(Site::new().app("file", &says("file")));
    let added = deploy(port, "up?hostname=up.test", &says("up"));
    assert_eq!(json(&added)["persistent"], false, "{}", added.text());
    assert_eq!(nano.get("up.test", "/").text(), "up ");
    assert_eq!(
        json(&ask(port, "POST", "/admin/reload"))["removed"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    assert_eq!(nano.get("up.test", "/").text(), "up ");
}

/// Requests go on while versions come and go.
#[test]
fn no_request_is_lost_by_deployments() {
    let (nano, port) = serve_lasting();
    assert_eq!(deploy(port, "up?hostname=up.test", &says("0")).status, 200);
    let (stop, nano) = (std::sync::atomic::AtomicBool::new(false), &nano);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut count = 0;
                    while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                        assert_eq!(nano.get("up.test", "/").status, 200);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for version in 1..=20 {
            assert_eq!(deploy(port, "up", &says(&version.to_string())).status, 200);
            assert_eq!(nano.get("up.test", "/").text(), format!("{version} "));
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        let answered: usize = clients
            .into_iter()
            .map(|client| client.join().expect("no failure"))
            .sum();
        assert!(answered > 20, "{answered}");
    });
}

/// Runs `nano` against an admin API; gives whether it succeeded, and what it said.
fn run(port: u16, arguments: &[&str]) -> (bool, String) {
    let output = crate::support::nano()
        .args(arguments)
        .env("NANO_ADMIN", format!("127.0.0.1:{port}"))
        .env("NANO_ADMIN_TOKEN", TOKEN)
        .output()
        .expect("nano runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8(said).expect("text"),
    )
}

#[test]
fn the_program_deploys_lists_and_removes() {
    let (nano, port) = serve_lasting();
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("site");
    let app = app.to_str().expect("text");
    let (done, said) = run(port, &["init", app]);
    assert!(done && said.contains("nano serve --config"), "{said}");
    let (done, said) = run(port, &["init", app]);
    assert!(!done && said.contains("is there already"), "{said}");
    let (done, said) = run(port, &["deploy", app, "--hostname", "site.test"]);
    assert!(done && said == "added    site\n", "{said}");
    assert_eq!(nano.get("site.test", "/").text(), "Hello, world!\n");
    std::fs::write(folder.path().join("site/index.js"), says("changed")).expect("a file");
    let (done, said) = run(port, &["deploy", app]);
    assert!(done && said == "replaced site\n", "{said}");
    assert_eq!(nano.get("site.test", "/").text(), "changed ");
    std::fs::write(
        folder.path().join("site/index.js"),
        "throw new Error('not today')",
    )
    .expect("a file");
    let (done, said) = run(port, &["deploy", app]);
    assert!(!done && said.contains("not today"), "{said}");
    let (done, said) = run(port, &["apps"]);
    assert!(
        done && said.contains("site  running  2 ") && said.contains("site.test"),
        "{said}"
    );
    let (done, said) = run(port, &["apps", "show", "site"]);
    assert!(done && said.contains("\"version\": 2"), "{said}");
    let (done, said) = run(port, &["apps", "remove", "site"]);
    assert!(done && said == "removed  site\n", "{said}");
    assert_eq!(
        run(port, &["apps", "reload"]),
        (true, "nothing has changed\n".to_owned())
    );
    let (done, said) = run(port, &["apps", "remove", "site"]);
    assert!(!done && said.contains("there is no app"), "{said}");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("site/secret")).expect("a link");
    let (done, said) = run(port, &["deploy", app]);
    assert!(!done && said.contains("leads out"), "{said}");
    let (done, said) = run(1, &["apps"]);
    assert!(
        !done && said.contains("cannot reach the admin API at 127.0.0.1:1"),
        "{said}"
    );
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

#[test]
fn changes_of_one_app_at_the_same_time_all_count() {
    let (nano, port) = serve_lasting();
    assert_eq!(deploy(port, "up?hostname=up.test", &says("0")).status, 200);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..5 {
                    let answer = deploy(port, "up", &says(&format!("{thread}-{round}")));
                    assert_eq!(answer.status, 200, "{}", answer.text());
                }
            });
        }
    });
    assert_eq!(nano.get("up.test", "/").status, 200);
}
