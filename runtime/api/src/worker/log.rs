//! An app's console and exceptions, on their way to the host's log.

use std::sync::Arc;

use nano_engine::ErrorReport;
use nano_webidl::Scope;
use nano_worker::{LogKind, LogLevel, LogRecord, LogSink, RequestId};

use super::secrets;
use crate::console::{ConsoleSink, Level};
use crate::environment::ErrorSink;
use crate::environment::request_context::{current_request, span};

/// Takes what an isolate has to say to the host's log, with the request that it works for.
#[derive(Clone)]
pub(super) struct WorkerLog(pub(super) Arc<dyn LogSink>);

/// How long a message of an app's console may be, in bytes: about what log collectors take as one line.
pub(super) const MAX_MESSAGE_BYTES: usize = 64 << 10;

impl ConsoleSink for WorkerLog {
    fn max_message(&self) -> usize {
        MAX_MESSAGE_BYTES
    }

    fn print(&self, scope: &mut Scope, level: Level, message: &str) {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Log | Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let request_id = current_request(scope);
        self.0.log(LogRecord {
            level,
            message: secrets::shown(scope, message.to_owned()),
            request_id,
            span: request_id.and_then(|id| span(scope, id)),
            kind: LogKind::Console,
        });
    }
}

impl WorkerLog {
    fn report(&self, scope: &mut Scope, report: &ErrorReport, kind: LogKind) {
        let request_id = current_request(scope);
        self.0.log(LogRecord {
            level: LogLevel::Error,
            message: secrets::shown(scope, report.to_string()),
            request_id,
            span: request_id.and_then(|id| span(scope, id)),
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

    fn body_failure(&self, scope: &mut Scope, report: &ErrorReport) {
        self.report(scope, report, LogKind::ResponseBody);
    }

    fn limit(
        &self,
        scope: &mut Scope,
        request: Option<RequestId>,
        name: &'static str,
        message: &str,
    ) {
        self.0.log(LogRecord {
            level: LogLevel::Warn,
            message: message.to_owned(),
            request_id: request,
            span: request.and_then(|id| span(scope, id)),
            kind: LogKind::Limit(name),
        });
    }
}
