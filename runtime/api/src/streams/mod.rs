//! The Streams Standard, <https://streams.spec.whatwg.org/>, is built-in scripts. What is here is where their bytes come from and go
//! to outside of the isolate.

pub mod native_sink;
pub mod native_source;
