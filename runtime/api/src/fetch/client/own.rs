//! Requests of the host's own.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::{Request, Response};

use super::request_headers::ContentCoding;
use super::{AnswerBody, Arriving, Exchange, Failure, Outbound, RequestBody, Way};
use crate::bindings::types::RequestRedirect;

/// How much is kept of a response's body.
const MOST: usize = 64 << 10;

/// Sends a request to a URL, and receives the response with the beginning of its body.
pub(crate) fn own_request(
    outbound: Arc<Outbound>,
    url: &str,
    request: Request<Bytes>,
) -> impl Future<Output = Result<Response<Bytes>, Failure>> + use<> {
    let parsed =
        crate::url::url::parse(url, None).ok_or_else(|| Failure::new(format!("'{url}' is no URL")));
    async move {
        let (head, body) = request.into_parts();
        let exchange = Exchange {
            way: Way::Network,
            caller: None,
            outbound,
            isolate: None,
            method: head.method,
            url: parsed?,
            headers: head.headers,
            trace: None,
            origin: None,
            coding: ContentCoding::Keep,
            body: RequestBody::Bytes(body),
            redirect: RequestRedirect::Error,
            only_origin: None,
            integrity: String::new(),
            redirects: 0,
            redirects_left: 0,
            handshake: None,
            driven: None,
        };
        let answer = exchange.run().await?;
        let body = match answer.body {
            AnswerBody::Null => Bytes::new(),
            AnswerBody::Bytes(bytes) => bytes.slice(..bytes.len().min(MOST)),
            AnswerBody::Arriving(Arriving { mut chunks, .. }) => {
                let mut all = BytesMut::new();
                while all.len() < MOST
                    && let Some(chunk) = chunks.next().await
                {
                    let chunk = chunk.map_err(|error| Failure::new(error.to_string()))?;
                    all.extend_from_slice(&chunk[..chunk.len().min(MOST - all.len())]);
                }
                all.freeze()
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        for (name, value) in answer.headers.iter() {
            if let Ok(value) = http::HeaderValue::from_bytes(value) {
                response.headers_mut().append(name.clone(), value);
            }
        }
        Ok(response)
    }
}
