//! Tells apart the types that one JavaScript value may be converted to: the members of a union
//! (<https://webidl.spec.whatwg.org/#js-union>) or the overloads that differ in one argument
//! (<https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>, step 12). Both lists of steps have the same order.

use webapi_idl::overloads::{Effective, Optionality};
use webapi_idl::{AnnotatedType, Type};

/// One candidate type; `key` says whose it is.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) key: usize,
    pub(crate) ty: &'a AnnotatedType,
}

/// The groups of types, in the order in which the standard asks for them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Undefined,
    Nullish,
    Platform,
    Buffer,
    Function,
    Iterable,
    Object,
    Symbol,
    Boolean,
    Number,
    AnyString,
    AnyNumber,
    AnyBoolean,
    Any,
}

const ORDER: [Group; 14] = [
    Group::Undefined,
    Group::Nullish,
    Group::Platform,
    Group::Buffer,
    Group::Function,
    Group::Iterable,
    Group::Object,
    Group::Symbol,
    Group::Boolean,
    Group::Number,
    Group::AnyString,
    Group::AnyNumber,
    Group::AnyBoolean,
    Group::Any,
];

impl Group {
    /// Whether a type takes part in the group.
    fn has(self, ty: &Type) -> bool {
        match self {
            Group::Undefined => matches!(ty, Type::Undefined),
            Group::Nullish => matches!(ty, Type::Dictionary(_)),
            Group::Platform => matches!(ty, Type::Interface(_)),
            Group::Buffer => matches!(ty, Type::Buffer(_)),
            Group::Function => matches!(ty, Type::Callback(_)),
            Group::Iterable => matches!(ty, Type::Sequence(_) | Type::FrozenArray(_)),
            Group::Object => matches!(
                ty,
                Type::Dictionary(_) | Type::Record(..) | Type::CallbackInterface(_) | Type::Object
            ),
            Group::Symbol => matches!(ty, Type::Symbol),
            Group::Boolean | Group::AnyBoolean => matches!(ty, Type::Boolean),
            Group::Number | Group::AnyNumber => matches!(ty, Type::Numeric(_)),
            Group::AnyString => matches!(
                ty,
                Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_)
            ),
            Group::Any => matches!(ty, Type::Any),
        }
    }

    /// Whether every value that comes to the group is converted.
    pub(crate) fn takes_anything(self) -> bool {
        matches!(
            self,
            Group::AnyString | Group::AnyNumber | Group::AnyBoolean | Group::Any
        )
    }
}

/// The steps that choose among the candidates, up to the first that every value passes. Unions among the candidates must be
/// taken apart before, see [`flatten`].
pub(crate) fn steps<'a>(candidates: &[Candidate<'a>]) -> Vec<(Group, Candidate<'a>)> {
    let mut steps = Vec::new();
    for group in ORDER {
        for candidate in candidates.iter().filter(|c| group.has(&c.ty.kind)) {
            steps.push((group, *candidate));
            if group.takes_anything() {
                return steps;
            }
        }
    }
    steps
}

/// The types that a type consists of once nullability and unions are taken apart, and whether `null` is among its values.
pub(crate) fn flatten(ty: &AnnotatedType) -> (Vec<&AnnotatedType>, bool) {
    match &ty.kind {
        Type::Nullable(inner) => (flatten(inner).0, true),
        Type::Union(members) => {
            let parts: Vec<_> = members.iter().map(flatten).collect();
            let nullable = parts.iter().any(|(_, nullable)| *nullable);
            (
                parts.into_iter().flat_map(|(types, _)| types).collect(),
                nullable,
            )
        }
        _ => (vec![ty], false),
    }
}

/// What the overloads with the same count of arguments have at their distinguishing one.
pub(crate) struct Distinguishing<'a> {
    /// The overloads for which the argument is optional.
    pub(crate) optional: Vec<usize>,
    /// The overload that takes `null` there; the last of them, of which valid sets have one.
    pub(crate) nullable: Option<usize>,
    pub(crate) candidates: Vec<Candidate<'a>>,
}

impl<'a> Distinguishing<'a> {
    pub(crate) fn new(entries: &[&Effective<'a>], position: usize) -> Self {
        let mut all = Distinguishing {
            optional: Vec::new(),
            nullable: None,
            candidates: Vec::new(),
        };
        for entry in entries {
            let (ty, optionality) = entry.types[position];
            let key = entry.overload;
            if optionality == Optionality::Optional {
                all.optional.push(key);
            }
            let (types, null) = flatten(ty);
            if null {
                all.nullable = Some(key);
            }
            all.candidates
                .extend(types.into_iter().map(|ty| Candidate { key, ty }));
        }
        all
    }
}

/// The type that no group has: there is no way to tell it from others.
pub(crate) fn never_distinguished<'a>(candidates: &[Candidate<'a>]) -> Option<&'a AnnotatedType> {
    candidates
        .iter()
        .map(|candidate| candidate.ty)
        .find(|ty| !ORDER.iter().any(|group| group.has(&ty.kind)))
}
