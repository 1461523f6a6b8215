//! The fields of a client's and of a server's handshake.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_websocket::fuzzing::websocket_handshake(case));
