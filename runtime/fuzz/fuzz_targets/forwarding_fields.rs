//! `Forwarded` and `X-Forwarded-…` of clients and of proxies.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::forwarding_fields(case));
