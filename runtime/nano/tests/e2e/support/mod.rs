//! Starts `nano`, speaks HTTP to it byte by byte, and reads its log.

pub(crate) mod admin;
mod http;
pub(crate) mod http2;
mod recorder;
mod site;
pub(crate) mod socket;

pub(crate) use http::{Connection, Response};
pub(crate) use http2::Http2;
pub(crate) use recorder::{Recorded, Recorder, response};
pub(crate) use site::{
    DEDICATED, Nano, Site, app_of_forms, cpu_time_of, limit, nano, usual_isolation,
};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Keeps every core busy until it is dropped.
pub(crate) struct Busy(Arc<AtomicBool>);

impl Busy {
    /// So many threads for each core.
    pub(crate) fn begin(threads: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads * cores {
            let is_over = is_over.clone();
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(is_over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long anything may take before a test says that it hangs. Generous, because machines that test are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something is there.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
