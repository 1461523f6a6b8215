//! The Web APIs of NANO, and an app's handler as a Rust service.

pub mod shell;
pub mod worker;
