//! The OpenAPI document of the admin API, made of its table.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::body::Kind;
use super::endpoints::{Content, Described, ENDPOINTS, Endpoint};
use super::views::{Event, Failure};
use crate::config::app_schemas;

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
        let operation = operation(endpoint, responses, &mut schemas);
        let methods = paths.entry(endpoint.path).or_default();
        methods.insert(endpoint.method.as_str().to_lowercase(), operation);
    }
    let mut components = schemas.take_definitions(true);
    for (name, schema) in app_schemas(COMPONENTS) {
        let twin = components.insert(name.to_owned(), schema);
        debug_assert!(twin.is_none(), "two schemas are called {name}");
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
            "schemas": components,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The \"token\" of \"admin\" in the configuration." },
            },
        },
    })
}

/// Where the schemas are in the document.
const COMPONENTS: &str = "#/components/schemas/";

/// An app's fields, as in the configuration. Where the path names the app, the body need not.
fn app_schema(endpoint: &Endpoint) -> Value {
    if endpoint.path.contains(APP) {
        let mut app = app_schemas(COMPONENTS).remove("App").unwrap_or_default();
        app["required"] = json!(["path"]);
        return app;
    }
    json!({ "$ref": format!("{COMPONENTS}App") })
}

/// The part of a path that names an app.
const APP: &str = "{app}";

const UNAUTHORIZED: Described = Described {
    status: 401,
    meaning: "The token is missing or wrong.",
    content: Content::Json(SchemaGenerator::subschema_for::<Failure>),
};

fn operation(
    endpoint: &Endpoint,
    responses: Map<String, Value>,
    schemas: &mut SchemaGenerator,
) -> Value {
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "responses": responses,
        "security": if endpoint.is_open { json!([]) } else { json!([{ "token": [] }]) },
    });
    if !endpoint.takes.is_empty() {
        let content = endpoint.takes.iter().map(|kind| {
            let schema = match kind {
                Kind::Json => app_schema(endpoint),
                Kind::Event => schemas.subschema_for::<Event>().to_value(),
                Kind::Tar | Kind::Gzip => json!({ "type": "string", "format": "binary" }),
            };
            (kind.media_type().to_owned(), json!({ "schema": schema }))
        });
        operation["requestBody"] = json!({ "required": !endpoint.takes.iter().all(|kind| kind.is_optional()), "content": content.collect::<Map<_, _>>() });
    }
    let query = endpoint.query.iter().map(|parameter| {
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.meaning,
            "schema": (parameter.schema)(),
        })
    });
    let app = endpoint.path.contains(APP).then(|| {
        json!({
            "name": "app",
            "in": "path",
            "required": true,
            "description": "The app's name.",
            "schema": app_schemas(COMPONENTS)["App"]["properties"]["name"],
        })
    });
    operation["parameters"] = app.into_iter().chain(query).collect();
    operation
}

fn response(answer: &Described, schemas: &mut SchemaGenerator) -> Value {
    let content = match answer.content {
        Content::Json(schema) => json!({ "application/json": { "schema": schema(schemas) } }),
        Content::Text(kind) => {
            let kind = kind.split(';').next().unwrap_or(kind);
            json!({ kind: { "schema": { "type": "string" } } })
        }
    };
    json!({ "description": answer.meaning, "content": content })
}
