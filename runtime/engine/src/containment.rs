//! What happens when V8 gives up: its thread stops for ever, and the process goes on.
//!
//! V8 answers some things that scripts can do by ending the process: `'x'.repeat(2 ** 28).split('')` asks for an array that
//! it cannot represent, and one allocation may be larger than any slack ([`crate::Limits::slack`]). It executes a trap
//! instruction for that. Other apps must not pay for it, so on a [carrier](crate::carrier) the signal's handler marks the
//! thread as lost and never returns. Nothing of its isolates runs again, their code least of all; their memory and the thread
//! are lost until the process ends. The [`Exit`] of the one that it worked for says so to the host, which should look at [`count`]
//! and have the process replaced when there are many; that of its others is [`Exit::Lost`].
//!
//! The same happens where code on such a thread aborts: Rust's and C++'s does, V8's own included, where the system has no memory
//! for it. And where native code asks for more than an isolate may have: see [`crate::external_memory::malloc`]. Not so while the thread does I/O
//! ([`crate::thread_io`]): it holds what others wait for then, and the process ends.
//!
//! A thread that stops keeps its locks. So whoever takes one that other threads take, too, allocates nothing while it has it, or
//! asks before (`try_reserve`); C and C++ code cannot, and is stopped behind them ([`crate::external_memory::locks`]).
//!
//! Isolates of [`crate::run_on_current_thread`] are not treated so: there, the process is the app.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use crate::carrier::Carrier;
use crate::external_memory::{malloc, mappings};
use crate::limits::Exit;
use crate::mailbox::Shared;
use crate::process_memory;
use crate::thread::ExitSender;
use crate::watchdog;

struct Entry {
    shared: Arc<Shared>,
    exit: ExitSender,
}

type Supervised = HashMap<usize, Entry>;

/// Every isolate whose end nobody has been told of, by the address of what it shares.
static SUPERVISED: LazyLock<Mutex<Supervised>> = LazyLock::new(Mutex::default);
static CRASHED: AtomicUsize = AtomicUsize::new(0);
/// What the isolates held that have crashed.
static LOST: AtomicUsize = AtomicUsize::new(0);
static ABANDONED: AtomicUsize = AtomicUsize::new(0);
/// Where the signal handler writes, to wake the supervisor.
static PIPE: AtomicI32 = AtomicI32::new(-1);

thread_local! {
    /// This thread, if it can be given up. Constant and without destructor, so that a signal handler may read it.
    static OWN: Cell<*const Carrier> = const { Cell::new(std::ptr::null()) };
}

/// How many isolates of this process are lost to crashes, or run on although they were ended. Each keeps its heap, and its thread.
pub fn count() -> usize {
    CRASHED.load(Ordering::Relaxed) + ABANDONED.load(Ordering::Relaxed)
}

/// Whether they are more than an eighth of what the process may use: the next ones had better not begin.
pub fn is_lost_memory_much() -> bool {
    lost() > process_memory::limit() / 8
}

/// Bytes that isolates held which have crashed: nobody frees them any more.
pub(crate) fn lost() -> usize {
    LOST.load(Ordering::Relaxed)
}

/// This thread is a carrier that can be given up, as long as this lives. After [`install`].
pub(crate) struct Carrying<'a>(PhantomData<&'a Carrier>);

/// Says so.
pub(crate) fn carry(carrier: &Carrier) -> Carrying<'_> {
    OWN.set(carrier);
    Carrying(PhantomData)
}

impl Drop for Carrying<'_> {
    fn drop(&mut self) {
        OWN.set(std::ptr::null());
        // It was abandoned, perhaps, and has come to its end after all.
        let own = ThreadId::current();
        given_up().retain(|one| {
            let goes_on = one.thread != own;
            if !goes_on {
                ABANDONED.fetch_sub(one.isolates, Ordering::Relaxed);
            }
            goes_on
        });
    }
}

/// Sees to it that somebody learns how an isolate ends, even if its thread cannot say so.
pub(crate) fn supervise(shared: &Arc<Shared>, exit: ExitSender) {
    let mut supervised = lock();
    // With the lock: either this sees that the carrier is lost, or who tells its isolates sees this one.
    let is_lost = shared.carrier().is_lost();
    let shared = shared.clone();
    let entry = Entry { shared, exit };
    if is_lost {
        drop(supervised);
        return tell_losses(vec![entry], |_| Exit::Lost);
    }
    supervised.insert(entry.address(), entry);
}

impl Entry {
    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }
}

/// The isolate has ended, and is about to be taken apart.
pub(crate) fn ended(shared: &Arc<Shared>, exit: &Exit) {
    if let Some(entry) = lock().get_mut(&Arc::as_ptr(shared).addr()) {
        entry.exit.ended(exit);
    }
}

/// The isolate is gone, in an orderly way.
pub(crate) fn finish(shared: &Arc<Shared>, exit: Exit) {
    // One that was abandoned has been told of.
    if let Some(entry) = remove(shared) {
        entry.exit.gone(exit);
    }
}

fn remove(shared: &Arc<Shared>) -> Option<Entry> {
    lock().remove(&Arc::as_ptr(shared).addr())
}

/// Takes out the isolates of those carriers.
fn remove_all(supervised: &mut Supervised, of: impl Fn(&Carrier) -> bool) -> Vec<Entry> {
    let removed = supervised.extract_if(|_, entry| of(entry.shared.carrier()));
    removed.map(|(_, entry)| entry).collect()
}

/// Their threads never come back to these isolates, or too late: whoever waits for them is told so.
fn tell_losses(lost: Vec<Entry>, exit: impl Fn(&Arc<Shared>) -> Exit) {
    let lost: Vec<_> = lost
        .into_iter()
        .map(|entry| (exit(&entry.shared), entry))
        .collect();
    for (exit, entry) in &lost {
        entry.shared.lose(exit);
    }
    for (_, entry) in &lost {
        entry.shared.carrier().retire();
    }
    for (exit, entry) in lost {
        entry.exit.gone(exit);
    }
}

/// The carrier ends without its isolates' having ended, as no carrier should.
pub(crate) fn dismiss_all(carrier: &Carrier, exit: &Exit) {
    let lost = remove_all(&mut lock(), |one| std::ptr::eq(one, carrier));
    tell_losses(lost, |_| exit.clone());
}

/// A thread, as the system's scheduler knows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadId {
    #[cfg(target_os = "linux")]
    id: libc::pid_t,
}

impl ThreadId {
    pub(crate) fn current() -> ThreadId {
        ThreadId {
            // SAFETY: the call has no preconditions.
            #[cfg(target_os = "linux")]
            id: unsafe { libc::gettid() },
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(self) -> libc::pid_t {
        self.id
    }

    /// How little it claims, from -20 to 19. A thread that is gone has 0, or -1.
    #[cfg(target_os = "linux")]
    fn nice(self) -> libc::c_int {
        // SAFETY: the call touches no memory.
        unsafe { libc::getpriority(libc::PRIO_PROCESS, self.id.unsigned_abs()) }
    }

    /// Returns whether it may be, and the thread is there.
    #[cfg(target_os = "linux")]
    fn set_nice(self, nice: libc::c_int) -> bool {
        // SAFETY: the call touches no memory; a thread that is gone is an error, which changes nothing.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, self.id.unsigned_abs(), nice) == 0 }
    }

    /// Has it claim little, for good, where the system can do that to one thread.
    pub(crate) fn give_way(self) {
        #[cfg(target_os = "linux")]
        self.set_nice((self.nice() + 5).min(19));
    }
}

/// A thread that was given up, and lets every other one go first, where the system can do that to one thread.
struct GivenUp {
    thread: ThreadId,
    /// How many it had then.
    isolates: usize,
    #[cfg(target_os = "linux")]
    nice: libc::c_int,
}

/// Those that have not come to their end.
static GIVEN_UP: Mutex<Vec<GivenUp>> = Mutex::new(Vec::new());

fn given_up() -> MutexGuard<'static, Vec<GivenUp>> {
    GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GivenUp {
    /// The least claim, and one that does no harm at the process's end either: what it is where the system does not let this process
    /// take it back.
    #[cfg(target_os = "linux")]
    const NICE: [libc::c_int; 2] = [19, 5];

    #[cfg(target_os = "linux")]
    fn new(thread: ThreadId, isolates: usize) -> GivenUp {
        let nice = thread.nice();
        let is_given_back = thread.set_nice(nice + 1) && thread.set_nice(nice);
        let [least, harmless] = Self::NICE;
        thread.set_nice(if is_given_back {
            least
        } else {
            nice + harmless
        });
        GivenUp {
            thread,
            isolates,
            nice,
        }
    }

    #[cfg(target_os = "linux")]
    fn hurry(&self) {
        self.thread.set_nice(self.nice);
    }

    #[cfg(not(target_os = "linux"))]
    fn new(thread: ThreadId, isolates: usize) -> GivenUp {
        GivenUp { thread, isolates }
    }

    #[cfg(not(target_os = "linux"))]
    fn hurry(&self) {}
}

/// The process is about to end, which it only does when the last of its threads has run to its own end, and has given the memory
/// back: so those that were given up let others go first no more.
pub fn hurry() {
    given_up().iter().for_each(GivenUp::hurry);
}

/// Gives up an isolate that does not stop although it was ended, and its carrier with all others on it: whoever waits for them is told,
/// and the thread disturbs those of others as little as possible. Their memory is freed if it comes to its end after all.
pub(crate) fn abandon(culprit: &Arc<Shared>, thread: ThreadId) {
    let carrier = culprit.carrier();
    let lost = {
        let mut supervised = lock();
        // It has ended meanwhile, or its thread is the process's.
        if !carrier.is_own() || !supervised.contains_key(&Arc::as_ptr(culprit).addr()) {
            return;
        }
        carrier.lose();
        remove_all(&mut supervised, |one| std::ptr::eq(one, &**carrier))
    };
    ABANDONED.fetch_add(lost.len(), Ordering::Relaxed);
    given_up().push(GivenUp::new(thread, lost.len()));
    tell_losses(lost, |isolate| match Arc::ptr_eq(isolate, culprit) {
        true => Exit::Unresponsive,
        false => Exit::Lost,
    });
}

/// An isolate was ended, and its turn goes on: whoever waits for an answer is told, though it may yet end in an orderly way.
pub(crate) fn tell_overdue(shared: &Arc<Shared>) {
    if let Some(entry) = lock().get_mut(&Arc::as_ptr(shared).addr()) {
        entry.exit.overdue();
    }
}

fn lock() -> MutexGuard<'static, Supervised> {
    SUPERVISED.lock().unwrap_or_else(|e| e.into_inner())
}

/// Installs the signal handler and starts the supervisor, once.
///
/// # Errors
/// The system has no pipe or no thread for the supervisor.
pub(crate) fn install() -> io::Result<()> {
    static IS_INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut is_installed = IS_INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_installed {
        return Ok(());
    }
    let (reader, writer) = io::pipe()?;
    let thread = std::thread::Builder::new().name("supervisor".into());
    thread.spawn(move || supervise_all(reader))?;
    PIPE.store(writer.into_raw_fd(), Ordering::Release);
    // SAFETY: all-zero is a valid `sigaction`; the handler only does what signal handlers may do.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_end as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        for signal in [libc::SIGTRAP, libc::SIGABRT] {
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    *is_installed = true;
    Ok(())
}

/// V8 has executed its trap, or somebody aborts. Only async-signal-safe things happen here.
extern "C" fn on_end(signal: libc::c_int) {
    let own = OWN.get();
    // SAFETY: the pointer is reset before what it points to goes.
    let own = unsafe { own.as_ref() };
    // Between turns the thread does I/O, and works for nobody: that aborts for reasons of its own, and what it holds then, others
    // wait for.
    if let Some(own) = own.filter(|_| signal == libc::SIGTRAP || malloc::is_working()) {
        stop(own);
    }
    // Not an isolate's thread, or not one that can be given up: die as if there were no handler.
    // SAFETY: both functions are async-signal-safe.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// Stops this thread for good, if it is an isolate's that can be given up. Async-signal-safe.
pub(crate) fn crash() {
    // SAFETY: the pointer is reset before what it points to goes.
    if let Some(own) = unsafe { OWN.get().as_ref() } {
        stop(own);
    }
}

/// Stops this thread for good.
fn stop(own: &Carrier) -> ! {
    own.lose();
    let byte = [1_u8];
    // SAFETY: `write` is async-signal-safe, the buffer is valid, the pipe is never closed.
    unsafe { libc::write(PIPE.load(Ordering::Acquire), byte.as_ptr().cast(), 1) };
    loop {
        // SAFETY: `pause` is async-signal-safe.
        unsafe { libc::pause() };
    }
}

/// Reports the isolates that crashed.
fn supervise_all(mut pipe: io::PipeReader) {
    loop {
        match pipe.read(&mut [0]) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::error!("the supervisor cannot read its pipe: {error}");
                return;
            }
        }
        let crashed = remove_all(&mut lock(), Carrier::is_lost);
        for Entry { shared, .. } in &crashed {
            CRASHED.fetch_add(1, Ordering::Relaxed);
            let given_back = mappings::empty_large_objects(&shared.account);
            let lost = shared.account.held_at_most().saturating_sub(given_back);
            LOST.fetch_add(lost, Ordering::Relaxed);
            watchdog::forget(shared);
        }
        tell_losses(crashed, |isolate| {
            match isolate.carrier().is_working_for(isolate) {
                true => Exit::Crashed,
                false => Exit::Lost,
            }
        });
    }
}
