//! `Codecs`: how built-in scripts make what compresses and decompresses.

use nano_webidl::{Fallible, Ref, Scope};

use super::codec::Codec;
use super::{brotli, zlib};
use crate::bindings::codecs::CodecsMethods;
use crate::bindings::types::CompressionFormat;

/// The namespace.
pub struct Codecs;

impl CodecsMethods for Codecs {
    fn compressor<'s>(
        scope: &mut Scope<'s, '_>,
        format: CompressionFormat,
    ) -> Fallible<Ref<'s, Codec>> {
        match zlib::Format::of(format) {
            Some(format) => Codec::create(scope, zlib::Compressor::new(format)),
            None => Codec::create(scope, brotli::Compressor::new()),
        }
    }

    fn decompressor<'s>(
        scope: &mut Scope<'s, '_>,
        format: CompressionFormat,
    ) -> Fallible<Ref<'s, Codec>> {
        match zlib::Format::of(format) {
            Some(format) => Codec::create(scope, zlib::Decompressor::new(format)),
            None => Codec::create(scope, brotli::Decompressor::new()),
        }
    }
}
