//! Bodies of requests to the admin API.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use nano_worker::{Pace, Patience};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

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
/// A body that takes longer is given up,
const LONGEST: Duration = Duration::from_secs(60);
/// and one that comes more slowly: it keeps others from their places.
const PACE: Pace = Pace {
    stall: Duration::from_secs(5),
    min_rate: 64 << 10,
};

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
        match tokio::time::timeout(LONGEST, whole(request.into_body(), limit)).await {
            Ok(bytes) => Ok(Body {
                kind,
                bytes: bytes?,
                _place: place,
            }),
            Err(_) => {
                let seconds = LONGEST.as_secs();
                let message = format!("the body has not come within {seconds} s");
                Err(failure(StatusCode::REQUEST_TIMEOUT, message).into())
            }
        }
    }
}

/// All of a body, which may have so many bytes.
async fn whole<B>(body: B, limit: usize) -> Result<Bytes, Box<Answer>>
where
    B: HttpBody<Error: std::error::Error + Send + Sync + 'static>,
{
    let mut body = pin!(Limited::new(body, limit));
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(limit);
    let mut bytes = BytesMut::with_capacity(expected.min(limit));
    let mut patience = Patience::new(PACE);
    loop {
        let began = Instant::now();
        let frame = match tokio::time::timeout(patience.left(), body.frame()).await {
            Ok(None) => return Ok(bytes.freeze()),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) if error.is::<LengthLimitError>() => {
                let message = format!("a body of this type may have {limit} bytes");
                return Err(failure(StatusCode::PAYLOAD_TOO_LARGE, message).into());
            }
            Ok(Some(Err(error))) => {
                let message = format!("the body cannot be read: {error}");
                return Err(failure(StatusCode::BAD_REQUEST, message).into());
            }
            Err(_) => {
                let (seconds, rate) = (PACE.stall.as_secs(), PACE.min_rate >> 10);
                let message = format!(
                    "the body comes too slowly: fewer than {rate} KiB per second for {seconds} s"
                );
                return Err(failure(StatusCode::REQUEST_TIMEOUT, message).into());
            }
        };
        patience.spend(began.elapsed());
        if let Ok(data) = frame.into_data() {
            patience.earn(data.remaining());
            bytes.put(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    /// What is answered to a body of which so many bytes come in each second, and so many in all; and after how many seconds.
    async fn read(rate: usize, all: usize) -> (Result<usize, StatusCode>, u64) {
        let chunks = stream::unfold(all, move |left| async move {
            let chunk = left.min(rate);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let frame = Frame::data(Bytes::from(vec![0; chunk]));
            (left > 0).then_some((Ok::<_, Infallible>(frame), left - chunk))
        });
        let request = Request::builder().header(CONTENT_TYPE, Kind::Tar.media_type());
        let request = request.body(StreamBody::new(chunks)).expect("a request");
        let began = Instant::now();
        let read = Reader::default().read(request, &Kind::OF_APPS).await;
        let read = read.map(|body| body.bytes.len());
        let read = read.map_err(|answer| answer.status());
        (read, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_slowly_leaves_the_place_to_others() {
        const MIB: usize = 1 << 20;
        let slow = Err(StatusCode::REQUEST_TIMEOUT);
        assert_eq!(read(MIB, 5 * MIB).await, (Ok(5 * MIB), 6));
        assert_eq!(read(64 << 10, 3 * MIB).await, (Ok(3 * MIB), 49));
        assert_eq!(read(1, MIB).await, (slow, 5));
        assert_eq!(read(32 << 10, 3 * MIB).await, (slow, 9));
        assert_eq!(read(MIB, 62 * MIB).await, (slow, 60));
        let (large, _) = read(20 * MIB, 65 * MIB).await;
        assert_eq!(large, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
