//! Panics end at the border to V8: unwinding through its frames would end the process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of a native callback. A panic is logged and becomes an `Error` in JavaScript.
///
/// ```no_run
/// # use nano_engine::{guard, v8};
/// fn callback(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue<v8::Value>) {
///     guard(scope, |_| rv.set_int32(args.length()));
/// }
/// ```
pub fn guard<'s, 'i, R>(
    scope: &mut v8::PinScope<'s, 'i>,
    body: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> R,
) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(|| body(scope))) {
        Ok(result) => Some(result),
        Err(panic) => {
            throw(scope, &panic_message(&*panic));
            None
        }
    }
}

#[cold]
fn throw(scope: &mut v8::PinScope, message: &str) {
    tracing::error!("a native callback panicked: {message}");
    let text = "internal error: a native function failed; the log has the reason";
    if let Some(text) = v8::String::new(scope, text) {
        let error = v8::Exception::error(scope, text);
        scope.throw_exception(error);
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_string(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_string(),
    }
}
