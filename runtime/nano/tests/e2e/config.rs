//! `apps.json` and its mistakes, as `nano serve` and `nano check` report them.

use std::process::Output;

use crate::support::{Site, nano};

const APP: &str = "export default { fetch(request, env) { return Response.json(env); } };";

fn run(site: &Site, command: &str, config: &str) -> (Option<i32>, String) {
    std::fs::write(site.path().join("apps.json"), config).unwrap();
    let Output { status, stderr, .. } = nano()
        .current_dir(site.path())
        .args([command, "--config", "apps.json"])
        .output()
        .expect("nano runs");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

#[test]
fn a_mistake_is_reported_with_its_place_and_its_remedy() {
    let site = Site::new().file("a/index.js", APP);
    for (config, parts) in [
        (
            "{\n  \"apps\": [\n    { \"name\": \"a\", \"path\": \"a\", \"hostnam\": \"a.test\" }\n  ]\n}",
            [
                "apps.json:3:33:",
                "apps[0].hostnam",
                "did you mean \"hostname\"?",
            ],
        ),
        (
            "{ \"port\": \"80\", \"apps\": [ { \"name\": \"a\", \"path\": \"a\" } ] }",
            ["apps.json:1:11:", "port", "leave out the quotes"],
        ),
        (
            "{ \"apps\": [ { \"name\": \"a\", \"path\": \"missing\" } ] }",
            ["apps.json:1:36:", "apps[0].path", "does not exist"],
        ),
        (
            "{ \"apps\": [ { \"name\": \"a\", \"path\": \"a\", \"env\": { \"K\": \"${NANO_NO_SUCH}\" } } ] }",
            [
                "apps.json:1:55:",
                "apps[0].env.K",
                "NANO_NO_SUCH is not set",
            ],
        ),
        (
            "{ \"port\": 8123, \"admin\": { \"listen\": \"127.0.0.1:8123\" },\n  \"apps\": [ { \"name\": \"a\", \"path\": \"a\" } ] }",
            [
                "apps.json:1:38:",
                "admin.listen",
                "apps listen on [::]:8123",
            ],
        ),
        ("{ \"apps\": [ ", ["apps.json:1:", "Unterminated", "^"]),
    ] {
        for command in ["serve", "check"] {
            let (code, text) = run(&site, command, config);
            assert_eq!(code, Some(1), "{command}: {text}");
            for part in parts {
                assert!(text.contains(part), "{command}: {part:?} is not in\n{text}");
            }
        }
    }
}

#[test]
fn a_file_that_is_not_there() {
    let site = Site::new();
    let output = nano()
        .current_dir(site.path())
        .args(["serve", "--config", "no.json"])
        .output();
    let output = output.expect("nano runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("cannot read the configuration no.json"),
        "{text}"
    );
    assert_eq!(text.matches("No such file").count(), 1, "{text}");
}

#[test]
fn a_file_without_end() {
    let output = nano()
        .args(["check", "--config", "/dev/zero"])
        .output()
        .expect("nano runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("it has more than 64 MiB"), "{text}");
}

#[test]
fn a_folder_without_an_app() {
    let site = Site::new();
    let output = nano()
        .arg("serve")
        .arg(site.path())
        .args(["--port", "0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("has no entry module"), "{text}");
    assert!(text.contains("add an index.js"), "{text}");
}

#[test]
fn what_to_serve_in_place_of_what_cannot_be() {
    let site = Site::new()
        .file("app/index.js", "")
        .file("sites.json", "{}");
    for (arguments, part) in [
        (&["serve"][..], "there is no ./apps.json"),
        (&["serve", "app/index.js"], "nano serve app\n"),
        (&["check", "./app/index.js"], "nano serve ./app\n"),
        (&["serve", "sites.json"], "--config sites.json\n"),
    ] {
        let output = nano()
            .current_dir(site.path())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}

#[test]
fn a_port_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let site = Site::new().file("index.js", APP);
    let output = nano()
        .arg("serve")
        .arg(site.path())
        .args(["--host", "127.0.0.1", "--port", &port])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{text}"
    );
    assert!(text.contains("--port"), "{text}");
    assert_eq!(text.matches("Address already in use").count(), 1, "{text}");
}

#[test]
fn a_port_of_the_configuration_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let site = Site::new().file("a/index.js", APP);
    let config = format!(
        "{{\n  \"listen\": \"127.0.0.1:{port}\",\n  \"apps\": [ {{ \"name\": \"a\", \"path\": \"a\" }} ]\n}}"
    );
    let (code, text) = run(&site, "serve", &config);
    assert_eq!(code, Some(1), "{text}");
    let start = format!("apps.json:2:13: listen: cannot listen on 127.0.0.1:{port}: ");
    for part in [&*start, "^^^^", "help: another process has it"] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn an_app_without_a_handler_does_not_start() {
    for source in [
        "const x = 1;",
        "export default {};",
        "export default { fetch: 1 };",
    ] {
        let site = Site::new().file("index.js", source);
        let check = nano().arg("check").arg(site.path()).output();
        let check = check.expect("nano runs");
        assert_eq!(check.status.code(), Some(1), "{source}");
        let text = String::from_utf8_lossy(&check.stderr);
        assert!(text.contains("the app has no fetch handler"), "{text}");
        let nano = Site::new().app("a", source).serve();
        assert_eq!(nano.get("a.test", "/").status, 503, "{source}");
        nano.app_logged("a", "the app did not start: the app has no fetch handler");
    }
}

/// It is the command line that names the address then.
#[test]
fn an_address_that_nobody_has() {
    let site = Site::new().file("a/index.js", APP).file(
        "apps.json",
        r#"{ "listen": "127.0.0.1:8080", "apps": [{ "name": "a", "path": "a" }] }"#,
    );
    let output = nano()
        .current_dir(site.path())
        .args(["serve", "--host", "192.0.2.1", "--port", "0"])
        .output()
        .expect("nano runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.starts_with("nano: cannot listen on 192.0.2.1:0: "),
        "{text}"
    );
    assert!(text.contains("choose another one with --host"), "{text}");
}

#[test]
fn env_is_the_app_s_own() {
    let mut site = Site::new().app_with("a", APP, r#""env":{"A":"1","HOME_IS":"${HOME}"}"#);
    site = site.app_with("b", APP, r#""env":{"B":"2"}"#);
    let nano = site.serve();
    let home = std::env::var("HOME").unwrap();
    let a: serde_json::Value = serde_json::from_str(nano.get("a.test", "/").text()).unwrap();
    assert_eq!(a, serde_json::json!({ "A": "1", "HOME_IS": home }));
    assert_eq!(nano.get("b.test", "/").text(), r#"{"B":"2"}"#);
}

#[test]
fn check_starts_every_app() {
    let site = Site::new()
        .file("a/index.js", APP)
        .file("b/index.js", "syntax error here");
    let config = r#"{ "apps": [ { "name": "a", "path": "a", "hostname": "a.test" },
                                { "name": "b", "path": "b", "hostname": "b.test" } ] }"#;
    let (code, text) = run(&site, "check", config);
    assert_eq!(code, Some(1), "{text}");
    // Once, with its place.
    assert_eq!(text.matches("SyntaxError").count(), 1, "{text}");
    assert!(
        text.starts_with("b: SyntaxError") && text.contains("index.js:1"),
        "{text}"
    );
    std::fs::write(site.path().join("b/index.js"), "import './no.js'").unwrap();
    let (code, text) = run(&site, "check", config);
    assert_eq!(code, Some(1), "{text}");
    assert_eq!(text.matches("Cannot import").count(), 1, "{text}");
    std::fs::write(site.path().join("b/index.js"), APP).unwrap();
    let (code, text) = run(&site, "check", config);
    assert_eq!((code, text.as_str()), (Some(0), ""));
}
