//! Printers of the resolved WebIDL model: everything that is generated comes from here.
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]

pub mod bundle;
pub(crate) mod distinguish;
pub mod dts;
mod idl_text;
mod overloads;
pub mod reference;
pub mod rust;
pub mod script;
