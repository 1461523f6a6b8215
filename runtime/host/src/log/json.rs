//! Records as lines of JSON.

use std::fmt::Write as _;
use std::time::SystemTime;

use tracing::Event;
use tracing::field::{Field, Visit};

use super::time;

/// Appends one line. Fields go straight from the event into the line: this runs once per request.
pub(super) fn write(line: &mut String, time: SystemTime, event: &Event<'_>) {
    line.push_str("{\"timestamp\":\"");
    time::write_rfc3339(line, time);
    line.push_str("\",\"level\":\"");
    line.push_str(level(*event.metadata().level()));
    line.push('"');
    event.record(&mut Fields(line));
    line.push_str("}\n");
}

/// Appends fields to an object.
struct Fields<'l>(&'l mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push_str(",\"");
        // Field names are identifiers of our source.
        self.0.push_str(field.name());
        self.0.push_str("\":");
    }
}

// Writing to a string cannot fail.
impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.record_str(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        string(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        if value.is_finite() {
            let _ = write!(self.0, "{value:.3}");
        } else {
            self.0.push_str("null");
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        self.0.push_str(if value { "true" } else { "false" });
    }
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
            _ => {
                let _ = write!(line, "\\u{byte:04x}");
            }
        }
    }
    line.push_str(&text[plain..]);
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        let mut line = String::new();
        string(&mut line, "a\"b\\c\n\u{1}ü");
        assert_eq!(line, "\"a\\\"b\\\\c\\n\\u0001ü\"");
    }
}
