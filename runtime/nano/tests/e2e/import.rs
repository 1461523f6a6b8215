//! `nano import`: a Worker's `wrangler.jsonc` becomes a configuration that serves.

use std::fs;

use crate::support::{Nano, nano};

const WORKER: &str = r#"{
  // As wrangler writes it, with a comma too many.
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "shop",
  "main": "src/index.ts",
  "compatibility_date": "2026-11-01",
  "routes": [{ "pattern": "shop.test/*", "zone_name": "test" }],
  "vars": { "MODE": "production", "RATES": { "eur": 1 } },
  "services": [{ "binding": "SELF", "service": "shop" }],
  "triggers": { "crons": ["0 9 * * 2-6"] },
  "kv_namespaces": [{ "binding": "CACHE", "id": "1" }],
}"#;

const INDEX: &str = "export default {
  async fetch(request: Request, env: any): Promise<Response> {
    if (new URL(request.url).pathname === '/self') return env.SELF.fetch('http://shop/');
    return Response.json([env.MODE, env.RATES.eur, 'CACHE' in env]);
  },
};";

#[test]
fn a_worker_becomes_an_app() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("wrangler.jsonc"), WORKER).expect("a file");
    fs::create_dir(folder.path().join("src")).expect("a folder");
    fs::write(folder.path().join("src/index.ts"), INDEX).expect("a file");
    let import = || {
        let mut command = nano();
        let output = command.arg("import").current_dir(folder.path()).output();
        let output = output.expect("nano runs");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8(said).expect("text"),
        )
    };
    let (done, said) = import();
    assert!(done, "{said}");
    for part in [
        "apps.json has the app. Taken over: name, main, routes, vars (2), services (SELF), triggers.crons (1).",
        "kv_namespaces (CACHE): nothing here takes its place",
        "compatibility_date: there is one set of APIs",
        "nano check --config apps.json",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    // What is there already is left alone.
    let (done, said) = import();
    assert!(!done && said.contains("is there already"), "{said}");

    let mut serve = nano();
    let config = folder.path().join("apps.json");
    serve.arg("serve").arg("--config").arg(config);
    serve.args(["--port", "0"]);
    let nano = Nano::start(serve, Some(folder));
    for path in ["/", "/self"] {
        let response = nano.get("shop.test", path);
        assert_eq!(response.text(), "[\"production\",1,false]", "{path}");
    }
    assert_eq!(nano.get("other.test", "/").status, 404);
}

#[test]
fn what_is_no_worker_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text, what) in [
        ("wrangler.toml", "name = 'a'", "tomllib.load"),
        ("bad.jsonc", "{ \"name\": ", "is no JSON with comments"),
        ("list.jsonc", "[]", "has no object"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).expect("a file");
        let output = nano().arg("import").arg(file).output().expect("nano runs");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(!output.status.success() && said.contains(what), "{said}");
    }
    assert!(!folder.path().join("apps.json").exists());
    // The one that is there, of those that wrangler looks for.
    let here = || {
        let output = nano().arg("import").current_dir(folder.path()).output();
        let output = output.expect("nano runs");
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8(said).expect("text")
    };
    assert!(here().contains("wrangler.toml is TOML"), "{}", here());
    fs::write(folder.path().join("wrangler.json"), WORKER).expect("a file");
    fs::remove_file(folder.path().join("wrangler.toml")).expect("a file");
    let said = here();
    assert!(said.contains("Taken over: name"), "{said}");
    fs::remove_file(folder.path().join("wrangler.json")).expect("a file");
    let said = here();
    assert!(said.contains("there is no wrangler.json"), "{said}");
}
