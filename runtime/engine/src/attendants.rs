//! Threads that drive the I/O of other threads; see [`crate::thread_io`].
//!
//! They are a pool of their own, with room for one per isolate: an app may fill the blocking threads of the host's runtime with
//! slow look-ups and files, and nobody's I/O may depend on that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long an idle thread waits for the next one to attend.
const KEPT: Duration = Duration::from_secs(10);

/// Runs no task, only blocking work.
static POOL: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_current_thread()
        .thread_name("attendant")
        .max_blocking_threads(usize::MAX)
        .thread_keep_alive(KEPT)
        .build()
        .expect("a runtime without I/O takes nothing from the system")
});

/// Runs this on another thread.
pub(crate) fn run(attend: impl FnOnce() + Send + 'static) {
    // The pool panics where the system has no thread to give.
    let spawned = catch_unwind(AssertUnwindSafe(|| drop(POOL.spawn_blocking(attend))));
    if spawned.is_err() {
        tracing::error!(
            "the I/O of a busy app has to wait: the system has no thread left; raise the limit (ulimit -u)"
        );
    }
}
