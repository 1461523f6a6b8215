//! Getting the Web Platform Tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wpt::{OWN, PINNED_COMMIT, Tree};

use crate::SUITES;

const REPOSITORY: &str = "https://github.com/web-platform-tests/wpt";

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
    fetch().with_context(advice)?;
    Tree::find()
}

fn advice() -> String {
    format!(
        "found no Web Platform Tests, and cannot fetch them; check commit {PINNED_COMMIT} of \
         {REPOSITORY} out, and set WPT_ROOT to its folder (or have git take a mirror: \
         `git config --global url.MIRROR.insteadOf {REPOSITORY}`)"
    )
}

/// Makes or updates `wpt/checkout`: the folders of the suites at the pinned commit, and nothing else of the large repository.
///
/// # Errors
/// Where git fails, which has then said why.
pub fn fetch() -> Result<()> {
    fetch_from(REPOSITORY, PINNED_COMMIT, &Tree::checkout_folder())?;
    println!("the Web Platform Tests at {PINNED_COMMIT} are in wpt/checkout");
    Ok(())
}

/// What was interrupted goes on where it is called again; until then [`Tree::at`] takes it for none.
fn fetch_from(repository: &str, commit: &str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let git = |arguments: &[&str]| run_git(folder, arguments);
    git(&["init", "--quiet"])?;
    git(&["config", "remote.origin.url", repository])?;
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
        commit,
    ])?;
    git(&[
        "checkout",
        "--progress",
        "--force",
        "--detach",
        "FETCH_HEAD",
    ])
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with WPT's shape, and what git says in it.
    struct Upstream(tempfile::TempDir);

    impl Upstream {
        fn new() -> Self {
            let upstream = Self(tempfile::tempdir().unwrap());
            upstream.git(&["init", "--quiet"]);
            // As GitHub's.
            upstream.git(&["config", "uploadpack.allowFilter", "true"]);
            upstream.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
            upstream
        }

        fn git(&self, arguments: &[&str]) -> String {
            let output = Command::new("git")
                .arg("-C")
                .arg(self.0.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .args(["-c", "user.name=a", "-c", "user.email=a@a.test"])
                .args(arguments)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        }

        /// The commit of these files, each with its name as its text.
        fn commit(&self, files: &[&str]) -> String {
            for file in files {
                let path = self.0.path().join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, file).unwrap();
            }
            self.git(&["add", "."]);
            self.git(&["commit", "--quiet", "-m", "files"]);
            self.git(&["rev-parse", "HEAD"])
        }

        fn url(&self) -> String {
            format!("file://{}", self.0.path().display())
        }
    }

    #[test]
    fn a_checkout_has_the_folders_of_the_suites_at_the_pinned_commit() {
        let upstream = Upstream::new();
        let first = upstream.commit(&["resources/testharness.js", "url/a.any.js", "css/a.html"]);
        let second = upstream.commit(&["url/b.any.js"]);
        let work = tempfile::tempdir().unwrap();
        let folder = work.path().join("wpt/checkout");
        let head = || std::fs::read_to_string(folder.join(".git/HEAD")).unwrap();

        fetch_from(&upstream.url(), &first, &folder).unwrap();
        let tree = Tree::at(folder.clone()).unwrap();
        assert_eq!(tree.read("url/a.any.js").unwrap(), "url/a.any.js");
        for other in ["css/a.html", "url/b.any.js"] {
            assert!(!tree.has_file(other), "{other}");
        }
        // Nothing of what is not looked at has come: "missing" objects have a question mark.
        let missing = Command::new("git")
            .arg("-C")
            .arg(&folder)
            .args(["rev-list", "--objects", "--all", "--missing=print", "HEAD"])
            .output()
            .unwrap();
        let missing = String::from_utf8(missing.stdout).unwrap();
        assert_eq!(missing.matches('?').count(), 1, "{missing}");
        assert_eq!(head().trim(), first);

        fetch_from(&upstream.url(), &second, &folder).unwrap();
        assert!(tree.has_file("url/b.any.js") && !tree.has_file("css/a.html"));
        assert_eq!(head().trim(), second);
    }

    #[test]
    fn where_they_cannot_be_fetched_it_is_said_what_to_do() {
        let work = tempfile::tempdir().unwrap();
        let nowhere = format!("file://{}/none", work.path().display());
        let error = fetch_from(&nowhere, PINNED_COMMIT, &work.path().join("checkout"))
            .with_context(advice)
            .unwrap_err();
        let text = format!("{error:#}");
        for part in ["set WPT_ROOT", PINNED_COMMIT, "`git fetch"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!work.path().join("checkout/resources").exists());
    }
}
