//! `nano serve`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use nano_host::launcher::WorkerLauncher;
use nano_host::log::{self, Format};
use nano_host::serve::Ending;

use crate::args::ServeOptions;
use crate::engine;

pub(crate) fn serve(options: &ServeOptions) -> anyhow::Result<ExitCode> {
    let config = options.load()?;
    keep_freed_memory();
    raise_descriptor_limit();
    engine::start(false)?;
    let guard = log::init(options.log.unwrap_or_else(Format::for_stdout));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("io")
        .build()
        .context("cannot start the threads for I/O")?;
    let ending = runtime.block_on(nano_host::serve::serve(
        &config,
        Arc::new(WorkerLauncher),
        options.dev,
    ));
    // Nothing that is still running has a say in when the process ends.
    runtime.shutdown_background();
    drop(guard);
    Ok(match ending? {
        Ending::Drained => ExitCode::SUCCESS,
        // As a shell reports a process that the signal ended.
        Ending::Cut(signal) => std::process::exit(128 + signal),
    })
}

/// Lets the C library's allocator keep some freed memory per thread. By default it gives the last pages back at once, and each
/// request takes them again: a fifth of a request's CPU time went into that.
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const KEEP: i32 = 1 << 20;
        const AHEAD: i32 = 256 << 10;
        // SAFETY: sets two numbers of the allocator, before the process has other threads.
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEEP);
            libc::mallopt(libc::M_TOP_PAD, AHEAD);
        }
    }
}

/// Takes as many file descriptors as the system lets this process have: each app has a few, and each connection one.
fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is valid for reading and writing.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            // If it fails, the limit is what it was.
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
