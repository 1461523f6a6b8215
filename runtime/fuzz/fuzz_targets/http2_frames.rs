//! The frames of HTTP/2 clients, as they are counted.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::http2_frames(case));
