//! `nano eval` and `nano run`.

use std::io::IsTerminal as _;
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
    Shell::new(options).map_err(|message| anyhow!(message))
}

pub(crate) fn eval(code: &str) -> anyhow::Result<ExitCode> {
    match start(None)?.eval(code) {
        Ok(value) => {
            // Code that is run for what it does has no value to show.
            if value != "undefined" {
                println!("{value}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(report) => {
            eprintln!("{report}");
            Ok(ExitCode::FAILURE)
        }
    }
}

pub(crate) fn run(file: &Path) -> anyhow::Result<ExitCode> {
    let code = start(Some(file))?.run_file(file);
    // Exit codes are a byte; anything else is a failure.
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}
