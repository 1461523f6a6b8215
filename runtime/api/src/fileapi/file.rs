//! `File`, <https://w3c.github.io/FileAPI/#file-section>.

use std::time::{SystemTime, UNIX_EPOCH};

use nano_webidl::{Fallible, Ref, Scope, Serializable, Trace, room};

use super::blob::{Blob, normalize_type};
use super::blob_data::BlobData;
use crate::bindings::file::FileMethods;
use crate::bindings::types::{BlobPart, FilePropertyBag};

/// A `File` object: a blob with a name. Clones share the bytes.
#[derive(Clone, Trace)]
#[own_memory]
pub struct File {
    blob: Blob,
    name: String,
    last_modified: i64,
}

impl AsRef<Blob> for File {
    fn as_ref(&self) -> &Blob {
        &self.blob
    }
}

impl File {
    /// About how many bytes it keeps beside its own size.
    pub(crate) fn own_memory(&self) -> usize {
        self.name.len() + self.blob.own_memory()
    }

    /// A file with the bytes and the type of `blob`, modified now.
    pub fn new(blob: Blob, name: String) -> Self {
        File {
            blob,
            name,
            last_modified: milliseconds_since_epoch(),
        }
    }

    /// The same file under another name.
    pub fn renamed(&self, name: String) -> Self {
        File {
            name,
            ..self.clone()
        }
    }

    /// The same file, whose bytes count against the app's memory limit.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit.
    pub fn reserved(&self, scope: &mut Scope) -> Fallible<Self> {
        let blob = Blob::new(
            self.blob.data().clone().reserved(scope)?,
            self.blob.content_type().to_owned(),
        );
        Ok(File {
            blob,
            ..self.clone()
        })
    }

    /// A file of which everything is known, as structured cloning needs it.
    pub fn from_fields(blob: Blob, name: String, last_modified: i64) -> Self {
        File {
            blob,
            name,
            last_modified,
        }
    }

    /// `name`
    pub fn file_name(&self) -> &str {
        &self.name
    }
}

fn milliseconds_since_epoch() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since_epoch.as_millis() as i64
}

// https://w3c.github.io/FileAPI/#file-section: "represented by the same byte sequence".
impl Serializable for File {
    type Data = File;

    fn serialize<'s>(_: &mut Scope<'s, '_>, file: Ref<'s, Self>) -> Fallible<File> {
        Ok(file.value().clone())
    }

    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        file: &File,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        Ok(Ref::new(scope, file.clone()).object())
    }

    fn receive<'s>(scope: &mut Scope<'s, '_>, file: &File) -> Fallible<v8::Local<'s, v8::Object>> {
        let file = File {
            blob: file.blob.clone().reserved(scope)?,
            ..file.clone()
        };
        Ok(Ref::new(scope, file).object())
    }

    fn data_size(file: &File) -> usize {
        size_of::<File>() + file.external_size()
    }

    fn full_size(file: &File) -> usize {
        Self::data_size(file) + Blob::full_size(&file.blob)
    }
}

impl FileMethods for File {
    // https://w3c.github.io/FileAPI/#file-constructor
    fn constructor<'s>(
        scope: &mut Scope<'s, '_>,
        file_bits: Vec<BlobPart<'s>>,
        file_name: String,
        options: FilePropertyBag<'s>,
    ) -> Fallible<Self> {
        // 1. Let bytes be the result of processing blob parts given fileBits and options.
        let data = BlobData::from_parts(scope, file_bits, options.endings)?;
        // 3.1. and 3.2. The type, in lower case, or nothing if it has odd characters.
        let content_type = normalize_type(&room::text(scope, options.type_)?);
        // 3.3. The time of modification; now, where none is given.
        let last_modified = options
            .last_modified
            .unwrap_or_else(milliseconds_since_epoch);
        Ok(File {
            blob: Blob::new(data, content_type),
            name: file_name,
            last_modified,
        })
    }

    fn name<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::String> {
        // It comes from a string, and is no longer.
        v8::String::new(scope, &self.name).unwrap_or_else(|| v8::String::empty(scope))
    }

    fn last_modified(&self) -> i64 {
        self.last_modified
    }
}
