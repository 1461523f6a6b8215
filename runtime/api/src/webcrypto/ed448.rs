//! Ed448, <https://wicg.github.io/webcrypto-secure-curves/#ed448>.

use nano_webidl::Fallible;
use nano_webidl::idl::FromJs;

use super::algorithm::{self, Algorithm, Copied, Signature};
use super::curve448::{Curve448, Key448};
use super::key::{Key, Material, invalid_access, operation_error};
use super::okp::{Curve, Generate, ImportOkp, Scheme};
use super::pair::PairUsages;
use crate::bindings::ty;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    signature: Some(|scope, value| {
        let context = ty::Ed448Params::from_js(scope, value)?.context;
        let context = algorithm::copy_optional(scope, context)?.unwrap_or_default();
        Ok(Box::new(Ed448 { context }))
    }),
    generate: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Generate(&ED448)))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportOkp(&ED448)))
    }),
    export: Some(|format, key| ED448.export(format, key)),
    pairs: Some(&ED448.usages),
    ..Algorithm::new(ED448.name)
}];

pub(super) const ED448: Scheme = Scheme {
    name: "Ed448",
    curve: Curve::Curve448(Curve448::Ed448),
    usages: PairUsages {
        public: &[KeyUsage::Verify],
        private: &[KeyUsage::Sign],
    },
    use_: "sig",
    algs: &["Ed448", "EdDSA"],
};

struct Ed448 {
    context: Copied,
}

fn of(key: &Key, key_type: KeyType) -> Fallible<&Key448> {
    match key.part(key_type)? {
        Material::Curve448(key) => Ok(key),
        _ => Err(invalid_access("The key is not one of Ed448")),
    }
}

impl Signature for Ed448 {
    // https://wicg.github.io/webcrypto-secure-curves/#ed448-operations-sign, step 2
    fn check(&self) -> Fallible<()> {
        match self.context.len() {
            0..=255 => Ok(()),
            length => Err(operation_error(format!(
                "The context has {length} bytes, but may have 255"
            ))),
        }
    }

    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let private = of(key, KeyType::Private)?;
        self.check()?;
        private
            .sign(&self.context, data)
            .ok_or_else(|| operation_error("The data could not be signed"))
    }

    // https://wicg.github.io/webcrypto-secure-curves/#ed448-operations-verify
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        let public = of(key, KeyType::Public)?;
        self.check()?;
        Ok(public.verify(signature, &self.context, data))
    }
}
