//! Heads of requests: their targets, their hosts, and the connection's fields.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::request_head(case));
