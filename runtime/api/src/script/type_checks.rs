//! `TypeChecks`: what a value is, whatever an app has made of prototypes.

use nano_webidl::{Fallible, Scope, Value, object};

use crate::bindings::TABLES;
use crate::bindings::type_checks::TypeChecksMethods;

/// The namespace.
pub struct TypeChecks;

impl TypeChecksMethods for TypeChecks {
    fn is_promise<'s>(_scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<bool> {
        Ok(value.is_promise())
    }

    fn is_instance<'s>(
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        value: Value<'s>,
    ) -> Fallible<bool> {
        let Ok(value) = v8::Local::<v8::Object>::try_from(value) else {
            return Ok(false);
        };
        let Some(head) = object::head(scope, value) else {
            return Ok(false);
        };
        let name = name.to_rust_string_lossy(scope);
        let mut kind = Some(head.kind());
        while let Some(interface) = kind.and_then(|kind| TABLES.interfaces.get(usize::from(kind))) {
            if interface.name == name {
                return Ok(true);
            }
            kind = interface.parent;
        }
        Ok(false)
    }
}
