//! Header fields of a case; a part of crates that have such targets, by `#[path]`.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Those of lines `name: value`. What is none is left out.
pub fn fields(lines: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            // It has room for as many as a case has.
            let _ = fields.try_append(name, value);
        }
    }
    fields
}
