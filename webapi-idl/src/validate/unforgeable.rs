//! `[LegacyUnforgeable]`: on regular members, on all overloads, and on none that a child interface hides,
//! <https://webidl.spec.whatwg.org/#LegacyUnforgeable>.

use crate::error::Error;
use crate::model::{ExtendedAttributes, Member, Model};

pub(super) fn check(model: &Model, errors: &mut Vec<Error>) {
    for namespace in model.namespaces.values() {
        for member in namespace.members.iter().filter(|m| is_unforgeable(m)) {
            errors.push(misplaced(member, "a member of a namespace"));
        }
    }
    for interface in model.interfaces.values() {
        for member in interface.members.iter().filter(|m| is_unforgeable(m)) {
            if member.is_static() {
                errors.push(misplaced(member, "a static member"));
            }
            if let Member::Operation(set) = member
                && let Some(other) = set.overloads.iter().find(|o| !has(&o.attributes))
            {
                errors.push(
                    Error::new(
                        &other.span,
                        format!("`{}` is unforgeable in part", set.name),
                    )
                    .expected("`[LegacyUnforgeable]` on all overloads or on none")
                    .found("an overload without it"),
                );
            }
            for child in model.descendants(&interface.name) {
                let hides = |other: &&Member| {
                    other.name() == member.name()
                        && !other.is_static()
                        && !matches!(other, Member::Constant(_))
                };
                if let Some(other) = child.members.iter().find(hides) {
                    errors.push(
                        Error::new(
                            other.span(),
                            format!("`{}` hides an unforgeable member", child.name),
                        )
                        .expected(format!(
                            "another name: `{}` has a `[LegacyUnforgeable]` one",
                            interface.name
                        ))
                        .found(format!("`{}`", other.name())),
                    );
                }
            }
        }
    }
}

fn has(attributes: &ExtendedAttributes) -> bool {
    attributes.has("LegacyUnforgeable")
}

fn is_unforgeable(member: &Member) -> bool {
    match member {
        Member::Attribute(attribute) => has(&attribute.attributes),
        Member::Operation(set) => set.overloads.iter().any(|o| has(&o.attributes)),
        Member::Constant(_) => false,
    }
}

fn misplaced(member: &Member, found: &str) -> Error {
    Error::new(member.span(), "this member cannot be `[LegacyUnforgeable]`")
        .expected("a regular attribute or operation of an interface: it becomes a property of each object")
        .found(found)
}
