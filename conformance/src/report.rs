//! The coverage report: how much of each folder passes.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use wpt::{Results, Test};

/// The results of a run, by folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    folders: BTreeMap<String, Row>,
}

/// The numbers of a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Subtests that pass.
    pub passed: usize,
    /// Subtests that ran or should have.
    pub total: usize,
    /// Tests (files and variants) that ran.
    pub tests: usize,
    /// Tests that hang or crash and were not run; each counts as one subtest that does not pass.
    pub skipped: usize,
    /// Tests that do not apply, and do not count.
    pub omitted: usize,
}

impl Coverage {
    /// Counts a test that ran.
    pub fn add(&mut self, test: &Test, results: &Results) {
        let row = self.row(test);
        row.tests += 1;
        row.passed += results.passed();
        // A test that gave no subtests at all counts as one that does not pass.
        row.total += results.subtests.len().max(1);
    }

    /// Counts a test that was skipped.
    pub fn add_skipped(&mut self, test: &Test) {
        let row = self.row(test);
        row.skipped += 1;
        row.total += 1;
    }

    /// Counts a test that does not apply.
    pub fn add_omitted(&mut self, test: &Test) {
        self.row(test).omitted += 1;
    }

    /// All folders together.
    #[must_use]
    pub fn sum(&self) -> Row {
        self.folders.values().fold(Row::default(), |sum, row| Row {
            passed: sum.passed + row.passed,
            total: sum.total + row.total,
            tests: sum.tests + row.tests,
            skipped: sum.skipped + row.skipped,
            omitted: sum.omitted + row.omitted,
        })
    }

    fn row(&mut self, test: &Test) -> &mut Row {
        self.folders.entry(test.folder().to_owned()).or_default()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .folders
            .keys()
            .map(|folder| folder.len())
            .chain([6])
            .max()
            .unwrap_or_default();
        writeln!(
            f,
            "{:width$}  {:>7}  {:>7}  {:>6}  {:>5}  {:>7}  {:>7}",
            "folder", "passed", "total", "%", "tests", "skipped", "omitted"
        )?;
        let sum = self.sum();
        let rows = self
            .folders
            .iter()
            .map(|(folder, row)| (folder.as_str(), row));
        for (folder, row) in rows.chain([("all", &sum)]) {
            let percent = if row.total == 0 {
                "-".to_owned()
            } else {
                format!("{:.1}", 100.0 * row.passed as f64 / row.total as f64)
            };
            writeln!(
                f,
                "{folder:width$}  {:>7}  {:>7}  {percent:>6}  {:>5}  {:>7}  {:>7}",
                row.passed, row.total, row.tests, row.skipped, row.omitted
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wpt::{HarnessStatus, Meta, Subtest, SubtestStatus};

    #[test]
    fn counts_by_folder() {
        let test = |path: &str| Test {
            path: path.to_owned(),
            variant: String::new(),
            meta: Meta::default(),
            inapplicable: None,
            needs_server: false,
        };
        let subtest = |status| Subtest {
            name: "x".to_owned(),
            status,
            message: None,
        };
        let results = Results {
            status: HarnessStatus::Ok,
            message: None,
            subtests: vec![
                subtest(SubtestStatus::Pass),
                subtest(SubtestStatus::Fail),
                subtest(SubtestStatus::Pass),
            ],
        };
        let mut coverage = Coverage::default();
        coverage.add(&test("url/a.any.js"), &results);
        coverage.add(&test("url/b.any.js"), &Results::none("crashed"));
        coverage.add_skipped(&test("url/c.any.js"));
        coverage.add_omitted(&test("dom/d.any.js"));
        assert_eq!(
            coverage.sum(),
            Row {
                passed: 2,
                total: 5,
                tests: 2,
                skipped: 1,
                omitted: 1
            }
        );
        let text = coverage.to_string();
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["dom", "0", "0", "-", "0", "0", "1"]);
        assert_eq!(lines[2], ["url", "2", "5", "40.0", "2", "1", "0"]);
        assert_eq!(lines[3][0], "all");
    }
}
