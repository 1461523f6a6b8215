//! `[Implementation]` along chains of parents: a class of a script cannot extend a native type, nor the other way round.

use crate::error::Error;
use crate::model::Model;

pub(super) fn check(model: &Model, errors: &mut Vec<Error>) {
    for interface in model.interfaces.values() {
        // The global object is V8's own; the script glue puts the parent's members on its prototype.
        if interface.attributes.has("Global") {
            continue;
        }
        let Some(parent) = interface
            .inherits
            .as_ref()
            .and_then(|parent| model.interfaces.get(parent))
        else {
            continue;
        };
        if parent.implementation != interface.implementation {
            errors.push(
                Error::new(
                    &interface.span,
                    format!(
                        "`{}` and its parent have two implementations",
                        interface.name
                    ),
                )
                .expected(format!(
                    "`[Implementation={:?}]`, as for the parent `{}`",
                    parent.implementation, parent.name
                ))
                .found(format!("`{:?}`", interface.implementation)),
            );
        }
    }
}
