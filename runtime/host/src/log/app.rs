//! What an app says, and the lines of its requests: each with a budget of its own.

use std::sync::Arc;
use std::time::SystemTime;

use nano_worker::{LogKind, LogLevel, LogRecord, LogSink};
use tracing::Level;

use super::recent::Recent;
use super::record::{Record, Value};
use super::source::{LogStatistics, Rate, Source};
use super::wanted::Wanted;
use crate::config::{AppConfig, LogConfig};

/// Takes one app's records into the process's log.
#[derive(Debug)]
pub(crate) struct AppLog {
    app: Arc<str>,
    said: Arc<Source>,
    requests: Arc<Source>,
    recent: Arc<Recent>,
    wanted: Wanted,
}

impl AppLog {
    /// Everything is logged, until something else [is wanted](Self::want).
    pub(crate) fn new(app: Arc<str>) -> Self {
        Self {
            said: Source::said(app.clone()),
            requests: Source::requests(app.clone()),
            recent: Recent::new(app.clone()),
            wanted: Wanted::new(LogConfig::default()),
            app,
        }
    }

    /// Has the log be as an app is configured, from now on.
    pub(crate) fn want(&self, config: &AppConfig) {
        self.wanted.set(config.log);
        self.said.limit(Rate {
            lines: config.limits.log_lines.into(),
            bytes: config.limits.log_bytes,
        });
    }

    /// Whether a request is to be logged.
    pub(super) fn wants_request(&self, failed: bool) -> bool {
        self.wanted.request(failed)
    }

    /// The app's last lines, where they are kept.
    pub(crate) fn recent(&self) -> &Arc<Recent> {
        &self.recent
    }

    /// The account of what the app says.
    pub(super) fn said(&self) -> &Arc<Source> {
        &self.said
    }

    /// The account of the app's request lines.
    pub(crate) fn requests(&self) -> &Arc<Source> {
        &self.requests
    }

    /// What became of the app's lines.
    pub(crate) fn statistics(&self) -> LogStatistics {
        self.said.statistics() + self.requests.statistics()
    }
}

impl Drop for AppLog {
    fn drop(&mut self) {
        Recent::forget(&self.app, &self.recent);
    }
}

impl LogSink for AppLog {
    fn log(&self, record: LogRecord) {
        if self.wanted.level(record.level) {
            super::said(self, record.message.len(), || self.record(record));
        }
    }
}

impl AppLog {
    fn record(&self, record: LogRecord) -> Record {
        let kind = match record.kind {
            LogKind::Console => "console",
            LogKind::Exception => "exception",
            LogKind::UnhandledRejection => "unhandled_rejection",
            LogKind::ResponseBody => "response_body",
            LogKind::Limit(_) => "limit",
        };
        let limit = match record.kind {
            LogKind::Limit(name) => Some(name),
            _ => None,
        };
        let level = match record.level {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Info => Level::INFO,
            LogLevel::Warn => Level::WARN,
            LogLevel::Error => Level::ERROR,
        };
        let id = record.request_id.map(|id| id.to_string());
        let fields = [
            Some(("app", Value::Text(self.app.as_ref().to_owned()))),
            id.map(|id| ("request_id", Value::Text(id))),
            record
                .span
                .map(|span| ("trace_id", Value::Text(span.trace.to_string()))),
            record
                .span
                .map(|span| ("span_id", Value::Text(span.span.to_string()))),
            Some(("kind", Value::Text(kind.to_owned()))),
            limit.map(|name| ("limit", Value::Text(name.to_owned()))),
        ];
        Record {
            time: SystemTime::now(),
            level,
            message: record.message,
            fields: fields.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nano_worker::{RequestId, SpanContext};

    #[test]
    fn records_keep_what_the_app_said() {
        let log = AppLog::new("shop".into());
        let record = log.record(LogRecord {
            level: LogLevel::Warn,
            message: "two\nlines".to_owned(),
            request_id: Some(RequestId(7)),
            span: SpanContext::parse(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            kind: LogKind::Console,
        });
        assert_eq!(
            (record.level, &*record.message),
            (Level::WARN, "two\nlines")
        );
        let text = |name| record.text(name).unwrap();
        assert_eq!(
            (text("app"), text("request_id"), text("kind")),
            ("shop", "0000000000000007", "console")
        );
        assert_eq!(
            (text("trace_id"), text("span_id")),
            ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
        );
    }
}
