//! The time that V8 asks for on behalf of `Temporal.Now`: by itself it would tell it to the microsecond.

use std::ffi::c_void;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use v8::{Context, Local};

use super::catch;

/// The resolution of every timestamp, <https://w3c.github.io/hr-time/#dfn-coarsen-time>: 100 µs, as for contexts that are not
/// cross-origin isolated. Apps of different owners share a machine, so the clock must be too coarse for timing attacks.
pub const CLOCK_RESOLUTION: Duration = Duration::from_micros(100);

unsafe extern "C" {
    /// `void v8::Context::SetTemporalHostSystemUTCEpochNanosecondsCallback(int64_t (*)(v8::Local<v8::Context>))`, of v8-context.h: the
    /// crate does not bind it. A `Local` is a pointer.
    #[cfg_attr(
        target_vendor = "apple",
        link_name = "_ZN2v87Context48SetTemporalHostSystemUTCEpochNanosecondsCallbackEPFxNS_5LocalIS0_EEE"
    )]
    #[cfg_attr(
        not(target_vendor = "apple"),
        link_name = "_ZN2v87Context48SetTemporalHostSystemUTCEpochNanosecondsCallbackEPFlNS_5LocalIS0_EEE"
    )]
    fn set_temporal_clock(
        context: *const c_void,
        clock: unsafe extern "C" fn(*const c_void) -> i64,
    );
}

/// Has a context's `Temporal.Now` be no finer than other clocks.
pub(crate) fn coarsen_temporal(context: Local<Context>) {
    let this = std::ptr::from_ref::<Context>(&context).cast();
    // SAFETY: it is a context, as a method of V8's takes it; and a function, which lives as long as the process.
    unsafe { set_temporal_clock(this, epoch_nanoseconds) };
}

/// Runs no JavaScript, and throws nothing. A panic is in the log.
unsafe extern "C" fn epoch_nanoseconds(_context: *const c_void) -> i64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH);
    catch(|| coarse_nanoseconds(now().unwrap_or_default())).unwrap_or_default()
}

fn coarse_nanoseconds(time: Duration) -> i64 {
    let steps = time.as_nanos() / CLOCK_RESOLUTION.as_nanos();
    // Enough until the year 2262.
    i64::try_from(steps * CLOCK_RESOLUTION.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_coarse() {
        let steps = [0, 99_999, 100_000, 399_999].map(Duration::from_nanos);
        let expected = [0, 0, 100_000, 300_000];
        assert_eq!(steps.map(coarse_nanoseconds), expected);
        assert_eq!(coarse_nanoseconds(Duration::MAX), i64::MAX);
    }
}
