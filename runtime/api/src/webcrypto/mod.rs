//! The Web Cryptography API, <https://w3c.github.io/webcrypto/>, with the algorithms of
//! <https://wicg.github.io/webcrypto-modern-algos/> that AWS-LC has.
//!
//! [`algorithm`] is the registry; each family of algorithms is a file that has its part of it, with its operations' steps.

pub mod aead;
pub mod aes;
pub mod aes_ocb;
pub mod algorithm;
pub mod aws_lc;
pub mod chacha20_poly1305;
pub mod crypto;
pub mod crypto_key;
pub mod curve448;
pub mod digest;
pub mod digester;
pub mod digesters;
pub mod ec;
pub mod ecdh;
pub mod ecdsa;
pub mod ed25519;
pub mod ed448;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod hkdf;
pub mod hmac;
pub mod importing;
pub mod jwk;
pub mod key;
pub mod kmac;
pub mod lattice;
pub mod ml_dsa;
pub mod ml_kem;
pub mod okp;
pub mod pair;
pub mod parallel;
pub mod pbkdf2;
pub mod random;
pub mod rsa;
pub mod secret;
pub mod sponge;
pub mod subtle_crypto;
pub mod supports;
pub mod x25519;
pub mod x448;
pub mod xof;
