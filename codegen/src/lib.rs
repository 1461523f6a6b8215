//! Printers of the resolved WebIDL model: everything that is generated comes from here.
#![deny(missing_docs)]

pub mod bundle;
pub(crate) mod distinguish;
pub mod dts;
mod idl_text;
mod overloads;
pub mod reference;
pub mod rust;
pub mod script;
