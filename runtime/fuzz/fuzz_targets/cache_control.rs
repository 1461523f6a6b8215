//! How long responses are kept in caches: `Cache-Control`, `Expires`, `Age`, `Set-Cookie`.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_worker::fuzzing::cache_control(case));
