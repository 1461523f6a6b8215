//! `iterable`, `async_iterable`, `maplike`, `setlike`: one for each interface and its parents, and no member by the name
//! of one that they define, <https://webidl.spec.whatwg.org/#idl-iterable>.

use crate::describe::describe_type;
use crate::error::Error;
use crate::model::{AnnotatedType, Interface, Member, Model, Numeric, Type};
use crate::resolve::Places;

pub(super) fn check(model: &Model, places: &Places, errors: &mut Vec<Error>) {
    for interface in model.interfaces.values() {
        check_length(interface, errors);
    }
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
        let values = interface
            .iterable
            .as_ref()
            .filter(|iterable| keyword == "iterable" && iterable.key.is_none());
        let indexed = std::iter::once(interface)
            .chain(model.ancestors(&interface.name))
            .find_map(|interface| interface.indexed_getter.as_ref());
        match (values, indexed) {
            (Some(_), None) => errors.push(
                Error::new(&iteration.span, "`iterable<V>` needs indexed properties")
                    .expected("a `getter` that takes an `unsigned long`")
                    .found("none")
                    .help("use `iterable<K, V>`, `setlike<V>`, or an operation that returns a sequence"),
            ),
            (Some(values), Some(getter)) if values.value != getter.operation.returns => errors.push(
                Error::new(&iteration.span, "`iterable<V>` and the indexed getter have different types")
                    .expected(describe_type(&getter.operation.returns))
                    .found(describe_type(&values.value)),
            ),
            (None, Some(_)) => errors.push(
                Error::new(&iteration.span, format!("`{}` has indexed properties", iteration.interface))
                    .expected("`iterable<V>`, or none: it is iterable by its indices")
                    .found(format!("`{keyword}`")),
            ),
            _ => {}
        }
        for member in &interface.members {
            let name = member.name();
            if defined_by(keyword).contains(&name) {
                errors.push(
                    Error::new(
                        member.span(),
                        format!("`{keyword}` defines `{name}` already"),
                    )
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

/// <https://webidl.spec.whatwg.org/#idl-indexed-properties>: "must define an integer-typed attribute named `length`".
fn check_length(interface: &Interface, errors: &mut Vec<Error>) {
    let Some(getter) = &interface.indexed_getter else {
        return;
    };
    let has_length = interface.members.iter().any(|member| {
        matches!(member, Member::Attribute(attribute) if attribute.name == "length" && is_integer(&attribute.ty))
    });
    if !has_length {
        errors.push(
            Error::new(
                &getter.operation.span,
                format!("`{}` has indexed properties but no length", interface.name),
            )
            .expected("an attribute `length` of an integer type")
            .found("none"),
        );
    }
}

fn is_integer(ty: &AnnotatedType) -> bool {
    let floats = [
        Numeric::Float,
        Numeric::UnrestrictedFloat,
        Numeric::Double,
        Numeric::UnrestrictedDouble,
    ];
    matches!(&ty.kind, Type::Numeric(numeric) if !floats.contains(numeric))
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
