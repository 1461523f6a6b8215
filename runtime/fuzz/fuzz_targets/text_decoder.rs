//! Text in any encoding, in a stream and at once.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::text_decoder(case));
