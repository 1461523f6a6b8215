//! Unions whose members can be told apart, <https://webidl.spec.whatwg.org/#idl-union>.

use crate::describe::describe_type;
use crate::distinguish::distinguishable;
use crate::error::Error;
use crate::model::{Model, Type};
use crate::resolve::Places;

pub(super) fn check(model: &Model, places: &Places, errors: &mut Vec<Error>) {
    for union in &places.unions {
        'members: for (position, (b, span)) in union.members.iter().enumerate() {
            for (a, _) in &union.members[..position] {
                if !distinguishable(model, a, b) {
                    errors.push(
                        Error::new(span, "members of this union cannot be told apart")
                            .expected("types that no value belongs to at once")
                            .found(format!("{} and {}", describe_type(a), describe_type(b))),
                    );
                    break 'members;
                }
            }
        }
        let dictionary = union
            .members
            .iter()
            .find(|(ty, _)| matches!(ty.kind, Type::Dictionary(_)));
        if let (Some(nullable), Some((dictionary, _))) = (&union.nullable, dictionary) {
            errors.push(
                Error::new(nullable, "a union with a dictionary cannot be nullable")
                    .expected("the type without `?`: null converts to an empty dictionary anyway")
                    .found(format!("{} among its members", describe_type(dictionary))),
            );
        }
    }
}
