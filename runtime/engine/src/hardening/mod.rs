//! Bounds on what V8's own globals let a script do that nothing can count or interrupt. `hardening.js` puts them in place.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod json;
mod json_cost;
mod search;
pub mod wasm;
mod wasm_cost;
pub mod wasm_functions;
pub mod wasm_types;
mod wasm_walk;

use crate::engine::Engine;
use crate::entry;

/// Native functions of `hardening.js`. Read from here only: each must have one address (see
/// [`crate::Embedding::external_references`]).
static NATIVES: [v8::FunctionCallback; 7] = [
    json::parse_callback,
    wasm::fault_callback,
    wasm_types::count_callback,
    search::find_callback,
    search::find_last_callback,
    wasm_functions::counted_callback,
    wasm::response_callback,
];

fn native(index: usize) -> v8::FunctionCallback {
    std::hint::black_box(&NATIVES)[index]
}

/// Why a module of WebAssembly is not compiled for an app, if it is not. Its types count from now on.
pub(crate) fn refusal(app: &str, module: &[u8]) -> Option<String> {
    let refusal = wasm_types::admit_module(app, module).err();
    refusal
        .map(|refusal| refusal.to_string())
        .or_else(|| wasm::fault(module))
}

/// What the snapshot may refer to.
pub(crate) fn external_references() -> impl Iterator<Item = v8::ExternalReference> {
    (0..NATIVES.len()).map(|index| v8::ExternalReference {
        function: native(index),
    })
}

/// Bounds the globals of the context that is being baked. Returns what has to be called when it is restored; `None` after an
/// exception.
pub(crate) fn bake<'s>(scope: &mut v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Function>> {
    let source = include_str!("hardening.js");
    let harden = crate::evaluate(scope, "nano:hardening", source)?;
    let harden: v8::Local<v8::Function> = harden.try_into().ok()?;
    let undefined = v8::undefined(scope).into();
    let natives = v8::Object::new(scope);
    // Without data: what belongs to no context would refer to one, and take all of it into the snapshot a second time.
    for (index, key, name, length) in [
        (0, "parseJson", "parse", 2),
        (1, "moduleFault", "moduleFault", 1),
        (2, "countTypes", "countTypes", 1),
        (3, "find", "find", 3),
        (4, "findLast", "findLast", 3),
        (5, "countedModule", "countedModule", 2),
        (6, "responseBytes", "responseBytes", 1),
    ] {
        let function = v8::Function::builder_raw(native(index))
            .length(length)
            .constructor_behavior(v8::ConstructorBehavior::Throw)
            .build(scope)?;
        function.set_name(v8::String::new(scope, name)?);
        let key = v8::String::new(scope, key)?;
        natives.create_data_property(scope, key.into(), function.into())?;
    }
    harden
        .call(scope, undefined, &[natives.into()])?
        .try_into()
        .ok()
}

/// Bounds what V8 has added to the context after the snapshot. Returns V8's own `JSON.parse`; `None` if the isolate was ended
/// meanwhile, or the snapshot is not what [`bake`] made.
pub(crate) fn restored(
    scope: &mut v8::PinScope,
    engine: &Engine,
) -> Option<v8::Global<v8::Function>> {
    let restored: v8::Local<v8::Function> = scope
        .get_context_data_from_snapshot_once(engine.snapshot.objects)
        .ok()?;
    let this = v8::undefined(scope).into();
    let returned: v8::Local<v8::Array> = restored.call(scope, this, &[])?.try_into().ok()?;
    let parse: v8::Local<v8::Function> = returned.get_index(scope, 2)?.try_into().ok()?;
    // Few apps use them.
    let global = scope.get_current_context().global(scope);
    for (index, name) in [(0, "WebAssembly"), (1, "Intl")] {
        let make: v8::Local<v8::Function> = returned.get_index(scope, index)?.try_into().ok()?;
        let name = v8::String::new(scope, name)?;
        entry::lazy_property(scope, global, name.into(), make.into())?;
    }
    Some(v8::Global::new(scope, parse))
}
