//! MIME types: <https://mimesniff.spec.whatwg.org/#understanding-mime-types>.

use std::collections::HashSet;
use std::fmt;

/// <https://mimesniff.spec.whatwg.org/#mime-type-representation>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimeType {
    essence: String,
    /// In order, each name once.
    parameters: Vec<(String, String)>,
}

/// What a type takes, at the most, for each byte of its text, while it is parsed and serialized: many short parameters, whose names are
/// in a set, too.
pub const WORKING_BYTES: usize = 32;

impl MimeType {
    /// <https://mimesniff.spec.whatwg.org/#parse-a-mime-type>, of a text that is isomorphic-encoded; `None` for failure. Takes time in
    /// proportion to the text, whatever is in it.
    pub fn parse(input: &[u8]) -> Option<MimeType> {
        // 1. and 2.
        let mut rest = Rest(trim_end(input));
        rest.take_while(is_whitespace);
        // 3. to 6.
        let kind = rest.take_while(|byte| byte != b'/');
        if kind.is_empty() || !kind.iter().copied().all(is_token) || !rest.skip(b'/') {
            return None;
        }
        // 7. to 9.
        let subtype = trim_end(rest.take_while(|byte| byte != b';'));
        if subtype.is_empty() || !subtype.iter().copied().all(is_token) {
            return None;
        }
        // 10.
        let mut essence = isomorphic(kind) + "/" + &isomorphic(subtype);
        essence.make_ascii_lowercase();
        let mut mime_type = MimeType {
            essence,
            parameters: Vec::new(),
        };
        let mut names = HashSet::new();
        // 11.
        while rest.skip(b';') {
            // 2. to 4.
            rest.take_while(is_whitespace);
            let name = rest.take_while(|byte| !matches!(byte, b';' | b'='));
            // 5. and 6. One without a value.
            if !rest.skip(b'=') {
                continue;
            }
            // 7. to 9.
            let value = match rest.0.first() {
                None => break,
                Some(b'"') => {
                    let value = rest.take_quoted();
                    rest.take_while(|byte| byte != b';');
                    value
                }
                Some(_) => {
                    let value = trim_end(rest.take_while(|byte| byte != b';'));
                    if value.is_empty() {
                        continue;
                    }
                    value.to_vec()
                }
            };
            // 10.
            if !name.is_empty()
                && name.iter().copied().all(is_token)
                && value.iter().copied().all(is_quoted)
            {
                let name = isomorphic(name).to_ascii_lowercase();
                if mime_type.has_not(&name, &mut names) {
                    mime_type.parameters.push((name, isomorphic(&value)));
                }
            }
        }
        Some(mime_type)
    }

    /// Whether no parameter has this name, which is remembered: a few are looked at one by one, many are in the set.
    fn has_not(&self, name: &str, names: &mut HashSet<String>) -> bool {
        const FEW: usize = 16;
        if self.parameters.len() < FEW {
            return self.parameter(name).is_none();
        }
        if names.is_empty() {
            names.extend(self.parameters.iter().map(|(name, _)| name.clone()));
        }
        names.insert(name.to_owned())
    }

    /// `text/html`: <https://mimesniff.spec.whatwg.org/#mime-type-essence>
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// The value of the parameter of this name, which must be in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Adds a parameter whose name there is not yet.
    pub fn add_parameter(&mut self, name: &str, value: String) {
        self.parameters.push((name.to_owned(), value));
    }
}

/// <https://mimesniff.spec.whatwg.org/#serialize-a-mime-type>
impl fmt::Display for MimeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        for (name, value) in &self.parameters {
            write!(f, ";{name}=")?;
            if !value.is_empty() && value.bytes().all(is_token) {
                f.write_str(value)?;
                continue;
            }
            f.write_str("\"")?;
            for piece in value.split_inclusive(['"', '\\']) {
                match piece.strip_suffix(['"', '\\']) {
                    None => f.write_str(piece)?,
                    Some(before) => write!(f, "{before}\\{}", &piece[before.len()..])?,
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

/// What is left of an input.
struct Rest<'i>(&'i [u8]);

impl<'i> Rest<'i> {
    /// <https://infra.spec.whatwg.org/#collect-a-sequence-of-code-points>
    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'i [u8] {
        let end = self.0.iter().position(|&byte| !wanted(byte));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Goes past a byte, if it is this one.
    fn skip(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// <https://fetch.spec.whatwg.org/#collect-an-http-quoted-string>, the value.
    fn take_quoted(&mut self) -> Vec<u8> {
        self.skip(b'"');
        let mut value = Vec::new();
        loop {
            value.extend_from_slice(self.take_while(|byte| !matches!(byte, b'"' | b'\\')));
            if !self.skip(b'\\') {
                self.skip(b'"');
                return value;
            }
            match self.0.split_first() {
                None => {
                    value.push(b'\\');
                    return value;
                }
                Some((&escaped, rest)) => {
                    value.push(escaped);
                    self.0 = rest;
                }
            }
        }
    }
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let last = bytes.iter().rposition(|&byte| !is_whitespace(byte));
    &bytes[..last.map_or(0, |last| last + 1)]
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>
fn isomorphic(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// <https://fetch.spec.whatwg.org/#http-whitespace>
fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' ')
}

/// <https://mimesniff.spec.whatwg.org/#http-token-code-point>
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// <https://mimesniff.spec.whatwg.org/#http-quoted-string-token-code-point>
fn is_quoted(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn serialized(input: &[u8]) -> Option<String> {
        MimeType::parse(input).map(|mime_type| mime_type.to_string())
    }

    #[test]
    fn types_are_parsed_and_serialized() {
        for (input, expected) in [
            ("text/html", "text/html"),
            (" \r\nTEXT/Html\t; Charset = x", "text/html"),
            ("text/html;CHARSET=GBK ", "text/html;charset=GBK"),
            ("text/html;charset=gbk(", "text/html;charset=\"gbk(\""),
            ("text/html;x=(;charset=gbk", "text/html;x=\"(\";charset=gbk"),
            ("text/html;charset=gbk;charset=b", "text/html;charset=gbk"),
            ("text/html;charset =gbk", "text/html"),
            ("text/html;charset=", "text/html"),
            ("text/html;charset=;x=1", "text/html;x=1"),
            ("text/html;;;;x;y=2;", "text/html;y=2"),
            ("text/html;a=\"\"", "text/html;a=\"\""),
            ("text/html;a=\"b;c\" d;e=f", "text/html;a=\"b;c\";e=f"),
            ("text/html;a=\"\\\"\\", "text/html;a=\"\\\"\\\\\""),
            ("text/html;a=\"b", "text/html;a=b"),
            ("text/html;\u{e9}=x;a=\u{1}", "text/html"),
        ] {
            assert_eq!(
                serialized(input.as_bytes()).as_deref(),
                Some(expected),
                "{input}"
            );
        }
        for failure in [
            "",
            "/",
            "text",
            "text/",
            "/html",
            "te xt/html",
            "text/ht ml",
            "(/x",
            "x/;a=b",
        ] {
            assert_eq!(serialized(failure.as_bytes()), None, "{failure}");
        }
        assert_eq!(
            serialized(b"a/b;c=\xe9").as_deref(),
            Some("a/b;c=\"\u{e9}\"")
        );
    }

    #[test]
    fn parameters_are_found_among_few_and_many() {
        let many: Vec<_> = (0..100).map(|index| format!("p{index}={index}")).collect();
        let text = format!("a/b;{};{}", many.join(";"), many.join("x;").to_uppercase());
        let mime_type = MimeType::parse(text.as_bytes()).expect("a type");
        assert_eq!(mime_type.to_string(), format!("a/b;{}", many.join(";")));
        assert_eq!(mime_type.parameter("p99"), Some("99"));
        assert_eq!(mime_type.parameter("p100"), None);
    }

    #[test]
    fn time_is_in_proportion_to_the_text() {
        let many: String = (0..100_000).map(|index| format!(";p{index}=1")).collect();
        let began = Instant::now();
        let mime_type = MimeType::parse(format!("a/b{many}").as_bytes()).expect("a type");
        assert_eq!(mime_type.parameters.len(), 100_000);
        // Each with each would take a minute.
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}
