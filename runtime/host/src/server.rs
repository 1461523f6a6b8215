//! Listeners and connections.

mod client;
mod connection;
pub(crate) mod crowd;
mod frames;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod http2;
mod linger;
pub(crate) mod link;
pub(crate) mod listener;
mod placement;
pub(crate) mod timers;
pub(crate) mod upgrade;
pub(crate) mod waiting;

pub(crate) use http2::WINDOW as HTTP2_WINDOW;

/// The largest head of a request, and the largest chunk of a body; larger heads get 431.
pub const MAX_HEAD: usize = 64 << 10;
/// The most header fields of a request; more get 431. It is hyper's own number for HTTP/1: with another one hyper takes its lists
/// of fields from the heap and fills them, a twentieth of a small request's instructions.
pub const MAX_FIELDS: usize = 100;
