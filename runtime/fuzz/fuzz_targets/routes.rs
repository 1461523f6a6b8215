//! Patterns of hosts and paths, and what is asked for.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::routes(case));
