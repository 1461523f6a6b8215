//! The one way in: whatever V8 calls of ours, it calls through here.
//!
//! * Unwinding through V8's frames would end the process. A panic ends here, as a line of the log and, where scripts run, as an
//!   exception.
//! * What a callback took of memory is settled before scripts go on: see [`external_memory`].
//! * Scripts go on only if their isolate may: one that has passed a limit is terminated here, as V8 looks at an order to terminate
//!   only where a function of JavaScript begins or a loop goes round.
//!
//! `clippy.toml` refuses every other use of V8's ways to be called back.
#![allow(clippy::disallowed_methods, reason = "this is the allowed place")]

/// The scope of a callback, of what V8 gave it. In place of V8's own macro, which is refused everywhere.
macro_rules! scope {
    ($scope:ident, $given:expr) => {
        // SAFETY: V8 has called, and keeps what it gave until the callback returns.
        let $scope = std::pin::pin!(unsafe { v8::CallbackScope::new($given) });
        let $scope = &mut $scope.init();
    };
}

mod clock;
mod delegates;
mod functions;
mod hooks;
mod modules;

pub use clock::CLOCK_RESOLUTION;
pub(crate) use clock::coarsen_temporal;
pub use delegates::{channel, deserializer, serializer};
pub(crate) use functions::lazy_reference;
pub use functions::{
    function, function_builder, indexed_definer, indexed_deleter, indexed_enumerator,
    indexed_getter, indexed_query, indexed_setter, lazy_property,
};
pub(crate) use hooks::{
    install, platform, prepare_stack_traces, request_interlude, request_settlement,
    restore_heap_limit,
};
pub(crate) use modules::{instantiate_module, synthetic_module};

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::external_memory::Account;
use crate::external_memory::malloc;
use crate::external_memory::{self, Conversions};

/// Native code panicked. The log has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal error: native code failed; the log has the reason")]
pub struct Panicked;

/// Runs the body of a callback that scripts have called. What it converts counts until it returns. A panic becomes an `Error` in
/// JavaScript. `None` after a panic, and where the isolate must not go on: an exception is pending then.
///
/// ```no_run
/// # use nano_engine::{entry, v8};
/// fn callback(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue<v8::Value>) {
///     entry::enter(scope, |_| rv.set_int32(args.length()));
/// }
/// ```
#[inline]
pub fn enter<'s, 'i, R>(
    scope: &mut v8::PinScope<'s, 'i>,
    body: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> R,
) -> Option<R> {
    guarded(scope, body, terminate)
}

/// The same where V8 would end the process if a script ran, as in its deserializer. An order to end is obeyed by whoever has called that.
#[inline]
pub(crate) fn enter_without_scripts<'s, 'i, R>(
    scope: &mut v8::PinScope<'s, 'i>,
    body: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> R,
) -> Option<R> {
    guarded(scope, body, |scope| {
        scope.terminate_execution();
    })
}

#[inline]
fn guarded<'s, 'i, R>(
    scope: &mut v8::PinScope<'s, 'i>,
    body: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> R,
    end: impl FnOnce(&mut v8::PinScope<'s, 'i>),
) -> Option<R> {
    let conversions = Conversions::begin();
    let result = catch(|| body(scope));
    drop(conversions);
    external_memory::settle(scope);
    if malloc::with_current(Account::is_terminated) == Some(true) {
        end(scope);
        return None;
    }
    result.map_err(|panicked| throw(scope, panicked)).ok()
}

/// Runs the body of a callback from where no script can run: inside of a collection, on threads of V8's.
#[inline]
pub fn catch<R>(body: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| panicked(&*panic))
}

/// Ends the script that has called, whatever the callback has thrown.
#[cold]
fn terminate(scope: &mut v8::PinScope) {
    if scope.is_execution_terminating() {
        return;
    }
    {
        v8::tc_scope!(let scope, scope);
        // An exception could be caught in place of the termination.
        scope.reset();
        scope.terminate_execution();
        // The order is obeyed where a function begins, and this is one.
        let source = v8::String::empty(scope);
        if let Some(script) = v8::Script::compile(scope, source, None) {
            script.run(scope);
        }
    }
    if !scope.is_execution_terminating() {
        // No script has called.
        scope.terminate_execution();
    }
}

#[cold]
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Panicked {
    tracing::error!(
        "native code panicked, which is a defect of NANO: {}",
        panic_message(panic)
    );
    Panicked
}

#[cold]
pub(crate) fn throw(scope: &mut v8::PinScope, panicked: Panicked) {
    if let Some(text) = v8::String::new(scope, &panicked.to_string()) {
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
