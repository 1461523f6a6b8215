//! The startup snapshot of NANO's isolates: all Web APIs, baked when the program is built.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

/// The snapshot, for [`EngineOptions::snapshot`](https://docs.rs/nano-engine).
pub static SNAPSHOT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/snapshot.bin"));
