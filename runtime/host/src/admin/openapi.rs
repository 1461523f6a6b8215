//! The OpenAPI document of the admin API, made of its table.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::body::Kind;
use super::endpoints::{Content, Described, ENDPOINTS, Endpoint};
use super::views::Failure;

/// The document: OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schemas = settings
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let mut paths = BTreeMap::<&str, Map<String, Value>>::new();
    for endpoint in ENDPOINTS {
        let responses: Map<_, _> = endpoint
            .answers
            .iter()
            .chain((!endpoint.is_open).then_some(&UNAUTHORIZED))
            .map(|answer| (answer.status.to_string(), response(answer, &mut schemas)))
            .collect();
        let operation = operation(endpoint, responses);
        let methods = paths.entry(endpoint.path).or_default();
        methods.insert(endpoint.method.as_str().to_lowercase(), operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "NANO's admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The \"token\" of \"admin\" in the configuration." },
            },
        },
    })
}

const UNAUTHORIZED: Described = Described {
    status: 401,
    meaning: "The token is missing or wrong.",
    content: Content::Json(schemars::SchemaGenerator::subschema_for::<Failure>),
};

fn operation(endpoint: &Endpoint, responses: Map<String, Value>) -> Value {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "responses": responses,
        "security": if endpoint.is_open { json!([]) } else { json!([{ "token": [] }]) },
    });
    if !endpoint.takes.is_empty() {
        let content = endpoint.takes.iter().map(|kind| {
            let schema = match kind {
                Kind::Json => json!({ "type": "object", "description": "The fields of an app, as in the configuration." }),
                Kind::Tar | Kind::Gzip => json!({ "type": "string", "format": "binary" }),
            };
            (kind.media_type().to_owned(), json!({ "schema": schema }))
        });
        operation["requestBody"] =
            json!({ "required": true, "content": content.collect::<Map<_, _>>() });
    }
    if endpoint.path.contains("{app}") {
        operation["parameters"] = json!([{
            "name": "app",
            "in": "path",
            "required": true,
            "description": "The app's name.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
        }]);
    }
    operation
}

fn response(answer: &Described, schemas: &mut schemars::SchemaGenerator) -> Value {
    let content = match answer.content {
        Content::Json(schema) => json!({ "application/json": { "schema": schema(schemas) } }),
        Content::Text(kind) => {
            let kind = kind.split(';').next().unwrap_or(kind);
            json!({ kind: { "schema": { "type": "string" } } })
        }
    };
    json!({ "description": answer.meaning, "content": content })
}
