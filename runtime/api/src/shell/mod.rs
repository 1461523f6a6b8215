//! `nano eval`, `run` and `repl`: one isolate on the calling thread, with all Web APIs and without an app's restrictions.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// What a shell is told.
#[derive(Debug, Clone)]
pub struct ShellOptions {
    /// Where relative imports of evaluated code start: the current folder.
    pub folder: PathBuf,
    /// Are reports and inspected values for a terminal, with colours?
    pub colors: bool,
}

/// An isolate for code that a person at a terminal gives it. Stays on the thread that made it.
#[derive(Debug)]
pub struct Shell {
    never: Infallible,
}

/// Wakes a shell that waits, from any thread.
#[derive(Debug, Clone)]
pub struct ShellWaker {
    never: Infallible,
}

/// What a line of a REPL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplOutcome {
    /// The value, inspected.
    Value(String),
    /// A report of the exception: message, source line, caret, stack.
    Exception(String),
    /// The text is the beginning of a statement: ask for more lines.
    Incomplete,
}

impl Shell {
    /// Makes the isolate. V8's platform must have been initialized.
    ///
    /// # Errors
    /// A message for the person at the terminal.
    pub fn new(_options: ShellOptions) -> Result<Self, String> {
        Err("cannot run JavaScript: this build has no engine".to_owned())
    }

    /// Evaluates a script, with top-level `await`, and runs the event loop until nothing is pending. The value is
    /// inspected like `console.log` would; `undefined` gives "undefined".
    ///
    /// # Errors
    /// The report of an exception or a rejection that nobody handled.
    pub fn eval(&mut self, _source: &str) -> Result<String, String> {
        match self.never {}
    }

    /// Runs a module and the event loop until nothing is pending. Reports go to standard error. Returns the exit code.
    pub fn run_file(&mut self, _path: &Path) -> i32 {
        match self.never {}
    }

    /// Evaluates a REPL's input: declarations persist, `await` is allowed, `_` is the last value. Runs the event loop
    /// until the value is there.
    pub fn evaluate_repl_line(&mut self, _source: &str) -> ReplOutcome {
        match self.never {}
    }

    /// Makes a waker for [`run_until_woken`](Self::run_until_woken).
    pub fn waker(&self) -> ShellWaker {
        match self.never {}
    }

    /// Runs timers and completed operations, and waits for more, until the waker is called.
    pub fn run_until_woken(&mut self) {
        match self.never {}
    }
}

impl ShellWaker {
    /// Ends the current or the next [`Shell::run_until_woken`].
    pub fn wake(&self) {
        match self.never {}
    }
}
