use std::os::unix::fs::symlink;

use nano_worker::Binding;

use super::super::{Config, ConfigError, Start, read};
use super::*;

/// A folder with a configuration's apps.
struct Site(tempfile::TempDir);

impl Site {
    /// With these apps in the apps folder.
    fn of(names: &[&str]) -> Self {
        let site = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(site.path("apps")).expect("a folder");
        for name in names {
            site.file(&format!("apps/{name}/index.js"), "");
        }
        site
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().expect("a folder").join(path)
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// Reads a configuration with these fields.
    fn read(&self, fields: &str) -> Result<Config, ConfigError> {
        let text = format!("{{{fields}}}");
        let variables = |name: &str| (name == "SECRET").then(|| "the operator's".into());
        let folder = self.path("");
        read::read(Path::new("apps.json"), &text, &folder, None, &variables)
    }

    /// Reads a configuration of the apps folder alone.
    fn apps(&self) -> Config {
        let read = self.read(r#""apps_folder": { "path": "apps" }"#);
        read.expect("a configuration")
    }

    /// What is wrong in the apps folder.
    fn faults(&self) -> String {
        let faults = self.apps().faults_of_apps();
        faults.map_or_else(String::new, |faults| faults.to_string())
    }
}

/// The apps and their hosts.
fn shown(config: &Config) -> Vec<String> {
    let host = |app: &AppConfig| {
        let hosts: Vec<_> = app.hosts.iter().map(ToString::to_string).collect();
        format!("{} {}", app.name, hosts.join(" "))
            .trim()
            .to_owned()
    };
    config.apps.iter().map(host).collect()
}

#[test]
fn each_folder_is_an_app() {
    let site = Site::of(&["shop", "tools", ".hidden", "node_modules"]);
    site.file("apps/file", "");
    site.file("releases/7/index.js", "");
    symlink("../releases/7", site.path("apps/linked")).expect("a link");
    let config = site.apps();
    assert_eq!(
        shown(&config),
        [
            "linked linked.localhost",
            "shop shop.localhost",
            "tools tools.localhost"
        ]
    );
    assert_eq!(config.apps[0].root, site.path("releases/7"));
    assert_eq!(config.apps[0].path, site.path("apps/linked"));
    assert_eq!(config.apps_folder, Some(site.path("apps")));
    assert!(config.faults_of_apps().is_none());
    // Defaults are theirs, too.
    let fields = r#""port": 81, "defaults": { "start": "lazy", "limits": { "memory_mb": 64 } },
        "apps_folder": { "path": "${NONE:-apps}", "hostname": ["{name}.test", "*.{name}.test"] }"#;
    let config = site.read(fields).expect("a configuration");
    assert_eq!(shown(&config)[1], "shop shop.test *.shop.test");
    let shop = &config.apps[1];
    assert_eq!(shop.limits.worker.memory_mb, 64);
    assert_eq!(shop.start, Some(Start::Lazy));
    let addresses = config.addresses();
    assert_eq!(addresses.len(), 1);
    let empty = Site::of(&[]).apps();
    assert_eq!((empty.apps.len(), empty.addresses().len()), (0, 1));
}

#[test]
fn named_apps_win() {
    let site = Site::of(&["a", "b", "c"]);
    let fields = r#""apps_folder": { "path": "apps" },
        "apps": [{ "name": "b", "path": "apps/b", "hostname": "named.test" },
                 { "name": "z", "path": "apps/b", "hostname": "c.localhost" }]"#;
    let config = site.read(fields).expect("a configuration");
    assert_eq!(
        shown(&config),
        ["b named.test", "z c.localhost", "a a.localhost", "c"]
    );
    let faults = config.faults_of_apps().expect("a conflict").to_string();
    assert!(
        faults.contains("apps.json:1:27: apps_folder.path: the hostname \"c.localhost\" of the folder \"c\" is taken already, by the app \"z\""),
        "{faults}"
    );
}

#[test]
fn a_folder_says_what_its_app_is() {
    let site = Site::of(&["a"]);
    site.file("apps/a/main.js", "");
    site.file("apps/a/keys/one", "from a file\n");
    site.file(
        "apps/a/nano.json",
        r#"{ // as in the configuration
            "$schema": "x", "entry": "main.js", "hostname": ["shop.example.com", "A.localhost"],
            "env": { "A": "text", "B": { "file": "keys/one" }, "C": "${NONE:-default}" },
            "crons": ["* * * * *"], "limits": { "memory_mb": 32, "wall_ms": 30000 } }"#,
    );
    let config = site.apps();
    assert!(config.faults_of_apps().is_none(), "{}", site.faults());
    assert_eq!(shown(&config), ["a a.localhost shop.example.com"]);
    let [app] = &*config.apps else { panic!() };
    assert_eq!(app.entry.as_deref(), Some(Path::new("main.js")));
    let text = |name: &str| match &app.env[name] {
        Binding::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (text("B"), text("C")),
        ("from a file".to_owned(), "default".to_owned())
    );
    assert_eq!((app.crons.len(), app.limits.worker.memory_mb), (1, 32));
}

#[test]
fn what_is_wrong_with_one_is_its_own_affair() {
    for (settings, part) in [
        (
            "{\n  \"entry\": 1\n}",
            "apps/a/nano.json:2:12: entry: expected a string",
        ),
        ("{", "nano.json:1:1: Unterminated object"),
        ("", "nano.json:1:1: the file is empty"),
        ("[]", "expected an object"),
        (r#"{ "name": "b" }"#, "unknown field \"name\""),
        (
            r#"{ "env": { "A": "${SECRET}" } }"#,
            "1:17: env.A: variables of the process's environment",
        ),
        (
            r#"{ "env": { "A": { "file": "../b/key" } } }"#,
            "outside of the app's folder",
        ),
        (
            r#"{ "env": { "A": { "file": "/etc/hostname" } } }"#,
            "outside of the app's folder",
        ),
        (
            r#"{ "env": { "A": { "file": "linked" } } }"#,
            "outside of the app's folder",
        ),
        (
            r#"{ "env": { "A": { "type": "secret", "file": "../b/key" } } }"#,
            "outside of the app's folder",
        ),
        (
            r#"{ "env": { "A": { "type": "json", "value": ["${SECRET}"] } } }"#,
            "variables of the process's environment",
        ),
        (
            r#"{ "env": { "A": { "type": "service", "app": "b" } } }"#,
            "env.A.app: an app that the configuration does not name calls no other app",
        ),
        (
            r#"{ "entry": "none.js" }"#,
            "nano.json:1:12: entry: the entry module",
        ),
        (
            r#"{ "limits": { "memory_mb": 129 } }"#,
            "1:28: limits.memory_mb: expected 128 at most",
        ),
        (
            r#"{ "limits": { "cpu_ms": 5001 } }"#,
            "expected 5000 at most",
        ),
        (
            r#"{ "limits": { "body_mb": 101 } }"#,
            "expected 100 at most",
        ),
        (
            r#"{ "limits": { "log_lines": 5001 } }"#,
            "limits.log_lines: expected 5000 at most",
        ),
        (
            r#"{ "limits": { "log_kb": 4097 } }"#,
            "limits.log_kb: expected 4096 at most",
        ),
        (
            r#"{ "hostname": "a b" }"#,
            "1:15: hostname: expected labels",
        ),
    ] {
        let site = Site::of(&["a", "b"]);
        site.file("apps/b/key", "secret");
        symlink("../b/key", site.path("apps/a/linked")).expect("a link");
        site.file("apps/a/nano.json", settings);
        let config = site.apps();
        assert_eq!(shown(&config), ["a a.localhost", "b b.localhost"]);
        let [a, b] = &*config.apps else { panic!() };
        assert!(b.fault.is_none());
        let fault = a.fault.as_ref().expect(settings).to_string();
        assert!(fault.contains(part), "{settings}: {fault}");
        assert!(a.env.is_empty(), "{settings}");
    }
    let site = Site::of(&["a"]);
    site.file("apps/b/other.js", "");
    site.file("secret.json", "{ \"password\": 1 }");
    symlink("../../secret.json", site.path("apps/a/nano.json")).expect("a link");
    symlink("nowhere", site.path("apps/c")).expect("a link");
    let faults = site.faults();
    for part in [
        "leads out of the folder",
        "apps/b has no entry module",
        "apps/c does not exist",
    ] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
    assert!(!faults.contains("password"), "{faults}");
}

#[test]
fn all_that_is_wrong_is_said() {
    let site = Site::of(&["a", "no name", "-x.1", "x-.1"]);
    site.file(
        "apps/a/nano.json",
        r#"{ "entry": 1, "crons": 2, "nothing": 3 }"#,
    );
    let faults = site.faults();
    for part in [
        "entry: ",
        "crons: ",
        "\"nothing\"",
        "\"no name\" is no name for an app",
        "\"-x.1\" is no name for an app",
        "the folder \"x-.1\" has no hostname",
    ] {
        assert_eq!(
            faults.contains(part),
            part != "the folder \"x-.1\" has no hostname",
            "{part}: {faults}"
        );
    }
}

/// Nobody gets what is another's, whatever his folder says; and nobody loses what is his.
#[test]
fn a_hostname_is_the_first_ones() {
    let site = Site::of(&["a", "b", "c"]);
    let hosts = |app: &str, list: &str| {
        site.file(
            &format!("apps/{app}/nano.json"),
            &format!(r#"{{ "hostname": [{list}] }}"#),
        );
    };
    hosts(
        "a",
        r#""b.localhost", "new.localhost", "*.localhost", "*", "one.test", "*.two.test""#,
    );
    hosts(
        "b",
        r#""one.test", "x.two.test", "*.test", "x.named.test", "y.wild.test", "three.test""#,
    );
    hosts("c", r#""sub.one.test", "*.wild.test", "named.test""#);
    let config = site
        .read(
            r#""apps_folder": { "path": "apps" },
            "apps": [{ "name": "n", "path": "apps/a", "hostname": ["named.test", "*.wild.test"] },
                     { "name": "m", "path": "apps/a", "hostname": "c.test", "port": 81 }]"#,
        )
        .expect("a configuration");
    assert_eq!(
        shown(&config),
        [
            "n named.test *.wild.test",
            "m c.test",
            "a a.localhost one.test *.two.test",
            "b b.localhost x.named.test three.test",
            "c c.localhost sub.one.test",
        ]
    );
    assert!(config.apps.iter().all(|app| app.fault.is_none()));
    let faults = config.faults_of_apps().expect("conflicts");
    let faults: Vec<_> = faults
        .diagnostics
        .iter()
        .map(|fault| format!("{} {}", fault.field, fault.message))
        .collect();
    assert_eq!(faults.len(), 10, "{faults:#?}");
    assert!(
        faults[0].starts_with("hostname[0] the hostname \"b.localhost\" is kept"),
        "{faults:#?}"
    );
    assert!(
        faults[4]
            .contains("\"one.test\" is taken already, as a whole or in part, by the app \"a\""),
        "{faults:#?}"
    );
}

/// Whoever may make folders chooses their names, and gets no hostname of another folder by it.
#[test]
fn a_folder_takes_no_hostname_of_another_by_its_name() {
    let site = Site::of(&["SHOP", "Shop", "shop", "pay.shop"]);
    assert_eq!(
        shown(&site.apps()),
        [
            "SHOP",
            "Shop",
            "pay.shop pay.shop.localhost",
            "shop shop.localhost"
        ]
    );
    let faults = site.faults();
    let part = "the folder \"SHOP\" has no hostname: \"SHOP.localhost\" is \"shop.localhost\"";
    assert!(faults.contains(part), "{faults}");
    let hosts = |folders: &[&str], rule: &str| {
        let fields = format!(r#""apps_folder": {{ "path": "apps", "hostname": [{rule}] }}"#);
        shown(&Site::of(folders).read(&fields).expect("a configuration"))
    };
    assert_eq!(
        hosts(&["pay.shop", "shop"], r#""{name}.test", "*.{name}.test""#),
        ["pay.shop", "shop shop.test *.shop.test"]
    );
    assert_eq!(
        hosts(&["a.x", "a"], r#""{name}.test", "{name}.x.test""#),
        ["a a.test a.x.test", "a.x"]
    );
    assert_eq!(
        hosts(&["a", "app-a"], r#""{name}.test", "app-{name}.test""#),
        ["a a.test", "app-a app-a.test app-app-a.test"]
    );
    assert_eq!(
        hosts(&["a", "b-a"], r#""*.{name}.test", "x.b-{name}.test""#),
        ["a *.a.test", "b-a *.b-a.test x.b-b-a.test"]
    );
}

#[test]
fn faults_of_the_field_are_the_configurations() {
    let site = Site::of(&["a"]);
    for (fields, part) in [
        (
            r#""apps_folder": { "path": "none" }"#,
            "1:27: apps_folder.path: cannot read the folder",
        ),
        (
            r#""apps_folder": { "path": "apps/a/index.js" }"#,
            "cannot read the folder",
        ),
        (
            r#""apps_folder": { "path": "apps", "hostname": "x" }"#,
            "apps_folder.hostname: expected {name} once",
        ),
        (
            r#""apps_folder": { "path": "apps", "hostname": [] }"#,
            "without any hostname",
        ),
        (r#""apps_folder": "apps""#, "expected an object"),
        (r#""apps": []"#, "at least one app"),
        ("", "the field \"apps\" is missing"),
    ] {
        let error = site.read(fields).expect_err(fields).to_string();
        assert!(error.contains(part), "{fields}: {error}");
    }
}

/// Whoever owns a folder may take it away, which is no fault of those who call its app.
#[test]
fn a_bound_app_may_be_missing_in_the_folder() {
    let site = Site::of(&["b"]);
    site.file("named/index.js", "");
    let faults = |folder: &str| {
        let binding = r#"{ "B": { "type": "service", "app": "b" } }"#;
        let named =
            format!(r#""apps": [{{ "name": "named", "path": "named", "env": {binding} }}]"#);
        let config = site.read(&format!("{folder}{named}"))?;
        let faults = config.faults_of_apps();
        Ok::<_, ConfigError>(faults.map_or_else(String::new, |faults| faults.to_string()))
    };
    let folder = r#""apps_folder": { "path": "apps" }, "#;
    assert_eq!(faults(folder).expect("a configuration"), "");
    site.file("apps/b/nano.json", "{ 5 }");
    let broken = faults(folder).expect("a configuration");
    assert!(
        !broken.is_empty() && !broken.contains("to bind"),
        "{broken}"
    );
    fs::remove_dir_all(site.path("apps/b")).expect("a removal");
    let gone = faults(folder).expect("a configuration");
    let missing = "apps[0].env.B.app: there is no app \"b\" to bind";
    assert!(gone.contains(missing), "{gone}");
    // Where there is no such folder, it cannot come.
    let error = faults("").expect_err("there is none").to_string();
    assert!(error.contains(missing), "{error}");
}

#[test]
fn where_there_is_no_limit_a_folder_may_set_one() {
    let site = Site::of(&["a"]);
    site.file("apps/a/nano.json", r#"{ "limits": { "response_mb": 3 } }"#);
    let read = |defaults: &str| {
        let fields = format!(r#"{defaults}"apps_folder": {{ "path": "apps" }}"#);
        site.read(&fields).expect("a configuration")
    };
    let config = read("");
    assert!(config.faults_of_apps().is_none());
    assert_eq!(config.apps[0].limits.response, Some(3 << 20));
    let config = read(r#""defaults": { "limits": { "response_mb": 2 } }, "#);
    let faults = config.faults_of_apps().expect("a fault").to_string();
    assert!(
        faults.contains("limits.response_mb: expected 2 at most"),
        "{faults}"
    );
}
