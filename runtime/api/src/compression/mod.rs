//! The Compression Standard, <https://compression.spec.whatwg.org/>.
//!
//! `CompressionStream` and `DecompressionStream` are the scripts of this folder; what works on bytes is native.

mod brotli;
pub mod codec;
pub mod codecs;
mod zlib;
