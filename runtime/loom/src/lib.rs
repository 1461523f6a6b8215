//! The small concurrent protocols of `nano-engine` and `nano-worker`, in every order of events that matters.
//!
//! Nothing is here but tests. They compile the crates' own files with the types of
//! [loom](https://docs.rs/loom), which runs a closure again and again until it has tried every interleaving of its threads, and
//! every value that a load may see, up to a bound on preemptions.

#![cfg(test)]

mod models;
mod sync;

#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../../engine/src/bell.rs"]
mod bell;
#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../../engine/src/handover.rs"]
mod handover;
#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../../engine/src/mail.rs"]
mod mail;
#[allow(dead_code, reason = "the engine and the host use the rest")]
#[path = "../../worker/src/stop.rs"]
mod stop;
#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../../engine/src/turn_clock.rs"]
mod turn_clock;
