//! What results NANO has in the Web Platform Tests, and that they never get worse unnoticed.
//!
//! `expectations/*.json` lists the deviations from "everything passes", each with its reason. `cargo test -p conformance` runs
//! the suites and fails on every difference, unexpected passes among them. `cargo wpt` runs tests by name, and
//! `cargo wpt update` writes what it saw into the expectations; a person then turns the first reasons, which are the
//! assertions' messages, into better ones.
#![deny(missing_docs)]

mod compare;
mod digests;
mod engine;
mod expectations;
mod fetch;
mod history;
mod pages;
mod report;
#[cfg(test)]
mod samples;
mod session;
mod suites;

pub use compare::{Delta, HARNESS, Verdict, compare, observed_failures};
pub use digests::Digests;
pub use engine::engine;
pub use expectations::{Expectation, Expectations};
pub use fetch::{fetch, tree};
pub use history::Progress;
pub use pages::{Interfaces, html, markdown};
pub use report::{Coverage, Row};
pub use session::{Outcome, Session};
pub use suites::SUITES;
