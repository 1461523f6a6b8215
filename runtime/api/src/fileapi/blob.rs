//! `Blob`, <https://w3c.github.io/FileAPI/#blob-section>.

use bytes::Bytes;
use nano_engine::external_memory::Reservation;
use nano_webidl::idl::{self, Promise, array_buffer, uint8_array};
use nano_webidl::{
    Fallible, Ref, Scope, ScriptRef, Serializable, Trace, require_room, room, script,
};

use super::blob_data::BlobData;
use crate::bindings::blob::BlobMethods;
use crate::bindings::marker;
use crate::bindings::types::{BlobPart, BlobPropertyBag};
use crate::encoding::text_decoder::utf8_decode;
use crate::streams::native_source::{Chunks, NativeSource};

/// A `Blob` object. Clones share the bytes.
#[derive(Clone, Trace)]
#[own_memory]
pub struct Blob {
    #[untraced]
    data: BlobData,
    content_type: String,
}

impl Blob {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        self.content_type.len() + self.data.external_size()
    }

    /// A blob of these bytes, see [`Blob::new`].
    pub fn from_bytes(bytes: Bytes, content_type: String) -> Self {
        Blob::new(bytes.into(), content_type)
    }

    /// A blob of this data. `content_type` is normalized, see [`normalize_type`], or a MIME type, serialized.
    pub fn new(data: BlobData, content_type: String) -> Self {
        Blob { data, content_type }
    }

    /// The same blob, whose bytes count against the app's memory limit.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit.
    pub(super) fn reserved(self, scope: &mut Scope) -> Fallible<Self> {
        Ok(Blob {
            data: self.data.reserved(scope)?,
            ..self
        })
    }

    /// The bytes.
    pub fn data(&self) -> &BlobData {
        &self.data
    }

    /// `type`
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// `type` as a header's value: it has no code point above U+00FF.
    pub fn content_type_bytes(&self) -> Vec<u8> {
        let isomorphic = |character: char| character as u8;
        self.content_type.chars().map(isomorphic).collect()
    }
}

/// What constructors and `slice()` make of a given type: <https://w3c.github.io/FileAPI/#constructorBlob>, step 3.
pub fn normalize_type(given: &str) -> String {
    if given.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        given.to_ascii_lowercase()
    } else {
        String::new()
    }
}

// https://w3c.github.io/FileAPI/#blob-section: "represented by the same byte sequence".
impl Serializable for Blob {
    type Data = Blob;

    fn serialize<'s>(_: &mut Scope<'s, '_>, blob: Ref<'s, Self>) -> Fallible<Blob> {
        Ok(blob.value().clone())
    }

    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        blob: &Blob,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        Ok(Ref::new(scope, blob.clone()).object())
    }

    fn receive<'s>(scope: &mut Scope<'s, '_>, blob: &Blob) -> Fallible<v8::Local<'s, v8::Object>> {
        let blob = blob.clone().reserved(scope)?;
        Ok(Ref::new(scope, blob).object())
    }

    fn data_size(blob: &Blob) -> usize {
        size_of::<Blob>() + blob.external_size()
    }

    fn full_size(blob: &Blob) -> usize {
        Self::data_size(blob) + usize::try_from(blob.size()).unwrap_or(usize::MAX / 2)
    }
}

impl BlobMethods for Blob {
    // https://w3c.github.io/FileAPI/#constructorBlob
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        blob_parts: Option<Vec<BlobPart<'s>>>,
        options: BlobPropertyBag<'s>,
    ) -> Fallible<Self> {
        let content_type = normalize_type(&room::text(scope, options.type_)?);
        let data = BlobData::from_parts(scope, blob_parts.unwrap_or_default(), options.endings)?;
        Ok(Blob { data, content_type })
    }

    fn size(&self) -> u64 {
        self.data.size()
    }

    fn type_<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        // It comes from a string, and is no longer.
        let text = v8::String::new(scope, &self.content_type);
        text.unwrap_or_else(|| v8::String::empty(scope))
    }

    // https://w3c.github.io/FileAPI/#slice-blob
    fn slice<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        start: Option<i64>,
        end: Option<i64>,
        content_type: Option<v8::Local<'s, v8::String>>,
    ) -> Fallible<Ref<'s, Blob>> {
        require_room(scope, self.data.external_size())?;
        // 1. to 3.
        let (start, end) = slice_range(self.data.size(), start, end);
        // 4. Let relativeContentType be contentType, where it is given and nothing but printable ASCII.
        let content_type = match content_type {
            Some(given) => normalize_type(&room::text(scope, given)?),
            None => String::new(),
        };
        // 5. and 6.
        Ok(Ref::new(
            scope,
            Blob {
                data: self.data.slice(start, end),
                content_type,
            },
        ))
    }

    // https://w3c.github.io/FileAPI/#blob-get-stream
    fn stream<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
    ) -> Fallible<ScriptRef<'s, marker::ReadableStream>> {
        let chunks = Chunks {
            chunks: Box::new(self.data.chunks()),
            length: self.data.size(),
            held: self.data.external_size(),
        };
        let source = Ref::new(scope, NativeSource::chunks(chunks));
        let stream = script::call(scope, "bodyStream", &[source.object().into()])?;
        script::require(scope, stream)
    }

    // https://w3c.github.io/FileAPI/#text-method-algo. The bytes are in memory, so the promises of this and of the next two are
    // fulfilled at once.
    fn text<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        let bytes = self.data.to_bytes(scope)?;
        let copied = if self.data.is_in_one() {
            0
        } else {
            bytes.len()
        };
        let _beside = Reservation::of(scope, copied);
        let text = utf8_decode(scope, &bytes)?;
        Promise::<idl::DomString>::resolved(scope, text)
    }

    // https://w3c.github.io/FileAPI/#arraybuffer-method-algo
    fn array_buffer<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        let bytes = self.data.to_vec(scope)?;
        let buffer = array_buffer(scope, bytes)?;
        Promise::<idl::Object>::resolved(scope, buffer.into())
    }

    // https://w3c.github.io/FileAPI/#bytes-method-algo
    fn bytes<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Promise>> {
        let bytes = self.data.to_vec(scope)?;
        let array = uint8_array(scope, bytes)?;
        Promise::<idl::Object>::resolved(scope, array.into())
    }
}

/// Positions from the start that are in order and within the blob, of arguments that may count from the end.
fn slice_range(size: u64, start: Option<i64>, end: Option<i64>) -> (u64, u64) {
    let position = |given: i64| match u64::try_from(given) {
        Ok(from_start) => from_start.min(size),
        Err(_) => size.saturating_sub(given.unsigned_abs()),
    };
    let start = start.map_or(0, position);
    let end = end.map_or(size, position);
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_lower_case_and_printable() {
        assert_eq!(
            normalize_type("Text/HTML; Charset=X"),
            "text/html; charset=x"
        );
        for odd in ["te\u{9}xt/plain", "text/plain\u{7f}", "tëxt/plain"] {
            assert_eq!(normalize_type(odd), "", "{odd:?}");
        }
    }

    #[test]
    fn ranges_stay_within_the_blob() {
        assert_eq!(slice_range(10, None, None), (0, 10));
        assert_eq!(slice_range(10, Some(-3), None), (7, 10));
        assert_eq!(slice_range(10, Some(-30), Some(-8)), (0, 2));
        assert_eq!(slice_range(10, Some(8), Some(3)), (8, 8));
        assert_eq!(slice_range(10, Some(i64::MAX), Some(i64::MIN)), (10, 10));
    }
}
