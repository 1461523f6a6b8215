//! `CryptoKey`, <https://w3c.github.io/webcrypto/#cryptokey-interface>.

use std::sync::Arc;

use nano_webidl::idl::{self, Bytes, ToJs, uint8_array};
use nano_webidl::{Fallible, Ref, Scope, Serializable, Trace, Traced};

use super::digest::Hash;
use super::key::{Details, Key, NewKey, Usages};
use crate::bindings::crypto_key::CryptoKeyMethods;
use crate::bindings::ty;
use crate::bindings::types::{self, KeyType};

/// A `CryptoKey` object. Clones share the key.
#[derive(Trace)]
#[own_memory]
pub struct CryptoKey {
    #[untraced]
    key: Arc<Key>,
    /// `[[algorithm_cached]]`
    algorithm: Traced<v8::Object>,
    /// `[[usages_cached]]`
    usages: Traced<v8::Object>,
}

impl CryptoKey {
    /// An object for a key.
    pub fn new<'s>(scope: &mut Scope<'s, '_>, key: Arc<Key>) -> Ref<'s, CryptoKey> {
        let object = CryptoKey {
            key,
            algorithm: Traced::default(),
            usages: Traced::default(),
        };
        Ref::new(scope, object)
    }

    /// An object for a key that was made, which is from now on what methods said it would be.
    pub fn of_new<'s>(
        scope: &mut Scope<'s, '_>,
        key: NewKey,
        extractable: bool,
        usages: Usages,
    ) -> Ref<'s, CryptoKey> {
        let NewKey {
            key_type,
            algorithm,
            material,
        } = key;
        let key = Key {
            key_type,
            extractable,
            algorithm,
            usages,
            material,
        };
        CryptoKey::new(scope, Arc::new(key))
    }

    /// The internal slots.
    pub fn key(&self) -> &Arc<Key> {
        &self.key
    }

    fn own_memory(&self) -> usize {
        self.key.size()
    }
}

impl Serializable for CryptoKey {
    type Data = Arc<Key>;

    // https://w3c.github.io/webcrypto/#cryptokey-interface-clone
    fn serialize<'s>(_: &mut Scope<'s, '_>, object: Ref<'s, Self>) -> Fallible<Arc<Key>> {
        Ok(object.key.clone())
    }

    fn deserialize<'s>(
        scope: &mut Scope<'s, '_>,
        data: &Arc<Key>,
    ) -> Fallible<v8::Local<'s, v8::Object>> {
        Ok(CryptoKey::new(scope, data.clone()).object())
    }

    fn data_size(data: &Arc<Key>) -> usize {
        data.size()
    }
}

impl CryptoKeyMethods for CryptoKey {
    fn type_(&self) -> KeyType {
        self.key.key_type
    }

    fn extractable(&self) -> bool {
        self.key.extractable
    }

    // https://w3c.github.io/webcrypto/#dom-cryptokey-algorithm
    fn algorithm<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Object>> {
        if let Some(known) = self.algorithm.get(scope) {
            return Ok(known);
        }
        let object = algorithm_object(scope, &self.key)?;
        self.algorithm.set(scope, object);
        Ok(object)
    }

    // https://w3c.github.io/webcrypto/#dom-cryptokey-usages
    fn usages<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Object>> {
        if let Some(known) = self.usages.get(scope) {
            return Ok(known);
        }
        let usages = self.key.usages.iter().collect();
        let array = idl::Sequence::<ty::KeyUsage>::to_js(scope, usages)?;
        let object = <idl::Object as idl::FromJs>::from_js(scope, array)?;
        self.usages.set(scope, object);
        Ok(object)
    }
}

fn hash_object<'s>(scope: &mut Scope<'s, '_>, hash: Hash) -> Fallible<types::KeyAlgorithm<'s>> {
    Ok(types::KeyAlgorithm {
        name: idl::string(scope, hash.name())?,
    })
}

fn algorithm_object<'s>(
    scope: &mut Scope<'s, '_>,
    key: &Key,
) -> Fallible<v8::Local<'s, v8::Object>> {
    let name = idl::string(scope, key.algorithm.name)?;
    let value = match &key.algorithm.details {
        Details::None => ty::KeyAlgorithm::to_js(scope, types::KeyAlgorithm { name })?,
        &Details::Aes { length } => {
            ty::AesKeyAlgorithm::to_js(scope, types::AesKeyAlgorithm { name, length })?
        }
        &Details::Hmac { hash, length } => {
            let hash = hash_object(scope, hash)?;
            ty::HmacKeyAlgorithm::to_js(scope, types::HmacKeyAlgorithm { name, hash, length })?
        }
        &Details::Kmac { length } => {
            ty::KmacKeyAlgorithm::to_js(scope, types::KmacKeyAlgorithm { name, length })?
        }
        Details::Ec(curve) => {
            let named_curve = idl::string(scope, curve.name())?;
            ty::EcKeyAlgorithm::to_js(scope, types::EcKeyAlgorithm { name, named_curve })?
        }
        Details::Rsa {
            modulus_length,
            public_exponent,
            hash,
        } => {
            let hash = hash_object(scope, *hash)?;
            let public_exponent = uint8_array(scope, public_exponent.clone())?;
            let algorithm = types::RsaHashedKeyAlgorithm {
                name,
                modulus_length: *modulus_length,
                public_exponent: Bytes::View(public_exponent.into()),
                hash,
            };
            ty::RsaHashedKeyAlgorithm::to_js(scope, algorithm)?
        }
    };
    <idl::Object as idl::FromJs>::from_js(scope, value)
}
