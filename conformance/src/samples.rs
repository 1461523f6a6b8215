//! Tests and results for this crate's own tests.

use wpt::{HarnessStatus, Meta, Results, Subtest, SubtestStatus, Test};

/// A test without anything special.
pub(crate) fn test(path: &str) -> Test {
    Test {
        path: path.to_owned(),
        variant: String::new(),
        meta: Meta::default(),
        inapplicable: None,
        needs_server: false,
    }
}

/// What a test that ran to its end gives.
pub(crate) fn results(subtests: &[(&str, SubtestStatus)]) -> Results {
    let subtests = subtests.iter().map(|(name, status)| Subtest {
        name: (*name).to_owned(),
        status: *status,
        message: None,
    });
    Results {
        status: HarnessStatus::Ok,
        message: None,
        subtests: subtests.collect(),
    }
}
