//! Where a shell's output goes.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nano_engine::{ErrorReport, State};
use nano_webidl::{Scope, script};

use crate::console::{ConsoleSink, Level};
use crate::environment::ErrorSink;

/// Takes what a program prints.
pub trait Output: Send + Sync + 'static {
    /// `console.log`, `info`, `debug`; without a line's end.
    fn print(&self, message: &str);
    /// `console.error`, `warn`, and reports of uncaught exceptions; without a line's end.
    fn error(&self, message: &str);
}

/// Standard output and standard error.
pub struct Terminal;

impl Output for Terminal {
    fn print(&self, message: &str) {
        // A reader that is gone is no reason to fail.
        let _ = writeln!(std::io::stdout().lock(), "{message}");
    }

    fn error(&self, message: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{message}");
    }
}

/// Whether something went wrong that nobody caught.
#[derive(Default)]
pub(super) struct Failure(AtomicBool);

impl Failure {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Clone)]
pub(super) struct ShellSink {
    pub(super) output: Arc<dyn Output>,
    pub(super) failed: Arc<Failure>,
    /// See [`super::ShellOptions::interactive`].
    pub(super) interactive: bool,
}

impl ConsoleSink for ShellSink {
    fn print(&self, _: &mut Scope, level: Level, message: &str) {
        match level {
            Level::Debug | Level::Log | Level::Info => self.output.print(message),
            Level::Warn | Level::Error => self.output.error(message),
        }
    }
}

impl ShellSink {
    /// As in Node and Deno, an exception that nobody catches ends the program. One that listens for its exceptions goes on,
    /// as in Node and browsers: it may have more to say, such as the results of a test suite.
    fn fail(&self, scope: &mut Scope, event: &str, report: &str) {
        self.output.error(report);
        if self.interactive {
            return;
        }
        self.failed.0.store(true, Ordering::Release);
        if !listens(scope, event) {
            State::from_scope(scope).handle().stop();
        }
    }
}

impl ErrorSink for ShellSink {
    fn uncaught(&self, scope: &mut Scope, report: &ErrorReport) {
        self.fail(scope, "error", &format!("Uncaught {report}"));
    }

    fn unhandled_rejection(&self, scope: &mut Scope, report: &ErrorReport) {
        let report = format!("Uncaught (in promise) {report}");
        self.fail(scope, "unhandledrejection", &report);
    }
}

/// Whether the global object has a listener for events of this type.
fn listens(scope: &mut Scope, event: &str) -> bool {
    v8::tc_scope!(let scope, scope);
    v8::String::new(scope, event).is_some_and(|event| {
        script::call(scope, "globalHasListeners", &[event.into()])
            .is_ok_and(|listens| listens.is_true())
    })
}
