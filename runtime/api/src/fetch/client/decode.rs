//! Content codings of responses: <https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1>.

use std::pin::Pin;

use bytes::{Buf as _, Bytes};
use futures_util::{Stream, StreamExt as _, stream};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use nano_engine::Handle;
use nano_worker::{BodyError, BodyErrorKind};

use crate::compression::codec::Algorithm;
use crate::compression::{brotli, zlib, zstd};
use crate::fetch::gather::Room;

/// Bytes of one decoded chunk: however far a few bytes expand, this many are in memory at a time.
const CHUNK_BYTES: usize = 32 << 10;
/// Bytes of a coding that are looked at in one go, before others have their turns: with nothing in them, so many take up to 5 ms.
const STEP_BYTES: usize = 8 << 10;
/// The process is asked for as much as this, as windows of brotli may be. The rest counts for the app only.
const LARGE: usize = 1 << 20;
/// Codings on top of each other that a response may have. Nobody needs a second one, and each makes a thousand bytes of one.
const LAYERS: usize = 2;
/// How much of a coding may come of which nothing comes out: empty members and blocks, names of files. What comes out makes up for twice as
/// much: whatever cannot be compressed grows by a thousandth.
const MOST_FRUITLESS: usize = 1 << 20;

/// Chunks of a body.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

/// One content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
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
                b"zstd" => codings.push(Coding::Zstd),
                _ => return None,
            }
        }
    }
    (1..=LAYERS).contains(&codings.len()).then_some(codings)
}

impl Coding {
    /// What undoes it, for data that begins with these bytes.
    fn decoder(self, start: &[u8]) -> Box<dyn Algorithm + Send> {
        // "deflate" is the zlib format. Some servers send what is in it without its header; browsers take that, too.
        let is_zlib = match *start {
            [method, flags, ..] => {
                method & 0x0F == 8 && u16::from_be_bytes([method, flags]) % 31 == 0
            }
            _ => true,
        };
        let format = match self {
            Coding::Gzip => zlib::Format::Gzip,
            Coding::Deflate if is_zlib => zlib::Format::Zlib,
            Coding::Deflate => zlib::Format::Raw,
            Coding::Brotli => return Box::new(brotli::Decompressor::new()),
            Coding::Zstd => return Box::new(zstd::Decompressor::new()),
        };
        Box::new(zlib::Decompressor::new(format))
    }
}

/// Undoes the codings, chunk by chunk. What that takes counts for `isolate`.
pub(super) fn decode(encoded: Chunks, codings: Vec<Coding>, isolate: Option<&Handle>) -> Chunks {
    codings
        .into_iter()
        .rev()
        .fold(encoded, |chunks, coding| -> Chunks {
            let layer = Layer {
                chunks,
                coding,
                input: Bytes::new(),
                decoder: None,
                has_more: false,
                is_over: false,
                fruitless: 0,
                taken: 0,
                room: isolate.cloned().map(Room::new),
                asked: 0,
            };
            Box::pin(stream::try_unfold(layer, Layer::next))
        })
}

/// One coding of a body, while it is undone.
struct Layer {
    chunks: Chunks,
    coding: Coding,
    /// What is left of the last chunk.
    input: Bytes,
    /// `None` before the data, and behind what ends by itself.
    decoder: Option<Box<dyn Algorithm + Send>>,
    /// The decoder may have output without further input.
    has_more: bool,
    is_over: bool,
    /// Bytes that nothing has come out of.
    fruitless: usize,
    /// Bytes since others had their turns.
    taken: usize,
    room: Option<Room>,
    /// Bytes that the process was asked for.
    asked: usize,
}

impl Layer {
    /// The next decoded chunk. `None` at the end.
    async fn next(mut self) -> Result<Option<(Bytes, Layer)>, BodyError> {
        let mut output = Vec::new();
        while !self.is_over {
            while self.input.is_empty() && !self.has_more {
                match self.chunks.next().await.transpose()? {
                    Some(chunk) => self.input = chunk,
                    // A body without any bytes is not encoded.
                    None if self.decoder.is_none() => return Ok(None),
                    None => return Err(wrong("it ends too early")),
                }
            }
            // Two bytes say what "deflate" is, and may come one by one.
            let is_unknown = self.decoder.is_none() && self.coding == Coding::Deflate;
            while is_unknown && self.input.len() < 2 {
                match self.chunks.next().await.transpose()? {
                    Some(chunk) => self.input = [&*self.input, &*chunk].concat().into(),
                    None => return Err(wrong("it ends too early")),
                }
            }
            let decoder = self
                .decoder
                .get_or_insert_with(|| self.coding.decoder(&self.input));
            if let Some(room) = &mut self.room {
                let most = CHUNK_BYTES + decoder.memory() + decoder.wanted(&self.input);
                room.reach(most).await?;
            }
            output.resize(CHUNK_BYTES, 0);
            // The thread is the app's, and input may be there for long: from another layer, which makes much of little.
            if self.taken >= STEP_BYTES {
                self.taken = 0;
                tokio::task::yield_now().await;
            }
            let input = &self.input[..self.input.len().min(STEP_BYTES)];
            let step = decoder.step(input, &mut output, false);
            let step = step.map_err(|fault| wrong(&fault))?;
            self.input.advance(step.read);
            self.has_more = step.written == CHUNK_BYTES && !step.ended;
            if let Some(room) = &mut self.room {
                let held = CHUNK_BYTES + decoder.memory();
                let new = held.saturating_sub(self.asked);
                if new < LARGE {
                    room.set(held);
                } else {
                    room.keep(held, new).await?;
                    self.asked = held;
                }
            }
            if step.ended {
                self.decoder = None;
                // https://www.rfc-editor.org/rfc/rfc1952#section-2.2: "a series of members", and
                // https://www.rfc-editor.org/rfc/rfc8878#section-3.1: "one or more frames". Of the others one is all.
                self.is_over = !matches!(self.coding, Coding::Gzip | Coding::Zstd);
            }
            self.taken += step.read.max(step.written / 4);
            self.fruitless = (self.fruitless + step.read).saturating_sub(2 * step.written);
            if self.fruitless > MOST_FRUITLESS {
                return Err(wrong("there is no content in a mebibyte of it"));
            }
            if step.written > 0 {
                output.truncate(step.written);
                output.shrink_to_fit();
                return Ok(Some((output.into(), self)));
            }
        }
        Ok(None)
    }
}

/// The body is not encoded as it says.
fn wrong(fault: &str) -> BodyError {
    BodyError::new(
        BodyErrorKind::Disconnected,
        format!("the response's body is not what its Content-Encoding says: {fault}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::bufread::{
        BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder,
    };
    use futures_util::FutureExt as _;
    use http::HeaderValue;
    use tokio::io::{AsyncRead, AsyncReadExt as _};

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
            of(&["deflate", "x-gzip"]),
            Some(vec![Coding::Deflate, Coding::Gzip])
        );
        assert_eq!(of(&["zstd, gzip"]), Some(vec![Coding::Zstd, Coding::Gzip]));
        assert_eq!(of(&["gzip, compress"]), None);
        assert_eq!(of(&["gzip, br", "gzip"]), None);
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
            None,
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
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
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

    /// A window of a gibibyte, which RFC 7932 does not have, would be filled before anything comes out.
    #[tokio::test]
    async fn windows_of_brotli_are_those_of_its_standard() {
        // Empty, with windows of 64 KiB and 1 GiB.
        assert_eq!(decoded(&[0x06], &[Coding::Brotli]).await, Ok(Vec::new()));
        assert!(decoded(&[0x11, 0xde], &[Coding::Brotli]).await.is_err());
    }

    #[tokio::test]
    async fn what_follows_the_end_is_another_member_or_nothing() {
        let gzip = read(GzipEncoder::new(&b"hello"[..])).await;
        let zlib = read(ZlibEncoder::new(&b"hello"[..])).await;
        let followed = |data: &[u8]| [data, b"more"].concat();
        assert!(decoded(&followed(&gzip), &[Coding::Gzip]).await.is_err());
        // A frame of one raw block.
        let frame = b"\x28\xB5\x2F\xFD\x20\x05\x29\0\0hello";
        assert!(decoded(&followed(frame), &[Coding::Zstd]).await.is_err());
        let two = decoded(&[&frame[..], frame].concat(), &[Coding::Zstd]).await;
        assert_eq!(two.unwrap(), b"hellohello");
        let all = decoded(&followed(&zlib), &[Coding::Deflate]).await;
        assert_eq!(all.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn what_has_no_content_takes_no_thread_and_no_end() {
        let empty = read(GzipEncoder::new(&b""[..])).await;
        let many = |bytes: usize| empty.repeat(bytes / empty.len());
        let some = many(MOST_FRUITLESS / 2);
        assert_eq!(decoded(&some, &[Coding::Gzip]).await, Ok(Vec::new()));
        let twice = read(GzipEncoder::new(some.as_slice())).await;
        let both = [Coding::Gzip, Coding::Gzip];
        // Others get a turn.
        assert!(decoded(&twice, &both).now_or_never().is_none());
        assert_eq!(decoded(&twice, &both).await, Ok(Vec::new()));
        let text = read(GzipEncoder::new(&b"hello"[..])).await;
        let three = [&some[..], &text, &many(MOST_FRUITLESS / 4)].concat();
        assert_eq!(decoded(&three, &[Coding::Gzip]).await.unwrap(), b"hello");
        // A little content makes up for little.
        let four = [&some[..], &text, &some, &text, &some].concat();
        assert!(decoded(&four, &[Coding::Gzip]).await.is_err());
        let error = decoded(&many(MOST_FRUITLESS * 2), &[Coding::Gzip]).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no content"), "{error}");
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
                None,
            );
            assert_eq!(chunks.next().await, Some(Err(error.clone())));
        }
    }
}
