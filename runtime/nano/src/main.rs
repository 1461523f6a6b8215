//! The `nano` program: from arguments to the host or the shell.

mod args;
mod check;
mod engine;
mod repl;
mod serve;
mod shell;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let result = match args::parse() {
        Command::Serve(options) => serve::serve(&options),
        Command::Check(site) => check::check(&site),
        Command::Eval { code } => shell::eval(&code),
        Command::Run { file } => shell::run(&file),
        Command::Repl => repl::repl(),
    };
    result.unwrap_or_else(|error| {
        shell::complain(&format!("nano: {error:#}"));
        ExitCode::FAILURE
    })
}
