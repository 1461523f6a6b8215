//! External memory: what an isolate has outside of V8's heap. With the heap it stands under one limit, in one [`Account`].
//!
//! * V8 limits its own heap.
//! * Array buffers are counted by the allocator that V8 asks for them, and by [`array_buffer`] for those that native code makes; so
//!   are the characters of [`one_byte_string`]. One that does not fit makes V8 collect garbage and ask again, and then throw a
//!   `RangeError`. Buffers that V8 maps by itself are counted by `mappings`.
//! * What native objects hold on the isolate's thread is [`ExternalMemory`]; what may leave the thread, as bodies do, is a
//!   [`Reservation`].
//! * What C and C++ code takes is counted by [`malloc`], and watched by `watch`.
//! * What Rust code holds beyond what is counted by one of these is estimated by `samples`. A part of it is nobody's concern: 8 MiB and an
//!   eighth. The rest counts as if somebody had thought of it.
//!
//! The sum is checked at full collections, whenever external memory has grown, and between turns (see [`crate::isolate`]).

mod account;
mod buffers;
pub(crate) mod fund;
#[cfg(target_os = "linux")]
mod locks;
pub mod malloc;
pub(crate) mod mappings;
mod objects;
pub(crate) mod parsing;
mod reservation;
pub(crate) mod samples;
pub(crate) mod shortage;
pub(crate) mod spare;
pub(crate) mod tables;
pub(crate) mod watch;

pub use account::Account;
pub use buffers::{TakenBuffer, array_buffer, one_byte_string};
pub(crate) use buffers::{allocator, text_string};
pub use malloc::for_nobody;
pub use objects::{Conversions, ExternalMemory, converted, settle};
pub use reservation::{Reservation, has_room};
pub(crate) use reservation::{has_foreign_room, has_heap_room};
