//! RSASSA-PKCS1-v1_5, RSA-PSS and RSA-OAEP, <https://w3c.github.io/webcrypto/#rsassa-pkcs1> and the sections after it.

use nano_webidl::idl::{Bytes, FromJs};
use nano_webidl::{Error, Fallible, Scope, Value};
use zeroize::Zeroizing;

use super::algorithm::{
    self, Algorithm, Cipher, Copied, Generated, Generation, Import, KeyData, Signature,
    no_such_format,
};
use super::aws_lc::{Direction, Family, PKey, RsaNumbers, RsaPadding};
use super::digest::Hash;
use super::jwk::{Jwk, decode, encode};
use super::key::{Details, Key, NewKey, Usages, data_error, invalid_access, operation_error};
use super::pair::{self, PairUsages};
use super::parallel::Time;
use crate::bindings::ty;
use crate::bindings::types::{KeyFormat, KeyType, KeyUsage};

/// What the three have in common: making keys of them.
macro_rules! keys {
    ($scheme:ident) => {
        Algorithm {
            generate: Some(|scope, value| {
                let given = ty::RsaHashedKeyGenParams::from_js(scope, value)?;
                Ok(Box::new(Generate {
                    scheme: &$scheme,
                    modulus_length: given.modulus_length,
                    public_exponent: exponent(scope, &given.public_exponent),
                    hash: algorithm::hash(scope, given.hash)?,
                }))
            }),
            import: Some(|scope, value| {
                let hash = import_params(scope, value)?;
                Ok(Box::new(ImportRsa {
                    scheme: &$scheme,
                    hash,
                }))
            }),
            export: Some(|format, key| $scheme.export(format, key)),
            pairs: Some(&$scheme.usages),
            ..Algorithm::new($scheme.name)
        }
    };
}

pub(super) const ALGORITHMS: &[Algorithm] = &[
    Algorithm {
        signature: Some(|scope, value| {
            algorithm::no_parameters(scope, value)?;
            Ok(Box::new(RsaSignature(RsaPadding::Pkcs1)))
        }),
        ..keys!(PKCS1)
    },
    Algorithm {
        signature: Some(|scope, value| {
            let length = ty::RsaPssParams::from_js(scope, value)?.salt_length;
            // No salt that has more bytes fits into a signature.
            let length = length.try_into().unwrap_or(i32::MAX);
            Ok(Box::new(RsaSignature(RsaPadding::Pss(length))))
        }),
        ..keys!(PSS)
    },
    Algorithm {
        cipher: Some(|scope, value| {
            let label = ty::RsaOaepParams::from_js(scope, value)?.label;
            Ok(Box::new(RsaOaep {
                label: algorithm::copy_optional(scope, label)?.unwrap_or_default(),
            }))
        }),
        ..keys!(OAEP)
    },
];

/// What the three's keys differ in.
pub(super) struct Scheme {
    name: &'static str,
    usages: PairUsages,
    /// `use` of a JWK.
    use_: &'static str,
    /// `alg` of a JWK, for each hash.
    algs: [&'static str; 4],
}

pub(super) const PKCS1: Scheme = Scheme {
    name: "RSASSA-PKCS1-v1_5",
    usages: PairUsages {
        public: &[KeyUsage::Verify],
        private: &[KeyUsage::Sign],
    },
    use_: "sig",
    algs: ["RS1", "RS256", "RS384", "RS512"],
};

pub(super) const PSS: Scheme = Scheme {
    name: "RSA-PSS",
    algs: ["PS1", "PS256", "PS384", "PS512"],
    ..PKCS1
};

pub(super) const OAEP: Scheme = Scheme {
    name: "RSA-OAEP",
    usages: PairUsages {
        public: &[KeyUsage::Encrypt, KeyUsage::WrapKey],
        private: &[KeyUsage::Decrypt, KeyUsage::UnwrapKey],
    },
    use_: "enc",
    algs: ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"],
};

impl Scheme {
    fn alg(&self, hash: Hash) -> &'static str {
        match hash {
            Hash::Sha1 => self.algs[0],
            Hash::Sha384 => self.algs[2],
            Hash::Sha512 => self.algs[3],
            // No key has a hash of another family.
            _ => self.algs[1],
        }
    }

    fn key(&self, key_type: KeyType, key: PKey, hash: Hash) -> Fallible<NewKey> {
        let unusable = || data_error("The key is not one of RSA");
        let details = Details::Rsa {
            modulus_length: key.rsa_bits().ok_or_else(unusable)?,
            public_exponent: key.rsa_numbers().ok_or_else(unusable)?.e,
            hash,
        };
        Ok(pair::pair_key(self.name, details, key_type, key))
    }

    // https://w3c.github.io/webcrypto/#rsassa-pkcs1-operations-export-key; the others are the same.
    fn export(&self, format: KeyFormat, key: &Key) -> Fallible<KeyData> {
        let failed = || operation_error("The key could not be exported");
        match format {
            KeyFormat::Spki | KeyFormat::Pkcs8 => pair::marshal(format, key),
            KeyFormat::Jwk => {
                let numbers = key.pair(key.key_type)?.rsa_numbers().ok_or_else(failed)?;
                let mut jwk = Jwk {
                    alg: Some(self.alg(hash_of(key)?).to_owned()),
                    n: encode(&numbers.n),
                    e: encode(&numbers.e),
                    ..Jwk::of(key, "RSA")
                };
                if let Some(private) = &numbers.private {
                    let [d, p, q, dp, dq, qi] = private.each_ref().map(|bytes| encode(bytes));
                    jwk = Jwk {
                        d,
                        p,
                        q,
                        dp,
                        dq,
                        qi,
                        ..jwk
                    };
                }
                Ok(KeyData::Jwk(Box::new(jwk)))
            }
            _ => Err(no_such_format(format, self.name)),
        }
    }
}

fn import_params<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Hash> {
    let hash = ty::RsaHashedImportParams::from_js(scope, value)?.hash;
    algorithm::hash(scope, hash)
}

fn hash_of(key: &Key) -> Fallible<Hash> {
    match key.algorithm.details {
        Details::Rsa { hash, .. } => Ok(hash),
        _ => Err(invalid_access("The key is not one of RSA")),
    }
}

struct Generate {
    scheme: &'static Scheme,
    modulus_length: u32,
    public_exponent: Vec<u8>,
    hash: Hash,
}

/// A public exponent's bytes without leading zeros; more than are allowed are cut off, so that there is nothing to copy that counts.
fn exponent(scope: &mut Scope, given: &Bytes) -> Vec<u8> {
    given.read(scope, |bytes| {
        let significant = bytes.iter().skip_while(|byte| **byte == 0);
        significant.copied().take(MOST_EXPONENT_BYTES + 1).collect()
    })
}

/// Larger exponents are for nothing but slow verification, and AWS-LC refuses them.
const MOST_EXPONENT_BYTES: usize = 5;

/// DEPARTURE: the specification has no bound. A key of 8192 bits takes some 10 s to make, and each doubling ten times as long.
const LONGEST_GENERATED_BITS: u32 = 8192;

impl Generation for Generate {
    // https://w3c.github.io/webcrypto/#rsassa-pkcs1-operations-generate-key; the others are the same.
    fn check(&self, usages: Usages) -> Fallible<()> {
        // 1. If usages contains an entry which is not …, then throw a SyntaxError.
        self.scheme.usages.check(usages)?;
        // 2. and 3. If generation fails, then throw an OperationError: which exponents there are, AWS-LC knows.
        if !matches!(self.modulus_length, 512..=LONGEST_GENERATED_BITS) {
            let message = format!(
                "A new key of RSA has 512 to {LONGEST_GENERATED_BITS} bits, not {}",
                self.modulus_length
            );
            return Err(operation_error(message));
        }
        let exponent = &self.public_exponent;
        if exponent.len() > MOST_EXPONENT_BYTES
            || exponent.last().is_none_or(|last| last.is_multiple_of(2))
            || *exponent == [1]
        {
            return Err(operation_error(
                "The public exponent must be an odd number from 3 to 2^33 - 1; 65537 is the usual one",
            ));
        }
        Ok(())
    }

    fn generate(&self, usages: Usages, wanted: &dyn Fn() -> bool) -> Fallible<Generated> {
        let key = PKey::rsa_generate(self.modulus_length, &self.public_exponent, wanted)
            .filter(|key| key.rsa_bits() == Some(self.modulus_length));
        pair::generated(key, usages, &self.scheme.usages, |key_type, key| {
            self.scheme.key(key_type, key, self.hash)
        })
    }

    fn bytes(&self) -> usize {
        2 * Key::rsa_size(self.modulus_length)
    }

    fn time(&self) -> Time {
        Time::Slow
    }
}

pub(super) struct ImportRsa {
    pub(super) scheme: &'static Scheme,
    pub(super) hash: Hash,
}

impl Import for ImportRsa {
    // https://w3c.github.io/webcrypto/#rsassa-pkcs1-operations-import-key; the others are the same. What cannot be checked in
    // reasonable time, keys of more than 16384 bits, AWS-LC refuses.
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let scheme = self.scheme;
        let (key_type, key) = match (format, data) {
            (KeyFormat::Spki | KeyFormat::Pkcs8, KeyData::Bytes(bytes)) => {
                let key_type = pair::type_of(format);
                usages.only(scheme.usages.of(key_type))?;
                (
                    key_type,
                    pair::parse(format, &bytes, Family::Rsa, scheme.name)?,
                )
            }
            (KeyFormat::Jwk, KeyData::Jwk(jwk)) => {
                let key_type = match jwk.d {
                    Some(_) => KeyType::Private,
                    None => KeyType::Public,
                };
                usages.only(scheme.usages.of(key_type))?;
                jwk.check("RSA", scheme.use_, extractable, usages)?;
                jwk.check_alg(scheme.alg(self.hash))?;
                let key = PKey::from_rsa_numbers(&numbers(&jwk)?);
                (
                    key_type,
                    key.ok_or_else(|| pair::no_key(format, scheme.name))?,
                )
            }
            _ => return Err(no_such_format(format, scheme.name)),
        };
        scheme.key(key_type, key, self.hash)
    }
}

fn numbers(jwk: &Jwk) -> Fallible<RsaNumbers> {
    jwk.check_primes()?;
    let number =
        |name: &str, member: &Option<String>| decode(name, member).map(|bytes| bytes.to_vec());
    let private = match jwk.d {
        None => None,
        // DEPARTURE: RFC 7518 lets a private key have d alone; then the specification has implementations that do not support that
        // throw a NotSupportedError or a DataError.
        Some(_) => Some(Zeroizing::new([
            number("d", &jwk.d)?,
            number("p", &jwk.p)?,
            number("q", &jwk.q)?,
            number("dp", &jwk.dp)?,
            number("dq", &jwk.dq)?,
            number("qi", &jwk.qi)?,
        ])),
    };
    Ok(RsaNumbers {
        n: number("n", &jwk.n)?,
        e: number("e", &jwk.e)?,
        private,
    })
}

struct RsaSignature(RsaPadding);

impl RsaSignature {
    fn failed(key: &Key) -> Error {
        let bits = match key.algorithm.details {
            Details::Rsa { modulus_length, .. } => modulus_length,
            _ => 0,
        };
        operation_error(format!(
            "Hash and salt do not fit into a signature by a key of {bits} bits"
        ))
    }
}

impl Signature for RsaSignature {
    // https://w3c.github.io/webcrypto/#rsassa-pkcs1-operations-sign and https://w3c.github.io/webcrypto/#rsa-pss-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let hash = hash_of(key)?;
        let private = key.pair(KeyType::Private)?;
        private
            .rsa_sign(self.0, hash, &hash.digest(data))
            .ok_or_else(|| RsaSignature::failed(key))
    }

    // https://w3c.github.io/webcrypto/#rsassa-pkcs1-operations-verify and https://w3c.github.io/webcrypto/#rsa-pss-operations-verify
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        let hash = hash_of(key)?;
        let public = key.pair(KeyType::Public)?;
        let verified = public.rsa_verify(self.0, hash, signature, &hash.digest(data));
        Ok(verified.is_some())
    }

    fn time(&self) -> Time {
        Time::Long
    }
}

struct RsaOaep {
    label: Copied,
}

impl Cipher for RsaOaep {
    // https://w3c.github.io/webcrypto/#rsa-oaep-operations-encrypt
    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let public = key.pair(KeyType::Public)?;
        public
            .rsa_oaep(Direction::Encrypt, hash_of(key)?, &self.label, data)
            .ok_or_else(|| {
                operation_error(
                    "The data is too long: of the key's bytes, RSA-OAEP leaves those that are more than two digests and 2",
                )
            })
    }

    // https://w3c.github.io/webcrypto/#rsa-oaep-operations-decrypt
    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let private = key.pair(KeyType::Private)?;
        private
            .rsa_oaep(Direction::Decrypt, hash_of(key)?, &self.label, data)
            .ok_or_else(|| {
                operation_error(
                    "The data was not encrypted with this key and label, or it was changed",
                )
            })
    }

    fn time(&self) -> Time {
        Time::Long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(modulus_length: u32, public_exponent: &[u8]) -> Generate {
        Generate {
            scheme: &PKCS1,
            modulus_length,
            public_exponent: public_exponent.to_vec(),
            hash: Hash::Sha256,
        }
    }

    #[test]
    fn keys_that_take_too_long_to_make_are_refused() {
        let sign = Usages::new(&[KeyUsage::Sign]);
        assert!(
            generation(LONGEST_GENERATED_BITS, &[1, 0, 1])
                .check(sign)
                .is_ok()
        );
        for bits in [0, 511, LONGEST_GENERATED_BITS + 1, 1_000_000, u32::MAX] {
            assert!(generation(bits, &[1, 0, 1]).check(sign).is_err(), "{bits}");
        }
        for exponent in [&[][..], &[1], &[2], &[1; 6]] {
            assert!(
                generation(2048, exponent).check(sign).is_err(),
                "{exponent:?}"
            );
        }
        assert!(generation(2048, &[3]).check(sign).is_ok());
    }

    #[test]
    fn nobody_makes_a_key_that_nobody_wants() {
        let made =
            generation(LONGEST_GENERATED_BITS, &[1, 0, 1]).generate(Usages::default(), &|| false);
        assert!(made.is_err());
    }
}
