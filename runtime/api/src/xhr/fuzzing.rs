//! See [`crate::fuzzing`].

use super::form_data::{Entry, EntryValue};
use super::multipart_parser::{Part, parse, room};
use super::multipart_serializer as serializer;
use crate::fileapi::blob::Blob;
use crate::fuzzing::input::Input;

/// What no case is likely to have.
const BOUNDARY: &str = "----nano-form-data-of-a-fuzz-target";

fn entries(body: &[u8], boundary: &[u8]) -> Option<Vec<Entry>> {
    let parts = parse(body, boundary).ok()?;
    assert!(size_of_val(&*parts) <= room(body, boundary));
    let entries = parts.into_iter().map(|part| {
        let room = part.room();
        let entry = Part::into_entry(part);
        let value = match &entry.value {
            EntryValue::Text(text) => text.len(),
            EntryValue::File(file) => {
                let blob: &Blob = file.file.as_ref();
                let size = usize::try_from(blob.data().size()).unwrap_or(usize::MAX);
                size + file.file.file_name().len() + blob.content_type().len()
            }
        };
        assert!(room >= entry.name.len() + value, "there is room for it");
        entry
    });
    Some(entries.collect())
}

/// A body of a form, and its boundary. As it is written, it is read again.
pub fn multipart(case: &[u8]) {
    let mut input = Input::new(case);
    let (boundary, body) = (input.piece(), input.rest());
    let Some(read) = entries(body, boundary) else {
        return;
    };
    let written = serializer::serialize(&read, BOUNDARY);
    assert!(written.len() <= serializer::room(&read));
    if String::from_utf8_lossy(body).contains(BOUNDARY) {
        return;
    }
    let Some(again) = entries(&written, BOUNDARY.as_bytes()) else {
        panic!("{:?}", String::from_utf8_lossy(&written));
    };
    assert_eq!(again.len(), read.len());
    let twice = serializer::serialize(&again, BOUNDARY);
    assert_eq!(
        String::from_utf8_lossy(&twice),
        String::from_utf8_lossy(&written)
    );
}
