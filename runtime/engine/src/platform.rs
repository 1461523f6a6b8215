//! V8's process-wide set-up: flags, ICU data, locale, time zone, and the platform that runs its tasks.

use std::sync::Once;

use crate::entry;

/// Flags that every process of NANO runs V8 with. Part of what snapshots and code caches depend on.
const FLAGS: &[&str] = &[
    // Without it some endless loops cannot be terminated: the optimiser drops the outer loop's check of interrupts together
    // with that of an inlined inner loop. tests/engine/endless_loops.rs has the forms. The second is its twin for WebAssembly.
    "--no-turboshaft-loop-unrolling",
    "--no-wasm-loop-unrolling",
    // A new hash seed per process: the snapshot's would be known to attackers.
    "--rehash-snapshot",
    // Objects that Rust traces are marked in one pause, so that moving a reference in Rust needs no write barrier.
    "--no-cppheap-incremental-marking",
    "--no-cppheap-concurrent-marking",
    // Isolates outnumber cores by far: helper threads for one collection only take turns from other isolates.
    "--single-threaded-gc",
    // So there is one marker: V8 would keep the state of several for each isolate.
    "--concurrent-marking-max-worker-num=1",
    // An isolate's end gives its pages back. V8 would keep them for other isolates, and only thinks of giving them back when a
    // further page is freed at least 12 s after it last did: a process that is idle then kept gigabytes.
    "--no-memory-pool-share-memory-on-teardown",
    // What compiles a module that another isolate is compiling would wait for it, however that one ends: apps share nothing.
    "--no-wasm-native-module-cache",
    // Kilobytes of stack for JavaScript, `crate::thread::V8_STACK`; threads are given several times that ([`crate::thread::STACK_SIZE`]).
    "--stack-size=984",
    // 256 MiB of WebAssembly memory at most.
    "--wasm-max-mem-pages=4096",
];

/// Workers for optimising compilation. More would only take cores from the isolates.
pub(crate) const WORKERS: u32 = 2;

/// Sets V8 up, once per process; later calls return at once. [`crate::Engine::start`] calls it.
pub fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        v8::icu::set_common_data_78(deno_core_icudata::ICU_DATA).unwrap_or_else(|code| {
            panic!("ICU refused its data (code {code}): deno_core_icudata must be 0.78")
        });
        // Process-wide in ICU, so no app may depend on the machine's.
        v8::icu::set_default_locale("en-US");
        assert!(
            v8::icu::set_default_time_zone("UTC"),
            "ICU's data has no time zone UTC"
        );

        let arguments = std::iter::once("nano")
            .chain(FLAGS.iter().copied())
            .map(String::from)
            .collect();
        let unknown = v8::V8::set_flags_from_command_line(arguments);
        assert!(
            unknown.len() <= 1,
            "V8 does not know these flags: {:?}",
            &unknown[1..]
        );

        v8::V8::initialize_platform(entry::platform(WORKERS));
        v8::V8::initialize();
    });
}
