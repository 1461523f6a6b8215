//! `nano eval`, `run` and `repl`: an isolate with all Web APIs and without an app's restrictions.
//!
//! The isolate has a thread of its own, like an app's, so that timers and I/O go on while a person types; a [`Shell`] talks to it.

mod eval;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod output;
mod repl;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nano_engine::module_source::file_url;
use nano_engine::{
    Exit, ExitReceiver, FolderSource, Handle, IsolateOptions, Limits, Transpiler, Until,
};
use nano_webidl::Scope;

use crate::environment::timers::TimerQuota;
use crate::fetch::client::Outbound;
use crate::options::ApiOptions;
use crate::url::UrlRecord;
pub use output::{Output, Terminal};

/// What a shell is told.
pub struct ShellOptions {
    /// Where relative imports of evaluated code start: the current folder.
    pub folder: PathBuf,
    /// Are reports and inspected values for a terminal, with colours?
    pub colors: bool,
    /// What relative URLs are resolved against; without it they are errors.
    pub base_url: Option<String>,
    /// Where `console` and reports of uncaught exceptions go.
    pub output: Arc<dyn Output>,
    /// The process ends with the shell, whose isolate is left as it is.
    pub abandon: bool,
    /// Makes JavaScript of files that are none.
    pub transpiler: Option<Arc<dyn Transpiler>>,
    /// A person is there: what nobody catches is reported, and ends nothing.
    pub interactive: bool,
}

impl ShellOptions {
    /// Options for a person at a terminal.
    pub fn terminal(folder: PathBuf, colors: bool) -> ShellOptions {
        ShellOptions {
            folder,
            colors,
            base_url: None,
            output: Arc::new(Terminal),
            abandon: false,
            transpiler: None,
            interactive: false,
        }
    }

    /// Options for a program in a file. Its relative URLs are relative to its own, as those of a worker's script are.
    pub fn program(folder: PathBuf, colors: bool, file: &Path) -> ShellOptions {
        ShellOptions {
            base_url: Some(file_url(&folder.join(file))),
            ..ShellOptions::terminal(folder, colors)
        }
    }
}

/// An isolate for code that a person or a test gives it.
pub struct Shell {
    handle: Handle,
    exit: Option<ExitReceiver>,
    folder: PathBuf,
    transpiler: Option<Arc<dyn Transpiler>>,
    output: Arc<dyn Output>,
    failed: Arc<output::Failure>,
    /// All I/O of the isolate.
    _tokio: tokio::runtime::Runtime,
    wake: (mpsc::Sender<()>, mpsc::Receiver<()>),
    awaited: Arc<Awaited>,
}

/// Wakes a shell that waits, from any thread.
#[derive(Debug, Clone)]
pub struct ShellWaker(mpsc::Sender<()>);

/// Ends what a REPL waits for, from any thread; the session goes on.
pub struct ShellInterrupter {
    handle: Handle,
    awaited: Arc<Awaited>,
}

/// Where the outcome goes that a REPL waits for.
type Awaited = Mutex<Weak<mpsc::Sender<ReplOutcome>>>;

/// What a line of a REPL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplOutcome {
    /// The value, inspected.
    Value(String),
    /// A report of the exception: message, source line, caret, stack.
    Exception(String),
    /// The text is the beginning of a statement: ask for more lines.
    Incomplete,
    /// Somebody has interrupted it: see [`ShellInterrupter`].
    Interrupted,
    /// The session is over; why.
    Ended(String),
}

/// Why a program has no value, or did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellError {
    /// The report of an exception or of a rejection that nobody handled; empty if it was reported when it happened.
    Failed(String),
    /// A top-level `await` waits for something that will never come.
    Unsettled,
}

impl ShellError {
    /// What the process exits with; Node.js's number for an `await` that never settles.
    pub fn exit_code(&self) -> u8 {
        match self {
            ShellError::Failed(_) => 1,
            ShellError::Unsettled => 13,
        }
    }
}

impl fmt::Display for ShellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ShellError::Failed(report) => report,
            ShellError::Unsettled => {
                "warning: a top-level await never settles: nothing that it could wait for is pending"
            }
        })
    }
}

impl Shell {
    /// Makes the isolate. The engine must have been started with [`crate::EMBEDDING`].
    ///
    /// # Errors
    /// A message for the person at the terminal.
    pub fn new(options: ShellOptions) -> Result<Self, String> {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("io")
            .enable_all()
            .build()
            .map_err(|error| format!("cannot start the I/O runtime: {error}"))?;
        // A shell is not confined: its modules are files of the whole file system.
        let source = FolderSource::with_base("/", "file:///").map_err(|error| error.to_string())?;
        let source = source
            .scripts_in(&options.folder)
            .transpiler(options.transpiler.clone());
        let base_url = match options.base_url {
            None => None,
            Some(base) => Some(
                UrlRecord::parse(base.as_str(), None)
                    .map_err(|_| format!("the base URL '{base}' is not a valid URL"))?,
            ),
        };
        let failed = Arc::new(output::Failure::default());
        let sink = output::ShellSink {
            output: options.output.clone(),
            failed: failed.clone(),
            interactive: options.interactive,
        };
        let isolate = IsolateOptions {
            name: "shell".into(),
            limits: Limits::generous(),
            allow_eval: true,
            modules: Some(Box::new(source)),
            tokio: Some(tokio.handle().clone()),
            abandon: options.abandon,
            data: Box::new(ApiOptions {
                base_url,
                console: Box::new(sink.clone()),
                errors: Box::new(sink),
                outbound: Arc::new(Outbound::unrestricted()),
                agent: Arc::default(),
                allow_eval: true,
                timers: TimerQuota::unlimited(),
                request_cpu: None,
            }),
        };
        let (handle, exit) = nano_engine::spawn(isolate, |_| {})
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Shell {
            handle,
            exit: Some(exit),
            folder: options.folder,
            transpiler: options.transpiler,
            output: options.output,
            failed,
            _tokio: tokio,
            wake: mpsc::channel(),
            awaited: Arc::default(),
        })
    }

    /// Evaluates a script, with top-level `await`, and runs the event loop until nothing is pending. The value is
    /// inspected like `console.log` would; `undefined` gives "undefined". The shell is done afterwards.
    ///
    /// # Errors
    /// An exception, a rejection that nobody handled, or an `await` that never settles.
    pub fn eval(&mut self, source: &str) -> Result<String, ShellError> {
        let (sender, outcome) = mpsc::channel();
        let source = source.to_owned();
        self.handle
            .post(Box::new(move |scope| eval::evaluate(scope, source, sender)));
        let ended = self.run_until_idle();
        match outcome.try_recv() {
            Ok(Err(report)) => Err(ShellError::Failed(report)),
            _ if self.failed.is_set() => Err(ShellError::Failed(String::new())),
            Ok(Ok(value)) => Ok(value),
            Err(_) => Err(unfinished(&ended)),
        }
    }

    /// Runs a file, a script or a module, and the event loop until nothing is pending. Reports go to the output. Returns the
    /// exit code: 0, 1 after an uncaught exception or an unhandled rejection, 13 where a top-level `await` never settles.
    pub fn run_file(&mut self, path: &Path) -> i32 {
        let path = self.folder.join(path);
        if let Some(transpiler) = &self.transpiler
            && transpiler.applies_to(&file_url(&path))
        {
            return self.run_by(move |scope, outcome| eval::run_module(scope, &path, outcome));
        }
        let source = match std::fs::read(&path).map(String::from_utf8) {
            Ok(Ok(source)) => source,
            Ok(Err(_)) => {
                self.output
                    .error(&format!("error: {} is not UTF-8 text", path.display()));
                return 1;
            }
            Err(error) => {
                self.output
                    .error(&format!("error: cannot read {}: {error}", path.display()));
                return 1;
            }
        };
        self.run(&path, source)
    }

    /// Like [`run_file`](Self::run_file) for a text that stands for the file at `path`.
    pub fn run(&mut self, path: &Path, source: String) -> i32 {
        let path = self.folder.join(path);
        self.run_by(move |scope, outcome| eval::run(scope, &path, source, outcome))
    }

    fn run_by(
        &mut self,
        begin: impl FnOnce(&mut Scope, mpsc::Sender<Result<(), String>>) + Send + 'static,
    ) -> i32 {
        let (sender, outcome) = mpsc::channel();
        let mut begin = Some((begin, sender));
        self.handle.post(Box::new(move |scope| {
            if let Some((begin, sender)) = begin.take() {
                begin(scope, sender);
            }
        }));
        let ended = self.run_until_idle();
        match outcome.try_recv() {
            Ok(Ok(())) if !self.failed.is_set() => 0,
            Ok(Ok(())) => 1,
            Ok(Err(report)) => {
                self.output.error(&report);
                1
            }
            Err(_) if self.failed.is_set() => 1,
            Err(_) => {
                let error = unfinished(&ended);
                self.output.error(&error.to_string());
                error.exit_code().into()
            }
        }
    }

    /// Ends what runs, now, from any thread that has the terminator.
    pub fn terminator(&self) -> impl Fn() + Send + Sync + 'static {
        let handle = self.handle.clone();
        move || handle.terminate()
    }

    /// Waits until nothing is pending; says how the isolate ended.
    fn run_until_idle(&mut self) -> Exit {
        self.handle.drain(Until::Idle);
        self.exit.take().map_or(Exit::Stopped, ExitReceiver::wait)
    }

    /// Evaluates a REPL's input: declarations persist, `await` is allowed, `_` is the last value. Returns when the value
    /// is there.
    pub fn evaluate_repl_line(&mut self, source: &str) -> ReplOutcome {
        let (sender, outcome) = mpsc::channel();
        let sender = Arc::new(sender);
        // The evaluation has the only reference: where that is gone, so is the isolate.
        *awaited(&self.awaited) = Arc::downgrade(&sender);
        let source = source.to_owned();
        self.handle.post(Box::new(move |scope| {
            repl::evaluate(scope, &source, sender)
        }));
        outcome.recv().unwrap_or_else(|_| {
            let ended = self.exit.take().map_or(Exit::Stopped, ExitReceiver::wait);
            ReplOutcome::Ended(format!("error: the session is over: {ended}"))
        })
    }

    /// Makes an interrupter of [`evaluate_repl_line`](Self::evaluate_repl_line).
    pub fn interrupter(&self) -> ShellInterrupter {
        ShellInterrupter {
            handle: self.handle.clone(),
            awaited: self.awaited.clone(),
        }
    }

    /// Makes a waker for [`run_until_woken`](Self::run_until_woken).
    pub fn waker(&self) -> ShellWaker {
        ShellWaker(self.wake.0.clone())
    }

    /// Waits until the waker is called; timers and operations go on meanwhile.
    pub fn run_until_woken(&mut self) {
        // The sender lives as long as the receiver, so this waits for a message only.
        let _ = self.wake.1.recv();
    }
}

/// Why a program has not come to its end.
fn unfinished(ended: &Exit) -> ShellError {
    match ended {
        Exit::Drained => ShellError::Unsettled,
        other => ShellError::Failed(format!("error: the program did not end: {other}")),
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.handle.terminate();
        if let Some(exit) = self.exit.take() {
            exit.wait();
        }
    }
}

fn awaited(awaited: &Awaited) -> MutexGuard<'_, Weak<mpsc::Sender<ReplOutcome>>> {
    awaited.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ShellInterrupter {
    /// Ends the evaluation that is waited for, and the turn that keeps it from ending. Returns whether there was one.
    pub fn interrupt(&self) -> bool {
        let Some(outcome) = std::mem::take(&mut *awaited(&self.awaited)).upgrade() else {
            return false;
        };
        self.handle.post(Box::new(repl::forget));
        self.handle.interrupt();
        // Last of all: the next evaluation is not to be hit.
        let _ = outcome.send(ReplOutcome::Interrupted);
        true
    }
}

impl ShellWaker {
    /// Ends the current or the next [`Shell::run_until_woken`].
    pub fn wake(&self) {
        // A shell that is gone waits for nothing.
        let _ = self.0.send(());
    }
}
