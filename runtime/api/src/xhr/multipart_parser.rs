//! The parser of `multipart/form-data`, <https://fetch.spec.whatwg.org/#multipart-form-data-parser>, after the algorithm of
//! <https://andreubotella.github.io/multipart-form-data/#multipart-form-data-parser>.

use std::fmt;

use bytes::Bytes;
use memchr::memmem;

use super::form_data::{Entry, EntryValue};
use crate::fileapi::blob::Blob;
use crate::fileapi::file::File;

/// What is wrong with a body, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    expected: &'static str,
    position: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing at byte {}", self.expected, self.position)
    }
}

/// How much memory the entries of a body take, at the most: of small parts several times as much as they do themselves.
pub fn room(input: &[u8], boundary: &[u8]) -> usize {
    /// An entry with the strings and the file of its own.
    const PART: usize = 512;
    let delimiter = [b"--", boundary].concat();
    memmem::find_iter(input, &delimiter).count() * PART + input.len()
}

/// The entries of a body.
///
/// # Errors
/// Where it is malformed.
pub fn parse(input: &[u8], boundary: &[u8]) -> Result<Vec<Entry>, Malformed> {
    let delimiter = [b"--", boundary].concat();
    let end_of_part = [b"\r\n", &delimiter[..]].concat();
    let end_of_part = memmem::Finder::new(&end_of_part);
    let mut parser = Parser { input, position: 0 };
    let mut entries = Vec::new();
    // DEPARTURE: line breaks before the first delimiter are skipped, as some clients send one.
    while parser.take(b"\r\n") {}
    loop {
        // 5.1.
        parser.require(&delimiter, "the boundary")?;
        // 5.2. DEPARTURE: whatever follows the last delimiter is ignored, as RFC 2046 says; the algorithm demands CRLF and the end.
        if parser.take(b"--") {
            return Ok(entries);
        }
        // 5.3. and 5.4.
        parser.require(b"\r\n", "a line break after the boundary")?;
        // 5.5. and 5.6.
        let head = parser.part_head()?;
        // 5.7. and 5.8. The body ends where a line break and the next delimiter stand.
        let start = parser.position;
        let length = end_of_part
            .find(&input[start..])
            .ok_or(parser.missing("the closing boundary"))?;
        let body = &input[start..start + length];
        // 5.9.
        parser.position = start + length + b"\r\n".len();
        // 5.10. to 5.13.
        entries.push(head.into_entry(body));
    }
}

/// The headers of a part that matter.
struct PartHead {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
}

impl PartHead {
    fn into_entry(self, body: &[u8]) -> Entry {
        let value = match self.filename {
            Some(filename) => {
                let content_type = self.content_type.unwrap_or_else(|| "text/plain".to_owned());
                let blob = Blob::from_bytes(Bytes::copy_from_slice(body), content_type);
                EntryValue::file(File::new(blob, filename))
            }
            None => EntryValue::Text(String::from_utf8_lossy(body).into_owned()),
        };
        Entry {
            name: self.name,
            value,
        }
    }
}

struct Parser<'a> {
    input: &'a [u8],
    position: usize,
}

impl<'a> Parser<'a> {
    fn missing(&self, expected: &'static str) -> Malformed {
        Malformed {
            expected,
            position: self.position,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.input[self.position..]
    }

    /// Goes past `bytes`, if they are here.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let found = self.rest().starts_with(bytes);
        if found {
            self.position += bytes.len();
        }
        found
    }

    fn require(&mut self, bytes: &[u8], name: &'static str) -> Result<(), Malformed> {
        if self.take(bytes) {
            Ok(())
        } else {
            Err(self.missing(name))
        }
    }

    /// Goes past all bytes up to the first that is not `wanted`.
    fn collect(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest
            .iter()
            .position(|&byte| !wanted(byte))
            .unwrap_or(rest.len());
        self.position += length;
        &rest[..length]
    }

    fn skip_spaces(&mut self) {
        self.collect(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// <https://andreubotella.github.io/multipart-form-data/#parse-multipart-form-data-headers>
    fn part_head(&mut self) -> Result<PartHead, Malformed> {
        let (mut disposition, mut content_type) = (None, None);
        while !self.take(b"\r\n") {
            let header = self
                .collect(|byte| !matches!(byte, b'\n' | b'\r' | b':'))
                .trim_ascii();
            self.require(b":", "a part's header name and ':'")?;
            self.skip_spaces();
            if header.eq_ignore_ascii_case(b"content-disposition") {
                disposition = Some(self.disposition()?);
            } else {
                let value = self
                    .collect(|byte| !matches!(byte, b'\n' | b'\r'))
                    .trim_ascii_end();
                if header.eq_ignore_ascii_case(b"content-type") {
                    content_type = Some(content_type_of(value));
                }
            }
            self.require(b"\r\n", "a line break after a part's header")?;
        }
        let (name, filename) =
            disposition.ok_or(self.missing("a part's 'Content-Disposition' header"))?;
        Ok(PartHead {
            name,
            filename,
            content_type,
        })
    }

    /// `form-data; name="…"; filename="…"`.
    ///
    /// DEPARTURE: spaces, the case of letters and the order of parameters are free, values need no quotes, and unknown
    /// parameters are skipped; the algorithm knows one spelling only.
    fn disposition(&mut self) -> Result<(String, Option<String>), Malformed> {
        let kind = self.collect(|byte| !matches!(byte, b';' | b' ' | b'\t' | b'\r' | b'\n'));
        if !kind.eq_ignore_ascii_case(b"form-data") {
            return Err(self.missing("'form-data' in a part's 'Content-Disposition' header"));
        }
        let (mut name, mut filename) = (None, None);
        loop {
            self.skip_spaces();
            if !self.take(b";") {
                break;
            }
            self.skip_spaces();
            let parameter =
                self.collect(|byte| !matches!(byte, b'=' | b';' | b' ' | b'\t' | b'\r' | b'\n'));
            if !self.take(b"=") {
                continue;
            }
            let value = self.parameter_value()?;
            if parameter.eq_ignore_ascii_case(b"name") {
                name.get_or_insert(value);
            } else if parameter.eq_ignore_ascii_case(b"filename") {
                filename.get_or_insert(value);
            }
        }
        let name =
            name.ok_or(self.missing("the 'name' in a part's 'Content-Disposition' header"))?;
        Ok((name, filename))
    }

    /// <https://andreubotella.github.io/multipart-form-data/#parse-a-multipart-form-data-name>
    fn parameter_value(&mut self) -> Result<String, Malformed> {
        if !self.take(b"\"") {
            let token = self.collect(|byte| !matches!(byte, b';' | b' ' | b'\t' | b'\r' | b'\n'));
            return Ok(unescape(token));
        }
        let quoted = self.collect(|byte| !matches!(byte, b'"' | b'\r' | b'\n'));
        self.require(b"\"", "the closing quote of a part's parameter")?;
        Ok(unescape(quoted))
    }
}

/// Undoes the escapes of [`super::multipart_serializer`], and decodes UTF-8 without BOM.
fn unescape(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains('%') {
        return text.into_owned();
    }
    let text = text
        .replace("%0A", "\n")
        .replace("%0a", "\n")
        .replace("%0D", "\r")
        .replace("%0d", "\r");
    text.replace("%22", "\"")
}

/// A type that is not ASCII is none.
fn content_type_of(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(body: &str) -> Result<Vec<(String, String)>, Malformed> {
        let entries = parse(body.as_bytes(), b"X")?;
        let text = |value| match value {
            EntryValue::Text(text) => text,
            EntryValue::File(entry) => {
                let blob: &Blob = entry.file.as_ref();
                let mut bytes = Vec::new();
                blob.data().append_to(&mut bytes);
                let bytes = String::from_utf8_lossy(&bytes).into_owned();
                format!(
                    "{} ({}): {bytes}",
                    entry.file.file_name(),
                    blob.content_type()
                )
            }
        };
        Ok(entries
            .into_iter()
            .map(|entry| (entry.name, text(entry.value)))
            .collect())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn takes_texts_and_files() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--2\r\n\
                    --X\r\ncontent-type:  image/PNG \r\nX-Other: y\r\nCONTENT-DISPOSITION:form-data;filename=\"f%22.png\";name=b\r\n\r\n\
                    \u{feff}data\r\n--X--\r\n";
        assert_eq!(
            texts(body),
            Ok(vec![
                pair("a", "1\r\n--2"),
                pair("b", "f\".png (image/PNG): \u{feff}data")
            ])
        );
    }

    #[test]
    fn a_file_without_a_type_is_text() {
        let body =
            "--X\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n\r\n\r\n--X--";
        assert_eq!(texts(body), Ok(vec![pair("a", " (text/plain): ")]));
    }

    #[test]
    fn no_entries_are_fine() {
        assert_eq!(texts("--X--\r\n"), Ok(vec![]));
        assert_eq!(texts("\r\n--X--"), Ok(vec![]));
    }

    #[test]
    fn says_what_is_missing() {
        let disposition = "Content-Disposition: form-data; name=\"a\"\r\n";
        for (body, expected) in [
            (String::new(), "the boundary"),
            ("--Y--".to_owned(), "the boundary"),
            ("--X-junk".to_owned(), "a line break after the boundary"),
            (
                format!("--X\r\n{disposition}\r\nbody"),
                "the closing boundary",
            ),
            (
                "--X\r\nA: b\r\n\r\nbody\r\n--X--".to_owned(),
                "a part's 'Content-Disposition' header",
            ),
            (
                "--X\r\nbody\r\n--X--".to_owned(),
                "a part's header name and ':'",
            ),
            (
                "--X\r\nContent-Disposition: form-data\r\n\r\nbody\r\n--X--".to_owned(),
                "the 'name' in a part's 'Content-Disposition' header",
            ),
            (
                "--X\r\nContent-Disposition: form-data; name=\"a\r\n\r\nbody\r\n--X--".to_owned(),
                "the closing quote of a part's parameter",
            ),
        ] {
            assert_eq!(
                texts(&body).map_err(|error| error.expected),
                Err(expected),
                "{body:?}"
            );
        }
    }
}
