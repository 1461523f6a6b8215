//! HKDF, <https://w3c.github.io/webcrypto/#hkdf>.

use aws_lc_rs::hkdf;
use nano_webidl::Fallible;
use nano_webidl::idl::FromJs;
use zeroize::Zeroizing;

use super::algorithm::{self, Algorithm, Copied, Derivation};
use super::digest::Hash;
use super::key::{Key, operation_error};
use super::parallel::Time;
use super::secret::ImportPassword;
use crate::bindings::ty;

const NAME: &str = "HKDF";

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    derivation: Some(|scope, value| {
        let given = ty::HkdfParams::from_js(scope, value)?;
        Ok(Box::new(Hkdf {
            hash: algorithm::hash(scope, given.hash)?,
            salt: algorithm::copy(scope, given.salt)?,
            info: algorithm::copy(scope, given.info)?,
        }))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportPassword(NAME)))
    }),
    key_length: Some(algorithm::any_key_length),
    ..Algorithm::new(NAME)
}];

struct Hkdf {
    hash: Hash,
    salt: Copied,
    info: Copied,
}

/// DEPARTURE: `info` goes into each block of what is derived, of which there are up to 255, and nothing interrupts that: so both
/// together have a bound, in bytes that are hashed.
const MOST_HASHED_BYTES: usize = 1 << 30;

impl Hkdf {
    fn function(&self) -> hkdf::Algorithm {
        match self.hash {
            Hash::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha384 => hkdf::HKDF_SHA384,
            Hash::Sha512 => hkdf::HKDF_SHA512,
            // Normalization lets no hash of another family pass.
            _ => hkdf::HKDF_SHA256,
        }
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Derivation for Hkdf {
    // https://w3c.github.io/webcrypto/#hkdf-operations-derive-bits, step 1
    fn check(&self, length: Option<u32>) -> Fallible<()> {
        let bytes = whole_bytes(length)?;
        let longest = 255 * self.hash.length();
        if bytes > longest {
            let message = format!("HKDF with {} gives up to {longest} bytes", self.hash.name());
            return Err(operation_error(message));
        }
        let blocks = bytes.div_ceil(self.hash.length());
        match self.info.len().saturating_mul(blocks) > MOST_HASHED_BYTES {
            true => Err(operation_error("'info' is too long for so many bits")),
            false => Ok(()),
        }
    }

    fn derive(&self, key: &Key, length: Option<u32>) -> Fallible<Zeroizing<Vec<u8>>> {
        self.check(length)?;
        let mut derived = Zeroizing::new(vec![0; whole_bytes(length)?]);
        if derived.is_empty() {
            return Ok(derived);
        }
        hkdf::Salt::new(self.function(), &self.salt)
            .extract(key.secret()?)
            .expand(&[&self.info[..]], Length(derived.len()))
            .and_then(|key| key.fill(&mut derived))
            .map_err(|_| operation_error("The bits could not be derived"))?;
        Ok(derived)
    }

    fn time(&self, length: Option<u32>) -> Time {
        let blocks = 1 + length.unwrap_or(0) as usize / (8 * self.hash.length());
        Time::of_bytes(self.salt.len() + self.info.len().saturating_mul(blocks))
    }
}

/// "If length is null or is not a multiple of 8, then throw an OperationError."
///
/// # Errors
/// That one.
pub(super) fn whole_bytes(length: Option<u32>) -> Fallible<usize> {
    match length {
        Some(length) if length.is_multiple_of(8) => Ok(length as usize / 8),
        Some(length) => Err(operation_error(format!(
            "The length must be a multiple of 8, not {length}"
        ))),
        None => Err(operation_error("There must be a length")),
    }
}
