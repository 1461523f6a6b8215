//! `nano serve`.

use std::process::ExitCode;

use anyhow::Context as _;
use nano_host::inherited::Inherited;
use nano_host::log::{self, Format};
use nano_host::serve::{Ending, Signals};

use crate::args::ServeOptions;
use crate::engine;

pub(crate) fn serve(options: ServeOptions) -> anyhow::Result<ExitCode> {
    set_early_signals(libc::SIG_BLOCK);
    // SAFETY: the process has no other thread yet, and comes here once.
    let inherited = unsafe { Inherited::take() }?;
    let config = options.load(None)?;
    if let Some(faults) = config.faults_of_apps().filter(|_| config.is_of_no_use()) {
        return Err(faults.into());
    }
    raise_descriptor_limit();
    if let Some(megabytes) = config.memory_mb {
        nano_engine::process_memory::set_limit((megabytes as usize) << 20);
    }
    // The log, the one that gives memory back, the one that looks at changes, and the one that is told of them.
    engine::start(
        config.apps.len() + config.prepared + 1,
        io_threads() + 3 + usize::from(config.watch),
    )?;
    let mut guard = log::init(options.log.unwrap_or_else(Format::for_stdout))
        .context("cannot start the thread that writes the log")?;
    nano_engine::external_memory::malloc::give_back_in_background();
    let dev = options.dev;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("io")
        .on_thread_start(nano_engine::slice::ask_for_short_slices)
        // Whoever floods a connection has each of its polls do much: others are looked for after some of them, not after 61.
        .event_interval(8)
        .build()
        .context("cannot start the threads for I/O")?;
    let signals = {
        let _context = runtime.enter();
        Signals::new().context("cannot receive signals")?
    };
    set_early_signals(libc::SIG_UNBLOCK);
    let ending = runtime.block_on(nano_host::serve::serve(
        config,
        Box::new(move |state| {
            let loaded = options.load(state);
            loaded.map_err(|error| format!("{error:#}"))
        }),
        engine::launcher(),
        dev,
        inherited,
        signals,
    ));
    // Nothing that is still running has a say in when the process ends.
    runtime.shutdown_background();
    if matches!(ending, Ok(Ending::Cut(_))) {
        guard.cut_off();
    }
    drop(guard);
    nano_engine::containment::hurry();
    Ok(match ending? {
        Ending::Drained => ExitCode::SUCCESS,
        // As a shell reports a process that the signal ended.
        Ending::Cut(signal) => std::process::exit(128 + signal),
    })
}

/// Has this thread hold signals back that come before there is somebody to listen to them, or has them come. SIGHUP would end the
/// process. Those that ask it to end do so by themselves, unless it is process 1: the system drops what that one does not listen to.
fn set_early_signals(how: libc::c_int) {
    let ends: &[libc::c_int] = match std::process::id() {
        1 => &[libc::SIGTERM, libc::SIGINT, libc::SIGQUIT],
        _ => &[],
    };
    // SAFETY: a set of signals may have any bytes, and is made empty first; the thread's own mask is changed, and no other memory.
    unsafe {
        let mut signals: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut signals);
        for signal in ends.iter().chain(&[libc::SIGHUP]) {
            libc::sigaddset(&mut signals, *signal);
        }
        libc::pthread_sigmask(how, &signals, std::ptr::null_mut());
    }
}

/// How many threads tokio starts.
pub(crate) fn io_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
