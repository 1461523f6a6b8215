//! Changes of apps: what a request wants, and what has become of it.

use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;

use super::answer::{Answer, failure, json};
use super::archive::unpack;
use super::body::Kind;
use super::views::{Change as Shown, Lasting};
use super::{Service, endpoints::Asked};
use crate::config::AppFields;
use crate::reload::{Change, ChangeError, ChangeKind, state_folder, versions_folder};

impl Service {
    /// Adds or replaces the app that the path names.
    pub(super) async fn put(self: Arc<Self>, asked: Asked) -> Answer {
        let _alone = self.changing.lock().await;
        let kind = match asked.kind {
            Some(Kind::Tar | Kind::Gzip) => self.deploy(&asked).await,
            _ => fields_of(&asked.body).map(ChangeKind::Put),
        };
        match kind {
            Ok(kind) => self.change(asked.app, kind).await,
            Err(refusal) => *refusal,
        }
    }

    /// Adds or replaces the app that the body names.
    pub(super) async fn post(self: Arc<Self>, asked: Asked) -> Answer {
        let fields = match fields_of(&asked.body) {
            Ok(fields) => fields,
            Err(refusal) => return *refusal,
        };
        let Some(name) = fields.get("name").and_then(|name| name.as_str()) else {
            let message =
                "the app has no \"name\": expected {\"name\": \"hello\", \"path\": \"/srv/hello\"}";
            return failure(StatusCode::UNPROCESSABLE_ENTITY, message);
        };
        let name = name.to_owned();
        let _alone = self.changing.lock().await;
        self.change(name, ChangeKind::Put(fields)).await
    }

    /// Removes the app that the path names.
    pub(super) async fn delete(self: Arc<Self>, asked: Asked) -> Answer {
        let _alone = self.changing.lock().await;
        self.change(asked.app, ChangeKind::Remove).await
    }

    /// Unpacks an app's files, where they can be served from.
    async fn deploy(&self, asked: &Asked) -> Result<ChangeKind, Box<Answer>> {
        let (state, _) = state_folder(&self.config(), self.ask.temporary()).map_err(refused)?;
        let versions = versions_folder(&state, &asked.app);
        // Rises with time, and sorts as text does.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let number = now.unwrap_or_default().as_micros();
        let folder = versions.join(format!("{number:020}"));
        let (archive, to) = (asked.body.clone(), folder.clone());
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &to)).await;
        match unpacked.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
            Ok(()) => Ok(ChangeKind::Deploy {
                folder,
                fields: hostnames(&asked.query),
            }),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let message = format!("the archive cannot be unpacked: {error}");
                Err(failure(StatusCode::INSUFFICIENT_STORAGE, message).into())
            }
            Err(error) => {
                let message = format!("the archive cannot be used: {error}");
                Err(failure(StatusCode::UNPROCESSABLE_ENTITY, message).into())
            }
        }
    }

    async fn change(&self, name: String, kind: ChangeKind) -> Answer {
        let folder = match &kind {
            ChangeKind::Deploy { folder, .. } => Some(folder.clone()),
            ChangeKind::Put(_) | ChangeKind::Remove => None,
        };
        match self.ask.change(Change { name, kind }).await {
            Ok(changed) => json(
                StatusCode::OK,
                &Lasting {
                    persistent: changed.is_lasting,
                    change: Shown::from(changed.applied),
                },
            ),
            Err(error) => {
                if let Some(folder) = folder {
                    // Nobody serves it; what cannot be removed is, with the next version.
                    let _ = tokio::fs::remove_dir_all(folder).await;
                }
                *refused(error)
            }
        }
    }
}

/// What a change that was not made means to the client.
fn refused(error: ChangeError) -> Box<Answer> {
    let status = match &error {
        ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
        ChangeError::Invalid(_) | ChangeError::DoesNotStart(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ChangeError::State { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        ChangeError::Off | ChangeError::Ending => StatusCode::SERVICE_UNAVAILABLE,
    };
    failure(status, error.to_string()).into()
}

fn fields_of(body: &Bytes) -> Result<AppFields, Box<Answer>> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body is not the JSON object of an app's fields: {error}");
        failure(StatusCode::UNPROCESSABLE_ENTITY, message).into()
    })
}

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
