//! ECDSA, <https://w3c.github.io/webcrypto/#ecdsa>.

use nano_webidl::Fallible;
use nano_webidl::idl::FromJs;

use super::algorithm::{self, Algorithm, Signature};
use super::digest::Hash;
use super::ec::{Generate, GivenCurve, ImportEc, Scheme};
use super::key::{Key, operation_error};
use super::pair::PairUsages;
use crate::bindings::ty;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    signature: Some(|scope, value| {
        let hash = ty::EcdsaParams::from_js(scope, value)?.hash;
        Ok(Box::new(Ecdsa(algorithm::hash(scope, hash)?)))
    }),
    generate: Some(|scope, value| {
        let curve = ty::EcKeyGenParams::from_js(scope, value)?.named_curve;
        Ok(Box::new(Generate(&ECDSA, GivenCurve::new(scope, curve))))
    }),
    import: Some(|scope, value| {
        let curve = ty::EcKeyImportParams::from_js(scope, value)?.named_curve;
        Ok(Box::new(ImportEc(&ECDSA, GivenCurve::new(scope, curve))))
    }),
    export: Some(|format, key| ECDSA.export(format, key)),
    pairs: Some(&ECDSA.usages),
    ..Algorithm::new(ECDSA.name)
}];

pub(super) const ECDSA: Scheme = Scheme {
    name: "ECDSA",
    usages: PairUsages {
        public: &[KeyUsage::Verify],
        private: &[KeyUsage::Sign],
    },
    use_: "sig",
    has_alg: true,
};

struct Ecdsa(Hash);

impl Signature for Ecdsa {
    // https://w3c.github.io/webcrypto/#ecdsa-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let private = key.pair(KeyType::Private)?;
        private
            .ecdsa_sign(&self.0.digest(data))
            .ok_or_else(|| operation_error("The data could not be signed"))
    }

    // https://w3c.github.io/webcrypto/#ecdsa-operations-verify
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        let public = key.pair(KeyType::Public)?;
        Ok(public
            .ecdsa_verify(signature, &self.0.digest(data))
            .is_some())
    }
}
