//! One isolate with its context and state: made from the snapshot, and taken apart in the right order.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;

use crate::engine::Engine;
use crate::limits::{Limits, MIB};
use crate::mailbox::{Handle, Shared, Verdict};
use crate::malloc::{self, Working};
use crate::memory::{self, Quota};
use crate::module_source::ModuleSource;
use crate::modules::Modules;
use crate::snapshot;
use crate::state::State;
use crate::{entry, foreground, hardening, memory_watch};

/// Address space for generated code. V8 would reserve 512 MiB for each isolate.
const CODE_RANGE: usize = 64 * MIB;

/// How to make an isolate.
pub struct IsolateOptions {
    /// The name of its thread; Linux shows the first 15 bytes.
    pub name: String,
    /// What it may use.
    pub limits: Limits,
    /// Whether `eval` and `new Function` work. WebAssembly always does.
    pub allow_eval: bool,
    /// Where modules come from. Without one every `import` fails.
    pub modules: Option<Box<dyn ModuleSource>>,
    /// The runtime for asynchronous operations. Without one every operation fails.
    pub tokio: Option<tokio::runtime::Handle>,
    /// The process ends with the isolate: taking it apart would be for nothing.
    pub abandon: bool,
    /// Passed to [`crate::Embedding::start`].
    pub data: Box<dyn Any + Send>,
}

impl Default for IsolateOptions {
    fn default() -> Self {
        Self {
            name: "isolate".into(),
            limits: Limits::default(),
            allow_eval: false,
            modules: None,
            tokio: None,
            abandon: false,
            data: Box::new(()),
        }
    }
}

/// An isolate on its thread.
pub(crate) struct Instance {
    // Dropped by hand, between what must go before and after.
    isolate: ManuallyDrop<v8::OwnedIsolate>,
    state: Pin<Box<State>>,
    /// While the isolate is entered. Goes last.
    working: Option<Working>,
}

impl Instance {
    /// Makes the isolate on this thread, which must be the one that runs it, and has entered it then. `start` of the embedding is
    /// not called yet.
    pub(crate) fn new(handle: &Handle, options: IsolateOptions) -> (Self, Box<dyn Any + Send>) {
        let engine = Engine::expect();
        let working = malloc::work_for(&handle.0.quota);
        let IsolateOptions {
            limits,
            allow_eval,
            modules,
            tokio,
            data,
            name: _,
            abandon: _,
        } = options;
        let params = engine
            .create_params()
            .heap_limits(0, limits.memory)
            .set_code_range_size_in_bytes(CODE_RANGE)
            .array_buffer_allocator(memory::allocator(handle.0.quota.clone()).make_shared());
        handle.0.foreground.bind(&handle.0);
        let mut isolate = foreground::making(&handle.0.foreground, || v8::Isolate::new(params));
        handle.0.bind_isolate(isolate.thread_safe_handle());

        let state = Box::pin(State::new(handle, limits, tokio, Modules::new(modules)));
        state.attach(&mut isolate);
        entry::install(&mut isolate, &state);
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 16);
        (engine.embedding.prepare)(&mut isolate);
        {
            v8::scope!(let scope, &mut isolate);
            let context =
                v8::Context::from_snapshot(scope, snapshot::CONTEXT, v8::ContextOptions::default())
                    .expect("the snapshot was checked: it has our context");
            context.set_allow_generation_from_strings(allow_eval);
            let parse = hardening::restored(&mut v8::ContextScope::new(scope, context), engine);
            assert!(state.json_parse.set(parse).is_ok(), "the state is new");
            let context = v8::Global::new(scope, context);
            assert!(state.context.set(context).is_ok(), "the state is new");
        }
        let heap = isolate.get_heap_statistics().used_heap_size();
        state.shared.quota.set_heap(heap);
        (
            Self {
                isolate: ManuallyDrop::new(isolate),
                state,
                working: Some(working),
            },
            data,
        )
    }

    /// Enters the isolate on this thread, which works for it from now on.
    pub(crate) fn enter(&mut self) {
        // SAFETY: it was made on this thread and has exited; it will exit before one that this thread has entered before.
        unsafe { self.isolate.enter() };
        self.working = Some(malloc::work_for(&self.state.shared.quota));
    }

    /// Exits the isolate, so that this thread can enter another one.
    pub(crate) fn exit(&mut self) {
        self.working = None;
        // SAFETY: it is the one that this thread has entered last, and no scope of it is open.
        unsafe { self.isolate.exit() };
    }

    /// Leaves everything as it is, for the process that ends.
    pub(crate) fn abandon(mut self) {
        self.working = None;
        std::mem::forget(self);
    }

    pub(crate) fn parts(&mut self) -> (&mut v8::OwnedIsolate, &State) {
        (&mut self.isolate, &self.state)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Tasks and handles first, then the isolate, then the state that its callbacks point to.
        self.state.shared.quota.foreign().lift_bound();
        drop(self.state.shared.close());
        self.state.clear();
        let context = self.state.context.get().cloned();
        drop(context);
        // SAFETY: the isolate is taken once, here.
        let isolate = unsafe { ManuallyDrop::take(&mut self.isolate) };
        foreground::disposing(&self.state.shared.foreground, isolate);
    }
}

/// The quota that goes with limits.
pub(crate) fn quota(limits: &Limits) -> Arc<Quota> {
    Arc::new(Quota::new(limits.memory))
}

/// V8 is about to give up: end the isolate, and give V8 the room to get there. Gives the new limit of the heap.
pub(crate) fn near_heap_limit(state: &State, current: usize, initial: usize) -> usize {
    state.shared.quota.set_heap(current);
    let first = state.shared.verdict() != Verdict::Heap;
    if first && state.shared.quota.take_refusal() {
        // V8 comes here for a buffer that the quota refused, too. That throws a RangeError and is no reason to end; but V8
        // does not say what it wants, and would end the process if it is heap after all. So there is room for that, too,
        // and `after_collection` keeps to the limit until the next turn takes the room back.
        state.raised_heap_limit.set(Some(initial));
        return current + state.limits.slack;
    }
    condemn(&state.shared);
    // Anything not above the current limit ends the process.
    current
        + if first {
            state.limits.slack
        } else {
            state.limits.slack / 4 + MIB
        }
}

fn condemn(shared: &Shared) {
    shared.condemn(Verdict::Heap);
    shared.terminate_execution();
}

/// Notes the size of the heap after a full collection.
pub(crate) fn after_collection(isolate: &mut v8::Isolate, state: &State) {
    let used = isolate.get_heap_statistics().used_heap_size();
    state.shared.quota.set_heap(used);
    if used + external_memory(isolate, &state.shared.quota) > state.limits.memory {
        condemn(&state.shared);
    }
}

/// What V8 counts outside of its heap: array buffers, also those that do not come from our allocator (resizable ones, the
/// memories of WebAssembly). Without what native objects hold, as right after a collection that is mostly garbage, and without
/// what C code holds, which has a count of its own.
fn external_memory(isolate: &mut v8::Isolate, quota: &Quota) -> usize {
    let all = isolate.adjust_amount_of_external_allocated_memory(0);
    usize::try_from(all)
        .unwrap_or(0)
        .saturating_sub(quota.weights().told() + quota.foreign().told())
}

/// Checks the sum of heap, buffers and native memory between turns, and takes back the room that V8 was given for one.
pub(crate) fn check_memory(isolate: &mut v8::Isolate, state: &State) {
    if let Some(initial) = state.raised_heap_limit.take() {
        entry::restore_heap_limit(isolate, state, initial);
    }
    memory_watch::settle(isolate, &state.shared);
}

/// Ends the isolate if it is over its limit after a collection, because memory outside of the heap is freed by one.
pub(crate) fn enforce_limit(isolate: &mut v8::Isolate, shared: &Shared) {
    let quota = &shared.quota;
    let is_over = |isolate: &mut v8::Isolate| {
        let buffers = quota.buffers().max(external_memory(isolate, quota));
        let native = quota.native() + quota.weights().held() + quota.foreign().held();
        quota.heap() + buffers + native > quota.limit()
    };
    if shared.verdict() == Verdict::None && is_over(isolate) {
        isolate.low_memory_notification();
        if is_over(isolate) {
            condemn(shared);
        }
    }
}
