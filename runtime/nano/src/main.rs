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
    keep_file_size_limit_from_ending_us();
    let result = match args::parse() {
        Command::Serve(options) => serve::serve(options),
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

/// A log that has reached the limit of file sizes (`ulimit -f`) cannot be written to; that is no reason to end. As with SIGPIPE,
/// which Rust has the system ignore, whoever writes sees an error.
fn keep_file_size_limit_from_ending_us() {
    // SAFETY: the process has one thread, and nobody else handles this signal.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}
