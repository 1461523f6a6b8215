//! What was expected against what was observed.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::ops::AddAssign;

use serde::Serialize;
use wpt::{HarnessStatus, Results, SubtestStatus};

/// The name under which an expectation has the failure of a test as a whole.
pub const HARNESS: &str = "<harness>";

/// Whether a run is as expected; if not, every difference, in lines for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    AsExpected,
    /// It is not.
    Differs(String),
    /// It is not, but the test is another one than that whose results were recorded.
    Changed(String),
}

/// How many subtests more pass than are expected to, and how many fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delta {
    /// Expected to fail, and passed.
    pub more: usize,
    /// Expected to pass, and failed.
    pub fewer: usize,
}

impl Delta {
    /// That of the results of a test with the subtests that are expected to fail.
    #[must_use]
    pub fn of(results: &Results, expected: Option<&BTreeMap<String, String>>) -> Self {
        let none = BTreeMap::new();
        let expected = expected.unwrap_or(&none);
        let observed = observed_failures(results);
        let is_pass = |name: &&String| !observed.contains_key(*name) && exists(results, name);
        Self {
            more: expected.keys().filter(is_pass).count(),
            fewer: observed
                .keys()
                .filter(|name| !expected.contains_key(*name))
                .count(),
        }
    }
}

impl AddAssign for Delta {
    fn add_assign(&mut self, other: Self) {
        self.more += other.more;
        self.fewer += other.fewer;
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "against the expectations: {} subtests more pass, {} fewer",
            self.more, self.fewer
        )
    }
}

/// Whether there is a subtest of this name. The test as a whole always is.
fn exists(results: &Results, name: &str) -> bool {
    name == HARNESS || results.subtests.iter().any(|subtest| subtest.name == name)
}

/// Compares results with the subtests that are expected to fail.
#[must_use]
pub fn compare(results: &Results, expected: Option<&BTreeMap<String, String>>) -> Verdict {
    let none = BTreeMap::new();
    let expected = expected.unwrap_or(&none);
    let observed = observed_failures(results);
    let mut differences = String::new();
    for (name, message) in &observed {
        if !expected.contains_key(name) {
            let _ = writeln!(differences, "unexpected failure: {name}\n    {message}");
        }
    }
    for name in expected.keys() {
        if observed.contains_key(name) {
            continue;
        }
        // Where the whole test failed, subtests are missing for that reason.
        if exists(results, name) {
            let _ = writeln!(
                differences,
                "unexpected pass: {name}\n    run `cargo wpt update` to remove the expectation"
            );
        } else if results.status == HarnessStatus::Ok {
            let _ = writeln!(differences, "expected to fail, but does not exist: {name}");
        }
    }
    if differences.is_empty() {
        Verdict::AsExpected
    } else {
        Verdict::Differs(differences)
    }
}

/// What did not pass: name → status and message in one short line.
#[must_use]
pub fn observed_failures(results: &Results) -> BTreeMap<String, String> {
    let mut failures = BTreeMap::new();
    if results.status != HarnessStatus::Ok {
        failures.insert(
            HARNESS.to_owned(),
            reason(results.status, results.message.as_deref()),
        );
    }
    for subtest in &results.subtests {
        match subtest.status {
            SubtestStatus::Pass => {}
            SubtestStatus::Fail => {
                let message = subtest
                    .message
                    .as_deref()
                    .filter(|message| !message.trim().is_empty());
                failures.insert(
                    subtest.name.clone(),
                    shorten(message.unwrap_or("no message")),
                );
            }
            status => {
                failures.insert(
                    subtest.name.clone(),
                    reason(status, subtest.message.as_deref()),
                );
            }
        }
    }
    failures
}

fn reason(status: impl std::fmt::Display, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.trim().is_empty() => shorten(&format!("{status}: {message}")),
        _ => status.to_string(),
    }
}

/// The first line, not longer than what fits beside a name.
fn shorten(message: &str) -> String {
    const LENGTH: usize = 160;
    let line = message.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= LENGTH {
        line.to_owned()
    } else {
        line.chars().take(LENGTH - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wpt::Subtest;

    fn results(status: HarnessStatus, subtests: &[(&str, SubtestStatus)]) -> Results {
        let subtests = subtests.iter().map(|&(name, status)| Subtest {
            name: name.to_owned(),
            status,
            message: Some("because".to_owned()),
        });
        Results {
            status,
            message: None,
            subtests: subtests.collect(),
        }
    }

    fn expected(names: &[&str]) -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "known".to_owned()))
            .collect()
    }

    fn differences(results: &Results, names: &[&str]) -> String {
        match compare(results, Some(&expected(names))) {
            Verdict::AsExpected => String::new(),
            Verdict::Differs(text) | Verdict::Changed(text) => text,
        }
    }

    #[test]
    fn every_kind_of_difference_is_one() {
        use SubtestStatus::{Fail, Pass, PreconditionFailed};
        let results = results(
            HarnessStatus::Ok,
            &[
                ("good", Pass),
                ("bad", Fail),
                ("optional", PreconditionFailed),
            ],
        );
        assert_eq!(differences(&results, &["bad", "optional"]), "");
        assert!(
            differences(&results, &["bad"])
                .contains("unexpected failure: optional\n    PRECONDITION_FAILED: because")
        );
        assert!(
            differences(&results, &["bad", "optional", "good"]).contains("unexpected pass: good")
        );
        assert!(
            differences(&results, &["bad", "optional", "gone"]).contains("does not exist: gone")
        );
        assert!(
            differences(&results, &["bad", "optional", HARNESS])
                .contains("unexpected pass: <harness>")
        );
    }

    #[test]
    fn the_test_as_a_whole_counts_like_a_subtest() {
        let broken = results(HarnessStatus::NoResult, &[]);
        assert!(differences(&broken, &[]).contains("unexpected failure: <harness>\n    NO_RESULT"));
        assert_eq!(differences(&broken, &[HARNESS, "missing"]), "");
    }

    #[test]
    fn a_delta_counts_both_ways() {
        use SubtestStatus::{Fail, Pass};
        let subtests = [("a", Pass), ("b", Fail), ("c", Fail), ("d", Pass)];
        let results = results(HarnessStatus::Ok, &subtests);
        let mut delta = Delta::of(&results, Some(&expected(&["a", "b", "gone"])));
        assert_eq!(delta, Delta { more: 1, fewer: 1 });
        delta += Delta::of(&results, None);
        assert_eq!(delta, Delta { more: 1, fewer: 3 });
    }

    #[test]
    fn reasons_are_one_short_line() {
        assert_eq!(shorten(" a\nb"), "a");
        assert_eq!(shorten(&"ä".repeat(200)).chars().count(), 160);
    }
}
