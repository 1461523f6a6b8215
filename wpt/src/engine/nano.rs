//! NANO in this process.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Instant;

use anyhow::{Context, Result};
use nano_api::console::{ConsoleSink, Level};
use nano_api::fetch::client::Outbound;
use nano_api::url::UrlRecord;
use nano_api::{ApiOptions, EMBEDDING, ErrorSink, TimerQuota};
use nano_engine::{
    EngineOptions, ErrorReport, Exit, IsolateOptions, Limits, Until, modules, thread,
};
use nano_webidl::Scope;

use super::{Ending, Engine, Job};
use crate::{Authority, Script};

/// Runs each test in a new isolate with all Web APIs, from the snapshot that the program `nano` has, too.
pub struct NanoEngine {
    tokio: tokio::runtime::Runtime,
    outbound: Arc<Outbound>,
}

impl NanoEngine {
    /// Starts V8 and the runtime for I/O.
    ///
    /// # Errors
    /// Where one of them does not start.
    pub fn start() -> Result<Self> {
        nano_engine::Engine::start(EngineOptions {
            embedding: &EMBEDDING,
            snapshot: Some(nano_snapshot::SNAPSHOT),
            single: false,
        })
        .context("cannot start the JavaScript engine")?;
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the runtime for I/O")?;
        Ok(Self {
            tokio,
            outbound: Arc::new(Outbound::unrestricted()),
        })
    }
}

impl fmt::Debug for NanoEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NanoEngine").finish_non_exhaustive()
    }
}

/// What an isolate says while it runs a test.
enum Message {
    /// Something on its console.
    Line(String),
    /// An exception that nothing caught.
    Error(String),
}

/// Takes the console's lines and the uncaught exceptions of one isolate.
#[derive(Clone)]
struct Sink(Sender<Message>);

impl ConsoleSink for Sink {
    fn print(&self, _: &mut Scope, _: Level, message: &str) {
        // Nobody listens after the report.
        let _ = self.0.send(Message::Line(message.to_owned()));
    }
}

impl ErrorSink for Sink {
    fn uncaught(&self, _: &mut Scope, report: &ErrorReport) {
        let _ = self.0.send(Message::Error(report.to_string()));
    }

    fn unhandled_rejection(&self, _: &mut Scope, report: &ErrorReport) {
        let _ = self.0.send(Message::Error(report.to_string()));
    }
}

impl Engine for NanoEngine {
    fn trust(&mut self, authority: &Authority) -> Result<()> {
        let outbound = Outbound::unrestricted().trusting(&authority.certificate);
        self.outbound =
            Arc::new(outbound.context("cannot trust the authority of the tests' certificates")?);
        Ok(())
    }

    fn run(&self, job: &Job<'_>, sink: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<Ending> {
        let (sender, messages) = channel();
        let options = IsolateOptions {
            name: "wpt".to_owned(),
            limits: Limits {
                cpu_per_turn: Some(job.deadline),
                ..Limits::generous()
            },
            allow_eval: true,
            modules: None,
            tokio: Some(self.tokio.handle().clone()),
            abandon: false,
            data: Box::new(ApiOptions {
                base_url: Some(
                    UrlRecord::parse(&job.composition.base_url, None)
                        .ok()
                        .context("a test has no valid address")?,
                ),
                console: Box::new(Sink(sender.clone())),
                errors: Box::new(Sink(sender)),
                outbound: Arc::clone(&self.outbound),
                agent: Arc::default(),
                allow_eval: true,
                timers: TimerQuota::unlimited(),
                request_cpu: None,
            }),
        };
        let scripts = job.composition.scripts.clone();
        let (handle, exit) = thread::spawn(options, move |scope| run_scripts(scope, &scripts))
            .context("cannot start a thread for a test")?;
        handle.drain(Until::Idle);

        let end = Instant::now() + job.deadline;
        let mut errors = String::new();
        let ending = loop {
            match messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Message::Line(line)) => {
                    if sink(&line).is_break() {
                        break Ending::Stopped;
                    }
                }
                Ok(Message::Error(report)) => {
                    errors.push_str(&report);
                    errors.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => break Ending::Deadline,
                Err(RecvTimeoutError::Disconnected) => break Ending::Exited(String::new()),
            }
        };
        handle.terminate();
        let exit = exit.wait();
        Ok(match ending {
            Ending::Exited(_) => Ending::Exited(match exit {
                Exit::Drained | Exit::Stopped => errors.trim_end().to_owned(),
                other => format!("{errors}The isolate ended: {other}"),
            }),
            ending => ending,
        })
    }
}

/// Runs classic scripts one after the other, in one turn: as in a worker, no microtask runs between two of them.
fn run_scripts(scope: &mut Scope, scripts: &[Script]) {
    for script in scripts {
        v8::tc_scope!(let scope, scope);
        if modules::evaluate(scope, &script.name, &script.source).is_some() {
            continue;
        }
        // As after the script element of a page, the next script runs all the same.
        let (exception, message) = (scope.exception(), scope.message());
        scope.reset();
        if let Some(exception) = exception {
            (EMBEDDING.report_exception)(scope, exception, message);
        }
    }
}
