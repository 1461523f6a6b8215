//! `nano import`: a configuration for a Worker, of its `wrangler.jsonc`.
//!
//! Source: <https://developers.cloudflare.com/workers/wrangler/configuration/>. What is not taken over is told, field by field.

mod crons;
mod routes;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use nano_host::config::{CronExpression, is_app_name};
use serde_json::{Map, Value, json};

use crate::init::{name_of, write_new};
use crate::shell::print;

/// What Cloudflare's network and tools alone have a use for.
const CLOUDFLARE: &str = "of Cloudflare's network and tools";
const BUNDLER: &str = "of wrangler's bundler; bundle packages beforehand, say with esbuild";
const OBSERVABILITY: &str =
    "see `log` and `otlp` of the configuration, and /metrics of the admin API";
const STATIC: &str = "static files are for an app to answer with, or for a server in front of NANO";
const NOTHING: &str = "nothing here takes its place";

/// Fields that are known and not taken over, with what there is to say.
const LEFT: &[(&str, &str)] = &[
    ("account_id", CLOUDFLARE),
    ("ai", NOTHING),
    ("alias", BUNDLER),
    ("analytics_engine_datasets", NOTHING),
    ("assets", STATIC),
    ("base_dir", BUNDLER),
    ("browser", NOTHING),
    ("build", BUNDLER),
    ("compatibility_date", "there is one set of APIs"),
    (
        "compatibility_flags",
        "there is one set of APIs; Node's modules are none of it",
    ),
    ("containers", NOTHING),
    ("d1_databases", NOTHING),
    ("data_blobs", BUNDLER),
    ("define", BUNDLER),
    ("dev", CLOUDFLARE),
    ("dispatch_namespaces", NOTHING),
    ("durable_objects", NOTHING),
    ("find_additional_modules", BUNDLER),
    ("hyperdrive", NOTHING),
    ("images", NOTHING),
    ("keep_vars", CLOUDFLARE),
    ("kv_namespaces", NOTHING),
    ("logpush", OBSERVABILITY),
    ("migrations", NOTHING),
    ("minify", BUNDLER),
    ("mtls_certificates", NOTHING),
    ("no_bundle", BUNDLER),
    ("observability", OBSERVABILITY),
    ("pipelines", NOTHING),
    ("placement", CLOUDFLARE),
    ("preserve_file_names", BUNDLER),
    ("preview_urls", CLOUDFLARE),
    ("queues", NOTHING),
    ("r2_buckets", NOTHING),
    ("ratelimits", NOTHING),
    ("rules", BUNDLER),
    ("secrets_store_secrets", NOTHING),
    ("send_email", NOTHING),
    ("send_metrics", CLOUDFLARE),
    ("site", STATIC),
    ("tail_consumers", OBSERVABILITY),
    ("text_blobs", BUNDLER),
    ("tsconfig", BUNDLER),
    ("unsafe", NOTHING),
    ("upload_source_maps", CLOUDFLARE),
    ("usage_model", CLOUDFLARE),
    ("vectorize", NOTHING),
    ("version_metadata", NOTHING),
    ("wasm_modules", BUNDLER),
    ("workers_dev", CLOUDFLARE),
    ("workflows", NOTHING),
];

/// What an environment does not have of the Worker around it.
const OWN: &[&str] = &[
    "ai",
    "analytics_engine_datasets",
    "browser",
    "d1_databases",
    "define",
    "dispatch_namespaces",
    "durable_objects",
    "hyperdrive",
    "images",
    "kv_namespaces",
    "mtls_certificates",
    "pipelines",
    "queues",
    "r2_buckets",
    "ratelimits",
    "secrets_store_secrets",
    "send_email",
    "services",
    "tail_consumers",
    "unsafe",
    "vars",
    "vectorize",
    "version_metadata",
    "workflows",
];

type Fields = Map<String, Value>;

/// Fields that are taken over, and what they have to be.
const TAKEN: &[(&str, &str)] = &[
    ("env", "an object of environments"),
    ("limits", "an object"),
    ("main", "the path of a module"),
    ("name", "a text"),
    ("routes", "a list"),
    ("services", "a list"),
    ("triggers", "an object"),
    ("vars", "an object"),
];

/// What wrangler looks for, in its order.
const FILES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// Writes `apps.json` beside a `wrangler.jsonc`, and says what has become of its fields.
pub(crate) fn import(file: Option<&Path>, environment: Option<&str>) -> anyhow::Result<()> {
    let found = || FILES.map(Path::new).into_iter().find(|file| file.exists());
    let Some(file) = file.or_else(found) else {
        bail!(
            "there is no {} here: name the Worker's file, nano import FILE",
            FILES.join(", no ")
        );
    };
    let shown = file.display();
    if file.extension().is_some_and(|ending| ending == "toml") {
        bail!(
            "{shown} is TOML, and nano reads JSON. With Python 3.11 or later:\n\n    python3 -c 'import json, sys, tomllib; \
             json.dump(tomllib.load(sys.stdin.buffer), sys.stdout, default=str)' < {shown} > {json}\n    nano import {json}",
            json = file.with_extension("json").display()
        );
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let worker: Value = jsonc_parser::parse_to_serde_value(text, &Default::default())
        .with_context(|| format!("{shown} is no JSON with comments"))?;
    let Value::Object(worker) = worker else {
        bail!("{shown} has no object; expected the fields of a Worker");
    };
    // "wrangler.jsonc" has the parent "".
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut imported = Imported::of(&worker, environment).with_context(|| shown.to_string())?;
    if !imported.app.contains_key("name") {
        let folder = fs::canonicalize(if folder == Path::new("") {
            Path::new(".")
        } else {
            folder
        })?;
        let name = folder.file_name().and_then(|name| name.to_str());
        imported.set("name", name_of(name.unwrap_or_default()).into());
    }
    for secrets in [".dev.vars", ".env"] {
        if folder.join(secrets).exists() {
            let why = "texts that wrangler takes while you develop; see `secret` below";
            imported.leave(secrets, why);
        }
    }
    let target = folder.join("apps.json");
    write_new(&target, &imported.configuration())?;
    print(&imported.report(&target));
    Ok(())
}

/// What has become of a Worker's fields.
struct Imported {
    /// The app's fields, in any order.
    app: Fields,
    taken: Vec<String>,
    /// What was not taken over, or not as it was, and why.
    left: Vec<(String, String)>,
}

impl Imported {
    /// # Errors
    /// The Worker has no such environment.
    fn of(worker: &Fields, environment: Option<&str>) -> anyhow::Result<Self> {
        let mut imported = Self {
            app: Fields::new(),
            taken: Vec::new(),
            left: Vec::new(),
        };
        imported.set("path", ".".into());
        let fields = match environment {
            Some(name) => of_environment(worker, name)?,
            None => worker.clone(),
        };
        for (field, value) in &fields {
            imported.field(field, value);
        }
        if !fields.contains_key("main") {
            imported.leave("main", "there is none: name the module in `entry`");
        }
        Ok(imported)
    }

    fn field(&mut self, field: &str, value: &Value) {
        match (field, value) {
            ("$schema", _) => {}
            ("name", Value::String(name)) => {
                let own = name_of(name);
                if own != *name {
                    self.leave(
                        field,
                        format!("{name:?} is no app's name here: it is {own:?}"),
                    );
                }
                self.take(field);
                self.set("name", own.into());
            }
            ("main", Value::String(main)) => self.main(main),
            ("vars", Value::Object(vars)) => {
                self.take(format!("vars ({})", vars.len()));
                for (name, value) in vars {
                    self.bind(name, variable(value));
                }
            }
            ("services", Value::Array(services)) => {
                for service in services {
                    self.service(service);
                }
            }
            ("triggers", Value::Object(triggers)) => {
                for (name, value) in triggers {
                    match (name.as_str(), value) {
                        ("crons", Value::Array(crons)) => self.crons(crons),
                        ("crons", other) => {
                            self.leave("triggers.crons", mistyped("a list of texts", other));
                        }
                        _ => self.leave(format!("triggers.{name}"), NOTHING),
                    }
                }
            }
            ("limits", Value::Object(limits)) => {
                for (name, value) in limits {
                    self.limit(name, value);
                }
            }
            ("route", route) => self.routes(field, std::slice::from_ref(route)),
            ("routes", Value::Array(routes)) => self.routes(field, routes),
            ("env", Value::Object(environments)) => {
                if !environments.is_empty() {
                    let names: Vec<&str> = environments.keys().map(String::as_str).collect();
                    let names = names.join(", ");
                    let why = format!("import one of its environments with --env: {names}");
                    self.leave(field, why);
                }
            }
            _ => {
                if let Some((_, expected)) = TAKEN.iter().find(|(name, _)| *name == field) {
                    return self.leave(field, mistyped(expected, value));
                }
                let known = LEFT.iter().find(|(name, _)| *name == field);
                let why = known.map_or("nano knows no such field", |(_, why)| *why);
                let names = names(value).join(", ");
                match names.is_empty() {
                    true => self.leave(field, why),
                    false => self.leave(format!("{field} ({names})"), why),
                }
            }
        }
    }

    fn main(&mut self, main: &str) {
        let plain = main.trim_start_matches("./");
        if plain.starts_with('/') || plain.split('/').any(|part| part == "..") {
            let why = format!("{main:?} is not below the folder: set `path` and `entry`");
            return self.leave("main", why);
        }
        self.take("main");
        self.set("entry", plain.into());
    }

    /// One binding of `services`.
    fn service(&mut self, service: &Value) {
        let text = |field| service.get(field).and_then(Value::as_str);
        let (Some(binding), Some(app)) = (text("binding"), text("service")) else {
            return self.leave("services", "one has no `binding` and `service`");
        };
        let field = format!("services ({binding})");
        if !is_app_name(app) {
            let why = format!("{app:?} is no app's name here: give it one, and bind that");
            return self.leave(field, why);
        }
        self.bind(binding, json!({ "type": "service", "app": app }));
        let is_itself = self.app.get("name").and_then(Value::as_str) == Some(app);
        if !is_itself {
            let why = format!("{app:?} has to be another app of the configuration: add it");
            self.leave(field.as_str(), why);
        }
        for other in ["entrypoint", "environment", "props"] {
            if service.get(other).is_some() {
                let why = format!("`{other}`: an app has one entry point, and no props");
                self.leave(field.as_str(), why);
            }
        }
        self.take(field);
    }

    fn crons(&mut self, crons: &[Value]) {
        let mut own = Vec::new();
        for cron in crons {
            let text = cron.as_str().unwrap_or_default();
            let posix = crons::posix(text);
            match posix.parse::<CronExpression>() {
                Ok(_) => own.push(Value::from(posix)),
                Err(error) => self.leave("triggers.crons", error.to_string()),
            }
        }
        if !own.is_empty() {
            self.take(format!("triggers.crons ({})", own.len()));
            self.set("crons", own.into());
        }
    }

    fn limit(&mut self, name: &str, value: &Value) {
        let own = match name {
            "cpu_ms" => "request_cpu_ms",
            "subrequests" => "subrequests",
            _ => return self.leave(format!("limits.{name}"), NOTHING),
        };
        self.take(format!("limits.{name}"));
        if let Value::Object(limits) = self.entry("limits") {
            limits.insert(own.to_owned(), value.clone());
        }
    }

    fn routes(&mut self, field: &str, routes: &[Value]) {
        let (hosts, paths, notes) = routes::read(routes);
        for (pattern, why) in notes {
            self.leave(format!("{field} ({pattern})"), why);
        }
        if !hosts.is_empty() {
            self.take(field);
            self.set("hostname", one_or_all(hosts));
        }
        if !paths.is_empty() {
            self.set("paths", one_or_all(paths));
        }
    }

    /// A member of `env`.
    fn bind(&mut self, name: &str, value: Value) {
        if let Value::Object(env) = self.entry("env") {
            env.insert(name.to_owned(), value);
        }
    }

    /// A field of the app that is an object.
    fn entry(&mut self, field: &str) -> &mut Value {
        self.app
            .entry(field)
            .or_insert_with(|| Value::Object(Fields::new()))
    }

    fn set(&mut self, field: &str, value: Value) {
        self.app.insert(field.to_owned(), value);
    }

    fn take(&mut self, field: impl Into<String>) {
        self.taken.push(field.into());
    }

    fn leave(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.left.push((field.into(), why.into()));
    }

    /// The text of `apps.json`.
    fn configuration(&self) -> String {
        let order = [
            "name", "hostname", "paths", "path", "entry", "env", "crons", "limits",
        ];
        let fields = order
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), self.app.get(*field)?.clone())));
        let app = Value::Object(fields.collect());
        format!("{:#}\n", json!({ "port": 8080, "apps": [app] }))
    }

    fn report(&self, target: &Path) -> String {
        let mut report = format!(
            "{} has the app. Taken over: {}.\n",
            target.display(),
            match self.taken.is_empty() {
                true => "nothing".to_owned(),
                false => self.taken.join(", "),
            }
        );
        if !self.left.is_empty() {
            report.push_str("\nNot taken over, or to be looked at:\n");
            for (field, why) in &self.left {
                report.push_str(&format!("  {field}: {why}\n"));
            }
        }
        report.push_str(&format!(
            "\nSecrets are in no file of wrangler's: add each to `env` as {{ \"type\": \"secret\", \"file\": \"…\" }}.\n\
             Then try it:\n\n    nano check --config {}",
            target.display()
        ));
        report
    }
}

/// The fields of a Worker in one of its environments.
fn of_environment(worker: &Fields, name: &str) -> anyhow::Result<Fields> {
    let environments = worker.get("env").and_then(Value::as_object);
    let own = environments.and_then(|all| all.get(name));
    let Some(own) = own.and_then(Value::as_object) else {
        let names = environments.into_iter().flat_map(Fields::keys);
        let names: Vec<&str> = names.map(String::as_str).collect();
        bail!(
            "there is no environment {name:?}; found: {}",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        );
    };
    let inherited = worker.iter().filter(|(field, _)| {
        *field != "env" && !OWN.contains(&field.as_str()) && !own.contains_key(field.as_str())
    });
    let mut fields: Fields = inherited
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    if let Some(Value::String(all)) = fields.get_mut("name") {
        *all = format!("{all}-{name}");
    }
    fields.extend(own.clone());
    Ok(fields)
}

/// Why a field of another type than it has to be is left.
fn mistyped(expected: &str, found: &Value) -> String {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => found.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    format!("expected {expected}, found {found}")
}

/// A variable as a member of `env`.
fn variable(value: &Value) -> Value {
    match value {
        // In the configuration, `${` begins a variable of the process's environment.
        Value::String(text) => text.replace("${", "$${").into(),
        value => json!({ "type": "json", "value": value }),
    }
}

/// One text, or a list of them.
fn one_or_all(mut texts: Vec<String>) -> Value {
    match texts.pop() {
        Some(only) if texts.is_empty() => only.into(),
        last => texts.into_iter().chain(last).collect(),
    }
}

/// The names of bindings in a field's value.
fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().flat_map(names).collect(),
        Value::Object(fields) => {
            let name = ["binding", "name"]
                .iter()
                .find_map(|field| fields.get(*field));
            match name.and_then(Value::as_str) {
                Some(name) => vec![name],
                None => fields.values().flat_map(names).collect(),
            }
        }
        _ => Vec::new(),
    }
}
