//! Joins the built-in scripts and the generated glue into one classic script.
//!
//! The scripts are ES modules, so that tools can read them; but a snapshot must not hold modules. The bundler takes `import` and
//! `export` away and puts all files into one function scope, imported files first. Therefore:
//!
//! * imports stand at the top: `import { a, b } from "./file.js";`, without renaming;
//! * exports are `export` before a declaration, or `export { a, b };`, without renaming;
//! * names of the top level are unique across all files.
//!
//! An app may change every prototype that it can reach; [`lint`] holds the scripts to what works all the same. For the same
//! reason the prototypes of their root classes lose `Object.prototype`: a field that is set in a constructor, or asked for and
//! not there, meets no accessor of an app.

mod error;
mod lint;
mod order;
mod parts;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub use error::Error;

use parts::Parts;
use source::Source;

/// The module of the generated glue.
const BINDINGS: &str = "nano:bindings";
/// The functions and objects of Rust: the second parameter of the bundle.
const NATIVE: &str = "nano:native";
/// The classes that implement interfaces, wherever they are; only the glue imports from it.
const IMPLS: &str = "nano:impls";

/// The result of [`bundle`].
#[derive(Debug)]
pub struct Bundle {
    /// A function expression `(function (globalThis, native) { … })`. It defines the script interfaces on `globalThis`, and returns
    /// the functions that scripts registered with `exportToNative`.
    pub source: String,
    /// The files that were read, for the build script to watch.
    pub inputs: Vec<PathBuf>,
    /// The names that the scripts take from `native`.
    pub native_names: Vec<String>,
    /// The interface objects that the scripts do not define: who is asked for one calls `lazyInterface` with its name.
    pub lazy_names: Vec<String>,
    /// Exports that nobody imports, and no glue could. Each costs every isolate; whoever bundles all scripts refuses them.
    pub unused_exports: Vec<Error>,
}

/// Bundles every `.js` file below `root` with the text of `nano:bindings`.
pub fn bundle(root: &Path, bindings: &str) -> Result<Bundle, Error> {
    let mut inputs = Vec::new();
    collect(root, &mut inputs)?;
    inputs.sort();
    let mut sources = Vec::new();
    for path in &inputs {
        let name = relative(root, path);
        let text = fs::read_to_string(path)
            .map_err(|e| Error::new(format!("cannot read {}: {e}", path.display())))?;
        sources.push(Source::parse(&name, &text)?);
    }
    let bindings = Source::parse(BINDINGS, bindings)?;
    let findings = sources
        .iter()
        .chain([&bindings])
        .flat_map(|source| &source.findings);
    Error::all(findings.cloned().collect())?;
    let unused_exports = unused_exports(&sources, &bindings);
    let joined = join(sources, bindings)?;
    Ok(Bundle {
        source: joined.text,
        inputs,
        native_names: joined.native_names,
        lazy_names: joined.lazy_names,
        unused_exports,
    })
}

fn unused_exports(sources: &[Source], bindings: &Source) -> Vec<Error> {
    let imports = sources.iter().chain([bindings]);
    let mut imported: BTreeSet<&str> = imports
        .flat_map(|source| &source.imports)
        .flat_map(|import| &import.names)
        .map(String::as_str)
        .collect();
    imported.extend(crate::script::library_names().map(|name| -> &str { name }));
    let exports = sources.iter().flat_map(|source| {
        let exported = source.definitions.iter().filter(|one| one.exported);
        exported.map(move |one| (source, one))
    });
    exports
        .filter(|(_, one)| !imported.contains(one.name.as_str()))
        .map(|(source, one)| {
            let name = &one.name;
            let message = format!("no script imports `{name}`: take it away, or its `export`");
            Error::at(&source.name, one.line, message)
        })
        .collect()
}

/// The `.js` files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let unreadable = |e| {
        Error::new(format!(
            "cannot read the folder of built-in scripts {}: {e}",
            folder.display()
        ))
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "js") {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's name below the root, with `/`.
fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// The result of [`join`].
struct Joined {
    text: String,
    native_names: Vec<String>,
    lazy_names: Vec<String>,
}

/// Checks, orders and prints.
fn join(sources: Vec<Source>, mut bindings: Source) -> Result<Joined, Error> {
    let wanted = sources
        .iter()
        .flat_map(|source| &source.imports)
        .filter(|import| import.from == BINDINGS);
    let wanted: BTreeSet<&str> = wanted
        .flat_map(|import| &import.names)
        .map(String::as_str)
        .collect();
    bindings.prune(&wanted);

    let all: Vec<&Source> = sources.iter().chain([&bindings]).collect();
    unique_names(&all)?;
    let order = order::Graph::new(&sources, &bindings)?.order()?;

    let mut native_names = BTreeSet::new();
    for import in all
        .iter()
        .flat_map(|source| &source.imports)
        .filter(|import| import.from == NATIVE)
    {
        native_names.extend(import.names.iter().cloned());
    }
    let native_names: Vec<String> = native_names.into_iter().collect();

    let mut text = String::from("(function (globalThis, native) {\n\"use strict\";\n");
    if !native_names.is_empty() {
        let list = native_names.join(", ");
        text.push_str(&format!(
            "for (const name of \"{list}\".split(\", \")) {{\n"
        ));
        text.push_str("  if (!(name in native)) throw new Error(`native has no '${name}', which a built-in script imports from nano:native`);\n");
        text.push_str("}\n");
        text.push_str(&format!("const {{ {list} }} = native;\n"));
    }
    let ordered = order.into_iter().map(|index| &sources[index]);
    let ordered = ordered.chain([&bindings]);
    let parts = Parts::new(ordered.flat_map(|source| &source.statements).collect())?;
    parts.print(&mut text);
    if all.iter().any(|source| source.defines("nativeExports")) {
        text.push_str("return nativeExports;\n");
    }
    text.push_str("})\n");
    Ok(Joined {
        text,
        native_names,
        lazy_names: parts.globals(),
    })
}

/// No name is defined twice, and none that comes from `native` is defined at all.
fn unique_names(sources: &[&Source]) -> Result<(), Error> {
    let mut owners: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for source in sources {
        for definition in &source.definitions {
            let place = (source.name.as_str(), definition.line);
            if let Some((file, line)) = owners.insert(&definition.name, place) {
                return Err(Error::at(
                    &source.name,
                    definition.line,
                    format!(
                        "`{}` is defined in {file}:{line} already; all files share one scope, so give one of the two another name",
                        definition.name
                    ),
                ));
            }
        }
    }
    for source in sources {
        for import in source.imports.iter().filter(|import| import.from == NATIVE) {
            for name in &import.names {
                if let Some((file, line)) = owners.get(name.as_str()) {
                    return Err(Error::at(
                        &source.name,
                        import.line,
                        format!(
                            "`{name}` is imported from {NATIVE}, but {file}:{line} defines the same name; rename that definition"
                        ),
                    ));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
