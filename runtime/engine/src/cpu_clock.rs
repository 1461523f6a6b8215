//! How much a thread has worked.

use std::time::Duration;

/// The CPU time of one thread, readable from others.
#[cfg(target_os = "linux")]
pub(crate) struct CpuClock(libc::clockid_t);

#[cfg(target_os = "linux")]
impl CpuClock {
    pub(crate) fn of_this_thread() -> Self {
        let mut clock: libc::clockid_t = 0;
        // SAFETY: the thread is alive, it is this one.
        let error = unsafe { libc::pthread_getcpuclockid(libc::pthread_self(), &mut clock) };
        assert_eq!(error, 0, "every Linux thread has a CPU clock");
        Self(clock)
    }

    pub(crate) fn now(&self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is valid for writing; a clock of a thread that is gone is an error.
        let error = unsafe { libc::clock_gettime(self.0, &mut time) };
        (error == 0).then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}

/// The CPU time of one thread, readable from others.
#[cfg(target_os = "macos")]
pub(crate) struct CpuClock(libc::mach_port_t);

#[cfg(target_os = "macos")]
impl CpuClock {
    pub(crate) fn of_this_thread() -> Self {
        // SAFETY: the thread is alive, it is this one.
        Self(unsafe { libc::pthread_mach_thread_np(libc::pthread_self()) })
    }

    pub(crate) fn now(&self) -> Option<Duration> {
        // SAFETY: an all-zero `thread_basic_info` is valid, and `count` states its size.
        let (error, info) = unsafe {
            let mut info: libc::thread_basic_info = std::mem::zeroed();
            let mut count = libc::THREAD_BASIC_INFO_COUNT;
            let out = (&raw mut info).cast();
            (
                libc::thread_info(self.0, libc::THREAD_BASIC_INFO as u32, out, &mut count),
                info,
            )
        };
        let part =
            |t: libc::time_value_t| Duration::new(t.seconds as u64, t.microseconds as u32 * 1000);
        (error == libc::KERN_SUCCESS).then(|| part(info.user_time) + part(info.system_time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_counts_work_and_not_sleep() {
        let clock = CpuClock::of_this_thread();
        let start = clock.now().expect("own clock");
        std::thread::sleep(Duration::from_millis(30));
        let slept = clock.now().expect("own clock") - start;
        assert!(slept < Duration::from_millis(20), "{slept:?}");
        let spin = std::time::Instant::now();
        while clock.now().expect("own clock") - start < Duration::from_millis(5) {
            assert!(spin.elapsed() < Duration::from_secs(10));
        }
    }
}
