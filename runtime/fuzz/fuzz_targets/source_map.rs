//! Source maps, and places that are looked for in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_typescript::fuzzing::source_map(case));
