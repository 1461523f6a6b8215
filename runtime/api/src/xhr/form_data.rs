//! `FormData`, <https://xhr.spec.whatwg.org/#interface-formdata>.

use std::rc::Rc;

use nano_engine::external_memory::ExternalMemory;
use nano_webidl::{
    Fallible, Ref, Scope, Trace, Traced, TracedCell, Value, require_room, room, type_error,
};

use super::multipart_parser::{self, Part};
use super::multipart_serializer;
use crate::bindings::form_data::FormDataMethods;
use crate::bindings::types::FormDataEntryValue;
use crate::fileapi::blob::Blob;
use crate::fileapi::file::File;
use crate::url::urlencoded;

/// A `FormData` object.
#[derive(Default, Trace)]
pub struct FormData {
    entries: TracedCell<EntryList>,
    /// Of `entries`.
    #[untraced]
    memory: ExternalMemory,
}

/// An entry list, <https://xhr.spec.whatwg.org/#formdata-entry-list>
#[derive(Default, Trace)]
struct EntryList(Vec<Entry>);

/// An entry, <https://xhr.spec.whatwg.org/#concept-formdata-entry>.
#[derive(Clone, Trace)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: EntryValue,
}

impl Entry {
    /// About how many bytes it takes.
    fn external_size(&self) -> usize {
        let value = match &self.value {
            EntryValue::Text(text) => text.len(),
            // Without its bytes, which are reserved.
            EntryValue::File(file) => size_of::<FileEntry>() + file.file.own_memory(),
        };
        size_of::<Entry>() + self.name.len() + value
    }
}

/// An entry's value.
#[derive(Clone, Trace)]
pub enum EntryValue {
    /// A string.
    Text(String),
    /// A file.
    File(Rc<FileEntry>),
}

/// A file with the one object that the app sees of it.
#[derive(Trace)]
pub struct FileEntry {
    /// The file.
    pub file: File,
    /// Made when the app first asks for it, where the file came over the wire.
    object: Traced<v8::Object>,
}

impl EntryValue {
    /// A file that no script has seen.
    pub fn file(file: File) -> Self {
        EntryValue::File(Rc::new(FileEntry {
            file,
            object: Traced::default(),
        }))
    }

    /// A file of the app's.
    fn object<'s>(scope: &mut Scope<'s, '_>, file: Ref<'s, File>) -> Self {
        EntryValue::File(Rc::new(FileEntry {
            file: file.value().clone(),
            object: Traced::new(scope, file.object()),
        }))
    }

    /// Bytes that a copy has of its own.
    fn copied(&self) -> usize {
        match self {
            EntryValue::Text(text) => text.len(),
            EntryValue::File(_) => 0,
        }
    }

    fn into_js<'s>(self, scope: &mut Scope<'s, '_>) -> FormDataEntryValue<'s> {
        match self {
            EntryValue::Text(text) => FormDataEntryValue::UsvString(text),
            EntryValue::File(entry) => FormDataEntryValue::File(entry.to_object(scope)),
        }
    }
}

impl FileEntry {
    /// The same file, whose bytes count against the app's memory limit.
    fn reserved(&self, scope: &mut Scope) -> Fallible<FileEntry> {
        Ok(FileEntry {
            file: self.file.reserved(scope)?,
            object: Traced::default(),
        })
    }

    fn to_object<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, File> {
        let known = self.object.get(scope);
        if let Some(file) = known.and_then(|object| Ref::from_value(scope, object.into())) {
            return file;
        }
        let file = Ref::new(scope, self.file.clone());
        self.object.set(scope, file.object());
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
            memory: ExternalMemory::new(entries.iter().map(Entry::external_size).sum()),
            entries: TracedCell::new(EntryList(entries)),
        }
    }

    /// The entries of a `multipart/form-data` body.
    ///
    /// # Errors
    /// A `TypeError` that says what is wrong with the bytes; a `RangeError` if the entries do not fit into the app's memory limit.
    pub fn parse_multipart(scope: &mut Scope, bytes: &[u8], boundary: &[u8]) -> Fallible<Self> {
        require_room(scope, multipart_parser::room(bytes, boundary))?;
        let parts = multipart_parser::parse(bytes, boundary)
            .map_err(|error| type_error(format!("the body is no multipart/form-data: {error}")))?;
        require_room(scope, parts.iter().map(Part::room).sum())?;
        let mut entries: Vec<_> = parts.into_iter().map(Part::into_entry).collect();
        for entry in &mut entries {
            if let EntryValue::File(entry) = &mut entry.value {
                *entry = Rc::new(entry.reserved(scope)?);
            }
        }
        Ok(FormData::new(entries))
    }

    /// The entries of an `application/x-www-form-urlencoded` body.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory limit.
    pub fn parse_urlencoded(scope: &mut Scope, bytes: &[u8]) -> Fallible<Self> {
        let pairs = urlencoded::parse(scope, bytes)?.into_iter();
        let entries = pairs.map(|(name, value)| Entry {
            name,
            value: EntryValue::Text(value),
        });
        Ok(FormData::new(entries.collect()))
    }

    /// The boundary and the bytes of a `multipart/form-data` body.
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory limit.
    pub fn to_multipart(&self, scope: &mut Scope) -> Fallible<(String, Vec<u8>)> {
        let room = self.read(scope, multipart_serializer::room);
        require_room(scope, room)?;
        let boundary = multipart_serializer::new_boundary()?;
        let bytes = self.read(scope, |entries| {
            multipart_serializer::serialize(entries, &boundary)
        });
        Ok((boundary, bytes))
    }

    fn read<R>(&self, scope: &mut Scope, read: impl FnOnce(&[Entry]) -> R) -> R {
        self.entries.read(scope, |entries| read(&entries.0))
    }

    fn change(&self, scope: &mut Scope, change: impl FnOnce(&mut Vec<Entry>)) {
        self.entries.change(scope, |EntryList(entries)| {
            change(entries);
            self.memory
                .set(entries.iter().map(Entry::external_size).sum());
        });
    }

    fn push(&self, scope: &mut Scope, name: String, value: EntryValue) {
        let entry = Entry { name, value };
        self.memory.add(entry.external_size());
        self.entries.change(scope, |entries| entries.0.push(entry));
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-set>, from step 3.
    fn replace(&self, scope: &mut Scope, name: String, value: EntryValue) {
        self.change(scope, |entries| {
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

    /// A copy of the entry at this index.
    fn copy(&self, scope: &mut Scope, index: usize) -> Fallible<Option<Entry>> {
        let size = |entry: &Entry| entry.name.len() + entry.value.copied();
        let bytes = self.read(scope, |entries| entries.get(index).map_or(0, size));
        require_room(scope, bytes)?;
        Ok(self.read(scope, |entries| entries.get(index).cloned()))
    }

    /// The values of this name.
    fn values(&self, scope: &mut Scope, name: &str) -> Fallible<Vec<EntryValue>> {
        let (count, bytes) = self.read(scope, |entries| {
            let own = entries.iter().filter(|entry| entry.name == name);
            let sizes = own.map(|entry| entry.value.copied());
            sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size))
        });
        let mut values = room::list(scope, count, bytes)?;
        self.read(scope, |entries| {
            let own = entries.iter().filter(|entry| entry.name == name);
            values.extend(own.map(|entry| entry.value.clone()));
        });
        Ok(values)
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

    fn append(&self, scope: &mut Scope, name: String, value: String) -> Fallible<()> {
        self.push(scope, name, EntryValue::Text(value));
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
        self.push(scope, name, value);
        Ok(())
    }

    fn delete(&self, scope: &mut Scope, name: String) -> Fallible<()> {
        self.change(scope, |entries| entries.retain(|entry| entry.name != name));
        Ok(())
    }

    fn get<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
    ) -> Fallible<Option<FormDataEntryValue<'s>>> {
        let first = |entries: &[Entry]| entries.iter().position(|entry| entry.name == name);
        match self.read(scope, first) {
            None => Ok(None),
            Some(index) => Ok(self
                .copy(scope, index)?
                .map(|entry| entry.value.into_js(scope))),
        }
    }

    fn get_all<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        name: String,
    ) -> Fallible<Vec<FormDataEntryValue<'s>>> {
        let values = self.values(scope, &name)?;
        let mut result = room::list(scope, values.len(), 0)?;
        result.extend(values.into_iter().map(|value| value.into_js(scope)));
        Ok(result)
    }

    fn has(&self, scope: &mut Scope, name: String) -> Fallible<bool> {
        Ok(self.read(scope, |entries| {
            entries.iter().any(|entry| entry.name == name)
        }))
    }

    fn set(&self, scope: &mut Scope, name: String, value: String) -> Fallible<()> {
        self.replace(scope, name, EntryValue::Text(value));
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
        self.replace(scope, name, value);
        Ok(())
    }

    fn pair_at<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        index: usize,
    ) -> Fallible<Option<(String, FormDataEntryValue<'s>)>> {
        let entry = self.copy(scope, index)?;
        Ok(entry.map(|Entry { name, value }| (name, value.into_js(scope))))
    }
}
