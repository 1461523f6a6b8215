//! What runs a composed test.

mod nano;
mod program;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

pub use nano::NanoEngine;
pub use program::ProgramEngine;

use crate::{Authority, Composition};

/// One run.
#[derive(Debug)]
pub struct Job<'a> {
    /// The scripts to run, and their base address.
    pub composition: &'a Composition,
    /// After which time the run is ended by force.
    pub deadline: Duration,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The sink had all it wanted.
    Stopped,
    /// The program had nothing left to do, or failed; what it wrote about that.
    Exited(String),
    /// It was ended because it took longer than its deadline.
    Deadline,
}

/// A JavaScript runtime. Runs are independent of each other, each in a global object of its own.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Has runs trust the certificates of this authority, too.
    ///
    /// # Errors
    /// Where it is no authority.
    fn trust(&mut self, authority: &Authority) -> anyhow::Result<()>;

    /// Runs a test. Each line that it writes to its console goes to `sink`, which ends the run by breaking.
    ///
    /// # Errors
    /// Where the engine itself does not start.
    fn run(
        &self,
        job: &Job<'_>,
        sink: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> anyhow::Result<Ending>;
}
