//! Bodies in one or several content codings.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::content_codings(case));
