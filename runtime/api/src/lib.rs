//! NANO's Web APIs, and an app's handler as a Rust service.
//!
//! One folder per specification, one file per interface, named after it; `.rs` for native ones, `.js` for those that are
//! built-in scripts (see ARCHITECTURE.md, "The binding contract"). Beside them:
//!
//! * [`bindings`]: what `codegen` makes of the IDL.
//! * [`environment`]: what all of them stand on.
//! * [`worker`]: an app instance, requests in and responses out.
//! * [`shell`]: `nano eval`, `run`, `repl`.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

/// Generated from `webapi-idl/idl/*.webidl`: traits, conversions, tables.
#[allow(
    clippy::all,
    clippy::pedantic,
    missing_docs,
    unused,
    reason = "generated code"
)]
pub mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

mod embedding;
mod options;
#[cfg(test)]
mod tests;

pub mod compression;
pub mod console;
pub mod encoding;
pub mod env;
pub mod environment;
pub mod eventsource;
pub mod fetch;
pub mod fileapi;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod hr_time;
pub mod html;
pub mod html_rewriter;
pub mod mimesniff;
pub mod nano;
pub mod reserved;
pub mod script;
pub mod service_worker;
pub mod shell;
pub mod streams;
pub mod structured_clone;
pub mod url;
pub mod urlpattern;
mod web_locks;
pub mod webcrypto;
pub mod webidl;
pub mod websockets;
pub mod worker;
pub mod xhr;

pub use embedding::EMBEDDING;
pub use environment::timers::TimerQuota;
pub use environment::{Environment, ErrorSink};
pub use options::ApiOptions;
