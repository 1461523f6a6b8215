//! HTTP: between hyper's messages and those of apps.

pub(crate) mod answers;
pub(crate) mod bounded;
pub(crate) mod error_page;
pub(crate) mod forwarded;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod headers;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod target;
