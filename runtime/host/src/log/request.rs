//! The line of a request. There is one for each, so it does not go by way of an event of `tracing`, whose fields are
//! visited one by one: that was a quarter of what a small request cost the threads for I/O.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use nano_worker::{RequestId, SpanContext};
use tracing::Level;

use super::json;
use super::record::{Record, Value};
use super::time;

/// What is logged of a request.
#[derive(Debug)]
pub(crate) struct RequestLine<'a> {
    /// The app, where one answers to the host.
    pub(crate) app: Option<&'a str>,
    pub(crate) id: RequestId,
    /// The request of another app that it is made for.
    pub(crate) caller: Option<RequestId>,
    /// Its span, where it is a part of a trace.
    pub(crate) span: Option<SpanContext>,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    /// Bytes of the response's body that were sent.
    pub(crate) bytes: u64,
    /// The client went away before the response's end.
    pub(crate) aborted: bool,
    /// The limit that the request has met, by its name in the configuration.
    pub(crate) limit: Option<&'static str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) stack: Option<&'a str>,
    /// Whether the error is the server's.
    pub(crate) failed: bool,
}

const MESSAGE: &str = "request";

/// How many bytes of a path are logged: a head may have 64 KiB of it, and the log has many of them.
const MAX_PATH: usize = 2 << 10;
/// The same for methods, any token of which is one.
const MAX_METHOD: usize = 64;
/// The same for errors and stacks, which are the app's. Those of its exceptions are shorter anyway.
const MAX_TEXT: usize = 64 << 10;

impl RequestLine<'_> {
    fn level(&self) -> Level {
        if self.failed {
            Level::ERROR
        } else {
            Level::INFO
        }
    }

    /// Appends the line as JSON, with the names that [`record`](Self::record) has.
    pub(super) fn write_json(&self, line: &mut String, time: SystemTime) {
        line.push_str("{\"timestamp\":\"");
        time::write_rfc3339(line, time);
        line.push_str(if self.failed {
            "\",\"level\":\"error\",\"message\":\"request\""
        } else {
            "\",\"level\":\"info\",\"message\":\"request\""
        });
        let text = |line: &mut String, name: &str, value: Option<&str>| {
            if let Some(value) = value {
                line.push_str(name);
                json::string(line, &cut(value, MAX_TEXT));
            }
        };
        text(line, ",\"app\":", self.app);
        line.push_str(",\"request_id\":\"");
        line.push_str(self.id.to_hex().as_str());
        line.push('"');
        if let Some(caller) = self.caller {
            line.push_str(",\"caller_id\":\"");
            line.push_str(caller.to_hex().as_str());
            line.push('"');
        }
        if let Some(span) = self.span {
            // Writing to a string does not fail.
            let _ = write!(
                line,
                ",\"trace_id\":\"{}\",\"span_id\":\"{}\"",
                span.trace, span.span
            );
        }
        // A method is a token, which has nothing to escape (RFC 9110, section 9.1).
        line.push_str(",\"method\":\"");
        line.push_str(&cut(self.method, MAX_METHOD));
        line.push('"');
        text(line, ",\"path\":", Some(&cut(self.path, MAX_PATH)));
        line.push_str(",\"status\":");
        json::integer(line, self.status.into());
        line.push_str(",\"duration_ms\":");
        json::milliseconds(line, self.duration);
        line.push_str(",\"bytes\":");
        json::integer(line, self.bytes);
        if self.aborted {
            line.push_str(",\"aborted\":true");
        }
        text(line, ",\"limit\":", self.limit);
        text(line, ",\"error\":", self.error);
        text(line, ",\"stack\":", self.stack);
        line.push_str("}\n");
    }

    /// Takes the line apart.
    pub(super) fn record(&self, time: SystemTime) -> Record {
        let text = |value: &str| Value::Text(cut(value, MAX_TEXT).into_owned());
        let fields = [
            ("app", self.app.map(text)),
            ("request_id", Some(text(self.id.to_hex().as_str()))),
            (
                "caller_id",
                self.caller.map(|caller| text(caller.to_hex().as_str())),
            ),
            (
                "trace_id",
                self.span.map(|span| text(&span.trace.to_string())),
            ),
            (
                "span_id",
                self.span.map(|span| text(&span.span.to_string())),
            ),
            ("method", Some(text(&cut(self.method, MAX_METHOD)))),
            ("path", Some(text(&cut(self.path, MAX_PATH)))),
            ("status", Some(Value::Integer(self.status.into()))),
            (
                "duration_ms",
                Some(Value::Number(self.duration.as_secs_f64() * 1e3)),
            ),
            ("bytes", Some(Value::Integer(self.bytes.into()))),
            ("aborted", self.aborted.then_some(Value::Boolean(true))),
            ("limit", self.limit.map(text)),
            ("error", self.error.map(text)),
            ("stack", self.stack.map(text)),
        ];
        Record {
            time,
            level: self.level(),
            message: MESSAGE.to_owned(),
            fields: fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        }
    }
}

/// The text, if it has no more than `max` bytes; else its beginning, and how many characters are missing.
fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        return text.into();
    }
    let (start, rest) = text.split_at(text.floor_char_boundary(max));
    format!("{start}... {} more characters", rest.chars().count()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: RequestLine<'_> = RequestLine {
        app: Some("shop"),
        id: RequestId(7),
        caller: None,
        span: None,
        method: "GET",
        path: "/a\"b",
        status: 200,
        duration: Duration::from_micros(1_234),
        bytes: 11,
        aborted: false,
        limit: None,
        error: None,
        stack: None,
        failed: false,
    };

    fn json(line: &RequestLine<'_>) -> String {
        let mut text = String::new();
        line.write_json(&mut text, SystemTime::UNIX_EPOCH);
        text
    }

    #[test]
    fn a_line_of_json() {
        assert_eq!(
            json(&LINE),
            concat!(
                r#"{"timestamp":"1970-01-01T00:00:00.000Z","level":"info","message":"request","app":"shop","#,
                r#""request_id":"0000000000000007","method":"GET","path":"/a\"b","status":200,"duration_ms":1.234,"#,
                r#""bytes":11}"#,
                "\n"
            )
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let (path, error) = ("/ä".repeat(10_000), "é".repeat(100_000));
        let method = "X".repeat(50_000);
        let long = RequestLine {
            method: &method,
            path: &path,
            error: Some(&error),
            ..LINE
        };
        let parsed: serde_json::Value = serde_json::from_str(&json(&long)).unwrap();
        let text = |name: &str| parsed[name].as_str().unwrap().to_owned();
        assert!(
            text("path").ends_with("/... 18635 more characters"),
            "{parsed}"
        );
        assert!(text("error").ends_with("é... 67232 more characters"));
        assert!(text("method").ends_with("X... 49936 more characters"));
        assert!(json(&long).len() < MAX_PATH + MAX_TEXT + 1000);
    }

    #[test]
    fn both_forms_have_the_same_fields() {
        let full = RequestLine {
            caller: Some(RequestId(6)),
            span: SpanContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            aborted: true,
            error: Some("it broke"),
            stack: Some("it broke\n    at fetch"),
            failed: true,
            ..LINE
        };
        for line in [LINE, full] {
            let parsed: serde_json::Map<_, _> = serde_json::from_str(&json(&line)).unwrap();
            let record = line.record(SystemTime::UNIX_EPOCH);
            let names: Vec<_> = record.fields.iter().map(|(name, _)| *name).collect();
            let expected: Vec<_> = ["timestamp", "level", "message"]
                .into_iter()
                .chain(names)
                .collect();
            assert_eq!(parsed.keys().collect::<Vec<_>>(), expected);
            assert_eq!(parsed["level"], record.level.as_str().to_ascii_lowercase());
            assert_eq!(parsed["message"], record.message);
            for (name, value) in &record.fields {
                match value {
                    Value::Text(text) => assert_eq!(parsed[*name], **text),
                    Value::Integer(number) => assert_eq!(parsed[*name], *number as u64),
                    Value::Number(number) => assert_eq!(parsed[*name], *number),
                    Value::Boolean(truth) => assert_eq!(parsed[*name], *truth),
                }
            }
        }
    }
}
