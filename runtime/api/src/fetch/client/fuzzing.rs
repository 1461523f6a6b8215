//! See [`crate::fuzzing`].

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HeaderValue};

use super::decode::{codings, decode};
use crate::fuzzing::input::{Input, cut};

/// The most bytes that are made of a case.
const MOST: usize = 1 << 20;

/// A `Content-Encoding` and a body. What it is does not depend on how it is cut.
pub fn content_codings(case: &[u8]) {
    let mut input = Input::new(case);
    let (size, line) = (input.byte(), input.line());
    let body = input.rest();
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(line) {
        headers.append(CONTENT_ENCODING, value);
    }
    let Some(codings) = codings(&headers) else {
        return;
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("{error}"),
    };
    let decoded = |size: u8| {
        let pieces: Vec<_> = cut(body, size)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut chunks = decode(Box::pin(stream::iter(pieces)), codings.clone(), None);
        runtime.block_on(async {
            let mut all = Vec::new();
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(chunk) => all.extend_from_slice(&chunk),
                    Err(_) => return (None, false),
                }
                if all.len() > MOST {
                    return (None, true);
                }
            }
            (Some(all), false)
        })
    };
    let (whole, pieces) = (decoded(0), decoded(size));
    // A fault may be behind what is looked at: one coding may end before the other, which goes on around it.
    let has_looked_at_all = codings.len() == 1 || (whole.0.is_some() && pieces.0.is_some());
    if !whole.1 && !pieces.1 && has_looked_at_all {
        assert_eq!(whole.0, pieces.0);
    }
}
