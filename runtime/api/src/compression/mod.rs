//! The Compression Standard, <https://compression.spec.whatwg.org/>.
//!
//! `CompressionStream` and `DecompressionStream` are the scripts of this folder; what works on bytes is native, and decodes what is fetched, too.

pub(crate) mod brotli;
pub mod codec;
pub mod codecs;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod zlib;
pub(crate) mod zstd;
