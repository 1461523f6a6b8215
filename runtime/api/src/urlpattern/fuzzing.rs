//! See [`crate::fuzzing`].

use crate::shell::fuzzing::try_in_script;

/// Lines with a pattern, a base URL and what is looked for. A pattern's components are patterns that are the same again.
pub fn url_pattern(case: &[u8]) {
    try_in_script(
        "url_pattern",
        include_str!("../../../fuzz/scripts/url_pattern.js"),
        case,
    );
}
