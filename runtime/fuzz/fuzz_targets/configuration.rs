//! `apps.json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::configuration(case));
