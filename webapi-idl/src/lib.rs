//! NANO's Web APIs as data: `.webidl` files, one per specification, and the typed [`Model`] of what they say.
//!
//! ```
//! let model = webapi_idl::parse_and_resolve(&[("greeting.webidl", "\
//! // Source: An Example (https://example.org/)
//! // Date: 2026-07-01
//! [Exposed=*] interface Greeter {
//!   constructor(optional DOMString name = \"you\");
//!   readonly attribute DOMString name;
//! };
//! ")]).unwrap();
//! assert_eq!(model.interfaces["Greeter"].constructors.len(), 1);
//! ```
//!
//! The way of a file, by module: `lexer` → `parser` → `syntax` tree → `resolve` → [`Model`] → `validate`. The grammar and
//! the rules are those of Web IDL, <https://webidl.spec.whatwg.org/>.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

mod describe;
mod distinguish;
mod error;
mod lexer;
mod model;
pub mod overloads;
mod parser;
mod resolve;
mod source;
mod syntax;
mod validate;

use std::path::Path;

pub use describe::type_text;
pub use distinguish::distinguishable;
pub use error::{Details, Error, Errors};
pub use model::*;

/// Reads all `*.webidl` files of a folder, in order of their names, into one model.
pub fn load(directory: &Path) -> Result<Model, Errors> {
    let unreadable = |path: &Path, what: &str, error: std::io::Error| {
        Errors::new(
            vec![
                Error::of_path(path, format!("cannot read {what}"))
                    .expected("a readable path")
                    .found(error.to_string()),
            ],
            None,
            &[],
        )
    };
    let folder = |error| unreadable(directory, "the folder of IDL files", error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(folder)? {
        let path = entry.map_err(folder)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "webidl")
        {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(Errors::new(
            vec![
                Error::of_path(directory, "the folder has no IDL files")
                    .expected("at least one `*.webidl` file")
                    .found("none"),
            ],
            None,
            &[],
        ));
    }
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path)
            .map_err(|error| unreadable(path, "the IDL file", error))?;
        files.push((
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            text,
        ));
    }
    let sources: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    resolve_sources(&sources, Some(directory))
}

/// Reads files that are given as name and text; partials and mixins count in the given order.
pub fn parse_and_resolve(sources: &[(&str, &str)]) -> Result<Model, Errors> {
    resolve_sources(sources, None)
}

fn resolve_sources(sources: &[(&str, &str)], directory: Option<&Path>) -> Result<Model, Errors> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for (name, text) in sources {
        let (file, found) = parser::parse(name, text);
        files.extend(file);
        errors.extend(found);
    }
    // Names of a definition that could not be read would only be missed everywhere else.
    if !errors.is_empty() {
        return Err(Errors::new(errors, directory, sources));
    }
    let resolved = resolve::resolve(&files);
    errors.extend(resolved.errors);
    // The rules of validation lean on names that are what they claim to be.
    if errors.is_empty() {
        errors = validate::validate(&resolved.model, &resolved.places);
    }
    if errors.is_empty() {
        Ok(resolved.model)
    } else {
        Err(Errors::new(errors, directory, sources))
    }
}
