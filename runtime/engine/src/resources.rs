//! What the system must have to give before V8 is started, and before each isolate: where it has not, V8 ends the process with a
//! dump of its own, and others wait for threads that never come.

use std::cell::Cell;
use std::io;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::external_memory::fund;
use crate::isolate::CODE_RANGE;
use crate::limits::MIB;
use crate::platform::WORKERS;

/// V8 reserves this in one piece, for the objects of Rust that its collector manages, and gives two thirds of it back. Where it
/// cannot, it tries its luck with 32 GB four times, and ends the process in one case of sixteen.
const CAGE: usize = 48 << 30;
/// Writable memory that V8 and the program reserve, most of which is never used: with one isolate; where there are several, without
/// them; and for each of them.
const SINGLE: usize = 192 * MIB;
const SEVERAL: usize = 640 * MIB + fund::BYTES;
const EACH: usize = 80 * MIB;
/// Address space that V8 reserves for an isolate beside its code: a table of 256 MB, and its heap to begin with.
const ISOLATE: usize = (256 + 64) * MIB + CODE_RANGE;
/// What of that it writes to.
const ISOLATE_DATA: usize = 16 * MIB;
/// Threads of the engine beside V8's workers and those of isolates: the watchdog, the supervisor, an attendant.
const THREADS: usize = 3;

/// Descriptors for signals, the tokio runtimes, a listener, and a few modules and connections. Where there are no more, connections
/// wait, and an app's are served by the host's threads.
const DESCRIPTORS: usize = 24;

/// Why the engine cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum Shortage {
    /// Of threads.
    #[error(
        "the system lets this process start {found} threads, and it needs {needed} ({error}): raise the limit of processes \
         (ulimit -u), the service's (TasksMax) or the container's (pids limit)"
    )]
    Threads {
        /// How many there were.
        found: usize,
        /// How many it takes.
        needed: usize,
        /// What the system says to the next one.
        error: io::Error,
    },
    /// Of address space.
    #[error(
        "V8 has to reserve {} GB of address space, which this process may not have ({error}): lift the limit (ulimit -v). What is \
         reserved takes no memory; to limit memory, use a control group, or \"memory_mb\" in the configuration",
        CAGE >> 30
    )]
    AddressSpace {
        /// What the system says.
        error: io::Error,
    },
    /// Of memory that can be written to.
    #[error(
        "this process has to reserve {} MB of memory, which it may not have ({error}): raise the limit (ulimit -d). Most of it is \
         never used; to limit memory, use a control group, or \"memory_mb\" in the configuration",
        needed / MIB
    )]
    Data {
        /// Bytes that are needed.
        needed: usize,
        /// What the system says.
        error: io::Error,
    },
    /// Of file descriptors.
    #[error(
        "this process may open {found} files and connections beside those that it has, and needs {needed} to start ({error}): raise \
         the limit (ulimit -n)"
    )]
    Descriptors {
        /// How many there were.
        found: usize,
        /// How many it takes.
        needed: usize,
        /// What the system says to the next one.
        error: io::Error,
    },
    /// Of address space or memory for an isolate.
    #[error(
        "V8 has to reserve {} MB of address space for an isolate, and to write to {} of them, which this process may not have any \
         more ({error}): lift its limits (ulimit -v, ulimit -d), or let fewer apps run in it",
        ISOLATE / MIB,
        ISOLATE_DATA / MIB
    )]
    Isolate {
        /// What the system says.
        error: io::Error,
    },
}

/// Looks whether the system has what it takes to run so many isolates, and `threads` beside those of the engine.
///
/// # Errors
/// It has not.
pub fn check(isolates: usize, threads: usize) -> Result<(), Shortage> {
    open_descriptors(DESCRIPTORS)?;
    reserve(CAGE, libc::PROT_NONE).map_err(|error| Shortage::AddressSpace { error })?;
    let needed = match isolates {
        0 | 1 => SINGLE,
        _ => SEVERAL + isolates * EACH,
    };
    if is_data_limited() {
        let data = reserve(needed, libc::PROT_READ | libc::PROT_WRITE);
        data.map_err(|error| Shortage::Data { needed, error })?;
    }
    // An app without a thread says so itself, and others go on; but one there must be.
    start_threads(WORKERS as usize + THREADS + threads + 1)
}

/// Isolates that are being made.
static MAKING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Where the room for the isolate is that this thread makes.
    static HELD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// An isolate is being made by this thread; dropped when it is.
pub(crate) struct Making(PhantomData<*const ()>);

impl Making {
    /// Holds the room for an isolate: where V8 finds none in the middle of it, it crashes before it could tell anybody, and what is found
    /// now, another thread may take meanwhile.
    pub(crate) fn begin() -> Result<Making, Shortage> {
        let count = MAKING.fetch_add(1, Ordering::SeqCst) + 1;
        let making = Making(PhantomData);
        let shortage = |error| Shortage::Isolate { error };
        fund::fill();
        HELD.set(Some(hold(ISOLATE, libc::PROT_NONE).map_err(shortage)?));
        if is_data_limited() {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            reserve(count * ISOLATE_DATA, protection).map_err(shortage)?;
        }
        Ok(making)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        give_room();
        MAKING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Gives back what is held for the isolate that this thread makes: the system has no more. Returns whether there was something.
pub(crate) fn give_room() -> bool {
    let held = HELD.take();
    held.inspect(|address| release(*address, ISOLATE)).is_some()
}

/// Whether there is a limit of writable memory.
fn is_data_limited() -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: `limit` is valid for writing.
    let failed = unsafe { libc::getrlimit(libc::RLIMIT_DATA, &mut limit) };
    failed == 0 && limit.rlim_cur != libc::RLIM_INFINITY
}

/// Reserves so many bytes, and gives them back.
fn reserve(bytes: usize, protection: libc::c_int) -> io::Result<()> {
    hold(bytes, protection).map(|address| release(address, bytes))
}

/// Reserves so many bytes, whose address it gives.
fn hold(bytes: usize, protection: libc::c_int) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping, wherever there is room for it.
    let mapping = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
    if mapping == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(mapping.addr())
}

/// Gives back what [`hold`] has reserved.
fn release(address: usize, bytes: usize) {
    // SAFETY: nobody uses the mapping.
    unsafe { libc::munmap(ptr::without_provenance_mut(address), bytes) };
}

/// Has so many descriptors at a time, for a moment.
fn open_descriptors(needed: usize) -> Result<(), Shortage> {
    let mut pipes = Vec::with_capacity(needed / 2);
    while pipes.len() < needed / 2 {
        match io::pipe() {
            Ok(pipe) => pipes.push(pipe),
            Err(error) => {
                let found = pipes.len() * 2;
                return Err(Shortage::Descriptors {
                    found,
                    needed,
                    error,
                });
            }
        }
    }
    Ok(())
}

/// Has so many threads at a time, for a moment.
fn start_threads(needed: usize) -> Result<(), Shortage> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let mut threads = Vec::with_capacity(needed);
    let start = |_| {
        let gate = gate.clone();
        let thread = std::thread::Builder::new().stack_size(64 << 10);
        thread.spawn(move || drop(gate.lock()))
    };
    let mut refused = None;
    for started in (0..needed).map(start) {
        match started {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    drop(closed);
    let found = threads.len();
    for thread in threads {
        // It does nothing that can panic.
        let _ = thread.join();
    }
    refused.map_or(Ok(()), |error| {
        Err(Shortage::Threads {
            found,
            needed,
            error,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_given_back() {
        reserve(MIB, libc::PROT_NONE).expect("a megabyte");
        reserve(usize::MAX >> 16, libc::PROT_NONE).expect_err("more than there is");
        start_threads(4).expect("four threads");
        open_descriptors(4).expect("four descriptors");
    }

    /// In the middle of making an isolate, V8 cannot be told that there is none.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_room_for_an_isolate_is_there_when_the_system_has_no_more() {
        let making = Making::begin().expect("room");
        assert!(HELD.get().is_some());
        reserve(usize::MAX >> 16, libc::PROT_NONE).expect_err("more than there is");
        assert!(HELD.get().is_none(), "it is for what the system refuses");
        drop(making);
        drop(Making::begin().expect("room"));
        assert!(HELD.get().is_none());
    }
}
