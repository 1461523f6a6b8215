//! `nano describe`: what the reference and packages are made of.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::args::{self, Description};
use crate::shell::print;

/// Prints or writes it.
pub(crate) fn describe(what: Description) -> anyhow::Result<ExitCode> {
    match what {
        Description::Errors => print(&format!("{:#}", nano_host::answers())),
        Description::Completions { shell, name } => {
            let mut text = Vec::new();
            let mut program = args::program(&name);
            clap_complete::generate(shell, &mut program, name, &mut text);
            print(String::from_utf8_lossy(&text).trim_end());
        }
        Description::Man { folder, name } => manual(&folder, &name)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the program, and one for each command.
fn manual(folder: &Path, name: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(args::program(name), folder))
        .with_context(|| format!("cannot write manual pages to {}", folder.display()))
}
