//! Which app answers.

use crate::support::{Connection, Http2, Nano, Site, nano};

/// An app that says its name.
fn named(name: &str) -> String {
    format!(
        "export default {{ fetch(request) {{ return new Response('{name} ' + request.url); }} }};"
    )
}

#[test]
fn hosts_wildcards_and_the_default() {
    let nano = Site::new()
        .app("exact", &named("exact"))
        .app_with(
            "wild",
            &named("wild"),
            r#""hostname":["*.wild.test","also.test"]"#,
        )
        .app_with("deep", &named("deep"), r#""hostname":"*.deep.wild.test""#)
        .app_with("any", &named("any"), r#""hostname":"*""#)
        .serve();
    for (host, app) in [
        ("exact.test", "exact"),
        ("EXACT.test", "exact"),
        ("exact.test.", "exact"),
        ("exact.test:1234", "exact"),
        ("a.wild.test", "wild"),
        ("also.test", "wild"),
        ("a.deep.wild.test", "deep"),
        ("wild.test", "any"),
        ("127.0.0.1", "any"),
    ] {
        let response = nano.get(host, "/");
        assert_eq!(response.status, 200, "{host}");
        assert!(
            response.text().starts_with(app),
            "{host}: {}",
            response.text()
        );
    }
}

#[test]
fn without_a_default_an_unknown_host_gets_404() {
    let nano = Site::new().app("a", &named("a")).serve();
    let response = nano.get("other.test", "/");
    assert_eq!(response.status, 404);
    let id = response
        .header("x-request-id")
        .expect("a request id")
        .to_owned();
    assert!(
        response.text().contains("No app answers to this host"),
        "{}",
        response.text()
    );
    let line = nano.logged("the request", |line| line["request_id"] == id.as_str());
    assert_eq!(line["status"], 404);
    assert!(
        line["error"].as_str().unwrap().contains("other.test"),
        "{line}"
    );
}

#[test]
fn the_url_has_host_and_query() {
    let nano = Site::new().app("a", &named("a")).serve();
    assert_eq!(
        nano.get("a.test:81", "/x/%20y?z=1").text(),
        "a http://a.test:81/x/%20y?z=1"
    );
    // A proxy's form of the target wins over Host.
    let absolute = nano.send("GET http://a.test/y HTTP/1.1\r\nHost: b.test\r\n\r\n");
    assert_eq!(absolute.text(), "a http://a.test/y");
}

#[test]
fn a_host_is_required_and_must_be_one() {
    let nano = Site::new()
        .app_with("any", &named("any"), r#""hostname":"*""#)
        .serve();
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test:port\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
    ] {
        let response = nano.send(head);
        assert_eq!(response.status, 400, "{head:?}");
        assert!(response.text().contains("malformed"), "{}", response.text());
    }
    nano.logged("no Host", |line| {
        line.to_string()
            .contains("the request has no Host header field")
    });
    assert_eq!(nano.get("a.test", "/").status, 200);
}

#[test]
fn methods_that_no_app_sees() {
    let nano = Site::new().app("a", &named("a")).serve();
    for head in [
        "TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n",
    ] {
        let response = nano.send(head);
        assert_eq!(response.status, 405, "{head}");
        assert!(response.header("allow").expect("Allow").contains("GET"));
    }
    let custom = nano.send("PURGE / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(custom.status, 200);
}

#[test]
fn an_app_may_have_a_port_of_its_own() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut nano = Site::new()
        .app("common", &named("common"))
        .app_with(
            "own",
            &named("own"),
            &format!(r#""port":{free},"hostname":"*""#),
        )
        .serve();
    assert_eq!(nano.ports().len(), 2);
    let own = nano.logged("its port", |line| line["port"] == free);
    assert_eq!(own["apps"], 1);
    let mut connection = Connection::open(free);
    connection.write("GET / HTTP/1.1\r\nHost: common.test\r\n\r\n");
    assert!(connection.response(false).text().starts_with("own"));
    let common = *nano.ports().iter().find(|port| **port != free).unwrap();
    let mut connection = Connection::open(common);
    connection.write("GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
    assert_eq!(connection.response(false).status, 404);
}

/// Who opens the URL that the log names sees an app.
#[test]
fn the_logged_url_leads_to_an_app() {
    for (hosts, expected) in [
        (&[r#""far.test""#, r#""a.localhost""#][..], "a.localhost"),
        (
            &[r#"["far.test","*.tools.localhost"]"#],
            "www.tools.localhost",
        ),
        (&[r#""far.test""#], "far.test"),
        (&[r#""a.localhost""#, r#""*""#], "127.0.0.1"),
    ] {
        let mut site = Site::new();
        for (index, host) in hosts.iter().enumerate() {
            let fields = format!(r#""hostname":{host}"#);
            site = site.app_with(&format!("app{index}"), &named("an app"), &fields);
        }
        let nano = site.serve();
        let line = nano.logged("the port", |line| line["message"] == "listening");
        let url = format!("http://{expected}:{}", nano.port());
        assert_eq!(line["url"], *url);
        assert_eq!(line["apps"], hosts.len());
        let host = url.strip_prefix("http://").unwrap();
        assert_eq!(nano.get(host, "/").status, 200, "{url}");
    }
}

#[test]
fn addresses_of_ipv6_are_listened_at_and_are_hosts() {
    let site = Site::new()
        .file("six/index.js", &named("six"))
        .file("any/index.js", &named("any"));
    let Ok(free) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let port = free.local_addr().expect("an address").port();
    drop(free);
    // On all addresses, of IPv4 too, where nothing else is said; at one where it is.
    for (listen, other) in [
        (format!("\"port\":{port}"), true),
        (format!("\"listen\":\"[::1]:{port}\""), false),
    ] {
        let file = site.path().join("apps.json");
        let app = |name: &str, host: &str| {
            format!(r#"{{"name":"{name}","path":"{name}","hostname":"{host}"}}"#)
        };
        let apps = format!("{},{}", app("six", "[::1]"), app("any", "*"));
        std::fs::write(&file, format!("{{{listen},\"apps\":[{apps}]}}")).expect("a file");
        let mut command = nano();
        let mut child = command
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("nano starts");
        let connect = |address: &str| std::net::TcpStream::connect((address, port));
        crate::support::eventually("the port", || connect("::1").ok());
        assert_eq!(connect("127.0.0.1").is_ok(), other);
        let mut connection =
            crate::support::Connection::over(connect("::1").expect("nano accepts"));
        for (host, answer) in [
            ("[::1]", "six http://[::1]/x".to_owned()),
            (
                &*format!("[0:0:0:0:0:0:0:1]:{port}"),
                format!("six http://[::1]:{port}/x"),
            ),
            ("[::2]", "any http://[::2]/x".to_owned()),
        ] {
            connection.write(&format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            assert_eq!(connection.response(false).text(), answer);
        }
        connection.write("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n");
        assert_eq!(connection.response(false).status, 400);
        child.kill().expect("it lives");
        child.wait().expect("its end");
    }
}

#[test]
fn one_folder_answers_every_host() {
    let site = Site::new().file("index.js", &named("folder"));
    let mut command = nano();
    command.arg("serve").arg(site.path()).args(["--port", "0"]);
    let nano = Nano::start(command, None);
    assert_eq!(
        nano.get("localhost", "/").text(),
        "folder http://localhost/"
    );
}

#[test]
fn two_requests_at_once_on_one_connection() {
    let nano = Site::new().app("a", &named("a")).serve();
    let mut connection = nano.connect();
    connection
        .write("GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(connection.response(false).text(), "a http://a.test/1");
    assert_eq!(connection.response(false).text(), "a http://a.test/2");
}

#[test]
fn paths_within_a_host() {
    let at = |paths: &str| format!(r#""hostname":"a.test","paths":[{paths}]"#);
    let nano = Site::new()
        .app_with("rest", &named("rest"), r#""hostname":"a.test""#)
        .app_with("shop", &named("shop"), &at(r#""/shop","/users/:id/cart""#))
        .app_with("tea", &named("tea"), &at(r#""/shop/tea""#))
        .app_with(
            "api",
            &named("api"),
            &at(r#""/api/*/v1","/files/:name.json""#),
        )
        .app_with("img", &named("img"), &at(r#""/files/img-:id.json""#))
        .app_with("any", &named("any"), r#""hostname":"*""#)
        .serve();
    let cases = [
        ("/", "rest"),
        ("/shopping", "rest"),
        ("/shop?x=/shop/tea", "shop"),
        ("/shop/tea/1", "tea"),
        ("/users/7/cart", "shop"),
        ("/users/7", "rest"),
        ("/shop/%2e%2e/users/7", "rest"),
        ("/api/shop/v1/x", "api"),
        ("/api/shop/v2", "rest"),
        ("/files/a.json?img-", "api"),
        ("/files/img-1.json", "img"),
        ("/files/.json", "rest"),
        ("/files/a.json5", "rest"),
    ];
    // Each by itself, and all on one connection: what is remembered of one request says nothing of the next.
    let mut connection = nano.connect();
    let mut http2 = Http2::connect(&nano);
    for (index, (path, app)) in (0..).zip(cases) {
        // Routes are those of the URL that the app sees.
        let seen = path.replace("/shop/%2e%2e", "");
        let answer = format!("{app} http://a.test{seen}");
        assert_eq!(nano.get("a.test", path).text(), answer);
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(connection.response(false).text(), answer);
        http2.request(2 * index + 1, "GET", "a.test", path, &[], true);
        assert_eq!(http2.response(2 * index + 1).text(), answer);
    }
    assert_eq!(nano.get("b.test", "/shop").text(), "any http://b.test/shop");
}
