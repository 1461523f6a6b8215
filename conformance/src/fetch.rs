//! Getting the Web Platform Tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wpt::{OWN, PINNED_COMMIT, Tree};

use crate::SUITES;

/// What the tests and WPT's server need beside the suites.
const SUPPORT: &[&str] = &[
    "common",
    "fetch",
    "interfaces",
    "resources",
    "tools",
    "xhr/resources",
];

/// The tests; where there are none, a new checkout of them.
///
/// # Errors
/// Where `WPT_ROOT` names none, or there are none and cannot be fetched, with what to do about it.
pub fn tree() -> Result<Tree> {
    let found = Tree::find();
    if found.is_ok() || std::env::var_os("WPT_ROOT").is_some() {
        return found;
    }
    eprintln!("the Web Platform Tests are not here; they are fetched into wpt/checkout, once");
    fetch().with_context(|| {
        format!(
            "found no Web Platform Tests, and cannot fetch them; check commit {PINNED_COMMIT} of \
             github.com/web-platform-tests/wpt out, and set WPT_ROOT to its folder"
        )
    })?;
    Tree::find()
}

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
        .filter(|folder| *folder != OWN)
        .chain(SUPPORT.iter().copied())
        .collect();
    let set: Vec<&str> = ["sparse-checkout", "set"]
        .into_iter()
        .chain(folders)
        .collect();
    git(&set)?;
    git(&[
        "fetch",
        "--progress",
        "--depth=1",
        "--filter=blob:none",
        "origin",
        PINNED_COMMIT,
    ])?;
    git(&[
        "checkout",
        "--progress",
        "--force",
        "--detach",
        "FETCH_HEAD",
    ])?;
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
