//! Leaves out converters of the glue that nothing uses: an isolate keeps the text of its built-in scripts in memory.

use std::collections::BTreeSet;

use crate::script::{PRUNABLE, identifiers};

/// A converter: from its marker to the closing brace at column 0.
struct Converter<'a> {
    name: &'a str,
    text: String,
    used: bool,
}

/// The glue without the converters that neither `wanted` names nor the rest of the glue.
pub(super) fn prune(bindings: &str, wanted: &BTreeSet<&str>) -> String {
    let mut rest = String::new();
    let mut converters: Vec<Converter<'_>> = Vec::new();
    let mut lines = bindings.lines();
    // The place in `rest` where the converters stood.
    let mut place = None;
    while let Some(line) = lines.next() {
        if line != PRUNABLE {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        place.get_or_insert(rest.len());
        let mut text = String::new();
        let mut name = "";
        for line in lines.by_ref() {
            text.push_str(line);
            text.push('\n');
            if let Some(signature) = line.strip_prefix("export function ") {
                name = identifiers(signature).next().unwrap_or("");
            }
            if line == "}" {
                break;
            }
        }
        converters.push(Converter {
            name,
            text,
            used: false,
        });
    }

    let mut queue: Vec<String> = identifiers(&rest)
        .chain(wanted.iter().copied())
        .map(str::to_owned)
        .collect();
    while let Some(name) = queue.pop() {
        if let Some(converter) = converters
            .iter_mut()
            .find(|converter| converter.name == name && !converter.used)
        {
            converter.used = true;
            queue.extend(identifiers(&converter.text).map(str::to_owned));
        }
    }
    let used: String = converters
        .iter()
        .filter(|converter| converter.used)
        .map(|converter| converter.text.as_str())
        .collect();
    rest.insert_str(place.unwrap_or(rest.len()), &used);
    rest
}
