//! Where an app's words go.

use crate::{RequestId, SpanContext};

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
    /// The span of that request, where it is a part of a trace.
    pub span: Option<SpanContext>,
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
    /// What the stream of a response's body failed with, with its stack.
    ResponseBody,
    /// The engine speaks: a limit was met, of this name in the configuration.
    Limit(&'static str),
}
