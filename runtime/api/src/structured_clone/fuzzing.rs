//! See [`crate::fuzzing`].

use crate::shell::fuzzing::try_in_script;

/// A value that is built as the case says, with what is transferred, and a clone of it.
pub fn structured_clone(case: &[u8]) {
    try_in_script(
        "structured_clone",
        include_str!("../../../fuzz/scripts/structured_clone.js"),
        case,
    );
}
