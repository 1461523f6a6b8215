//! Rules that need the whole model: the resolver checks what one definition shows by itself.

mod arguments;
mod implementation;
mod iterations;
mod overloads;
mod unforgeable;
mod unions;

use crate::error::Error;
use crate::model::{Member, Model, Operation};
use crate::resolve::Places;

/// All errors of a resolved model.
pub(crate) fn validate(model: &Model, places: &Places) -> Vec<Error> {
    let mut errors = Vec::new();
    for (what, overloads) in operations(model) {
        for operation in overloads {
            arguments::check(model, places, operation, &mut errors);
        }
        overloads::check(model, places, &what, overloads, &mut errors);
    }
    unions::check(model, places, &mut errors);
    iterations::check(model, places, &mut errors);
    implementation::check(model, &mut errors);
    unforgeable::check(model, &mut errors);
    errors
}

/// All sets of overloads of interfaces and namespaces, with the name that errors call them by.
fn operations(model: &Model) -> Vec<(String, &[Operation])> {
    let mut all: Vec<(String, &[Operation])> = Vec::new();
    for interface in model.interfaces.values() {
        all.push((
            format!("the constructor of `{}`", interface.name),
            &interface.constructors,
        ));
    }
    let members = model
        .interfaces
        .values()
        .flat_map(|interface| &interface.members);
    for member in members.chain(
        model
            .namespaces
            .values()
            .flat_map(|namespace| &namespace.members),
    ) {
        if let Member::Operation(set) = member {
            all.push((format!("`{}`", set.name), &set.overloads));
        }
    }
    all
}
