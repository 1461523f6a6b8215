//! WebAssembly modules, which are read before V8 sees them.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_engine::fuzzing::wasm_module(case));
