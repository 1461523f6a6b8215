//! How a version of an app is, in words for those who ask or are refused.

use std::time::Duration;

/// How a version of an app is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// An instance runs.
    Running,
    /// None does; the next request starts one.
    Idle,
    /// One starts.
    Starting,
    /// The last start has failed, and why.
    Failing(String),
    /// Too many instances are lost.
    Disabled(String),
}

/// Why there is no instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) message: String,
    /// Where the app's code failed, if it did: places and source lines.
    pub(crate) stack: Option<String>,
}

impl Reason {
    /// Both, for the app's author.
    pub(crate) fn report(&self) -> String {
        nano_worker::report(&self.message, self.stack.as_deref())
    }
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        Self {
            message,
            stack: None,
        }
    }
}

/// Why there is no instance for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unavailable {
    pub(crate) reason: Reason,
    /// When to ask again; `None` if that is of no use.
    pub(crate) retry_after: Option<Duration>,
}
