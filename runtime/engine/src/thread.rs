//! The event loop of one isolate, on the thread of its [carrier](crate::carrier); and how its end is told.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::carrier::{Carrier, OpenCarrier};
use crate::crew::{Crew, Left};
use crate::entry::panic_message;
use crate::idle::{Idle, Step};
use crate::isolate::{self, Isolate, IsolateOptions, Purpose};
use crate::limits::{Exit, MIB};
use crate::mailbox::{Handle, Task, Until};
use crate::state::State;
use crate::{idle, watchdog};

/// The stack of a carrier: V8's share (`--stack-size`), and the rest for native code below and above scripts.
/// Address space; pages cost memory when touched.
pub const STACK_SIZE: usize = 4 * MIB;
/// V8's share of it.
pub(crate) const V8_STACK: usize = 984 << 10;
/// The stack of a carrier that any isolates are on: V8 has the more of it, for turns within turns ([`crate::interlude`]).
pub(crate) const SHARED_STACK_SIZE: usize = STACK_SIZE + 4 * MIB;

/// Learns how an isolate ended: by `.await`, or by [`ExitReceiver::wait`].
pub struct ExitReceiver {
    overdue: oneshot::Receiver<()>,
    ended: oneshot::Receiver<Exit>,
    gone: oneshot::Receiver<Exit>,
}

impl ExitReceiver {
    /// Blocks until the isolate is gone. Not for asynchronous code.
    pub fn wait(self) -> Exit {
        self.gone.blocking_recv().unwrap_or_else(|_| lost())
    }

    /// How an isolate ended that is gone.
    fn now(mut self) -> Exit {
        self.gone.try_recv().unwrap_or_else(|_| lost())
    }

    /// Waits until the isolate has ended, or was ended and goes on for longer than anybody should wait for its answers: then its
    /// [`Handle::condemned`] says why it is to end. To be asked once, before [`Self::ended`].
    pub async fn ended_or_overdue(&mut self) -> Option<Exit> {
        tokio::select! {
            biased;
            exit = &mut self.ended => Some(exit.unwrap_or_else(|_| lost())),
            Ok(()) = &mut self.overdue => None,
        }
    }

    /// Waits until the isolate has ended: it runs no JavaScript, and takes no tasks. It has yet to be taken apart, which `.await`
    /// waits for, and which may take long. To be asked once.
    pub async fn ended(&mut self) -> Exit {
        (&mut self.ended).await.unwrap_or_else(|_| lost())
    }
}

/// Tells an [`ExitReceiver`].
pub(crate) struct ExitSender {
    overdue: Option<oneshot::Sender<()>>,
    ended: Option<oneshot::Sender<Exit>>,
    gone: oneshot::Sender<Exit>,
}

impl ExitSender {
    pub(crate) fn new() -> (ExitSender, ExitReceiver) {
        let (overdue, is_overdue) = oneshot::channel();
        let (ended, has_ended) = oneshot::channel();
        let (gone, is_gone) = oneshot::channel();
        let sender = ExitSender {
            overdue: Some(overdue),
            ended: Some(ended),
            gone,
        };
        let receiver = ExitReceiver {
            overdue: is_overdue,
            ended: has_ended,
            gone: is_gone,
        };
        (sender, receiver)
    }

    /// The isolate was ended, and goes on. Nobody may want to know.
    pub(crate) fn overdue(&mut self) {
        if let Some(overdue) = self.overdue.take() {
            let _ = overdue.send(());
        }
    }

    /// The isolate has ended. Nobody may want to know.
    pub(crate) fn ended(&mut self, exit: &Exit) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.send(exit.clone());
        }
    }

    /// Nothing more will be heard of it. Nobody may want to know.
    pub(crate) fn gone(mut self, exit: Exit) {
        self.ended(&exit);
        let _ = self.gone.send(exit);
    }
}

impl Future for ExitReceiver {
    type Output = Exit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exit> {
        Pin::new(&mut self.gone)
            .poll(cx)
            .map(|exit| exit.unwrap_or_else(|_| lost()))
    }
}

fn lost() -> Exit {
    Exit::Panicked("the isolate's thread ended without a word".into())
}

/// Makes an isolate on a carrier of its own. `main` is its first turn; the isolate then runs until it is stopped or drained.
///
/// # Errors
/// The system has no thread or no pipe to give.
pub fn spawn(
    options: IsolateOptions,
    main: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>) + Send + 'static,
) -> std::io::Result<(Handle, ExitReceiver)> {
    OpenCarrier::start_dedicated(options.name.clone())?.spawn(options, main)
}

/// Names this thread, as [`spawn`] names one: for whoever looks at the process. Linux shows the first 15 bytes.
pub(crate) fn name_current(name: &str) {
    #[cfg(target_os = "linux")]
    {
        let mut bytes = [0; 16];
        let shown = name.len().min(bytes.len() - 1);
        bytes[..shown].copy_from_slice(&name.as_bytes()[..shown]);
        // SAFETY: the call reads a text of at most 16 bytes that ends with a zero.
        unsafe { libc::prctl(libc::PR_SET_NAME, bytes.as_ptr()) };
    }
}

/// Makes an isolate on this thread, runs `main` and then the loop until nothing is pending any more.
pub fn run_on_current_thread(
    mut options: IsolateOptions,
    main: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>),
) -> Exit {
    let carrier = Carrier::of_the_process();
    let crew = Crew::new(carrier.clone());
    let purpose = options.purpose();
    let (handle, exit) = carrier.employ(&options);
    handle.drain(Until::Idle);
    crew.admit(handle, options, |turns, scope| {
        turns.begin(scope, purpose, main);
    });
    crew.run();
    carrier.end();
    exit.now()
}

/// Makes isolates on this thread, and takes the turns of all until nothing is pending in any: their first ones are the tasks.
pub fn run_together(isolates: Vec<(IsolateOptions, Task)>) -> Vec<Exit> {
    let carrier = Carrier::of_the_process();
    let crew = Crew::new(carrier.clone());
    let mut exits = Vec::new();
    for (mut options, main) in isolates {
        let purpose = options.purpose();
        let (handle, exit) = carrier.employ(&options);
        handle.drain(Until::Idle);
        exits.push(exit);
        crew.expect(Box::new(move |crew: &Crew| {
            crew.admit(handle, options, |turns, scope| {
                turns.begin(scope, purpose, main);
            });
        }));
    }
    crew.run();
    carrier.end();
    exits.into_iter().map(ExitReceiver::now).collect()
}

/// Opens a scope in the context of an isolate that this thread has entered.
pub(crate) fn in_context<R>(
    isolate: &mut Isolate,
    body: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>, &State) -> R,
) -> R {
    let (isolate, state, context) = isolate.parts();
    v8::scope!(let scope, isolate);
    let context = v8::Local::new(scope, context);
    body(&mut v8::ContextScope::new(scope, context), state)
}

/// What `run` gives, or that it panicked: whatever the embedding holds of the isolate must go before it, even then.
pub(crate) fn or_panicked<R: From<Exit>>(run: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        tracing::error!("the isolate ends, native code panicked: {message}");
        Exit::Panicked(message).into()
    })
}

/// Tells the embedding that its isolate ends, if it has been told of its start.
pub(crate) fn finish(scope: &mut v8::PinScope, state: &State, exit: &Exit) {
    if !state.shared.has_owner() {
        return;
    }
    scope.cancel_terminate_execution();
    let ended = catch_unwind(AssertUnwindSafe(|| (state.embedding.exit)(scope, exit)));
    if let Err(panic) = ended {
        tracing::error!("the embedding's exit panicked: {}", panic_message(&*panic));
    }
}

/// The loop of one isolate.
#[derive(Default)]
pub(crate) struct Turns {
    /// Reused, so that a batch allocates nothing.
    batch: Vec<crate::Task>,
    /// Turns so far, without V8's own tasks.
    turns: Cell<u64>,
    /// V8's own tasks so far.
    tasks: Cell<u64>,
    idle: Idle,
}

/// What comes after a pass of the loop.
enum Next {
    End(Exit),
    /// There is more to do, or time has passed.
    Again,
    /// Nothing is to do until something arrives, or for so long.
    Sleep(Option<Duration>),
}

impl Turns {
    /// One pass after the other, until the isolate ends, or it is another one's turn.
    pub(crate) fn run(&mut self, scope: &mut v8::PinScope, state: &State, crew: &Crew) -> Left {
        let shared = &state.shared;
        loop {
            let timeout = match self.next(scope, state) {
                Next::End(exit) => return Left::Ended(exit),
                Next::Again => Some(Duration::ZERO),
                Next::Sleep(timeout) => {
                    self.pass_the_time(scope, state, crew);
                    [timeout, self.idle.patience()].into_iter().flatten().min()
                }
            };
            if let Err(left) = crew.stays(shared, timeout) {
                return left;
            }
        }
    }

    /// There is nothing to do.
    fn pass_the_time(&mut self, scope: &mut v8::PinScope, state: &State, crew: &Crew) {
        let rest = &state.shared.rest;
        let in_use = || isolate::in_use(scope, state);
        match self.idle.next(self.turns.get(), self.tasks.get(), in_use) {
            Some(Step::Rest) => {
                if crew.others_rest() {
                    idle::rest();
                }
                rest.begins();
                if let Some(tables) = state.tables.get() {
                    tables.give_back(scope);
                }
            }
            // Marks in small steps, which are tasks.
            Some(Step::Collect) => self.turn(&self.tasks, scope, state, |scope| {
                scope.memory_pressure_notification(v8::MemoryPressureLevel::Moderate);
            }),
            None if self.idle.is_awake() => rest.ends(),
            None => {}
        }
    }

    /// The first turns.
    pub(crate) fn begin(
        &mut self,
        scope: &mut v8::PinScope,
        purpose: Purpose,
        main: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>),
    ) {
        let state = State::from_scope(scope);
        self.turn(&self.turns, scope, state, |scope| purpose.give(scope));
        self.turn(&self.turns, scope, state, main);
    }

    /// One pass.
    fn next(&mut self, scope: &mut v8::PinScope, state: &State) -> Next {
        if let Some(exit) = self.pass(scope, state) {
            return Next::End(exit);
        }
        if state.shared.is_called() || state.rejections.is_pending() {
            return Next::Again;
        }
        if state.is_drained(scope) && state.shared.is_empty() {
            return Next::End(state.shared.drained());
        }
        if state.modules.make_code_caches(scope) {
            return Next::Again; // It took a while: look again before sleeping.
        }
        let timer = state.timers.next_due();
        let task = state.shared.foreground.next_due();
        let due = [timer, task].into_iter().flatten().min();
        Next::Sleep(due.map(|due| due.saturating_duration_since(Instant::now())))
    }

    /// Does everything that is there to do, once.
    fn pass(&mut self, scope: &mut v8::PinScope, state: &State) -> Option<Exit> {
        let mut batch = std::mem::take(&mut self.batch);
        state.shared.answer();
        state.shared.take(&mut batch);
        for task in batch.drain(..) {
            if let Some(exit) = state.verdict() {
                return Some(exit);
            }
            self.turn(&self.turns, scope, state, task);
        }
        self.batch = batch;

        if let Some(now) = state.timers.next_due().map(|_| Instant::now()) {
            let mark = state.timers.mark();
            while let Some(mut due) = state.timers.take_due(now, mark) {
                if let Some(exit) = state.verdict() {
                    return Some(exit);
                }
                self.turn(&self.turns, scope, state, |scope| due.run(scope));
                due.finish(&state.timers);
            }
        }

        for task in state.shared.foreground.take_due() {
            if state.verdict().is_some() {
                break;
            }
            self.turn(&self.tasks, scope, state, |_| task.run());
        }

        if state.rejections.is_pending() {
            self.turn(&self.turns, scope, state, |_| {});
        }
        isolate::check_memory(scope, state);
        state.verdict()
    }

    /// One turn, of the app's or of V8's, which the watchdog sees. Counts it.
    fn turn(
        &self,
        count: &Cell<u64>,
        scope: &mut v8::PinScope,
        state: &State,
        task: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>),
    ) {
        count.set(count.get() + 1);
        state.shared.turn.begin();
        watchdog::notice();
        Self::run_turn(scope, state, task);
        state.settle_turn();
        state.end_turn();
        if state.shared.turn.end() {
            state.shared.settle_interrupt(scope);
        }
    }

    fn run_turn(
        scope: &mut v8::PinScope,
        state: &State,
        task: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>),
    ) {
        v8::scope!(let scope, scope);
        v8::tc_scope!(let scope, scope);
        task(scope);
        if state.is_terminated() {
            return; // Microtasks are the isolate's code, too.
        }
        if state.shared.turn.resume() {
            state.shared.settle_interrupt(scope);
            scope.reset();
        }
        if scope.has_caught() && !scope.has_terminated() {
            report(scope, state);
            // Whoever threw has left it for the report.
            let none = v8::undefined(scope).into();
            scope.set_continuation_preserved_embedder_data(none);
        }
        scope.perform_microtask_checkpoint();
        if state.rejections.is_pending() && state.verdict().is_none() {
            state.rejections.notify(scope);
            if scope.has_caught() && !scope.has_terminated() {
                report(scope, state);
            }
            scope.perform_microtask_checkpoint();
        }
    }
}

/// Passes what a task threw to the embedding.
fn report<'s, 'o, 'i>(
    scope: &mut v8::PinnedRef<'_, v8::TryCatch<'s, 'o, v8::HandleScope<'i>>>,
    state: &State,
) {
    let (exception, message) = (scope.exception(), scope.message());
    scope.reset();
    if let Some(exception) = exception {
        (state.embedding.report_exception)(scope, exception, message);
    }
}
