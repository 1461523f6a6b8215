//! Apps that come, change and go by the admin API.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::support::admin::{
    TOKEN, admin_port, ask, deploy, json, put, run, says, send, serve, serve_lasting, tar,
};
use crate::support::{Nano, Response, Site, eventually};

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
fn files_of_an_app_that_was_removed_go_when_it_has_drained() {
    let site = Site::new()
        .app("file", &says("file"))
        .top(r#""drain_ms":300"#)
        .top(&format!(
            r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}","state":"state"}}"#
        ));
    let nano = site.serve();
    let port = admin_port(&nano);
    let left = |app: &str| nano.path().join("state/apps").join(app).exists();
    for app in ["up", "stays"] {
        let path = format!("{app}?hostname={app}.test");
        assert_eq!(deploy(port, &path, &says(app)).status, 200);
        assert!(left(app));
    }
    assert_eq!(ask(port, "DELETE", "/admin/apps/up").status, 200);
    assert!(left("up"), "it may be at work");
    eventually("its files' end", || (!left("up")).then_some(()));
    assert!(left("stays"));
    assert_eq!(
        deploy(port, "up?hostname=up.test", &says("again")).status,
        200
    );
    assert_eq!(nano.get("up.test", "/").text(), "again ");
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
    // The one that serves, and the one before it; the others are removed in the background.
    eventually("two versions", || {
        let versions = std::fs::read_dir(nano.path().join("state/apps/up")).expect("a folder");
        (versions.count() == 2).then_some(())
    });
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
    // Where it is that it does not parse, which whoever deploys sees nowhere else.
    refused(
        deploy(
            port,
            "up",
            "\nexport default { fetch: () => new Response('a' };",
        ),
        422,
        "app:///index.js:2:44",
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
        send(port, "PUT", "/admin/apps/odd", "application/gzip", b"x"),
        422,
        "the archive cannot be used",
    );
    // Nothing is left of what never served.
    for app in ["fresh", "odd"] {
        let folder = nano.path().join("state/apps").join(app);
        assert!(!folder.exists(), "{}", folder.display());
    }
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
    // An app's files are in a folder of its name.
    for name in ["a%20b", "..", ".", "%2E%2e", "..a", "-a"] {
        refused(
            put(port, name, r#"{"path":"../other"}"#),
            422,
            "is no name for an app",
        );
    }
    // Nor is anything of it unpacked.
    refused(
        send(port, "PUT", "/admin/apps/.a", "application/x-tar", b"x"),
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

#[test]
fn the_program_deploys_lists_and_removes() {
    let (nano, port) = serve_lasting();
    let folder = tempfile::tempdir().expect("a folder");
    let app = folder.path().join("site");
    let app = app.to_str().expect("text");
    let (done, said) = run(port, &["init", app]);
    assert!(done && said.contains("nano serve --config"), "{said}");
    let types = std::fs::read_to_string(folder.path().join("site/nano.d.ts")).expect("types");
    assert!(types.contains("interface ExportedHandler<"));
    let (done, said) = run(port, &["init", app]);
    assert!(!done && said.contains("is there already"), "{said}");
    // All files of an app, or none.
    let taken = folder.path().join("it's taken");
    std::fs::create_dir(&taken).expect("a folder");
    std::fs::write(taken.join("apps.json"), "").expect("a file");
    let there = taken.to_str().expect("text");
    let (done, said) = run(port, &["init", there]);
    assert!(
        !done && said.contains("apps.json is there already"),
        "{said}"
    );
    assert!(!taken.join("index.js").exists());
    std::fs::remove_file(taken.join("apps.json")).expect("a file");
    let (done, said) = run(port, &["init", there]);
    assert!(
        done && said.contains(r"it'\''s taken/apps.json' --dev"),
        "{said}"
    );
    let (done, said) = run(port, &["deploy", app, "--hostname", "site.test"]);
    assert!(done && said == "added    site\n", "{said}");
    assert_eq!(nano.get("site.test", "/").text(), "Hello, world!\n");
    std::fs::write(folder.path().join("site/index.js"), says("changed")).expect("a file");
    let (done, said) = run(port, &["deploy", app]);
    assert!(done && said == "replaced site\n", "{said}");
    assert_eq!(nano.get("site.test", "/").text(), "changed ");
    // Its files stay where its fields are put.
    let put = put(
        port,
        "site",
        r#"{"hostname":"site.test","env":{"NAME":"named"}}"#,
    );
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(nano.get("site.test", "/").text(), "changed named");
    std::fs::write(folder.path().join("site/nano.json"), "{}").expect("a file");
    let (done, said) = run(port, &["deploy", app]);
    assert!(done && said.contains("PUT /admin/apps/site"), "{said}");
    assert_eq!(nano.get("site.test", "/").text(), "changed named");
    std::fs::write(
        folder.path().join("site/index.js"),
        "throw new Error('not today')",
    )
    .expect("a file");
    let (done, said) = run(port, &["deploy", app]);
    assert!(
        !done && said.contains("not today") && said.contains("app:///index.js:1:"),
        "{said}"
    );
    // It is among the app's lines, for whoever looks later.
    let (done, said) = run(port, &["logs", "site"]);
    assert!(
        done && said.contains("the app did not start: ") && said.contains("not today"),
        "{said}"
    );
    let (done, said) = run(port, &["deploy", app, "--hostname", "other.test"]);
    assert!(
        !done && said.contains("answers to site.test, not to other.test"),
        "{said}"
    );
    let (done, said) = run(port, &["apps"]);
    assert!(
        done && said.contains("site  running  4 ") && said.contains("site.test"),
        "{said}"
    );
    let (done, said) = run(port, &["apps", "show", "site"]);
    assert!(done && said.contains("\"version\": 4"), "{said}");
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
    for wrong in [
        "admin.sock",
        "127.0.0.1",
        "http://127.0.0.1:8090",
        "unix:",
        ":1",
    ] {
        let (done, said) = run(port, &["apps", "--admin", wrong]);
        assert!(!done && said.contains("HOST:PORT or unix:PATH"), "{said}");
        assert!(said.contains(wrong), "{said}");
    }
    let (done, said) = run(1, &["apps"]);
    assert!(
        !done && said.contains("cannot reach the admin API at 127.0.0.1:1"),
        "{said}"
    );
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

/// An archive that takes long to unpack holds nobody else up.
#[test]
fn a_large_archive_lets_others_be_changed_meanwhile() {
    let (_nano, port) = serve_lasting();
    // Few bytes that become many.
    let zeros = "\0".repeat(120 << 20);
    let large = tar(&[("index.js", &says("large")), ("zeros.bin", &zeros)]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&large).expect("written");
    let large = gzip.finish().expect("an archive");
    let path = "/admin/apps/large?hostname=large.test";
    std::thread::scope(|scope| {
        let large = scope.spawn(|| {
            let answer = send(port, "PUT", path, "application/gzip", &large);
            assert_eq!(answer.status, 200, "{}", answer.text());
            Instant::now()
        });
        std::thread::sleep(Duration::from_millis(50));
        assert!(!large.is_finished(), "it is unpacked too quickly to tell");
        let answer = deploy(port, "small?hostname=small.test", &says("small"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let small = Instant::now();
        assert!(small < large.join().expect("no failure"));
    });
}

/// A module that comes to an end, which is none, after some seconds.
fn fails_after(seconds: u32) -> String {
    format!(
        "await new Promise(resolve => setTimeout(resolve, {seconds}000)); throw new Error('at last');"
    )
}

/// Whoever waits for his app's start keeps nobody else waiting, and takes back only what is his.
#[test]
fn changes_wait_for_no_start_of_another_app() {
    let (nano, port) = serve_lasting();
    let soon = |what: &str, answer: &dyn Fn() -> Response| {
        let began = Instant::now();
        let answer = answer();
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{what} took {took:?}");
        answer
    };
    std::thread::scope(|scope| {
        // More than there are places for archives.
        let names = ["h0", "h1", "h2", "h3"];
        let hanging = names.map(|name| {
            let path = format!("{name}?hostname={name}.test");
            scope.spawn(move || deploy(port, &path, &fails_after(10)))
        });
        eventually("the changes that hang", || {
            let apps = json(&ask(port, "GET", "/admin/apps"));
            (apps["apps"].as_array().expect("apps").len() == 5).then_some(())
        });
        soon("a deployment", &|| {
            deploy(port, "up?hostname=up.test", &says("up"))
        });
        assert_eq!(nano.get("up.test", "/").text(), "up ");
        soon("fields", &|| {
            put(port, "put", r#"{"path":"../other","hostname":"put.test"}"#)
        });
        soon("a reload", &|| ask(port, "POST", "/admin/reload"));
        soon("a removal", &|| ask(port, "DELETE", "/admin/apps/put"));
        nano.write("file/index.js", &says("changed"));
        nano.signal(libc::SIGHUP);
        let began = Instant::now();
        eventually("the change of a file", || {
            (nano.get("file.test", "/").text() == "changed ").then_some(())
        });
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "SIGHUP took {took:?}");
        assert!(!hanging.iter().any(|hanging| hanging.is_finished()));
        for hanging in hanging {
            let answer = hanging.join().expect("an answer");
            assert_eq!(answer.status, 422, "{}", answer.text());
        }
    });
    // What has failed is undone, and nothing else.
    let apps = json(&ask(port, "GET", "/admin/apps"));
    let names = apps["apps"].as_array().expect("apps").iter();
    let names: Vec<_> = names.map(|app| app["name"].as_str()).collect();
    assert_eq!(names, [Some("file"), Some("up")]);
    let state = std::fs::read_to_string(nano.path().join("state/apps.json")).expect("a file");
    let state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
    assert_eq!(state["apps"].as_array().expect("apps").len(), 1, "{state}");
    assert_eq!(state["apps"][0]["name"], "up");
}

/// What an app has given up with a change that fails may be another's by then.
#[test]
fn what_others_have_got_meanwhile_is_theirs() {
    let (nano, port) = serve_lasting();
    let good = r#"{"path":"../other","hostname":"one.test"}"#;
    assert_eq!(put(port, "a", good).status, 200);
    std::fs::create_dir(nano.path().join("hangs")).expect("a folder");
    nano.write("hangs/index.js", &fails_after(5));
    std::thread::scope(|scope| {
        let hanging = r#"{"path":"../hangs","hostname":"two.test"}"#;
        let hanging = scope.spawn(|| put(port, "a", hanging));
        eventually("the new hostname", || {
            let app = json(&ask(port, "GET", "/admin/apps/a"));
            app.to_string().contains("two.test").then_some(())
        });
        assert_eq!(put(port, "b", good).status, 200);
        let answer = hanging.join().expect("an answer");
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(
            answer.text().contains("is taken already"),
            "{}",
            answer.text()
        );
    });
    assert_eq!(nano.get("one.test", "/").text(), "other ");
    assert_eq!(nano.get("two.test", "/").text(), "other ");
    assert_eq!(ask(port, "POST", "/admin/reload").status, 200);
}
