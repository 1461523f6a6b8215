//! `FormData`, <https://xhr.spec.whatwg.org/#interface-formdata>.

use std::cell::OnceCell;
use std::rc::Rc;

use data_url::mime::Mime;
use nano_webidl::{Fallible, Ref, Scope, Trace, Value, Weigh, Weighed, require_room, type_error};

use super::{multipart_parser, multipart_serializer};
use crate::bindings::form_data::FormDataMethods;
use crate::bindings::types::FormDataEntryValue;
use crate::fileapi::blob::Blob;
use crate::fileapi::file::File;
use crate::url::urlencoded;

/// A `FormData` object.
#[derive(Default)]
pub struct FormData {
    entries: Weighed<EntryList>,
}

impl Trace for FormData {
    fn trace(&self, visitor: &mut v8::cppgc::Visitor) {
        for entry in &self.entries.borrow().0 {
            if let EntryValue::File(file) = &entry.value
                && let Some(object) = file.object.get()
            {
                visitor.trace(object);
            }
        }
    }
}

/// An entry list, <https://xhr.spec.whatwg.org/#formdata-entry-list>
#[derive(Default)]
struct EntryList(Vec<Entry>);

impl Weigh for EntryList {
    fn weigh(&self) -> usize {
        self.0.iter().map(Entry::weigh).sum()
    }
}

/// An entry, <https://xhr.spec.whatwg.org/#concept-formdata-entry>.
#[derive(Clone)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: EntryValue,
}

impl Weigh for Entry {
    fn weigh(&self) -> usize {
        let value = match &self.value {
            EntryValue::Text(text) => text.len(),
            // Without its bytes, which are charged.
            EntryValue::File(file) => size_of::<FileEntry>() + file.file.native_size(),
        };
        size_of::<Entry>() + self.name.len() + value
    }
}

/// An entry's value.
#[derive(Clone)]
pub enum EntryValue {
    /// A string.
    Text(String),
    /// A file.
    File(Rc<FileEntry>),
}

/// A file with the one object that the app sees of it.
pub struct FileEntry {
    /// The file.
    pub file: File,
    /// Made when the app first asks for it, where the file came over the wire.
    object: OnceCell<v8::TracedReference<v8::Object>>,
}

impl EntryValue {
    /// A file that no script has seen.
    pub fn file(file: File) -> Self {
        EntryValue::File(Rc::new(FileEntry {
            file,
            object: OnceCell::new(),
        }))
    }

    /// A file of the app's.
    fn object<'s>(scope: &mut Scope<'s, '_>, file: Ref<'s, File>) -> Self {
        let object = OnceCell::from(v8::TracedReference::new(scope, file.object()));
        EntryValue::File(Rc::new(FileEntry {
            file: file.value().clone(),
            object,
        }))
    }

    fn to_js<'s>(&self, scope: &mut Scope<'s, '_>) -> FormDataEntryValue<'s> {
        match self {
            EntryValue::Text(text) => FormDataEntryValue::UsvString(text.clone()),
            EntryValue::File(entry) => FormDataEntryValue::File(entry.to_object(scope)),
        }
    }
}

impl FileEntry {
    /// The same file, whose bytes count against the app's memory limit.
    fn charged(&self, scope: &mut Scope) -> Fallible<FileEntry> {
        Ok(FileEntry {
            file: self.file.charged(scope)?,
            object: OnceCell::new(),
        })
    }

    fn to_object<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, File> {
        let known = self.object.get().and_then(|object| object.get(scope));
        if let Some(file) = known.and_then(|object| Ref::from_value(scope, object.into())) {
            return file;
        }
        let file = Ref::new(scope, self.file.clone());
        let _ = self
            .object
            .set(v8::TracedReference::new(scope, file.object()));
        file
    }
}

/// <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#create-an-entry>, for a value that is a blob.
fn file_value<'s>(
    scope: &mut Scope<'s, '_>,
    blob: Ref<'s, Blob>,
    filename: Option<String>,
) -> EntryValue {
    let file = Ref::<File>::from_value(scope, blob.object().into());
    match (file, filename) {
        // 3.1. A blob that is no file becomes one, with the name "blob".
        (None, filename) => EntryValue::file(File::new(
            blob.value().clone(),
            filename.unwrap_or_else(|| "blob".to_owned()),
        )),
        // 3.2. If filename is given, then it is the name of a new file.
        (Some(file), Some(filename)) => EntryValue::file(file.renamed(filename)),
        (Some(file), None) => EntryValue::object(scope, file),
    }
}

impl FormData {
    /// An object with these entries.
    pub fn new(entries: Vec<Entry>) -> Self {
        FormData {
            entries: EntryList(entries).into(),
        }
    }

    /// What a body's bytes are, by the value of its `Content-Type`:
    /// <https://fetch.spec.whatwg.org/#dom-body-formdata>.
    ///
    /// # Errors
    /// A `TypeError` if the type is none of a form's, or if the bytes are not of that type.
    pub fn parse(scope: &mut Scope, content_type: &[u8], bytes: &[u8]) -> Fallible<Self> {
        let text: String = content_type.iter().map(|&byte| char::from(byte)).collect();
        let mime: Option<Mime> = text.parse().ok();
        match mime
            .as_ref()
            .map(|mime| (mime.type_.as_str(), mime.subtype.as_str(), mime))
        {
            Some(("multipart", "form-data", mime)) => {
                let boundary = mime.get_parameter("boundary").ok_or_else(|| {
                    type_error(format!(
                        "the body's Content-Type '{text}' has no 'boundary' parameter"
                    ))
                })?;
                // The parameter is isomorphic-decoded.
                let boundary: Vec<u8> = boundary.chars().map(|character| character as u8).collect();
                let mut entries = multipart_parser::parse(bytes, &boundary).map_err(|error| {
                    type_error(format!("the body is no multipart/form-data: {error}"))
                })?;
                for entry in &mut entries {
                    if let EntryValue::File(entry) = &mut entry.value {
                        *entry = Rc::new(entry.charged(scope)?);
                    }
                }
                Ok(FormData::new(entries))
            }
            Some(("application", "x-www-form-urlencoded", _)) => {
                Ok(FormData::parse_urlencoded(bytes))
            }
            _ => Err(type_error(format!(
                "the body's Content-Type must be multipart/form-data or application/x-www-form-urlencoded, but is '{text}'"
            ))),
        }
    }

    /// The entries of an `application/x-www-form-urlencoded` body.
    pub fn parse_urlencoded(bytes: &[u8]) -> Self {
        let pairs = urlencoded::parse(bytes).into_iter();
        FormData::new(
            pairs
                .map(|(name, value)| Entry {
                    name,
                    value: EntryValue::Text(value),
                })
                .collect(),
        )
    }

    /// The boundary and the bytes of a `multipart/form-data` body.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory limit.
    pub fn to_multipart(&self, scope: &mut Scope) -> Fallible<(String, Vec<u8>)> {
        let room = multipart_serializer::room(&self.entries.borrow().0);
        require_room(scope, room)?;
        let boundary = multipart_serializer::new_boundary();
        let bytes = multipart_serializer::serialize(&self.entries.borrow().0, &boundary);
        Ok((boundary, bytes))
    }

    fn push(&self, name: String, value: EntryValue) {
        let entry = Entry { name, value };
        self.entries
            .extend(entry.weigh(), |entries| entries.0.push(entry));
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-set>, from step 3.
    fn replace(&self, name: String, value: EntryValue) {
        self.entries.change(|EntryList(entries)| {
            match entries.iter().position(|entry| entry.name == name) {
                // 3. Replace the first such entry and remove the others.
                Some(first) => {
                    let mut index = 0;
                    entries.retain(|entry| {
                        index += 1;
                        index - 1 <= first || entry.name != name
                    });
                    entries[first].value = value;
                }
                // 4. Otherwise, append entry.
                None => entries.push(Entry { name, value }),
            }
        });
    }

    /// The values of this name. They are copied out, because making their objects may collect garbage, which visits the entries.
    fn values(&self, name: &str) -> Vec<EntryValue> {
        let entries = self.entries.borrow();
        entries
            .0
            .iter()
            .filter(|entry| entry.name == name)
            .map(|entry| entry.value.clone())
            .collect()
    }
}

impl FormDataMethods for FormData {
    // https://xhr.spec.whatwg.org/#dom-formdata
    fn constructor<'s>(_: &mut Scope<'s, '_>, form: Option<Value<'s>>) -> Fallible<Self> {
        match form {
            None => Ok(FormData::default()),
            Some(_) => Err(type_error("parameter 1 is not of type 'HTMLFormElement'.")),
        }
    }

    fn append(&self, name: String, value: String) -> Fallible<()> {
        self.push(name, EntryValue::Text(value));
        Ok(())
    }

    fn append_blob<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
        blob_value: Ref<'s, Blob>,
        filename: Option<String>,
    ) -> Fallible<()> {
        let value = file_value(scope, blob_value, filename);
        self.push(name, value);
        Ok(())
    }

    fn delete(&self, name: String) -> Fallible<()> {
        self.entries
            .change(|entries| entries.0.retain(|entry| entry.name != name));
        Ok(())
    }

    fn get<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
    ) -> Fallible<Option<FormDataEntryValue<'s>>> {
        let value = self
            .entries
            .borrow()
            .0
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.value.clone());
        Ok(value.map(|value| value.to_js(scope)))
    }

    fn get_all<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
    ) -> Fallible<Vec<FormDataEntryValue<'s>>> {
        Ok(self
            .values(&name)
            .iter()
            .map(|value| value.to_js(scope))
            .collect())
    }

    fn has(&self, name: String) -> Fallible<bool> {
        Ok(self
            .entries
            .borrow()
            .0
            .iter()
            .any(|entry| entry.name == name))
    }

    fn set(&self, name: String, value: String) -> Fallible<()> {
        self.replace(name, EntryValue::Text(value));
        Ok(())
    }

    fn set_blob<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
        blob_value: Ref<'s, Blob>,
        filename: Option<String>,
    ) -> Fallible<()> {
        let value = file_value(scope, blob_value, filename);
        self.replace(name, value);
        Ok(())
    }

    fn pair_at<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Option<(String, FormDataEntryValue<'s>)> {
        let Entry { name, value } = self.entries.borrow().0.get(index)?.clone();
        Some((name, value.to_js(scope)))
    }
}
