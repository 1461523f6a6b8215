//! Archives of apps that the admin API unpacks: tar, gzipped or not.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::app_archive(case));
