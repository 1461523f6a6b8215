//! What a text takes that `JSON.parse` is given.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_engine::fuzzing::json_text(case));
