//! Asynchronous operations: a future on a tokio runtime, and what to do with its result on the isolate's thread.
//!
//! The future runs on the isolate's own thread, between its turns, where that thread does I/O ([`crate::ThreadIo`]): then neither
//! its start nor its end wakes another thread. Else it runs on the main runtime.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::entry::{self, Panicked};
use crate::external_memory::ExternalMemory;
use crate::state::State;

/// Names an operation. Never reused within an isolate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpId {
    slot: u32,
    generation: u32,
}

/// The isolate was created without a tokio runtime ([`crate::IsolateOptions::tokio`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this isolate cannot do asynchronous operations: it was created without a tokio runtime (IsolateOptions::tokio)"
)]
pub struct NoRuntime;

/// Takes the result out of an `Option<R>`.
type Done = Box<dyn for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>, &mut dyn Any)>;

struct Op {
    done: Done,
    /// For whom it was begun, and is ended.
    payer: Option<u64>,
    task: tokio::task::AbortHandle,
    _memory: ExternalMemory,
}

/// About what an operation takes besides its task.
const OP: usize = 512;

struct Slot {
    generation: u32,
    op: Option<Op>,
}

/// The operations of one isolate that have not completed.
#[derive(Default)]
pub struct Ops {
    slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<u32>>,
    pending: Cell<usize>,
}

impl Ops {
    /// How many operations have not completed.
    pub fn pending(&self) -> usize {
        self.pending.get()
    }

    /// Drops the future, and what would have been done with its result. Nothing happens if it has completed.
    pub fn cancel(&self, id: OpId) {
        if let Some(op) = self.take(id) {
            op.task.abort();
        }
    }

    fn reserve(&self) -> OpId {
        if let Some(slot) = self.free.borrow_mut().pop() {
            return OpId {
                slot,
                generation: self.slots.borrow()[slot as usize].generation,
            };
        }
        let mut slots = self.slots.borrow_mut();
        slots.push(Slot {
            generation: 0,
            op: None,
        });
        OpId {
            slot: slots.len() as u32 - 1,
            generation: 0,
        }
    }

    fn fill(&self, id: OpId, op: Op) {
        self.slots.borrow_mut()[id.slot as usize].op = Some(op);
        self.pending.set(self.pending.get() + 1);
    }

    fn take(&self, id: OpId) -> Option<Op> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots
            .get_mut(id.slot as usize)
            .filter(|slot| slot.generation == id.generation)?;
        let op = slot.op.take()?;
        slot.generation += 1;
        self.free.borrow_mut().push(id.slot);
        self.pending.set(self.pending.get() - 1);
        Some(op)
    }

    pub(crate) fn clear(&self) {
        self.pending.set(0);
        self.free.take();
        let slots = self.slots.take();
        for op in slots.into_iter().filter_map(|slot| slot.op) {
            op.task.abort();
        }
    }
}

/// Runs `future` beside JavaScript, then `done` with its result as a turn of this isolate, or with word that it panicked. An
/// isolate that drains until it is idle waits for it. `done` is dropped, on this thread, if the isolate ends first. The isolate is
/// charged for the future itself, not for what that owns elsewhere.
pub fn spawn_op<R: Send + 'static>(
    scope: &v8::PinScope,
    future: impl Future<Output = R> + Send + 'static,
    done: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>, Result<R, Panicked>) + 'static,
) -> Result<OpId, NoRuntime> {
    let state = State::from_scope(scope);
    let runtime = state.tokio().ok_or(NoRuntime)?;
    let id = state.ops.reserve();
    let handle = state.handle();
    // Not an async block: that would have room for the future twice, before its first poll and after it.
    let task = AssertUnwindSafe(future).catch_unwind().map(move |result| {
        let mut result = Some(result.map_err(|panic| entry::panicked(&*panic)));
        handle.post(Box::new(move |scope| {
            let state = State::from_scope(scope);
            if let Some(op) = state.ops.take(id) {
                if let Some(payer) = op.payer {
                    state.works_for(payer);
                }
                (op.done)(scope, &mut result);
            }
        }));
    });
    let memory = ExternalMemory::new(OP + size_of_val(&task));
    let task = match state.thread_io() {
        Some(io) => io.spawn(task),
        None => Err(task),
    };
    let task = task.unwrap_or_else(|task| runtime.spawn(task).abort_handle());
    let done: Done = Box::new(move |scope, result| {
        let result = result
            .downcast_mut::<Option<Result<R, Panicked>>>()
            .and_then(Option::take);
        // The task above passes the result, once.
        done(scope, result.unwrap_or(Err(Panicked)));
    });
    state.ops.fill(
        id,
        Op {
            done,
            payer: state.payer(scope),
            task,
            _memory: memory,
        },
    );
    Ok(id)
}

/// A promise for the result of `future`: `convert` makes the value that resolves (`Ok`) or rejects (`Err`) it. What
/// `convert` throws rejects it, too, and so does a panic of `future`. `None` if the isolate is being ended.
pub fn promise_op<'s, R: Send + 'static>(
    scope: &mut v8::PinScope<'s, '_>,
    future: impl Future<Output = R> + Send + 'static,
    convert: impl for<'a, 'b> FnOnce(
        &mut v8::PinScope<'a, 'b>,
        R,
    ) -> Result<v8::Local<'a, v8::Value>, v8::Local<'a, v8::Value>>
    + 'static,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let promise = resolver.get_promise(scope);
    let settle = v8::Global::new(scope, resolver);
    let spawned = spawn_op(scope, future, move |scope, result| {
        let resolver = v8::Local::new(scope, &settle);
        v8::tc_scope!(let scope, scope);
        let outcome = match result {
            Ok(result) => convert(scope, result),
            Err(panicked) => Err(error(scope, &panicked)),
        };
        // A termination is not an exception that scripts can see; it leaves the promise pending.
        match (scope.exception(), outcome) {
            _ if scope.has_terminated() => {}
            (Some(exception), _) => {
                scope.reset();
                reject(scope, resolver, exception);
            }
            (None, Ok(value)) => {
                resolver.resolve(scope, value);
            }
            (None, Err(reason)) => reject(scope, resolver, reason),
        }
    });
    if let Err(none) = spawned {
        let error = error(scope, &none);
        resolver.reject(scope, error);
    }
    Some(promise)
}

/// Rejects a promise. An error that was made while no JavaScript ran has no stack: it is given that of those who wait for
/// the promise, as it would have if the operation were an async function.
pub fn reject<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    resolver: v8::Local<'s, v8::PromiseResolver>,
    reason: v8::Local<'s, v8::Value>,
) {
    // Objects of other kinds have none at all, unless someone has captured one for them.
    let stack = v8::Exception::get_stack_trace(scope, reason);
    let is_error = reason.is_native_error() || stack.is_some();
    if !is_error || stack.is_some_and(|stack| stack.get_frame_count() > 0) {
        resolver.reject(scope, reason);
        return;
    }
    // V8 looks for async frames where a microtask begins: from the promise that the microtask is to settle. So the promise
    // is resolved with a thenable, whose `then` is called in such a microtask.
    let thenable = || {
        let then = entry::function_builder(reject_with_stack)
            .data(reason)
            .build(scope)?;
        let key = v8::String::new(scope, "then")?;
        let null = v8::null(scope).into();
        let names: [v8::Local<v8::Name>; 1] = [key.into()];
        Some(v8::Object::with_prototype_and_properties(
            scope,
            null,
            &names,
            &[then.into()],
        ))
    };
    match { thenable }() {
        Some(thenable) => resolver.resolve(scope, thenable.into()),
        // The isolate is being terminated.
        None => resolver.reject(scope, reason),
    };
}

/// `then` of a thenable: `(resolvePromise, rejectPromise)`, <https://tc39.es/ecma262/#sec-newpromiseresolvethenablejob>.
fn reject_with_stack<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<v8::Value>,
) {
    let (reason, context) = (args.data(), scope.get_current_context());
    if let Ok(error) = v8::Local::<v8::Object>::try_from(reason) {
        // Fails only for an error that the app has frozen already.
        let _ = v8::Exception::capture_stack_trace(context, error);
    }
    if let Ok(reject) = v8::Local::<v8::Function>::try_from(args.get(1)) {
        let receiver = v8::undefined(scope).into();
        reject.call(scope, receiver, &[reason]);
    }
}

fn error<'s>(
    scope: &v8::PinScope<'s, '_>,
    error: &dyn std::error::Error,
) -> v8::Local<'s, v8::Value> {
    let message = v8::String::new(scope, &error.to_string());
    let message = message.unwrap_or_else(|| v8::String::empty(scope));
    v8::Exception::error(scope, message)
}
