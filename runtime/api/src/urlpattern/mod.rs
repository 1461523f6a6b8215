//! The URL Pattern Standard, <https://urlpattern.spec.whatwg.org/>.

mod canonicalize;
mod component;
mod constructor_string;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod init;
mod parts;
mod tokenizer;
pub mod url_pattern;
