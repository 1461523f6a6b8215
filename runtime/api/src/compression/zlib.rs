//! DEFLATE by itself, and in the formats of zlib and gzip: RFC 1950 to 1952.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::codec::{Algorithm, Step};
use crate::bindings::types::CompressionFormat;

/// The largest window that there is, 32 KiB.
const WINDOW_BITS: u8 = 15;

/// What a compressor allocates when it is made: measured by a test.
const COMPRESSOR_BYTES: usize = 400 << 10;
/// What a decompressor allocates.
const DECOMPRESSOR_BYTES: usize = 60 << 10;

/// What stands around the compressed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Zlib,
    Raw,
    Gzip,
}

impl Format {
    /// The format of this name, if it is one of these.
    pub(super) fn of(format: CompressionFormat) -> Option<Format> {
        match format {
            CompressionFormat::Deflate => Some(Format::Zlib),
            CompressionFormat::DeflateRaw => Some(Format::Raw),
            CompressionFormat::Gzip => Some(Format::Gzip),
            CompressionFormat::Brotli => None,
        }
    }
}

/// Makes compressed data.
pub(super) struct Compressor(Compress);

impl Compressor {
    pub(super) fn new(format: Format) -> Compressor {
        let level = Compression::default();
        Compressor(match format {
            Format::Zlib => Compress::new(level, true),
            Format::Raw => Compress::new(level, false),
            Format::Gzip => Compress::new_gzip(level, WINDOW_BITS),
        })
    }
}

impl Algorithm for Compressor {
    fn wanted(&self, _: &[u8]) -> usize {
        0
    }

    fn memory(&self) -> usize {
        COMPRESSOR_BYTES
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], finish: bool) -> Result<Step, String> {
        let flush = match finish {
            true => FlushCompress::Finish,
            false => FlushCompress::None,
        };
        let before = (self.0.total_in(), self.0.total_out());
        let status = self.0.compress(input, output, flush);
        let status = status.map_err(|error| error.to_string())?;
        Ok(step(
            before,
            (self.0.total_in(), self.0.total_out()),
            status,
        ))
    }

    fn ends_by_itself(&self) -> bool {
        false
    }
}

/// Reads compressed data.
pub(crate) struct Decompressor(Decompress);

impl Decompressor {
    pub(crate) fn new(format: Format) -> Decompressor {
        Decompressor(match format {
            Format::Zlib => Decompress::new(true),
            Format::Raw => Decompress::new(false),
            Format::Gzip => Decompress::new_gzip(WINDOW_BITS),
        })
    }
}

impl Algorithm for Decompressor {
    fn wanted(&self, _: &[u8]) -> usize {
        0
    }

    fn memory(&self) -> usize {
        DECOMPRESSOR_BYTES
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Step, String> {
        let before = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, output, FlushDecompress::None);
        let status = status.map_err(|error| match error.needs_dictionary() {
            Some(_) => "it wants a dictionary, which there is none of".to_owned(),
            None => error.message().unwrap_or("it is corrupt").to_owned(),
        })?;
        Ok(step(
            before,
            (self.0.total_in(), self.0.total_out()),
            status,
        ))
    }

    fn ends_by_itself(&self) -> bool {
        true
    }
}

fn step(before: (u64, u64), after: (u64, u64), status: Status) -> Step {
    let advance = |before: u64, after: u64| usize::try_from(after - before).unwrap_or(usize::MAX);
    Step {
        read: advance(before.0, after.0),
        written: advance(before.1, after.1),
        ended: status == Status::StreamEnd,
    }
}
