//! The WebSocket protocol, RFC 6455, with permessage-deflate, RFC 7692: between a connection and a border's
//! [`nano_worker::SocketEnd`].
//!
//! The heads of frames are tungstenite's. What its connections, and those of other crates, cannot do is ours: memory is asked for before
//! a message takes it ([`nano_worker::SocketCharge`]), a compressed one is unfolded piece by piece, nothing is read for an app that does
//! not take what it has, and a ping or a close never waits behind a queue.
//!
//! Between messages neither a compressor nor a decompressor is kept (`*_no_context_takeover`): a connection that rests takes a buffer.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod allowance;
mod clock;
mod connection;
mod deflate;
mod extensions;
mod fault;
mod frame;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod handshake;
mod message;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use clock::{Alarm, Clock, RuntimeClock};
pub use connection::{Config, Ended, Role, run};
pub use extensions::Deflate;
pub use handshake::{Accepted, ClientHandshake, Protocols, ServerHandshake};
