//! What apps say.

use std::sync::Arc;

use nano_api::worker::{LogKind, LogLevel, LogRecord, LogSink};

/// Takes one app's records into the process's log.
pub(crate) struct AppLog {
    app: Arc<str>,
}

impl AppLog {
    pub(crate) fn new(app: Arc<str>) -> Self {
        Self { app }
    }
}

impl LogSink for AppLog {
    fn log(&self, record: LogRecord) {
        let app = &*self.app;
        let request_id = record.request_id.map(tracing::field::display);
        let kind = match record.kind {
            LogKind::Console => "console",
            LogKind::Exception => "exception",
            LogKind::UnhandledRejection => "unhandled_rejection",
            LogKind::Engine => "engine",
        };
        let message = record.message;
        // The level of an event is part of its call site.
        match record.level {
            LogLevel::Debug => tracing::debug!(app, request_id, kind, "{message}"),
            LogLevel::Info => tracing::info!(app, request_id, kind, "{message}"),
            LogLevel::Warn => tracing::warn!(app, request_id, kind, "{message}"),
            LogLevel::Error => tracing::error!(app, request_id, kind, "{message}"),
        }
    }
}
