//! The URL of what a module imports.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_engine::fuzzing::module_url(case));
