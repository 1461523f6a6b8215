//! A run of many tests against the expectations: what `cargo test -p conformance` and `cargo wpt` have in common.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use wpt::{Engine, Results, Runner, Test, Tree, list};

use crate::{Coverage, Expectation, Expectations, SUITES, Verdict, compare};

/// The tests, what is expected of them, and what came out so far. Shared by threads.
#[derive(Debug)]
pub struct Session {
    tests: Vec<Test>,
    expectations: Expectations,
    runner: Runner,
    coverage: Mutex<Coverage>,
}

/// What became of a test.
#[derive(Debug)]
pub enum Outcome {
    /// It does not apply, for this reason.
    Omitted(String),
    /// It was not run, for this reason.
    Skipped(String),
    /// It ran.
    Ran(Results, Verdict),
}

impl Session {
    /// Finds the tests of all suites and reads the expectations.
    ///
    /// # Errors
    /// Where either is not there or not well-formed.
    pub fn new(engine: Box<dyn Engine>) -> Result<Self> {
        let tree = Tree::find()?;
        let tests = list(&tree, SUITES)?;
        let expectations = Expectations::load(&Expectations::folder())?;
        Ok(Self {
            tests,
            expectations,
            runner: Runner::new(tree, engine)?,
            coverage: Mutex::default(),
        })
    }

    /// All tests, sorted by name.
    #[must_use]
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// What is expected.
    #[must_use]
    pub fn expectations(&self) -> &Expectations {
        &self.expectations
    }

    /// Why a test would not be run, if so.
    #[must_use]
    pub fn excluded(&self, test: &Test) -> Option<Outcome> {
        match (test.inapplicable, self.expectations.for_test(test)) {
            (_, Some(Expectation::Omit(reason))) => Some(Outcome::Omitted(reason.clone())),
            (Some(reason), _) => Some(Outcome::Omitted(reason.to_owned())),
            (None, Some(Expectation::Skip(reason))) => Some(Outcome::Skipped(reason.clone())),
            (None, _) => None,
        }
    }

    /// The subtests of a test that are expected to fail.
    #[must_use]
    pub fn expected_failures(&self, test: &Test) -> Option<&BTreeMap<String, String>> {
        match self.expectations.for_test(test) {
            Some(Expectation::Fail(subtests)) => Some(subtests),
            _ => None,
        }
    }

    /// Says that these tests will run, so that what they need can be made ready meanwhile.
    ///
    /// # Errors
    /// See [`Runner::start_server`].
    pub fn announce<'a>(&self, tests: impl IntoIterator<Item = &'a Test>) -> Result<()> {
        if tests
            .into_iter()
            .any(|test| test.needs_server && self.excluded(test).is_none())
        {
            self.runner.start_server()?;
        }
        Ok(())
    }

    /// Runs a test, unless it is excluded, and counts it.
    ///
    /// # Errors
    /// See [`Runner::run`].
    pub fn run(&self, test: &Test) -> Result<Outcome> {
        if let Some(excluded) = self.excluded(test) {
            match excluded {
                Outcome::Omitted(_) => self.lock_coverage().add_omitted(test),
                _ => self.lock_coverage().add_skipped(test),
            }
            return Ok(excluded);
        }
        let results = self.runner.run(test)?;
        self.lock_coverage().add(test, &results);
        let verdict = compare(&results, self.expected_failures(test));
        Ok(Outcome::Ran(results, verdict))
    }

    /// The numbers so far.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.lock_coverage().clone()
    }

    /// Ends what runs beside this process. For programs that end without dropping the session.
    pub fn stop(&self) {
        self.runner.stop_server();
    }

    fn lock_coverage(&self) -> MutexGuard<'_, Coverage> {
        // Counting does not panic half-way.
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
