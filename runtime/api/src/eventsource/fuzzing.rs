//! See [`crate::fuzzing`].

use std::sync::OnceLock;

use crate::shell::fuzzing::try_in_script;

/// An event stream: the events do not depend on how it is cut.
pub fn event_stream(case: &[u8]) {
    // The parser is a built-in script, which apps do not see: here is another one of its text.
    static SCRIPT: OnceLock<String> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| {
        let parser = include_str!("event_stream_parser.js").lines();
        let parser = parser.filter(|line| !line.starts_with("import "));
        let parser: Vec<_> = parser
            .map(|line| line.strip_prefix("export ").unwrap_or(line))
            .collect();
        let tried = include_str!("../../../fuzz/scripts/event_stream.js");
        format!(
            "(() => {{\n{}\n{tried}\nreturn tried;\n}})();",
            parser.join("\n")
        )
    });
    try_in_script("event_stream", script, case);
}
