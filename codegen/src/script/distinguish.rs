//! Tells apart the types that one JavaScript value may be converted to: the members of a union
//! (<https://webidl.spec.whatwg.org/#js-union>) or the overloads that differ in one argument
//! (<https://webidl.spec.whatwg.org/#dfn-overload-resolution-algorithm>, step 12). Both lists of steps have the same order.

use webapi_idl::{AnnotatedType, Buffer, Type};

use super::writer::quote;
use super::{Error, Printer, Result};
use crate::idl_text::type_text;

/// One candidate type; `key` says whose it is.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) key: usize,
    pub(super) ty: &'a AnnotatedType,
}

/// One step: if the value passes the test, it is the candidate's.
pub(super) struct Step<'a> {
    pub(super) test: Test,
    pub(super) candidate: Candidate<'a>,
}

/// What a value must pass.
pub(super) enum Test {
    /// A JavaScript condition.
    Condition(String),
    /// It is an object with a method `[Symbol.iterator]`.
    Iterable,
    /// Nothing: every value that comes here is converted.
    Anything,
}

/// The groups of types, in the order in which the standard asks for them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
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

impl Printer<'_> {
    /// The steps that choose among the candidates for `value` (a JavaScript name). Unions among the candidates must be taken
    /// apart before, see [`flatten`].
    pub(super) fn distinguish<'a>(
        &self,
        candidates: &[Candidate<'a>],
        value: &str,
    ) -> Result<Vec<Step<'a>>> {
        let mut steps = Vec::new();
        for group in ORDER {
            for candidate in candidates {
                if let Some(test) = self.test(group, candidate.ty, value)? {
                    let last = matches!(test, Test::Anything);
                    steps.push(Step {
                        test,
                        candidate: *candidate,
                    });
                    if last {
                        return Ok(steps);
                    }
                }
            }
        }
        Ok(steps)
    }

    /// The test by which a type takes part in a group.
    fn test(&self, group: Group, ty: &AnnotatedType, value: &str) -> Result<Option<Test>> {
        let condition = |text: String| Some(Test::Condition(text));
        Ok(match (group, &ty.kind) {
            (
                _,
                Type::Promise(_) | Type::AsyncSequence(_) | Type::BigInt | Type::ObservableArray(_),
            ) => {
                return Err(Error::new(format!(
                    "the script glue cannot tell `{}` from other types; split the operation, or implement the interface natively",
                    type_text(ty)
                )));
            }
            (Group::Undefined, Type::Undefined) => condition(format!("{value} === undefined")),
            (Group::Nullish, Type::Dictionary(_)) => {
                condition(format!("{value} === undefined || {value} === null"))
            }
            (Group::Platform, Type::Interface(name)) => condition(if self.is_script(name) {
                format!("unwrap_{name}({value}) !== undefined")
            } else {
                format!("isInstance({}, {value})", quote(name))
            }),
            (Group::Buffer, Type::Buffer(buffer)) => condition(match buffer {
                Buffer::ArrayBuffer => format!("isArrayBuffer({value})"),
                Buffer::SharedArrayBuffer => format!("isSharedArrayBuffer({value})"),
                Buffer::ArrayBufferView => format!("viewType({value}) !== undefined"),
                Buffer::BufferSource if ty.annotations.allow_shared => {
                    format!(
                        "viewType({value}) !== undefined || isArrayBuffer({value}) || isSharedArrayBuffer({value})"
                    )
                }
                Buffer::BufferSource => {
                    format!("viewType({value}) !== undefined || isArrayBuffer({value})")
                }
                view => format!("viewType({value}) === {}", quote(&format!("{view:?}"))),
            }),
            (Group::Function, Type::Callback(_)) => {
                condition(format!("typeof {value} === \"function\""))
            }
            (Group::Iterable, Type::Sequence(_) | Type::FrozenArray(_)) => Some(Test::Iterable),
            (
                Group::Object,
                Type::Dictionary(_) | Type::Record(..) | Type::CallbackInterface(_) | Type::Object,
            ) => condition(format!("isObject({value})")),
            (Group::Symbol, Type::Symbol) => condition(format!("typeof {value} === \"symbol\"")),
            (Group::Boolean, Type::Boolean) => condition(format!("typeof {value} === \"boolean\"")),
            (Group::Number, Type::Numeric(_)) => {
                condition(format!("typeof {value} === \"number\""))
            }
            (
                Group::AnyString,
                Type::DomString | Type::ByteString | Type::UsvString | Type::Enumeration(_),
            )
            | (Group::AnyNumber, Type::Numeric(_))
            | (Group::AnyBoolean, Type::Boolean)
            | (Group::Any, Type::Any) => Some(Test::Anything),
            _ => None,
        })
    }
}

/// The types that a type consists of once nullability and unions are taken apart, and whether `null` is among its values.
pub(super) fn flatten(ty: &AnnotatedType) -> (Vec<&AnnotatedType>, bool) {
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
