//! Threads that drive the I/O of other threads; see [`crate::thread_io`].
//!
//! They are a pool of their own, with room for one per isolate: an app may fill the blocking threads of the host's runtime with
//! slow look-ups and files, and nobody's I/O may depend on that.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// How long an idle thread waits for the next one to attend.
const KEPT: Duration = Duration::from_secs(10);

/// Runs no task, only blocking work.
static POOL: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_current_thread()
        .thread_name("attendant")
        .max_blocking_threads(usize::MAX)
        .thread_keep_alive(KEPT)
        .build()
});

/// Runs this on another thread.
pub(crate) fn run(attend: impl FnOnce() + Send + 'static) {
    let spawned = POOL.as_ref().is_ok_and(|pool| {
        // The pool panics where the system has no thread to give.
        catch_unwind(AssertUnwindSafe(|| drop(pool.spawn_blocking(attend)))).is_ok()
    });
    if !spawned {
        tracing::error!(
            "the I/O of a busy app has to wait: the system has no thread left; raise the limit (ulimit -u)"
        );
    }
}
