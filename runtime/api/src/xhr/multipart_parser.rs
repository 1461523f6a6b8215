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

/// An entry with the strings and the file of its own, and what is known of it before.
const PART: usize = 512;

/// How much memory the parts of a body take, without the texts and files that are made of them.
pub fn room(input: &[u8], boundary: &[u8]) -> usize {
    let delimiter = [b"--", boundary].concat();
    memmem::find_iter(input, &delimiter).count() * PART
}

/// The parts of a body.
///
/// # Errors
/// Where it is malformed.
pub fn parse<'b>(input: &'b [u8], boundary: &[u8]) -> Result<Vec<Part<'b>>, Malformed> {
    let delimiter = [b"--", boundary].concat();
    let end_of_part = [b"\r\n", &delimiter[..]].concat();
    let end_of_part = memmem::Finder::new(&end_of_part);
    let mut parser = Parser { input, position: 0 };
    let mut parts = Vec::new();
    // DEPARTURE: line breaks before the first delimiter are skipped, as some clients send one.
    while parser.take(b"\r\n") {}
    loop {
        // 5.1.
        parser.require(&delimiter, "the boundary")?;
        // 5.2. DEPARTURE: whatever follows the last delimiter is ignored, as RFC 2046 says; the algorithm demands CRLF and the end.
        if parser.take(b"--") {
            return Ok(parts);
        }
        // 5.3. and 5.4.
        parser.require(b"\r\n", "a line break after the boundary")?;
        // 5.5. and 5.6.
        let mut part = parser.part_head()?;
        // 5.7. and 5.8. The body ends where a line break and the next delimiter stand.
        let start = parser.position;
        let length = end_of_part
            .find(&input[start..])
            .ok_or(parser.missing("the closing boundary"))?;
        part.body = &input[start..start + length];
        // 5.9.
        parser.position = start + length + b"\r\n".len();
        // 5.10. to 5.13.
        parts.push(part);
    }
}

/// A part of a body, with the headers that matter.
pub struct Part<'b> {
    name: &'b [u8],
    filename: Option<&'b [u8]>,
    content_type: Option<&'b [u8]>,
    body: &'b [u8],
}

impl Part<'_> {
    /// How much memory its entry takes, with what is in it.
    pub fn room(&self) -> usize {
        // The text as it is decoded, and without its escapes.
        let name = |name: &[u8]| 2 * decoded_length(name);
        let content_type = self.content_type.map_or(0, <[u8]>::len);
        let value = match self.filename {
            Some(filename) => name(filename) + content_type + self.body.len(),
            None => decoded_length(self.body),
        };
        PART + name(self.name) + value
    }

    /// What becomes of it.
    pub fn into_entry(self) -> Entry {
        let value = match self.filename {
            Some(filename) => {
                let content_type = self.content_type.map(content_type_of);
                let content_type = content_type.unwrap_or_else(|| "text/plain".to_owned());
                let blob = Blob::from_bytes(Bytes::copy_from_slice(self.body), content_type);
                EntryValue::file(File::new(blob, unescape(filename)))
            }
            None => EntryValue::Text(String::from_utf8_lossy(self.body).into_owned()),
        };
        Entry {
            name: unescape(self.name),
            value,
        }
    }
}

/// The length of bytes that are decoded as UTF-8: a malformed one may become three.
fn decoded_length(bytes: &[u8]) -> usize {
    const REPLACEMENT: usize = char::REPLACEMENT_CHARACTER.len_utf8();
    if std::str::from_utf8(bytes).is_ok() {
        return bytes.len();
    }
    let chunks = bytes.utf8_chunks();
    let lengths = chunks.map(|chunk| match chunk.invalid() {
        [] => chunk.valid().len(),
        _ => chunk.valid().len() + REPLACEMENT,
    });
    lengths.sum()
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
    fn part_head(&mut self) -> Result<Part<'a>, Malformed> {
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
                    content_type = Some(value);
                }
            }
            self.require(b"\r\n", "a line break after a part's header")?;
        }
        let (name, filename) =
            disposition.ok_or(self.missing("a part's 'Content-Disposition' header"))?;
        Ok(Part {
            name,
            filename,
            content_type,
            body: &[],
        })
    }

    /// `form-data; name="…"; filename="…"`.
    ///
    /// DEPARTURE: spaces, the case of letters and the order of parameters are free, values need no quotes, and unknown
    /// parameters are skipped; the algorithm knows one spelling only.
    fn disposition(&mut self) -> Result<(&'a [u8], Option<&'a [u8]>), Malformed> {
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
    fn parameter_value(&mut self) -> Result<&'a [u8], Malformed> {
        if !self.take(b"\"") {
            return Ok(self.collect(|byte| !matches!(byte, b';' | b' ' | b'\t' | b'\r' | b'\n')));
        }
        let quoted = self.collect(|byte| !matches!(byte, b'"' | b'\r' | b'\n'));
        self.require(b"\"", "the closing quote of a part's parameter")?;
        Ok(quoted)
    }
}

/// Undoes the escapes of [`super::multipart_serializer`], and decodes UTF-8 without BOM.
fn unescape(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut pieces = text.split('%');
    let first = pieces.next().unwrap_or_default();
    if first.len() == text.len() {
        return text.into_owned();
    }
    let mut unescaped = String::with_capacity(text.len());
    unescaped.push_str(first);
    for piece in pieces {
        let character = match piece.get(..2) {
            Some("0A" | "0a") => '\n',
            Some("0D" | "0d") => '\r',
            Some("22") => '"',
            _ => {
                unescaped.push('%');
                unescaped.push_str(piece);
                continue;
            }
        };
        unescaped.push(character);
        unescaped.push_str(&piece[2..]);
    }
    unescaped
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
            .map(Part::into_entry)
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
    fn escapes_are_undone_once() {
        for (escaped, expected) in [
            ("a%0D%0Ab%22c", "a\r\nb\"c"),
            ("%0d%0a", "\r\n"),
            ("100%", "100%"),
            ("%2%0A2%", "%2\n2%"),
            ("%\u{e4}%20", "%\u{e4}%20"),
        ] {
            assert_eq!(unescape(escaped.as_bytes()), expected);
        }
        assert_eq!(unescape(b"\xff%22"), "\u{fffd}\"");
    }

    #[test]
    fn there_is_room_for_all_entries() {
        let [head, end] = [
            "--X\r\nContent-Disposition: form-data; name=\"",
            "\r\n--X--",
        ];
        let bodies: [(&[u8], usize); 4] = [
            (b"ab", 2),
            (&[0xff; 1000], 3000),
            ("\u{20ac}".as_bytes(), 3),
            (b"\xe2\x82a\xff\xf0\x9f\x98", 3 + 1 + 3 + 3),
        ];
        for (bytes, decoded) in bodies {
            assert_eq!(decoded_length(bytes), decoded);
            assert_eq!(String::from_utf8_lossy(bytes).len(), decoded);
            let body = [head.as_bytes(), bytes, b"\"\r\n\r\n", bytes, end.as_bytes()].concat();
            let parts = parse(&body, b"X").expect("a form");
            assert_eq!(parts[0].room(), PART + 3 * decoded);
            let file = [
                head.as_bytes(),
                b"\";filename=f\r\n\r\n",
                bytes,
                end.as_bytes(),
            ]
            .concat();
            let parts = parse(&file, b"X").expect("a form");
            // Files stay as they are.
            assert_eq!(parts[0].room(), PART + 2 + bytes.len());
        }
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
