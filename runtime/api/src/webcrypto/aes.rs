//! AES-CTR, AES-CBC, AES-GCM, AES-OCB and AES-KW, <https://w3c.github.io/webcrypto/#aes-ctr> and the sections after it.

use std::borrow::Cow;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptingKey, EncryptionContext,
    PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use nano_webidl::idl::FromJs;
use nano_webidl::{Error, Fallible, Scope, Value};

use super::aead::Aead;
use super::aes_ocb::AesOcb;
use super::algorithm::{self, Algorithm, Cipher, Copied, Generated, Generation, Import, KeyData};
use super::aws_lc::{Direction, aes_gcm, aes_key_wrap};
use super::key::{Details, Key, NewKey, Usages, data_error, operation_error};
use super::secret::{Forms, random_bits, secret_key};
use crate::bindings::ty;
use crate::bindings::types::{KeyFormat, KeyUsage};

/// What the modes have in common: making keys of them.
macro_rules! keys {
    ($mode:ident) => {
        Algorithm {
            generate: Some(|scope, value| {
                let length = ty::AesKeyGenParams::from_js(scope, value)?.length;
                Ok(Box::new(Generate($mode, length)))
            }),
            import: Some(|scope, value| {
                algorithm::no_parameters(scope, value)?;
                Ok(Box::new(ImportAes($mode)))
            }),
            export: Some(|format, key| $mode.forms(|forms| forms.export(format, key))),
            key_length: Some(key_length),
            ..Algorithm::new($mode.name)
        }
    };
}

pub(super) const ALGORITHMS: &[Algorithm] = &[
    Algorithm {
        cipher: Some(|scope, value| {
            let given = ty::AesCtrParams::from_js(scope, value)?;
            Ok(Box::new(AesCtr {
                counter: algorithm::copy(scope, given.counter)?,
                length: given.length,
            }))
        }),
        ..keys!(CTR)
    },
    Algorithm {
        cipher: Some(|scope, value| {
            let given = ty::AesCbcParams::from_js(scope, value)?;
            Ok(Box::new(AesCbc {
                iv: algorithm::copy(scope, given.iv)?,
            }))
        }),
        ..keys!(CBC)
    },
    Algorithm {
        cipher: Some(|scope, value| {
            let given = ty::AesGcmParams::from_js(scope, value)?;
            let (iv, data, bits) = (given.iv, given.additional_data, given.tag_length);
            Ok(Box::new(AesGcm(Aead::copy(scope, iv, data, bits)?)))
        }),
        ..keys!(GCM)
    },
    Algorithm {
        cipher: Some(|scope, value| Ok(Box::new(AesOcb(Aead::read(scope, value)?)))),
        ..keys!(OCB)
    },
    Algorithm {
        wrap: Some(|scope, value| {
            algorithm::no_parameters(scope, value)?;
            Ok(Box::new(AesKw))
        }),
        ..keys!(KW)
    },
];

/// What the modes' keys differ in.
#[derive(Clone, Copy)]
struct Mode {
    name: &'static str,
    usages: &'static [KeyUsage],
    /// Whether "raw" is another name of "raw-secret".
    raw: bool,
}

const ENCRYPTION: &[KeyUsage] = &[
    KeyUsage::Encrypt,
    KeyUsage::Decrypt,
    KeyUsage::WrapKey,
    KeyUsage::UnwrapKey,
];
const CTR: Mode = Mode::new("AES-CTR", ENCRYPTION);
const CBC: Mode = Mode::new("AES-CBC", ENCRYPTION);
const GCM: Mode = Mode::new("AES-GCM", ENCRYPTION);
const OCB: Mode = Mode {
    raw: false,
    ..Mode::new("AES-OCB", ENCRYPTION)
};
const KW: Mode = Mode::new("AES-KW", &[KeyUsage::WrapKey, KeyUsage::UnwrapKey]);

impl Mode {
    const fn new(name: &'static str, usages: &'static [KeyUsage]) -> Mode {
        Mode {
            name,
            usages,
            raw: true,
        }
    }

    /// The external forms of its keys: `alg` of a JWK is "A128CTR" and the like.
    fn forms<R>(self, with: impl FnOnce(Forms) -> R) -> R {
        let alg = move |bytes: usize| -> Option<Cow<'static, str>> {
            Some(format!("A{}{}", 8 * bytes, &self.name[4..]).into())
        };
        with(Forms {
            name: self.name,
            raw: self.raw,
            jwk: Some(("enc", &alg)),
        })
    }
}

fn is_length(bits: usize) -> bool {
    matches!(bits, 128 | 192 | 256)
}

fn bad_length(length: u16) -> Error {
    operation_error(format!(
        "A key of AES has 128, 192 or 256 bits, not {length}"
    ))
}

// https://w3c.github.io/webcrypto/#aes-ctr-operations-get-key-length; the others are the same.
fn key_length<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Fallible<Option<u32>>> {
    let length = ty::AesDerivedKeyParams::from_js(scope, value)?.length;
    Ok(match is_length(length.into()) {
        true => Ok(Some(length.into())),
        false => Err(bad_length(length)),
    })
}

struct Generate(Mode, u16);

impl Generation for Generate {
    // https://w3c.github.io/webcrypto/#aes-ctr-operations-generate-key; the others are the same.
    fn check(&self, usages: Usages) -> Fallible<()> {
        usages.only(self.0.usages)?;
        match is_length(self.1.into()) {
            true => Ok(()),
            false => Err(bad_length(self.1)),
        }
    }

    fn generate(&self, _: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let Generate(mode, length) = *self;
        let bytes = random_bits(length.into())?;
        let key = secret_key(mode.name, Details::Aes { length }, bytes);
        Ok(Generated::Secret(key))
    }
}

struct ImportAes(Mode);

impl Import for ImportAes {
    // https://w3c.github.io/webcrypto/#aes-ctr-operations-import-key; the others are the same.
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        usages.only(self.0.usages)?;
        let bytes = self
            .0
            .forms(|forms| forms.import(format, data, extractable, usages))?;
        let length = 8 * bytes.len();
        if !is_length(length) {
            let message = format!("A key of AES has 128, 192 or 256 bits, not {length}");
            return Err(data_error(message));
        }
        let details = Details::Aes {
            length: length as u16,
        };
        Ok(secret_key(self.0.name, details, bytes))
    }
}

pub(super) fn failed() -> Error {
    operation_error(
        "The data was not encrypted with this key and these parameters, or it was changed",
    )
}

pub(super) fn unbound(key: &Key) -> Fallible<UnboundCipherKey> {
    let bytes = key.secret()?;
    let algorithm = match bytes.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    UnboundCipherKey::new(algorithm, bytes).map_err(|_| failed())
}

/// A block as parameters have it.
fn block(bytes: &[u8], what: &str) -> Fallible<[u8; 16]> {
    bytes.try_into().map_err(|_| {
        operation_error(format!(
            "The {what} must have 16 bytes, not {}",
            bytes.len()
        ))
    })
}

struct AesCtr {
    counter: Copied,
    length: u8,
}

impl AesCtr {
    /// Encryption and decryption are the same.
    fn apply(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.check()?;
        let first = u128::from_be_bytes(block(&self.counter, "counter")?);
        let mask = u128::MAX >> (128 - u32::from(self.length));
        // No block may have the same counter as another one.
        let blocks = data.len().div_ceil(16) as u128;
        if blocks > 0 && blocks - 1 > mask {
            let message = format!(
                "The data has more blocks than a counter of {} bits has values",
                self.length
            );
            return Err(operation_error(message));
        }
        let mut result = data.to_vec();
        // AWS-LC counts with all 128 bits: where those that count wrap around, it begins anew.
        let until_wrap = (mask - (first & mask)).saturating_add(1);
        let split = match until_wrap < blocks {
            true => 16 * until_wrap as usize,
            false => result.len(),
        };
        let (head, tail) = result.split_at_mut(split);
        for (part, counter) in [(head, first), (tail, first & !mask)] {
            if !part.is_empty() {
                let context = EncryptionContext::Iv128(FixedLength::from(counter.to_be_bytes()));
                EncryptingKey::ctr(unbound(key)?)
                    .and_then(|key| key.less_safe_encrypt(part, context))
                    .map_err(|_| failed())?;
            }
        }
        Ok(result)
    }
}

impl Cipher for AesCtr {
    // https://w3c.github.io/webcrypto/#aes-ctr-operations-encrypt, steps 1 and 2
    fn check(&self) -> Fallible<()> {
        block(&self.counter, "counter")?;
        match self.length {
            1..=128 => Ok(()),
            length => Err(operation_error(format!(
                "Of a counter, 1 to 128 bits count, not {length}"
            ))),
        }
    }

    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.apply(key, data)
    }

    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.apply(key, data)
    }
}

struct AesCbc {
    iv: Copied,
}

impl Cipher for AesCbc {
    // https://w3c.github.io/webcrypto/#aes-cbc-operations-encrypt, step 1
    fn check(&self) -> Fallible<()> {
        block(&self.iv, "initialization vector (iv)").map(|_| ())
    }

    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let iv = FixedLength::from(block(&self.iv, "initialization vector (iv)")?);
        let mut result = Vec::with_capacity(data.len() + 16);
        result.extend_from_slice(data);
        PaddedBlockEncryptingKey::cbc_pkcs7(unbound(key)?)
            .and_then(|key| key.less_safe_encrypt(&mut result, EncryptionContext::Iv128(iv)))
            .map_err(|_| failed())?;
        Ok(result)
    }

    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let iv = FixedLength::from(block(&self.iv, "initialization vector (iv)")?);
        // "If the length of ciphertext is zero or is not a multiple of 16 bytes, then throw an OperationError."
        if data.is_empty() || !data.len().is_multiple_of(16) {
            return Err(failed());
        }
        let mut result = data.to_vec();
        let length = PaddedBlockDecryptingKey::cbc_pkcs7(unbound(key)?)
            .and_then(|key| {
                let plain = key.decrypt(&mut result, DecryptionContext::Iv128(iv))?;
                Ok(plain.len())
            })
            .map_err(|_| failed())?;
        result.truncate(length);
        Ok(result)
    }
}

struct AesGcm(Aead);

impl AesGcm {
    fn apply(&self, direction: Direction, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.check()?;
        let tag_length = usize::from(self.0.tag_bits) / 8;
        let (iv, additional_data) = (&self.0.iv, &self.0.additional_data);
        aes_gcm(
            direction,
            key.secret()?,
            iv,
            additional_data,
            tag_length,
            data,
        )
        .ok_or_else(failed)
    }
}

impl Cipher for AesGcm {
    // https://w3c.github.io/webcrypto/#aes-gcm-operations-encrypt, step 4
    fn check(&self) -> Fallible<()> {
        match self.0.tag_bits {
            32 | 64 | 96 | 104 | 112 | 120 | 128 => Ok(()),
            other => Err(operation_error(format!(
                "A tag has 32, 64, 96, 104, 112, 120 or 128 bits, not {other}"
            ))),
        }
    }

    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.apply(Direction::Encrypt, key, data)
    }

    // https://w3c.github.io/webcrypto/#aes-gcm-operations-decrypt
    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.apply(Direction::Decrypt, key, data)
    }
}

struct AesKw;

impl Cipher for AesKw {
    // https://w3c.github.io/webcrypto/#aes-kw-operations-wrap-key
    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        aes_key_wrap(Direction::Encrypt, key.secret()?, data).ok_or_else(|| {
            operation_error("What AES-KW wraps has at least 16 bytes, and a multiple of 8")
        })
    }

    // https://w3c.github.io/webcrypto/#aes-kw-operations-unwrap-key
    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        aes_key_wrap(Direction::Decrypt, key.secret()?, data).ok_or_else(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::KeyType;
    use crate::webcrypto::key::{KeyAlgorithm, Material};
    use zeroize::Zeroizing;

    fn key() -> Key {
        Key {
            key_type: KeyType::Secret,
            extractable: false,
            algorithm: KeyAlgorithm {
                name: "AES-CTR",
                details: Details::Aes { length: 128 },
            },
            usages: Usages::default(),
            material: Material::Secret(Zeroizing::new(vec![7; 16])),
        }
    }

    #[test]
    fn a_counter_wraps_around_within_its_bits() {
        let apply = |last: u8, length: u8, data: &[u8]| {
            let mut counter = vec![1; 16];
            counter[15] = last;
            AesCtr {
                counter: counter.into(),
                length,
            }
            .apply(&key(), data)
        };
        // Blocks 0xfe, 0xff and, with 4 bits, 0xf0.
        let long = apply(0xfe, 4, &[0; 40]).expect("three blocks");
        assert_eq!(long[..16], apply(0xfe, 128, &[0; 16]).expect("one")[..]);
        assert_eq!(long[16..32], apply(0xff, 128, &[0; 16]).expect("one")[..]);
        assert_eq!(long[32..], apply(0xf0, 128, &[0; 8]).expect("half")[..]);
        assert!(apply(0, 1, &[0; 32]).is_ok());
        assert!(apply(0, 1, &[0; 33]).is_err());
        assert!(apply(0xff, 128, &[0; 33]).is_ok());
    }
}
