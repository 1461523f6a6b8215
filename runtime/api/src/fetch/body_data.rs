//! What bodies are read as: <https://fetch.spec.whatwg.org/#concept-body-package-data>.

use bytes::Bytes;
use nano_engine::external_memory::{self, Reservation};
use nano_engine::text;
use nano_webidl::idl::{self, array_buffer, uint8_array};
use nano_webidl::{Error, Fallible, Ref, Scope, Value, excerpt, type_error};

use super::mime_type;
use crate::bindings::body_data::BodyDataMethods;
use crate::fileapi::blob::Blob;
use crate::fileapi::blob_data::BlobData;
use crate::xhr::form_data::FormData;

/// What a body's bytes are made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `arrayBuffer()`
    ArrayBuffer,
    /// `blob()`
    Blob,
    /// `bytes()`
    Bytes,
    /// `formData()`
    FormData,
    /// `json()`
    Json,
    /// `text()`
    Text,
}

impl Kind {
    const ALL: [Kind; 6] = [
        Kind::ArrayBuffer,
        Kind::Blob,
        Kind::Bytes,
        Kind::FormData,
        Kind::Json,
        Kind::Text,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::ArrayBuffer => "arrayBuffer",
            Kind::Blob => "blob",
            Kind::Bytes => "bytes",
            Kind::FormData => "formData",
            Kind::Json => "json",
            Kind::Text => "text",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-body-package-data>. `room` is the bytes' part of the app's memory, if nobody else has it.
///
/// # Errors
/// A `RangeError` if what is made of the bytes does not fit into the app's memory limit, beside them where it does not take their
/// place; or the bytes are not what they should be.
pub fn package_data<'s>(
    scope: &mut Scope<'s, '_>,
    kind: Kind,
    content_type: &[u8],
    bytes: Bytes,
    room: Option<Reservation>,
) -> Fallible<Value<'s>> {
    Ok(match kind {
        Kind::ArrayBuffer => {
            take_place(room);
            array_buffer(scope, bytes.into())?.into()
        }
        Kind::Bytes => {
            take_place(room);
            uint8_array(scope, bytes.into())?.into()
        }
        Kind::Blob => {
            take_place(room);
            // "whose type attribute is this's MIME type": a parameter's value keeps its case, unlike what the File API's
            // constructors are given.
            let mime_type = mime_type::extract(scope, content_type)?;
            let content_type = mime_type.map(|own| own.to_string()).unwrap_or_default();
            let data = BlobData::from(bytes).reserved(scope)?;
            Ref::new(scope, Blob::new(data, content_type))
                .object()
                .into()
        }
        Kind::FormData => {
            let _beside = room.and_then(Reservation::hand_over_little);
            let form = parse_form(scope, content_type, &bytes)?;
            Ref::new(scope, form).object().into()
        }
        Kind::Text => decode(scope, bytes, room)?.into(),
        Kind::Json => {
            let text = decode(scope, bytes, room)?;
            nano_engine::hardening::json::parse(scope, text).ok_or(Error::Thrown)?
        }
    })
}

/// What is made of the bytes next takes their place.
fn take_place(room: Option<Reservation>) {
    if let Some(room) = room {
        room.hand_over();
    }
}

/// How much of a type an error looks at.
const MAX_SHOWN: usize = 200;

/// <https://fetch.spec.whatwg.org/#dom-body-formdata>
///
/// # Errors
/// A `TypeError` if the type is none of a form's, or if the bytes are not of that type.
fn parse_form(scope: &mut Scope, content_type: &[u8], bytes: &[u8]) -> Fallible<FormData> {
    let shown = || {
        let beginning = content_type.iter().take(MAX_SHOWN);
        let text: String = beginning.map(|&byte| char::from(byte)).collect();
        excerpt(&text).to_owned()
    };
    let mime_type = mime_type::extract(scope, content_type)?;
    match mime_type.as_ref().map(|own| (own.essence(), own)) {
        Some(("multipart/form-data", own)) => {
            let boundary = own.parameter("boundary").ok_or_else(|| {
                type_error(format!(
                    "the body's Content-Type '{}' has no 'boundary' parameter",
                    shown()
                ))
            })?;
            // The parameter is isomorphic-decoded.
            let boundary: Vec<u8> = boundary.chars().map(|character| character as u8).collect();
            FormData::parse_multipart(scope, bytes, &boundary)
        }
        Some(("application/x-www-form-urlencoded", _)) => FormData::parse_urlencoded(scope, bytes),
        _ => Err(type_error(format!(
            "the body's Content-Type must be multipart/form-data or application/x-www-form-urlencoded, but is '{}'",
            shown()
        ))),
    }
}

/// A text from this size on is not copied, if it can be a string as it is: to make room for it on V8's heap costs more than a copy.
const MIN_EXTERNAL_TEXT_BYTES: usize = 64 << 10;

/// <https://encoding.spec.whatwg.org/#utf-8-decode>
fn decode<'s>(
    scope: &mut Scope<'s, '_>,
    bytes: Bytes,
    room: Option<Reservation>,
) -> Fallible<v8::Local<'s, v8::String>> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let is_ascii = text.is_ascii();
    let string = if is_ascii && text.len() == bytes.len() && text.len() >= MIN_EXTERNAL_TEXT_BYTES {
        take_place(room);
        external_memory::one_byte_string(scope, bytes.into())
    } else {
        let _beside = room.and_then(Reservation::hand_over_little);
        match is_ascii {
            true => text::one_byte(scope, text),
            false => text::utf8(scope, text),
        }
    };
    string.ok_or_else(|| {
        nano_webidl::range_error(
            "the body is longer than the longest possible string, or does not fit into the app's memory limit",
        )
    })
}

/// A copy of bytes from this size on counts while something is made of it.
const MIN_COUNTED_COPY_BYTES: usize = 1 << 20;

/// The namespace, for built-in scripts that have read a stream to its end.
pub struct BodyData;

impl BodyDataMethods for BodyData {
    fn package_data<'s>(
        scope: &mut Scope<'s, '_>,
        kind: v8::Local<'s, v8::String>,
        content_type: Vec<u8>,
        bytes: idl::Bytes<'s>,
    ) -> Fallible<Value<'s>> {
        let kind = kind.to_rust_string_lossy(scope);
        let kind = Kind::from_name(&kind)
            .ok_or_else(|| type_error(format!("no kind of body data is called '{kind}'")))?;
        let bytes = bytes.to_vec(scope)?;
        let is_much = bytes.len() >= MIN_COUNTED_COPY_BYTES;
        let copy = is_much.then(|| Reservation::of(scope, bytes.len()));
        package_data(scope, kind, &content_type, bytes.into(), copy)
    }
}
