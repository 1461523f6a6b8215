//! When apps get scheduled events.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: &[u8]| nano_host::fuzzing::cron_expression(case));
