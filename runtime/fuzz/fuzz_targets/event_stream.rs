//! Event streams, in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::event_stream(case));
