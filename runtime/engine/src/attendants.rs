//! Threads that drive the I/O of other threads; see [`crate::thread_io`].
//!
//! They are a pool of their own, with room for one per isolate: an app may fill the blocking threads of the host's runtime with
//! slow look-ups and files, and nobody's I/O may depend on that. One of them is there from the start, for the time when the system
//! has no thread to give.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::slice;

/// How long an idle thread waits for the next one to attend.
const KEPT: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Pool {
    waiting: VecDeque<Work>,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    waiting: VecDeque::new(),
    threads: 0,
    idle: 0,
});
static MORE: Condvar = Condvar::new();

/// Starts the thread that always is there.
pub(crate) fn start() {
    let mut pool = lock();
    if pool.threads == 0 {
        start_thread(&mut pool);
    }
}

/// Runs this on another thread.
pub(crate) fn run(attend: impl FnOnce() + Send + 'static) {
    let work = Box::new(attend);
    let mut pool = lock();
    pool.waiting.push_back(work);
    if pool.waiting.len() <= pool.idle {
        MORE.notify_one();
    } else {
        start_thread(&mut pool);
    }
}

/// Where the system has no thread to give, those that there are do the work, one after the other.
fn start_thread(pool: &mut Pool) {
    let thread = std::thread::Builder::new().name("attendant".into());
    match thread.spawn(attend_all) {
        Ok(_) => pool.threads += 1,
        Err(error) => tracing::error!(
            "the I/O of a busy app has to wait for another one's: no thread for it: {error}; raise the limit (ulimit -u)"
        ),
    }
}

/// The life of a thread.
fn attend_all() {
    slice::ask_for_short_slices();
    let mut pool = lock();
    loop {
        if let Some(work) = pool.waiting.pop_front() {
            drop(pool);
            // A panic has been reported where it happened.
            let _ = catch_unwind(AssertUnwindSafe(work));
            pool = lock();
            continue;
        }
        pool.idle += 1;
        let waited = MORE.wait_timeout(pool, KEPT);
        let (back, time) = waited.unwrap_or_else(PoisonError::into_inner);
        pool = back;
        pool.idle -= 1;
        if time.timed_out() && pool.waiting.is_empty() && pool.threads > 1 {
            pool.threads -= 1;
            return;
        }
    }
}

fn lock() -> MutexGuard<'static, Pool> {
    // Nothing that can panic leaves it half changed.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}
