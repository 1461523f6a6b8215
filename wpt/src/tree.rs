//! The checkout of the Web Platform Tests.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The commit of github.com/web-platform-tests/wpt that `cargo wpt fetch` checks out and that expectations belong to.
pub const PINNED_COMMIT: &str = "4832db47614f5f48cc57374cbf5c1f70937fad48";

/// The folder of our own tests, for what WPT has none for: `wpt/tests/nano`, as if it were one of WPT's.
pub const OWN: &str = "nano";

/// A folder with a (partial) checkout of the Web Platform Tests.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The folder that `cargo wpt fetch` makes.
    #[must_use]
    pub fn checkout_folder() -> PathBuf {
        workspace().join("wpt/checkout")
    }

    /// Finds the tests: in the folder that the environment variable `WPT_ROOT` names, else in `../shared/wpt` beside
    /// this repository, else in the folder that `cargo wpt fetch` makes.
    ///
    /// # Errors
    /// Where none of them has the tests, with what to do about it.
    pub fn find() -> Result<Self> {
        if let Some(root) = std::env::var_os("WPT_ROOT") {
            return Self::at(PathBuf::from(root)).context(
                "the environment variable WPT_ROOT names no checkout of the Web Platform Tests",
            );
        }
        let candidates = [workspace().join("../shared/wpt"), Self::checkout_folder()];
        for candidate in &candidates {
            if let Ok(tree) = Self::at(candidate.clone()) {
                return Ok(tree);
            }
        }
        bail!(
            "found no Web Platform Tests: looked in ../shared/wpt and in wpt/checkout of this repository; \
             run `cargo wpt fetch`, or set WPT_ROOT to a checkout of github.com/web-platform-tests/wpt"
        )
    }

    /// The tests in the folder `root`.
    ///
    /// # Errors
    /// Where the folder has no harness, or its first checkout was interrupted: git writes the index once all files are there.
    pub fn at(root: PathBuf) -> Result<Self> {
        let harness = root.join("resources/testharness.js");
        if !harness.is_file() {
            bail!(
                "expected the test harness at {}, found no such file",
                harness.display()
            );
        }
        let git = root.join(".git");
        if git.is_dir() && !git.join("index").is_file() {
            bail!(
                "{} is a checkout that was interrupted, without all of its files",
                root.display()
            );
        }
        Ok(Self {
            root: root.canonicalize().unwrap_or(root),
        })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file or folder at `path` is, which begins at the root of the tree and has no leading slash. What is in [`OWN`] is in this
    /// repository.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        let is_own = path
            .strip_prefix(OWN)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if is_own {
            workspace().join("wpt/tests").join(path)
        } else {
            self.root.join(path)
        }
    }

    /// The file at `path`, which begins at the root of the tree and has no leading slash.
    ///
    /// # Errors
    /// Where it cannot be read. Text that is not UTF-8 has replacement characters, as a browser would show it.
    pub fn read(&self, path: &str) -> Result<String> {
        let bytes = std::fs::read(self.path(path))
            .with_context(|| format!("cannot read the WPT file {path}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Is there a file at `path`?
    #[must_use]
    pub fn has_file(&self, path: &str) -> bool {
        self.path(path).is_file()
    }

    /// The path of the file that `reference`, a URL's path, means in the file at `base`.
    /// Query and fragment are cut off. Nothing where the reference leaves the tree or names a host.
    #[must_use]
    pub fn resolve(base: &str, reference: &str) -> Option<String> {
        let reference = reference.split(['?', '#']).next().unwrap_or_default();
        if reference.is_empty() || reference.contains("://") || reference.starts_with("//") {
            return None;
        }
        let joined = match reference.strip_prefix('/') {
            Some(absolute) => PathBuf::from(absolute),
            None => Path::new(base)
                .parent()
                .unwrap_or(Path::new(""))
                .join(reference),
        };
        let mut parts = Vec::new();
        for component in joined.components() {
            match component {
                Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop()?;
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        Some(parts.join("/"))
    }
}

/// The folder of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_within_the_tree() {
        let resolve = |reference| Tree::resolve("url/sub/a.any.js", reference);
        assert_eq!(resolve("/common/x.js").as_deref(), Some("common/x.js"));
        assert_eq!(
            resolve("../resources/x.json?q#f").as_deref(),
            Some("url/resources/x.json")
        );
        assert_eq!(resolve("./x.js").as_deref(), Some("url/sub/x.js"));
        assert_eq!(resolve("../../../x.js"), None);
        assert_eq!(resolve("//host/x.js"), None);
        assert_eq!(resolve("https://host/x.js"), None);
        assert_eq!(resolve(""), None);
    }

    #[test]
    fn our_own_tests_are_beside_those_of_wpt() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("resources")).unwrap();
        std::fs::write(folder.path().join("resources/testharness.js"), "").unwrap();
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        for own in ["nano", "nano/a.any.js"] {
            assert_eq!(tree.path(own), workspace().join("wpt/tests").join(own));
        }
        for other in ["nanometers/a.any.js", "url/nano/a.any.js"] {
            assert_eq!(tree.path(other), tree.root().join(other));
        }
    }

    #[test]
    fn a_checkout_that_was_interrupted_is_no_tree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("resources")).unwrap();
        std::fs::write(path.join("resources/testharness.js"), "").unwrap();
        std::fs::create_dir(path.join(".git")).unwrap();
        let error = Tree::at(path.to_owned()).unwrap_err();
        assert!(error.to_string().contains("interrupted"), "{error}");
        std::fs::write(path.join(".git/index"), "").unwrap();
        Tree::at(path.to_owned()).unwrap();
    }

    #[test]
    fn a_folder_without_harness_is_no_tree() {
        let folder = tempfile::tempdir().unwrap();
        let error = Tree::at(folder.path().to_owned()).unwrap_err();
        assert!(
            error.to_string().contains("resources/testharness.js"),
            "{error}"
        );
    }
}
