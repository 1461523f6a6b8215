//! `application/x-www-form-urlencoded`.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::urlencoded(case));
