//! One event, taken apart.

use std::fmt::Write as _;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// An event's fields in their order, the message apart.
pub(super) struct Record {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Number(f64),
    Boolean(bool),
}

impl Record {
    pub(super) fn read(time: SystemTime, event: &Event<'_>) -> Self {
        let mut record = Self {
            time,
            level: *event.metadata().level(),
            message: String::new(),
            fields: Vec::with_capacity(10),
        };
        event.record(&mut record);
        record
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(field, value)| match value {
            Value::Text(text) if *field == name => Some(text.as_str()),
            _ => None,
        })
    }

    fn push(&mut self, field: &Field, value: Value) {
        match value {
            Value::Text(text) if field.name() == "message" => self.message = text,
            value => self.fields.push((field.name(), value)),
        }
    }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        // Writing to a string fails only where a Debug implementation does.
        let _ = write!(text, "{value:?}");
        self.push(field, Value::Text(text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, Value::Text(value.to_owned()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, Value::Integer(value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, Value::Integer(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Value::Number(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Value::Boolean(value));
    }
}
