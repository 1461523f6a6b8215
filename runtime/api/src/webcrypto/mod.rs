//! The Web Cryptography API, <https://w3c.github.io/webcrypto/>.

pub mod crypto;
pub mod digest;
pub mod random;
pub mod subtle_crypto;
