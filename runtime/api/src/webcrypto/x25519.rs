//! X25519, <https://w3c.github.io/webcrypto/#x25519>.

use super::algorithm::{self, Algorithm};
use super::aws_lc::Family;
use super::ecdh::agreement;
use super::okp::{Curve, Generate, ImportOkp, Scheme};
use super::pair::PairUsages;
use crate::bindings::types::KeyUsage;

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    derivation: Some(agreement),
    generate: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Generate(&X25519)))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportOkp(&X25519)))
    }),
    export: Some(|format, key| X25519.export(format, key)),
    pairs: Some(&X25519.usages),
    ..Algorithm::new(X25519.name)
}];

pub(super) const X25519: Scheme = Scheme {
    name: "X25519",
    curve: Curve::AwsLc(Family::X25519),
    usages: PairUsages {
        public: &[],
        private: &[KeyUsage::DeriveKey, KeyUsage::DeriveBits],
    },
    use_: "enc",
    algs: &[],
};
