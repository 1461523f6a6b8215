//! `tsconfig.json`, and what it extends.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_typescript::fuzzing::tsconfig(case));
