//! MIME types of `Content-Type`.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::mime_type(case));
