//! `TextEncoder`, <https://encoding.spec.whatwg.org/#interface-textencoder>.

use nano_webidl::idl::{Bytes, uint8_array};
use nano_webidl::{Fallible, Scope, Trace, internalized, require_room};

use crate::bindings::text_encoder::TextEncoderMethods;
use crate::bindings::text_encoder_common::TextEncoderCommonMethods;
use crate::bindings::types::TextEncoderEncodeIntoResult;

/// A `TextEncoder` object. It has no state: the encoder is V8's.
#[derive(Trace)]
pub struct TextEncoder;

/// <https://encoding.spec.whatwg.org/#utf-8-encode>; lone surrogates become U+FFFD.
fn utf8_encode<'s>(
    scope: &mut Scope<'s, '_>,
    text: v8::Local<'s, v8::String>,
) -> Fallible<Vec<u8>> {
    let length = text.utf8_length(scope);
    require_room(scope, length)?;
    let mut bytes = Vec::with_capacity(length);
    let flags = v8::WriteFlags::kReplaceInvalidUtf8;
    let written = text.write_utf8_uninit_v2(scope, bytes.spare_capacity_mut(), flags, None);
    // SAFETY: V8 has written that many bytes, and no more than there is room for.
    unsafe { bytes.set_len(written) };
    Ok(bytes)
}

impl TextEncoderMethods for TextEncoder {
    fn constructor() -> Fallible<Self> {
        Ok(TextEncoder)
    }

    // https://encoding.spec.whatwg.org/#dom-textencoder-encode
    fn encode<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: v8::Local<'s, v8::String>,
    ) -> Fallible<Bytes<'s>> {
        let bytes = utf8_encode(scope, input)?;
        Ok(Bytes::View(uint8_array(scope, bytes)?.into()))
    }

    // https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto
    fn encode_into<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        source: v8::Local<'s, v8::String>,
        destination: Bytes<'s>,
    ) -> Fallible<TextEncoderEncodeIntoResult> {
        // 1. to 6. V8 writes whole code points only, as many as fit, and counts the code units that it read.
        let (read, written) = destination.write_utf8(scope, source);
        // 7.
        Ok(TextEncoderEncodeIntoResult {
            read: Some(read as u64),
            written: Some(written as u64),
        })
    }
}

impl TextEncoderCommonMethods for TextEncoder {
    fn encoding<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        internalized(scope, "utf-8")
    }
}
