//! What a helper process may take, kept by the system.

use std::io;

/// CPU time for one text.
pub(crate) const CPU_SECONDS: u64 = 5;
/// Bytes of address space beside what the program has when it starts, the stack included, where there is no lack of memory.
const MAX_MEMORY: usize = 768 << 20;
/// And the least.
const MIN_MEMORY: usize = 96 << 20;
/// Of what the host may use, a helper may take one part in so many: several of them are at work, and apps have the rest.
const SHARE: usize = 8;
/// The part of a helper's memory that is the stack for what recurses. Measured over some sixty forms of nesting with the options of the
/// dev profile, a level takes at most 2.4 KB.
const STACK: usize = 3;

/// The environment variable that tells a helper how much memory it has.
pub(crate) const MEMORY: &str = "NANO_TRANSPILER_MEMORY";

/// How much memory helpers have, in bytes, of a host that may use so much.
pub(crate) fn memory(host: usize) -> usize {
    (host / SHARE).clamp(MIN_MEMORY, MAX_MEMORY)
}

/// How much this helper has.
fn own_memory() -> usize {
    let said = std::env::var(MEMORY).ok();
    let said = said.and_then(|said| said.parse().ok());
    said.unwrap_or(MIN_MEMORY)
}

/// Its stack, in bytes.
pub(crate) fn stack() -> usize {
    own_memory() / STACK
}

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
        // Where there is not enough memory for all, the system ends this process, and not the host with all its apps. Some systems
        // forbid to say so.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        let status = std::fs::read_to_string("/proc/self/statm")?;
        let pages = status
            .split(' ')
            .next()
            .and_then(|pages| pages.parse().ok());
        let pages: u64 = pages.ok_or_else(|| io::Error::other("no size in /proc/self/statm"))?;
        // SAFETY: no preconditions.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.unsigned_abs();
        set(libc::RLIMIT_AS, pages * page + own_memory() as u64)?;
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
