//! Gives the linker what `.cargo/config.toml` says: what cargo-fuzz and `./run` have in RUSTFLAGS stands in the place of that. The
//! engine is meant: without it, nobody takes the calls that are led elsewhere.

use std::fs;

fn main() {
    let file = "../../.cargo/config.toml";
    println!("cargo::rerun-if-changed={file}");
    let config = fs::read_to_string(file).expect("the configuration of cargo");
    let flags = config.lines().filter_map(|line| {
        let flag = line.trim().strip_prefix("\"-Clink-arg=")?;
        flag.strip_suffix("\",")
    });
    let flags: Vec<&str> = flags.collect();
    let targets = "fuzz_targets";
    println!("cargo::rerun-if-changed={targets}");
    for target in fs::read_dir(targets).expect("the fuzz targets") {
        let path = target.expect("a fuzz target").path();
        let text = fs::read_to_string(&path).expect("its text");
        let has_engine = ["nano_api::", "nano_engine::"]
            .iter()
            .any(|of| text.contains(of));
        let name = path.file_stem().and_then(|name| name.to_str());
        for flag in flags.iter().filter(|_| has_engine) {
            println!("cargo::rustc-link-arg-bin={}={flag}", name.expect("a name"));
        }
    }
}
