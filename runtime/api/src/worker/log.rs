//! Where an app's words go.

use std::sync::Arc;

use nano_engine::ErrorReport;
use nano_webidl::Scope;

use super::{RequestId, instance};
use crate::console::{ConsoleSink, Level};
use crate::state::ErrorSink;

/// Takes the log records of one app. Called on the app's own thread: must not block.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one record.
    fn log(&self, record: LogRecord);
}

/// One thing that an app, or its engine about it, has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// How grave.
    pub level: LogLevel,
    /// The text, formatted; may have many lines.
    pub message: String,
    /// The request in whose async context it happened, where there is one.
    pub request_id: Option<RequestId>,
    /// What kind of thing.
    pub kind: LogKind,
}

/// How grave a record is; the console's methods map to these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// `console.debug`, `console.trace`.
    Debug,
    /// `console.log`, `console.info` and the rest.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, `console.assert`, exceptions.
    Error,
}

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// A call of `console`.
    Console,
    /// An exception that nobody caught, with its stack.
    Exception,
    /// A promise rejection that nobody handled, with its stack.
    UnhandledRejection,
    /// The engine speaks: a limit was passed, a deprecated feature is used.
    Engine,
}

/// Takes what an isolate has to say to the host's log, with the request that it works for.
#[derive(Clone)]
pub(super) struct WorkerLog(pub(super) Arc<dyn LogSink>);

/// How long a message of an app's console may be, in bytes: about what log collectors take as one line.
const MAX_MESSAGE: usize = 64 << 10;

impl ConsoleSink for WorkerLog {
    fn max_message(&self) -> usize {
        MAX_MESSAGE
    }

    fn print(&self, scope: &mut Scope, level: Level, message: &str) {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Log | Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let request_id = instance::current_request(scope);
        self.0.log(LogRecord {
            level,
            message: message.to_owned(),
            request_id,
            kind: LogKind::Console,
        });
    }
}

impl WorkerLog {
    fn report(&self, scope: &mut Scope, report: &ErrorReport, kind: LogKind) {
        let request_id = instance::current_request(scope);
        self.0.log(LogRecord {
            level: LogLevel::Error,
            message: report.to_string(),
            request_id,
            kind,
        });
    }
}

impl ErrorSink for WorkerLog {
    fn uncaught(&self, scope: &mut Scope, report: &ErrorReport) {
        self.report(scope, report, LogKind::Exception);
    }

    fn unhandled_rejection(&self, scope: &mut Scope, report: &ErrorReport) {
        self.report(scope, report, LogKind::UnhandledRejection);
    }
}
