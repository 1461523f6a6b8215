//! Effective overload sets, <https://webidl.spec.whatwg.org/#dfn-effective-overload-set>.

use crate::distinguish::distinguishable;
use crate::model::{AnnotatedType, Argument, Model, Operation};

/// How a value of an [`Effective`] overload's list may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optionality {
    /// It must be given.
    Required,
    /// `optional`
    Optional,
    /// `...`
    Variadic,
}

impl Optionality {
    fn of(argument: &Argument) -> Self {
        if argument.variadic {
            Self::Variadic
        } else if argument.optional {
            Self::Optional
        } else {
            Self::Required
        }
    }
}

/// One tuple of the effective overload set: an overload, called with as many arguments as there are types.
#[derive(Debug, Clone)]
pub struct Effective<'a> {
    /// Which of the overloads.
    pub overload: usize,
    /// The arguments' types, and how each may be absent.
    pub types: Vec<(&'a AnnotatedType, Optionality)>,
}

/// [Compute the effective overload set](https://webidl.spec.whatwg.org/#compute-the-effective-overload-set), for calls
/// with at most `count` arguments.
pub fn effective_overload_set(overloads: &[Operation], count: usize) -> Vec<Effective<'_>> {
    let mut set = Vec::new();
    // 3. Let maxarg be the maximum number of arguments the operations are declared to take. 4. Let max be max(maxarg, N).
    let longest = overloads
        .iter()
        .map(|overload| overload.arguments.len())
        .max()
        .unwrap_or(0)
        .max(count);
    for (overload, operation) in overloads.iter().enumerate() {
        let types: Vec<_> = operation
            .arguments
            .iter()
            .map(|argument| (&argument.ty, Optionality::of(argument)))
            .collect();
        // 5.7. If X is declared to be variadic, repeat its last type up to max.
        if let Some(last) = types.last()
            && last.1 == Optionality::Variadic
        {
            for length in types.len() + 1..=longest {
                let mut repeated = types.clone();
                repeated.resize(length, *last);
                set.push(Effective {
                    overload,
                    types: repeated,
                });
            }
        }
        // 5.9. Every shorter call that leaves out optional arguments only.
        let optional = types
            .iter()
            .rev()
            .take_while(|(_, how)| *how != Optionality::Required)
            .count();
        for length in types.len() - optional..types.len() {
            set.push(Effective {
                overload,
                types: types[..length].to_vec(),
            });
        }
        // 5.6.
        set.push(Effective { overload, types });
    }
    set
}

/// The [distinguishing argument index](https://webidl.spec.whatwg.org/#dfn-distinguishing-argument-index) of those
/// overloads of a set that can be called with `count` arguments. `None` where there are fewer than two, or where no
/// argument distinguishes them (a model that was loaded without errors has no such overloads).
pub fn distinguishing_argument_index(
    model: &Model,
    set: &[Effective<'_>],
    count: usize,
) -> Option<usize> {
    let entries: Vec<_> = set
        .iter()
        .filter(|entry| entry.types.len() == count)
        .collect();
    if entries.len() < 2 {
        return None;
    }
    (0..count).find(|index| {
        entries.iter().enumerate().all(|(position, a)| {
            entries[position + 1..]
                .iter()
                .all(|b| distinguishable(model, a.types[*index].0, b.types[*index].0))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::type_text;
    use crate::model::Member;

    const HEAD: &str = "// Source: A Test\n// Date: 2026-07-01\n";

    fn set_of(members: &str) -> (Model, Vec<Operation>) {
        let text = format!("{HEAD}interface A {{ {members} }};");
        let model = crate::parse_and_resolve(&[("test.webidl", &text)])
            .unwrap_or_else(|errors| panic!("{errors}"));
        let Member::Operation(set) = model.interfaces["A"].members[0].clone() else {
            panic!("an operation was expected")
        };
        (model, set.overloads)
    }

    fn texts(set: &[Effective<'_>]) -> Vec<String> {
        let mut texts: Vec<String> = set
            .iter()
            .map(|entry| {
                let types: Vec<String> = entry.types.iter().map(|(ty, _)| type_text(ty)).collect();
                format!("{}({})", entry.overload, types.join(", "))
            })
            .collect();
        texts.sort();
        texts
    }

    /// The example of <https://webidl.spec.whatwg.org/#idl-overloading>, with types that can be told apart.
    #[test]
    fn optional_and_variadic_arguments_give_one_entry_for_each_count() {
        let (_, overloads) = set_of(
            "undefined f(DOMString a);
             undefined f(A a, DOMString b, double... c);
             undefined f();
             undefined f(long a, DOMString b, optional DOMString c, double... d);",
        );
        assert_eq!(
            texts(&effective_overload_set(&overloads, 4)),
            [
                "0(DOMString)",
                "1(A, DOMString)",
                "1(A, DOMString, double)",
                "1(A, DOMString, double, double)",
                "2()",
                "3(long, DOMString)",
                "3(long, DOMString, DOMString)",
                "3(long, DOMString, DOMString, double)",
            ]
        );
        // More arguments than any overload declares lengthen the variadic ones.
        let longer = effective_overload_set(&overloads, 6);
        assert_eq!(
            longer.iter().filter(|entry| entry.types.len() == 6).count(),
            2
        );
    }

    #[test]
    fn the_first_argument_that_differs_distinguishes() {
        let (model, overloads) = set_of(
            "undefined f(DOMString a, DOMString b); undefined f(DOMString a, A b, optional long c);",
        );
        let set = effective_overload_set(&overloads, 0);
        assert_eq!(distinguishing_argument_index(&model, &set, 2), Some(1));
        assert_eq!(
            distinguishing_argument_index(&model, &set, 3),
            None,
            "one overload takes three arguments"
        );
    }
}
