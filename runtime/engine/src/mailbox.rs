//! How the rest of the process reaches an isolate: tasks for its thread, and orders to end.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::app::App;
use crate::bell::Caller;
use crate::carrier::Carrier;
use crate::compute;
use crate::entry;
use crate::external_memory::{Account, Reservation};
use crate::foreground::ForegroundQueue;
use crate::limits::Exit;
use crate::mail::Mail;
use crate::meter::NO_BOUND;
use crate::process_memory::{Arrival, SmallBody, headroom};
use crate::rest::Rest;
use crate::thread_io::ThreadIo;
use crate::turn_clock::TurnClock;

/// Work for the thread of an isolate. Runs as a turn of its own: in a handle scope, microtasks after it.
pub type Task = Box<dyn for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>) + Send>;

/// How much must be done before a drained isolate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Nothing is pending: no [`KeepAlive`], no operation, no referenced timer, no background compilation.
    Idle,
    /// No [`KeepAlive`] is held. Timers and operations that nobody waits for are dropped.
    Released,
}

/// What [`Shared`]'s `drain` says where the memory of an isolate at rest is wanted: as [`Until::Released`].
const EVICTED: u8 = 3;

/// Why an isolate has to leave its loop. The first verdict stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    None = 0,
    Stop = 1,
    Cpu = 2,
    Heap = 3,
    Crash = 4,
    ProcessMemory = 5,
    /// As `Stop`, but in the middle of a turn.
    Terminate = 6,
    /// Nothing is left to whom a turn is for; see [`crate::meter`].
    Payer = 7,
    /// Its carrier is lost to another one.
    Lost = 8,
}

/// What an isolate shares with the rest of the process.
pub(crate) struct Shared {
    mail: Mail<Task>,
    /// What it calls its carrier by.
    caller: Caller,
    carrier: Arc<Carrier>,
    isolate: OnceLock<v8::IsolateHandle>,
    verdict: AtomicU8,
    /// 0; or one more than an [`Until`]; or [`EVICTED`].
    drain: AtomicU8,
    pub(crate) rest: Rest,
    tokens: AtomicUsize,
    pub(crate) turn: TurnClock,
    pub(crate) foreground: Arc<ForegroundQueue>,
    pub(crate) account: Arc<Account>,
    pub(crate) compute: Arc<compute::Share>,
    cpu_budget: Option<Duration>,
    /// Whom the last turn was for that was for somebody.
    pub(crate) payer: AtomicU64,
    /// What is left to whom the turn is for that runs, in nanoseconds; else [`NO_BOUND`].
    pub(crate) turn_bound: AtomicU64,
    /// A turn of it has held up others of its carrier.
    held_up: AtomicBool,
    /// CPU time that its thread has worked for it, in nanoseconds, but for the time since it has begun with that for the last time.
    pub(crate) past_cpu: AtomicU64,
}

/// Reaches an isolate from any thread. Cheap to clone; does not keep the isolate alive.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Shared>);

impl Handle {
    pub(crate) fn new(
        account: Arc<Account>,
        cpu_budget: Option<Duration>,
        carrier: &Arc<Carrier>,
    ) -> Self {
        let shared = Arc::new(Shared {
            mail: Mail::new(),
            caller: carrier.next_caller(),
            carrier: carrier.clone(),
            isolate: OnceLock::new(),
            verdict: AtomicU8::new(0),
            drain: AtomicU8::new(0),
            rest: Rest::default(),
            tokens: AtomicUsize::new(0),
            turn: TurnClock::default(),
            foreground: Arc::default(),
            compute: compute::Share::of(account.clone()),
            account,
            cpu_budget,
            payer: AtomicU64::new(0),
            turn_bound: AtomicU64::new(NO_BOUND),
            held_up: AtomicBool::new(false),
            past_cpu: AtomicU64::new(0),
        });
        shared.account.foreign().bind(&shared);
        Self(shared)
    }

    /// One that no thread has.
    #[cfg(test)]
    pub(crate) fn for_tests(account: Arc<Account>) -> Self {
        Self::new(account, None, &Carrier::of_the_process())
    }

    /// Puts a task into the mailbox. `false` if the isolate has ended: the task was dropped.
    pub fn post(&self, task: Task) -> bool {
        let is_in = self.0.mail.put(task);
        if is_in {
            self.0.wake();
        }
        is_in
    }

    /// Like [`Handle::post`], without the box at the caller's.
    pub fn post_fn(
        &self,
        task: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>) + Send + 'static,
    ) -> bool {
        self.post(Box::new(task))
    }

    /// Ends the isolate as soon as the current task is done; what is still in the mailbox is dropped.
    pub fn stop(&self) {
        self.0.condemn(Verdict::Stop);
        self.0.wake();
    }

    /// Ends the isolate now, in the middle of a running script if need be.
    pub fn terminate(&self) {
        self.0.condemn(Verdict::Terminate);
        self.0.terminate_execution();
        self.0.wake();
    }

    /// Ends the turn that runs, in the middle of its script; the isolate goes on. Does nothing to an isolate that rests.
    pub fn interrupt(&self) {
        if let Some(turn) = self.0.turn.look() {
            self.0.turn.fire(turn, || self.0.terminate_execution());
        }
    }

    /// Ends the isolate once everything is done that `until` names. Tasks that are posted meanwhile still run.
    pub fn drain(&self, until: Until) {
        self.0.drain.store(until as u8 + 1, Ordering::Release);
        self.0.wake();
    }

    /// From now on the isolate may be ended while it has nothing to do, when the process needs its memory ([`Exit::Evicted`]). Nothing
    /// that has been posted by then is lost: it is run, or dropped by [`Handle::post`].
    ///
    /// It has started: it is also ended, by its limit, where what it has kept since then leaves no room for anything that is asked of it.
    pub fn may_be_evicted(&self) {
        self.0.account.note_base();
        self.0.rest.may_end();
    }

    /// How the isolate is going to end, if it must: when its current turn is over, no other begins.
    pub fn condemned(&self) -> Option<Exit> {
        self.0.exit()
    }

    /// Something outside of V8 will still want this isolate. It drains only when every token has been dropped.
    pub fn keep_alive(&self) -> KeepAlive {
        self.0.tokens.fetch_add(1, Ordering::Relaxed);
        KeepAlive(self.0.clone())
    }

    /// Lets tasks run on the isolate's thread, between turns. `None` if that has ended.
    pub fn thread_io(&self) -> Option<Arc<ThreadIo>> {
        self.0.carrier.do_io()
    }

    /// Bytes of heap (as of the last garbage collection), and of array buffers and charged native memory (now).
    pub fn memory(&self) -> (usize, usize) {
        let account = &self.0.account;
        (account.heap(), account.buffers() + account.reserved())
    }

    /// How often something has not fitted into the isolate's limit, and was refused by an exception.
    pub fn memory_shortages(&self) -> usize {
        self.0.account.shortages()
    }

    /// CPU time that the isolate's thread has used for it so far.
    pub fn cpu_time(&self) -> Duration {
        self.0.cpu_time()
    }

    /// CPU time of native work that was done for the isolate on other threads.
    pub fn compute_time(&self) -> std::time::Duration {
        self.0.compute.used()
    }

    /// Whether a turn of it has held up others of its carrier for longer than any may, as it could not be interrupted.
    pub fn has_held_up(&self) -> bool {
        self.0.held_up.load(Ordering::Relaxed)
    }

    /// A reservation of nothing yet to the isolate's memory.
    pub fn reservation(&self) -> Reservation {
        Reservation::new(self.0.account.clone())
    }

    /// Waits until the process has so many bytes more for what comes from a client or a peer, or a small body gets them of the budget
    /// for such. They are used once what this returns is dropped. `None` if it has not in time, or the isolate ends.
    pub async fn process_room(
        &self,
        bytes: usize,
        small: Option<&mut SmallBody>,
    ) -> Option<Arrival> {
        headroom::arrival(&self.0.account, bytes, small).await
    }

    /// A small body of the isolate's, of which nothing has come.
    pub fn small_body(&self) -> SmallBody {
        SmallBody::new(self.0.account.clone())
    }

    /// Collects garbage as a turn of the isolate, and waits for it: for those who need memory and run elsewhere. Returns at
    /// once if the isolate has ended.
    pub async fn collect_garbage(&self) {
        let (done, collected) = tokio::sync::oneshot::channel();
        self.post_fn(move |scope| {
            scope.low_memory_notification();
            let _ = done.send(()); // Whoever waited may be gone.
        });
        let _ = collected.await; // An error is the isolate's end.
    }
}

/// Keeps a draining isolate running while it is held; see [`Handle::keep_alive`].
pub struct KeepAlive(Arc<Shared>);

impl Drop for KeepAlive {
    fn drop(&mut self) {
        if self.0.tokens.fetch_sub(1, Ordering::AcqRel) == 1 && self.0.draining().is_some() {
            self.0.wake();
        }
    }
}

impl Shared {
    /// Has the thread look after this isolate soon.
    pub(crate) fn wake(&self) {
        self.carrier.call(&self.caller);
    }

    /// The thread is about to look after it: what it was woken for before is seen after this.
    pub(crate) fn answer(&self) {
        self.caller.answer();
    }

    /// Whether it was woken since. On its thread.
    pub(crate) fn is_called(&self) -> bool {
        self.caller.is_calling()
    }

    /// Its own among the isolates of its carrier.
    pub(crate) fn number(&self) -> u64 {
        self.caller.number()
    }

    pub(crate) fn carrier(&self) -> &Arc<Carrier> {
        &self.carrier
    }

    pub(crate) fn io(&self) -> Option<&Arc<ThreadIo>> {
        self.carrier.io()
    }

    /// CPU time that its thread has worked for it.
    pub(crate) fn cpu_time(&self) -> Duration {
        self.carrier.cpu_time_of(self)
    }

    /// The isolate has ended: drops what nobody will run.
    pub(crate) fn end(&self) {
        drop(self.mail.close());
    }

    /// Says whose isolate it is, before its first turn.
    pub(crate) fn belongs_to(&self, app: Arc<App>) {
        assert!(
            self.account.owner.tell(app),
            "an isolate belongs to one app"
        );
    }

    /// Whether it is known whose isolate it is.
    pub(crate) fn has_owner(&self) -> bool {
        self.account.owner.is_told()
    }

    /// The app whose isolate it is.
    pub(crate) fn app(&self) -> &Arc<App> {
        self.account.app()
    }

    /// The app's name; empty before that is known.
    pub(crate) fn name(&self) -> &str {
        self.app().name()
    }

    pub(crate) fn bind_isolate(&self, isolate: v8::IsolateHandle) {
        assert!(
            self.isolate.set(isolate).is_ok(),
            "a mailbox belongs to one isolate"
        );
    }

    /// Swaps the waiting tasks against an empty vector, whose capacity is reused.
    pub(crate) fn take(&self, batch: &mut Vec<Task>) {
        self.mail.take(batch);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mail.is_empty()
    }

    /// Closes the mailbox and hands back what nobody will run.
    pub(crate) fn close(&self) -> Vec<Task> {
        self.mail.close()
    }

    pub(crate) fn condemn(&self, verdict: Verdict) {
        if verdict != Verdict::Stop {
            self.account.terminate();
        }
        let _ =
            self.verdict
                .compare_exchange(0, verdict as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    /// The thread never comes back to the isolate, or too late.
    pub(crate) fn lose(&self, exit: &Exit) {
        match exit {
            // Whatever the verdict was, this is the last.
            Exit::Crashed => self.verdict.store(Verdict::Crash as u8, Ordering::Release),
            _ => self.condemn(Verdict::Lost),
        }
        self.end();
        self.wake();
    }

    /// The reason to leave the loop, if there is one.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.verdict() {
            Verdict::None => None,
            Verdict::Stop | Verdict::Terminate => Some(Exit::Stopped),
            Verdict::Cpu => Some(Exit::CpuLimit {
                budget: self.cpu_budget.unwrap_or_default(),
            }),
            Verdict::Payer => Some(Exit::PayerLimit {
                payer: self.payer.load(Ordering::Relaxed),
            }),
            Verdict::Crash => Some(Exit::Crashed),
            Verdict::Lost => Some(Exit::Lost),
            Verdict::ProcessMemory => Some(Exit::ProcessLimit),
            Verdict::Heap => Some(Exit::HeapLimit {
                limit: self.account.limit(),
            }),
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self.verdict.load(Ordering::Acquire) {
            0 => Verdict::None,
            1 => Verdict::Stop,
            2 => Verdict::Cpu,
            3 => Verdict::Heap,
            5 => Verdict::ProcessMemory,
            6 => Verdict::Terminate,
            7 => Verdict::Payer,
            8 => Verdict::Lost,
            _ => Verdict::Crash,
        }
    }

    /// Whether the running turn must not go on either.
    #[inline]
    pub(crate) fn is_terminated(&self) -> bool {
        self.account.is_terminated()
    }

    pub(crate) fn terminate_execution(&self) {
        if let Some(isolate) = self.isolate.get() {
            isolate.terminate_execution();
        }
    }

    /// Takes back what ended a script, unless it is to end the isolate: V8 keeps it until a script runs, or for good.
    #[cold]
    pub(crate) fn settle_interrupt(&self, isolate: &v8::Isolate) {
        if self.is_terminated() {
            return;
        }
        isolate.cancel_terminate_execution();
        if self.is_terminated() {
            self.terminate_execution(); // That one stands.
        }
    }

    /// Has the isolate's thread settle what C code holds, at the next chance that a running script gives.
    pub(crate) fn request_settlement(&self) {
        if let Some(isolate) = self.isolate.get() {
            entry::request_settlement(isolate);
        }
    }

    /// Has the turn that runs let others in, at the next chance that its script gives; see [`crate::interlude`].
    pub(crate) fn request_interlude(&self) {
        if let Some(isolate) = self.isolate.get() {
            entry::request_interlude(isolate);
        }
    }

    /// A turn of it holds up others of its carrier.
    pub(crate) fn holds_up(&self) {
        self.held_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn draining(&self) -> Option<Until> {
        match self.drain.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Until::Idle),
            _ => Some(Until::Released),
        }
    }

    /// Since when the isolate has had nothing to do, in milliseconds of [`headroom::milliseconds`], if it may be evicted for that.
    pub(crate) fn rests_since(&self) -> Option<u64> {
        let is_at_rest = self.tokens() == 0
            && self.turn.look().is_none()
            && self.is_empty()
            && self.verdict() == Verdict::None
            && self.draining().is_none();
        self.rest.since().filter(|_| is_at_rest)
    }

    /// Has the isolate end, unless it has got something to do meanwhile: then, as soon as that is done.
    pub(crate) fn evict(&self) {
        let order = Ordering::AcqRel;
        let _ = self
            .drain
            .compare_exchange(0, EVICTED, order, Ordering::Relaxed); // It drains already.
        self.wake();
    }

    /// Whether the isolate is ending because its memory is wanted, and nothing keeps it: no token, nor a turn.
    pub(crate) fn is_leaving(&self) -> bool {
        let is_at_rest = self.tokens() == 0 && self.turn.look().is_none();
        is_at_rest && self.drain.load(Ordering::Acquire) == EVICTED
    }

    /// What the end of a drain is.
    pub(crate) fn drained(&self) -> Exit {
        match self.drain.load(Ordering::Acquire) {
            EVICTED => Exit::Evicted,
            _ => Exit::Drained,
        }
    }

    pub(crate) fn tokens(&self) -> usize {
        self.tokens.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle() -> Handle {
        Handle::for_tests(Arc::new(Account::new(1 << 20)))
    }

    #[test]
    fn a_batch_keeps_order_and_a_closed_mailbox_refuses() {
        let handle = handle();
        for _ in 0..3 {
            assert!(handle.post_fn(|_| {}));
        }
        let mut batch = Vec::new();
        handle.0.take(&mut batch);
        assert_eq!(batch.len(), 3);
        assert!(handle.0.is_empty());
        assert!(handle.post_fn(|_| {}));
        assert_eq!(handle.0.close().len(), 1);
        assert!(!handle.post_fn(|_| {}));
    }

    #[test]
    fn the_first_verdict_stands() {
        let handle = handle();
        handle.0.condemn(Verdict::Heap);
        handle.0.condemn(Verdict::Stop);
        assert_eq!(handle.0.verdict(), Verdict::Heap);
    }

    #[test]
    fn tokens_are_counted() {
        let handle = handle();
        let (a, b) = (handle.keep_alive(), handle.keep_alive());
        assert_eq!(handle.0.tokens(), 2);
        drop((a, b));
        assert_eq!(handle.0.tokens(), 0);
    }
}
