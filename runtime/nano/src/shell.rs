//! `nano eval` and `nano run`.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Context as _, anyhow};
use nano_api::shell::{Output, Shell, ShellOptions};
use nano_typescript::TypeScript;

use crate::engine;

/// Whom a shell is for.
#[derive(Clone, Copy)]
pub(crate) enum Use<'a> {
    /// A program in this file.
    Program(&'a Path),
    /// A script from the command line.
    Script,
    /// A person who types.
    Session,
}

/// Starts the engine, and makes a shell on this thread.
pub(crate) fn start(for_: Use<'_>) -> anyhow::Result<Shell> {
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let colors = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // I/O has a thread.
    engine::start(1, 1)?;
    let options = match for_ {
        Use::Program(file) => ShellOptions::program(folder, colors, file),
        Use::Script | Use::Session => ShellOptions::terminal(folder, colors),
    };
    let options = ShellOptions {
        output: Arc::new(Standard),
        transpiler: Some(Arc::new(TypeScript)),
        abandon: true,
        interactive: matches!(for_, Use::Session),
        ..options
    };
    Shell::new(options).map_err(|message| anyhow!(message))
}

/// Standard output and standard error.
struct Standard;

impl Output for Standard {
    fn print(&self, message: &str) {
        print(message);
    }

    fn error(&self, message: &str) {
        complain(message);
    }
}

/// Something that should have been printed was not.
static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a line. Where nobody reads any more, as behind `head`, the process ends, and says nothing.
pub(crate) fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    let written = output
        .write_all(line.as_bytes())
        .and_then(|()| output.write_all(b"\n"));
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => leave(0),
        Err(error) if !HAS_FAILED.swap(true, Relaxed) => {
            complain(&format!("nano: cannot write to standard output: {error}"))
        }
        _ => {}
    }
}

/// Prints a line to standard error, if that can be written to.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

pub(crate) fn eval(code: &str) -> anyhow::Result<ExitCode> {
    let mut shell = start(Use::Script)?;
    let code = match shell.eval(code) {
        Ok(value) => {
            // Code that is run for what it does has no value to show.
            if value != "undefined" {
                print(&value);
            }
            0
        }
        Err(error) => {
            let report = error.to_string();
            if !report.is_empty() {
                complain(&report);
            }
            error.exit_code()
        }
    };
    end(shell, code)
}

pub(crate) fn run(file: &Path) -> anyhow::Result<ExitCode> {
    let mut shell = start(Use::Program(file))?;
    let code = shell.run_file(file);
    // Exit codes are a byte; anything else is a failure.
    end(shell, u8::try_from(code).unwrap_or(1))
}

/// Ends the process at once. Taking V8 and all threads apart first takes as long as a small program.
fn end(shell: Shell, code: u8) -> ! {
    std::mem::forget(shell);
    // Lines are written when they are printed.
    leave(if HAS_FAILED.load(Relaxed) {
        code.max(1)
    } else {
        code
    })
}

fn leave(code: u8) -> ! {
    // SAFETY: nothing is left to be done: standard error has no buffer, and nobody waits for standard output's.
    unsafe { libc::_exit(code.into()) }
}
