//! Finding tests.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{Meta, Tree};

/// One run of one test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// The file, from the root of the tree: `url/url-constructor.any.js`.
    pub path: String,
    /// The query string that this run has, with its question mark; empty where the file has no variants.
    pub variant: String,
    /// What the file says about itself.
    pub meta: Meta,
    /// Why a runtime without documents cannot run the test, where the file itself shows that.
    pub inapplicable: Option<&'static str>,
    /// Does the test fetch from WPT's server?
    pub needs_server: bool,
}

impl Test {
    /// Is the test for a page or a worker that was loaded over HTTPS?
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.path.contains(".https.")
    }

    /// The folder of the file.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The name of the test, which expectations have it under: path and variant.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, self.variant)
    }
}

/// Variants that need no document, though others of the same file do.
const APPLICABLE: [&str; 1] = ["encoding/single-byte-decoder.window.js?TextDecoder"];

/// The tests below `prefixes`, sorted. A prefix is a folder (`url`), a file, or the beginning of files' names.
///
/// # Errors
/// Where a folder or a test cannot be read, or a prefix has no test.
pub fn list(tree: &Tree, prefixes: &[&str]) -> Result<Vec<Test>> {
    let mut paths = Vec::new();
    for prefix in prefixes {
        let before = paths.len();
        if tree.path(prefix).is_dir() {
            // A shell completes a folder's name with a slash.
            walk(tree, prefix.trim_end_matches('/'), &mut paths)?;
        } else {
            let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut siblings = Vec::new();
            walk(tree, folder, &mut siblings)?;
            paths.extend(siblings.into_iter().filter(|path| path.starts_with(prefix)));
        }
        anyhow::ensure!(
            paths.len() > before,
            "found no test below {prefix} in {}",
            tree.root().display()
        );
    }
    paths.sort();
    paths.dedup();

    let mut tests = Vec::new();
    for path in paths {
        let source = tree.read(&path)?;
        let meta = Meta::parse(&source);
        let inapplicable = inapplicable(&path, &meta, &source);
        let needs_server = needs_server(tree, &path, &meta, &source);
        let variants = if meta.variants.is_empty() {
            vec![String::new()]
        } else {
            meta.variants.clone()
        };
        tests.extend(variants.into_iter().map(|variant| {
            let mut test = Test {
                path: path.clone(),
                variant,
                meta: meta.clone(),
                inapplicable,
                needs_server,
            };
            if APPLICABLE.contains(&test.to_string().as_str()) {
                test.inapplicable = None;
            }
            test
        }));
    }
    Ok(tests)
}

/// Collects the test files of a folder and of the folders in it.
fn walk(tree: &Tree, folder: &str, paths: &mut Vec<String>) -> Result<()> {
    let entries = std::fs::read_dir(tree.path(folder))
        .with_context(|| format!("cannot list the WPT folder {folder}"))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot list the WPT folder {folder}"))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        // Follows links, so that a tree may be put together from links.
        if Path::new(&entry.path()).is_dir() {
            if !matches!(
                name.as_str(),
                "resources" | "support" | "tools" | "crashtests"
            ) && !name.starts_with('.')
            {
                walk(tree, &path, paths)?;
            }
        } else if is_test(&name) {
            paths.push(path);
        }
    }
    Ok(())
}

/// Is a file of this name a test that needs no page of its own? `.html` tests are documents: no test for a runtime.
fn is_test(name: &str) -> bool {
    [".any.js", ".window.js", ".worker.js"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
}

/// Does a test, or a script that it asks for, use more of the server than files of the tree?
fn needs_server(tree: &Tree, path: &str, meta: &Meta, source: &str) -> bool {
    const NETWORKED: [&str; 6] = [
        "fetch/",
        "xhr/",
        "eventsource/",
        "service-workers/cache-storage/",
        "websockets/",
        "wasm/webapi/",
    ];
    // The server's programs are Python files; what it substitutes in scripts are its own addresses.
    let uses_program = |source: &str| source.contains(".py");
    NETWORKED.iter().any(|folder| path.starts_with(folder))
        || uses_program(source)
        || fetches_what_is_no_data_file(source)
        || meta.scripts.iter().any(|script| {
            let text = Tree::resolve(path, script).and_then(|script| tree.read(&script).ok());
            // The harness' own scripts get what they fetch otherwise.
            let fetches = |text: &str| {
                !script.starts_with("/resources/") && fetches_what_is_no_data_file(text)
            };
            script.contains(".sub.")
                || text.is_some_and(|text| uses_program(&text) || fetches(&text))
        })
}

/// Does a source fetch anything but JSON at an address that is written out, which the harness gives to it?
fn fetches_what_is_no_data_file(source: &str) -> bool {
    source.split(" fetch(").skip(1).any(|rest| {
        let address = rest.strip_prefix(['"', '\'']);
        let address = address.and_then(|rest| rest.split(['"', '\'']).next());
        address.is_none_or(|address| !address.ends_with(".json") && !address.starts_with("data:"))
    })
}

/// Why a test cannot run here, as far as that shows in the file.
fn inapplicable(path: &str, meta: &Meta, source: &str) -> Option<&'static str> {
    if path.ends_with(".worker.js") {
        return None;
    }
    let for_windows = if path.ends_with(".window.js") {
        true
    } else if meta.globals.is_empty() {
        false
    } else {
        let is_for = |kinds: &[&str]| {
            meta.globals
                .iter()
                .any(|global| kinds.contains(&global.as_str()))
        };
        if is_for(&["worker", "dedicatedworker", "jsshell"]) {
            false
        } else if is_for(&["window"]) {
            true
        } else {
            return Some("is for shared workers, service workers or shadow realms only");
        }
    };
    if for_windows && needs_document(path, source) {
        return Some("needs a document");
    }
    None
}

/// Does a test for windows use more of a window than a runtime has?
fn needs_document(path: &str, source: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "document.",
        "iframe",
        "window.",
        "frames[",
        "opener.",
        "parent.",
        "HTML",
        "new Worker",
        "ShadowRealm",
    ];
    path.contains("shadowrealm") || SIGNS.iter().any(|sign| source.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        for (path, source) in files.iter().chain(&[("resources/testharness.js", "")]) {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        }
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        (folder, tree)
    }

    #[test]
    fn lists_files_and_variants_in_order() {
        let (_folder, tree) = tree(&[
            ("url/b.any.js", ""),
            ("url/a.any.js", "// META: variant=?1\n// META: variant=?2\n"),
            ("url/sub/c.window.js", ""),
            ("url/page.html", ""),
            ("url/resources/d.any.js", ""),
            ("crypto/random.any.js", ""),
            ("crypto/other.any.js", ""),
        ]);
        let names = |prefixes: &[&str]| {
            list(&tree, prefixes)
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(&["url"]),
            [
                "url/a.any.js?1",
                "url/a.any.js?2",
                "url/b.any.js",
                "url/sub/c.window.js"
            ]
        );
        assert_eq!(names(&["url/"]), names(&["url"]));
        assert_eq!(
            names(&["crypto/rand", "url/b.any.js"]),
            ["crypto/random.any.js", "url/b.any.js"]
        );
        assert!(
            list(&tree, &["nothing"])
                .unwrap_err()
                .to_string()
                .contains("nothing")
        );
    }

    #[test]
    fn knows_what_needs_the_server() {
        let (_folder, tree) = tree(&[
            ("common/get.js", "fetch('/common/echo.py')"),
            ("url/a.any.js", "// META: script=/common/get.js\n"),
            ("url/b.any.js", "fetch('resources/data.json')"),
            ("url/c.any.js", "// META: script=/common/host.sub.js\n"),
            ("fetch/d.any.js", ""),
            ("url/e.any.js", "const response = await fetch(LARGE_FILE);"),
            ("url/resources/f.js", "await fetch(address)"),
            ("url/f.any.js", "// META: script=resources/f.js\n"),
            ("url/resources/g.js", "await fetch('resources/data.json')"),
            ("url/g.any.js", "// META: script=resources/g.js\n"),
        ]);
        let needs = |path| list(&tree, &[path]).unwrap()[0].needs_server;
        assert!(needs("url/a.any.js"));
        assert!(!needs("url/b.any.js"));
        assert!(needs("url/c.any.js"));
        assert!(needs("fetch/d.any.js"));
        assert!(needs("url/e.any.js"));
        assert!(needs("url/f.any.js"));
        assert!(!needs("url/g.any.js"));
    }

    #[test]
    fn says_why_a_test_does_not_apply() {
        let reason = |path: &str, source: &str| inapplicable(path, &Meta::parse(source), source);
        assert_eq!(reason("a.any.js", "document.title"), None);
        assert_eq!(reason("a.window.js", "test(() => {})"), None);
        assert_eq!(
            reason("a.window.js", "document.title"),
            Some("needs a document")
        );
        assert_eq!(
            reason("a.any.js", "// META: global=window\ndocument.title"),
            Some("needs a document")
        );
        assert_eq!(
            reason(
                "a.any.js",
                "// META: global=window,dedicatedworker\ndocument"
            ),
            None
        );
        assert!(reason("a.any.js", "// META: global=sharedworker\n").is_some());
        assert_eq!(
            reason("a.worker.js", "// META: global=sharedworker\n"),
            None
        );
    }
}
