//! Content codings of responses: <https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1>.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use nano_worker::{BodyError, BodyErrorKind};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio_util::io::{ReaderStream, StreamReader};

/// Bytes of one decoded chunk: however far a few bytes expand, this many are in memory at a time.
const CHUNK_BYTES: usize = 32 << 10;
/// Codings on top of each other that a response may have. Nobody needs a second one.
const LAYERS: usize = 4;

/// Chunks of a body.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// One content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// The codings of a response, in the order in which they were applied. None where there are none, or one is unknown: then the content
/// stays as it is.
pub(super) fn codings(headers: &HeaderMap) -> Option<Vec<Coding>> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.as_bytes().split(|&byte| byte == b',') {
            match name.trim_ascii().to_ascii_lowercase().as_slice() {
                b"" | b"identity" => {}
                b"gzip" | b"x-gzip" => codings.push(Coding::Gzip),
                b"deflate" => codings.push(Coding::Deflate),
                b"br" => codings.push(Coding::Brotli),
                _ => return None,
            }
        }
    }
    (1..=LAYERS).contains(&codings.len()).then_some(codings)
}

/// Undoes the codings, chunk by chunk.
pub(super) fn decode(encoded: Chunks, codings: Vec<Coding>) -> Chunks {
    let reader = StreamReader::new(encoded.map(|chunk| chunk.map_err(io::Error::other)));
    Box::pin(
        futures_util::stream::once(async move {
            let mut reader: Reader = Box::pin(reader);
            for coding in codings.into_iter().rev() {
                reader = match layer(reader, coding).await {
                    Ok(reader) => reader,
                    Err(error) => Box::pin(Failed(Some(error))),
                };
            }
            ReaderStream::with_capacity(reader, CHUNK_BYTES)
        })
        .flatten()
        .map(|chunk| chunk.map_err(body_error)),
    )
}

async fn layer(reader: Reader, coding: Coding) -> io::Result<Reader> {
    let mut reader = BufReader::new(reader);
    let start = reader.fill_buf().await?;
    // A body without any bytes is not encoded.
    if start.is_empty() {
        return Ok(Box::pin(reader));
    }
    // "deflate" is the zlib format. Some servers send what is in it without its header; browsers take that, too.
    let is_zlib = match *start {
        [method, flags, ..] => method & 0x0F == 8 && u16::from_be_bytes([method, flags]) % 31 == 0,
        _ => true,
    };
    Ok(match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Coding::Deflate if is_zlib => Box::pin(ZlibDecoder::new(reader)),
        Coding::Deflate => Box::pin(DeflateDecoder::new(reader)),
        Coding::Brotli => Box::pin(BrotliDecoder::new(reader)),
    })
}

/// A reader that fails with an error of its source.
struct Failed(Option<io::Error>);

impl AsyncRead for Failed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(self.0.take().map_or(Ok(()), Err))
    }
}

/// What the body itself failed with, or what is wrong with its coding.
fn body_error(error: io::Error) -> BodyError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<BodyError>())
    {
        Some(error) => error.clone(),
        None => BodyError::new(
            BodyErrorKind::Disconnected,
            format!("the response's body is not what its Content-Encoding says: {error}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::bufread::{
        BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder,
    };
    use http::HeaderValue;
    use tokio::io::AsyncReadExt as _;

    fn of(values: &[&'static str]) -> Option<Vec<Coding>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        codings(&headers)
    }

    #[test]
    fn codings_are_named_in_order() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["identity"]), None);
        assert_eq!(of(&["GZIP"]), Some(vec![Coding::Gzip]));
        assert_eq!(
            of(&["deflate, br", "x-gzip"]),
            Some(vec![Coding::Deflate, Coding::Brotli, Coding::Gzip])
        );
        assert_eq!(of(&["gzip, zstd"]), None);
        assert_eq!(of(&["gzip,gzip,gzip,gzip,gzip"]), None);
    }

    /// Decodes bytes that come in pieces of 7.
    async fn decoded(bytes: &[u8], codings: &[Coding]) -> Result<Vec<u8>, BodyError> {
        let pieces: Vec<_> = bytes
            .chunks(7)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut chunks = decode(
            Box::pin(futures_util::stream::iter(pieces)),
            codings.to_vec(),
        );
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().await.transpose()? {
            assert!(chunk.len() <= CHUNK_BYTES);
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    async fn read(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn every_coding_is_undone() {
        let text: Vec<u8> = (0..100_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let text = text.as_slice();
        let gzip = read(GzipEncoder::new(text)).await;
        assert_eq!(decoded(&gzip, &[Coding::Gzip]).await.unwrap(), text);
        let two = [gzip.clone(), gzip.clone()].concat();
        assert_eq!(
            decoded(&two, &[Coding::Gzip]).await.unwrap().len(),
            2 * text.len()
        );
        assert_eq!(
            decoded(&read(ZlibEncoder::new(text)).await, &[Coding::Deflate])
                .await
                .unwrap(),
            text
        );
        assert_eq!(
            decoded(&read(DeflateEncoder::new(text)).await, &[Coding::Deflate])
                .await
                .unwrap(),
            text
        );
        assert_eq!(
            decoded(&read(BrotliEncoder::new(text)).await, &[Coding::Brotli])
                .await
                .unwrap(),
            text
        );
        let both = read(BrotliEncoder::new(gzip.as_slice())).await;
        assert_eq!(
            decoded(&both, &[Coding::Gzip, Coding::Brotli])
                .await
                .unwrap(),
            text
        );
    }

    #[tokio::test]
    async fn an_empty_body_stays_empty() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli] {
            assert_eq!(decoded(b"", &[coding]).await, Ok(Vec::new()));
        }
    }

    #[tokio::test]
    async fn broken_bodies_fail() {
        let gzip = read(GzipEncoder::new(&b"hello hello hello"[..])).await;
        assert!(
            decoded(&gzip[..gzip.len() - 9], &[Coding::Gzip])
                .await
                .is_err()
        );
        let error = decoded(b"this is plain text", &[Coding::Gzip])
            .await
            .unwrap_err();
        assert!(error.to_string().contains("Content-Encoding"), "{error}");
    }

    #[tokio::test]
    async fn an_error_of_the_body_passes_through() {
        let error = BodyError::new(BodyErrorKind::Disconnected, "gone");
        for first in [None, Some(Ok(Bytes::from_static(b"\x1f\x8b")))] {
            let items = first
                .into_iter()
                .chain([Err(error.clone())])
                .collect::<Vec<_>>();
            let mut chunks = decode(
                Box::pin(futures_util::stream::iter(items)),
                vec![Coding::Gzip],
            );
            assert_eq!(chunks.next().await, Some(Err(error.clone())));
        }
    }
}
