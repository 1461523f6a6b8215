//! UTF-8 in chunks.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::utf8_decoder(case));
