//! Bakes the startup snapshot.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    // Everything that the snapshot depends on is a dependency of this program.
    println!("cargo::rerun-if-changed=build.rs");
    let blob = nano_engine::bake(&nano_api::EMBEDDING);
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("snapshot.bin"), blob).expect("OUT_DIR can be written to");
}
