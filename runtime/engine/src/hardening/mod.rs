//! Bounds on what V8's own globals let a script do that nothing can count or interrupt. `hardening.js` puts them in place.

pub mod json;
pub mod wasm;

use crate::engine::Engine;
use crate::entry;

/// Native functions of `hardening.js`. Read from here only: each must have one address (see
/// [`crate::Embedding::external_references`]).
static NATIVES: [v8::FunctionCallback; 2] = [json::parse_callback, wasm::fault_callback];

fn native(index: usize) -> v8::FunctionCallback {
    std::hint::black_box(&NATIVES)[index]
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

/// Bounds what V8 has added to the context after the snapshot. Returns V8's own `JSON.parse`.
pub(crate) fn restored(scope: &mut v8::PinScope, engine: &Engine) -> v8::Global<v8::Function> {
    let restored: v8::Local<v8::Function> = scope
        .get_context_data_from_snapshot_once(engine.snapshot.objects)
        .expect("bake keeps the function");
    let this = v8::undefined(scope).into();
    let returned: v8::Local<v8::Array> = restored
        .call(scope, this, &[])
        .expect("it does not throw")
        .try_into()
        .expect("it returns an array");
    let function = |index| -> v8::Local<v8::Function> {
        let value = returned.get_index(scope, index).expect("it has two");
        value.try_into().expect("both are functions")
    };
    let (web_assembly, parse) = (function(0), function(1));
    // Few apps use it.
    let global = scope.get_current_context().global(scope);
    let name = v8::String::new(scope, "WebAssembly").expect("a short text");
    entry::lazy_property(scope, global, name.into(), web_assembly).expect("it does not throw");
    v8::Global::new(scope, parse)
}
