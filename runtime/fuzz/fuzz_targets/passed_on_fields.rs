//! `traceparent`, `tracestate` and `CDN-Loop` of requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_worker::fuzzing::passed_on_fields(case));
