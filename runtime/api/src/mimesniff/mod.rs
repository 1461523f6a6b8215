//! The MIME Sniffing Standard, <https://mimesniff.spec.whatwg.org/>: its MIME types.

pub mod mime_type;
