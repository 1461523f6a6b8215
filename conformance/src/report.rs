//! The coverage report: how much of each folder passes.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use wpt::{Results, Subtest, SubtestStatus, Test};

/// How the reason begins why a subtest fails that wants what a server does not do, on purpose.
const DEPARTURE: &str = "DEPARTURE:";

/// The results of a run, by folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    folders: BTreeMap<String, Row>,
}

/// The numbers of a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Subtests that pass.
    pub passed: usize,
    /// Subtests that ran or should have, but for departures.
    pub total: usize,
    /// Subtests that fail because NANO departs from what they want, as their expectations say; they do not count.
    pub departures: usize,
    /// Tests (files and variants) that ran.
    pub tests: usize,
    /// Tests that hang or crash and were not run; each counts as one subtest that does not pass.
    pub skipped: usize,
    /// Tests that do not apply, and do not count.
    pub omitted: usize,
}

impl Row {
    /// How much passes, as a text.
    #[must_use]
    pub fn percent(&self) -> String {
        if self.total == 0 {
            "-".to_owned()
        } else {
            format!("{:.1}", 100.0 * self.passed as f64 / self.total as f64)
        }
    }
}

impl AddAssign for Row {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.total += other.total;
        self.departures += other.departures;
        self.tests += other.tests;
        self.skipped += other.skipped;
        self.omitted += other.omitted;
    }
}

impl Coverage {
    /// Counts a test that ran, some of whose subtests are expected to fail, for these reasons.
    pub fn add(
        &mut self,
        test: &Test,
        results: &Results,
        expected: Option<&BTreeMap<String, String>>,
    ) {
        let departs = |subtest: &&Subtest| {
            let reason = expected.and_then(|expected| expected.get(&subtest.name));
            let is_one = reason.is_some_and(|reason| reason.starts_with(DEPARTURE));
            is_one && subtest.status != SubtestStatus::Pass
        };
        let departures = results.subtests.iter().filter(departs).count();
        let row = self.row(test);
        row.tests += 1;
        row.passed += results.passed();
        row.departures += departures;
        // A test that gave no subtests at all counts as one that does not pass.
        row.total += results.subtests.len().max(1) - departures;
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
        let mut sum = Row::default();
        self.folders.values().for_each(|row| sum += *row);
        sum
    }

    /// The top-level folders.
    #[must_use]
    pub fn areas(&self) -> BTreeMap<String, Row> {
        let mut areas: BTreeMap<String, Row> = BTreeMap::new();
        for (folder, row) in &self.folders {
            let area = folder.split('/').next().unwrap_or(folder);
            *areas.entry(area.to_owned()).or_default() += *row;
        }
        areas
    }

    /// The folders, by their names, and all together.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, Row)> {
        let rows = self.folders.iter();
        let rows = rows.map(|(folder, row)| (folder.as_str(), *row));
        rows.chain([("all", self.sum())])
    }

    /// The numbers beside those of another runtime in the same tests.
    #[must_use]
    pub fn beside(&self, other: &Self, name: &str) -> String {
        let theirs: BTreeMap<&str, Row> = other.rows().collect();
        let rows = self.rows().map(|(folder, mut own)| {
            let mut their = theirs.get(folder).copied().unwrap_or_default();
            // Who fails a test as a whole has fewer subtests.
            let total = own.total.max(their.total);
            (own.total, their.total) = (total, total);
            (folder, own, their)
        });
        let rows: Vec<(&str, Row, Row)> = rows.collect();
        let width = rows
            .iter()
            .map(|(folder, ..)| folder.len())
            .chain([6])
            .max();
        let width = width.unwrap_or_default();
        let line = |folder: &str, cells: [&str; 5]| {
            let [total, own, percent, their, their_percent] = cells;
            format!(
                "{folder:width$}  {total:>7}  {own:>7}  {percent:>6}  {their:>7}  {their_percent:>6}\n"
            )
        };
        let mut text = line("folder", ["total", "nano", "%", name, "%"]);
        for (folder, own, their) in rows {
            let (total, passed) = (own.total.to_string(), own.passed.to_string());
            let (percent, their_percent) = (own.percent(), their.percent());
            let their_passed = their.passed.to_string();
            text += &line(
                folder,
                [&total, &passed, &percent, &their_passed, &their_percent],
            );
        }
        text
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
            "{:width$}  {:>7}  {:>7}  {:>6}  {:>10}  {:>5}  {:>7}  {:>7}",
            "folder", "passed", "total", "%", "departures", "tests", "skipped", "omitted"
        )?;
        for (folder, row) in self.rows() {
            writeln!(
                f,
                "{folder:width$}  {:>7}  {:>7}  {:>6}  {:>10}  {:>5}  {:>7}  {:>7}",
                row.passed,
                row.total,
                row.percent(),
                row.departures,
                row.tests,
                row.skipped,
                row.omitted
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{results, test};

    #[test]
    fn counts_by_folder() {
        let results = results(&[
            ("a", SubtestStatus::Pass),
            ("b", SubtestStatus::Fail),
            ("c", SubtestStatus::Pass),
            ("d", SubtestStatus::Fail),
        ]);
        let expected = |name: &str, reason: &str| (name.to_owned(), reason.to_owned());
        // Neither what fails for want of something nor what passes is a departure.
        let expected = BTreeMap::from([
            expected("a", "DEPARTURE: not here"),
            expected("b", "not implemented"),
            expected("d", "DEPARTURE: not here"),
        ]);
        let mut coverage = Coverage::default();
        coverage.add(&test("url/a.any.js"), &results, Some(&expected));
        coverage.add(&test("url/b.any.js"), &Results::none("crashed"), None);
        coverage.add_skipped(&test("url/c.any.js"));
        coverage.add_omitted(&test("dom/d.any.js"));
        assert_eq!(
            coverage.sum(),
            Row {
                passed: 2,
                total: 5,
                departures: 1,
                tests: 2,
                skipped: 1,
                omitted: 1
            }
        );
        assert_eq!(coverage.areas()["dom"].omitted, 1);
        assert_eq!(coverage.areas()["url"].total, 5);
        let text = coverage.to_string();
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines[1], ["dom", "0", "0", "-", "0", "0", "0", "1"]);
        assert_eq!(lines[2], ["url", "2", "5", "40.0", "1", "2", "1", "0"]);
        assert_eq!(lines[3][0], "all");

        let mut other = Coverage::default();
        other.add(&test("url/a.any.js"), &Results::none("crashed"), None);
        let text = coverage.beside(&other, "deno");
        let url = text.lines().find(|line| line.starts_with("url")).unwrap();
        let url: Vec<&str> = url.split_whitespace().collect();
        assert_eq!(url, ["url", "5", "2", "40.0", "0", "0.0"]);
    }
}
