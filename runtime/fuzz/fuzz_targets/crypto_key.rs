//! Keys as SPKI, PKCS #8, JWK and raw bytes, of all algorithms with pairs of keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::crypto_key(case));
