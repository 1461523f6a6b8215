//! Keys on the curves of NIST, what ECDSA and ECDH have in common: <https://w3c.github.io/webcrypto/#ecdsa> and the section after
//! it.

use nano_engine::text::text;
use nano_webidl::{Fallible, Scope};

use super::algorithm::{Generated, Generation, Import, KeyData, no_such_format};
use super::aws_lc::{Curve, Family, PKey};
use super::jwk::{Jwk, decode, encode};
use super::key::{Details, Key, NewKey, Usages, not_supported, operation_error};
use super::pair::{self, PairUsages};
use crate::bindings::types::{KeyFormat, KeyType};

/// What the two differ in.
pub struct Scheme {
    /// The algorithm.
    pub name: &'static str,
    /// What its keys are used for.
    pub usages: PairUsages,
    /// `use` of a JWK.
    pub use_: &'static str,
    /// Whether `alg` of a JWK says which curve.
    pub has_alg: bool,
}

/// A curve as parameters name it.
pub struct GivenCurve(pub(super) Result<Curve, String>);

impl GivenCurve {
    /// Looks for the name; where it is none is said later.
    pub fn new<'s>(scope: &mut Scope<'s, '_>, name: v8::Local<'s, v8::String>) -> GivenCurve {
        let name = text(scope, name, 100);
        let curve = Curve::ALL.into_iter().find(|curve| curve.name() == name);
        GivenCurve(curve.ok_or(name))
    }

    fn get(&self) -> Fallible<Curve> {
        self.0.as_ref().copied().map_err(|name| {
            not_supported(format!(
                "The curve '{name}' is not supported; use P-256, P-384 or P-521"
            ))
        })
    }
}

impl Scheme {
    fn key(&self, key_type: KeyType, curve: Curve, key: PKey) -> NewKey {
        pair::pair_key(self.name, Details::Ec(curve), key_type, key)
    }

    // https://w3c.github.io/webcrypto/#ecdsa-operations-export-key
    pub(super) fn export(&self, format: KeyFormat, key: &Key) -> Fallible<KeyData> {
        let failed = || operation_error("The key could not be exported");
        match format {
            KeyFormat::Spki | KeyFormat::Pkcs8 => pair::marshal(format, key),
            KeyFormat::Raw | KeyFormat::RawPublic => {
                pair::exported(key.pair(KeyType::Public)?.ec_point())
            }
            KeyFormat::Jwk => {
                let pair = key.pair(key.key_type)?;
                let point = pair.ec_point().ok_or_else(failed)?;
                let (x, y) = point[1..].split_at((point.len() - 1) / 2);
                let mut jwk = Jwk {
                    crv: pair.ec_curve().map(|curve| curve.name().to_owned()),
                    x: encode(x),
                    y: encode(y),
                    ..Jwk::of(key, "EC")
                };
                if key.key_type == KeyType::Private {
                    jwk.d = encode(&pair.ec_scalar().ok_or_else(failed)?);
                }
                Ok(KeyData::Jwk(Box::new(jwk)))
            }
            _ => Err(no_such_format(format, self.name)),
        }
    }

    /// The key of a JWK, which must be on the curve.
    fn of_jwk(&self, jwk: &Jwk, curve: Curve) -> Fallible<PKey> {
        let bad = || pair::no_key(KeyFormat::Jwk, self.name);
        if jwk.crv.as_deref() != Some(curve.name()) {
            return Err(bad());
        }
        if self.has_alg {
            jwk.check_alg(match curve {
                Curve::P256 => "ES256",
                Curve::P384 => "ES384",
                Curve::P521 => "ES512",
            })?;
        }
        // RFC 7518, section 6.2.1.2: each has the length of the curve.
        let coordinate = |name: &str, member: &Option<String>| {
            let bytes = decode(name, member)?;
            match bytes.len() == curve.size() {
                true => Ok(bytes),
                false => Err(bad()),
            }
        };
        let mut point = vec![4];
        point.extend_from_slice(&coordinate("x", &jwk.x)?);
        point.extend_from_slice(&coordinate("y", &jwk.y)?);
        let key = match &jwk.d {
            None => PKey::from_ec_point(curve, &point),
            Some(_) => PKey::from_ec_scalar(curve, &coordinate("d", &jwk.d)?, &point),
        };
        key.ok_or_else(bad)
    }
}

/// generateKey
pub struct Generate(pub &'static Scheme, pub GivenCurve);

impl Generation for Generate {
    // https://w3c.github.io/webcrypto/#ecdsa-operations-generate-key
    fn check(&self, usages: Usages) -> Fallible<()> {
        self.0.usages.check(usages)?;
        self.1.get().map(|_| ())
    }

    fn generate(&self, usages: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let Generate(scheme, curve) = self;
        let curve = curve.get()?;
        let key = PKey::ec_generate(curve);
        pair::generated(key, usages, &scheme.usages, |key_type, key| {
            Ok(scheme.key(key_type, curve, key))
        })
    }
}

/// importKey
pub struct ImportEc(pub &'static Scheme, pub GivenCurve);

impl Import for ImportEc {
    fn check(&self) -> Fallible<()> {
        self.1.get().map(|_| ())
    }

    // https://w3c.github.io/webcrypto/#ecdsa-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let ImportEc(scheme, curve) = self;
        let bad = || pair::no_key(format, scheme.name);
        let (key_type, key) = match (format, data) {
            (KeyFormat::Spki | KeyFormat::Pkcs8, KeyData::Bytes(bytes)) => {
                let key_type = pair::type_of(format);
                usages.only(scheme.usages.of(key_type))?;
                (
                    key_type,
                    pair::parse(format, &bytes, Family::Ec, scheme.name)?,
                )
            }
            (KeyFormat::Raw | KeyFormat::RawPublic, KeyData::Bytes(bytes)) => {
                let curve = curve.get()?;
                usages.only(scheme.usages.public)?;
                let key = PKey::from_ec_point(curve, &bytes).ok_or_else(bad)?;
                (KeyType::Public, key)
            }
            (KeyFormat::Jwk, KeyData::Jwk(jwk)) => {
                let key_type = match jwk.d {
                    Some(_) => KeyType::Private,
                    None => KeyType::Public,
                };
                usages.only(scheme.usages.of(key_type))?;
                jwk.check("EC", scheme.use_, extractable, usages)?;
                (key_type, scheme.of_jwk(&jwk, curve.get()?)?)
            }
            _ => return Err(no_such_format(format, scheme.name)),
        };
        // "If namedCurve is … and not equal to the namedCurve member of normalizedAlgorithm, throw a DataError."
        let curve = curve.get()?;
        if key.ec_curve() != Some(curve) {
            return Err(bad());
        }
        Ok(scheme.key(key_type, curve, key))
    }
}
