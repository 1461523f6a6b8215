//! Changes of apps: what a request wants, and what has become of it.

use std::io;
use std::sync::Arc;

use http::StatusCode;

use super::Service;
use super::answer::{Answer, failure, json};
use super::archive::{Unpacked, unpack};
use super::body::{Body, Kind};
use super::endpoints::{Asked, Parameter};
use super::views::{Change as Shown, Lasting};
use crate::config::{AppFields, app_names, is_app_name};
use crate::reload::{
    Change, ChangeError, ChangeKind, Turn, next_version, state_folder, versions_folder,
};

impl Service {
    /// Adds or replaces the app that the path names.
    pub(super) async fn put(self: Arc<Self>, mut asked: Asked) -> Answer {
        if !is_app_name(&asked.app) {
            let message = format!("{:?} is no name for an app: use {}", asked.app, app_names());
            return failure(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        if let Some(body) = asked.body.take_if(|body| body.kind != Kind::Json) {
            return self.deploy(asked, body).await;
        }
        match fields_of(asked.body) {
            Ok(fields) => {
                let turn = self.ask.turn(asked.app).await;
                self.change(turn, ChangeKind::Put(fields)).await
            }
            Err(refusal) => *refusal,
        }
    }

    /// Adds or replaces the app that the body names.
    pub(super) async fn post(self: Arc<Self>, asked: Asked) -> Answer {
        let fields = match fields_of(asked.body) {
            Ok(fields) => fields,
            Err(refusal) => return *refusal,
        };
        let Some(name) = fields.get("name").and_then(|name| name.as_str()) else {
            let message =
                "the app has no \"name\": expected {\"name\": \"hello\", \"path\": \"/srv/hello\"}";
            return failure(StatusCode::UNPROCESSABLE_ENTITY, message);
        };
        let turn = self.ask.turn(name.to_owned()).await;
        self.change(turn, ChangeKind::Put(fields)).await
    }

    /// Removes the app that the path names.
    pub(super) async fn delete(self: Arc<Self>, asked: Asked) -> Answer {
        let turn = self.ask.turn(asked.app).await;
        self.change(turn, ChangeKind::Remove).await
    }

    /// Has an app be what an archive says. Archives of many files take their time, and hold nobody up.
    async fn deploy(&self, asked: Asked, archive: Body) -> Answer {
        let unpacked = match self.unpack(&asked.app, archive).await {
            Ok(unpacked) => unpacked,
            Err(refusal) => return *refusal,
        };
        let turn = self.ask.turn(asked.app).await;
        let version = next_version(unpacked.versions());
        match unpacked.keep(&version) {
            Ok(folder) => {
                let fields = hostnames(&asked.query);
                self.change(turn, ChangeKind::Deploy { folder, fields })
                    .await
            }
            Err(error) => *not_unpacked(error),
        }
    }

    /// Unpacks an app's files, where they can be served from.
    async fn unpack(&self, app: &str, archive: Body) -> Result<Unpacked, Box<Answer>> {
        let (state, _) = state_folder(&self.config(), self.ask.temporary()).map_err(refused)?;
        let versions = versions_folder(&state, app);
        let unpack = move || unpack(&archive.bytes, &versions);
        let unpacked = tokio::task::spawn_blocking(unpack).await;
        unpacked
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(not_unpacked)
    }

    async fn change(&self, turn: Turn, kind: ChangeKind) -> Answer {
        let folder = match &kind {
            ChangeKind::Deploy { folder, .. } => Some(folder.clone()),
            ChangeKind::Put(_) | ChangeKind::Remove => None,
        };
        match self.ask.change(Change { turn, kind }).await {
            Ok(changed) => json(
                StatusCode::OK,
                &Lasting {
                    persistent: changed.is_lasting,
                    change: Shown::from(changed.applied),
                },
            ),
            Err(error) => {
                if let Some(folder) = folder.filter(|_| !matches!(error, ChangeError::Stays { .. }))
                {
                    // Nobody serves it; what cannot be removed is, with the next version.
                    let _ = tokio::fs::remove_dir_all(&folder).await;
                    if let Some(versions) = folder.parent() {
                        // Where there is no other version: it was to be the app's first.
                        let _ = tokio::fs::remove_dir(versions).await;
                    }
                }
                *refused(error)
            }
        }
    }
}

/// What an archive that is not used means to the client.
fn not_unpacked(error: io::Error) -> Box<Answer> {
    let (status, message) = if error.kind() == io::ErrorKind::StorageFull {
        let message = format!("the archive cannot be unpacked: {error}");
        (StatusCode::INSUFFICIENT_STORAGE, message)
    } else {
        let message = format!("the archive cannot be used: {error}");
        (StatusCode::UNPROCESSABLE_ENTITY, message)
    };
    failure(status, message).into()
}

/// What a change that was not made means to the client.
fn refused(error: ChangeError) -> Box<Answer> {
    let status = match &error {
        ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
        ChangeError::Invalid(_) | ChangeError::DoesNotStart(_) | ChangeError::Stays { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ChangeError::State { error, .. } if error.kind() == io::ErrorKind::StorageFull => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        ChangeError::State { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        ChangeError::Off | ChangeError::Ending => StatusCode::SERVICE_UNAVAILABLE,
    };
    failure(status, error.to_string()).into()
}

fn fields_of(body: Option<Body>) -> Result<AppFields, Box<Answer>> {
    let text = body.as_ref().map_or(&[][..], |body| &body.bytes);
    serde_json::from_slice(text).map_err(|error| {
        let message = format!("the body is not the JSON object of an app's fields: {error}");
        failure(StatusCode::UNPROCESSABLE_ENTITY, message).into()
    })
}

/// What may stand in the query of a deployment.
pub(super) const QUERY: &[Parameter] = &[Parameter {
    name: "hostname",
    meaning: "A host that the app answers to, if it is new and its files are sent; else all that are nobody else's. An app that is there \
              already keeps its hosts: others than those are refused.",
    schema: || serde_json::json!({ "type": "array", "items": { "type": "string" } }),
}];

/// The fields of a new app: the hostnames that the query has.
fn hostnames(query: &str) -> AppFields {
    let names: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "hostname")
        .map(|(_, value)| value.into_owned())
        .collect();
    if names.is_empty() {
        return AppFields::new();
    }
    AppFields::from_iter([("hostname".to_owned(), names.into())])
}
