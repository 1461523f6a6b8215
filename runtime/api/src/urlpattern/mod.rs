//! The URL Pattern Standard, <https://urlpattern.spec.whatwg.org/>.

mod canonicalize;
mod component;
mod constructor_string;
mod init;
mod parts;
mod tokenizer;
pub mod url_pattern;
