//! The files in `expectations/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use wpt::Test;

/// A deviation from "every subtest passes", with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expectation {
    /// These subtests do not pass: name → reason.
    Fail(BTreeMap<String, String>),
    /// The test is not run, because it hangs or crashes; it counts as not passed.
    Skip(String),
    /// The test is about something that NANO does not want to have; it does not count.
    Omit(String),
}

/// All expectations: the name of a test → its deviation.
///
/// `skip` and `omit` may also name a file, for all its variants, or a folder, with a slash at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    entries: BTreeMap<String, Expectation>,
}

impl Expectations {
    /// The folder of the files, one per top-level folder of the tests.
    #[must_use]
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("expectations")
    }

    /// Reads all files of a folder.
    ///
    /// # Errors
    /// Where a file cannot be read, is not of this shape, holds an entry of another file or has an entry without reason.
    pub fn load(folder: &Path) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for file in json_files(folder)? {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let of_file: BTreeMap<String, Expectation> =
                serde_json::from_str(&text).with_context(|| {
                    format!(
                        "expected {{\"<test>\": {{\"fail\" | \"skip\" | \"omit\": …}}}} in {}",
                        file.display()
                    )
                })?;
            for (name, expectation) in of_file {
                let suite = suite_of(&name);
                ensure!(
                    file.file_stem().is_some_and(|stem| stem == suite),
                    "{}: the entry {name} belongs into {suite}.json",
                    file.display()
                );
                check_reasons(&name, &expectation)
                    .with_context(|| format!("in {}", file.display()))?;
                entries.insert(name, expectation);
            }
        }
        Ok(Self { entries })
    }

    /// Writes all files of a folder; files that have no entries left are removed.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let mut files: BTreeMap<&str, BTreeMap<&String, &Expectation>> = BTreeMap::new();
        for (name, expectation) in &self.entries {
            files
                .entry(suite_of(name))
                .or_default()
                .insert(name, expectation);
        }
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        for file in json_files(folder)? {
            if !file
                .file_stem()
                .and_then(|stem| stem.to_str())
                .is_some_and(|stem| files.contains_key(stem))
            {
                std::fs::remove_file(&file)
                    .with_context(|| format!("cannot remove {}", file.display()))?;
            }
        }
        for (suite, entries) in files {
            let path = folder.join(format!("{suite}.json"));
            let text = serde_json::to_string_pretty(&entries)? + "\n";
            std::fs::write(&path, text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// The entry for a test: its own, or a `skip` or `omit` of its file or of a folder that it is in.
    #[must_use]
    pub fn for_test(&self, test: &Test) -> Option<&Expectation> {
        if let Some(own) = self.entries.get(&test.to_string()) {
            return Some(own);
        }
        let folders = test
            .path
            .match_indices('/')
            .map(|(end, _)| &test.path[..=end]);
        let mut wider = folders
            .chain([test.path.as_str()])
            .filter_map(|name| self.entries.get(name));
        // The narrowest comes last.
        wider.rfind(|entry| !matches!(entry, Expectation::Fail(_)))
    }

    /// Replaces the subtests that a test may fail; none removes its entry.
    pub fn set_failures(&mut self, test: &Test, failures: BTreeMap<String, String>) {
        if failures.is_empty() {
            self.entries.remove(&test.to_string());
        } else {
            self.entries
                .insert(test.to_string(), Expectation::Fail(failures));
        }
    }

    /// Entries that name no test of these.
    #[must_use]
    pub fn stale<'a>(&'a self, tests: &[Test]) -> Vec<&'a str> {
        let names_test = |name: &str| {
            tests.iter().any(|test| {
                name == test.path
                    || test.to_string() == name
                    || (name.ends_with('/') && test.path.starts_with(name))
            })
        };
        self.entries
            .keys()
            .map(String::as_str)
            .filter(|name| !names_test(name))
            .collect()
    }

    /// Removes an entry.
    pub fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }
}

/// The file that an entry belongs into: the top-level folder of its test.
fn suite_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn check_reasons(name: &str, expectation: &Expectation) -> Result<()> {
    match expectation {
        Expectation::Fail(subtests) => {
            ensure!(
                !subtests.is_empty(),
                "{name}: expected subtests that fail, found none; remove the entry"
            );
            for (subtest, reason) in subtests {
                ensure!(
                    !reason.trim().is_empty(),
                    "{name}: expected a reason why \"{subtest}\" fails, found an empty text"
                );
            }
        }
        Expectation::Skip(reason) | Expectation::Omit(reason) => {
            ensure!(
                !reason.trim().is_empty(),
                "{name}: expected a reason, found an empty text"
            );
        }
    }
    Ok(())
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot list {}", folder.display()));
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wpt::Meta;

    fn test(path: &str, variant: &str) -> Test {
        Test {
            path: path.to_owned(),
            variant: variant.to_owned(),
            meta: Meta::default(),
            inapplicable: None,
            needs_server: false,
        }
    }

    fn load(files: &[(&str, &str)]) -> Result<Expectations> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Expectations::load(folder.path())
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let mut expectations = Expectations::default();
        expectations.set_failures(
            &test("url/b.any.js", "?1"),
            BTreeMap::from([("x".to_owned(), "why".to_owned())]),
        );
        expectations.entries.insert(
            "streams/a.any.js".to_owned(),
            Expectation::Omit("no documents".to_owned()),
        );
        expectations.save(folder.path()).unwrap();
        assert_eq!(Expectations::load(folder.path()).unwrap(), expectations);
        let text = std::fs::read_to_string(folder.path().join("url.json")).unwrap();
        assert_eq!(
            text,
            "{\n  \"url/b.any.js?1\": {\n    \"fail\": {\n      \"x\": \"why\"\n    }\n  }\n}\n"
        );

        // A suite without deviations has no file.
        expectations.set_failures(&test("url/b.any.js", "?1"), BTreeMap::new());
        expectations.save(folder.path()).unwrap();
        assert!(!folder.path().join("url.json").exists());
    }

    #[test]
    fn the_narrowest_entry_counts() {
        let expectations = load(&[(
            "url.json",
            r#"{"url/": {"omit": "folder"}, "url/a.any.js": {"skip": "file"}, "url/a.any.js?1": {"fail": {"x": "y"}}}"#,
        )])
        .unwrap();
        let kind = |path, variant| match expectations.for_test(&test(path, variant)) {
            Some(Expectation::Fail(_)) => "fail",
            Some(Expectation::Skip(_)) => "skip",
            Some(Expectation::Omit(_)) => "omit",
            None => "none",
        };
        assert_eq!(kind("url/a.any.js", "?1"), "fail");
        assert_eq!(kind("url/a.any.js", "?2"), "skip");
        assert_eq!(kind("url/b.any.js", ""), "omit");
        assert_eq!(kind("urls/b.any.js", ""), "none");
        assert_eq!(
            expectations.stale(&[test("url/b.any.js", "")]),
            ["url/a.any.js", "url/a.any.js?1"]
        );
    }

    #[test]
    fn every_deviation_has_a_reason_and_its_place() {
        let error = |name, text| format!("{:#}", load(&[(name, text)]).unwrap_err());
        assert!(error("url.json", r#"{"url/a": {"skip": " "}}"#).contains("expected a reason"));
        assert!(error("url.json", r#"{"url/a": {"fail": {"x": ""}}}"#).contains("why \"x\" fails"));
        assert!(error("url.json", r#"{"url/a": {"fail": {}}}"#).contains("found none"));
        assert!(error("url.json", r#"{"dom/a": {"skip": "x"}}"#).contains("dom.json"));
        assert!(error("url.json", r#"{"url/a": {"flaky": "x"}}"#).contains("url.json"));
    }

    #[test]
    fn the_checked_in_files_are_sorted_and_well_formed() {
        let folder = Expectations::folder();
        let again = tempfile::tempdir().unwrap();
        Expectations::load(&folder)
            .unwrap()
            .save(again.path())
            .unwrap();
        for file in json_files(&folder).unwrap() {
            let text = std::fs::read_to_string(&file).unwrap();
            let written =
                std::fs::read_to_string(again.path().join(file.file_name().unwrap())).unwrap();
            assert!(
                text == written,
                "{} is not as `cargo wpt update` would write it",
                file.display()
            );
        }
    }
}
