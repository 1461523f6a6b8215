//! `nano eval` and `nano run`.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use nano_api::shell::{Shell, ShellOptions};

use crate::engine;

/// Starts the engine, and makes a shell on this thread; for a program in a file or for what a person types.
pub(crate) fn start(file: Option<&Path>) -> anyhow::Result<Shell> {
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let colors = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    engine::start(true)?;
    let options = match file {
        Some(file) => ShellOptions::program(folder, colors, file),
        None => ShellOptions::terminal(folder, colors),
    };
    let options = ShellOptions {
        abandon: true,
        ..options
    };
    Shell::new(options).map_err(|message| anyhow!(message))
}

pub(crate) fn eval(code: &str) -> anyhow::Result<ExitCode> {
    let mut shell = start(None)?;
    let code = match shell.eval(code) {
        Ok(value) => {
            // Code that is run for what it does has no value to show.
            if value != "undefined" {
                println!("{value}");
            }
            0
        }
        Err(report) => {
            eprintln!("{report}");
            1
        }
    };
    end(shell, code)
}

pub(crate) fn run(file: &Path) -> anyhow::Result<ExitCode> {
    let mut shell = start(Some(file))?;
    let code = shell.run_file(file);
    // Exit codes are a byte; anything else is a failure.
    end(shell, u8::try_from(code).unwrap_or(1))
}

/// Ends the process at once. Taking V8 and all threads apart first takes as long as a small program.
fn end(shell: Shell, code: u8) -> ! {
    std::mem::forget(shell);
    // A closed output takes nothing; there is nowhere to say so.
    let _ = std::io::stdout().flush();
    // SAFETY: nothing is left to be done: standard error has no buffer, standard output's is written.
    unsafe { libc::_exit(code.into()) }
}
