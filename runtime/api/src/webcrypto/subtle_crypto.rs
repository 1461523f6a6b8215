//! `SubtleCrypto`, <https://w3c.github.io/webcrypto/#subtlecrypto-interface>.

use std::sync::Arc;

use nano_webidl::idl::{self, Bytes, array_buffer};
use nano_webidl::{DomExceptionName, Error, Fallible, Ref, Scope, Trace, require_room, type_error};
use zeroize::Zeroizing;

use super::algorithm::{Generated, Import, KeyData, Normalized, normalize, of_name};
use super::crypto_key::CryptoKey;
use super::digest::Digest;
use super::jwk::Jwk;
use super::key::{Key, NewKey, Usages, invalid_access, not_supported};
use super::parallel::{MIN_OFFLOADED_BYTES, perform, perform_on};
use super::supports;
use crate::bindings::subtle_crypto::SubtleCryptoMethods;
use crate::bindings::ty;
use crate::bindings::types::{
    AlgorithmIdentifier, ArrayBufferOrJsonWebKey, BufferSourceOrJsonWebKey,
    CryptoKeyOrCryptoKeyPair, CryptoKeyPair, EncapsulatedBits, EncapsulatedKey, KeyFormat, KeyType,
    KeyUsage,
};

/// The `crypto.subtle` object.
#[derive(Trace)]
pub struct SubtleCrypto;

type Promise<'s> = v8::Local<'s, v8::Promise>;
type Identifier<'s> = AlgorithmIdentifier<'s>;
type KeyRef<'s> = Ref<'s, CryptoKey>;
type KeyMarker = idl::Interface<CryptoKey>;

/// "If the name member of normalizedAlgorithm is not equal to the name attribute of the [[algorithm]] internal slot of key then throw
/// an InvalidAccessError. If the [[usages]] internal slot of key does not contain an entry that is …, then throw an
/// InvalidAccessError."
fn require<T>(normalized: &Normalized<T>, key: &Key, usage: KeyUsage) -> Fallible<()> {
    if normalized.algorithm.name != key.algorithm.name {
        return Err(invalid_access(format!(
            "The key is one of {}, and not of {}",
            key.algorithm.name, normalized.algorithm.name
        )));
    }
    match key.usages.has(usage) {
        true => Ok(()),
        false => Err(invalid_access(format!(
            "The key may not be used for '{}'",
            usage.as_str()
        ))),
    }
}

/// "If the [[type]] internal slot of result is "secret" or "private" and usages is empty, then throw a SyntaxError."
fn require_usages(key_type: KeyType, usages: Usages) -> Fallible<()> {
    match usages.is_empty() && key_type != KeyType::Public {
        false => Ok(()),
        true => Err(Error::dom(
            DomExceptionName::Syntax,
            "There must be something that the key may be used for",
        )),
    }
}

/// A key of its external form, which may be used for this.
struct Importing {
    steps: Box<dyn Import>,
    format: KeyFormat,
    extractable: bool,
    usages: Usages,
}

impl Importing {
    fn import(&self, data: KeyData) -> Fallible<NewKey> {
        self.steps.check()?;
        let key = self
            .steps
            .import(self.format, data, self.extractable, self.usages)?;
        require_usages(key.key_type, self.usages)?;
        Ok(key)
    }

    /// As [`import`](Self::import), of the bytes that were decrypted.
    fn unwrap(&self, bytes: Zeroizing<Vec<u8>>) -> Fallible<NewKey> {
        self.import(match self.format {
            KeyFormat::Jwk => KeyData::Jwk(Box::new(Jwk::from_json(&bytes)?)),
            _ => KeyData::Bytes(bytes),
        })
    }

    /// As [`import`](Self::import), of bytes that were derived or encapsulated.
    fn of_secret<'s>(
        scope: &mut Scope<'s, '_>,
        algorithm: &Identifier<'s>,
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

    fn object<'s>(&self, scope: &mut Scope<'s, '_>, key: NewKey) -> KeyRef<'s> {
        CryptoKey::of_new(scope, key, self.extractable, self.usages)
    }
}

/// The external form of a key that may have one.
fn export(format: KeyFormat, key: &Key) -> Fallible<KeyData> {
    let name = key.algorithm.name;
    let Some(export) = of_name(name)?.export else {
        return Err(not_supported(format!("Keys of {name} cannot be exported")));
    };
    if !key.extractable {
        return Err(invalid_access("The key is not extractable"));
    }
    export(format, key)
}

/// Bytes as a buffer of the app's.
fn buffer<'s>(scope: &mut Scope<'s, '_>, bytes: Vec<u8>) -> Fallible<Bytes<'s>> {
    array_buffer(scope, bytes).map(Bytes::Buffer)
}

/// As [`buffer`], of bytes that are secret.
fn secret_buffer<'s>(
    scope: &mut Scope<'s, '_>,
    mut bytes: Zeroizing<Vec<u8>>,
) -> Fallible<Bytes<'s>> {
    buffer(scope, std::mem::take(&mut *bytes))
}

impl SubtleCryptoMethods for SubtleCrypto {
    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt
    fn encrypt<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        key: KeyRef<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        // Normalization runs getters of the app, so it comes before the data is looked at; here, and in every other method.
        let normalized = normalize(scope, &algorithm, "encrypt()", |a| a.cipher)?;
        let key = key.key().clone();
        require(&normalized, &key, KeyUsage::Encrypt)?;
        let work = move |data: &[u8]| normalized.steps.encrypt(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, false, data, work, buffer)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt
    fn decrypt<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        key: KeyRef<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &algorithm, "decrypt()", |a| a.cipher)?;
        let key = key.key().clone();
        require(&normalized, &key, KeyUsage::Decrypt)?;
        let long = normalized.steps.takes_long();
        let work = move |data: &[u8]| normalized.steps.decrypt(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, long, data, work, buffer)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign
    fn sign<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        key: KeyRef<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &algorithm, "sign()", |a| a.signature)?;
        let key = key.key().clone();
        require(&normalized, &key, KeyUsage::Sign)?;
        require_room(scope, normalized.steps.bytes())?;
        let long = normalized.steps.takes_long();
        let work = move |data: &[u8]| normalized.steps.sign(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, long, data, work, buffer)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify
    fn verify<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        key: KeyRef<'s>,
        signature: Bytes<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &algorithm, "verify()", |a| a.signature)?;
        let signature = signature.to_vec(scope)?;
        let key = key.key().clone();
        require(&normalized, &key, KeyUsage::Verify)?;
        require_room(scope, normalized.steps.bytes())?;
        let work = move |data: &[u8]| normalized.steps.verify(&key, &signature, data);
        perform_on::<idl::Boolean, _>(scope, false, data, work, |_, verified| Ok(verified))
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest
    fn digest<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let digest = normalize(scope, &algorithm, "digest()", |a| a.digest)?.steps;
        let mut long = false;
        if let Digest::Xof(xof) = &digest {
            xof.check()?;
            require_room(scope, xof.length())?;
            long = xof.length() >= MIN_OFFLOADED_BYTES;
        }
        let work = move |data: &[u8]| {
            Ok(match &digest {
                Digest::Hash(hash) => hash.digest(data),
                Digest::Xof(xof) => xof.digest(data),
            })
        };
        perform_on::<idl::ArrayBuffer, _>(scope, long, data, work, buffer)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey
    fn generate_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let steps = normalize(scope, &algorithm, "generateKey()", |a| a.generate)?.steps;
        let usages = Usages::new(&key_usages);
        steps.check(usages)?;
        // Whatever comes of it could be used for nothing.
        require_usages(KeyType::Secret, usages)?;
        require_room(scope, steps.bytes())?;
        // Nobody wants the key any more when the isolate has dropped what would be done with it.
        let asker = Arc::new(());
        let waiting = Arc::downgrade(&asker);
        let long = steps.takes_long();
        perform::<ty::CryptoKeyOrCryptoKeyPair, _>(
            scope,
            long,
            move || steps.generate(usages, &|| waiting.strong_count() > 0),
            move |scope, generated| {
                drop(asker);
                Ok(match generated {
                    Generated::Secret(key) => CryptoKeyOrCryptoKeyPair::CryptoKey(
                        CryptoKey::of_new(scope, key, extractable, usages),
                    ),
                    Generated::Pair { public, private } => {
                        require_usages(KeyType::Private, private.1)?;
                        CryptoKeyOrCryptoKeyPair::CryptoKeyPair(CryptoKeyPair {
                            public_key: Some(CryptoKey::of_new(scope, public.0, true, public.1)),
                            private_key: Some(CryptoKey::of_new(
                                scope,
                                private.0,
                                extractable,
                                private.1,
                            )),
                        })
                    }
                })
            },
        )
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey
    fn derive_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        base_key: KeyRef<'s>,
        derived_key_type: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &algorithm, "deriveKey()", |a| a.derivation)?;
        let importing = Importing::of_secret(scope, &derived_key_type, extractable, &key_usages)?;
        let length = normalize(scope, &derived_key_type, "deriveKey()", |a| a.key_length)?.steps;
        let key = base_key.key().clone();
        require(&normalized, &key, KeyUsage::DeriveKey)?;
        let (steps, length) = (normalized.steps, length?);
        steps.check_key(&key)?;
        steps.check(length)?;
        require_room(scope, length.unwrap_or(0) as usize / 8)?;
        let long = steps.takes_long(length);
        perform::<KeyMarker, _>(
            scope,
            long,
            move || {
                let secret = steps.derive(&key, length)?;
                let derived = importing.import(KeyData::Bytes(secret))?;
                Ok((importing, derived))
            },
            |scope, (importing, key)| Ok(importing.object(scope, key)),
        )
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits
    fn derive_bits<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        base_key: KeyRef<'s>,
        length: Option<u32>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &algorithm, "deriveBits()", |a| a.derivation)?;
        let key = base_key.key().clone();
        require(&normalized, &key, KeyUsage::DeriveBits)?;
        let steps = normalized.steps;
        steps.check_key(&key)?;
        steps.check(length)?;
        require_room(scope, length.unwrap_or(0) as usize / 8)?;
        let long = steps.takes_long(length);
        perform::<idl::ArrayBuffer, _>(
            scope,
            long,
            move || steps.derive(&key, length),
            secret_buffer,
        )
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey
    fn import_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: KeyFormat,
        key_data: BufferSourceOrJsonWebKey<'s>,
        algorithm: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let steps = normalize(scope, &algorithm, "importKey()", |a| a.import)?.steps;
        let data = match (format, key_data) {
            (KeyFormat::Jwk, BufferSourceOrJsonWebKey::JsonWebKey(jwk)) => {
                KeyData::Jwk(Box::new(Jwk::from_dictionary(scope, jwk)?))
            }
            (KeyFormat::Jwk, BufferSourceOrJsonWebKey::BufferSource(_)) => {
                return Err(type_error(
                    "parameter 2 is a buffer, but a key in the format 'jwk' is an object.",
                ));
            }
            (_, BufferSourceOrJsonWebKey::BufferSource(bytes)) => {
                KeyData::Bytes(Zeroizing::new(bytes.to_vec(scope)?))
            }
            (format, BufferSourceOrJsonWebKey::JsonWebKey(_)) => {
                return Err(type_error(format!(
                    "parameter 2 is not a buffer, as a key in the format '{}' is.",
                    format.as_str()
                )));
            }
        };
        let importing = Importing {
            steps,
            format,
            extractable,
            usages: Usages::new(&key_usages),
        };
        perform::<KeyMarker, _>(
            scope,
            false,
            move || Ok((importing.import(data)?, importing)),
            |scope, (key, importing)| Ok(importing.object(scope, key)),
        )
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey
    fn export_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: KeyFormat,
        key: KeyRef<'s>,
    ) -> Fallible<Promise<'s>> {
        let key = key.key();
        require_room(scope, key.size())?;
        let exported = match export(format, key)? {
            KeyData::Jwk(jwk) => ArrayBufferOrJsonWebKey::JsonWebKey(jwk.to_dictionary(scope)?),
            KeyData::Bytes(bytes) => {
                ArrayBufferOrJsonWebKey::ArrayBuffer(secret_buffer(scope, bytes)?)
            }
        };
        idl::Promise::<ty::ArrayBufferOrJsonWebKey>::resolved(scope, exported)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey
    fn wrap_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: KeyFormat,
        key: KeyRef<'s>,
        wrapping_key: KeyRef<'s>,
        wrap_algorithm: Identifier<'s>,
    ) -> Fallible<Promise<'s>> {
        // 2. and 3. Normalize for "wrapKey", and where that fails for "encrypt".
        let normalized = normalize(scope, &wrap_algorithm, "wrapKey()", |a| a.wrap.or(a.cipher))?;
        let (key, wrapping_key) = (key.key().clone(), wrapping_key.key().clone());
        require(&normalized, &wrapping_key, KeyUsage::WrapKey)?;
        // The key, its form, and the form as JSON.
        require_room(scope, 4 * key.size())?;
        perform::<idl::ArrayBuffer, _>(
            scope,
            false,
            move || {
                let bytes = match export(format, &key)? {
                    KeyData::Bytes(bytes) => bytes,
                    KeyData::Jwk(jwk) => jwk.to_json()?,
                };
                normalized.steps.encrypt(&wrapping_key, &bytes)
            },
            buffer,
        )
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey
    fn unwrap_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: KeyFormat,
        wrapped_key: Bytes<'s>,
        unwrapping_key: KeyRef<'s>,
        unwrap_algorithm: Identifier<'s>,
        unwrapped_key_algorithm: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &unwrap_algorithm, "unwrapKey()", |a| {
            a.wrap.or(a.cipher)
        })?;
        let steps = normalize(scope, &unwrapped_key_algorithm, "importKey()", |a| a.import)?.steps;
        let importing = Importing {
            steps,
            format,
            extractable,
            usages: Usages::new(&key_usages),
        };
        let unwrapping_key = unwrapping_key.key().clone();
        require(&normalized, &unwrapping_key, KeyUsage::UnwrapKey)?;
        let long = normalized.steps.takes_long();
        perform_on::<KeyMarker, _>(
            scope,
            long,
            wrapped_key,
            move |wrapped| {
                let bytes = normalized.steps.decrypt(&unwrapping_key, wrapped)?;
                Ok((importing.unwrap(Zeroizing::new(bytes))?, importing))
            },
            |scope, (key, importing)| Ok(importing.object(scope, key)),
        )
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-encapsulateKey
    fn encapsulate_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        encapsulation_algorithm: Identifier<'s>,
        encapsulation_key: KeyRef<'s>,
        shared_key_algorithm: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &encapsulation_algorithm, "encapsulateKey()", |a| {
            a.encapsulation
        })?;
        let importing =
            Importing::of_secret(scope, &shared_key_algorithm, extractable, &key_usages)?;
        let key = encapsulation_key.key();
        require(&normalized, key, KeyUsage::EncapsulateKey)?;
        let (secret, ciphertext) = normalized.steps.encapsulate(key)?;
        let shared = importing.import(KeyData::Bytes(secret))?;
        let result = EncapsulatedKey {
            shared_key: Some(importing.object(scope, shared)),
            ciphertext: Some(buffer(scope, ciphertext)?),
        };
        idl::Promise::<ty::EncapsulatedKey>::resolved(scope, result)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-encapsulateBits
    fn encapsulate_bits<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        encapsulation_algorithm: Identifier<'s>,
        encapsulation_key: KeyRef<'s>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &encapsulation_algorithm, "encapsulateBits()", |a| {
            a.encapsulation
        })?;
        let key = encapsulation_key.key();
        require(&normalized, key, KeyUsage::EncapsulateBits)?;
        let (secret, ciphertext) = normalized.steps.encapsulate(key)?;
        let result = EncapsulatedBits {
            shared_key: Some(secret_buffer(scope, secret)?),
            ciphertext: Some(buffer(scope, ciphertext)?),
        };
        idl::Promise::<ty::EncapsulatedBits>::resolved(scope, result)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-decapsulateKey
    fn decapsulate_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        decapsulation_algorithm: Identifier<'s>,
        decapsulation_key: KeyRef<'s>,
        ciphertext: Bytes<'s>,
        shared_key_algorithm: Identifier<'s>,
        extractable: bool,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &decapsulation_algorithm, "decapsulateKey()", |a| {
            a.encapsulation
        })?;
        let importing =
            Importing::of_secret(scope, &shared_key_algorithm, extractable, &key_usages)?;
        let key = decapsulation_key.key();
        require(&normalized, key, KeyUsage::DecapsulateKey)?;
        let secret = ciphertext.read(scope, |bytes| normalized.steps.decapsulate(key, bytes))?;
        let shared = importing.import(KeyData::Bytes(secret))?;
        let object = importing.object(scope, shared);
        idl::Promise::<KeyMarker>::resolved(scope, object)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-decapsulateBits
    fn decapsulate_bits<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        decapsulation_algorithm: Identifier<'s>,
        decapsulation_key: KeyRef<'s>,
        ciphertext: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let normalized = normalize(scope, &decapsulation_algorithm, "decapsulateBits()", |a| {
            a.encapsulation
        })?;
        let key = decapsulation_key.key();
        require(&normalized, key, KeyUsage::DecapsulateBits)?;
        let secret = ciphertext.read(scope, |bytes| normalized.steps.decapsulate(key, bytes))?;
        let bits = secret_buffer(scope, secret)?;
        idl::Promise::<idl::ArrayBuffer>::resolved(scope, bits)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-getPublicKey
    fn get_public_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        key: KeyRef<'s>,
        key_usages: Vec<KeyUsage>,
    ) -> Fallible<Promise<'s>> {
        let key = key.key();
        let name = key.algorithm.name;
        let Some(of_pairs) = of_name(name)?.pairs else {
            return Err(not_supported(format!("Keys of {name} are no pairs")));
        };
        let usages = Usages::new(&key_usages);
        let private = key.pair(KeyType::Private)?;
        usages.only(of_pairs.public)?;
        let public = private
            .to_public()
            .ok_or_else(|| super::key::operation_error("The key has no public one"))?;
        let public = NewKey {
            key_type: KeyType::Public,
            algorithm: key.algorithm.clone(),
            material: super::key::Material::Pair(public),
        };
        let object = CryptoKey::of_new(scope, public, true, usages);
        idl::Promise::<KeyMarker>::resolved(scope, object)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports
    fn supports<'s>(
        scope: &mut Scope<'s, '_>,
        operation: v8::Local<'s, v8::String>,
        algorithm: Identifier<'s>,
        length: Option<u32>,
    ) -> Fallible<bool> {
        supports::supports(
            scope,
            operation,
            &algorithm,
            supports::Additional::Length(length),
        )
    }

    // https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports-additionalAlgorithm
    fn supports_additional<'s>(
        scope: &mut Scope<'s, '_>,
        operation: v8::Local<'s, v8::String>,
        algorithm: Identifier<'s>,
        additional_algorithm: Identifier<'s>,
    ) -> Fallible<bool> {
        let additional = supports::Additional::Algorithm(additional_algorithm);
        supports::supports(scope, operation, &algorithm, additional)
    }
}
