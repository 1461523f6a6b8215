//! Frames and compressed messages of a client and of a server, however they are cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_websocket::fuzzing::websocket_frames(case));
