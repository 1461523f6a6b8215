//! The serializer of `multipart/form-data`,
//! <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>.

use std::borrow::Cow;

use nano_webidl::Fallible;

use super::form_data::{Entry, EntryValue};
use crate::fileapi::blob::Blob;
use crate::webcrypto::random;

/// A boundary that no body has in it, by chance of 2^-128.
///
/// # Errors
/// The operating system has no random bytes.
pub fn new_boundary() -> Fallible<String> {
    let random = u128::from_ne_bytes(random::bytes()?);
    Ok(format!("----nano-form-data-{random:032x}"))
}

/// How many bytes the body of these entries has at most.
pub fn room(entries: &[Entry]) -> usize {
    /// Boundaries, names of fields and the type of a blob without one.
    const AROUND: usize = 256;
    // Each may become six: a line break as CRLF, percent-encoded.
    let escaped = |text: &str| {
        let special = text
            .bytes()
            .filter(|byte| matches!(byte, b'\n' | b'\r' | b'"'));
        text.len() + 5 * special.count()
    };
    let sizes = entries.iter().map(|Entry { name, value }| {
        let value = match value {
            EntryValue::Text(value) => escaped(value),
            EntryValue::File(entry) => {
                let blob: &Blob = entry.file.as_ref();
                let size = usize::try_from(blob.data().size()).unwrap_or(usize::MAX);
                let head = escaped(entry.file.file_name()) + blob.content_type().len();
                size.saturating_add(head)
            }
        };
        value.saturating_add(escaped(name) + AROUND)
    });
    sizes.fold(AROUND, usize::saturating_add)
}

/// The body.
pub fn serialize(entries: &[Entry], boundary: &str) -> Vec<u8> {
    let mut output = Vec::with_capacity(room(entries));
    for Entry { name, value } in entries {
        let name = normalize_line_breaks(name);
        put(
            &mut output,
            &[
                "--",
                boundary,
                "\r\nContent-Disposition: form-data; name=\"",
                &escape(&name),
                "\"",
            ],
        );
        match value {
            EntryValue::Text(value) => {
                put(&mut output, &["\r\n\r\n", &normalize_line_breaks(value)])
            }
            EntryValue::File(entry) => {
                let blob: &Blob = entry.file.as_ref();
                let content_type = match blob.content_type() {
                    "" => "application/octet-stream",
                    known => known,
                };
                let filename = escape(entry.file.file_name());
                put(
                    &mut output,
                    &[
                        "; filename=\"",
                        &filename,
                        "\"\r\nContent-Type: ",
                        content_type,
                        "\r\n\r\n",
                    ],
                );
                blob.data().append_to(&mut output);
            }
        }
        put(&mut output, &["\r\n"]);
    }
    put(&mut output, &["--", boundary, "--\r\n"]);
    output
}

fn put(output: &mut Vec<u8>, pieces: &[&str]) {
    pieces
        .iter()
        .for_each(|piece| output.extend_from_slice(piece.as_bytes()));
}

/// Names end with a quote, so they can have none; nor can they have line breaks.
fn escape(name: &str) -> Cow<'_, str> {
    if !name.contains(['\n', '\r', '"']) {
        return name.into();
    }
    name.replace('\n', "%0A")
        .replace('\r', "%0D")
        .replace('"', "%22")
        .into()
}

/// Replaces every CR that no LF follows, and every LF that follows no CR, by CRLF.
fn normalize_line_breaks(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return text.into();
    }
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace('\n', "\r\n")
        .into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::fileapi::file::File;

    #[test]
    fn names_are_escaped_and_line_breaks_are_those_of_the_network() {
        let blob = Blob::from_bytes(Bytes::from_static(b"a\nb"), String::new());
        let entries = [
            Entry {
                name: "x\"\n".to_owned(),
                value: EntryValue::Text("1\r2\n3\r\n".to_owned()),
            },
            Entry {
                name: "f".to_owned(),
                value: EntryValue::file(File::new(blob, "n\n\".txt".to_owned())),
            },
        ];
        let expected = "--B\r\nContent-Disposition: form-data; name=\"x%22%0D%0A\"\r\n\r\n1\r\n2\r\n3\r\n\r\n\
                        --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%0A%22.txt\"\r\n\
                        Content-Type: application/octet-stream\r\n\r\na\nb\r\n--B--\r\n";
        let body = serialize(&entries, "B");
        assert_eq!(String::from_utf8_lossy(&body), expected);
        assert!(body.len() <= room(&entries));
    }

    #[test]
    fn boundaries_differ() {
        let new_boundary = || new_boundary().expect("random bytes");
        assert_ne!(new_boundary(), new_boundary());
        assert!(new_boundary().len() <= 70, "RFC 2046 allows 70 characters");
    }
}
