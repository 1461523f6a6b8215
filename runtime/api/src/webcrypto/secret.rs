//! What algorithms with secret keys have in common: the external forms of such keys, and keys that are random bytes.

use std::borrow::Cow;

use nano_webidl::{DomExceptionName, Error, Fallible};
use zeroize::Zeroizing;

use super::algorithm::{Import, KeyData, no_such_format};
use super::jwk::{Jwk, decode, encode};
use super::key::{Details, Key, KeyAlgorithm, Material, NewKey, Usages, data_error};
use super::random;
use crate::bindings::types::{KeyFormat, KeyType, KeyUsage};

/// `alg` of a JWK, for a key of so many bytes.
pub type Alg<'a> = &'a dyn Fn(usize) -> Option<Cow<'static, str>>;

/// The external forms of one algorithm's keys.
pub struct Forms<'a> {
    /// The algorithm.
    pub name: &'static str,
    /// Whether "raw" is another name of "raw-secret", as for algorithms that are older than that.
    pub raw: bool,
    /// The `use` of a JWK, and its `alg`, if there is one for such a key.
    pub jwk: Option<(&'static str, Alg<'a>)>,
}

impl Forms<'_> {
    /// The key's bytes.
    ///
    /// # Errors
    /// A `NotSupportedError` for another format, a `DataError` for a JWK that is of another key.
    pub fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<Zeroizing<Vec<u8>>> {
        match (format, data, &self.jwk) {
            (KeyFormat::RawSecret, KeyData::Bytes(bytes), _) => Ok(bytes),
            (KeyFormat::Raw, KeyData::Bytes(bytes), _) if self.raw => Ok(bytes),
            (KeyFormat::Jwk, KeyData::Jwk(jwk), Some((use_, alg))) => {
                jwk.check("oct", use_, extractable, usages)?;
                let bytes = decode("k", &jwk.k)?;
                if let Some(alg) = alg(bytes.len()) {
                    jwk.check_alg(&alg)?;
                }
                Ok(bytes)
            }
            _ => Err(no_such_format(format, self.name)),
        }
    }

    /// The external form of a key.
    ///
    /// # Errors
    /// A `NotSupportedError` for a format that there is not.
    pub fn export(&self, format: KeyFormat, key: &Key) -> Fallible<KeyData> {
        let bytes = key.secret()?;
        match (format, &self.jwk) {
            (KeyFormat::RawSecret, _) => Ok(KeyData::Bytes(Zeroizing::new(bytes.to_vec()))),
            (KeyFormat::Raw, _) if self.raw => Ok(KeyData::Bytes(Zeroizing::new(bytes.to_vec()))),
            (KeyFormat::Jwk, Some((_, alg))) => Ok(KeyData::Jwk(Box::new(Jwk {
                k: encode(bytes),
                alg: alg(bytes.len()).map(Cow::into_owned),
                ..Jwk::of(key, "oct")
            }))),
            _ => Err(no_such_format(format, self.name)),
        }
    }
}

/// A key of these bytes.
pub fn secret_key(name: &'static str, details: Details, bytes: Zeroizing<Vec<u8>>) -> NewKey {
    NewKey {
        key_type: KeyType::Secret,
        algorithm: KeyAlgorithm { name, details },
        material: Material::Secret(bytes),
    }
}

/// The length of a key in bits, of its bytes and the length that was given: <https://w3c.github.io/webcrypto/#hmac-operations-import-key>,
/// steps 5 to 7.
///
/// # Errors
/// A `DataError` where there is no bit, or the bytes are not those of such a length.
pub fn key_length(bytes: &[u8], given: Option<u32>) -> Fallible<u32> {
    // 5. and 6. Let length be the length in bits of data; if it is zero, then throw a DataError.
    let all = u32::try_from(bytes.len() * 8)
        .ok()
        .filter(|bits| *bits > 0)
        .ok_or_else(|| data_error("Such a key has at least one bit, and at most 2^32 - 1"))?;
    // 7. If the length member is present, it must be that, or less by no more than 7 bits.
    let length = given.unwrap_or(all);
    if length > all || length <= all - 8 {
        let message = format!("The key has {all} bits, which does not fit to a length of {length}");
        return Err(data_error(message));
    }
    Ok(length)
}

/// importKey of what other keys are derived from: any bytes, which are not exported.
pub struct ImportPassword(pub &'static str);

impl Import for ImportPassword {
    // https://w3c.github.io/webcrypto/#hkdf-operations-import-key and https://w3c.github.io/webcrypto/#pbkdf2-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let forms = Forms {
            name: self.0,
            raw: true,
            jwk: None,
        };
        // 2. If format is not "raw", throw a NotSupportedError.
        let bytes = forms.import(format, data, extractable, usages)?;
        // 3. If usages contains a value that is not "deriveKey" or "deriveBits", then throw a SyntaxError.
        usages.only(&[KeyUsage::DeriveKey, KeyUsage::DeriveBits])?;
        // 4. If extractable is not false, then throw a SyntaxError.
        if extractable {
            let message = format!("Keys of {} are not extractable", self.0);
            return Err(Error::dom(DomExceptionName::Syntax, message));
        }
        Ok(secret_key(self.0, Details::None, bytes))
    }
}

/// So many random bits, as bytes; those beyond the last bit are zero.
///
/// # Errors
/// An `OperationError` if the system has no entropy.
pub fn random_bits(bits: usize) -> Fallible<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; bits.div_ceil(8)]);
    random::fill(&mut bytes)?;
    truncate_bits(&mut bytes, bits);
    Ok(bytes)
}

/// Leaves the first `bits` bits.
pub fn truncate_bits(bytes: &mut Vec<u8>, bits: usize) {
    bytes.truncate(bits.div_ceil(8));
    if let (1..8, Some(last)) = (bits % 8, bytes.last_mut()) {
        *last &= 0xff << (8 - bits % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_beyond_the_last_one_are_zero() {
        let mut bytes = vec![0xff; 3];
        truncate_bits(&mut bytes, 11);
        assert_eq!(bytes, [0xff, 0xe0]);
        truncate_bits(&mut bytes, 8);
        assert_eq!(bytes, [0xff]);
        assert_eq!(random_bits(12).expect("random").len(), 2);
    }
}
