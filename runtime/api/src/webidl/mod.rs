//! The interfaces of the Web IDL Standard: exceptions, <https://webidl.spec.whatwg.org/#idl-DOMException>.

pub mod dom_exception;
pub mod quota_exceeded_error;
