//! `FormData` of the XMLHttpRequest Standard, <https://xhr.spec.whatwg.org/#interface-formdata>, and its wire formats.

pub mod form_data;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod multipart_parser;
pub mod multipart_serializer;
