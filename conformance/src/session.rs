//! A run of many tests against the expectations: what `cargo test -p conformance` and `cargo wpt` have in common.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use wpt::{Engine, Results, Runner, Test, list};

use crate::fetch::tree;
use crate::{Coverage, Delta, Digests, Expectation, Expectations, SUITES, Verdict, compare};

/// The tests, what is expected of them, and what came out so far. Shared by threads.
#[derive(Debug)]
pub struct Session {
    tests: Vec<Test>,
    expectations: Expectations,
    digests: Digests,
    runner: Runner,
    coverage: Mutex<Coverage>,
    delta: Mutex<Delta>,
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
    /// Finds the tests of all suites, or fetches them, and reads the expectations.
    ///
    /// # Errors
    /// Where either is not there or not well-formed.
    pub fn new(engine: Box<dyn Engine>) -> Result<Self> {
        let tree = tree()?;
        let tests = list(&tree, SUITES)?;
        let expectations = Expectations::load(&Expectations::folder())?;
        Ok(Self {
            tests,
            expectations,
            digests: Digests::load(&Digests::file())?,
            runner: Runner::new(tree, engine)?,
            coverage: Mutex::default(),
            delta: Mutex::default(),
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

    /// Whether all tests are those whose results were recorded, and not another revision's.
    ///
    /// # Errors
    /// Where a test cannot be read.
    pub fn is_recorded(&self) -> Result<bool> {
        for test in &self.tests {
            if !self.digests.has(self.runner.tree(), test)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The digests with those of these tests as they are.
    ///
    /// # Errors
    /// Where a test cannot be read.
    pub fn digests_with<'a>(&self, tests: impl IntoIterator<Item = &'a Test>) -> Result<Digests> {
        let mut digests = self.digests.clone();
        for test in tests {
            digests.record(self.runner.tree(), test)?;
        }
        digests.retain(&self.tests);
        Ok(digests)
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
        let expected = self.expected_failures(test);
        self.lock_coverage().add(test, &results, expected);
        *self.lock_delta() += Delta::of(&results, expected);
        let verdict = match compare(&results, expected) {
            Verdict::Differs(differences) if !self.digests.has(self.runner.tree(), test)? => {
                Verdict::Changed(differences)
            }
            verdict => verdict,
        };
        Ok(Outcome::Ran(results, verdict))
    }

    /// What is better and worse so far than expected.
    #[must_use]
    pub fn delta(&self) -> Delta {
        *self.lock_delta()
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

    fn lock_delta(&self) -> MutexGuard<'_, Delta> {
        self.delta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_coverage(&self) -> MutexGuard<'_, Coverage> {
        // Counting does not panic half-way.
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
