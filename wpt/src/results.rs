//! What a test run gives.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The results of one test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Results {
    /// How the test as a whole went.
    pub status: HarnessStatus,
    /// Why the status is not OK.
    pub message: Option<String>,
    /// The parts of the test, in order.
    pub subtests: Vec<Subtest>,
}

/// The status of a test as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HarnessStatus {
    /// The test ran to its end.
    Ok,
    /// An exception that belongs to no subtest, or a test without subtests.
    Error,
    /// The harness ended the test because it took too long.
    Timeout,
    /// The test needs what is optional and absent.
    PreconditionFailed,
    /// The harness gave no results: the runtime failed, or never came back.
    NoResult,
}

/// One part of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subtest {
    /// Its name, unique within the test.
    pub name: String,
    /// How it went.
    pub status: SubtestStatus,
    /// What was asserted and did not hold.
    pub message: Option<String>,
}

/// The status of a subtest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubtestStatus {
    /// All assertions hold.
    Pass,
    /// One does not.
    Fail,
    /// It began and did not end in time.
    Timeout,
    /// It did not begin.
    #[serde(rename = "NOTRUN")]
    NotRun,
    /// It needs what is optional and absent.
    PreconditionFailed,
}

impl fmt::Display for HarnessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::Timeout => "TIMEOUT",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::NoResult => "NO_RESULT",
        })
    }
}

impl fmt::Display for SubtestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Timeout => "TIMEOUT",
            Self::NotRun => "NOTRUN",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
        })
    }
}

/// What harness/report.js writes: the numbers are testharness.js's own.
#[derive(Deserialize)]
struct Report {
    status: u8,
    message: Option<String>,
    subtests: Vec<(String, u8, Option<String>)>,
}

impl Results {
    /// The results of a run that ended without any.
    #[must_use]
    pub fn none(message: impl Into<String>) -> Self {
        Self {
            status: HarnessStatus::NoResult,
            message: Some(message.into()),
            subtests: Vec::new(),
        }
    }

    /// Reads the results from what the program under test wrote to its console: a line that begins with the marker.
    /// Nothing for other lines.
    pub(crate) fn from_console(line: &str) -> Option<Self> {
        // A test may have left a console group open, which indents.
        let json = line.trim().strip_prefix(MARKER)?;
        let report: Report = match serde_json::from_str(json) {
            Ok(report) => report,
            Err(error) => {
                return Some(Self::none(format!(
                    "cannot read the harness's report: {error}"
                )));
            }
        };
        let status = match report.status {
            0 => HarnessStatus::Ok,
            1 => HarnessStatus::Error,
            2 => HarnessStatus::Timeout,
            3 => HarnessStatus::PreconditionFailed,
            other => {
                return Some(Self::none(format!(
                    "expected a harness status from 0 to 3, found {other}"
                )));
            }
        };
        let subtests = report
            .subtests
            .into_iter()
            .map(|(name, status, message)| {
                let status = match status {
                    0 => SubtestStatus::Pass,
                    2 => SubtestStatus::Timeout,
                    3 => SubtestStatus::NotRun,
                    4 => SubtestStatus::PreconditionFailed,
                    _ => SubtestStatus::Fail,
                };
                Subtest {
                    name,
                    status,
                    message,
                }
            })
            .collect();
        Some(Self {
            status,
            message: report.message,
            subtests,
        })
    }

    /// How many subtests pass.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.subtests
            .iter()
            .filter(|subtest| subtest.status == SubtestStatus::Pass)
            .count()
    }
}

/// What the line with the results begins with; harness/prelude.js has the same text.
const MARKER: &str = "#WPT-RESULTS#";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_report() {
        let line = r##"#WPT-RESULTS#{"status":0,"message":null,"subtests":[["a",0,null],["b",1,"no \u2028"],["c",3,null]]}"##;
        let results = Results::from_console(line).unwrap();
        assert_eq!(results.status, HarnessStatus::Ok);
        assert_eq!(results.passed(), 1);
        assert_eq!(results.subtests[1].message.as_deref(), Some("no \u{2028}"));
        assert_eq!(results.subtests[2].status, SubtestStatus::NotRun);
    }

    #[test]
    fn passes_over_what_a_test_logs() {
        assert_eq!(Results::from_console("hello"), None);
        assert_eq!(
            Results::from_console("#WPT-RESULTS#{").unwrap().status,
            HarnessStatus::NoResult
        );
    }

    #[test]
    fn the_prelude_has_the_marker() {
        assert!(include_str!("harness/prelude.js").contains(MARKER));
    }
}
