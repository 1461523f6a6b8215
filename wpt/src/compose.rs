//! Putting a test together with the harness.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::run::harness_timeout;
use crate::substitute::substitute;
use crate::{Ports, Test, Tree};

/// A test as the sequence of classic scripts that a worker would load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    /// The scripts, in order.
    pub scripts: Vec<Script>,
    /// The address that relative URLs of the test begin at.
    pub base_url: String,
}

/// A classic script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Where it is from, for stack traces and the positions of errors.
    pub name: String,
    /// Its text.
    pub source: String,
}

impl Composition {
    /// All scripts in one file. What is declared in one is seen by those after it, but one `"use strict"` cannot hold
    /// for one of them only: the file is strict or not as the program that runs it has it.
    #[must_use]
    pub fn into_single_file(self) -> String {
        self.scripts
            .into_iter()
            .map(|script| format!("// ---- {} ----\n{}\n;\n", script.name, script.source))
            .collect()
    }
}

/// What harness/prelude.js is told.
#[derive(Serialize)]
struct Configuration<'a> {
    location: Location,
    title: Option<&'a str>,
    timeout: u128,
    files: BTreeMap<String, String>,
    specifications: BTreeMap<String, String>,
}

/// The members of `WorkerLocation`.
#[derive(Serialize)]
struct Location {
    href: String,
    origin: String,
    protocol: &'static str,
    host: String,
    hostname: &'static str,
    port: String,
    pathname: String,
    search: String,
    hash: &'static str,
}

/// Composes a test.
///
/// # Errors
/// Where a file that the test needs cannot be read.
pub fn compose(tree: &Tree, test: &Test, ports: &Ports) -> Result<Composition> {
    let source = load(tree, &test.path, ports)?;
    let location = location(test, ports);
    let (base_url, origin) = (location.href.clone(), location.origin.clone());
    let configuration = Configuration {
        location,
        title: test.meta.title.as_deref(),
        timeout: harness_timeout(test).as_millis(),
        files: data_files(tree, test, &source),
        specifications: specifications(tree, &source),
    };
    let configuration = serde_json::to_string(&configuration)
        .context("cannot write the configuration of a test")?;
    let prelude = include_str!("harness/prelude.js").replacen(
        "(CONFIGURATION)",
        &format!("({configuration})"),
        1,
    );

    let mut scripts = vec![
        Script {
            name: "wpt:prelude".to_owned(),
            source: prelude,
        },
        Script {
            name: format!("{origin}/resources/testharness.js"),
            source: tree.read("resources/testharness.js")?,
        },
        Script {
            name: "wpt:harness-loaded".to_owned(),
            source: "__wpt.harnessLoaded();".to_owned(),
        },
    ];
    for reference in &test.meta.scripts {
        push_import(tree, test, reference, (&origin, ports), &mut scripts)?;
    }
    if test.path.ends_with(".worker.js") {
        let (imports, source) = split_imports(&source);
        for reference in imports {
            push_import(tree, test, &reference, (&origin, ports), &mut scripts)?;
        }
        scripts.push(Script {
            name: format!("{origin}/{}", test.path),
            source,
        });
    } else {
        scripts.push(Script {
            name: format!("{origin}/{}", test.path),
            source,
        });
    }
    scripts.push(Script {
        name: "wpt:all-scripts-ran".to_owned(),
        source: "__wpt.allScriptsRan();".to_owned(),
    });
    Ok(Composition { scripts, base_url })
}

/// Adds a script that the test asks for.
fn push_import(
    tree: &Tree,
    test: &Test,
    reference: &str,
    (origin, ports): (&str, &Ports),
    scripts: &mut Vec<Script>,
) -> Result<()> {
    let path = Tree::resolve(&test.path, reference).with_context(|| {
        format!("{test} wants the script {reference}, which is outside the tree")
    })?;
    let path = match path.as_str() {
        "resources/testharness.js" => return Ok(()),
        // As WPT's server rewrites it.
        "resources/WebIDLParser.js" => "resources/webidl2/lib/webidl2.js".to_owned(),
        _ => path,
    };
    let source =
        load(tree, &path, ports).with_context(|| format!("{test} wants the script {reference}"))?;
    let is_idlharness = path == "resources/idlharness.js";
    scripts.push(Script {
        name: format!("{origin}/{path}"),
        source,
    });
    if is_idlharness {
        scripts.push(Script {
            name: "wpt:idlharness-loaded".to_owned(),
            source: "__wpt.idlharnessLoaded();".to_owned(),
        });
    }
    Ok(())
}

/// A script's text, as the server would send it.
fn load(tree: &Tree, path: &str, ports: &Ports) -> Result<String> {
    let source = tree.read(path)?;
    let source = source
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(source);
    Ok(if path.contains(".sub.") {
        substitute(&source, ports)
    } else {
        source
    })
}

fn location(test: &Test, ports: &Ports) -> Location {
    let (protocol, port) = if test.is_https() {
        ("https:", ports.https)
    } else {
        ("http:", ports.http)
    };
    let host = format!("localhost:{port}");
    // A worker's address is that of its script, which has the test's name but for the end.
    let pathname = format!(
        "/{}",
        test.path
            .replace(".any.js", ".any.worker.js")
            .replace(".window.js", ".window.html")
    );
    let origin = format!("{protocol}//{host}");
    Location {
        href: format!("{origin}{pathname}{}", test.variant),
        origin,
        protocol,
        host,
        hostname: "localhost",
        port: port.to_string(),
        pathname,
        search: test.variant.clone(),
        hash: "",
    }
}

/// The data that a test and its scripts fetch by literal relative addresses from files that exist, so that it needs no server.
/// Not for tests of `fetch()` itself.
fn data_files(tree: &Tree, test: &Test, source: &str) -> BTreeMap<String, String> {
    if test.needs_server {
        return BTreeMap::new();
    }
    let scripts = test.meta.scripts.iter().filter_map(|reference| {
        let path = Tree::resolve(&test.path, reference)?;
        tree.read(&path).ok()
    });
    let mut files = BTreeMap::new();
    for source in scripts.chain([source.to_owned()]) {
        files.extend(string_arguments(&source, "fetch(").filter_map(|reference| {
            let path = Tree::resolve(&test.path, reference)?;
            if path.ends_with(".json") {
                Some((reference.to_owned(), tree.read(&path).ok()?))
            } else {
                None
            }
        }));
    }
    files
}

/// The IDL files that a call of `idl_test(['a'], ['b', 'c'], …)` names.
fn specifications(tree: &Tree, source: &str) -> BTreeMap<String, String> {
    let Some((_, call)) = source.split_once("idl_test(") else {
        return BTreeMap::new();
    };
    let lists: String = call.split(']').take(2).collect::<Vec<_>>().join(" ");
    // Between quotes is a name, outside are commas, brackets and comments.
    let names = lists.split(['\'', '"']).skip(1).step_by(2);
    names
        .filter_map(|name| {
            Some((
                name.to_owned(),
                tree.read(&format!("interfaces/{name}.idl")).ok()?,
            ))
        })
        .collect()
}

/// Takes `importScripts("a", "b");` lines out of a worker's script; the line numbers stay.
fn split_imports(source: &str) -> (Vec<String>, String) {
    let mut imports = Vec::new();
    let lines: Vec<&str> = source
        .lines()
        .map(|line| {
            let Some(arguments) = line.trim_start().strip_prefix("importScripts(") else {
                return line;
            };
            imports.extend(
                arguments
                    .split(['\'', '"'])
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned),
            );
            ""
        })
        .collect();
    (imports, lines.join("\n"))
}

/// The string literals that directly follow `call` in the source.
fn string_arguments<'a>(source: &'a str, call: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(call).skip(1).filter_map(|rest| {
        let quote = rest
            .chars()
            .next()
            .filter(|character| matches!(character, '"' | '\''))?;
        rest[1..].split(quote).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_literal_arguments() {
        let source = r#"fetch("a.json").then(); fetch('b.json'); fetch(url); fetch("unfinished"#;
        assert_eq!(
            string_arguments(source, "fetch(").collect::<Vec<_>>(),
            ["a.json", "b.json", "unfinished"]
        );
    }

    #[test]
    fn takes_imports_out_of_workers() {
        let (imports, rest) = split_imports("importScripts(\"/a.js\", '/b.js');\ntest();\ndone();");
        assert_eq!(imports, ["/a.js", "/b.js"]);
        assert_eq!(rest, "\ntest();\ndone();");
    }

    #[test]
    fn composes_in_the_order_of_a_worker() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, source: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, source).unwrap();
        };
        write("resources/testharness.js", "harness");
        write("resources/idlharness.js", "idlharness");
        write("interfaces/url.idl", "interface URL {};");
        write("common/host.sub.js", "'{{host}}'");
        write("url/data.json", "[1]");
        write(
            "url/a.any.js",
            "// META: script=/common/host.sub.js\n// META: script=/resources/idlharness.js\nfetch('data.json');\nidl_test(['url'], [], () => {})",
        );
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        let mut test = crate::list(&tree, &["url"]).unwrap().remove(0);
        let ports = Ports {
            http: 8000,
            http_second: 8001,
            https: 8443,
            ws: 8666,
        };

        let composition = compose(&tree, &test, &ports).unwrap();
        let names: Vec<&str> = composition
            .scripts
            .iter()
            .map(|script| script.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "wpt:prelude",
                "http://localhost:8000/resources/testharness.js",
                "wpt:harness-loaded",
                "http://localhost:8000/common/host.sub.js",
                "http://localhost:8000/resources/idlharness.js",
                "wpt:idlharness-loaded",
                "http://localhost:8000/url/a.any.js",
                "wpt:all-scripts-ran"
            ]
        );
        assert_eq!(composition.scripts[3].source, "'localhost'");
        assert_eq!(
            composition.base_url,
            "http://localhost:8000/url/a.any.worker.js"
        );
        let prelude = &composition.scripts[0].source;
        assert!(
            prelude.contains(r#""specifications":{"url":"interface URL {};"}"#),
            "{prelude}"
        );

        // A test with a substituted script may need the server, so nothing is embedded; without that script it is.
        assert!(prelude.contains(r#""files":{}"#));
        test.meta.scripts.remove(0);
        test.needs_server = false;
        let composition = compose(&tree, &test, &ports).unwrap();
        assert!(
            composition.scripts[0]
                .source
                .contains(r#""files":{"data.json":"[1]"}"#)
        );
    }
}
