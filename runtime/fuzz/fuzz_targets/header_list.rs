//! Header lists from the network, and what is done with them.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_api::fuzzing::header_list(case));
