//! Metadata of Subresource Integrity.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::integrity(case));
