//! The folders of this crate depend on each other one way, as the standards do.
//!
//! Beside `use` and `import`, a folder depends on another one across the border of the languages: a script by what it imports
//! from `nano:native`, Rust by the functions of scripts that it calls by name. What generated code refers to is the model's
//! business, and tests may use everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// From the top: each folder (or file of the root) may use those below it. Those of one line do not use each other.
const ORDER: &[&[&str]] = &[
    &["embedding"],
    &["worker", "shell"],
    &["options"],
    &["service_worker", "html_rewriter", "env"],
    &["eventsource", "websockets"],
    &["fetch"],
    &["xhr"],
    &["fileapi", "web_locks"],
    &["webcrypto"],
    &["html"],
    &["compression", "encoding", "hr_time", "urlpattern"],
    &["user_timing"],
    &["performance_timeline"],
    &["streams"],
    &["structured_clone"],
    &["console"],
    &["dom", "nano"],
    &["environment"],
    &["mimesniff", "url", "webidl", "reserved"],
    &["script"],
];

fn place(folder: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&folder))
}

/// The crate's root and what is generated belong to no folder.
const EXEMPT: [&str; 2] = ["lib", "bindings"];

/// What a file uses: the folder, and how the file says it.
type Uses = BTreeSet<(String, String)>;

/// Where names are defined that cross the border of the languages.
struct Bridge {
    /// Functions of Rust for scripts, by name, with the folder of their namespace.
    natives: BTreeMap<String, String>,
    /// Functions of scripts for Rust.
    exports: BTreeMap<String, String>,
}

/// The folder of a file, or the name of one in the root.
fn folder(path: &Path) -> String {
    let first = path.components().next().expect("a file has a name");
    let first = Path::new(first.as_os_str()).with_extension("");
    first.to_string_lossy().into_owned()
}

fn is_test(path: &Path) -> bool {
    path.with_extension("").components().any(|part| {
        ["tests", "fuzzing"]
            .iter()
            .any(|name| part.as_os_str() == *name)
    })
}

/// The name at the beginning of a text.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// What stands in quotes at the beginning of a text, after what does not matter.
fn quoted(text: &str) -> Option<&str> {
    let rest = text.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(inner, _)| inner)
}

/// All texts that follow this one.
fn after<'t>(text: &'t str, what: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(what)
        .map(move |(at, _)| &text[at + what.len()..])
}

fn uses_of_rust(path: &Path, source: &str, bridge: &Bridge) -> Uses {
    let mut code = String::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            match lines.next() {
                // Another file, or one import.
                Some(item) if item.ends_with(';') => continue,
                // Unit tests are the end of a file.
                _ => break,
            }
        }
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    // Paths that begin at the root, however they say so.
    let modules = path.with_extension("").components().count();
    let modules = modules - usize::from(path.ends_with("mod.rs"));
    let climb = "super::".repeat(modules);
    let mut uses = Uses::new();
    for (root, rest) in ["crate::", &climb]
        .iter()
        .flat_map(|root| after(&code, root).map(move |rest| (root, rest)))
    {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            None => vec![name(rest)],
            // `crate::{a::{b, c}, d}`: names at the outermost level.
            Some(group) => {
                let (mut depth, mut names, mut begins) = (1, Vec::new(), true);
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' => begins = true,
                        c if c.is_whitespace() => {}
                        _ if begins && depth == 1 => {
                            names.push(name(&group[at..]));
                            begins = false;
                        }
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                names
            }
        };
        uses.extend(
            names
                .into_iter()
                .map(|n| (n.to_owned(), format!("{root}{n}"))),
        );
    }
    for call in ["script::call(", "script_function("] {
        for rest in after(&code, call) {
            let Some(function) = rest.split_once(',').and_then(|(_, rest)| quoted(rest)) else {
                continue;
            };
            // Others are generated.
            if let Some(folder) = bridge.exports.get(function) {
                uses.insert((folder.clone(), format!("{call}\"{function}\")")));
            }
        }
    }
    uses
}

fn uses_of_script(path: &Path, source: &str, bridge: &Bridge) -> Uses {
    let mut uses = Uses::new();
    for statement in after(source, "\nimport ") {
        let Some((names, from)) = statement.split_once(" from ") else {
            continue;
        };
        let from = quoted(from).expect("an import has a source in quotes");
        if from == "nano:native" {
            let names = names
                .split(|c: char| !c.is_alphanumeric())
                .filter(|n| !n.is_empty());
            for native in names {
                // Others are what apps have, too.
                if let Some(folder) = bridge.natives.get(native) {
                    uses.insert((folder.clone(), format!("{native} of nano:native")));
                }
            }
        } else if !from.starts_with("nano:") {
            let mut target = path.parent().expect("scripts are in folders").to_owned();
            for part in Path::new(from).components() {
                match part.as_os_str().to_str() {
                    Some("..") => drop(target.pop()),
                    Some(".") => {}
                    _ => target.push(part),
                }
            }
            uses.insert((folder(&target), format!("\"{from}\"")));
        }
    }
    uses
}

/// What is wrong with a file's dependencies.
fn faults(path: &Path, uses: Uses) -> Vec<String> {
    let own = folder(path);
    let (shown, order) = (
        path.display(),
        ORDER
            .iter()
            .map(|line| line.join(", "))
            .collect::<Vec<_>>()
            .join(" > "),
    );
    let Some(above) = place(&own) else {
        return vec![format!(
            "{shown}: '{own}' has no place in the order of folders: {order}; give it one in tests/folders.rs"
        )];
    };
    let used = uses
        .into_iter()
        .filter(|(other, _)| *other != own && !EXEMPT.contains(&other.as_str()));
    used.filter_map(|(other, by)| match place(&other) {
        Some(below) if above < below => None,
        Some(_) => Some(format!(
            "{shown} uses {by}: '{own}' must not depend on '{other}', as folders depend on those after them only: {order}"
        )),
        None => Some(format!(
            "{shown} uses {by}, which names no folder: name the one that has it, so that its place is seen: {order}"
        )),
    })
    .collect()
}

/// All files of the crate, with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a text");
                let path = path.strip_prefix(&root).expect("it is below the root");
                files.push((path.to_owned(), text));
            }
        }
    }
    files
}

fn bridge(files: &[(PathBuf, String)]) -> Bridge {
    let idl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webapi-idl/idl");
    let model = webapi_idl::load(&idl).expect("the IDL is valid");
    let mut natives = BTreeMap::new();
    for namespace in model.namespaces.values() {
        if let Some(folder) = namespace.attributes.identifier("Internal") {
            for member in &namespace.members {
                if let webapi_idl::Member::Operation(operations) = member {
                    natives.insert(operations.name.clone(), folder.to_owned());
                }
            }
        }
    }
    let mut exports = BTreeMap::new();
    for (path, text) in files {
        for function in after(text, "\nexportToNative(").filter_map(quoted) {
            exports.insert(function.to_owned(), folder(path));
        }
    }
    Bridge { natives, exports }
}

#[test]
fn folders_depend_on_each_other_one_way() {
    let files = files();
    let bridge = bridge(&files);
    assert!(bridge.natives.len() > 5 && bridge.exports.len() > 10);
    let mut faulty = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, text) in &files {
        seen.insert(folder(path));
        if is_test(path) || path == Path::new("lib.rs") {
            continue;
        }
        let uses = match path.extension().and_then(|e| e.to_str()) {
            Some("rs") => uses_of_rust(path, text, &bridge),
            _ => uses_of_script(path, text, &bridge),
        };
        faulty.extend(faults(path, uses));
    }
    assert!(faulty.is_empty(), "\n{}\n", faulty.join("\n"));
    for folder in ORDER.iter().copied().flatten() {
        assert!(
            seen.contains(*folder),
            "there is no folder '{folder}' any more"
        );
    }
}

#[test]
fn every_way_to_depend_is_seen() {
    let bridge = Bridge {
        natives: BTreeMap::from([("packageData".to_owned(), "fetch".to_owned())]),
        exports: BTreeMap::from([("pumpBody".to_owned(), "fetch".to_owned())]),
    };
    let rust = |path: &str, source: &str| {
        faults(
            Path::new(path),
            uses_of_rust(Path::new(path), source, &bridge),
        )
    };
    for source in [
        "use crate::fetch::body::Body;",
        "use crate::{bindings, console::{self, table}, fetch};",
        "fn f() { crate::fetch::f(); }",
        "use super::super::fetch::body::Body;",
        "let _ = script::call(\n    scope,\n    \"pumpBody\",\n    &[],\n);",
        "(crate::EMBEDDING.report_exception)(scope, e, None)",
        "#[cfg(test)]\nmod tests;\nuse crate::fetch::body::Body;",
    ] {
        assert_eq!(
            rust("dom/a.rs", source).len(),
            1 + usize::from(source.contains("console")),
            "{source}"
        );
        assert!(
            rust("worker/a.rs", source)
                .iter()
                .all(|fault| fault.contains("EMBEDDING")),
            "{source}"
        );
    }
    for source in [
        "// use crate::fetch::body::Body;",
        "use crate::bindings::body::BodyMethods;",
        "use super::fetch;",
        "#[cfg(test)]\nmod tests { use crate::fetch::body::Body; }",
        "#[cfg(test)]\nuse crate::fetch::body::Body;",
    ] {
        assert_eq!(rust("dom/a.rs", source), [""; 0], "{source}");
    }
    let script = |source: &str| {
        let path = Path::new("dom/a.js");
        faults(path, uses_of_script(path, source, &bridge))
    };
    for source in [
        "\nimport { a } from \"../fetch/native.js\";",
        "\nimport {\n  a,\n  packageData,\n} from \"nano:native\";",
    ] {
        assert_eq!(script(source).len(), 1, "{source}");
    }
    assert_eq!(
        script("\nimport { a } from \"./event.js\";\nimport { b } from \"nano:native\";"),
        [""; 0]
    );
    let fault = &rust("url/url.rs", "use crate::fetch::Body;")[0];
    for part in ["url/url.rs", "'url'", "'fetch'", "fetch > xhr >"] {
        assert!(fault.contains(part), "{fault}");
    }
}
