//! `TextDecoder`, <https://encoding.spec.whatwg.org/#interface-textdecoder>.

use std::cell::{Cell, RefCell};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, WINDOWS_1252};
use nano_engine::text::text;
use nano_webidl::idl::{Bytes, Strings};
use nano_webidl::{
    Error, Fallible, Scope, Trace, excerpt, internalized, range_error, require_room, type_error,
};

use super::utf8_decoder::Utf8Decoder;
use crate::bindings::text_decoder::TextDecoderMethods;
use crate::bindings::text_decoder_common::TextDecoderCommonMethods;
use crate::bindings::types::{TextDecodeOptions, TextDecoderOptions};

type Text<'s> = v8::Local<'s, v8::String>;

/// A `TextDecoder` object.
#[derive(Trace)]
#[own_memory]
pub struct TextDecoder {
    #[untraced]
    encoding: &'static Encoding,
    fatal: bool,
    ignore_bom: bool,
    /// The standard's decoder with its I/O queue.
    #[untraced]
    codec: RefCell<Codec>,
    do_not_flush: Cell<bool>,
}

/// Who decodes.
enum Codec {
    /// V8: its strings can be made of UTF-8 directly.
    Utf8(Utf8Decoder),
    Other(Box<Decoder>),
}

impl Codec {
    fn new(encoding: &'static Encoding, ignore_bom: bool) -> Self {
        if encoding == UTF_8 {
            Codec::Utf8(Utf8Decoder::default())
        } else if ignore_bom {
            Codec::Other(Box::new(encoding.new_decoder_without_bom_handling()))
        } else {
            Codec::Other(Box::new(encoding.new_decoder_with_bom_removal()))
        }
    }
}

/// A fatal decoder met bytes that are no text.
struct Malformed;

impl TextDecoder {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        match *self.codec.borrow() {
            Codec::Utf8(_) => 0,
            Codec::Other(_) => size_of::<Decoder>(),
        }
    }

    fn decode_bytes<'s>(
        &self,
        strings: &mut Strings<'_, 's, '_>,
        bytes: &[u8],
        last: bool,
    ) -> Result<Option<Text<'s>>, Malformed> {
        match &mut *self.codec.borrow_mut() {
            Codec::Utf8(decoder) => decoder.decode(bytes, last, self.ignore_bom, |text| {
                if self.fatal && Encoding::utf8_valid_up_to(text) < text.len() {
                    return Err(Malformed);
                }
                // V8 replaces malformed sequences as the standard's decoder does.
                Ok(strings.utf8(text))
            }),
            // OPTIMIZATION: windows-1252 is Latin-1 but for the bytes from 0x80 to 0x9F, and has neither state nor errors.
            Codec::Other(_)
                if self.encoding == WINDOWS_1252
                    && !bytes.iter().any(|byte| matches!(byte, 0x80..=0x9f)) =>
            {
                Ok(strings.one_byte(bytes))
            }
            Codec::Other(decoder) => {
                let Some(room) = decoder.max_utf16_buffer_length(bytes.len()) else {
                    return Ok(None);
                };
                let mut units = vec![0; room];
                let length = if self.fatal {
                    let (result, _, written) =
                        decoder.decode_to_utf16_without_replacement(bytes, &mut units, last);
                    if matches!(result, DecoderResult::Malformed(..)) {
                        return Err(Malformed);
                    }
                    written
                } else {
                    decoder.decode_to_utf16(bytes, &mut units, last).2
                };
                Ok(strings.two_byte(&units[..length]))
            }
        }
    }
}

impl TextDecoderMethods for TextDecoder {
    // https://encoding.spec.whatwg.org/#dom-textdecoder
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        label: Text<'s>,
        options: TextDecoderOptions,
    ) -> Fallible<Self> {
        // 1. and 2. Let encoding be the result of getting an encoding from label. If it is failure or replacement, throw.
        // DEPARTURE: what is longer than this is no label, also where most of it is white space around one.
        const LONGEST: usize = 1000;
        let label = text(scope, label, LONGEST);
        let encoding = Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
            range_error(format!(
                "The encoding label provided ('{}') is invalid.",
                excerpt(&label)
            ))
        })?;
        // 3. to 5.
        Ok(TextDecoder {
            encoding,
            fatal: options.fatal,
            ignore_bom: options.ignore_bom,
            codec: RefCell::new(Codec::new(encoding, options.ignore_bom)),
            do_not_flush: Cell::new(false),
        })
    }

    // https://encoding.spec.whatwg.org/#dom-textdecoder-decode
    fn decode<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        input: Option<Bytes<'s>>,
        options: TextDecodeOptions,
    ) -> Fallible<Text<'s>> {
        // 1. and 2. Without the do not flush flag this is a new stream; the flag is for the next call.
        if !self.do_not_flush.replace(options.stream) {
            *self.codec.borrow_mut() = Codec::new(self.encoding, self.ignore_bom);
        }
        // 3. to 5. Decode in place: nothing below runs JavaScript.
        let last = !options.stream;
        let text = match &input {
            Some(input) => {
                if let Codec::Other(_) = &*self.codec.borrow() {
                    // Code units, of which there may be as many, and the string of them.
                    require_room(scope, input.len() * 2 * size_of::<u16>())?;
                }
                input.read_strings(scope, |strings, bytes| {
                    self.decode_bytes(strings, bytes, last)
                })
            }
            None => self.decode_bytes(&mut Strings::new(scope), &[], last),
        };
        match text {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(too_long()),
            Err(Malformed) => Err(type_error(format!(
                "The encoded data was not valid for encoding {}",
                self.encoding.name().to_ascii_lowercase()
            ))),
        }
    }
}

impl TextDecoderCommonMethods for TextDecoder {
    // https://encoding.spec.whatwg.org/#dom-textdecoder-encoding
    fn encoding<'s>(&self, scope: &mut Scope<'s, '_>) -> Text<'s> {
        let name = self.encoding.name().to_ascii_lowercase();
        internalized(scope, &name)
    }

    fn fatal(&self) -> bool {
        self.fatal
    }

    fn ignore_bom(&self) -> bool {
        self.ignore_bom
    }
}

fn too_long() -> Error {
    range_error(
        "The decoded text is longer than the longest possible string, or does not fit into the app's memory limit",
    )
}

/// <https://encoding.spec.whatwg.org/#utf-8-decode>: malformed sequences are replaced, a byte order mark is taken away.
///
/// # Errors
/// A `RangeError` where the text is longer than the longest string, or does not fit into the app's memory limit.
pub fn utf8_decode<'s>(scope: &mut Scope<'s, '_>, bytes: &[u8]) -> Fallible<Text<'s>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    nano_engine::text::utf8(scope, bytes).ok_or_else(too_long)
}
