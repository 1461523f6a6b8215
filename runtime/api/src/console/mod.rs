//! The Console Standard, <https://console.spec.whatwg.org/>, and the printer of values that it, `nano eval` and the REPL use.
//!
//! * [`console`]: the namespace.
//! * [`state`]: what a console keeps per isolate, and the sink that its words go to.
//! * [`format`]: `%s`, `%d` and the other specifiers.
//! * [`table`]: the boxes of `console.table`.
//! * [`inspect`]: any value as text, without running any code of the app.

#[allow(
    clippy::module_inception,
    reason = "one file per interface: the namespace is called console"
)]
pub mod console;
pub mod format;
pub mod inspect;
pub mod state;
pub mod table;

pub use inspect::{InspectOptions, inspect};
pub use state::{ConsoleSink, ConsoleState, Level};
