//! The share of the process's file descriptors that connections to other servers may take. Listeners, clients and files keep the rest,
//! whatever apps do.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Half of the descriptors.
const SHARE: usize = 2;
/// The part of the share that no idle connection may hold, so that there are always some that come back soon.
const RESERVE: usize = 8;

/// All apps' together.
struct Descriptors {
    all: usize,
    free: Arc<Semaphore>,
}

fn descriptors() -> &'static Descriptors {
    static DESCRIPTORS: OnceLock<Descriptors> = OnceLock::new();
    DESCRIPTORS.get_or_init(|| {
        let all = (limit() / SHARE).clamp(1, Semaphore::MAX_PERMITS);
        let free = Arc::new(Semaphore::new(all));
        Descriptors { all, free }
    })
}

/// How many descriptors the process may have.
fn limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is valid for writing.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } {
        0 => usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX),
        // What POSIX promises.
        _ => 20,
    }
}

/// Waits until a connection may be made. It keeps what this gives for as long as it is open. `None` if none may be made any more.
pub(super) async fn descriptor() -> Option<OwnedSemaphorePermit> {
    let free = descriptors().free.clone();
    free.acquire_owned().await.ok()
}

/// Whether all are in use.
pub(super) fn are_exhausted() -> bool {
    descriptors().free.available_permits() == 0
}

/// Whether too few are left for a connection to be kept that nobody needs now.
pub(super) fn are_scarce() -> bool {
    descriptors().free.available_permits() < descriptors().all.div_ceil(RESERVE)
}
