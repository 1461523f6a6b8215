//! Records as lines of JSON.

use std::fmt::Write as _;

use super::record::{Record, Value};
use super::time;

/// Appends one line.
pub(super) fn write(line: &mut String, record: &Record) {
    line.push_str("{\"timestamp\":\"");
    time::write_rfc3339(line, record.time);
    line.push_str("\",\"level\":\"");
    line.push_str(level(record.level));
    line.push_str("\",\"message\":");
    string(line, &record.message);
    for (name, value) in &record.fields {
        line.push_str(",\"");
        // Field names are identifiers of our source.
        line.push_str(name);
        line.push_str("\":");
        match value {
            Value::Text(text) => string(line, text),
            // Writing to a string cannot fail.
            Value::Integer(number) => drop(write!(line, "{number}")),
            Value::Number(number) if number.is_finite() => drop(write!(line, "{number:.3}")),
            Value::Number(_) => line.push_str("null"),
            Value::Boolean(truth) => line.push_str(if *truth { "true" } else { "false" }),
        }
    }
    line.push_str("}\n");
}

fn level(level: tracing::Level) -> &'static str {
    match level {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}

/// Appends a JSON string.
pub(crate) fn string(line: &mut String, text: &str) {
    line.push('"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        line.push_str(&text[plain..index]);
        plain = index + 1;
        match byte {
            b'"' => line.push_str("\\\""),
            b'\\' => line.push_str("\\\\"),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            // Writing to a string cannot fail.
            _ => drop(write!(line, "\\u{byte:04x}")),
        }
    }
    line.push_str(&text[plain..]);
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn strings_are_escaped() {
        let mut line = String::new();
        string(&mut line, "a\"b\\c\n\u{1}ü");
        assert_eq!(line, "\"a\\\"b\\\\c\\n\\u0001ü\"");
    }

    #[test]
    fn lines_are_objects() {
        let record = Record {
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1),
            level: tracing::Level::INFO,
            message: "request".to_owned(),
            fields: vec![
                ("app", Value::Text("shop".to_owned())),
                ("status", Value::Integer(200)),
                ("duration_ms", Value::Number(1.23456)),
                ("aborted", Value::Boolean(true)),
            ],
        };
        let mut line = String::new();
        write(&mut line, &record);
        assert_eq!(
            line,
            "{\"timestamp\":\"1970-01-01T00:00:00.001Z\",\"level\":\"info\",\"message\":\"request\",\
             \"app\":\"shop\",\"status\":200,\"duration_ms\":1.235,\"aborted\":true}\n"
        );
    }
}
