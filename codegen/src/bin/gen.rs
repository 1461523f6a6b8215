//! Writes what is generated for people: `nano.d.ts` (TypeScript definitions) and `reference.json` (data of the API reference).
//!
//! `cargo gen [--out <folder>] [--check] [--bundle]`; the folder is `target/gen` unless given. Nothing of it is checked in. `--check`
//! writes nothing, and fails where a file differs from what would be written. `--bundle` adds `bundle.js`, the built-in scripts with
//! their glue as the snapshot gets them: line numbers of their errors are those of this file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo gen [--out <folder>] [--check] [--bundle]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folder = root.join("target/gen");
    let mut check = false;
    let mut bundle = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => {
                folder = PathBuf::from(
                    arguments
                        .next()
                        .ok_or_else(|| format!("--out needs a folder; {USAGE}"))?,
                )
            }
            "--check" => check = true,
            "--bundle" => bundle = true,
            other => return Err(format!("unknown argument `{other}`; {USAGE}")),
        }
    }

    let model =
        webapi_idl::load(&root.join("webapi-idl/idl")).map_err(|errors| errors.to_string())?;
    let reference = serde_json::to_string_pretty(&codegen::reference::reference(&model))
        .map_err(|e| e.to_string())?;
    let mut files = vec![
        ("nano.d.ts", codegen::dts::definitions(&model)),
        ("reference.json", format!("{reference}\n")),
    ];
    if bundle {
        let bindings = codegen::script::bindings(&model).map_err(|e| e.to_string())?;
        let bundle = codegen::bundle::bundle(&root.join("runtime/api/src"), &bindings)
            .map_err(|e| e.to_string())?;
        files.push(("bundle.js", bundle.source));
    }
    if !check {
        fs::create_dir_all(&folder)
            .map_err(|e| format!("cannot make the folder {}: {e}", folder.display()))?;
    }
    for (name, text) in files {
        let path = folder.join(name);
        if !check {
            fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            println!("{}", path.display());
        } else if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            return Err(format!(
                "{} is missing or out of date; run `cargo gen`",
                path.display()
            ));
        }
    }
    Ok(())
}
