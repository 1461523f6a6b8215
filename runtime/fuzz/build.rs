//! Gives the linker what `.cargo/config.toml` says: what cargo-fuzz and `./run` have in RUSTFLAGS stands in the place of that.

use std::fs;

fn main() {
    let file = "../../.cargo/config.toml";
    println!("cargo::rerun-if-changed={file}");
    let config = fs::read_to_string(file).expect("the configuration of cargo");
    for line in config.lines() {
        let flag = line.trim().strip_prefix("\"-Clink-arg=");
        if let Some(flag) = flag.and_then(|flag| flag.strip_suffix("\",")) {
            println!("cargo::rustc-link-arg-bins={flag}");
        }
    }
}
