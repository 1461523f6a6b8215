//! The Encoding Standard, <https://encoding.spec.whatwg.org/>, and forgiving-base64 of the Infra Standard.
//!
//! `TextEncoderStream` and `TextDecoderStream` are the scripts of this folder.

pub mod base64;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod text_decoder;
pub mod text_encoder;
pub mod utf8_decoder;
