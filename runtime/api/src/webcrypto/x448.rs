//! X448, <https://wicg.github.io/webcrypto-secure-curves/#x448>.

use super::algorithm::{self, Algorithm};
use super::curve448::Curve448;
use super::ecdh::agreement;
use super::okp::{Curve, Generate, ImportOkp, Scheme};
use super::pair::PairUsages;
use crate::bindings::types::KeyUsage;

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    derivation: Some(agreement),
    generate: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Generate(&X448)))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportOkp(&X448)))
    }),
    export: Some(|format, key| X448.export(format, key)),
    pairs: Some(&X448.usages),
    ..Algorithm::new(X448.name)
}];

pub(super) const X448: Scheme = Scheme {
    name: "X448",
    curve: Curve::Curve448(Curve448::X448),
    usages: PairUsages {
        public: &[],
        private: &[KeyUsage::DeriveKey, KeyUsage::DeriveBits],
    },
    use_: "enc",
    algs: &[],
};
