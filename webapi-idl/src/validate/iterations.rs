//! `iterable`, `async_iterable`, `maplike`, `setlike`: one for each interface and its parents, and no member by the name
//! of one that they define, <https://webidl.spec.whatwg.org/#idl-iterable>.

use crate::error::Error;
use crate::model::{Member, Model, Span};
use crate::resolve::Places;

pub(super) fn check(model: &Model, places: &Places, errors: &mut Vec<Error>) {
    for iteration in &places.iterations {
        let Some(interface) = model.interfaces.get(&iteration.interface) else {
            continue;
        };
        let keyword = iteration.keyword;
        let lines: Vec<&str> = std::iter::once(interface)
            .chain(model.ancestors(&interface.name))
            .map(|interface| interface.name.as_str())
            .collect();
        let first = places.iterations.iter().find(|other| {
            lines.contains(&other.interface.as_str())
                && other.span != iteration.span
                // Two of one interface: the later is the wrong one.
                && (other.interface != iteration.interface || other.span < iteration.span)
        });
        if let Some(first) = first {
            errors.push(
                Error::new(&iteration.span, format!("`{}` is iterable already", iteration.interface))
                    .expected("one of `iterable`, `async_iterable`, `maplike`, `setlike` for an interface and its parents")
                    .found(format!(
                        "`{}` of `{}` at {}:{}:{}",
                        first.keyword, first.interface, first.span.file, first.span.line, first.span.column
                    )),
            );
        }
        if keyword == "iterable"
            && interface
                .iterable
                .as_ref()
                .is_some_and(|iterable| iterable.key.is_none())
        {
            errors.push(
                Error::new(&iteration.span, "`iterable<V>` needs indexed properties")
                    .expected("`iterable<K, V>`: the model has no indexed properties")
                    .found("one type")
                    .help("use `setlike<V>`, or an operation that returns a sequence"),
            );
        }
        for member in &interface.members {
            let (name, span) = name_and_span(member);
            if defined_by(keyword).contains(&name) {
                errors.push(
                    Error::new(span, format!("`{keyword}` defines `{name}` already"))
                        .expected(format!(
                            "no member by one of the names {}",
                            defined_by(keyword).join(", ")
                        ))
                        .found(format!("`{name}`")),
                );
            }
        }
    }
}

/// Members that may not be declared beside it; a maplike's `set` and the like may.
fn defined_by(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "iterable" => &["entries", "forEach", "keys", "values"],
        "async_iterable" => &["entries", "keys", "values"],
        "maplike" => &["entries", "forEach", "get", "has", "keys", "size", "values"],
        _ => &["entries", "forEach", "has", "keys", "size", "values"],
    }
}

fn name_and_span(member: &Member) -> (&str, &Span) {
    match member {
        Member::Attribute(attribute) => (&attribute.name, &attribute.span),
        Member::Operation(set) => (&set.name, &set.overloads[0].span),
        Member::Constant(constant) => (&constant.name, &constant.span),
    }
}
