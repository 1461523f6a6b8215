//! `FormData` of the XMLHttpRequest Standard, <https://xhr.spec.whatwg.org/#interface-formdata>, and its wire formats.

pub mod form_data;
pub mod multipart_parser;
pub mod multipart_serializer;
