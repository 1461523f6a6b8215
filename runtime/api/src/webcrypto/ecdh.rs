//! ECDH, <https://w3c.github.io/webcrypto/#ecdh>.

use std::sync::Arc;

use nano_webidl::idl::FromJs;
use nano_webidl::{Fallible, Scope, Value};
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Derivation};
use super::ec::{Generate, GivenCurve, ImportEc, Scheme};
use super::key::{Details, Key, Material, invalid_access, operation_error};
use super::pair::PairUsages;
use super::secret::truncate_bits;
use crate::bindings::ty;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    derivation: Some(agreement),
    generate: Some(|scope, value| {
        let curve = ty::EcKeyGenParams::from_js(scope, value)?.named_curve;
        Ok(Box::new(Generate(&ECDH, GivenCurve::new(scope, curve))))
    }),
    import: Some(|scope, value| {
        let curve = ty::EcKeyImportParams::from_js(scope, value)?.named_curve;
        Ok(Box::new(ImportEc(&ECDH, GivenCurve::new(scope, curve))))
    }),
    export: Some(|format, key| ECDH.export(format, key)),
    pairs: Some(&ECDH.usages),
    ..Algorithm::new(ECDH.name)
}];

pub(super) const ECDH: Scheme = Scheme {
    name: "ECDH",
    usages: PairUsages {
        public: &[],
        private: &[KeyUsage::DeriveKey, KeyUsage::DeriveBits],
    },
    use_: "enc",
    has_alg: false,
};

/// The parameters of an agreement: ECDH, X25519 and X448.
pub(super) fn agreement<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<Box<dyn Derivation>> {
    let public = ty::EcdhKeyDeriveParams::from_js(scope, value)?.public;
    Ok(Box::new(Agreement {
        public: public.key().clone(),
    }))
}

/// The secret that two pairs agree on.
struct Agreement {
    public: Arc<Key>,
}

impl Agreement {
    /// How many bits the secret has.
    fn bits(&self) -> u32 {
        match self.public.algorithm.details {
            Details::Ec(curve) => 8 * curve.size() as u32,
            _ => match &self.public.material {
                Material::Curve448(_) => 448,
                _ => 256,
            },
        }
    }
}

impl Derivation for Agreement {
    // https://w3c.github.io/webcrypto/#ecdh-operations-derive-bits, step 8
    fn check(&self, length: Option<u32>) -> Fallible<()> {
        let bits = self.bits();
        match length {
            Some(length) if length > bits => Err(operation_error(format!(
                "The secret has {bits} bits, which is less than {length}"
            ))),
            _ => Ok(()),
        }
    }

    // Steps 1 to 5
    fn check_key(&self, key: &Key) -> Fallible<()> {
        key.part(KeyType::Private)?;
        self.public.part(KeyType::Public)?;
        // Its name and its curve.
        match self.public.algorithm == key.algorithm {
            true => Ok(()),
            false => Err(invalid_access(
                "The public key and the private key are not of the same algorithm and curve",
            )),
        }
    }

    // Steps 6 to 8, and https://w3c.github.io/webcrypto/#x25519-operations-derive-bits, where a secret of zeros is an error.
    fn derive(&self, key: &Key, length: Option<u32>) -> Fallible<Zeroizing<Vec<u8>>> {
        self.check_key(key)?;
        self.check(length)?;
        let secret = match (&key.material, &self.public.material) {
            (Material::Pair(private), Material::Pair(public)) => private.agree(public),
            (Material::Curve448(private), Material::Curve448(public)) => private.agree(public),
            _ => None,
        };
        let mut secret =
            secret.ok_or_else(|| operation_error("The two keys agree on no secret"))?;
        if let Some(length) = length {
            truncate_bits(&mut secret, length as usize);
        }
        Ok(secret)
    }
}
