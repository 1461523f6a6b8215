//! Compressed data in all formats of `DecompressionStream`, and what it takes.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::decompress(case));
