//! Getting the Web Platform Tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wpt::{PINNED_COMMIT, Tree};

use crate::SUITES;

/// What the tests and WPT's server need beside the suites.
const SUPPORT: &[&str] = &[
    "common",
    "fetch",
    "interfaces",
    "mimesniff",
    "resources",
    "tools",
    "xhr/resources",
];

/// Makes or updates `wpt/checkout`: the folders of the suites at the pinned commit, and nothing else of the large repository.
///
/// # Errors
/// Where git fails, which has then said why.
pub fn fetch() -> Result<()> {
    let folder = Tree::checkout_folder();
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let git = |arguments: &[&str]| run_git(&folder, arguments);
    git(&["init", "--quiet"])?;
    git(&[
        "config",
        "remote.origin.url",
        "https://github.com/web-platform-tests/wpt",
    ])?;
    git(&["config", "remote.origin.promisor", "true"])?;
    git(&["config", "remote.origin.partialclonefilter", "blob:none"])?;
    // Suites that are the beginning of files' names are in a folder with more than them; git takes whole folders.
    let folders: BTreeSet<&str> = SUITES
        .iter()
        .map(|suite| suite.split('/').next().unwrap_or(suite))
        .chain(SUPPORT.iter().copied())
        .collect();
    let set: Vec<&str> = ["sparse-checkout", "set"]
        .into_iter()
        .chain(folders)
        .collect();
    git(&set)?;
    git(&[
        "fetch",
        "--depth=1",
        "--filter=blob:none",
        "origin",
        PINNED_COMMIT,
    ])?;
    git(&["checkout", "--quiet", "--force", "FETCH_HEAD"])?;
    println!("the Web Platform Tests at {PINNED_COMMIT} are in wpt/checkout");
    Ok(())
}

fn run_git(folder: &Path, arguments: &[&str]) -> Result<()> {
    let status = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .status()
        .context("cannot start git, which `cargo wpt fetch` needs")?;
    ensure!(
        status.success(),
        "`git {}` ended with {status}",
        arguments.join(" ")
    );
    Ok(())
}
