//! Logs: structured events of `tracing`, as JSON lines or for a person's eyes.
//!
//! A subscriber of its own: fields are written straight into the line, and a thread of its own writes lines to the
//! output in batches. One line per request is on the hot path, and has its own way there ([`request`]).
//!
//! Nobody waits for the output. Each app has a budget for what it says, and one for the lines of its requests
//! ([`source`]): a flood by one app costs lines of that app only, and is told.

mod app;
mod json;
mod lines;
mod pretty;
pub(crate) mod recent;
mod record;
mod request;
mod source;
mod time;
mod wanted;
mod writer;

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use nano_worker::LogSink;
use tracing::{Event, Level, Metadata, Subscriber, span};

pub(crate) use app::AppLog;
pub(crate) use json::string as json_string;
use recent::Recent;
use record::{Record, Value};
pub(crate) use request::RequestLine;
pub use source::LogStatistics;
use source::{Loss, Source};
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

/// How long the end of the process waits for an output that does not take what is left.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The same where the end is to come at once: an output that takes anything has it by then.
const CUT_OFF: Duration = Duration::from_millis(100);

/// A line's buffer that has grown beyond this is given back.
const KEEP: usize = 16 << 10;

/// Writes out what is still in memory when it is dropped, unless the output does not take it within two seconds.
#[derive(Debug)]
#[must_use]
pub struct LogGuard {
    writer: Arc<Writer>,
    patience: Duration,
}

impl LogGuard {
    /// Has an output that takes nothing not delay the end.
    pub fn cut_off(&mut self) {
        self.patience = CUT_OFF;
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.writer.flush(self.patience);
    }
}

/// Sends the process's events to standard output.
///
/// # Errors
/// The system has no thread for the output.
///
/// # Panics
/// If the process has a subscriber already.
pub fn init(format: Format) -> std::io::Result<LogGuard> {
    let colors = format == Format::Pretty
        && std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none();
    let log = Arc::new(Log::new(std::io::stdout(), format, colors)?);
    let guard = LogGuard {
        writer: log.writer.clone(),
        patience: LAST_WORDS,
    };
    let first = LOG.set(log.clone()).is_ok()
        && tracing::subscriber::set_global_default(LogSubscriber(log)).is_ok();
    assert!(first, "the process has a log already");
    Ok(guard)
}

/// Where an app's records go that no host has.
pub fn of_app(name: &Arc<str>) -> Arc<dyn LogSink> {
    Arc::new(AppLog::new(name.clone()))
}

/// Logs a request of an app, or of none; nowhere, if the process has no log.
pub(crate) fn request(app: Option<&AppLog>, request: &RequestLine<'_>) {
    let Some(log) = LOG.get() else { return };
    if app.is_some_and(|app| !app.wants_request(request.failed)) {
        return;
    }
    let source = app.map_or(&log.clients, AppLog::requests);
    let now = SystemTime::now();
    let recent = app.filter(|_| Recent::is_kept()).map(AppLog::recent);
    log.write(source, |line| match log.look.format {
        Format::Json => {
            request.write_json(line, now);
            if let Some(recent) = recent {
                recent.add(line);
            }
        }
        Format::Pretty => {
            let record = request.record(now);
            log.look.write(line, &record);
            keep(recent, &record);
        }
    });
}

/// Logs what an app says, a message of so many bytes; nowhere, if the process has no log, or the app says too much.
fn said(app: &AppLog, bytes: usize, record: impl FnOnce() -> Record) {
    if let Some(log) = LOG.get()
        && log.writer.admits(app.said(), bytes)
    {
        let record = record();
        log.write(app.said(), |line| log.look.write(line, &record));
        keep(Some(app.recent()).filter(|_| Recent::is_kept()), &record);
    }
}

/// Keeps a line for those who look at an app's last ones.
fn keep(recent: Option<&Arc<Recent>>, record: &Record) {
    if let Some(recent) = recent {
        let mut line = String::new();
        json::write_record(&mut line, record);
        recent.add(&line);
    }
}

/// Keeps what the host says of an app that has gone wrong: whoever looks at the app's lines wants to know.
fn keep_of_host(time: SystemTime, event: &Event<'_>) {
    let record = Record::read(time, event);
    let recent = record.text("app").and_then(recent::of);
    keep(recent.as_ref(), &record);
}

/// The process's log.
static LOG: OnceLock<Arc<Log>> = OnceLock::new();

thread_local! {
    /// The line that this thread writes.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

struct Log {
    look: Look,
    writer: Arc<Writer>,
    host: Arc<Source>,
    clients: Arc<Source>,
}

impl Log {
    fn new(
        output: impl std::io::Write + Send + 'static,
        format: Format,
        colors: bool,
    ) -> std::io::Result<Self> {
        let look = Look { format, colors };
        let tell = move |line: &mut String, source: &Source, loss| {
            look.write(line, &dropped(source, loss));
        };
        Ok(Self {
            look,
            writer: Writer::start(output, tell)?,
            host: Source::host(),
            clients: Source::clients(),
        })
    }

    fn write(&self, source: &Arc<Source>, write: impl FnOnce(&mut String)) {
        // Taken, so that an event within an event has a buffer of its own.
        let mut line = LINE.take();
        write(&mut line);
        self.writer.line(source, &line);
        line.clear();
        line.shrink_to(KEEP);
        LINE.set(line);
    }
}

/// How lines look.
#[derive(Clone, Copy)]
struct Look {
    format: Format,
    colors: bool,
}

impl Look {
    fn write(self, line: &mut String, record: &Record) {
        match self.format {
            Format::Json => json::write_record(line, record),
            Format::Pretty => pretty::write(line, record, self.colors),
        }
    }
}

/// Says that lines were dropped.
fn dropped(source: &Source, loss: Loss) -> Record {
    let lines = loss.lines;
    let (plural, were) = if lines == 1 {
        ("", "was")
    } else {
        ("s", "were")
    };
    let why = match loss.limit {
        None => "standard output did not take them in time; log less, or read faster".to_owned(),
        Some(limit) => format!("the app says more than its {limit} limit allows in a second"),
    };
    let fields = [
        source.app().map(|app| ("app", Value::Text(app.to_owned()))),
        loss.limit
            .map(|limit| ("limit", Value::Text(limit.to_owned()))),
        Some(("dropped_lines", Value::Integer(lines.into()))),
        Some(("dropped_bytes", Value::Integer(loss.bytes.into()))),
    ];
    Record {
        time: SystemTime::now(),
        level: Level::WARN,
        message: format!("{lines} line{plural} of {source} {were} dropped: {why}"),
        fields: fields.into_iter().flatten().collect(),
    }
}

/// The module that has the connections.
const SERVER: &str = "nano_host::server";

struct LogSubscriber(Arc<Log>);

impl Subscriber for LogSubscriber {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Of libraries only what goes wrong; of NANO and its apps everything but traces.
        // (What the resolver warns of, whoever sends it packets says.)
        let limit = match metadata.target() {
            target if target.starts_with("nano") => Level::DEBUG,
            target if target.starts_with("hickory") => Level::ERROR,
            _ => Level::WARN,
        };
        metadata.is_event() && *metadata.level() <= limit
    }

    fn event(&self, event: &Event<'_>) {
        let log = &*self.0;
        // What the server says, clients make it say.
        let source = match event.metadata().target().starts_with(SERVER) {
            true => &log.clients,
            false => &log.host,
        };
        let time = SystemTime::now();
        if *event.metadata().level() <= Level::WARN && Recent::is_kept() {
            keep_of_host(time, event);
        }
        log.write(source, |line| match log.look.format {
            Format::Json => json::write(line, time, event),
            Format::Pretty => log.look.write(line, &Record::read(time, event)),
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
        let log = Arc::new(Log::new(output.clone(), Format::Json, false).expect("a log"));
        let writer = log.writer.clone();
        let subscriber = LogSubscriber(log);
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
            tracing::warn!(target: "hickory_net::udp", "of a packet");
        });
        assert!(writer.flush(Duration::from_secs(30)));
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

    #[test]
    fn dropped_lines_are_told() {
        let source = Source::said("shop".into());
        let mut line = String::new();
        let look = Look {
            format: Format::Json,
            colors: false,
        };
        let loss = Loss {
            limit: Some("log_lines"),
            lines: 3,
            bytes: 4096,
        };
        look.write(&mut line, &dropped(&source, loss));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["level"], &line["app"]),
            (&"warn".into(), &"shop".into())
        );
        assert_eq!(
            (&line["dropped_lines"], &line["dropped_bytes"]),
            (&3.into(), &4096.into())
        );
        let message = line["message"].as_str().unwrap();
        assert!(
            message.starts_with("3 lines of app shop were dropped: "),
            "{message}"
        );
    }

    #[test]
    fn what_clients_cause_has_a_budget_of_its_own() {
        let output = Output::default();
        let log = Arc::new(Log::new(output.clone(), Format::Json, false).expect("a log"));
        tracing::subscriber::with_default(LogSubscriber(log.clone()), || {
            tracing::info!(target: "nano_host::server", "a connection");
            tracing::info!(target: "nano_host::serve", "the host");
        });
        assert!(log.writer.flush(Duration::from_secs(30)));
        for source in [&log.host, &log.clients] {
            assert_eq!(source.statistics().lines, 1, "{source}");
        }
    }
}
