//! One isolate with its context and state: made from the snapshot, and taken apart in the right order.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;

use crate::app::App;
use crate::engine::Engine;
use crate::external_memory::malloc::{self, Working};
use crate::external_memory::{self, Account, tables};
use crate::limits::{Exit, Limits, MIB};
use crate::mailbox::{Handle, Shared, Verdict};
use crate::module_source::ModuleSource;
use crate::resources::Making;
use crate::snapshot;
use crate::state::State;
use crate::{entry, foreground, hardening, stack};

/// Address space for generated code. V8 would reserve 512 MiB for each isolate.
pub(crate) const CODE_RANGE: usize = 64 * MIB;

/// How to make an isolate.
pub struct IsolateOptions {
    /// The app's: isolates of one name have one share of what the process has. And that of its thread; Linux shows the first 15 bytes.
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

/// What makes an isolate some app's.
pub(crate) struct Purpose {
    pub(crate) app: Arc<App>,
    pub(crate) modules: Option<Box<dyn ModuleSource>>,
    pub(crate) data: Box<dyn Any + Send>,
}

impl Purpose {
    /// Gives the isolate its purpose, which it has none of yet. A part of its first turn.
    pub(crate) fn give(self, scope: &mut v8::PinScope) {
        let state = State::from_scope(scope);
        state.shared.belongs_to(self.app);
        if let Some(source) = self.modules {
            state.set_modules(source);
        }
        (state.embedding.start)(scope, self.data);
    }
}

impl IsolateOptions {
    /// What the isolate is made for.
    pub(crate) fn purpose(&mut self) -> Purpose {
        Purpose {
            app: App::named(&self.name),
            modules: self.modules.take(),
            data: std::mem::replace(&mut self.data, Box::new(())),
        }
    }
}

/// An isolate on its thread.
pub(crate) struct Isolate {
    // Dropped by hand, between what must go before and after.
    isolate: ManuallyDrop<v8::OwnedIsolate>,
    state: Pin<Box<State>>,
    context: v8::Global<v8::Context>,
    /// While the isolate is entered. Goes last.
    working: Option<Working>,
}

impl Isolate {
    /// Makes the isolate on this thread, which must be the one that runs it, and has entered it then. It has no [`Purpose`] yet.
    ///
    /// # Errors
    /// Why it has ended already: somebody has stopped it, or its limit is too low to begin with.
    pub(crate) fn new(handle: &Handle, options: IsolateOptions) -> Result<Self, Exit> {
        let engine = Engine::get().ok_or_else(|| {
            Exit::NotMade("Engine::start must come before the first isolate".into())
        })?;
        let working = malloc::work_for(&handle.0.account);
        let IsolateOptions {
            limits,
            allow_eval,
            tokio,
            ..
        } = options;
        let params = engine
            .create_params()
            .heap_limits(0, limits.memory)
            .set_code_range_size_in_bytes(CODE_RANGE)
            .array_buffer_allocator(
                external_memory::allocator(handle.0.account.clone()).make_shared(),
            );
        handle.0.foreground.bind(&handle.0);
        let (mut isolate, tables) = {
            // What V8 maps for its tables looks like a buffer's, and it ends the process where it gets none.
            let _nobody = malloc::work_for_nobody();
            let _making =
                Making::begin().map_err(|shortage| Exit::NotMade(shortage.to_string()))?;
            tables::of(|| foreground::making(&handle.0.foreground, || v8::Isolate::new(params)))
        };
        if handle.0.carrier().is_shared() {
            stack::give_more(&mut isolate);
        }
        handle.0.bind_isolate(isolate.thread_safe_handle());

        let state = Box::pin(State::new(engine, handle, limits, tokio));
        state.tables.get_or_init(|| tables);
        state.attach(&mut isolate);
        entry::install(&mut isolate, &state);
        isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
        isolate.set_capture_stack_trace_for_uncaught_exceptions(true, 16);
        (engine.embedding.prepare)(&mut isolate);
        let Some(context) = restore(&mut isolate, &state, engine, allow_eval) else {
            take_apart(isolate, &state);
            let why = || Exit::NotMade("the snapshot's context cannot be restored".into());
            return Err(state.verdict().unwrap_or_else(why));
        };
        let heap = isolate.get_heap_statistics().used_heap_size();
        state.shared.account.set_heap(heap);
        Ok(Self {
            isolate: ManuallyDrop::new(isolate),
            state,
            context,
            working: Some(working),
        })
    }

    /// Enters the isolate on this thread, which works for it from now on.
    pub(crate) fn enter(&mut self) {
        // SAFETY: it was made on this thread and has exited; it will exit before one that this thread has entered before.
        unsafe { self.isolate.enter() };
        self.working = Some(malloc::work_for(&self.state.shared.account));
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

    pub(crate) fn parts(&mut self) -> (&mut v8::OwnedIsolate, &State, &v8::Global<v8::Context>) {
        (&mut self.isolate, &self.state, &self.context)
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        if self.working.is_none() {
            self.enter();
        }
        // SAFETY: the isolate is taken once, here.
        let isolate = unsafe { ManuallyDrop::take(&mut self.isolate) };
        take_apart(isolate, &self.state);
    }
}

/// Makes the context out of the snapshot. `None` if the isolate was ended meanwhile.
fn restore(
    isolate: &mut v8::OwnedIsolate,
    state: &State,
    engine: &Engine,
    allow_eval: bool,
) -> Option<v8::Global<v8::Context>> {
    v8::scope!(let scope, isolate);
    let options = v8::ContextOptions::default();
    let context = v8::Context::from_snapshot(scope, snapshot::CONTEXT, options)?;
    context.set_allow_generation_from_strings(allow_eval);
    entry::coarsen_temporal(context);
    let parse = hardening::restored(&mut v8::ContextScope::new(scope, context), engine)?;
    state.json_parse.get_or_init(|| parse);
    Some(v8::Global::new(scope, context))
}

/// Tasks and handles first, then the isolate; the state that its callbacks point to goes later.
fn take_apart(isolate: v8::OwnedIsolate, state: &State) {
    state.shared.account.foreign().lift_bound();
    drop(state.shared.close());
    state.clear();
    foreground::disposing(&state.shared.foreground, isolate);
    state.shared.app().leave(&state.shared.account);
}

/// The account that goes with limits.
pub(crate) fn account(limits: &Limits) -> Arc<Account> {
    Arc::new(Account::new(limits.memory))
}

/// V8 is about to give up: end the isolate, and give V8 the room to get there. Gives the new limit of the heap.
pub(crate) fn near_heap_limit(state: &State, current: usize, initial: usize) -> usize {
    let account = &state.shared.account;
    account.set_heap(current.max(account.heap()));
    if state.shared.verdict() != Verdict::Heap && account.take_refusal() {
        // V8 comes here for a buffer that the account refused, too. That throws a RangeError and is no reason to end; but V8
        // does not say what it wants, and would end the process if it is heap after all. So there is room for that, too,
        // and `after_collection` keeps to the limit until the next turn takes the room back.
        state.raised_heap_limit.set(Some(initial));
        return current + room(state, current - initial, state.limits.slack);
    }
    condemn(&state.shared);
    // Anything not above the current limit ends the process, and so does less than what V8 holds: its first large object may have
    // passed the limit by far. `after_collection` may have been first to find that.
    let slack = state.limits.slack;
    let beyond = current.saturating_sub(initial);
    current
        + room(
            state,
            beyond,
            if beyond < slack { slack } else { slack / 4 },
        )
}

/// How much V8's heap may grow, so many bytes beyond its limit already: as much of what is `wanted` as there is to spare.
fn room(state: &State, beyond: usize, wanted: usize) -> usize {
    let mut room = wanted;
    while room > MIB && !state.shared.account.spare_heap(beyond + room) {
        room /= 2;
    }
    room.max(MIB)
}

fn condemn(shared: &Shared) {
    shared.condemn(Verdict::Heap);
    shared.terminate_execution();
}

/// Notes the size of the heap after a full collection.
pub(crate) fn after_collection(isolate: &mut v8::Isolate, state: &State) {
    state.wasm_modules.sweep();
    let used = isolate.get_heap_statistics().used_heap_size();
    state.shared.account.set_heap(used);
    if used + told_by_v8(isolate, &state.shared.account) > state.limits.memory {
        condemn(&state.shared);
    }
}

/// What V8 counts outside of its heap: array buffers, also those that do not come from our allocator (resizable ones, the
/// memories of WebAssembly). Without what native objects hold, as right after a collection that is mostly garbage, and without
/// what C code holds, which has a count of its own.
fn told_by_v8(isolate: &mut v8::Isolate, account: &Account) -> usize {
    let all = isolate.adjust_amount_of_external_allocated_memory(0);
    usize::try_from(all)
        .unwrap_or(0)
        .saturating_sub(account.objects().told() + account.told())
}

/// Checks the sum of heap, buffers and native memory between turns, and whether there is any room left; and takes back the room that
/// V8 was given for a turn.
pub(crate) fn check_memory(isolate: &mut v8::Isolate, state: &State) {
    if let Some(initial) = state.raised_heap_limit.take() {
        entry::restore_heap_limit(isolate, state, initial);
        state.shared.account.heap_is_back();
    }
    let shared = &state.shared;
    external_memory::watch::settle(isolate, shared);
    if shared.verdict() == Verdict::None && state.shortage.is_lasting(isolate, shared) {
        condemn(shared);
    }
}

/// Ends the isolate if it is over its limit after a collection, because memory outside of the heap is freed by one.
pub(crate) fn enforce_limit(isolate: &mut v8::Isolate, shared: &Shared) {
    let account = &shared.account;
    let is_over = |isolate: &mut v8::Isolate| {
        account.heap() + outside_of_heap(isolate, account) > account.limit()
    };
    if shared.verdict() == Verdict::None && is_over(isolate) {
        isolate.low_memory_notification();
        if is_over(isolate) {
            condemn(shared);
        }
    }
}

/// Bytes of buffers and native memory.
fn outside_of_heap(isolate: &mut v8::Isolate, account: &Account) -> usize {
    let buffers = account.buffers().max(told_by_v8(isolate, account));
    let native = account.reserved() + account.objects().held() + account.overlooked();
    buffers + native + account.foreign().held()
}

/// Bytes of heap, buffers and native memory in use now, garbage included.
pub(crate) fn in_use(isolate: &mut v8::Isolate, state: &State) -> usize {
    let heap = isolate.get_heap_statistics().used_heap_size();
    heap + outside_of_heap(isolate, &state.shared.account)
}
