//! The `nano` program: from arguments to the host or the shell.

mod args;
mod check;
mod describe;
mod engine;
#[cfg(target_os = "linux")]
mod heaps;
mod import;
mod init;
mod remote;
mod repl;
mod serve;
mod shell;
mod table;
mod top;

use std::process::ExitCode;

use args::{Apps, Command};

fn main() -> ExitCode {
    keep_file_size_limit_from_ending_us();
    let result = match args::parse() {
        Command::Serve(options) => serve::serve(options),
        Command::Check(site) => check::check(&site),
        Command::Eval { code } => shell::eval(&code),
        Command::Run { file } => shell::run(&file),
        Command::Repl => repl::repl(),
        Command::Schema { settings } => {
            let schema = match settings {
                true => nano_host::config::settings_schema(),
                false => nano_host::config::schema(),
            };
            shell::print(&format!("{schema:#}"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Describe { what } => describe::describe(what),
        Command::Init { folder } => init::init(&folder).map(|()| ExitCode::SUCCESS),
        Command::Import { file, env } => {
            import::import(file.as_deref(), env.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Command::Apps { remote, what } => match what {
            None | Some(Apps::List) => remote.list(),
            Some(Apps::Show { app }) => remote.show(&app),
            Some(Apps::Remove { app }) => remote.remove(&app),
            Some(Apps::Reload) => remote.reload(),
            Some(Apps::Fire { app, cron }) => remote.fire(&app, cron.as_deref()),
        }
        .map(|()| ExitCode::SUCCESS),
        Command::Top(options) => top::top(options),
        Command::Logs {
            app,
            follow,
            lines,
            remote,
        } => remote.logs(&app, lines, follow).map(|()| ExitCode::SUCCESS),
        Command::Deploy {
            folder,
            name,
            hostname,
            remote,
        } => remote
            .deploy(&folder, name.as_deref(), &hostname)
            .map(|()| ExitCode::SUCCESS),
        Command::Transpile => match nano_typescript::serve() {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.into()),
        },
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
