//! Messages from a client to a server, compressed or not.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_websocket::fuzzing::websocket_messages(case));
