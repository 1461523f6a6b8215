//! An app that changes the prototypes of JavaScript's built-in objects breaks itself, but none of the Web APIs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::Site;

const APP: &str = include_str!("polluted_prototypes.js");

/// What the app's steps have seen. (JSON is written out by hand: the app has no prototypes left.)
const RESULTS: &str = r#"{"canceled":"enough","defaultStream":"chunk 13","byteStream":"1 AA","tee":"xy xy 3","tee canceled":"ab","teeCanceled":"ended","pipe":"123 closed","pipe sink":"aborted","pipe source":"canceled","pipeAborted":"stop","transform":"one!two!end","text":"grüße","writer":"full","from":"12","iteration":"abrtrue","bodies":"5 text","events":"a detail null true 0","signals":"abort again reason","messages":"sent","timeout":"later"}"#;

/// The only accessor of the app that built-in scripts ask: whether promises are still V8's.
const TOUCHED: &str = r#"{"Promise.prototype.constructor":1}"#;

#[test]
fn streams_events_and_signals_work_in_spite_of_polluted_prototypes() {
    let mut names = BTreeSet::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src"),
        &mut names,
    );
    for known in ["signal", "callback", "promise", "autoAllocateChunkSize"] {
        assert!(
            names.contains(known),
            "the built-in scripts have no `{known}`"
        );
    }
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let source = format!("const NAMES = [{}];\n{APP}", names.join(","));
    let nano = Site::new().app("a", &source).serve();
    assert_eq!(
        nano.get("a.test", "/").text(),
        format!("{RESULTS}\n{TOUCHED}")
    );
}

/// Every word of the built-in scripts.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder of the built-in scripts") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            let text = fs::read_to_string(&path).expect("a readable script");
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            names.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
}
