//! PBKDF2, <https://w3c.github.io/webcrypto/#pbkdf2>.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use nano_webidl::Fallible;
use nano_webidl::idl::FromJs;
use zeroize::Zeroizing;

use super::algorithm::{self, Algorithm, Derivation};
use super::digest::Hash;
use super::hkdf::whole_bytes;
use super::key::{Key, operation_error};
use super::secret::ImportPassword;
use crate::bindings::ty;

const NAME: &str = "PBKDF2";

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    derivation: Some(|scope, value| {
        let given = ty::Pbkdf2Params::from_js(scope, value)?;
        Ok(Box::new(Pbkdf2 {
            hash: algorithm::hash(scope, given.hash)?,
            salt: algorithm::copy(scope, given.salt)?,
            iterations: given.iterations,
        }))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportPassword(NAME)))
    }),
    key_length: Some(algorithm::any_key_length),
    ..Algorithm::new(NAME)
}];

struct Pbkdf2 {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
}

/// DEPARTURE: the specification has no bound, and nothing interrupts a derivation. So many times a hash is computed at most, which
/// takes some seconds; OWASP recommends 600,000 iterations with SHA-256, which is as often for up to 256 bits.
const MOST_ITERATIONS: u64 = 10_000_000;

impl Pbkdf2 {
    /// How often it computes a hash.
    fn cost(&self, length: Option<u32>) -> Fallible<u64> {
        let blocks = whole_bytes(length)?.div_ceil(self.hash.length()) as u64;
        let salt = self.salt.len() as u64 * 8 / u64::from(self.hash.block_bits());
        Ok(blocks.saturating_mul(salt + u64::from(self.iterations)))
    }
}

impl Derivation for Pbkdf2 {
    // https://w3c.github.io/webcrypto/#pbkdf2-operations-derive-bits, steps 1 and 2
    fn check(&self, length: Option<u32>) -> Fallible<()> {
        let cost = self.cost(length)?;
        if self.iterations == 0 {
            return Err(operation_error("There must be at least one iteration"));
        }
        match cost > MOST_ITERATIONS {
            true => Err(operation_error(format!(
                "The derivation would compute a hash {cost} times, but may {MOST_ITERATIONS} times; ask for fewer iterations or bits"
            ))),
            false => Ok(()),
        }
    }

    fn derive(&self, key: &Key, length: Option<u32>) -> Fallible<Zeroizing<Vec<u8>>> {
        self.check(length)?;
        let mut derived = Zeroizing::new(vec![0; whole_bytes(length)?]);
        let (false, Some(iterations)) = (derived.is_empty(), NonZeroU32::new(self.iterations))
        else {
            return Ok(derived);
        };
        let function = match self.hash {
            Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            // Normalization lets no hash of another family pass.
            _ => pbkdf2::PBKDF2_HMAC_SHA256,
        };
        pbkdf2::derive(
            function,
            iterations,
            &self.salt,
            key.secret()?,
            &mut derived,
        );
        Ok(derived)
    }

    fn takes_long(&self, length: Option<u32>) -> bool {
        self.cost(length).is_ok_and(|cost| cost > 200)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivations_that_take_too_long_are_refused() {
        let pbkdf2 = |iterations, salt: usize| Pbkdf2 {
            hash: Hash::Sha256,
            salt: vec![0; salt],
            iterations,
        };
        assert!(pbkdf2(10_000_000, 16).check(Some(256)).is_ok());
        assert!(pbkdf2(5_000_000, 16).check(Some(512)).is_ok());
        assert!(pbkdf2(10_000_000, 16).check(Some(512)).is_err());
        assert!(pbkdf2(1 << 31, 16).check(Some(8)).is_err());
        assert!(pbkdf2(u32::MAX, 0).check(Some(u32::MAX - 7)).is_err());
        // A long salt goes into each block.
        assert!(pbkdf2(1, 1 << 20).check(Some(1 << 20)).is_err());
        assert!(pbkdf2(0, 0).check(Some(0)).is_err());
    }
}
