//! Bodies of requests to the admin API.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Answer, failure};
use super::archive::MAX_ARCHIVE;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The fields of an app.
    Json,
    /// A scheduled event, which need not be described.
    Event,
    /// An app's folder.
    Tar,
    Gzip,
}

impl Kind {
    /// What makes an app.
    pub(super) const OF_APPS: [Self; 3] = [Self::Json, Self::Tar, Self::Gzip];

    /// Its media type.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Event => "application/json",
            Self::Tar => "application/x-tar",
            Self::Gzip => "application/gzip",
        }
    }

    /// How many bytes it may have.
    fn limit(self) -> u64 {
        match self {
            Self::Json | Self::Event => 1 << 20,
            Self::Tar | Self::Gzip => MAX_ARCHIVE,
        }
    }

    /// Whether there may be none.
    pub(super) fn is_optional(self) -> bool {
        self == Self::Event
    }

    /// Which of these kinds a request's head says that it is.
    fn of(headers: &HeaderMap, kinds: &[Self]) -> Option<Self> {
        let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let given = given.split(';').next().unwrap_or(given).trim();
        let is_it = |kind: &&Self| kind.media_type().eq_ignore_ascii_case(given);
        kinds.iter().find(is_it).copied()
    }
}

/// Reads bodies, a few at a time.
#[derive(Debug)]
pub(super) struct Reader {
    /// Of archives.
    large: Arc<Semaphore>,
    small: Arc<Semaphore>,
}

/// So many archives are in memory at a time, which may have 64 MiB each; others wait.
const LARGE: usize = 2;
/// The same of what has 1 MiB at most.
const SMALL: usize = 16;
/// A body that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(60);

impl Default for Reader {
    fn default() -> Self {
        Self {
            large: Arc::new(Semaphore::new(LARGE)),
            small: Arc::new(Semaphore::new(SMALL)),
        }
    }
}

/// A body that has been read. To be dropped as soon as it is of no more use: others wait for its place.
pub(super) struct Body {
    pub(super) kind: Kind,
    pub(super) bytes: Bytes,
    /// Its place among those in memory.
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// Reads a body of one of these kinds.
    ///
    /// # Errors
    /// It has another type, is larger than its kind may be, or takes too long; or its client has gone.
    pub(super) async fn read<B>(
        &self,
        request: Request<B>,
        kinds: &[Kind],
    ) -> Result<Body, Box<Answer>>
    where
        B: HttpBody<Error: std::error::Error + Send + Sync + 'static>,
    {
        let Some(kind) = Kind::of(request.headers(), kinds) else {
            let types: Vec<_> = kinds.iter().map(|kind| kind.media_type()).collect();
            let message = format!("send a body with the Content-Type {}", types.join(" or "));
            return Err(failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into());
        };
        let places = match kind {
            Kind::Json | Kind::Event => &self.small,
            Kind::Tar | Kind::Gzip => &self.large,
        };
        let Ok(place) = places.clone().acquire_owned().await else {
            // It is never closed.
            return Err(failure(StatusCode::SERVICE_UNAVAILABLE, "the process is ending").into());
        };
        let limit = usize::try_from(kind.limit()).unwrap_or(usize::MAX);
        let body = Limited::new(request.into_body(), limit).collect();
        match tokio::time::timeout(PATIENCE, body).await {
            Ok(Ok(body)) => Ok(Body {
                kind,
                bytes: body.to_bytes(),
                _place: place,
            }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let message = format!("a body of this type may have {limit} bytes");
                Err(failure(StatusCode::PAYLOAD_TOO_LARGE, message).into())
            }
            Ok(Err(error)) => {
                let message = format!("the body cannot be read: {error}");
                Err(failure(StatusCode::BAD_REQUEST, message).into())
            }
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                let message = format!("the body has not come within {seconds} s");
                Err(failure(StatusCode::REQUEST_TIMEOUT, message).into())
            }
        }
    }
}
