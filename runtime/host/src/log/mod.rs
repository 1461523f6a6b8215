//! Logs: structured events of `tracing`, as JSON lines or for a person's eyes.
//!
//! A subscriber of its own: fields are written straight into the line, and a thread of its own writes lines to the
//! output in batches. One line per request is on the hot path, and has its own way there ([`request`]).

mod app;
mod json;
mod pretty;
mod record;
mod request;
mod time;
mod writer;

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use tracing::{Event, Level, Metadata, Subscriber, span};

pub(crate) use app::AppLog;
pub(crate) use json::string as json_string;
use record::Record;
pub(crate) use request::RequestLine;
use writer::Writer;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Pretty,
}

impl Format {
    /// Pretty on a terminal, JSON elsewhere.
    pub fn for_stdout() -> Self {
        if std::io::stdout().is_terminal() {
            Self::Pretty
        } else {
            Self::Json
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err(format!("expected \"json\" or \"pretty\", found {text:?}")),
        }
    }
}

/// Writes out what is still in memory when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct LogGuard(Arc<Writer>);

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Sends the process's events to standard output.
///
/// # Panics
/// If the process has a subscriber already.
pub fn init(format: Format) -> LogGuard {
    let writer = Writer::start(std::io::stdout());
    let colors = format == Format::Pretty
        && std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none();
    let log = Arc::new(Log {
        format,
        colors,
        writer: writer.clone(),
    });
    let first = LOG.set(log.clone()).is_ok()
        && tracing::subscriber::set_global_default(LogSubscriber(log)).is_ok();
    assert!(first, "the process has a log already");
    LogGuard(writer)
}

/// Logs a request; nowhere, if the process has no log.
pub(crate) fn request(request: &RequestLine<'_>) {
    if let Some(log) = LOG.get() {
        log.write(|line, time| match log.format {
            Format::Json => request.write_json(line, time),
            Format::Pretty => pretty::write(line, &request.record(time), log.colors),
        });
    }
}

/// The process's log.
static LOG: OnceLock<Arc<Log>> = OnceLock::new();

thread_local! {
    /// The line that this thread writes.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

struct Log {
    format: Format,
    colors: bool,
    writer: Arc<Writer>,
}

impl Log {
    fn write(&self, write: impl FnOnce(&mut String, SystemTime)) {
        // Taken, so that an event within an event has a buffer of its own.
        let mut line = LINE.take();
        write(&mut line, SystemTime::now());
        self.writer.line(&line);
        line.clear();
        LINE.set(line);
    }
}

struct LogSubscriber(Arc<Log>);

impl Subscriber for LogSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Of libraries only what goes wrong; of NANO and its apps everything but traces.
        let limit = if metadata.target().starts_with("nano") {
            Level::DEBUG
        } else {
            Level::WARN
        };
        metadata.is_event() && *metadata.level() <= limit
    }

    fn event(&self, event: &Event<'_>) {
        let log = &*self.0;
        log.write(|line, time| match log.format {
            Format::Json => json::write(line, time, event),
            Format::Pretty => pretty::write(line, &Record::read(time, event), log.colors),
        });
    }

    // NANO uses no spans: a request's fields stand in each of its events.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::writer::tests::Output;

    #[test]
    fn events_are_lines() {
        let output = Output::default();
        let writer = Writer::start(output.clone());
        let subscriber = LogSubscriber(Arc::new(Log {
            format: Format::Json,
            colors: false,
            writer: writer.clone(),
        }));
        tracing::subscriber::with_default(subscriber, || {
            let (app, nothing) = ("shop", None::<&str>);
            let request_id = tracing::field::display("07");
            tracing::info!(
                app,
                nothing,
                request_id,
                status = 200_u16,
                ms = 1.23456,
                ok = true,
                "done {}",
                1
            );
            tracing::info!(target: "hyper", "of a library");
        });
        writer.flush();
        let text = output.text();
        let (time, rest) = text.split_at(r#"{"timestamp":"2026-01-31T12:00:00.000Z""#.len());
        assert!(
            time.starts_with(r#"{"timestamp":"20"#) && time.ends_with(r#"Z""#),
            "{time}"
        );
        assert_eq!(
            rest,
            concat!(
                r#","level":"info","message":"done 1","app":"shop","request_id":"07","#,
                r#""status":200,"ms":1.235,"ok":true}"#,
                "\n"
            )
        );
    }
}
