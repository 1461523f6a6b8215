//! `FileData`: what a `FileReader` makes of bytes, <https://w3c.github.io/FileAPI/#packaging-data>.

use encoding_rs::{Encoding, UTF_8};
use nano_engine::text::{one_byte, text, two_byte};
use nano_webidl::idl::Bytes;
use nano_webidl::{Error, Fallible, Scope, Value, range_error, require_room, room, type_error};

use crate::bindings::file_data::FileDataMethods;
use crate::encoding::{base64, text_decoder};
use crate::mimesniff::mime_type::MimeType;

/// The namespace.
pub struct FileData;

type Text<'s> = v8::Local<'s, v8::String>;

impl FileDataMethods for FileData {
    fn package_file_data<'s>(
        scope: &mut Scope<'s, '_>,
        kind: Text<'s>,
        bytes: Bytes<'s>,
        media_type: Text<'s>,
        encoding: Option<Text<'s>>,
    ) -> Fallible<Value<'s>> {
        let bytes = bytes.to_vec(scope)?;
        let media_type = text(scope, media_type, 1000);
        let string = match &*kind.to_rust_string_lossy(scope) {
            "BinaryString" => one_byte(scope, &bytes),
            "DataURL" => {
                let media_type = match &*media_type {
                    "" => "application/octet-stream",
                    media_type => media_type,
                };
                let head = format!("data:{media_type};base64,");
                let mut url = room::string(scope, head.len() + bytes.len() / 3 * 4 + 4)?;
                url.push_str(&head);
                base64::append(&bytes, &mut url);
                one_byte(scope, url.as_bytes())
            }
            "Text" => {
                let encoding = encoding.map(|label| text(scope, label, 1000));
                return decode(scope, &bytes, encoding.as_deref(), &media_type);
            }
            kind => {
                return Err(type_error(format!(
                    "no kind of file data is called '{kind}'"
                )));
            }
        };
        Ok(string.ok_or_else(too_long)?.into())
    }
}

/// The steps for text.
fn decode<'s>(
    scope: &mut Scope<'s, '_>,
    bytes: &[u8],
    label: Option<&str>,
    media_type: &str,
) -> Fallible<Value<'s>> {
    // 1. and 2.
    let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    // 3.
    let encoding = encoding.or_else(|| {
        let media_type = MimeType::parse(media_type.as_bytes())?;
        Encoding::for_label(media_type.parameter("charset")?.as_bytes())
    });
    // 4. and 5. Decode: a byte order mark says better what it is.
    let (encoding, skipped) = match Encoding::for_bom(bytes) {
        Some(found) => found,
        None => (encoding.unwrap_or(UTF_8), 0),
    };
    if encoding == UTF_8 {
        return Ok(text_decoder::utf8_decode(scope, bytes)?.into());
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let bytes = bytes.get(skipped..).unwrap_or_default();
    let room = decoder
        .max_utf16_buffer_length(bytes.len())
        .ok_or_else(too_long)?;
    require_room(scope, room * size_of::<u16>())?;
    let mut units = vec![0; room];
    let (_, _, length, _) = decoder.decode_to_utf16(bytes, &mut units, true);
    let string = two_byte(scope, units.get(..length).unwrap_or_default());
    Ok(string.ok_or_else(too_long)?.into())
}

fn too_long() -> Error {
    range_error(
        "What was read is longer than the longest possible string, or does not fit into the app's memory limit",
    )
}
