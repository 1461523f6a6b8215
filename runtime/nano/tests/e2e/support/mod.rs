//! Starts `nano`, speaks HTTP to it byte by byte, and reads its log.

pub(crate) mod admin;
mod http;
pub(crate) mod http2;
mod site;

pub(crate) use http::{Connection, Response};
pub(crate) use http2::Http2;
pub(crate) use site::{Nano, Site, app_of_forms, limit, nano};

use std::time::{Duration, Instant};

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
