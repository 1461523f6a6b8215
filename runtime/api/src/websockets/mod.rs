//! The WebSockets Standard, <https://websockets.spec.whatwg.org/>, and servers' WebSockets as Workers have them.

mod account;
mod coupling;
mod listener;
pub mod native_socket;
pub mod sockets;

pub(crate) use self::coupling::{Given, Guard, give};
pub(crate) use self::native_socket::of_response;
