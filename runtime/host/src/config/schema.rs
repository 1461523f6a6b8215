//! JSON Schema of the configuration, made of the table of its fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::field::{AnyObject, object};
use super::fields::{App, Configuration, Settings};

/// The objects that a schema refers to.
pub(super) struct Definitions {
    /// Where they are: `#/$defs/`.
    place: &'static str,
    schemas: BTreeMap<&'static str, Value>,
}

impl Definitions {
    fn new(place: &'static str) -> Self {
        Self {
            place,
            schemas: BTreeMap::new(),
        }
    }

    /// A reference to an object, which is defined if it is not yet.
    pub(super) fn reference(&mut self, object: &dyn AnyObject) -> Value {
        let name = object.name();
        if !self.schemas.contains_key(name) {
            // It may refer to itself.
            self.schemas.insert(name, Value::Null);
            let schema = self.object(object);
            self.schemas.insert(name, schema);
        }
        json!({ "$ref": format!("{}{name}", self.place) })
    }

    fn object(&mut self, object: &dyn AnyObject) -> Value {
        let mut properties = Map::new();
        for field in object.fields() {
            let mut schema = field.schema(self);
            schema["description"] = text(field.doc()).into();
            if let Some(default) = field.default() {
                schema["default"] = default;
            }
            properties.insert(field.name().to_owned(), schema);
        }
        let fields = object.fields().iter();
        let required: Vec<_> = fields
            .filter(|field| field.is_required())
            .map(|field| field.name())
            .collect();
        json!({
            "type": "object",
            "description": text(object.doc()),
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

/// Documentation without the indentation of its lines.
fn text(doc: &str) -> String {
    let lines: Vec<_> = doc.lines().map(str::trim).collect();
    lines.join(" ")
}

/// The schema of a configuration: JSON Schema 2020-12. What it refuses, the reader refuses; the reader knows more, such as whether
/// folders are there and hostnames are unique.
pub fn schema() -> Value {
    let mut schema = document(object::<Configuration>(), "The configuration of NANO");
    let ways = [Configuration::APPS.name, Configuration::APPS_FOLDER.name];
    schema["anyOf"] = ways
        .map(|way| json!({ "required": [way] }))
        .into_iter()
        .collect();
    schema
}

/// The schema of what an app's folder says of it, `nano.json`, in the same way.
pub fn settings_schema() -> Value {
    document(
        object::<Settings>(),
        "The settings of an app in an apps folder of NANO",
    )
}

fn document(object: &dyn AnyObject, title: &str) -> Value {
    let mut definitions = Definitions::new("#/$defs/");
    let mut schema = definitions.object(object);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = title.into();
    schema["$defs"] = json!(definitions.schemas);
    schema
}

/// The schemas of an app and of what it consists of, by their names; they refer to each other at `place`.
pub(crate) fn app_schemas(place: &'static str) -> BTreeMap<&'static str, Value> {
    let mut definitions = Definitions::new(place);
    definitions.reference(object::<App>());
    definitions.schemas
}

#[cfg(test)]
mod tests;
