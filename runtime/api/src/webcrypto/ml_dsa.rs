//! ML-DSA, <https://wicg.github.io/webcrypto-modern-algos/#ml-dsa>.

use nano_webidl::idl::FromJs;
use nano_webidl::{Fallible, Scope, Value};

use super::algorithm::{self, Algorithm, Copied, Signature};
use super::aws_lc::Lattice;
use super::key::{Key, operation_error};
use super::lattice::{Generate, ImportLattice, Scheme, keys};
use super::pair::PairUsages;
use super::parallel::Time;
use crate::bindings::ty;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[
    Algorithm {
        signature: Some(signature),
        ..keys!(ML_DSA_44)
    },
    Algorithm {
        signature: Some(signature),
        ..keys!(ML_DSA_65)
    },
    Algorithm {
        signature: Some(signature),
        ..keys!(ML_DSA_87)
    },
];

pub(super) const ML_DSA_44: Scheme = scheme("ML-DSA-44", Lattice::MlDsa44);
pub(super) const ML_DSA_65: Scheme = scheme("ML-DSA-65", Lattice::MlDsa65);
const ML_DSA_87: Scheme = scheme("ML-DSA-87", Lattice::MlDsa87);

const fn scheme(name: &'static str, lattice: Lattice) -> Scheme {
    Scheme {
        name,
        lattice,
        usages: PairUsages {
            public: &[KeyUsage::Verify],
            private: &[KeyUsage::Sign],
        },
        use_: "sig",
    }
}

fn signature<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Fallible<Box<dyn Signature>> {
    let context = ty::ContextParams::from_js(scope, value)?.context;
    let context = algorithm::copy_optional(scope, context)?.unwrap_or_default();
    Ok(Box::new(MlDsa { context }))
}

struct MlDsa {
    context: Copied,
}

impl Signature for MlDsa {
    fn check(&self) -> Fallible<()> {
        match self.context.len() {
            0..=255 => Ok(()),
            length => Err(operation_error(format!(
                "The context has {length} bytes, but may have 255"
            ))),
        }
    }

    // https://wicg.github.io/webcrypto-modern-algos/#ml-dsa-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let private = key.pair(KeyType::Private)?;
        self.check()?;
        private
            .sign_message(data, &self.context)
            .ok_or_else(|| operation_error("The data could not be signed"))
    }

    // https://wicg.github.io/webcrypto-modern-algos/#ml-dsa-operations-verify
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        let public = key.pair(KeyType::Public)?;
        self.check()?;
        let verified = public.verify_message(signature, data, &self.context);
        Ok(verified.is_some())
    }

    fn time(&self) -> Time {
        Time::Long
    }
}
