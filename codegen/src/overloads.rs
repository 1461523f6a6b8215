//! Overload resolution as far as it is known before a call, <https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>: both
//! printers of glue print what is left to find out.

use std::ops::RangeInclusive;

use webapi_idl::overloads::{distinguishing_argument_index, effective_overload_set};
use webapi_idl::{AnnotatedType, Model, Operation, type_text};

use crate::distinguish::{Distinguishing, Group, never_distinguished, steps};

/// What is left to find out about a call with some count of arguments.
pub(crate) enum Choice<'a> {
    /// No overload takes so many.
    Nothing,
    /// This one is meant.
    Only(usize),
    /// The distinguishing argument says which.
    ByArgument {
        /// Its index.
        position: usize,
        /// The first condition that its value meets leaves that overload.
        conditions: Vec<(Condition<'a>, usize)>,
        /// The overload for values that meet none.
        otherwise: Option<usize>,
    },
}

/// What the value of the distinguishing argument may be.
pub(crate) enum Condition<'a> {
    /// `undefined`
    Undefined,
    /// `null` or `undefined`
    Nullish,
    /// Of this type, as far as it is asked for in the group.
    Is(Group, &'a AnnotatedType),
}

/// The number of arguments that no overload can do without: `length` of the function.
pub(crate) fn required(overloads: &[Operation]) -> usize {
    let required = |operation: &Operation| {
        let arguments = operation.arguments.iter();
        arguments
            .take_while(|argument| !argument.optional && !argument.variadic)
            .count()
    };
    overloads.iter().map(required).min().unwrap_or(0)
}

/// The counts of arguments that make a difference; the last stands for all greater ones, too.
pub(crate) fn counts(overloads: &[Operation]) -> RangeInclusive<usize> {
    let declared = overloads.iter().map(|o| o.arguments.len()).max();
    // With more arguments than any overload declares, all the variadic ones are left, however many there are.
    let most = declared.unwrap_or(0) + usize::from(is_variadic(overloads));
    required(overloads)..=most
}

/// Whether one of the overloads takes any number of arguments.
pub(crate) fn is_variadic(overloads: &[Operation]) -> bool {
    overloads
        .iter()
        .any(|o| o.arguments.iter().any(|argument| argument.variadic))
}

/// The choice among the overloads for calls with `count` arguments; an error says what cannot be told apart.
pub(crate) fn choice<'a>(
    model: &Model,
    overloads: &'a [Operation],
    count: usize,
) -> Result<Choice<'a>, String> {
    let set = effective_overload_set(overloads, count);
    // 4. Remove all entries whose type list is not of this length. 5. If there is none left, then throw a TypeError.
    let entries: Vec<_> = set
        .iter()
        .filter(|entry| entry.types.len() == count)
        .collect();
    match entries[..] {
        [] => return Ok(Choice::Nothing),
        [only] => return Ok(Choice::Only(only.overload)),
        _ => {}
    }
    let position = distinguishing_argument_index(model, &set, count).ok_or_else(|| {
        format!("no argument tells apart the overloads that take {count} arguments")
    })?;
    // 12. The steps for the distinguishing argument.
    let Distinguishing {
        optional,
        nullable,
        candidates,
    } = Distinguishing::new(&entries, position);
    if let Some(ty) = never_distinguished(&candidates) {
        return Err(format!(
            "`{}` cannot be told from other types; split the operation",
            type_text(ty)
        ));
    }
    // 12.1 and 12.2
    let optional = optional.into_iter().map(|key| (Condition::Undefined, key));
    let nullable = nullable.into_iter().map(|key| (Condition::Nullish, key));
    let mut conditions: Vec<_> = optional.chain(nullable).collect();
    let mut otherwise = None;
    for (group, candidate) in steps(&candidates) {
        if group.takes_anything() {
            otherwise = Some(candidate.key);
        } else {
            conditions.push((Condition::Is(group, candidate.ty), candidate.key));
        }
    }
    Ok(Choice::ByArgument {
        position,
        conditions,
        otherwise,
    })
}
