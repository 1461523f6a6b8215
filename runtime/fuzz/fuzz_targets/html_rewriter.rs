//! Documents, selectors and what handlers do.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::html_rewriter(case));
