//! Values that are cloned, which may change meanwhile.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::structured_clone(case));
