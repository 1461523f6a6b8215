//! What `CompressionStream` makes, read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::compress(case));
