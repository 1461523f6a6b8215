//! What a `CryptoKey` has in its internal slots, <https://w3c.github.io/webcrypto/#cryptokey-interface-members>.

use nano_webidl::{DomExceptionName, Error, Fallible};
use zeroize::Zeroizing;

use super::aws_lc::{Curve, PKey};
use super::digest::Hash;
use crate::bindings::types::{KeyType, KeyUsage};

/// A key. It belongs to no isolate: what is done with it is done on any thread.
pub struct Key {
    /// `[[type]]`
    pub key_type: KeyType,
    /// `[[extractable]]`
    pub extractable: bool,
    /// `[[algorithm]]`
    pub algorithm: KeyAlgorithm,
    /// `[[usages]]`
    pub usages: Usages,
    /// `[[handle]]`
    pub material: Material,
}

/// A key as the steps of its algorithm make it: without what `[[extractable]]` and `[[usages]]` will be.
pub struct NewKey {
    /// `[[type]]`
    pub key_type: KeyType,
    /// `[[algorithm]]`
    pub algorithm: KeyAlgorithm,
    /// `[[handle]]`
    pub material: Material,
}

/// The key itself.
pub enum Material {
    /// Bytes that both sides have.
    Secret(Zeroizing<Vec<u8>>),
    /// A key of a pair.
    Pair(PKey),
}

/// `[[algorithm]]`: <https://w3c.github.io/webcrypto/#key-algorithm-dictionary> and what inherits from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAlgorithm {
    /// `name`
    pub name: &'static str,
    /// What the algorithm adds.
    pub details: Details,
}

/// What an algorithm says about keys beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// `KeyAlgorithm`
    None,
    /// `AesKeyAlgorithm`
    Aes {
        /// In bits.
        length: u16,
    },
    /// `HmacKeyAlgorithm`
    Hmac {
        /// The inner hash function.
        hash: Hash,
        /// In bits.
        length: u32,
    },
    /// `KmacKeyAlgorithm`
    Kmac {
        /// In bits.
        length: u32,
    },
    /// `EcKeyAlgorithm`
    Ec(Curve),
    /// `RsaHashedKeyAlgorithm`
    Rsa {
        /// In bits.
        modulus_length: u32,
        /// Big-endian, without leading zeros.
        public_exponent: Vec<u8>,
        /// The hash function.
        hash: Hash,
    },
}

/// What AWS-LC takes for a key of a pair beside its numbers, roughly.
const PAIR: usize = 1024;

impl Key {
    /// The secret bytes.
    ///
    /// # Errors
    /// An `InvalidAccessError` where the key has none.
    pub fn secret(&self) -> Fallible<&[u8]> {
        match &self.material {
            Material::Secret(bytes) => Ok(bytes),
            Material::Pair(_) => Err(invalid_access("The key is not a secret one")),
        }
    }

    /// The key of a pair, of this type.
    ///
    /// # Errors
    /// An `InvalidAccessError` where the key is another one.
    pub fn pair(&self, key_type: KeyType) -> Fallible<&PKey> {
        match &self.material {
            Material::Pair(key) if self.key_type == key_type => Ok(key),
            _ => Err(invalid_access(format!(
                "The key is a {} one, but it takes a {} one",
                self.key_type.as_str(),
                key_type.as_str()
            ))),
        }
    }

    /// About how many bytes a key of RSA takes: eight numbers of up to that many bits, and what is precomputed for half of them.
    pub fn rsa_size(modulus_length: u32) -> usize {
        PAIR + modulus_length as usize
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let material = match (&self.material, &self.algorithm.details) {
            (Material::Secret(bytes), _) => bytes.len(),
            (_, Details::Rsa { modulus_length, .. }) => Key::rsa_size(*modulus_length),
            (_, Details::Ec(_)) => PAIR,
            // The largest of ML-DSA and ML-KEM have some 8 KB.
            _ => 8 * PAIR,
        };
        size_of::<Key>() + material
    }
}

/// A set of <https://w3c.github.io/webcrypto/#dfn-KeyUsage>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usages(u16);

impl Usages {
    const ALL: [KeyUsage; 12] = [
        KeyUsage::Encrypt,
        KeyUsage::Decrypt,
        KeyUsage::Sign,
        KeyUsage::Verify,
        KeyUsage::DeriveKey,
        KeyUsage::DeriveBits,
        KeyUsage::WrapKey,
        KeyUsage::UnwrapKey,
        KeyUsage::EncapsulateKey,
        KeyUsage::EncapsulateBits,
        KeyUsage::DecapsulateKey,
        KeyUsage::DecapsulateBits,
    ];

    /// Of a list, which may name some of them twice.
    pub fn new(list: &[KeyUsage]) -> Usages {
        Usages(list.iter().fold(0, |set, usage| set | 1 << (*usage as u16)))
    }

    /// Those that both have.
    pub fn among(self, list: &[KeyUsage]) -> Usages {
        Usages(self.0 & Usages::new(list).0)
    }

    /// Whether it has this one.
    pub fn has(self, usage: KeyUsage) -> bool {
        self.0 & Usages::new(&[usage]).0 != 0
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of the specification.
    pub fn iter(self) -> impl Iterator<Item = KeyUsage> {
        Usages::ALL
            .into_iter()
            .filter(move |usage| self.has(*usage))
    }

    /// "If usages contains an entry which is not …, then throw a SyntaxError."
    ///
    /// # Errors
    /// That one.
    pub fn only(self, allowed: &[KeyUsage]) -> Fallible<()> {
        match self.iter().find(|usage| !allowed.contains(usage)) {
            None => Ok(()),
            Some(usage) => {
                let allowed: Vec<_> = allowed.iter().map(|usage| usage.as_str()).collect();
                let message = format!(
                    "Such a key cannot be used for '{}'; what it can be used for: {}",
                    usage.as_str(),
                    match allowed.is_empty() {
                        true => "nothing by itself (the list is empty)".to_owned(),
                        false => allowed.join(", "),
                    }
                );
                Err(Error::dom(DomExceptionName::Syntax, message))
            }
        }
    }
}

/// A `DataError`: key data that is none.
pub fn data_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::Data, message)
}

/// An `OperationError`: what was asked for did not work.
pub fn operation_error(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::Operation, message)
}

/// A `NotSupportedError`.
pub fn not_supported(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::NotSupported, message)
}

/// An `InvalidAccessError`: a key that is not for that.
pub fn invalid_access(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::dom(DomExceptionName::InvalidAccess, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_are_a_set_in_the_order_of_the_specification() {
        let usages = Usages::new(&[KeyUsage::Verify, KeyUsage::Sign, KeyUsage::Verify]);
        let list: Vec<_> = usages.iter().map(KeyUsage::as_str).collect();
        assert_eq!(list, ["sign", "verify"]);
        assert_eq!(usages.among(&[KeyUsage::Verify]).iter().count(), 1);
        assert!(usages.only(&[KeyUsage::Sign]).is_err());
        for (index, usage) in Usages::ALL.into_iter().enumerate() {
            assert_eq!(usage as usize, index, "the order of the enumeration");
        }
    }
}
