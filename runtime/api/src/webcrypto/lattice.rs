//! Keys of ML-DSA and ML-KEM, <https://wicg.github.io/webcrypto-modern-algos/#ml-dsa> and the section after it.

use nano_webidl::Fallible;

use super::algorithm::{Generated, Generation, Import, KeyData, no_such_format};
use super::aws_lc::{Lattice, PKey};
use super::jwk::{Jwk, decode, encode};
use super::key::{Details, Key, NewKey, Usages, not_supported, operation_error};
use super::pair::{self, PairUsages};
use super::secret::random_bits;
use crate::bindings::types::{KeyFormat, KeyType};

/// What the sizes differ in.
pub struct Scheme {
    /// The algorithm, and `alg` of a JWK.
    pub name: &'static str,
    /// What AWS-LC calls it.
    pub lattice: Lattice,
    /// What its keys are used for.
    pub usages: PairUsages,
    /// `use` of a JWK.
    pub use_: &'static str,
}

impl Scheme {
    fn key(&self, key_type: KeyType, key: PKey) -> NewKey {
        pair::pair_key(self.name, Details::None, key_type, key)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#ml-dsa-operations-export-key
    pub(super) fn export(&self, format: KeyFormat, key: &Key) -> Fallible<KeyData> {
        let failed = || operation_error("The key could not be exported");
        match format {
            KeyFormat::Spki | KeyFormat::Pkcs8 => pair::marshal(format, key),
            KeyFormat::RawPublic => pair::exported(key.pair(KeyType::Public)?.raw_public()),
            KeyFormat::RawSeed => {
                let seed = key.pair(KeyType::Private)?.seed();
                seed.map(KeyData::Bytes).ok_or_else(failed)
            }
            KeyFormat::Jwk => {
                let pair = key.pair(key.key_type)?;
                let mut jwk = Jwk {
                    alg: Some(self.name.to_owned()),
                    pub_: encode(&pair.raw_public().ok_or_else(failed)?),
                    ..Jwk::of(key, "AKP")
                };
                if key.key_type == KeyType::Private {
                    jwk.priv_ = encode(&pair.seed().ok_or_else(failed)?);
                }
                Ok(KeyData::Jwk(Box::new(jwk)))
            }
            _ => Err(no_such_format(format, self.name)),
        }
    }

    fn of_jwk(&self, jwk: &Jwk) -> Fallible<PKey> {
        let bad = || pair::no_key(KeyFormat::Jwk, self.name);
        if jwk.alg.as_deref() != Some(self.name) {
            return Err(bad());
        }
        let public = decode("pub", &jwk.pub_)?;
        match jwk.priv_ {
            None => PKey::from_lattice_public(self.lattice, &public).ok_or_else(bad),
            Some(_) => PKey::from_seed(self.lattice, &decode("priv", &jwk.priv_)?)
                .filter(|key| key.raw_public().as_ref() == Some(&*public))
                .ok_or_else(bad),
        }
    }

    /// The key in a "pkcs8", which must have a seed: nothing else can be exported again.
    fn of_pkcs8(&self, bytes: &[u8]) -> Fallible<PKey> {
        let key = pair::parse(KeyFormat::Pkcs8, bytes, self.lattice.family(), self.name)?;
        match key.seed() {
            Some(_) => Ok(key),
            None => Err(not_supported(
                "A private key without its seed is not supported",
            )),
        }
    }
}

/// generateKey
pub struct Generate(pub &'static Scheme);

impl Generation for Generate {
    // https://wicg.github.io/webcrypto-modern-algos/#ml-dsa-operations-generate-key
    fn check(&self, usages: Usages) -> Fallible<()> {
        self.0.usages.check(usages)
    }

    fn generate(&self, usages: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let scheme = self.0;
        let seed = random_bits(8 * scheme.lattice.seed_length())?;
        let key = PKey::from_seed(scheme.lattice, &seed);
        pair::generated(key, usages, &scheme.usages, |key_type, key| {
            Ok(scheme.key(key_type, key))
        })
    }
}

/// importKey
pub struct ImportLattice(pub &'static Scheme);

impl Import for ImportLattice {
    // https://wicg.github.io/webcrypto-modern-algos/#ml-dsa-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let scheme = self.0;
        let bad = || pair::no_key(format, scheme.name);
        let (key_type, key) = match (format, data) {
            (KeyFormat::Spki, KeyData::Bytes(bytes)) => {
                usages.only(scheme.usages.public)?;
                let family = scheme.lattice.family();
                let key = pair::parse(format, &bytes, family, scheme.name)?;
                (KeyType::Public, key)
            }
            (KeyFormat::RawPublic, KeyData::Bytes(bytes)) => {
                usages.only(scheme.usages.public)?;
                let key = PKey::from_lattice_public(scheme.lattice, &bytes);
                (KeyType::Public, key.ok_or_else(bad)?)
            }
            (KeyFormat::Pkcs8, KeyData::Bytes(bytes)) => {
                usages.only(scheme.usages.private)?;
                (KeyType::Private, scheme.of_pkcs8(&bytes)?)
            }
            (KeyFormat::RawSeed, KeyData::Bytes(bytes)) => {
                usages.only(scheme.usages.private)?;
                let key = PKey::from_seed(scheme.lattice, &bytes);
                (KeyType::Private, key.ok_or_else(bad)?)
            }
            (KeyFormat::Jwk, KeyData::Jwk(jwk)) => {
                let key_type = match jwk.priv_ {
                    Some(_) => KeyType::Private,
                    None => KeyType::Public,
                };
                usages.only(scheme.usages.of(key_type))?;
                jwk.check("AKP", scheme.use_, extractable, usages)?;
                (key_type, scheme.of_jwk(&jwk)?)
            }
            _ => return Err(no_such_format(format, scheme.name)),
        };
        match key.is_lattice(scheme.lattice) {
            true => Ok(scheme.key(key_type, key)),
            false => Err(bad()),
        }
    }
}

/// The registry's entry of one size, without what is done with its keys.
macro_rules! keys {
    ($scheme:ident) => {
        Algorithm {
            generate: Some(|scope, value| {
                algorithm::no_parameters(scope, value)?;
                Ok(Box::new(Generate(&$scheme)))
            }),
            import: Some(|scope, value| {
                algorithm::no_parameters(scope, value)?;
                Ok(Box::new(ImportLattice(&$scheme)))
            }),
            export: Some(|format, key| $scheme.export(format, key)),
            pairs: Some(&$scheme.usages),
            ..Algorithm::new($scheme.name)
        }
    };
}

pub(super) use keys;
