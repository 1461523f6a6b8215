//! The thread-locals that there are. Many isolates may share a thread, so nothing of an isolate or an app is in one.

use std::collections::BTreeSet;
use std::path::Path;

/// Each thread-local of `runtime/`, and why it is its thread's and no isolate's.
const KNOWN: [(&str, &str, &str); 14] = [
    (
        "allocator.rs",
        "WATCHED",
        "the buffer of a call that is on this thread's stack",
    ),
    (
        "samples.rs",
        "POINTS",
        "where the thread's allocator looks next, whoever it works for",
    ),
    (
        "entry/functions.rs",
        "SEARCH",
        "what a call that is on this thread's stack, and runs nobody else's code, looks for",
    ),
    (
        "foreground.rs",
        "MAKING",
        "the isolate that this thread is making: nobody can ask it yet",
    ),
    (
        "malloc.rs",
        "CURRENT",
        "whom the thread works for: set whenever an isolate is entered",
    ),
    (
        "locks.rs",
        "THREAD",
        "the locks that the thread has, and what it does when it has let go of them",
    ),
    (
        "tables.rs",
        "FOUND",
        "what V8 has allocated for the isolate that this thread is making",
    ),
    (
        "resources.rs",
        "HELD",
        "the room for the isolate that this thread is making",
    ),
    (
        "interlude.rs",
        "CREW",
        "all isolates that this thread has, while it takes their turns",
    ),
    (
        "containment.rs",
        "OWN",
        "the thread itself, which can be given up",
    ),
    (
        "random.rs",
        "STOCK",
        "random bytes that nobody has seen yet",
    ),
    (
        "log/mod.rs",
        "LINE",
        "a buffer that is empty between two calls",
    ),
    ("log/time.rs", "LAST", "the time, which is everybody's"),
    (
        "websocket/src/fuzzing.rs",
        "RUNTIME",
        "of cases that are tried, in tests and fuzz targets",
    ),
];

#[test]
fn no_thread_local_is_an_isolates() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    visit(&runtime, &mut |path, source| {
        if path.contains("/src/") {
            let names = thread_locals(source).into_iter();
            found.extend(names.map(|name| (path.to_owned(), name.to_owned())));
        }
    });
    for (path, name) in &found {
        assert!(
            KNOWN
                .iter()
                .any(|(file, known, _)| known == name && path.ends_with(file)),
            "{path} has a new thread-local, {name}. Isolates may share a thread: what belongs to one, or to its app, belongs in \
             nano_engine::State (set_extension for the layers above the engine). If this is the thread's own, say why in \
             the list of this test."
        );
    }
    for (file, known, _) in KNOWN {
        assert!(
            found
                .iter()
                .any(|(path, name)| known == name && path.ends_with(file)),
            "{file} has no thread-local {known} any more: take it from the list"
        );
    }
}

/// The names of the thread-locals in a file: what is static within the macro's braces.
fn thread_locals(source: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for after in source.split("thread_local!").skip(1) {
        let mut depth = 0;
        let end = after.find(|c| {
            depth += i32::from("{(".contains(c)) - i32::from("})".contains(c));
            depth == 0 && "})".contains(c)
        });
        let inside = &after[..end.unwrap_or(after.len())];
        let statics = inside.split("static ").skip(1);
        names.extend(statics.filter_map(|rest| Some(rest.split_once(':')?.0)));
    }
    names
}

fn visit(folder: &Path, look: &mut impl FnMut(&str, &str)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("target") {
            visit(&path, look);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = std::fs::read_to_string(&path).expect("a source file");
            look(&path.to_string_lossy(), &source);
        }
    }
}
