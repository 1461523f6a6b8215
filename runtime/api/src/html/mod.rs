//! The HTML Standard's part of the Web APIs, <https://html.spec.whatwg.org/multipage/>.

pub mod broadcasts;
mod global;
pub mod navigator;
mod scheduler;
pub mod timers;
