//! The JavaScript binding of Web IDL: the library that generated glue names.
//!
//! * [`idl`]: one marker type per IDL type, with its conversions in both directions.
//! * [`interface`]: static tables that describe interfaces, and the V8 templates that are made of them.
//! * [`object`]: platform objects: Rust values that the garbage collector owns.
//! * [`call`]: what happens between V8 calling a generated callback and the hand-written member.
//! * [`iterable`]: iterators of `iterable<K, V>` interfaces.
//! * [`maplike`], [`setlike`]: their entries and members.
//! * [`indexed`]: indexed properties.
//! * [`names`]: names that specifications give, as strings.
//! * [`script`]: objects and functions of the built-in scripts, seen from Rust.
//! * [`serializable`]: what structured cloning asks of platform objects.
//! * [`trace`]: what the collector must visit in them, and cells for what changes.
//! * [`accounted`]: parts of platform objects that may grow.
//! * [`room`]: memory that an app wishes for, asked for before it is taken.
//! * [`realm`]: what one isolate keeps for all of these.
//!
//! Source: <https://webidl.spec.whatwg.org/#javascript-binding>.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

// What is derived names this crate.
extern crate self as nano_webidl;

pub mod accounted;
mod blank;
pub mod call;
pub mod error;
pub mod idl;
pub mod indexed;
pub mod interface;
pub mod iterable;
pub mod maplike;
pub mod names;
pub mod object;
pub mod realm;
pub mod room;
pub mod script;
pub mod serializable;
pub mod setlike;
pub mod trace;

pub use accounted::{Accounted, ExternalSize};
pub use call::Call;
pub use error::{DomExceptionName, Error, Fallible, excerpt, range_error, type_error};
pub use names::internalized;
pub use object::{PlatformObject, Ref};
pub use realm::Realm;
pub use room::require_room;
pub use script::{ScriptInterface, ScriptRef};
pub use serializable::Serializable;
pub use trace::{Trace, Traced, TracedCell, Visitor};

/// A scope with a context: what every conversion and every call into JavaScript needs.
pub type Scope<'s, 'i> = v8::PinScope<'s, 'i>;
/// A handle to any JavaScript value.
pub type Value<'s> = v8::Local<'s, v8::Value>;
