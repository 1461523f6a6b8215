//! Runs [Web Platform Tests](https://web-platform-tests.org/) without a browser.
//!
//! * [`Tree`] finds the checkout of the tests.
//! * [`list`] finds the tests in its folders and reads their `// META:` lines.
//! * [`compose`] puts the harness, the scripts that a test asks for and the test itself into a sequence of scripts.
//! * An [`Engine`] runs that sequence: NANO in this process, or another program.
//! * [`Server`] is WPT's own server, for tests that fetch, with [`Certificates`] that engines trust.
//! * [`run`] does all of it and returns [`Results`].
//!
//! What results are expected is none of this crate's business: see the crate `conformance`.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

mod certificates;
mod compose;
mod engine;
mod list;
mod meta;
mod results;
mod run;
mod server;
mod substitute;
mod tree;

pub use certificates::{Authority, Certificates};
pub use compose::{Composition, Script, compose};
pub use engine::{Ending, Engine, Job, NanoEngine, ProgramEngine};
pub use list::{Test, list};
pub use meta::Meta;
pub use results::{HarnessStatus, Results, Subtest, SubtestStatus};
pub use run::{Runner, deadline};
pub use server::{Ports, Server};
pub use tree::{OWN, PINNED_COMMIT, Tree};
