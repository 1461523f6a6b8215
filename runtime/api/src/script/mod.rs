//! What built-in scripts stand on: primordials, lists, the conversions of Web IDL, and the bridge to Rust.

pub mod type_checks;
