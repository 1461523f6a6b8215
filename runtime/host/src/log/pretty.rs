//! Records for a person at a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use tracing::Level;

use super::record::{Record, Value};
use super::time;

/// Fields that stand at fixed places of a line, or below it.
const PLACED: [&str; 9] = [
    "app",
    "request_id",
    "method",
    "path",
    "status",
    "duration_ms",
    "error",
    "stack",
    "bytes",
];

/// Appends one record: `12:00:00.000 INFO  shop  GET /cart 200 1.2ms`, with what has lines of its own below.
pub(super) fn write(line: &mut String, record: &Record, colors: bool) {
    let paint = |line: &mut String, code: &str, text: &str| {
        if colors {
            // Writing to a string cannot fail.
            let _ = write!(line, "\x1b[{code}m{text}\x1b[0m");
        } else {
            line.push_str(text);
        }
    };
    let mut stamp = String::new();
    time::write_rfc3339(&mut stamp, record.time);
    paint(line, "2", &stamp[11..23]);
    let (name, color) = match record.level {
        Level::ERROR => ("ERROR", "31"),
        Level::WARN => ("WARN ", "33"),
        Level::INFO => ("INFO ", "32"),
        Level::DEBUG => ("DEBUG", "34"),
        Level::TRACE => ("TRACE", "35"),
    };
    line.push(' ');
    paint(line, color, name);
    line.push(' ');
    if let Some(app) = record.text("app") {
        paint(line, "1", app);
        line.push(' ');
    }
    match request(record) {
        Some(request) => line.push_str(&harmless(&request)),
        None => line.push_str(&harmless(&record.message).replace('\n', "\n    ")),
    }
    for (name, value) in &record.fields {
        if !PLACED.contains(name) {
            let text = match value {
                Value::Text(text) => harmless(text).into_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Number(number) => format!("{number:.3}"),
                Value::Boolean(truth) => truth.to_string(),
            };
            paint(line, "2", &format!(" {name}={text}"));
        }
    }
    if let Some(id) = record.text("request_id") {
        paint(line, "2", &format!(" {id}"));
    }
    line.push('\n');
    // A stack begins with the error it belongs to.
    let (error, stack) = (record.text("error"), record.text("stack"));
    let error = error.filter(|error| !stack.is_some_and(|stack| stack.contains(error)));
    for text in [error, stack].into_iter().flatten() {
        for part in harmless(text).lines() {
            line.push_str("    ");
            paint(line, color, part);
            line.push('\n');
        }
    }
}

/// A text of an app or a client without what a terminal would act on: it could clear the screen, or write over other lines.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmless = |character: char| matches!(character, '\n' | '\t') || !character.is_control();
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmless(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    Cow::Owned(shown)
}

/// `GET /cart 200 1.2ms`, for the line of a request.
fn request(record: &Record) -> Option<String> {
    let (method, path) = (record.text("method")?, record.text("path")?);
    let field = |name| {
        record
            .fields
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let Value::Integer(status) = field("status")? else {
        return None;
    };
    let Value::Number(duration) = field("duration_ms")? else {
        return None;
    };
    Some(format!("{method} {path} {status} {duration:.1}ms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn pretty(level: Level, message: &str, fields: Vec<(&'static str, Value)>) -> String {
        let time = SystemTime::UNIX_EPOCH;
        let mut line = String::new();
        write(
            &mut line,
            &Record {
                time,
                level,
                message: message.to_owned(),
                fields,
            },
            false,
        );
        line
    }

    #[test]
    fn a_request() {
        let fields = vec![
            ("app", text("shop")),
            ("request_id", text("07")),
            ("method", text("GET")),
            ("path", text("/cart")),
            ("status", Value::Integer(500)),
            ("duration_ms", Value::Number(1.25)),
            ("error", text("Error: x")),
            ("stack", text("Error: x\n    at fetch")),
        ];
        assert_eq!(
            pretty(Level::ERROR, "request", fields),
            "00:00:00.000 ERROR shop GET /cart 500 1.2ms 07\n    Error: x\n        at fetch\n"
        );
    }

    #[test]
    fn nothing_that_a_terminal_acts_on() {
        let hostile = "a\x1b[2J\r\u{9b}1mb\n\tc\u{7f}";
        let shown = "a\\u{1b}[2J\\r\\u{9b}1mb";
        let fields = vec![("stack", text(hostile)), ("other", text(hostile))];
        let line = pretty(Level::ERROR, hostile, fields);
        assert_eq!(line.matches(shown).count(), 3, "{line:?}");
        assert!(
            line.chars()
                .all(|one| one == '\n' || one == '\t' || !one.is_control())
        );
    }

    #[test]
    fn other_events() {
        assert_eq!(
            pretty(Level::INFO, "listening", vec![("port", Value::Integer(80))]),
            "00:00:00.000 INFO  listening port=80\n"
        );
    }
}
