//! The host of apps: configuration, routing, HTTP, limits of requests, logs and drain. It knows no V8 type.
//!
//! A request's way: [`server`] accepts it, [`dispatch`] finds its [`app`] with the [`router`], the app gives an
//! [`Instance`](nano_worker::Instance), and `http` translates between hyper's messages and the instance's.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod access;
pub mod app;
mod backoff;
pub mod config;
pub mod dispatch;
#[cfg(test)]
mod fake;
mod http;
pub mod log;
mod patience;
pub mod router;
pub mod serve;
pub mod server;
