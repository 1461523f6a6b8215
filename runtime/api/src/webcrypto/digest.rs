//! The SHA algorithms, <https://w3c.github.io/webcrypto/#sha> and <https://wicg.github.io/webcrypto-modern-algos/#sha3>.

use aws_lc_rs::digest;

use super::algorithm::{self, Algorithm};
use super::xof::Xof;

pub(super) const ALGORITHMS: &[Algorithm] = {
    macro_rules! entries {
        ($($hash:ident: $name:literal,)*) => {
            &[$(Algorithm {
                digest: Some(|scope, value| {
                    algorithm::no_parameters(scope, value)?;
                    Ok(Digest::Hash(Hash::$hash))
                }),
                ..Algorithm::new($name)
            },)*]
        };
    }
    entries! {
        Sha1: "SHA-1",
        Sha256: "SHA-256",
        Sha384: "SHA-384",
        Sha512: "SHA-512",
        Sha3_256: "SHA3-256",
        Sha3_384: "SHA3-384",
        Sha3_512: "SHA3-512",
    }
};

/// What `digest()` does.
pub enum Digest {
    /// A hash function, which others use, too.
    Hash(Hash),
    /// One that gives as many bits as are wanted.
    Xof(Xof),
}

/// A hash function that `digest()` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
    /// SHA3-256
    Sha3_256,
    /// SHA3-384
    Sha3_384,
    /// SHA3-512
    Sha3_512,
}

impl Hash {
    /// The name as algorithms have it.
    pub fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "SHA-1",
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
            Hash::Sha3_256 => "SHA3-256",
            Hash::Sha3_384 => "SHA3-384",
            Hash::Sha3_512 => "SHA3-512",
        }
    }

    /// Whether it is of the SHA-3 family.
    pub fn is_sha3(self) -> bool {
        matches!(self, Hash::Sha3_256 | Hash::Sha3_384 | Hash::Sha3_512)
    }

    /// How many bits it takes in at a time.
    pub fn block_bits(self) -> u32 {
        8 * self.algorithm().block_len() as u32
    }

    /// How many bytes a digest has.
    pub fn length(self) -> usize {
        self.algorithm().output_len()
    }

    /// The digest of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), data).as_ref().to_vec()
    }

    /// The state of a digest of bytes that are to come.
    pub fn context(self) -> digest::Context {
        digest::Context::new(self.algorithm())
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
            Hash::Sha3_256 => &digest::SHA3_256,
            Hash::Sha3_384 => &digest::SHA3_384,
            Hash::Sha3_512 => &digest::SHA3_512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        for (hash, begin, length) in [
            (Hash::Sha1, [0xda, 0x39, 0xa3, 0xee], 20),
            (Hash::Sha256, [0xe3, 0xb0, 0xc4, 0x42], 32),
            (Hash::Sha384, [0x38, 0xb0, 0x60, 0xa7], 48),
            (Hash::Sha512, [0xcf, 0x83, 0xe1, 0x35], 64),
            (Hash::Sha3_256, [0xa7, 0xff, 0xc6, 0xf8], 32),
            (Hash::Sha3_384, [0x0c, 0x63, 0xa7, 0x5b], 48),
            (Hash::Sha3_512, [0xa6, 0x9f, 0x73, 0xcc], 64),
        ] {
            let digest = hash.digest(b"");
            assert_eq!(digest[..4], begin, "{}", hash.name());
            assert_eq!(digest.len(), length);
        }
    }
}
