//! Bodies of requests to the admin API.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::answer::{Answer, failure};
use super::archive::MAX_ARCHIVE;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The fields of an app.
    Json,
    /// An app's folder.
    Tar,
    Gzip,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Json, Self::Tar, Self::Gzip];

    /// Its media type.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Tar => "application/x-tar",
            Self::Gzip => "application/gzip",
        }
    }

    /// How many bytes it may have.
    fn limit(self) -> u64 {
        match self {
            Self::Json => 1 << 20,
            Self::Tar | Self::Gzip => MAX_ARCHIVE,
        }
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let given = given.split(';').next().unwrap_or(given).trim();
        let kind = Self::ALL.into_iter();
        kind.into_iter()
            .find(|kind| kind.media_type().eq_ignore_ascii_case(given))
    }
}

/// Reads a body of one of these kinds.
///
/// # Errors
/// It has another type, or is larger than its kind may be; or its client has gone.
pub(super) async fn read<B>(
    request: Request<B>,
    kinds: &[Kind],
) -> Result<(Kind, Bytes), Box<Answer>>
where
    B: Body<Error: std::error::Error + Send + Sync + 'static>,
{
    let Some(kind) = Kind::of(request.headers()).filter(|kind| kinds.contains(kind)) else {
        let types: Vec<_> = kinds.iter().map(|kind| kind.media_type()).collect();
        let message = format!("send a body with the Content-Type {}", types.join(" or "));
        return Err(failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into());
    };
    let limit = usize::try_from(kind.limit()).unwrap_or(usize::MAX);
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok((kind, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("a body of this type may have {limit} bytes");
            Err(failure(StatusCode::PAYLOAD_TOO_LARGE, message).into())
        }
        Err(error) => {
            let message = format!("the body cannot be read: {error}");
            Err(failure(StatusCode::BAD_REQUEST, message).into())
        }
    }
}
