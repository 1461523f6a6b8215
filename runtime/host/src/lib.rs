//! The host of apps: configuration, routing, HTTP, limits of requests, logs and drain. It knows no V8 type.
//!
//! What is served changes in one way only, [`host::Host::apply`]. A request's way: [`server`] accepts it; `dispatch` finds its
//! [`app`] in the `routes` of that moment and takes a `lease` on an [`Instance`](nano_worker::Instance) in the `pool` of the app's
//! current `deployment`; `http` translates between hyper's messages and the instance's.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod admin;
pub mod app;
mod backoff;
pub mod config;
mod cron;
mod deployment;
mod dispatch;
mod drains;
#[cfg(test)]
mod fake;
mod fixed;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod host;
mod http;
pub mod inherited;
mod lease;
pub mod log;
mod metrics;
mod notify;
mod otlp;
mod patience;
mod places;
mod pool;
mod record;
pub mod reload;
mod router;
mod routes;
pub mod serve;
pub mod server;
mod services;
mod slot;
mod starter;
mod statistics;
mod tracer;

pub use crate::http::answers::answers;
pub use admin::{MAX_ARCHIVE, MAX_UNPACKED};
