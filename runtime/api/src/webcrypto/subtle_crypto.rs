//! `SubtleCrypto`, <https://w3c.github.io/webcrypto/#subtlecrypto-interface>.

use std::ops::ControlFlow;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use nano_webidl::idl::{self, Bytes, ToJs, array_buffer};
use nano_webidl::{Fallible, Ref, Scope, Trace, require_room, type_error};
use zeroize::Zeroizing;

use super::algorithm::{self, Derivation, Generated, KeyData, Normalized, normalize, of_name};
use super::crypto_key::CryptoKey;
use super::digest::Digest;
use super::importing::{Importing, export, require_usages};
use super::jwk::Jwk;
use super::key::{Key, NewKey, Usages, invalid_access, not_supported, operation_error};
use super::pair::Private;
use super::parallel::{Cost, Time, perform, perform_on, perform_slices};
use super::supports;
use crate::bindings::subtle_crypto::{
    NanoSubtleCryptoMethods, SubtleCryptoMethods, WebcryptoModernAlgosSubtleCryptoMethods,
};
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

/// The cost of work with a key, which may be long itself, that makes or holds so many bytes.
fn cost(key: &Key, time: Time, bytes: usize) -> Cost {
    Cost {
        time: time.max(Time::of_bytes(key.size())),
        bytes: bytes.saturating_add(key.size()),
    }
}

/// A promise for what `finish` makes of the bits that are derived.
fn derive<'s, T: ToJs>(
    scope: &mut Scope<'s, '_>,
    steps: Box<dyn Derivation>,
    key: Arc<Key>,
    length: Option<u32>,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, Zeroizing<Vec<u8>>) -> Fallible<T::Native<'a>>
    + 'static,
) -> Fallible<Promise<'s>> {
    steps.check_key(&key)?;
    steps.check(length)?;
    let cost = cost(
        &key,
        steps.time(length),
        length.unwrap_or(0).div_ceil(8) as usize,
    );
    // What is made at the start must fit, too.
    require_room(scope, cost.bytes)?;
    let mut slices = match cost.time {
        Time::Short => None,
        _ => steps.slices(&key, length)?,
    };
    let slice = move || match &mut slices {
        None => ControlFlow::Break(steps.derive(&key, length)),
        Some(slices) => match slices.advance() {
            Some(derived) => ControlFlow::Break(Ok(derived)),
            None => ControlFlow::Continue(()),
        },
    };
    perform_slices::<T, _>(scope, cost, slice, finish)
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
        let cost = cost(&key, Time::Short, 0);
        let work = move |data: &[u8]| normalized.steps.encrypt(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, cost, data, work, buffer)
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
        let cost = cost(&key, normalized.steps.time(), 0);
        let work = move |data: &[u8]| normalized.steps.decrypt(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, cost, data, work, buffer)
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
        let cost = cost(&key, normalized.steps.time(), normalized.steps.bytes());
        let work = move |data: &[u8]| normalized.steps.sign(&key, data);
        perform_on::<idl::ArrayBuffer, _>(scope, cost, data, work, buffer)
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
        let signature = algorithm::copy(scope, signature)?;
        let key = key.key().clone();
        require(&normalized, &key, KeyUsage::Verify)?;
        let bytes = normalized.steps.bytes();
        let cost = cost(&key, Time::of_bytes(bytes), bytes);
        let work = move |data: &[u8]| normalized.steps.verify(&key, &signature, data);
        perform_on::<idl::Boolean, _>(scope, cost, data, work, |_, verified| Ok(verified))
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest
    fn digest<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: Identifier<'s>,
        data: Bytes<'s>,
    ) -> Fallible<Promise<'s>> {
        let digest = normalize(scope, &algorithm, "digest()", |a| a.digest)?.steps;
        let mut bytes = 0;
        if let Digest::Xof(xof) = &digest {
            xof.check()?;
            bytes = xof.length();
        }
        let cost = Cost {
            time: Time::of_bytes(bytes),
            bytes,
        };
        let work = move |data: &[u8]| {
            Ok(match &digest {
                Digest::Hash(hash) => hash.digest(data),
                Digest::Xof(xof) => xof.digest(data),
            })
        };
        perform_on::<idl::ArrayBuffer, _>(scope, cost, data, work, buffer)
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
        let cost = Cost {
            time: steps.time(),
            bytes: steps.bytes(),
        };
        // Nobody wants the key any more when the isolate has dropped what would be done with it.
        let asker = Arc::new(());
        let waiting = Arc::downgrade(&asker);
        perform::<ty::CryptoKeyOrCryptoKeyPair, _>(
            scope,
            cost,
            move || steps.generate(usages, &|| waiting.strong_count() > 0),
            move |scope, generated| {
                drop(asker);
                Ok(match generated {
                    Generated::Secret(key) => CryptoKeyOrCryptoKeyPair::CryptoKey(
                        CryptoKey::of_new(scope, key, extractable, usages),
                    ),
                    Generated::Pair { public, private } => {
                        require_usages(KeyType::Private, private.1).map_err(|error| {
                            error.in_context("Failed to execute 'generateKey' on 'SubtleCrypto'")
                        })?;
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
        derive::<KeyMarker>(scope, steps, key, length, move |scope, secret| {
            let key = importing.import(KeyData::Bytes(secret))?;
            Ok(importing.object(scope, key))
        })
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
        derive::<idl::ArrayBuffer>(scope, normalized.steps, key, length, secret_buffer)
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
        let key = importing.import(data)?;
        let object = importing.object(scope, key);
        idl::Promise::<KeyMarker>::resolved(scope, object)
    }

    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey
    fn export_key<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        format: KeyFormat,
        key: KeyRef<'s>,
    ) -> Fallible<Promise<'s>> {
        let key = key.key();
        // The key's form, and as text.
        require_room(scope, key.size().saturating_mul(4))?;
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
        let bytes = key.size().saturating_mul(4);
        let cost = cost(&wrapping_key, Time::of_bytes(bytes), bytes);
        perform::<idl::ArrayBuffer, _>(
            scope,
            cost,
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
        // As JSON, its members, and their bytes.
        let bytes = wrapped_key.len().saturating_mul(2);
        let cost = cost(&unwrapping_key, normalized.steps.time(), bytes);
        perform_on::<KeyMarker, _>(
            scope,
            cost,
            wrapped_key,
            move |wrapped| {
                let bytes = normalized.steps.decrypt(&unwrapping_key, wrapped)?;
                Ok((importing.unwrap(Zeroizing::new(bytes))?, importing))
            },
            |scope, (key, importing)| Ok(importing.object(scope, key)),
        )
    }
}

impl WebcryptoModernAlgosSubtleCryptoMethods for SubtleCrypto {
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
        let private = key.part(KeyType::Private)?;
        usages.only(of_pairs.public)?;
        let public = private
            .public()
            .ok_or_else(|| operation_error("The key has no public one"))?;
        let public = NewKey {
            key_type: KeyType::Public,
            algorithm: key.algorithm.clone(),
            material: public,
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

impl NanoSubtleCryptoMethods for SubtleCrypto {
    // https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#timingsafeequal
    fn timing_safe_equal<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        a: Bytes<'s>,
        b: Bytes<'s>,
    ) -> Fallible<bool> {
        if a.len() != b.len() {
            return Err(type_error(format!(
                "the buffers have {} and {} bytes, but must have as many.",
                a.len(),
                b.len()
            )));
        }
        let a = a.to_vec(scope)?;
        Ok(b.read(scope, |b| verify_slices_are_equal(&a, b)).is_ok())
    }
}
