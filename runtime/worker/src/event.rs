//! The events that are no requests, and who handles which.

use std::sync::Arc;
use std::time::SystemTime;

/// A time has come that the app's configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledEvent {
    /// The cron expression.
    pub cron: Arc<str>,
    /// The time for which the event was scheduled; it is dispatched a little later.
    pub time: SystemTime,
}

/// Which events an app has handlers for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handlers {
    /// Requests.
    pub fetch: bool,
    /// Scheduled events.
    pub scheduled: bool,
}

impl Handlers {
    /// What an app has to have to be sent requests.
    pub const EXPECTED_FETCH: &str = "`export default { fetch(request, env, ctx) { … } }` in its entry module, a class there with \
         that method, or `addEventListener(\"fetch\", …)`";
    /// What an app has to have to be sent scheduled events.
    pub const EXPECTED_SCHEDULED: &str = "`scheduled(event, env, ctx) { … }` beside `fetch`, or `addEventListener(\"scheduled\", …)`";
}
