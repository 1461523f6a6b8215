//! Records as lines of JSON.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use tracing::Event;
use tracing::field::{Field, Visit};

use super::record::{Record, Value};
use super::time;

/// Appends one record.
pub(super) fn write_record(line: &mut String, record: &Record) {
    begin(line, record.time, record.level);
    line.push_str(",\"message\":");
    string(line, &record.message);
    for (name, value) in &record.fields {
        let mut fields = Fields(line);
        fields.name(name);
        match value {
            Value::Text(text) => string(fields.0, text),
            // Writing to a string cannot fail.
            Value::Integer(number) => drop(write!(fields.0, "{number}")),
            Value::Number(number) => fields.number(*number),
            Value::Boolean(truth) => fields.boolean(*truth),
        }
    }
    line.push_str("}\n");
}

/// Appends one line. Fields go straight from the event into the line.
pub(super) fn write(line: &mut String, time: SystemTime, event: &Event<'_>) {
    begin(line, time, *event.metadata().level());
    event.record(&mut Fields(line));
    line.push_str("}\n");
}

fn begin(line: &mut String, time: SystemTime, of: tracing::Level) {
    line.push_str("{\"timestamp\":\"");
    time::write_rfc3339(line, time);
    line.push_str("\",\"level\":\"");
    line.push_str(level(of));
    line.push('"');
}

/// Appends fields to an object.
struct Fields<'l>(&'l mut String);

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        self.0.push_str(",\"");
        // Field names are identifiers of our source.
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    fn number(&mut self, value: f64) {
        if value.is_finite() {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:.3}");
        } else {
            self.0.push_str("null");
        }
    }

    fn boolean(&mut self, value: bool) {
        self.0.push_str(if value { "true" } else { "false" });
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
        self.name(field.name());
        string(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        integer(self.0, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field.name());
        let _ = write!(self.0, "{value}");
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field.name());
        self.number(value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field.name());
        self.boolean(value);
    }
}

/// Appends milliseconds with three digits after their point.
pub(super) fn milliseconds(line: &mut String, duration: Duration) {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    integer(line, micros / 1000);
    line.push('.');
    // Its zeros stay behind a digit that is left out.
    line.push_str(&itoa::Buffer::new().format(1000 + micros % 1000)[1..]);
}

/// Appends an integer.
pub(super) fn integer(line: &mut String, value: u64) {
    line.push_str(itoa::Buffer::new().format(value));
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
    fn durations_have_three_decimals() {
        for (micros, text) in [
            (0, "0.000"),
            (7, "0.007"),
            (1_040, "1.040"),
            (61_000_999, "61000.999"),
        ] {
            let mut line = String::new();
            milliseconds(&mut line, Duration::from_micros(micros));
            assert_eq!(line, text);
        }
    }

    #[test]
    fn strings_are_escaped() {
        let mut line = String::new();
        string(&mut line, "a\"b\\c\n\u{1}ü");
        assert_eq!(line, "\"a\\\"b\\\\c\\n\\u0001ü\"");
    }
}
