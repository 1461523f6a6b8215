//! What a helper process may take, kept by the system.

use std::io;

/// CPU time for one text.
pub(crate) const CPU_SECONDS: u64 = 5;
/// Bytes of address space beside what the program has when it starts, the stack included.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 768 << 20;
/// The stack for what recurses. Measured over some sixty forms of nesting with the options of the dev profile, a level takes at
/// most 2.4 KB.
pub(crate) const STACK: usize = 256 << 20;

#[cfg(target_os = "linux")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_os = "linux"))]
type Resource = libc::c_int;

/// Sets a limit, or leaves it where the system lets this process have no more than less.
fn set(resource: Resource, most: u64) -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is valid for writing, then a valid value.
    let done = unsafe {
        libc::getrlimit(resource, &mut limit) == 0 && {
            limit.rlim_cur = most.min(limit.rlim_max);
            libc::setrlimit(resource, &limit) == 0
        }
    };
    if done {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sets the limits that stay.
pub(crate) fn begin() -> io::Result<()> {
    // Nobody reads what is left of one.
    set(libc::RLIMIT_CORE, 0)?;
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string("/proc/self/statm")?;
        let pages = status
            .split(' ')
            .next()
            .and_then(|pages| pages.parse().ok());
        let pages: u64 = pages.ok_or_else(|| io::Error::other("no size in /proc/self/statm"))?;
        // SAFETY: no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.unsigned_abs();
        set(libc::RLIMIT_AS, pages * page + MEMORY)?;
    }
    Ok(())
}

/// Gives the process CPU time for one text more.
pub(crate) fn renew_cpu_time() -> io::Result<()> {
    let mut used = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: `used` is valid for writing.
    if unsafe { libc::getrusage(libc::RUSAGE_SELF, used.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was written.
    let used = unsafe { used.assume_init() };
    let seconds = (used.ru_utime.tv_sec + used.ru_stime.tv_sec).unsigned_abs();
    // What is begun of a second counts as one.
    set(libc::RLIMIT_CPU, seconds + 1 + CPU_SECONDS)
}
