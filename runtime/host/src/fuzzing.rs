//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test. A door stands beside what it tries.

#[path = "../../fuzz/fields.rs"]
pub mod fields;
#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use crate::admin::fuzzing::app_archive;
pub use crate::config::fuzzing::{app_settings, configuration, cron_expression, routes};
pub use crate::http::fuzzing::{forwarding_fields, request_head};
pub use crate::server::fuzzing::http2_frames;

#[test]
fn kept_cases() {
    replay::replay(&[
        ("app_archive", app_archive),
        ("app_settings", app_settings),
        ("configuration", configuration),
        ("cron_expression", cron_expression),
        ("forwarding_fields", forwarding_fields),
        ("http2_frames", http2_frames),
        ("request_head", request_head),
        ("routes", routes),
    ]);
}
