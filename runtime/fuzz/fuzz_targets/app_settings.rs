//! `nano.json` of a folder whose owner need not be who operates the process.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::app_settings(case));
