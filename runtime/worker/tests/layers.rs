//! Layers are crates: what depends on what, as the lock file has it, with tests and build scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Our crates in the order of ARCHITECTURE.md's table: each may use those before it.
const ORDER: [&str; 15] = [
    "webapi-idl",
    "codegen",
    "nano-worker",
    "nano-websocket",
    "nano-engine",
    "nano-webidl-derive",
    "nano-webidl",
    "nano-api",
    "nano-snapshot",
    "nano-typescript",
    "nano-host",
    "nano",
    "wpt",
    "conformance",
    "nano-bench",
];

/// What a crate may never have among its dependencies, however far away.
const NEVER: [(&str, &[&str]); 7] = [
    ("webapi-idl", &["v8"]),
    ("codegen", &["v8"]),
    ("nano-worker", &["v8", "hyper", "h2"]),
    ("nano-websocket", &["v8", "hyper", "h2"]),
    ("nano-engine", &["hyper", "h2"]),
    ("nano-webidl", &["hyper", "h2"]),
    (
        "nano-host",
        &["v8", "nano-engine", "nano-webidl", "nano-api"],
    ),
];

/// The names of what each package depends on itself.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph() -> Graph {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let text = std::fs::read_to_string(&path).expect("the workspace's lock file");
    let mut graph = Graph::new();
    for package in text.split("[[package]]").skip(1) {
        // `name = "a"`, and in `dependencies = [`: `"b",` or, where there are several versions, `"c 1.0.0",`.
        let mut names = package.lines().filter_map(|line| {
            let line = line.trim();
            let quoted = line
                .strip_prefix("name = ")
                .or(line.starts_with('"').then_some(line))?;
            let name = quoted.trim_matches(['"', ',']);
            name.split(' ').next().map(str::to_owned)
        });
        let name = names.next().expect("a package has a name");
        graph.entry(name).or_default().extend(names);
    }
    graph
}

/// The shortest way from one package to another.
fn way<'g>(graph: &'g Graph, from: &'g str, to: &str) -> Option<Vec<&'g str>> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::from([from]);
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in &graph[way[way.len() - 1]] {
                if seen.insert(next) {
                    let way: Vec<_> = way.iter().copied().chain([next.as_str()]).collect();
                    if next == to {
                        return Some(way);
                    }
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn layers_do_not_know_what_they_must_not() {
    let graph = graph();
    for (layer, never) in NEVER {
        for other in never {
            assert!(
                graph.contains_key(*other),
                "{other} is not in the lock file"
            );
            if let Some(way) = way(&graph, layer, other) {
                panic!(
                    "{layer} must not depend on {other}, but does: {}; see the map in ARCHITECTURE.md",
                    way.join(" -> ")
                );
            }
        }
    }
}

#[test]
fn crates_depend_on_each_other_in_one_order() {
    let graph = graph();
    let place = |name: &str| ORDER.iter().position(|own| *own == name);
    for (own, layer) in ORDER.iter().enumerate() {
        for other in &graph[*layer] {
            if let Some(place) = place(other) {
                assert!(
                    place < own,
                    "{layer} must not depend on {other}: crates use those before them, in the order {}",
                    ORDER.join(", ")
                );
            }
        }
    }
    let members = graph
        .keys()
        .filter(|name| name.starts_with("nano"))
        .filter(|name| place(name).is_none());
    assert_eq!(
        members.collect::<Vec<_>>(),
        [""; 0],
        "crates without a place in the order"
    );
}
