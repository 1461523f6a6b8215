//! What NANO adds to the standards: the global object, and the context of a handler.

pub mod execution_context;
pub mod worker_global_scope;
