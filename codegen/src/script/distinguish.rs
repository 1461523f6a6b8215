//! The tests by which the script glue tells apart the types that one JavaScript value may be converted to.

use webapi_idl::{AnnotatedType, Buffer, Type, type_text};

use super::writer::quote;
use super::{Error, Printer, Result};
use crate::distinguish::{Candidate, Group, never_distinguished, steps};

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

impl Printer<'_> {
    /// The steps that choose among the candidates for `value` (a JavaScript name).
    pub(super) fn distinguish<'a>(
        &self,
        candidates: &[Candidate<'a>],
        value: &str,
    ) -> Result<Vec<Step<'a>>> {
        if let Some(ty) = never_distinguished(candidates) {
            return Err(Error::new(format!(
                "the script glue cannot tell `{}` from other types; split the operation, or implement the interface natively",
                type_text(ty)
            )));
        }
        let steps = steps(candidates)
            .into_iter()
            .map(|(group, candidate)| Step {
                test: self.test(group, candidate.ty, value),
                candidate,
            });
        Ok(steps.collect())
    }

    /// The test by which a type takes part in a group.
    pub(super) fn test(&self, group: Group, ty: &AnnotatedType, value: &str) -> Test {
        Test::Condition(match (group, &ty.kind) {
            (Group::Iterable, _) => return Test::Iterable,
            (Group::AnyString | Group::AnyNumber | Group::AnyBoolean | Group::Any, _) => {
                return Test::Anything;
            }
            (Group::Undefined, _) => format!("{value} === undefined"),
            (Group::Nullish, _) => format!("{value} === undefined || {value} === null"),
            (_, Type::Interface(name)) if self.is_script(name) => {
                format!("unwrap_{name}({value}) !== undefined")
            }
            (_, Type::Interface(name)) => format!("isInstance({}, {value})", quote(name)),
            (_, Type::Buffer(buffer)) => match buffer {
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
            },
            (Group::Function, _) => format!("typeof {value} === \"function\""),
            (Group::Symbol, _) => format!("typeof {value} === \"symbol\""),
            (Group::Boolean, _) => format!("typeof {value} === \"boolean\""),
            (Group::Number, _) => format!("typeof {value} === \"number\""),
            // Interfaces and buffers were seen above.
            (Group::Object | Group::Platform | Group::Buffer, _) => format!("isObject({value})"),
        })
    }
}
