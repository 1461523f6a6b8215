//! Keys on their way in and out: what importKey, unwrapKey, deriveKey and others have in common,
//! <https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey>.

use nano_webidl::{DomExceptionName, Error, Fallible, Ref, Scope};
use zeroize::Zeroizing;

use super::algorithm::{Import, KeyData, normalize, of_name};
use super::crypto_key::CryptoKey;
use super::jwk::Jwk;
use super::key::{Key, NewKey, Usages, invalid_access, not_supported};
use crate::bindings::types::{AlgorithmIdentifier, KeyFormat, KeyType, KeyUsage};

/// "If the [[type]] internal slot of result is "secret" or "private" and usages is empty, then throw a SyntaxError."
///
/// # Errors
/// That one.
pub fn require_usages(key_type: KeyType, usages: Usages) -> Fallible<()> {
    match usages.is_empty() && key_type != KeyType::Public {
        false => Ok(()),
        true => Err(Error::dom(
            DomExceptionName::Syntax,
            match key_type {
                KeyType::Private => {
                    "nothing may be done with the private key: name what is to be, such as 'decrypt', 'sign' or 'deriveBits'"
                }
                _ => {
                    "nothing may be done with the key: name what is to be, such as 'encrypt' or 'sign'"
                }
            },
        )),
    }
}

/// A key of its external form, which may be used for this.
pub struct Importing {
    /// The algorithm's.
    pub steps: Box<dyn Import>,
    /// Of the external form.
    pub format: KeyFormat,
    /// Whether the key will be.
    pub extractable: bool,
    /// What it may be used for.
    pub usages: Usages,
}

impl Importing {
    /// The key.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    pub fn import(&self, data: KeyData) -> Fallible<NewKey> {
        self.steps.check()?;
        let key = self
            .steps
            .import(self.format, data, self.extractable, self.usages)?;
        require_usages(key.key_type, self.usages)?;
        Ok(key)
    }

    /// As [`import`](Self::import), of the bytes that were decrypted.
    ///
    /// # Errors
    /// As for [`import`](Self::import).
    pub fn unwrap(&self, bytes: Zeroizing<Vec<u8>>) -> Fallible<NewKey> {
        self.import(match self.format {
            KeyFormat::Jwk => KeyData::Jwk(Box::new(Jwk::from_json(&bytes)?)),
            _ => KeyData::Bytes(bytes),
        })
    }

    /// As [`import`](Self::import), of bytes that were derived or encapsulated.
    ///
    /// # Errors
    /// As for [`normalize`].
    pub fn of_secret<'s>(
        scope: &mut Scope<'s, '_>,
        algorithm: &AlgorithmIdentifier<'s>,
        extractable: bool,
        usages: &[KeyUsage],
    ) -> Fallible<Importing> {
        Ok(Importing {
            steps: normalize(scope, algorithm, "importKey()", |a| a.import)?.steps,
            format: KeyFormat::RawSecret,
            extractable,
            usages: Usages::new(usages),
        })
    }

    /// The object of a key that was imported.
    pub fn object<'s>(&self, scope: &mut Scope<'s, '_>, key: NewKey) -> Ref<'s, CryptoKey> {
        CryptoKey::of_new(scope, key, self.extractable, self.usages)
    }
}

/// The external form of a key that may have one.
///
/// # Errors
/// An `InvalidAccessError` where it may not be exported, and those of the algorithm's specification.
pub fn export(format: KeyFormat, key: &Key) -> Fallible<KeyData> {
    let name = key.algorithm.name;
    let Some(export) = of_name(name)?.export else {
        return Err(not_supported(format!("Keys of {name} cannot be exported")));
    };
    if !key.extractable {
        return Err(invalid_access("The key is not extractable"));
    }
    export(format, key)
}
