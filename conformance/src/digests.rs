//! Which files the expectations are of. With another revision of WPT a test may be another one: what it gives is then told, and fails nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use aws_lc_rs::digest::{Context, SHA256};
use wpt::{Test, Tree};

/// The test files whose results were recorded, each with a digest of it and of the scripts that it asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digests(BTreeMap<String, String>);

impl Digests {
    /// The file that has them.
    #[must_use]
    pub fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("digests.json")
    }

    /// Reads them.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn load(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let digests = serde_json::from_str(&text).with_context(|| {
            format!(
                "expected {{\"<file>\": \"<digest>\"}} in {}",
                file.display()
            )
        })?;
        Ok(Self(digests))
    }

    /// Writes them.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.0)? + "\n";
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Whether the test is as it was when its results were recorded.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn has(&self, tree: &Tree, test: &Test) -> Result<bool> {
        Ok(self.0.get(&test.path) == Some(&digest(tree, test)?))
    }

    /// Records the test as it is.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn record(&mut self, tree: &Tree, test: &Test) -> Result<()> {
        self.0.insert(test.path.clone(), digest(tree, test)?);
        Ok(())
    }

    /// Forgets all but these.
    pub fn retain(&mut self, tests: &[Test]) {
        let paths: BTreeSet<&str> = tests.iter().map(|test| test.path.as_str()).collect();
        self.0.retain(|path, _| paths.contains(path.as_str()));
    }
}

/// The first eight bytes of SHA-256 of all the files, one after the other.
fn digest(tree: &Tree, test: &Test) -> Result<String> {
    let mut digest = Context::new(&SHA256);
    let file = tree.path(&test.path);
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    digest.update(&bytes);
    let scripts = test.meta.scripts.iter();
    for script in scripts.filter_map(|script| Tree::resolve(&test.path, script)) {
        // Where there is none, the test says so when it is run.
        if let Ok(bytes) = std::fs::read(tree.path(&script)) {
            digest.update(&bytes);
        }
    }
    let digest = digest.finish();
    let bytes: &[u8] = digest.as_ref();
    Ok(bytes[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_until_it_or_a_script_of_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("resources/testharness.js", "");
        write("url/a.any.js", "// META: script=/url/b.js\n");
        write("url/b.js", "1");
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        let tests = wpt::list(&tree, &["url"]).unwrap();
        let test = &tests[0];

        let mut digests = Digests::default();
        assert!(!digests.has(&tree, test).unwrap());
        digests.record(&tree, test).unwrap();
        assert!(digests.has(&tree, test).unwrap());
        let file = folder.path().join("digests.json");
        digests.save(&file).unwrap();
        assert_eq!(Digests::load(&file).unwrap(), digests);

        write("url/b.js", "2");
        assert!(!digests.has(&tree, test).unwrap());
        write("url/b.js", "1");
        write("url/a.any.js", "// META: script=/url/b.js\n\n");
        assert!(!digests.has(&tree, test).unwrap());
        digests.retain(&[]);
        assert_eq!(digests, Digests::default());
    }
}
