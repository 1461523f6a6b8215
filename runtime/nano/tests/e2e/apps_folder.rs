//! Apps that are not named, each in a folder of its own.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::admin::{TOKEN, admin_port, ask, deploy};
use crate::support::{Nano, Site, eventually, nano};

/// An app that says this, and its `TEXT`.
fn says(text: &str) -> String {
    format!("export default {{ fetch: (request, env) => new Response(`{text} ${{env.TEXT}}`) }};")
}

const FOLDER: &str = r#""apps_folder":{"path":"apps"}"#;

/// Waits until a host answers with this text.
fn eventually_says(nano: &Nano, host: &str, text: &str) {
    eventually(&format!("{host} says {text}"), || {
        let response = nano.get(host, "/");
        (response.status == 200 && response.text() == text).then_some(())
    });
}

/// Adds a folder, or has it become another one, at once.
fn put(nano: &Nano, name: &str, files: &[(&str, &str)]) {
    let new = nano.path().join("new");
    fs::create_dir(&new).expect("a folder");
    for (file, text) in files {
        fs::write(new.join(file), text).expect("a file");
    }
    let place = nano.path().join("apps").join(name);
    if place.exists() {
        fs::rename(&place, nano.path().join(format!("old-{name}"))).expect("a rename");
    }
    fs::rename(&new, &place).expect("a rename");
}

fn starts(nano: &Nano, app: &str) -> usize {
    let log = nano.log();
    let started =
        |line: &&serde_json::Value| line["app"] == app && line["message"] == "app started";
    log.iter().filter(started).count()
}

#[test]
fn folders_come_change_and_go() {
    let nano = Site::new()
        .top(FOLDER)
        .app("named", &says("named"))
        .file("apps/named/index.js", &says("not this one"))
        .file("apps/quiet/index.js", &says("quiet"))
        .file("apps/a/index.js", &says("a"))
        .file(
            "apps/a/nano.json",
            r#"{"env":{"TEXT":"1"},"hostname":"a.example"}"#,
        )
        .file("apps/.hidden/index.js", &says("hidden"))
        .serve_with(&["--watch"]);
    eventually_says(&nano, "named.test", "named undefined");
    eventually_says(&nano, "quiet.localhost", "quiet undefined");
    eventually_says(&nano, "a.localhost", "a 1");
    eventually_says(&nano, "a.example", "a 1");
    for nobody in ["named.localhost", ".hidden.localhost", "b.localhost"] {
        assert_ne!(nano.get(nobody, "/").status, 200, "{nobody}");
    }
    // One that comes, as it is written file by file.
    let b = nano.path().join("apps/b");
    fs::create_dir(&b).expect("a folder");
    nano.logged("a folder without an app", |line| {
        line["app"] == "b" && line.to_string().contains("has no entry module")
    });
    fs::write(b.join("index.js"), says("b")).expect("a file");
    eventually_says(&nano, "b.localhost", "b undefined");
    // What a folder says is seen.
    nano.write("apps/b/nano.json", r#"{"env":{"TEXT":"2"}}"#);
    eventually_says(&nano, "b.localhost", "b 2");
    // A mistake is its app's affair, which serves on as before, also by the hostname of its own.
    nano.write("apps/a/nano.json", "{\n  \"env\": { \"TEXT\": 3 }\n}");
    nano.app_logged("a", "apps/a/nano.json:2:20: env.TEXT: expected a string");
    nano.app_logged("a", "is refused, and the one before serves on");
    eventually_says(&nano, "a.localhost", "a 1");
    eventually_says(&nano, "a.example", "a 1");
    nano.write(
        "apps/a/nano.json",
        r#"{"env":{"TEXT":"4"},"hostname":"other.example"}"#,
    );
    eventually_says(&nano, "a.localhost", "a 4");
    eventually_says(&nano, "other.example", "a 4");
    assert_eq!(nano.get("a.example", "/").status, 404);
    // Another folder in the place of one, another name, and none.
    put(&nano, "b", &[("index.js", &says("new"))]);
    eventually_says(&nano, "b.localhost", "new undefined");
    let apps = nano.path().join("apps");
    fs::rename(apps.join("b"), apps.join("c")).expect("a rename");
    eventually_says(&nano, "c.localhost", "new undefined");
    eventually("b is gone", || {
        (nano.get("b.localhost", "/").status == 404).then_some(())
    });
    fs::remove_dir_all(apps.join("c")).expect("a removal");
    eventually("c is gone", || {
        (nano.get("c.localhost", "/").status == 404).then_some(())
    });
    assert_eq!((starts(&nano, "quiet"), starts(&nano, "named")), (1, 1));
}

#[test]
fn a_hostname_stays_whose_it_is() {
    let mut nano = Site::new()
        .top(FOLDER)
        .app("named", &says("named"))
        .file("apps/own/index.js", &says("own"))
        .file("apps/taker/index.js", &says("taker"))
        .file(
            "apps/taker/nano.json",
            "{\n  \"hostname\": [\"own.localhost\", \"*.localhost\", \"named.test\", \"*.test\", \"late.localhost\", \"taker.example\"]\n}",
        )
        .serve();
    eventually_says(&nano, "taker.localhost", "taker undefined");
    eventually_says(&nano, "taker.example", "taker undefined");
    eventually_says(&nano, "own.localhost", "own undefined");
    eventually_says(&nano, "named.test", "named undefined");
    for nobody in ["x.localhost", "x.test", "late.localhost"] {
        assert_eq!(nano.get(nobody, "/").status, 404, "{nobody}");
    }
    let faults: Vec<_> = nano
        .log()
        .iter()
        .filter(|line| line["level"] == "warn")
        .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
        .filter(|text| text.contains("apps folder"))
        .collect();
    assert_eq!(faults.len(), 5, "{faults:#?}");
    assert!(
        faults
            .iter()
            .any(|text| text.contains("apps/taker/nano.json:2:16: hostname[0]: ")),
        "{faults:#?}"
    );
    // Without being watched, folders are seen when someone asks.
    put(&nano, "late", &[("index.js", &says("late"))]);
    nano.signal(libc::SIGHUP);
    eventually_says(&nano, "late.localhost", "late undefined");
    // What cannot be looked at is not empty.
    fs::rename(nano.path().join("apps"), nano.path().join("elsewhere")).expect("a rename");
    nano.signal(libc::SIGHUP);
    nano.logged("the refusal", |line| {
        line.to_string().contains("the configuration is refused")
            && line.to_string().contains("cannot read the folder")
    });
    eventually_says(&nano, "late.localhost", "late undefined");
    assert!(nano.lives());
}

#[test]
fn the_first_app_may_come_later() {
    let nano = Site::new()
        .top(r#""apps_folder":{"path":"apps","hostname":"{name}.apps.test"}"#)
        .file("apps/.keep", "")
        .serve_with(&["--watch"]);
    assert_eq!(nano.get("a.apps.test", "/").status, 404);
    put(&nano, "a", &[("index.js", &says("a"))]);
    eventually_says(&nano, "a.apps.test", "a undefined");
}

#[test]
fn check_looks_at_the_folders_too() {
    let site = Site::new()
        .file("apps.json", "{\"apps_folder\":{\"path\":\"apps\"}}")
        .file("apps/good/index.js", &says("good"))
        .file("apps/bad/index.js", "export default { fetch( ");
    let check = || {
        let config = site.path().join("apps.json");
        let checked = nano().arg("check").arg("--config").arg(config).output();
        let checked = checked.expect("nano runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (
            checked.status.code(),
            text(checked.stdout),
            text(checked.stderr),
        )
    };
    let (code, out, err) = check();
    assert_eq!(
        (
            code,
            out.contains("ok      good"),
            out.contains("failed  bad")
        ),
        (Some(1), true, true),
        "{out}{err}"
    );
    fs::write(
        site.path().join("apps/bad/nano.json"),
        "{\n \"limits\": { \"memory_mb\": 1000 } }",
    )
    .expect("a file");
    let (code, _, err) = check();
    assert_eq!(code, Some(1));
    assert!(
        err.contains("apps/bad/nano.json:2:27: limits.memory_mb: expected 128 at most"),
        "{err}"
    );
    fs::remove_dir_all(site.path().join("apps/bad")).expect("a removal");
    assert_eq!(check().0, Some(0));
}

/// Whoever may write into one folder keeps nobody from changing others.
#[test]
fn the_owner_of_a_folder_holds_up_no_other_change() {
    let admin = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}"}}"#);
    let nano = Site::new()
        .top(&format!("{FOLDER},{admin}"))
        .file("apps/a/index.js", &says("a"))
        .file("apps/evil/index.js", &says("evil"))
        .serve_with(&["--watch"]);
    let port = admin_port(&nano);
    eventually_says(&nano, "evil.localhost", "evil undefined");
    let soon = |what: &str, change: &dyn Fn()| {
        let began = Instant::now();
        change();
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{what} took {took:?}");
    };
    for (round, source) in ["await new Promise(() => {});", "for (;;);"]
        .iter()
        .cycle()
        .take(4)
        .enumerate()
    {
        let evil = |change: u32| {
            let file = format!("{source} // {round} {change}");
            nano.write("apps/evil/index.js", &file);
            // It is seen.
            std::thread::sleep(Duration::from_millis(200));
        };
        fs::create_dir_all(nano.path().join("apps/evil")).expect("a folder");
        evil(0);
        soon("a deployment", &|| {
            let answer = deploy(port, "up?hostname=up.test", &says("up"));
            assert_eq!(answer.status, 200, "{}", answer.text());
        });
        evil(1);
        soon("a removal", &|| {
            assert_eq!(ask(port, "DELETE", "/admin/apps/up").status, 200);
        });
        evil(2);
        let text = format!("a{round}");
        nano.write("apps/a/index.js", &says(&text));
        soon("a change of a folder", &|| {
            eventually_says(&nano, "a.localhost", &format!("{text} undefined"));
        });
        // A new app, each time.
        fs::remove_dir_all(nano.path().join("apps/evil")).expect("a folder");
        eventually("the end of the app", || {
            (ask(port, "GET", "/admin/apps/evil").status == 404).then_some(())
        });
    }
}
