//! Rules of what apps may fetch, and hosts that they are asked about.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_worker::fuzzing::outbound_rule(case));
