//! What ciphers that authenticate what they encrypt are given.

use nano_webidl::idl::{Bytes, FromJs};
use nano_webidl::{Fallible, Scope, Value};

use super::algorithm::{self, Copied};
use crate::bindings::ty;

/// <https://wicg.github.io/webcrypto-modern-algos/#aead-params>, or AES-GCM's, which are the same.
pub struct Aead {
    /// The initialization vector, or nonce.
    pub iv: Copied,
    /// What is authenticated beside the data.
    pub additional_data: Copied,
    /// The length of the authentication tag.
    pub tag_bits: u8,
}

impl Aead {
    /// Converts the dictionary that an app has given.
    ///
    /// # Errors
    /// It is none, or there is no room for a copy.
    pub fn read<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Aead> {
        let given = ty::AeadParams::from_js(scope, value)?;
        Aead::copy(scope, given.iv, given.additional_data, given.tag_length)
    }

    /// Copies what was given.
    ///
    /// # Errors
    /// There is no room for a copy.
    pub fn copy(
        scope: &mut Scope,
        iv: Bytes,
        additional_data: Option<Bytes>,
        tag_length: Option<u8>,
    ) -> Fallible<Aead> {
        Ok(Aead {
            iv: algorithm::copy(scope, iv)?,
            additional_data: algorithm::copy_optional(scope, additional_data)?.unwrap_or_default(),
            tag_bits: tag_length.unwrap_or(128),
        })
    }
}
