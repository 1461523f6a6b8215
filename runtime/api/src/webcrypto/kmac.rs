//! KMAC, <https://wicg.github.io/webcrypto-modern-algos/#kmac>.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use nano_webidl::idl::FromJs;
use nano_webidl::{Fallible, Scope, Value, type_error};

use super::algorithm::{
    self, Algorithm, Copied, Generated, Generation, Import, KeyData, Signature,
};
use super::key::{Details, Key, NewKey, Usages, operation_error};
use super::secret::{Forms, key_length, random_bits, secret_key, truncate_bits};
use super::sponge::{Strength, kmac};
use crate::bindings::ty;
use crate::bindings::types::{KeyFormat, KeyUsage};

const USAGES: [KeyUsage; 2] = [KeyUsage::Sign, KeyUsage::Verify];

/// What the two differ in.
#[derive(Clone, Copy)]
struct Scheme {
    name: &'static str,
    alg: &'static str,
    strength: Strength,
    /// The length of a new key in bits.
    bits: u32,
}

const KMAC128: Scheme = Scheme {
    name: "KMAC128",
    alg: "K128",
    strength: Strength::Bits128,
    bits: 128,
};

const KMAC256: Scheme = Scheme {
    name: "KMAC256",
    alg: "K256",
    strength: Strength::Bits256,
    bits: 256,
};

macro_rules! entry {
    ($scheme:ident) => {
        Algorithm {
            signature: Some(|scope, value| signature(scope, value, $scheme)),
            generate: Some(|scope, value| {
                let length = ty::KmacKeyGenParams::from_js(scope, value)?.length;
                Ok(Box::new(Generate($scheme, length.unwrap_or($scheme.bits))))
            }),
            import: Some(|scope, value| {
                let length = ty::KmacImportParams::from_js(scope, value)?.length;
                Ok(Box::new(ImportKmac($scheme, length)))
            }),
            export: Some(|format, key| $scheme.forms(|forms| forms.export(format, key))),
            key_length: Some(|scope, value| {
                Ok(match ty::KmacImportParams::from_js(scope, value)?.length {
                    None => Ok(Some($scheme.bits)),
                    Some(0) => Err(type_error("A key of KMAC has at least one bit")),
                    length => Ok(length),
                })
            }),
            ..Algorithm::new($scheme.name)
        }
    };
}

pub(super) const ALGORITHMS: &[Algorithm] = &[entry!(KMAC128), entry!(KMAC256)];

impl Scheme {
    fn forms<R>(self, with: impl FnOnce(Forms) -> R) -> R {
        with(Forms {
            name: self.name,
            raw: false,
            jwk: Some(("sig", &|_| Some(self.alg.into()))),
        })
    }
}

fn signature<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    scheme: Scheme,
) -> Fallible<Box<dyn Signature>> {
    let given = ty::KmacParams::from_js(scope, value)?;
    let customization = algorithm::copy_optional(scope, given.customization)?;
    Ok(Box::new(Kmac {
        scheme,
        output_length: given.output_length,
        customization: customization.unwrap_or_default(),
    }))
}

struct Kmac {
    scheme: Scheme,
    /// In bits.
    output_length: u32,
    customization: Copied,
}

impl Signature for Kmac {
    fn check(&self) -> Fallible<()> {
        match self.output_length.is_multiple_of(8) {
            true => Ok(()),
            false => Err(operation_error(format!(
                "The outputLength must be a multiple of 8, not {}",
                self.output_length
            ))),
        }
    }

    // https://wicg.github.io/webcrypto-modern-algos/#kmac-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.check()?;
        let length = self.bytes();
        let strength = self.scheme.strength;
        Ok(kmac(
            strength,
            key.secret()?,
            &self.customization,
            data,
            length,
        ))
    }

    // https://wicg.github.io/webcrypto-modern-algos/#kmac-operations-verify; the comparison takes the same time wherever the two differ.
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        self.check()?;
        if signature.len() != self.bytes() {
            return Ok(false);
        }
        let expected = self.sign(key, data)?;
        Ok(verify_slices_are_equal(&expected, signature).is_ok())
    }

    fn bytes(&self) -> usize {
        self.output_length as usize / 8
    }
}

struct Generate(Scheme, u32);

impl Generation for Generate {
    fn check(&self, usages: Usages) -> Fallible<()> {
        usages.only(&USAGES)?;
        match self.1 {
            0 => Err(operation_error("A key of KMAC has at least one bit")),
            _ => Ok(()),
        }
    }

    fn generate(&self, _: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let Generate(scheme, length) = *self;
        let bytes = random_bits(length as usize)?;
        let key = secret_key(scheme.name, Details::Kmac { length }, bytes);
        Ok(Generated::Secret(key))
    }

    fn bytes(&self) -> usize {
        self.1 as usize / 8
    }
}

struct ImportKmac(Scheme, Option<u32>);

impl Import for ImportKmac {
    // https://wicg.github.io/webcrypto-modern-algos/#kmac-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        let ImportKmac(scheme, length) = *self;
        usages.only(&USAGES)?;
        let mut bytes = scheme.forms(|forms| forms.import(format, data, extractable, usages))?;
        let length = key_length(&bytes, length)?;
        truncate_bits(&mut bytes, length as usize);
        Ok(secret_key(scheme.name, Details::Kmac { length }, bytes))
    }
}
