//! What V8 calls while it links modules and evaluates synthetic ones.

use v8::{Context, FixedArray, Local, Module, PinScope, Value};

use super::enter;
use crate::modules;

/// Links a module.
pub(crate) fn instantiate_module<'s>(
    scope: &mut PinScope<'s, '_>,
    module: Local<'s, Module>,
) -> Option<bool> {
    module.instantiate_module(scope, resolve_request)
}

/// A module with one export, which `modules::evaluate_synthetic` sets.
pub(crate) fn synthetic_module<'s>(
    scope: &mut PinScope<'s, '_>,
    name: Local<'s, v8::String>,
    export: Local<'s, v8::String>,
) -> Local<'s, Module> {
    Module::create_synthetic_module(scope, name, &[export], evaluate_synthetic)
}

fn resolve_request<'s>(
    context: Local<'s, Context>,
    specifier: Local<'s, v8::String>,
    attributes: Local<'s, FixedArray>,
    referrer: Local<'s, Module>,
) -> Option<Local<'s, Module>> {
    scope!(scope, context);
    enter(scope, |scope| {
        modules::resolve_request(scope, specifier, attributes, referrer)
    })?
}

fn evaluate_synthetic<'s>(
    context: Local<'s, Context>,
    module: Local<'s, Module>,
) -> Option<Local<'s, Value>> {
    scope!(scope, context);
    enter(scope, |scope| modules::evaluate_synthetic(scope, module))?
}
