//! What built-in scripts reach of Rust: the `[Internal]` constructs of the IDL.

pub mod internals;
pub mod native_sink;
pub mod native_source;
pub mod serialized_message;
