//! Keys on Curve25519 and Curve448, what Ed25519, X25519, Ed448 and X448 have in common: <https://w3c.github.io/webcrypto/#ed25519> and
//! the section after it.

use nano_webidl::Fallible;

use super::algorithm::{Generated, Generation, Import, KeyData, no_such_format};
use super::aws_lc::{Family, PKey};
use super::curve448::{Curve448, Key448};
use super::jwk::{Jwk, decode, encode};
use super::key::{Details, Key, Material, NewKey, Usages, data_error, operation_error};
use super::pair::{self, PairUsages};
use super::secret::random_bits;
use crate::bindings::types::{KeyFormat, KeyType};

/// Where a curve is implemented.
#[derive(Clone, Copy)]
pub enum Curve {
    /// By AWS-LC.
    AwsLc(Family),
    /// By `crrl`.
    Curve448(Curve448),
}

impl Curve {
    fn public(self, bytes: &[u8]) -> Option<Material> {
        match self {
            Curve::AwsLc(family) => PKey::from_raw_public(family, bytes).map(Material::Pair),
            Curve::Curve448(curve) => Key448::from_public(curve, bytes).map(Material::Curve448),
        }
    }

    fn private(self, bytes: &[u8]) -> Option<Material> {
        match self {
            Curve::AwsLc(family) => PKey::from_raw_private(family, bytes).map(Material::Pair),
            Curve::Curve448(curve) => Key448::from_private(curve, bytes).map(Material::Curve448),
        }
    }

    /// The key in a "spki" or "pkcs8".
    fn parse(self, format: KeyFormat, bytes: &[u8], name: &str) -> Fallible<Material> {
        match (self, format) {
            (Curve::AwsLc(family), _) => {
                pair::parse(format, bytes, family, name).map(Material::Pair)
            }
            (Curve::Curve448(curve), KeyFormat::Pkcs8) => Key448::from_pkcs8(curve, bytes)
                .map(Material::Curve448)
                .ok_or_else(|| pair::no_key(format, name)),
            (Curve::Curve448(curve), _) => Key448::from_spki(curve, bytes)
                .map(Material::Curve448)
                .ok_or_else(|| pair::no_key(format, name)),
        }
    }

    /// How many bytes a private key has.
    fn length(self) -> usize {
        match self {
            Curve::AwsLc(_) => 32,
            Curve::Curve448(curve) => curve.length(),
        }
    }
}

/// What they differ in.
pub struct Scheme {
    /// The algorithm, and `crv` of a JWK.
    pub name: &'static str,
    /// Its curve.
    pub curve: Curve,
    /// What its keys are used for.
    pub usages: PairUsages,
    /// `use` of a JWK.
    pub use_: &'static str,
    /// What `alg` of a JWK may be; anything where this is empty.
    pub algs: &'static [&'static str],
}

impl Scheme {
    fn key(&self, key_type: KeyType, key: Material) -> NewKey {
        pair::pair_key(self.name, Details::None, key_type, key)
    }

    // https://w3c.github.io/webcrypto/#ed25519-operations-export-key
    pub(super) fn export(&self, format: KeyFormat, key: &Key) -> Fallible<KeyData> {
        let failed = || operation_error("The key could not be exported");
        match format {
            KeyFormat::Spki | KeyFormat::Pkcs8 => pair::marshal(format, key),
            KeyFormat::Raw | KeyFormat::RawPublic => {
                pair::exported(key.part(KeyType::Public)?.raw_public())
            }
            KeyFormat::Jwk => {
                let pair = key.part(key.key_type)?;
                let mut jwk = Jwk {
                    alg: self.algs.first().map(|alg| (*alg).to_owned()),
                    crv: Some(self.name.to_owned()),
                    x: encode(&pair.raw_public().ok_or_else(failed)?),
                    ..Jwk::of(key, "OKP")
                };
                if key.key_type == KeyType::Private {
                    jwk.d = encode(&pair.raw_private().ok_or_else(failed)?);
                }
                Ok(KeyData::Jwk(Box::new(jwk)))
            }
            _ => Err(no_such_format(format, self.name)),
        }
    }

    fn of_jwk(&self, jwk: &Jwk) -> Fallible<Material> {
        let bad = || pair::no_key(KeyFormat::Jwk, self.name);
        if jwk.crv.as_deref() != Some(self.name) {
            return Err(bad());
        }
        if let Some(alg) = jwk.alg.as_deref()
            && !self.algs.is_empty()
            && !self.algs.contains(&alg)
        {
            let message = format!("The JWK's 'alg' must be '{}'", self.algs.join("' or '"));
            return Err(data_error(message));
        }
        let public = decode("x", &jwk.x)?;
        match jwk.d {
            None => self.curve.public(&public).ok_or_else(bad),
            // "If x is not the public key of d, then throw a DataError."
            Some(_) => self
                .curve
                .private(&decode("d", &jwk.d)?)
                .filter(|key| key.raw_public().as_ref() == Some(&*public))
                .ok_or_else(bad),
        }
    }
}

/// generateKey
pub struct Generate(pub &'static Scheme);

impl Generation for Generate {
    // https://w3c.github.io/webcrypto/#ed25519-operations-generate-key
    fn check(&self, usages: Usages) -> Fallible<()> {
        self.0.usages.check(usages)
    }

    fn generate(&self, usages: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let scheme = self.0;
        let key = scheme
            .curve
            .private(&random_bits(8 * scheme.curve.length())?);
        pair::generated(key, usages, &scheme.usages, |key_type, key| {
            Ok(scheme.key(key_type, key))
        })
    }
}

/// importKey
pub struct ImportOkp(pub &'static Scheme);

impl Import for ImportOkp {
    // https://w3c.github.io/webcrypto/#ed25519-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let scheme = self.0;
        let (key_type, key) = match (format, data) {
            (KeyFormat::Spki | KeyFormat::Pkcs8, KeyData::Bytes(bytes)) => {
                let key_type = pair::type_of(format);
                usages.only(scheme.usages.of(key_type))?;
                let key = scheme.curve.parse(format, &bytes, scheme.name)?;
                (key_type, key)
            }
            (KeyFormat::Raw | KeyFormat::RawPublic, KeyData::Bytes(bytes)) => {
                usages.only(scheme.usages.public)?;
                let key = scheme
                    .curve
                    .public(&bytes)
                    .ok_or_else(|| pair::no_key(format, scheme.name))?;
                (KeyType::Public, key)
            }
            (KeyFormat::Jwk, KeyData::Jwk(jwk)) => {
                let key_type = match jwk.d {
                    Some(_) => KeyType::Private,
                    None => KeyType::Public,
                };
                usages.only(scheme.usages.of(key_type))?;
                jwk.check("OKP", scheme.use_, extractable, usages)?;
                (key_type, scheme.of_jwk(&jwk)?)
            }
            _ => return Err(no_such_format(format, scheme.name)),
        };
        Ok(scheme.key(key_type, key))
    }
}
