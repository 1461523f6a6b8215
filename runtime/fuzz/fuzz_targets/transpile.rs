//! TypeScript and JSX.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_typescript::fuzzing::transpile(case));
