//! `history.jsonl`: how the results have changed, a line for each time.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{Coverage, Row};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The day, as 2026-11-28.
    pub date: String,
    /// The commit of WPT that the expectations belong to.
    pub wpt: String,
    /// All suites together.
    pub all: Row,
    /// The suites' top-level folders.
    pub areas: BTreeMap<String, Row>,
}

impl Progress {
    /// The file.
    #[must_use]
    pub fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("history.jsonl")
    }

    /// The record of a run of all tests.
    #[must_use]
    pub fn new(date: String, coverage: &Coverage) -> Self {
        Self {
            date,
            wpt: wpt::PINNED_COMMIT.to_owned(),
            all: coverage.sum(),
            areas: coverage.areas(),
        }
    }

    /// Appends it to the file, if the last line says something else; tells whether it did.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn append(&self, file: &Path) -> Result<bool> {
        let text = if file.exists() {
            std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?
        } else {
            String::new()
        };
        if let Some(line) = text.lines().next_back() {
            let last: Self = serde_json::from_str(line)
                .with_context(|| format!("expected a record in {}", file.display()))?;
            if (&last.wpt, last.all, &last.areas) == (&self.wpt, self.all, &self.areas) {
                return Ok(false);
            }
        }
        let line = serde_json::to_string(self)? + "\n";
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_changed_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.jsonl");
        let record = |date: &str, passed| Progress {
            date: date.to_owned(),
            wpt: "a".to_owned(),
            all: Row {
                passed,
                total: 3,
                ..Row::default()
            },
            areas: BTreeMap::new(),
        };
        assert!(record("2026-11-28", 1).append(&file).unwrap());
        assert!(!record("2026-11-29", 1).append(&file).unwrap());
        assert!(record("2026-11-30", 2).append(&file).unwrap());
        let text = std::fs::read_to_string(&file).unwrap();
        let dates: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<Progress>(line).unwrap().date)
            .collect();
        assert_eq!(dates, ["2026-11-28", "2026-11-30"]);
    }
}
