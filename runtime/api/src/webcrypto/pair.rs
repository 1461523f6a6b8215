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

/// The type of the key in a "spki" or "pkcs8".
pub fn type_of(format: KeyFormat) -> KeyType {
    match format {
        KeyFormat::Pkcs8 => KeyType::Private,
        _ => KeyType::Public,
    }
}

/// What has a public key.
pub trait Private: Sized {
    /// The public key alone.
    fn public(&self) -> Option<Self>;
}

impl Private for PKey {
    fn public(&self) -> Option<PKey> {
        self.to_public()
    }
}

impl Private for Material {
    fn public(&self) -> Option<Material> {
        match self {
            Material::Pair(key) => key.to_public().map(Material::Pair),
            Material::Curve448(key) => Some(Material::Curve448(key.to_public())),
            Material::Secret(_) => None,
        }
    }
}

impl Material {
    /// The public key's bytes.
    pub fn raw_public(&self) -> Option<Vec<u8>> {
        match self {
            Material::Pair(key) => key.raw_public(),
            Material::Curve448(key) => Some(key.raw_public().to_vec()),
            Material::Secret(_) => None,
        }
    }

    /// The private key's bytes.
    pub fn raw_private(&self) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = match self {
            Material::Pair(key) => key.raw_private(),
            Material::Curve448(key) => key.raw_private().map(<[u8]>::to_vec),
            Material::Secret(_) => None,
        };
        bytes.map(Zeroizing::new)
    }
}

/// A key of these parts.
pub fn pair_key(
    name: &'static str,
    details: Details,
    key_type: KeyType,
    key: impl Into<Material>,
) -> NewKey {
    NewKey {
        key_type,
        algorithm: KeyAlgorithm { name, details },
        material: key.into(),
    }
}

/// The pair of a private key that was made.
///
/// # Errors
/// An `OperationError` where there is none.
pub fn generated<K: Private>(
    private: Option<K>,
    usages: Usages,
    of: &PairUsages,
    key: impl Fn(KeyType, K) -> Fallible<NewKey>,
) -> Fallible<Generated> {
    let failed = || operation_error("No key could be made");
    let private = private.ok_or_else(failed)?;
    let public = private.public().ok_or_else(failed)?;
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
    exported(match format {
        KeyFormat::Pkcs8 => match key.part(KeyType::Private)? {
            Material::Pair(key) => key.to_pkcs8(),
            Material::Curve448(key) => key.to_pkcs8(),
            Material::Secret(_) => None,
        },
        _ => match key.part(KeyType::Public)? {
            Material::Pair(key) => key.to_spki(),
            Material::Curve448(key) => Some(key.to_spki()),
            Material::Secret(_) => None,
        },
    })
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
