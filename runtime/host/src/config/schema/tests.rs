//! The schema, the reader and the README say the same.

use std::path::Path;

use jsonc_parser::parse_to_serde_value;
use serde_json::{Value, json};

use super::super::read;
use super::{schema, settings_schema};

/// Whether the schema accepts a value.
fn accepts(value: &Value) -> Result<(), String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let added = compiler.add_resource("schema.json", schema());
    added.expect("the schema is JSON Schema");
    let index = compiler.compile("schema.json", &mut schemas);
    let index = index.expect("the schema is JSON Schema");
    let valid = schemas.validate(value, index);
    valid.map_err(|error| error.to_string())
}

/// The fields that the reader finds fault with.
fn faults(value: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.js"), "").expect("a file");
    let text = value.to_string();
    let read = read::read(Path::new("apps.json"), &text, folder.path(), None, &|_| {
        None
    });
    match read {
        Ok(_) => Vec::new(),
        Err(error) => error
            .diagnostics
            .iter()
            .map(|fault| fault.field.clone())
            .collect(),
    }
}

/// A configuration, in which `field` of the object at `place` is `value`.
fn with(place: &[&str], field: &str, value: Value) -> Value {
    let otlp = json!({ "endpoint": "http://localhost:4318" });
    let mut configuration = json!({ "otlp": otlp, "apps": [{ "name": "a", "path": "." }] });
    if place == ["apps_folder"] {
        configuration["apps_folder"] = json!({ "path": "." });
    }
    let mut at = &mut configuration;
    for part in place {
        at = match *part {
            "[0]" => &mut at[0],
            name => &mut at[name],
        };
        if at.is_null() {
            *at = json!({});
        }
    }
    at[field] = value;
    configuration
}

/// Calls `look` with the place, the name and the schema of every field.
fn each_field(look: &mut dyn FnMut(&[&str], &str, &Value)) {
    let schema = schema();
    each_field_of(&schema, &schema, &mut Vec::new(), look);
}

fn each_field_of<'s>(
    schema: &'s Value,
    object: &'s Value,
    place: &mut Vec<&'s str>,
    look: &mut dyn FnMut(&[&str], &str, &Value),
) {
    let properties = object["properties"].as_object();
    for (name, field) in properties.expect("an object's fields") {
        look(place, name, field);
        let outside = place.len();
        place.push(name);
        let field = match field.get("items") {
            Some(items) => {
                place.push("[0]");
                items
            }
            None => field,
        };
        if let Some(reference) = field["$ref"].as_str() {
            let path = reference.strip_prefix('#').expect("it is in the document");
            let inner = schema.pointer(path).expect("it is defined");
            each_field_of(schema, inner, place, look);
        }
        place.truncate(outside);
    }
}

fn full_name(place: &[&str], field: &str) -> String {
    let parts = place.iter().chain([&field]).copied();
    parts.collect::<Vec<_>>().join(".").replace(".[0]", "[0]")
}

#[test]
fn every_field_of_the_table_is_read() {
    let mut fields = 0;
    each_field(&mut |place, name, _| {
        fields += 1;
        // Nothing may be null: whoever reads the field says so.
        let wrong = with(place, name, Value::Null);
        let full = full_name(place, name);
        assert_eq!(faults(&wrong), [full.as_str()], "{wrong}");
        assert!(accepts(&wrong).is_err(), "the schema accepts {wrong}");
        let unknown = with(place, "no_such_field", json!(1));
        assert_eq!(faults(&unknown).len(), 1, "{unknown}");
        assert!(accepts(&unknown).is_err(), "the schema accepts {unknown}");
    });
    assert!(fields > 40, "only {fields} fields have been found");
}

#[test]
fn bounds_and_defaults_are_those_of_the_reader() {
    let mut bounds = 0;
    each_field(&mut |place, name, field| {
        let both = |value: Value, good: bool| {
            let configuration = with(place, name, value);
            let read = faults(&configuration);
            assert_eq!(read.is_empty(), good, "{configuration}: {read:?}");
            let accepted = accepts(&configuration);
            assert_eq!(accepted.is_ok(), good, "{configuration}: {accepted:?}");
        };
        if let (Some(least), Some(most)) = (field["minimum"].as_u64(), field["maximum"].as_u64()) {
            bounds += 1;
            both(json!(least), true);
            both(json!(most), true);
            both(json!(most + 1), false);
            if least > 0 {
                both(json!(least - 1), false);
            }
        }
        if let Some(words) = field["enum"].as_array() {
            words.iter().for_each(|word| both(word.clone(), true));
            both(json!("no such word"), false);
        }
        if let Some(default) = field.get("default") {
            both(default.clone(), true);
        }
    });
    assert!(bounds > 15, "only {bounds} fields have bounds");
}

#[test]
fn what_must_be_there_must_be_there_for_both() {
    for (configuration, missing) in [
        (json!({}), "apps"),
        (json!({ "apps": [{ "path": "." }] }), "apps[0].name"),
        (json!({ "apps": [{ "name": "a" }] }), "apps[0].path"),
        (
            json!({ "apps": [{ "name": "a", "path": ".", "env": { "A": {} } }] }),
            "apps[0].env.A",
        ),
        (json!({ "apps_folder": {} }), "apps_folder.path"),
    ] {
        assert_eq!(faults(&configuration), [missing]);
        assert!(accepts(&configuration).is_err(), "{configuration}");
    }
}

/// What an app's folder says is described by a schema of its own.
#[test]
fn the_settings_have_every_field_of_their_table() {
    let schema = settings_schema();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let added = compiler.add_resource("schema.json", schema.clone());
    added.expect("the schema is JSON Schema");
    let index = compiler.compile("schema.json", &mut schemas);
    let index = index.expect("the schema is JSON Schema");
    let accepts = |value: &Value| schemas.validate(value, index).is_ok();
    // The field that the reader finds fault with.
    let fault = |value: &Value| {
        let folder = tempfile::tempdir().expect("a folder");
        let app = folder.path().join("apps/a");
        std::fs::create_dir_all(&app).expect("folders");
        std::fs::write(app.join("index.js"), "").expect("a file");
        std::fs::write(app.join("nano.json"), value.to_string()).expect("a file");
        let text = r#"{ "apps_folder": { "path": "apps" } }"#;
        let read = read::read(Path::new("apps.json"), text, folder.path(), None, &|_| None);
        let config = read.expect("what is wrong is the app's affair");
        config.apps[0].fault.clone().map(|fault| fault.field)
    };
    assert_eq!((accepts(&json!({})), fault(&json!({}))), (true, None));
    let properties = schema["properties"].as_object().expect("fields");
    assert!(properties.len() > 5, "{properties:?}");
    for name in properties.keys() {
        let wrong = json!({ name: null });
        assert_eq!(fault(&wrong).as_deref(), Some(&**name));
        assert!(!accepts(&wrong), "the schema accepts {wrong}");
    }
    for field in ["name", "path", "port", "outbound", "paths", "unknown"] {
        let wrong = json!({ field: 1 });
        assert_eq!(fault(&wrong).as_deref(), Some(field));
        assert!(!accepts(&wrong), "the schema accepts {wrong}");
    }
}

/// A file of the repository.
fn text_of(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    std::fs::read_to_string(file).expect("it is there")
}

#[test]
fn the_example_is_a_configuration() {
    let example = parse_to_serde_value(&text_of("examples/apps.json"), &read::SYNTAX);
    assert_eq!(accepts(&example.expect("JSON")), Ok(()));
}

/// The example in the README, as a value.
fn readme() -> Value {
    let text = text_of("README.md");
    let (_, rest) = text
        .split_once("## The configuration\n")
        .expect("its section");
    let block = rest
        .lines()
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.starts_with("    "));
    let block = block.collect::<Vec<_>>().join("\n");
    parse_to_serde_value(&block, &read::SYNTAX).expect("the example is a configuration")
}

/// Nobody has to remember to write about a new field, or that a default has changed.
#[test]
fn the_readme_shows_every_field_with_its_default() {
    let readme = readme();
    assert_eq!(accepts(&readme), Ok(()));
    let shown = readme["apps"][0]["env"].as_object().expect("an example");
    for kind in ["text", "json", "secret", "service"] {
        let is_shown = shown.values().any(|binding| binding["type"] == kind);
        assert!(is_shown, "the README shows no binding of the type {kind}");
    }
    each_field(&mut |place, name, field| {
        // Limits are shown once; of two ways to say the same, one; and editors know the schema's address.
        let is_elsewhere = place.is_empty() && ["$schema", "listen"].contains(&name);
        if is_elsewhere || place.starts_with(&["defaults"]) {
            return;
        }
        let shown = place.iter().fold(&readme, |at, part| match *part {
            "[0]" => &at[0],
            name => &at[name],
        });
        let full = full_name(place, name);
        let shown = shown
            .get(name)
            .unwrap_or_else(|| panic!("the README does not show {full}"));
        if let Some(default) = field.get("default") {
            assert_eq!(shown, default, "the README shows another default of {full}");
        }
    });
}
