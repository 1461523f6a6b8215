//! Files of apps' folders are read through `nano_worker::Folder` only: whoever has a file by another way says here whose it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Ways to have a file's content by its name.
const WAYS: [&str; 6] = [
    "fs::read(",
    "fs::read_to_string(",
    "File::open(",
    "File::options(",
    "OpenOptions::new(",
    "fs::copy(",
];

/// Who goes them, how often, and what for.
const OTHERS: [(&str, usize, &str); 7] = [
    ("api/src/shell/mod.rs", 1, "what a person has `nano run`"),
    ("engine/src/process_memory.rs", 2, "the system's accounts"),
    (
        "host/src/config/managed.rs",
        2,
        "written; a folder is synchronized",
    ),
    (
        "host/src/config/source.rs",
        1,
        "the configuration, which may be a pipe",
    ),
    (
        "nano/src/import.rs",
        1,
        "a person's configuration of another runtime",
    ),
    ("nano/src/remote.rs", 1, "a person's token"),
    ("typescript/src/limits.rs", 1, "the system's accounts"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn there_is_one_way_to_a_file_of_an_app() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeMap::new();
    for folder in [
        "worker",
        "engine",
        "webidl",
        "api",
        "typescript",
        "host",
        "nano",
    ] {
        let mut paths = Vec::new();
        sources(&runtime.join(folder).join("src"), &mut paths);
        assert!(!paths.is_empty(), "{folder}");
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a source text");
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            let count: usize = WAYS.iter().map(|way| code.matches(way).count()).sum();
            let name = path.strip_prefix(&runtime).expect("it is below");
            if count > 0 && !name.components().any(|part| part.as_os_str() == "tests") {
                found.insert(name.to_string_lossy().into_owned(), count);
            }
        }
    }
    let known = OTHERS
        .iter()
        .map(|(name, count, _)| ((*name).to_owned(), *count));
    assert_eq!(
        found,
        known.collect::<BTreeMap<_, _>>(),
        "read files of apps with nano_worker::Folder, or say here whose they are"
    );
}
