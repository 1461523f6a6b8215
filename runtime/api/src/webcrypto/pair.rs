//! What algorithms with pairs of keys have in common.

use nano_webidl::{Error, Fallible};
use zeroize::Zeroizing;

use super::algorithm::{Generated, KeyData};
use super::aws_lc::{Family, PKey};
use super::key::{
    Details, Key, KeyAlgorithm, Material, NewKey, Usages, data_error, operation_error,
};
use crate::bindings::types::{KeyFormat, KeyType, KeyUsage};

/// What one algorithm's keys are used for.
pub struct PairUsages {
    /// The public key.
    pub public: &'static [KeyUsage],
    /// The private key.
    pub private: &'static [KeyUsage],
}

impl PairUsages {
    /// Those of one key.
    pub fn of(&self, key_type: KeyType) -> &'static [KeyUsage] {
        match key_type {
            KeyType::Private => self.private,
            _ => self.public,
        }
    }

    /// What a pair may be made for.
    ///
    /// # Errors
    /// A `SyntaxError` for anything else.
    pub fn check(&self, usages: Usages) -> Fallible<()> {
        usages.only(&[self.public, self.private].concat())
    }
}

/// A key of these parts.
pub fn pair_key(name: &'static str, details: Details, key_type: KeyType, key: PKey) -> NewKey {
    NewKey {
        key_type,
        algorithm: KeyAlgorithm { name, details },
        material: Material::Pair(key),
    }
}

/// The pair of a private key that was made.
///
/// # Errors
/// An `OperationError` where there is none.
pub fn generated(
    private: Option<PKey>,
    usages: Usages,
    of: &PairUsages,
    key: impl Fn(KeyType, PKey) -> Fallible<NewKey>,
) -> Fallible<Generated> {
    let failed = || operation_error("No key could be made");
    let private = private.ok_or_else(failed)?;
    let public = private.to_public().ok_or_else(failed)?;
    Ok(Generated::Pair {
        public: (key(KeyType::Public, public)?, usages.among(of.public)),
        private: (key(KeyType::Private, private)?, usages.among(of.private)),
    })
}

/// The key in a "spki" or "pkcs8", which must be of this family.
///
/// # Errors
/// A `DataError`.
pub fn parse(format: KeyFormat, bytes: &[u8], family: Family, name: &str) -> Fallible<PKey> {
    let key = match format {
        KeyFormat::Pkcs8 => PKey::from_pkcs8(bytes),
        _ => PKey::from_spki(bytes),
    };
    key.filter(|key| key.is(family))
        .ok_or_else(|| no_key(format, name))
}

/// The error for data that is not a key of an algorithm.
pub fn no_key(format: KeyFormat, name: &str) -> Error {
    data_error(format!(
        "The data is not a key of {name} in the format '{}'",
        format.as_str()
    ))
}

/// The key as "spki" or "pkcs8".
///
/// # Errors
/// An `InvalidAccessError` where it is the other one of the pair.
pub fn marshal(format: KeyFormat, key: &Key) -> Fallible<KeyData> {
    let bytes = match format {
        KeyFormat::Pkcs8 => key.pair(KeyType::Private)?.to_pkcs8(),
        _ => key.pair(KeyType::Public)?.to_spki(),
    };
    exported(bytes)
}

/// The external form that AWS-LC has made.
///
/// # Errors
/// An `OperationError` where it has made none.
pub fn exported(bytes: Option<Vec<u8>>) -> Fallible<KeyData> {
    bytes
        .map(|bytes| KeyData::Bytes(Zeroizing::new(bytes)))
        .ok_or_else(|| operation_error("The key could not be exported"))
}
