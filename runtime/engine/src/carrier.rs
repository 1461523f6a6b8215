//! Carriers: threads that own isolates. Each isolate stays with its carrier for life; a carrier may have any number of them, whose
//! turns it takes one after the other ([`crate::crew`]), and does their I/O in between.
//!
//! Here is what a carrier shares with the rest of the process. [`crate::spawn`] gives an isolate a carrier of its own.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::alarm::Alarm;
use crate::bell::{Bell, Caller, Signal};
use crate::cpu_clock::CpuClock;
use crate::crew::{self, Crew};
use crate::external_memory::malloc;
use crate::isolate::{self, IsolateOptions};
use crate::mailbox::{Handle, Shared};
use crate::thread::{ExitReceiver, ExitSender, SHARED_STACK_SIZE, STACK_SIZE, Turns};
use crate::thread_io::ThreadIo;
use crate::{containment, watchdog};

/// The number by which a carrier is called for itself. Those of isolates are higher.
pub(crate) const ITSELF: u64 = 0;

/// An isolate that is to begin on a carrier.
pub(crate) type Arrival = Box<dyn FnOnce(&Crew) + Send>;

/// What a carrier shares with the rest of the process.
pub(crate) struct Carrier {
    bell: Bell<ThreadIo>,
    /// How many isolates it was given so far, which is the last one's number.
    numbers: AtomicU64,
    /// How many of them have begun.
    begun: AtomicU64,
    /// How many interludes there were so far.
    interludes: AtomicU64,
    /// Rung where there are arrivals, or will be none any more.
    door: Caller,
    arrivals: Mutex<Vec<Arrival>>,
    is_open: AtomicBool,
    work: Mutex<Work>,
    kind: Kind,
    is_lost: AtomicBool,
}

/// Whose thread it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The process's, which has other things to do later.
    Process,
    /// One isolate's.
    Dedicated,
    /// Any isolate's.
    Shared,
}

/// For whom the thread works.
#[derive(Default)]
struct Work {
    isolate: Option<Arc<Shared>>,
    /// The thread's CPU time when it began with that.
    since: Duration,
    /// The thread's, while that is there: another one may get its clock.
    clock: Option<CpuClock>,
}

impl Work {
    /// CPU time since it began with what it does now.
    fn used(&self) -> Duration {
        let now = self.clock.as_ref().and_then(CpuClock::now);
        now.map_or(Duration::ZERO, |now| now.saturating_sub(self.since))
    }
}

impl Signal for ThreadIo {
    fn signal(&self) {
        ThreadIo::signal(self);
    }
}

impl Carrier {
    /// A carrier whose thread is to [bind](Self::bind) itself.
    fn new(kind: Kind) -> Arc<Carrier> {
        Arc::new(Carrier {
            bell: Bell::new(),
            numbers: AtomicU64::new(ITSELF),
            begun: AtomicU64::new(ITSELF),
            interludes: AtomicU64::new(0),
            door: Caller::new(ITSELF),
            arrivals: Mutex::default(),
            is_open: AtomicBool::new(kind != Kind::Process),
            work: Mutex::default(),
            kind,
            is_lost: AtomicBool::new(false),
        })
    }

    /// The carrier that a thread is which has other things to do later. It takes no isolates from others.
    pub(crate) fn of_the_process() -> Arc<Carrier> {
        Carrier::new(Kind::Process)
    }

    /// The carrier is this thread.
    pub(crate) fn bind(&self) {
        self.work().clock = Some(CpuClock::of_this_thread());
        self.bell.bind(std::thread::current());
    }

    /// Begins an isolate's life on the rest of the process's side: whoever waits for its end learns of it in any case.
    pub(crate) fn employ(self: &Arc<Self>, options: &IsolateOptions) -> (Handle, ExitReceiver) {
        let handle = Handle::new(
            isolate::account(&options.limits),
            options.limits.cpu_per_turn,
            self,
        );
        let (sender, receiver) = ExitSender::new();
        containment::supervise(&handle.0, sender);
        (handle, receiver)
    }

    /// The caller for an isolate that comes next.
    pub(crate) fn next_caller(&self) -> Caller {
        Caller::new(self.numbers.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Has the thread look after one of its isolates.
    pub(crate) fn call(&self, caller: &Caller) {
        self.bell.ring(caller);
    }

    /// Who has called since the last look.
    pub(crate) fn take_calls(&self, calls: &mut Vec<u64>) {
        self.bell.take(calls);
    }

    fn arrivals(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The isolates that are to begin here. For the thread, when it is called for itself.
    pub(crate) fn take_arrivals(&self) -> Vec<Arrival> {
        self.door.answer();
        std::mem::take(&mut *self.arrivals())
    }

    /// An isolate begins.
    pub(crate) fn count_begun(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether isolates wait for the thread to begin.
    pub(crate) fn is_awaited(&self) -> bool {
        self.begun.load(Ordering::Relaxed) < self.numbers.load(Ordering::Relaxed)
    }

    /// A turn lets others in.
    pub(crate) fn count_interlude(&self) {
        self.interludes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many turns have let others in so far.
    pub(crate) fn interludes(&self) -> u64 {
        self.interludes.load(Ordering::Relaxed)
    }

    /// Whether no isolate will come any more.
    pub(crate) fn is_closed(&self) -> bool {
        let is_open = self.is_open.load(Ordering::Acquire) && !self.is_lost();
        !is_open && self.arrivals().is_empty()
    }

    /// The thread's I/O, if it does any.
    pub(crate) fn io(&self) -> Option<&Arc<ThreadIo>> {
        self.bell.signal()
    }

    /// The thread's I/O; `None` if it comes to its end, or has.
    pub(crate) fn do_io(&self) -> Option<Arc<ThreadIo>> {
        self.bell.sleep_on(|| ThreadIo::new(self.is_shared()))
    }

    /// The thread has nobody to care for any more, or never comes back to it: ends its I/O.
    pub(crate) fn retire(&self) {
        if let Some(io) = self.bell.seal() {
            io.retire();
        }
    }

    /// Sleeps until somebody is called for, or for `timeout`; does I/O meanwhile, and what is due of it even where there is
    /// no time to sleep.
    pub(crate) fn sleep(&self, timeout: Option<Duration>, alarm: &mut Alarm) {
        let _io = malloc::work_for_nobody();
        match (self.io(), timeout) {
            (Some(io), timeout) => io.drive(timeout, alarm),
            (None, None) => std::thread::park(),
            (None, Some(Duration::ZERO)) => {}
            (None, Some(timeout)) => std::thread::park_timeout(timeout),
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread works for this isolate from now on, which its CPU time is charged to, or for none.
    pub(crate) fn works_for(&self, isolate: Option<&Arc<Shared>>) {
        let mut work = self.work();
        let used = work.used();
        work.since += used;
        let last = std::mem::replace(&mut work.isolate, isolate.cloned());
        if let Some(last) = &last {
            last.past_cpu.fetch_add(
                u64::try_from(used.as_nanos()).unwrap_or(u64::MAX),
                Ordering::Relaxed,
            );
        }
        drop(work);
        drop(last); // It may be the last one's to know of it.
    }

    /// Whether the thread works for this isolate. Others may have turns on it that were interrupted.
    pub(crate) fn is_working_for(&self, isolate: &Shared) -> bool {
        let work = self.work();
        work.isolate
            .as_ref()
            .is_some_and(|one| std::ptr::eq(&**one, isolate))
    }

    /// CPU time that the thread has used for an isolate.
    pub(crate) fn cpu_time_of(&self, isolate: &Shared) -> Duration {
        let work = self.work();
        let past = Duration::from_nanos(isolate.past_cpu.load(Ordering::Relaxed));
        let is_its = (work.isolate.as_ref()).is_some_and(|one| std::ptr::eq(&**one, isolate));
        past + if is_its { work.used() } else { Duration::ZERO }
    }

    /// The thread is about to end.
    pub(crate) fn end(&self) {
        self.works_for(None);
        self.work().clock = None;
        self.retire();
    }

    /// Whether the thread can be given up, with all isolates on it.
    pub(crate) fn is_own(&self) -> bool {
        self.kind != Kind::Process
    }

    /// Whether isolates of any app may come here.
    pub(crate) fn is_shared(&self) -> bool {
        self.kind == Kind::Shared
    }

    /// The thread never comes back, or too late. Async-signal-safe.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }
}

/// A carrier that takes isolates. Once this is dropped, its thread ends with the last that it has.
pub struct OpenCarrier(Arc<Carrier>);

impl OpenCarrier {
    /// Starts a thread for isolates of any app. Linux shows the first 15 bytes of its name.
    ///
    /// # Errors
    /// The system has no thread or no pipe to give.
    pub fn start(name: String) -> io::Result<OpenCarrier> {
        Self::start_as(Kind::Shared, name)
    }

    /// Starts a thread for one isolate.
    pub(crate) fn start_dedicated(name: String) -> io::Result<OpenCarrier> {
        Self::start_as(Kind::Dedicated, name)
    }

    fn start_as(kind: Kind, name: String) -> io::Result<OpenCarrier> {
        containment::install()?;
        let carrier = Carrier::new(kind);
        let its = carrier.clone();
        let stack = match kind {
            Kind::Shared => SHARED_STACK_SIZE,
            Kind::Dedicated | Kind::Process => STACK_SIZE,
        };
        std::thread::Builder::new()
            .name(name)
            .stack_size(stack)
            .spawn(move || crew::carry(&its))?;
        Ok(OpenCarrier(carrier))
    }

    /// Whether its thread was given up: what begins there ends at once.
    pub fn is_lost(&self) -> bool {
        self.0.is_lost()
    }

    /// Makes an isolate on this carrier. `main` is its first turn; it then runs until it is stopped or drained, or its carrier is lost.
    ///
    /// # Errors
    /// The system has no thread for the watchdog.
    pub fn spawn(
        &self,
        mut options: IsolateOptions,
        main: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>) + Send + 'static,
    ) -> io::Result<(Handle, ExitReceiver)> {
        let purpose = options.purpose();
        self.spawn_as(options, |turns, scope| turns.begin(scope, purpose, main))
    }

    /// Makes an isolate without a purpose; `first` may give it one.
    pub(crate) fn spawn_as(
        &self,
        options: IsolateOptions,
        first: impl for<'s, 'i> FnOnce(&mut Turns, &mut v8::PinScope<'s, 'i>) + Send + 'static,
    ) -> io::Result<(Handle, ExitReceiver)> {
        if options.limits.cpu_per_turn.is_some() {
            watchdog::start()?;
        }
        let carrier = &self.0;
        let (handle, exit) = carrier.employ(&options);
        let isolate = handle.clone();
        let arrival = move |crew: &Crew| crew.admit(isolate, options, first);
        carrier.arrivals().push(Box::new(arrival));
        carrier.call(&carrier.door);
        Ok((handle, exit))
    }
}

impl Drop for OpenCarrier {
    fn drop(&mut self) {
        self.0.is_open.store(false, Ordering::Release);
        self.0.call(&self.0.door);
    }
}

impl std::fmt::Debug for OpenCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenCarrier")
    }
}
