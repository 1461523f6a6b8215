use super::*;

/// What becomes of a Worker, and what was left.
fn import(worker: Value, environment: Option<&str>) -> (Value, Vec<(String, String)>) {
    let Value::Object(worker) = worker else {
        panic!("expected an object");
    };
    let imported = Imported::of(&worker, environment).unwrap();
    let config: Value = serde_json::from_str(&imported.configuration()).unwrap();
    (config["apps"][0].clone(), imported.left)
}

/// What is said of a field.
fn said<'a>(left: &'a [(String, String)], field: &str) -> &'a str {
    let found = left.iter().find(|(name, _)| name == field);
    &found
        .unwrap_or_else(|| panic!("{field} is not in {left:?}"))
        .1
}

#[test]
fn what_has_a_counterpart_is_taken_over() {
    let worker = json!({
        "$schema": "node_modules/wrangler/config-schema.json",
        "name": "shop",
        "main": "./src/index.ts",
        "routes": [{ "pattern": "shop.example.com", "custom_domain": true }],
        "vars": { "MODE": "production", "PRICE": "${a}", "LIST": [1, 2] },
        "services": [{ "binding": "SELF", "service": "shop" }],
        "triggers": { "crons": ["*/5 * * * *", "0 9 * * 2-6"] },
        "limits": { "cpu_ms": 50 },
    });
    let (app, left) = import(worker, None);
    assert_eq!(
        app,
        json!({
            "name": "shop",
            "hostname": "shop.example.com",
            "path": ".",
            "entry": "src/index.ts",
            "env": {
                "MODE": "production",
                "PRICE": "$${a}",
                "LIST": { "type": "json", "value": [1, 2] },
                "SELF": { "type": "service", "app": "shop" },
            },
            "crons": ["*/5 * * * *", "0 9 * * 1-5"],
            "limits": { "request_cpu_ms": 50 },
        })
    );
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_has_none_is_named() {
    let worker = json!({
        "name": "a shop",
        "main": "../other/index.js",
        "compatibility_date": "2026-01-01",
        "kv_namespaces": [{ "binding": "CACHE", "id": "1" }, { "binding": "USERS", "id": "2" }],
        "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
        "services": [{ "binding": "STOCK", "service": "warehouse", "entrypoint": "Api" }],
        "triggers": { "crons": ["never"] },
        "limits": { "gpu_ms": 1 },
        "frobnicate": true,
        "env": { "staging": {}, "production": {} },
    });
    let (app, left) = import(worker, None);
    assert_eq!(app["name"], "ashop");
    assert_eq!(app.get("entry"), None);
    assert!(said(&left, "name").contains("\"a shop\""));
    assert!(said(&left, "main").contains("not below the folder"));
    assert!(said(&left, "compatibility_date").contains("one set"));
    assert_eq!(said(&left, "kv_namespaces (CACHE, USERS)"), NOTHING);
    assert_eq!(said(&left, "durable_objects (ROOM)"), NOTHING);
    assert!(said(&left, "services (STOCK)").contains("add it"));
    assert!(said(&left, "triggers.crons").contains("never"));
    assert_eq!(said(&left, "limits.gpu_ms"), NOTHING);
    assert!(said(&left, "frobnicate").contains("no such field"));
    assert!(said(&left, "env").contains("staging, production"));
}

#[test]
fn environments_have_what_they_inherit() {
    let worker = json!({
        "name": "shop",
        "main": "index.js",
        "vars": { "MODE": "development" },
        "route": "dev.example.com/*",
        "env": { "production": { "vars": { "LEVEL": "1" }, "route": "example.com/*" }, "bare": {} },
    });
    let (app, left) = import(worker.clone(), Some("production"));
    assert_eq!(app["name"], "shop-production");
    assert_eq!(app["entry"], "index.js");
    // Variables are not inherited.
    assert_eq!(app["env"], json!({ "LEVEL": "1" }));
    assert_eq!(app["hostname"], "example.com");
    assert!(left.is_empty(), "{left:?}");
    let (bare, _) = import(worker.clone(), Some("bare"));
    assert_eq!(bare.get("env"), None);
    assert_eq!(bare["hostname"], "dev.example.com");
    let Value::Object(worker) = worker else {
        panic!("expected an object");
    };
    let error = Imported::of(&worker, Some("test")).err().unwrap();
    assert!(
        error.to_string().contains("found: production, bare"),
        "{error}"
    );
}

#[test]
fn routes_are_hosts_and_paths() {
    let read = |patterns: &[&str]| {
        let patterns: Vec<Value> = patterns.iter().map(|pattern| (*pattern).into()).collect();
        routes::read(&patterns)
    };
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let (hosts, paths, notes) = read(&["https://A.example.com/*", "*.b.example.com/*"]);
    assert_eq!(hosts, texts(&["a.example.com", "*.b.example.com"]));
    assert_eq!((paths, notes.len()), (texts(&[]), 0));
    let (hosts, paths, notes) = read(&["a.example.com/api/*", "a.example.com/v2/*"]);
    assert_eq!(hosts, texts(&["a.example.com"]));
    assert_eq!((paths, notes.len()), (texts(&["/api", "/v2"]), 0));
    // All of the host, and a part of it.
    assert_eq!(
        read(&["a.example.com/*", "a.example.com/v2/*"]).1,
        texts(&[])
    );
    assert_eq!(read(&["*/*"]).0, texts(&[]));
    let (hosts, _, notes) = read(&["*example.com/*"]);
    assert_eq!(hosts, texts(&["example.com", "*.example.com"]));
    assert_eq!(notes.len(), 1);
    // What cannot be said is told.
    for pattern in [
        "a.*.com/*",
        "a.com/*/b",
        "a.com/exact",
        "a.com/begin*",
        "a.com/",
    ] {
        assert_eq!(read(&[pattern]).2.len(), 1, "{pattern}");
    }
    let (hosts, paths, notes) = read(&["a.com/one/*", "b.com/two/*"]);
    assert_eq!(hosts, texts(&["a.com", "b.com"]));
    assert_eq!((paths, notes.len()), (texts(&[]), 1));
}

#[test]
fn days_of_the_week_are_counted_from_sunday() {
    for (workers, posix) in [
        ("0 0 * * 1", "0 0 * * 0"),
        ("0 0 * * 2-6", "0 0 * * 1-5"),
        ("0 0 * * 1,7", "0 0 * * 0,6"),
        ("0 0 * * MON-FRI", "0 0 * * MON-FRI"),
        ("0 0 * * */2", "0 0 * * */2"),
        ("0 0 * * 2#1", "0 0 * * 1#1"),
        ("0 0 1 7 *", "0 0 1 7 *"),
    ] {
        assert_eq!(crons::posix(workers), posix);
    }
}

#[test]
fn a_field_of_another_type_is_said_with_what_it_has_to_be() {
    let worker =
        json!({ "main": 5, "vars": [], "routes": {}, "triggers": { "crons": "* * * * *" } });
    let (_, left) = import(worker, None);
    for (field, why) in [
        ("main", "expected the path of a module, found 5"),
        ("vars", "expected an object, found a list"),
        ("routes", "expected a list, found an object"),
        ("triggers.crons", "expected a list of texts, found a text"),
    ] {
        assert_eq!(said(&left, field), why);
    }
}
