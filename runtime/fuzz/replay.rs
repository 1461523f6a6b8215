//! Runs the cases that are kept, as a test of each crate that has targets; a part of it by `#[path]`.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// A target's name, and what it does with a case.
pub type Door = (&'static str, fn(&[u8]));

/// Has every kept case of these targets tried.
pub fn replay(doors: &[Door]) {
    let mut failed = Vec::new();
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, door) in doors {
        let target = fuzz.join("fuzz_targets").join(name).with_extension("rs");
        let target = fs::read_to_string(target).expect("a target of this name");
        let call = format!("fuzzing::{name}(");
        assert!(target.contains(&call), "{name}.rs calls {call}…)");
        let folder = fuzz.join("cases").join(name);
        let cases = fs::read_dir(&folder).expect("cases that are kept");
        let mut cases: Vec<PathBuf> = cases.map(|case| case.expect("a case").path()).collect();
        cases.sort();
        assert!(!cases.is_empty(), "{} is empty", folder.display());
        for case in cases {
            let content = fs::read(&case).expect("a case");
            if catch_unwind(|| door(&content)).is_err() {
                failed.push(case);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
