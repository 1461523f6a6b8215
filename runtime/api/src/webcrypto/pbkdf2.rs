//! PBKDF2, <https://w3c.github.io/webcrypto/#pbkdf2>.

use aws_lc_rs::hmac;
use nano_webidl::Fallible;
use nano_webidl::idl::FromJs;
use zeroize::Zeroizing;

use super::algorithm::{self, Algorithm, Copied, Derivation, Slices};
use super::digest::Hash;
use super::hkdf::whole_bytes;
use super::key::{Key, operation_error};
use super::parallel::Time;
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
    salt: Copied,
    iterations: u32,
}

/// So many digests are made before others' work may come between, which takes some milliseconds.
const SLICE: u32 = 20_000;

impl Derivation for Pbkdf2 {
    // https://w3c.github.io/webcrypto/#pbkdf2-operations-derive-bits, steps 1 and 2
    fn check(&self, length: Option<u32>) -> Fallible<()> {
        whole_bytes(length)?;
        match self.iterations {
            0 => Err(operation_error("There must be at least one iteration")),
            _ => Ok(()),
        }
    }

    fn derive(&self, key: &Key, length: Option<u32>) -> Fallible<Zeroizing<Vec<u8>>> {
        let mut blocks = self.start(key, length)?;
        loop {
            if let Some(derived) = blocks.advance() {
                return Ok(derived);
            }
        }
    }

    fn slices(&self, key: &Key, length: Option<u32>) -> Fallible<Option<Box<dyn Slices>>> {
        Ok(Some(Box::new(self.start(key, length)?)))
    }

    fn time(&self, length: Option<u32>) -> Time {
        let bytes = length.unwrap_or(0) as usize / 8;
        let blocks = bytes.div_ceil(self.hash.length());
        match blocks.saturating_mul(self.iterations as usize) > 200 {
            true => Time::Long,
            false => Time::of_bytes(self.salt.len()),
        }
    }
}

impl Pbkdf2 {
    fn start(&self, key: &Key, length: Option<u32>) -> Fallible<Blocks> {
        self.check(length)?;
        let function = match self.hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
            // Normalization lets no hash of another family pass.
            _ => hmac::HMAC_SHA256,
        };
        Ok(Blocks {
            key: hmac::Key::new(function, key.secret()?),
            salt: self.salt.clone(),
            salted: None,
            iterations: self.iterations,
            derived: Zeroizing::new(vec![0; whole_bytes(length)?]),
            done: 0,
            current: None,
        })
    }
}

/// A derivation that has begun, RFC 8018, section 5.2. That of `aws-lc-rs` cannot be interrupted.
struct Blocks {
    key: hmac::Key,
    salt: Copied,
    /// What each block begins with, once it is there.
    salted: Option<hmac::Context>,
    iterations: u32,
    derived: Zeroizing<Vec<u8>>,
    /// How many bytes are derived.
    done: usize,
    current: Option<Block>,
}

/// `T_i` and `U_j`, when so many `U`s are left.
struct Block {
    sum: hmac::Tag,
    total: Zeroizing<[u8; 64]>,
    left: u32,
}

impl Slices for Blocks {
    fn advance(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let mut budget = SLICE;
        let size = self.key.algorithm().digest_algorithm().output_len();
        while self.done < self.derived.len() {
            let mut block = match self.current.take() {
                Some(block) => block,
                None => self.next_block(size),
            };
            let round = block.left.min(budget);
            for _ in 0..round {
                block.sum = hmac::sign(&self.key, block.sum.as_ref());
                let sum = block.sum.as_ref();
                block.total.iter_mut().zip(sum).for_each(|(t, u)| *t ^= u);
            }
            block.left -= round;
            budget = budget.saturating_sub(round + 1);
            if block.left > 0 {
                self.current = Some(block);
                return None;
            }
            let rest = &mut self.derived[self.done..];
            let length = rest.len().min(size);
            rest[..length].copy_from_slice(&block.total[..length]);
            self.done += length;
            if budget == 0 && self.done < self.derived.len() {
                return None;
            }
        }
        Some(std::mem::take(&mut self.derived))
    }
}

impl Blocks {
    fn next_block(&mut self, size: usize) -> Block {
        let salted = self.salted.get_or_insert_with(|| {
            let mut context = hmac::Context::with_key(&self.key);
            context.update(&self.salt);
            context
        });
        let mut context = salted.clone();
        // There are no more blocks than 2^32 / 160.
        let index = (self.done / size + 1) as u32;
        context.update(&index.to_be_bytes());
        let sum = context.sign();
        let mut total = Zeroizing::new([0; 64]);
        total[..size].copy_from_slice(sum.as_ref());
        Block {
            sum,
            total,
            left: self.iterations - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::types::KeyType;
    use crate::webcrypto::key::{Details, KeyAlgorithm, Material, Usages};

    fn key(bytes: &[u8]) -> Key {
        Key {
            key_type: KeyType::Secret,
            extractable: false,
            algorithm: KeyAlgorithm {
                name: NAME,
                details: Details::None,
            },
            usages: Usages::default(),
            material: Material::Secret(Zeroizing::new(bytes.to_vec())),
        }
    }

    fn pbkdf2(hash: Hash, iterations: u32) -> Pbkdf2 {
        Pbkdf2 {
            hash,
            salt: Copied::from_static(b"salt"),
            iterations,
        }
    }

    #[test]
    fn slices_give_what_the_library_gives() {
        use aws_lc_rs::pbkdf2 as library;
        for (hash, function) in [
            (Hash::Sha1, library::PBKDF2_HMAC_SHA1),
            (Hash::Sha256, library::PBKDF2_HMAC_SHA256),
            (Hash::Sha384, library::PBKDF2_HMAC_SHA384),
            (Hash::Sha512, library::PBKDF2_HMAC_SHA512),
        ] {
            // Around the end of a slice, and several blocks, of which the last one is not whole.
            for iterations in [1, 2, SLICE - 1, SLICE, SLICE + 1] {
                let times = std::num::NonZeroU32::new(iterations).expect("not zero");
                let mut expected = vec![0; 70];
                library::derive(function, times, b"salt", b"password", &mut expected);
                let derived = pbkdf2(hash, iterations).derive(&key(b"password"), Some(560));
                let derived = derived.expect("bits");
                assert_eq!(*derived, expected, "{} {iterations}", hash.name());
            }
        }
        let none = pbkdf2(Hash::Sha256, 1).derive(&key(b""), Some(0));
        assert!(none.expect("bits").is_empty());
    }

    #[test]
    fn endless_derivations_come_in_slices() {
        let mut slices = pbkdf2(Hash::Sha256, u32::MAX)
            .slices(&key(b"password"), Some(u32::MAX - 7))
            .expect("parameters")
            .expect("slices");
        assert!((0..3).all(|_| slices.advance().is_none()));
        let many = pbkdf2(Hash::Sha256, 1);
        let mut many = many
            .slices(&key(b""), Some(1 << 30))
            .expect("parameters")
            .expect("slices");
        assert!((0..3).all(|_| many.advance().is_none()));
        assert!(pbkdf2(Hash::Sha256, 0).check(Some(0)).is_err());
    }
}
