//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test. A door stands beside what it tries.

#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

use self::input::Input;
pub use crate::hardening::fuzzing::{json_text, wasm_module};
use crate::module_source::{decode, join_url};

/// Two lines: the URL of a module, and what it imports. No import leads out of the folder.
pub fn module_url(case: &[u8]) {
    let mut input = Input::new(case);
    let [base, relative] = [(); 2].map(|()| String::from_utf8_lossy(input.line()).into_owned());
    let base = format!("file:///{base}");
    let Some(url) = join_url(&base, &relative) else {
        return;
    };
    let path = url.strip_prefix("file:///");
    let path = path.and_then(|path| path.split(['?', '#']).next());
    let Some(path) = path else {
        panic!("{url:?}");
    };
    if let Some(path) = decode(path) {
        let is_within = |part: &str| !matches!(part, ".." | ".") && !part.contains('\0');
        assert!(path.split('/').all(is_within), "{url:?}");
    }
    // What was joined stays where it is.
    assert_eq!(
        join_url("file:///x", &url["file://".len()..]).as_deref(),
        Some(&*url)
    );
}

#[test]
fn kept_cases() {
    replay::replay(&[
        ("json_text", json_text),
        ("module_url", module_url),
        ("wasm_module", wasm_module),
    ]);
}
