//! Dictionaries as arguments, <https://webidl.spec.whatwg.org/#idl-operations>.

use crate::describe::describe_type;
use crate::distinguish::{includes_dictionary, includes_nullable, members};
use crate::error::Error;
use crate::model::{AnnotatedType, Model, Operation, Type};
use crate::resolve::Places;

pub(super) fn check(
    model: &Model,
    places: &Places,
    operation: &Operation,
    errors: &mut Vec<Error>,
) {
    let Some(spans) = places.arguments.get(&operation.span) else {
        return;
    };
    for (position, argument) in operation.arguments.iter().enumerate() {
        if !includes_dictionary(&argument.ty) {
            continue;
        }
        let span = &spans[position];
        if includes_nullable(&argument.ty) {
            errors.push(
                Error::new(
                    span,
                    "an argument with a dictionary type cannot be nullable",
                )
                .expected("the type without `?`: null converts to an empty dictionary anyway")
                .found(describe_type(&argument.ty)),
            );
        }
        let is_last = operation.arguments[position + 1..]
            .iter()
            .all(|after| after.optional || after.variadic);
        if argument.variadic
            || !is_last
            || !has_dictionary_without_required_members(model, &argument.ty)
        {
            continue;
        }
        if !argument.optional {
            errors.push(
                Error::new(
                    span,
                    "a dictionary argument without required members must be optional",
                )
                .expected(format!("`optional … {} = {{}}`", argument.name))
                .found(format!("`{}` required", argument.name)),
            );
        } else if argument.default.is_none() {
            errors.push(
                Error::new(
                    span,
                    "an optional dictionary argument needs a default value",
                )
                .expected(format!("`{} = {{}}`", argument.name))
                .found("no default value"),
            );
        }
    }
}

fn has_dictionary_without_required_members(model: &Model, ty: &AnnotatedType) -> bool {
    members(ty).iter().any(|member| {
        let Type::Dictionary(name) = &member.kind else {
            return false;
        };
        let mut next = model.dictionaries.get(name);
        while let Some(dictionary) = next {
            if dictionary.members.iter().any(|member| member.required) {
                return false;
            }
            next = dictionary
                .inherits
                .as_ref()
                .and_then(|parent| model.dictionaries.get(parent));
        }
        true
    })
}
