//! What V8 calls for an isolate as a whole, and for the process.

use std::ffi::c_void;

use v8::{
    Array, Context, Data, FixedArray, Local, Message, Module, Object, PinScope, Promise, Value,
};

use super::{catch, enter};
use crate::state::State;
use crate::{external_memory, foreground, imports, interlude, isolate, modules, rejections};

/// Registers everything that V8 calls for an isolate. The state must outlive it.
pub(crate) fn install(isolate: &mut v8::Isolate, state: &State) {
    isolate.add_near_heap_limit_callback(near_heap_limit, pointer(state));
    isolate.add_gc_epilogue_callback(
        after_collection,
        pointer(state),
        v8::GCType::kGCTypeMarkSweepCompact,
    );
    isolate.set_promise_reject_callback(promise_reject);
    isolate.add_message_listener(message);
    isolate.set_allow_wasm_code_generation_callback(allow_wasm);
    isolate.set_host_import_module_dynamically_callback(import_dynamically);
    isolate.set_host_initialize_import_meta_object_callback(initialize_import_meta);
}

/// Has stacks of errors made by us, when they are first asked for.
pub(crate) fn prepare_stack_traces(isolate: &mut v8::Isolate) {
    isolate.set_prepare_stack_trace_callback(prepare_stack_trace);
}

fn prepare_stack_trace<'s>(
    scope: &mut PinScope<'s, '_>,
    error: Local<'s, Value>,
    sites: Local<'s, Array>,
) -> Local<'s, Value> {
    let stack = enter(scope, |scope| {
        v8::tc_scope!(let scope, scope);
        modules::stack(scope, error, sites)
    });
    stack
        .flatten()
        .unwrap_or_else(|| v8::undefined(scope).into())
}

/// Takes back the room that V8 was given beyond its heap limit.
pub(crate) fn restore_heap_limit(isolate: &mut v8::Isolate, state: &State, limit: usize) {
    isolate.remove_near_heap_limit_callback(near_heap_limit, limit);
    isolate.add_near_heap_limit_callback(near_heap_limit, pointer(state));
}

fn pointer(state: &State) -> *mut c_void {
    (&raw const *state).cast_mut().cast()
}

/// Runs inside of a garbage collection.
unsafe extern "C" fn near_heap_limit(state: *mut c_void, current: usize, initial: usize) -> usize {
    // SAFETY: `install` passes the isolate's state, which outlives it.
    let state = unsafe { &*state.cast_const().cast::<State>() };
    // Anything not above the current limit ends the process.
    catch(|| isolate::near_heap_limit(state, current, initial))
        .unwrap_or(current + state.limits.slack)
}

/// Runs at the end of a garbage collection.
unsafe extern "C" fn after_collection(
    isolate: v8::UnsafeRawIsolatePtr,
    _kind: v8::GCType,
    _flags: v8::GCCallbackFlags,
    state: *mut c_void,
) {
    // SAFETY: as above.
    let state = unsafe { &*state.cast_const().cast::<State>() };
    // SAFETY: V8 passes the isolate that collected, which is alive.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    // A panic is in the log; the next collection counts again.
    let _ = catch(|| isolate::after_collection(&mut isolate, state));
}

/// Has the isolate's thread settle what C code holds, at the next chance that a running script gives.
pub(crate) fn request_settlement(isolate: &v8::IsolateHandle) {
    isolate.request_interrupt(settle, std::ptr::null_mut());
}

/// Runs in the middle of a script, between two of its steps.
unsafe extern "C" fn settle(isolate: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    // SAFETY: V8 passes the isolate that runs.
    let mut isolate = unsafe { v8::Isolate::from_raw_isolate_ptr(isolate) };
    // A panic is in the log; the isolate will be asked again.
    let _ = catch(|| external_memory::watch::asked(&mut isolate));
}

/// Runs no JavaScript, and throws nothing.
unsafe extern "C" fn promise_reject(message: v8::PromiseRejectMessage) {
    scope!(scope, &message);
    // A panic is in the log; the rejection is lost.
    let _ = catch(|| rejections::on_promise_reject(scope, &message));
}

/// Calls [`crate::interlude::take_place`] in the middle of the script that the isolate runs.
pub(crate) fn request_interlude(isolate: &v8::IsolateHandle) {
    isolate.request_interrupt(let_others_in, std::ptr::null_mut());
}

/// Runs in the middle of a script, between two of its steps. Touches nothing of the isolate's.
unsafe extern "C" fn let_others_in(_: v8::UnsafeRawIsolatePtr, _: *mut c_void) {
    // A panic is in the log; the isolate will be asked again.
    let _ = catch(interlude::take_place);
}

/// What nothing caught outside of a turn's own `TryCatch`: exceptions of microtasks.
unsafe extern "C" fn message(message: Local<Message>, exception: Local<Value>) {
    scope!(scope, message);
    enter(scope, |scope| {
        let embedding = State::from_scope(scope).embedding;
        (embedding.report_exception)(scope, exception, Some(message));
    });
}

unsafe extern "C" fn allow_wasm(_context: Local<Context>, _source: Local<v8::String>) -> bool {
    true
}

fn import_dynamically<'s, 'i>(
    scope: &mut PinScope<'s, 'i>,
    _host_options: Local<'s, Data>,
    referrer: Local<'s, Value>,
    specifier: Local<'s, v8::String>,
    attributes: Local<'s, FixedArray>,
) -> Option<Local<'s, Promise>> {
    enter(scope, |scope| {
        imports::import_dynamically(scope, referrer, specifier, attributes)
    })?
}

unsafe extern "C" fn initialize_import_meta(
    context: Local<Context>,
    module: Local<Module>,
    meta: Local<Object>,
) {
    scope!(scope, context);
    enter(scope, |scope| {
        imports::initialize_import_meta(scope, module, meta);
    });
}

/// V8's platform: background tasks run on its own workers, an isolate's foreground tasks in its own loop.
pub(crate) fn platform(workers: u32) -> v8::SharedRef<v8::Platform> {
    // Unprotected: threads that were started before may run JavaScript, too.
    v8::new_custom_platform(workers, false, true, Foreground).make_shared()
}

struct Foreground;

/// On any thread. A panic is in the log; the task is dropped, which cancels it.
fn post(isolate: *mut c_void, task: v8::Task, seconds: f64) {
    let _ = catch(|| foreground::post(isolate, task, seconds));
}

impl v8::PlatformImpl for Foreground {
    fn post_task(&self, isolate: *mut c_void, task: v8::Task) {
        post(isolate, task, 0.0);
    }

    fn post_non_nestable_task(&self, isolate: *mut c_void, task: v8::Task) {
        post(isolate, task, 0.0);
    }

    fn post_delayed_task(&self, isolate: *mut c_void, task: v8::Task, seconds: f64) {
        post(isolate, task, seconds);
    }

    fn post_non_nestable_delayed_task(&self, isolate: *mut c_void, task: v8::Task, seconds: f64) {
        post(isolate, task, seconds);
    }

    fn post_idle_task(&self, _isolate: *mut c_void, task: v8::IdleTask) {
        drop(task); // Idle tasks are switched off; dropping cancels.
    }
}
