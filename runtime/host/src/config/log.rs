//! What of an app stands in the log.

use nano_worker::LogLevel;

use super::fields::Log;
use super::reader::Fields;

/// What of an app stands in the log; how much of it, its limits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// Of what the app says, the least grave that is logged; `None`: nothing is.
    pub level: Option<LogLevel>,
    /// Which of its requests are logged.
    pub requests: LoggedRequests,
    /// Of so many requests that could be logged and have not failed, one is.
    pub sample: u32,
}

/// Which requests of an app are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedRequests {
    /// All, but for those that [`LogConfig::sample`] leaves out.
    All,
    /// Those that the app, or the host, has failed to answer.
    Failed,
    /// None.
    None,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: Some(LogLevel::Debug),
            requests: LoggedRequests::All,
            sample: 1,
        }
    }
}

/// Reads the field "log" over others.
pub(super) fn read_log(fields: &Fields<'_, Log>, mut log: LogConfig) -> LogConfig {
    fields.read_over(Log::LEVEL, &mut log.level);
    fields.read_over(Log::REQUESTS, &mut log.requests);
    fields.read_over(Log::SAMPLE, &mut log.sample);
    log
}
