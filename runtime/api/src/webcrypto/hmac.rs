//! HMAC, <https://w3c.github.io/webcrypto/#hmac>.

use aws_lc_rs::hmac;
use nano_webidl::idl::FromJs;
use nano_webidl::{Fallible, Scope, Value, type_error};

use super::algorithm::{self, Algorithm, Generated, Generation, Import, KeyData, Signature};
use super::digest::Hash;
use super::key::{Details, Key, NewKey, Usages, invalid_access, operation_error};
use super::secret::{Forms, key_length, random_bits, secret_key, truncate_bits};
use crate::bindings::ty;
use crate::bindings::types::{KeyFormat, KeyUsage};

const NAME: &str = "HMAC";
const USAGES: [KeyUsage; 2] = [KeyUsage::Sign, KeyUsage::Verify];

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    signature: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Hmac))
    }),
    generate: Some(|scope, value| {
        let given = ty::HmacKeyGenParams::from_js(scope, value)?;
        let hash = algorithm::hash(scope, given.hash)?;
        let length = given.length.unwrap_or(hash.block_bits());
        Ok(Box::new(Generate { hash, length }))
    }),
    import: Some(|scope, value| {
        let (hash, length) = import_params(scope, value)?;
        Ok(Box::new(ImportHmac { hash, length }))
    }),
    export: Some(|format, key| forms(hash_of(key)?, |forms| forms.export(format, key))),
    // https://w3c.github.io/webcrypto/#hmac-operations-get-key-length
    key_length: Some(|scope, value| {
        Ok(match import_params(scope, value)? {
            (hash, None) => Ok(Some(hash.block_bits())),
            (_, Some(0)) => Err(type_error("A key of HMAC has at least one bit")),
            (_, length) => Ok(length),
        })
    }),
    ..Algorithm::new(NAME)
}];

fn import_params<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<(Hash, Option<u32>)> {
    let given = ty::HmacImportParams::from_js(scope, value)?;
    Ok((algorithm::hash(scope, given.hash)?, given.length))
}

fn forms<R>(hash: Hash, with: impl FnOnce(Forms) -> R) -> R {
    let alg = move |_| {
        Some(match hash {
            Hash::Sha1 => "HS1".into(),
            other => format!("HS{}", &other.name()[4..]).into(),
        })
    };
    with(Forms {
        name: NAME,
        raw: true,
        jwk: Some(("sig", &alg)),
    })
}

fn hash_of(key: &Key) -> Fallible<Hash> {
    match key.algorithm.details {
        Details::Hmac { hash, .. } => Ok(hash),
        _ => Err(invalid_access("The key is not one of HMAC")),
    }
}

struct Hmac;

impl Hmac {
    fn key(key: &Key) -> Fallible<hmac::Key> {
        let function = match hash_of(key)? {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
            // No key has a hash of another family.
            _ => hmac::HMAC_SHA256,
        };
        Ok(hmac::Key::new(function, key.secret()?))
    }
}

impl Signature for Hmac {
    // https://w3c.github.io/webcrypto/#hmac-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        Ok(hmac::sign(&Hmac::key(key)?, data).as_ref().to_vec())
    }

    // https://w3c.github.io/webcrypto/#hmac-operations-verify; the comparison takes the same time wherever the two differ.
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        Ok(hmac::verify(&Hmac::key(key)?, data, signature).is_ok())
    }
}

struct Generate {
    hash: Hash,
    length: u32,
}

impl Generation for Generate {
    // https://w3c.github.io/webcrypto/#hmac-operations-generate-key
    fn check(&self, usages: Usages) -> Fallible<()> {
        usages.only(&USAGES)?;
        match self.length {
            0 => Err(operation_error("A key of HMAC has at least one bit")),
            _ => Ok(()),
        }
    }

    fn generate(&self, _: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let details = Details::Hmac {
            hash: self.hash,
            length: self.length,
        };
        let bytes = random_bits(self.length as usize)?;
        Ok(Generated::Secret(secret_key(NAME, details, bytes)))
    }

    fn bytes(&self) -> usize {
        self.length as usize / 8
    }
}

struct ImportHmac {
    hash: Hash,
    length: Option<u32>,
}

impl Import for ImportHmac {
    // https://w3c.github.io/webcrypto/#hmac-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        // 2. If usages contains an entry which is not "sign" or "verify", then throw a SyntaxError.
        usages.only(&USAGES)?;
        // 4.
        let mut bytes = forms(self.hash, |forms| {
            forms.import(format, data, extractable, usages)
        })?;
        // 5. to 7.
        let length = key_length(&bytes, self.length)?;
        // 8. Let key be a new CryptoKey with the first length bits of data.
        truncate_bits(&mut bytes, length as usize);
        let hash = self.hash;
        Ok(secret_key(NAME, Details::Hmac { hash, length }, bytes))
    }
}
