//! High Resolution Time, <https://w3c.github.io/hr-time/>. Its clock is [that of the environment](crate::environment).

mod performance;
