//! What `tsconfig.json` says about the JavaScript to be: <https://www.typescriptlang.org/tsconfig/>.

use jsonc_parser::{ParseOptions, parse_to_serde_value};
use nano_engine::transpiler::Mistake;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mistake;

/// The options of the compiler that change what runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Options {
    /// Elements become calls of functions that are imported from here; else of `jsx_factory`.
    pub(crate) jsx_import_source: Option<String>,
    pub(crate) jsx_factory: String,
    pub(crate) jsx_fragment_factory: String,
    /// Decorators as they were before they became a proposal of ECMAScript.
    pub(crate) experimental_decorators: bool,
    pub(crate) emit_decorator_metadata: bool,
    /// Fields without a value are fields.
    pub(crate) use_define_for_class_fields: bool,
    /// Imports that are not marked as types stay.
    pub(crate) verbatim_module_syntax: bool,
}

/// How many files may be extended in all, each counted as often as it is.
const MAX_EXTENDED: usize = 16;

/// The most bytes of a file.
const MAX_FILE: usize = 64 << 10;
/// What is read of it. Whatever else there is, of any size, is for compilers and editors.
const OPTIONS: [&str; 10] = [
    "jsx",
    "jsxImportSource",
    "jsxFactory",
    "jsxFragmentFactory",
    "experimentalDecorators",
    "emitDecoratorMetadata",
    "useDefineForClassFields",
    "verbatimModuleSyntax",
    "preserveValueImports",
    "target",
];

/// What `jsx` may be.
const JSX: [&str; 5] = [
    "preserve",
    "react",
    "react-native",
    "react-jsx",
    "react-jsxdev",
];

/// The options of the file nearest to the one at `path`: beside it, or in a folder above.
pub(crate) fn nearest(
    path: &str,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<Options, Mistake> {
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        let file = format!("{above}/tsconfig.json");
        if let Some(text) = read(&file) {
            let mut merged = serde_json::Map::new();
            let mut left = MAX_EXTENDED;
            merge(&file, &text, read, &mut left, &mut merged)?;
            if let Some(jsx) = merged.get("jsx").and_then(Value::as_str)
                && !JSX.contains(&&*jsx.to_ascii_lowercase())
            {
                let known = JSX.join("\", \"");
                return Err(mistake(format!(
                    "{file}: \"jsx\" has to be one of \"{known}\"; found {jsx:?}"
                )));
            }
            return Ok(Options::from(&merged));
        }
        folder = above;
    }
    Ok(Options::from(&serde_json::Map::new()))
}

/// Puts the options of a file, and of those that it extends, where nothing is said yet.
fn merge(
    file: &str,
    text: &str,
    read: &dyn Fn(&str) -> Option<String>,
    left: &mut usize,
    merged: &mut serde_json::Map<String, Value>,
) -> Result<(), Mistake> {
    if text.len() > MAX_FILE {
        return Err(mistake(format!(
            "{file} cannot be read: it has {} bytes, and {MAX_FILE} are the most",
            text.len()
        )));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // TypeScript's own reader takes all of these.
    let syntax = ParseOptions::default();
    let parsed: Option<Value> = parse_to_serde_value(text, &syntax)
        .map_err(|error| mistake(format!("{file} cannot be read: {error}")))?;
    let parsed = parsed.unwrap_or_default();
    if let Some(Value::Object(options)) = parsed.get("compilerOptions") {
        for name in OPTIONS {
            if let Some(value @ (Value::String(_) | Value::Bool(_))) = options.get(name) {
                merged.entry(name).or_insert_with(|| value.clone());
            }
        }
    }
    let extends: Vec<String> = match parsed.get("extends") {
        Some(Value::String(one)) => vec![one.clone()],
        // The last one counts most.
        Some(Value::Array(several)) => {
            let several = several.iter().rev().filter_map(Value::as_str);
            several.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    // What it has been read into is many times as large.
    drop(parsed);
    for base in &extends {
        // Packages are no files of the app; what they say is about checking types, mostly.
        if !base.starts_with("./") && !base.starts_with("../") {
            continue;
        }
        if *left == 0 {
            return Err(mistake(format!(
                "{file} cannot be read: more than {MAX_EXTENDED} files are extended; put their options into one"
            )));
        }
        *left -= 1;
        let found = [base.clone(), format!("{base}.json")]
            .into_iter()
            .filter_map(|base| join(file, &base))
            .find_map(|base| Some((read(&base)?, base)));
        let Some((text, base_file)) = found else {
            return Err(mistake(format!(
                "{file} cannot be read: there is no file {base} within the app's folder, which it extends"
            )));
        };
        merge(&base_file, &text, read, left, merged)?;
    }
    Ok(())
}

/// A path relative to a file's. `None`: it leads out.
fn join(file: &str, relative: &str) -> Option<String> {
    let (scheme, path) = file.split_once("///")?;
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(format!("{scheme}///{}", parts.join("/")))
}

impl From<&serde_json::Map<String, Value>> for Options {
    fn from(options: &serde_json::Map<String, Value>) -> Self {
        let text = |name: &str| options.get(name).and_then(Value::as_str);
        let flag = |name: &str| options.get(name).and_then(Value::as_bool);
        let source = text("jsxImportSource").map(str::to_owned);
        let jsx = text("jsx").map(str::to_ascii_lowercase);
        let jsx_import_source = match jsx.as_deref() {
            Some("react-jsx" | "react-jsxdev") => Some(source.unwrap_or_else(|| "react".into())),
            Some("react") => None,
            // What is kept for another tool has to become something here.
            _ => source,
        };
        // https://www.typescriptlang.org/tsconfig/#useDefineForClassFields: where nothing is said, the target decides.
        let target = text("target").unwrap_or("esnext").to_ascii_lowercase();
        let is_new = match target.strip_prefix("es") {
            Some("next") => true,
            Some(year) => year.parse().is_ok_and(|year: u32| year >= 2022),
            None => false,
        };
        Self {
            jsx_import_source,
            jsx_factory: text("jsxFactory").unwrap_or("React.createElement").into(),
            jsx_fragment_factory: text("jsxFragmentFactory")
                .unwrap_or("React.Fragment")
                .into(),
            experimental_decorators: flag("experimentalDecorators").unwrap_or(false),
            emit_decorator_metadata: flag("emitDecoratorMetadata").unwrap_or(false),
            use_define_for_class_fields: flag("useDefineForClassFields").unwrap_or(is_new),
            verbatim_module_syntax: flag("verbatimModuleSyntax")
                .or_else(|| flag("preserveValueImports"))
                .unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(files: &[(&str, &str)], path: &str) -> Result<Options, String> {
        let read = |path: &str| {
            let found = files
                .iter()
                .find(|(name, _)| format!("app:///{name}") == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        nearest(&format!("app:///{path}"), &read).map_err(|mistake| mistake.message)
    }

    fn default() -> Options {
        Options {
            jsx_import_source: None,
            jsx_factory: "React.createElement".into(),
            jsx_fragment_factory: "React.Fragment".into(),
            experimental_decorators: false,
            emit_decorator_metadata: false,
            use_define_for_class_fields: true,
            verbatim_module_syntax: false,
        }
    }

    #[test]
    fn the_nearest_file_counts() {
        let files = [
            (
                "tsconfig.json",
                r#"{ "compilerOptions": { "jsxFactory": "top" } }"#,
            ),
            (
                "a/tsconfig.json",
                r#"{ "compilerOptions": { "jsxFactory": "near" } }"#,
            ),
        ];
        for (path, factory) in [
            ("x.ts", "top"),
            ("a/x.ts", "near"),
            ("a/b/x.ts", "near"),
            ("b/c/x.ts", "top"),
        ] {
            assert_eq!(
                options(&files, path).unwrap().jsx_factory,
                factory,
                "{path}"
            );
        }
        assert_eq!(options(&[], "a/x.ts"), Ok(default()));
        assert_eq!(options(&[("tsconfig.json", "")], "x.ts"), Ok(default()));
    }

    #[test]
    fn comments_and_what_is_extended() {
        let files = [
            (
                "tsconfig.json",
                r#"// ours
                { "extends": ["./base", "pkg/x.json", "./other.json"], "compilerOptions": { "target": "ES2020", }, }"#,
            ),
            (
                "base.json",
                r#"{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "preact", "target": "ES2022" } }"#,
            ),
            (
                "other.json",
                r#"{ "compilerOptions": { "jsxImportSource": "hono/jsx" } }"#,
            ),
        ];
        let expected = Options {
            jsx_import_source: Some("hono/jsx".into()),
            use_define_for_class_fields: false,
            ..default()
        };
        assert_eq!(options(&files, "x.ts"), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, part) in [
            ("{ \"a\": ", "app:///tsconfig.json cannot be read: "),
            (r#"{ "extends": "./none" }"#, "there is no file ./none"),
            (
                r#"{ "extends": "../../out.json" }"#,
                "there is no file ../../out.json",
            ),
            (r#"{ "extends": "./tsconfig" }"#, "more than 16 files"),
            (
                r#"{ "compilerOptions": { "jsx": "reactjsx" } }"#,
                "has to be one of \"preserve\"",
            ),
            (&" ".repeat(65_537), "65536 are the most"),
        ] {
            let error = options(&[("tsconfig.json", text)], "x.ts").unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        // Each of three files a hundred times what the next one is.
        let many = |name: &str| format!(r#"{{ "extends": {:?} }}"#, vec![format!("./{name}"); 100]);
        let (first, second) = (many("b"), many("c"));
        let files = [
            ("tsconfig.json", &*first),
            ("b.json", &*second),
            ("c.json", "{}"),
        ];
        let error = options(&files, "x.ts").unwrap_err();
        assert!(error.contains("more than 16 files"), "{error}");
        let deep = "[".repeat(100_000);
        assert!(options(&[("tsconfig.json", &deep)], "x.ts").is_err());
    }
}
