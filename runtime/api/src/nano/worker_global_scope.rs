//! The global object, to which the folder of each specification adds what that says: its own members are in
//! [`html`](crate::html), those of mixins are `<Specification>GlobalMethods`.

/// The global object.
pub struct WorkerGlobalScope;
