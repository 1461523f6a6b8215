//! A response on its way to the app.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Version};
use http_body::Body as _;

use hyper::ext::ReasonPhrase;
use nano_engine::Handle;
use nano_worker::{Body, BodyError, BodyErrorKind, Cuttable, HttpResponse, PassedOn, SocketEnd};

use super::connection::{MAX_HEAD_BYTES, MAX_HEAD_FIELDS};
use super::decode::{self, Chunks};
use super::exchange::Exchange;
use super::failure::{Failure, innermost};
use super::integrity::matches_integrity;
use super::pool::Received;
use super::request_headers::ContentCoding;
use super::upgrade::upgrade;
use crate::fetch::gather::Room;
use crate::fetch::header_list::HeaderList;
use crate::fetch::response::is_null_body_status;
use crate::fetch::websocket::Opened;

/// A body that is here with its head, up to this size, is handed over as a whole.
const MAX_WHOLE_BODY_BYTES: usize = 64 << 10;

/// What may wait of a body that is read ahead of whoever wants it, as HTTP/2 and other apps do: nobody tells how much there is.
pub(super) const MAX_AHEAD_BYTES: usize = 128 << 10;

/// What a server answered.
pub(crate) struct Answer {
    /// The last URL of the redirects, without its fragment.
    pub(crate) url: String,
    /// How many requests it took, besides the first.
    pub(crate) redirects: u32,
    /// The status.
    pub(crate) status: StatusCode,
    /// The reason phrase; HTTP/2 has none.
    pub(crate) reason: Vec<u8>,
    /// The headers.
    pub(crate) headers: HeaderList,
    /// The body.
    pub(crate) body: AnswerBody,
    /// What its connection has become.
    pub(crate) socket: Option<Opened>,
}

/// A response's body.
pub(crate) enum AnswerBody {
    /// There can be none.
    Null,
    /// It has arrived.
    Bytes(Bytes),
    /// It arrives.
    Arriving(Arriving),
}

/// A body of which not all is here.
pub(crate) struct Arriving {
    /// The data.
    pub(crate) chunks: Cuttable,
    /// Its length, if that is known.
    pub(crate) length: Option<u64>,
    /// Who is told when it is passed on.
    pub(crate) passed_on: Option<PassedOn>,
    /// About how many bytes of it wait for whoever reads it.
    pub(crate) waiting: usize,
}

impl Answer {
    /// Takes over a response, which ends the exchange.
    pub(super) async fn receive(
        mut exchange: Exchange,
        response: http::Response<Incoming>,
    ) -> Result<Answer, Failure> {
        let (mut head, body) = response.into_parts();
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            // Boxed, so that what waits for other responses is small.
            let opened = Box::pin(upgrade(&mut exchange, &mut head, body)).await?;
            let reason = head.status.canonical_reason().unwrap_or_default().into();
            let answer = Answer::with(exchange, head, reason, AnswerBody::Null);
            return Ok(Answer {
                socket: Some(opened),
                ..answer
            });
        }
        // DEPARTURE: a phrase with bytes above 0x7F is empty. It would be isomorphic-decoded, but hyper's parser gives none of it.
        let reason = match head.extensions.get::<ReasonPhrase>() {
            Some(reason) => reason.as_bytes().to_vec(),
            None if head.version < Version::HTTP_2 => {
                head.status.canonical_reason().unwrap_or_default().into()
            }
            None => Vec::new(),
        };
        let has_none = exchange.method == Method::HEAD || is_null_body_status(head.status.as_u16());
        let body = if has_none {
            AnswerBody::Null
        } else if body.is_end_stream() {
            AnswerBody::Bytes(Bytes::new())
        } else {
            let (length, passed_on) = (body.length(), body.passed_on());
            // A connection of HTTP/1 reads no further than it is asked to, and its buffer has its own count.
            let ahead = match head.version < Version::HTTP_2 {
                true => 0,
                false => MAX_AHEAD_BYTES,
            };
            let codings =
                decode::codings(&head.headers).filter(|_| exchange.coding == ContentCoding::Decode);
            let (chunks, length) = match codings {
                None if exchange.integrity.is_empty()
                    && let Incoming::App(Body::Full(bytes)) = body =>
                {
                    return Ok(Answer::with(
                        exchange,
                        head,
                        reason,
                        AnswerBody::Bytes(bytes),
                    ));
                }
                None => (body.chunks(), length),
                Some(codings) => {
                    // DEPARTURE: the headers say what the app gets, as it may hand response and body on.
                    head.headers.remove(CONTENT_ENCODING);
                    head.headers.remove(CONTENT_LENGTH);
                    let isolate = exchange.isolate.as_ref();
                    (decode::decode(body.chunks(), codings, isolate), None)
                }
            };
            receive_body(
                chunks,
                (length, passed_on, ahead),
                &exchange.integrity,
                exchange.isolate.as_ref(),
            )
            .await?
        };
        let empty = match &body {
            AnswerBody::Bytes(bytes) => Some(bytes.as_ref()),
            AnswerBody::Null => Some(&[][..]),
            AnswerBody::Arriving(..) => None,
        };
        if empty.is_some_and(|bytes| !matches_integrity(bytes, &exchange.integrity)) {
            return Err(integrity_mismatch());
        }
        Ok(Answer::with(exchange, head, reason, body))
    }

    fn with(exchange: Exchange, head: Parts, reason: Vec<u8>, body: AnswerBody) -> Answer {
        let mut url = exchange.url;
        url.set_hash(None);
        let headers = head.headers.iter();
        Answer {
            url: url.href().to_owned(),
            redirects: exchange.redirects,
            status: head.status,
            reason,
            headers: headers
                .map(|(name, value)| (name.clone(), value.as_bytes().to_vec()))
                .collect(),
            body,
            socket: None,
        }
    }
}

/// The body of a response before anybody has looked at it.
pub(super) enum Incoming {
    /// Of a server.
    Server(Received),
    /// Of another app.
    App(Body),
    /// None, but a WebSocket of another app's.
    Socket(SocketEnd),
}

impl Incoming {
    /// The response of another app, of this name. Its head has the bounds of a server's.
    pub(super) fn of_app(
        response: HttpResponse,
        app: &str,
    ) -> Result<http::Response<Incoming>, Failure> {
        let field = |(name, value): &(HeaderName, HeaderValue)| name.as_str().len() + value.len();
        let reason = response.reason.as_ref().map_or(0, String::len);
        let bytes = reason + response.headers.iter().map(field).sum::<usize>();
        let fields = response.headers.len();
        if bytes > MAX_HEAD_BYTES || fields > MAX_HEAD_FIELDS {
            return Err(Failure::new(format!(
                "the head of the response of the app \"{app}\" is too large: it has {fields} header fields and {bytes} bytes, and may \
                 have {MAX_HEAD_FIELDS} and {MAX_HEAD_BYTES}"
            )));
        }
        let wrong =
            |error: http::Error| Failure::new(format!("HTTP has no such response: {error}"));
        let mut reply = http::Response::builder()
            .status(response.status)
            // It has the words of its status that the app has given it, or none.
            .version(Version::HTTP_2)
            .body(match response.socket {
                Some(socket) => Incoming::Socket(socket),
                None => Incoming::App(response.body),
            })
            .map_err(wrong)?;
        reply.headers_mut().extend(
            response
                .headers
                .into_iter()
                .map(|(name, value)| (Some(name), value)),
        );
        let reason = response
            .reason
            .map(|reason| reason.chars().map(|c| c as u8).collect::<Vec<_>>());
        if let Some(Ok(reason)) = reason.map(ReasonPhrase::try_from) {
            reply.extensions_mut().insert(reason);
        }
        Ok(reply)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Incoming::Server(body) => body.is_end_stream(),
            Incoming::App(body) => body.length() == Some(0),
            Incoming::Socket(_) => true,
        }
    }

    /// Its size, where that is known.
    fn length(&self) -> Option<u64> {
        match self {
            Incoming::Server(body) => body.size_hint().exact(),
            Incoming::App(body) => body.length(),
            Incoming::Socket(_) => Some(0),
        }
    }

    fn passed_on(&self) -> Option<PassedOn> {
        match self {
            Incoming::App(Body::Stream(stream)) => stream.passed_on(),
            _ => None,
        }
    }

    /// The data.
    pub(super) fn chunks(self) -> Chunks {
        match self {
            Incoming::Server(body) => chunks(body),
            Incoming::App(Body::Empty) | Incoming::Socket(_) => Box::pin(stream::empty()),
            Incoming::App(Body::Full(bytes)) => Box::pin(stream::iter([Ok(bytes)])),
            Incoming::App(Body::Stream(stream)) => Box::pin(stream),
        }
    }
}

/// The body is not the one that the app wants.
pub(crate) fn integrity_mismatch() -> Failure {
    Failure::new("the response does not match the request's integrity metadata")
}

/// The data of a server's body.
fn chunks(mut body: Received) -> Chunks {
    Box::pin(stream::poll_fn(move |context| {
        loop {
            let frame = ready!(Pin::new(&mut body).poll_frame(context));
            return Poll::Ready(match frame {
                None => None,
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => continue,
                    Ok(data) => Some(Ok(data)),
                    // Trailers: no API shows them.
                    Err(_) => continue,
                },
                Some(Err(error)) => {
                    let message =
                        format!("the response's body was cut short: {}", innermost(&error));
                    Some(Err(BodyError::new(BodyErrorKind::Disconnected, message)))
                }
            });
        }
    }))
}

async fn receive_body(
    mut chunks: Chunks,
    (length, passed_on, ahead): (Option<u64>, Option<PassedOn>, usize),
    integrity: &str,
    isolate: Option<&Handle>,
) -> Result<AnswerBody, Failure> {
    if !integrity.is_empty() {
        // Nothing of it may be seen before all of it was compared.
        let failed = |error: BodyError| Failure::new(error.to_string());
        let isolate = isolate.cloned();
        let mut room = isolate.map(|isolate| Room::for_body(isolate, length));
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(failed)?;
            if let Some(room) = &mut room {
                room.grow(chunk.len()).await.map_err(failed)?;
            }
            all.extend_from_slice(&chunk);
        }
        return Ok(AnswerBody::Bytes(all.into()));
    }
    // OPTIMIZATION: a small body is mostly here with its head. Then it is bytes, which need no stream.
    let mut here = VecDeque::new();
    let mut size = 0;
    while size < MAX_WHOLE_BODY_BYTES {
        match chunks.next().now_or_never() {
            None => break,
            Some(Some(Ok(chunk))) => {
                size += chunk.len();
                here.push_back(Ok(chunk));
            }
            Some(Some(Err(error))) => {
                here.push_back(Err(error));
                break;
            }
            Some(None) => return Ok(AnswerBody::Bytes(join(here))),
        }
    }
    for chunk in here.iter_mut().flatten() {
        *chunk = own(std::mem::take(chunk));
    }
    let chunks = stream::iter(here).chain(chunks);
    let all = length.and_then(|length| usize::try_from(length).ok());
    Ok(AnswerBody::Arriving(Arriving {
        chunks: Cuttable::new(chunks),
        length,
        passed_on,
        waiting: size.max(ahead).min(all.unwrap_or(usize::MAX)),
    }))
}

fn join(mut chunks: VecDeque<Result<Bytes, BodyError>>) -> Bytes {
    if chunks.len() == 1
        && let Some(Ok(only)) = chunks.pop_front()
    {
        return own(only);
    }
    chunks.into_iter().flatten().flatten().collect()
}

/// Bytes that do not keep a connection's buffer, in which there may have been large heads, for as long as the app keeps the response.
fn own(chunk: Bytes) -> Bytes {
    if chunk.len() < MAX_HEAD_BYTES / 2 {
        return Bytes::copy_from_slice(&chunk);
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn few_bytes_do_not_keep_the_buffer_that_they_came_in() {
        for is_whole in [true, false] {
            let buffer = Bytes::from(vec![0; MAX_HEAD_BYTES]);
            let chunk = stream::iter([Ok(buffer.slice(..1))]);
            let chunks: Chunks = match is_whole {
                true => Box::pin(chunk),
                false => Box::pin(chunk.chain(stream::pending())),
            };
            let body = receive_body(chunks, (None, None, 0), "", None).await;
            // Also before it is read.
            assert!(buffer.is_unique());
            match body.expect("a body") {
                AnswerBody::Bytes(bytes) => assert!(is_whole && bytes.len() == 1),
                AnswerBody::Arriving(arriving) => assert!(!is_whole && arriving.waiting == 1),
                AnswerBody::Null => panic!("there is a body"),
            }
        }
    }
}
