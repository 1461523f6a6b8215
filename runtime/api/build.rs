//! Generates the bindings from the IDL, and bundles the built-in scripts with their glue.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let idl = root.join("../../webapi-idl/idl");
    let sources = root.join("src");
    println!("cargo::rerun-if-changed={}", idl.display());
    println!("cargo::rerun-if-changed={}", sources.display());

    let model = webapi_idl::load(&idl)?;
    write(&out.join("bindings.rs"), &codegen::rust::bindings(&model)?)?;

    let bundle = codegen::bundle::bundle(&sources, &codegen::script::bindings(&model)?)?;
    if !bundle.unused_exports.is_empty() {
        let faults = bundle.unused_exports.iter().map(ToString::to_string);
        return Err(faults.collect::<Vec<_>>().join("\n").into());
    }
    write(&out.join("builtins.js"), &bundle.source)?;
    for (file, names) in [
        ("natives.rs", &bundle.native_names),
        ("lazy.rs", &bundle.lazy_names),
    ] {
        write(&out.join(file), &format!("&{names:?}"))?;
    }
    Ok(())
}

/// Leaves a file alone that would not change, so that nothing is compiled again for it.
fn write(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    Ok(fs::write(path, text)?)
}
