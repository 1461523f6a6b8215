//! `setTimeout()` and its family, <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers>.

use std::time::Duration;

use nano_engine::{State, TimerId};
use nano_webidl::{Error, Fallible, Scope, Value, type_error};

use crate::bindings::types::TimerHandler;
use crate::environment::{Environment, timers};

/// <https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timer-initialisation-steps>
pub fn set<'s>(
    scope: &mut Scope<'s, '_>,
    handler: TimerHandler<'s>,
    timeout: i32,
    arguments: &[Value<'s>],
    repeat: bool,
) -> Fallible<i32> {
    // 4. If timeout is less than 0, then set timeout to 0.
    let delay = Duration::from_millis(timeout.max(0).unsigned_abs().into());
    let callback = match handler {
        TimerHandler::Function(function) => function.0,
        TimerHandler::DomString(source) => compile(scope, source)?,
    };
    let callback = v8::Global::new(scope, callback);
    // In V8's heap, which is counted: there may be many.
    let arguments = (!arguments.is_empty()).then(|| {
        let arguments = v8::Array::new_with_elements(scope, arguments);
        v8::Global::new(scope, arguments)
    });
    // A timer belongs to the request that set it.
    let frame = scope.get_continuation_preserved_embedder_data();
    let frame = v8::Global::new(scope, frame);
    let id = timers::set(
        scope,
        delay,
        repeat,
        Box::new(move |scope| {
            let callback = v8::Local::new(scope, &callback);
            let arguments = arguments.as_ref().map(|own| v8::Local::new(scope, own));
            let arguments = arguments.map_or_else(Vec::new, |own| elements(scope, own));
            // The callback's this value is the global object.
            let global = scope.get_current_context().global(scope);
            let frame = v8::Local::new(scope, &frame);
            scope.set_continuation_preserved_embedder_data(frame);
            State::from_scope(scope).works_for_current(scope);
            if callback.call(scope, global.into(), &arguments).is_some() {
                let none = v8::undefined(scope).into();
                scope.set_continuation_preserved_embedder_data(none);
            }
            // What it throws stays pending: the engine reports it, as this frame's.
        }),
    )?;
    Ok(id.0 as i32)
}

/// The elements of an array that no script has seen.
fn elements<'s>(scope: &mut Scope<'s, '_>, array: v8::Local<'s, v8::Array>) -> Vec<Value<'s>> {
    let element = |index| array.get_index(scope, index);
    (0..array.length()).filter_map(element).collect()
}

/// A string handler is a script; only where `eval` is.
fn compile<'s>(
    scope: &mut Scope<'s, '_>,
    source: v8::Local<'s, v8::String>,
) -> Fallible<v8::Local<'s, v8::Function>> {
    if !Environment::of(scope).allow_eval {
        return Err(type_error(
            "a timer's handler must be a function: code in strings is not allowed here",
        ));
    }
    let mut source = v8::script_compiler::Source::new(source, None);
    v8::script_compiler::compile_function(
        scope,
        &mut source,
        &[],
        &[],
        v8::script_compiler::CompileOptions::NoCompileOptions,
        v8::script_compiler::NoCacheReason::NoReason,
    )
    .ok_or(Error::Thrown)
}

/// `clearTimeout()` and `clearInterval()`: both clear both.
pub fn clear(scope: &mut Scope, id: i32) {
    if let Ok(id) = u32::try_from(id) {
        State::from_scope(scope).timers().clear(TimerId(id));
    }
}
