//! The HTML Standard's event streams, <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

pub mod event_sources;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
