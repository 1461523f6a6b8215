//! Overloads that a call can be told apart by, <https://webidl.spec.whatwg.org/#idl-overloading>.

use crate::describe::describe_type;
use crate::error::Error;
use crate::model::{Model, Operation, Type};
use crate::overloads::{Effective, distinguishing_argument_index, effective_overload_set};
use crate::resolve::Places;

pub(super) fn check(
    model: &Model,
    places: &Places,
    what: &str,
    overloads: &[Operation],
    errors: &mut Vec<Error>,
) {
    let [first, others @ ..] = overloads else {
        return;
    };
    if others.is_empty() {
        return;
    }
    let is_promise = |operation: &Operation| matches!(operation.returns.kind, Type::Promise(_));
    if let Some(other) = others
        .iter()
        .find(|other| is_promise(other) != is_promise(first))
    {
        errors.push(
            Error::new(
                &other.span,
                format!("overloads of {what} differ in returning a promise"),
            )
            .expected("a promise from all of them or from none: it decides how errors are reported")
            .found(format!(
                "{} and {}",
                describe_type(&first.returns),
                describe_type(&other.returns)
            )),
        );
    }

    let set = effective_overload_set(overloads, 0);
    let longest = set.iter().map(|entry| entry.types.len()).max().unwrap_or(0);
    for count in 0..=longest {
        let entries: Vec<&Effective<'_>> = set
            .iter()
            .filter(|entry| entry.types.len() == count)
            .collect();
        let [a, b, ..] = entries[..] else { continue };
        let Some(index) = distinguishing_argument_index(model, &set, count) else {
            let (one, other) = (&overloads[a.overload].span, &overloads[b.overload].span);
            errors.push(
                Error::new(other, format!("overloads of {what} cannot be told apart"))
                    .expected(format!(
                        "distinguishable types of an argument in calls with {count}"
                    ))
                    .found(format!(
                        "({}) here, ({}) at {}:{}:{}",
                        types(b),
                        types(a),
                        one.file,
                        one.line,
                        one.column
                    )),
            );
            // Calls with more arguments would mostly say the same again.
            return;
        };
        // The types before the distinguishing argument must be the same: they are converted before it is known which.
        for position in 0..index {
            if let Some(other) = entries
                .iter()
                .find(|entry| entry.types[position] != a.types[position])
            {
                let operation = &overloads[other.overload];
                let span = places
                    .arguments
                    .get(&operation.span)
                    .and_then(|spans| spans.get(position));
                errors.push(
                    Error::new(
                        span.unwrap_or(&operation.span),
                        format!(
                            "overloads of {what} differ before the argument that tells them apart"
                        ),
                    )
                    .expected(format!(
                        "{} as in the other overload, up to the distinguishing argument, number {}",
                        describe_type(a.types[position].0),
                        index + 1
                    ))
                    .found(describe_type(other.types[position].0)),
                );
                return;
            }
        }
    }
}

fn types(entry: &Effective<'_>) -> String {
    entry
        .types
        .iter()
        .map(|(ty, _)| describe_type(ty))
        .collect::<Vec<_>>()
        .join(", ")
}
