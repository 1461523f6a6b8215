//! ML-DSA and ML-KEM.

use super::*;

/// The algorithms, by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are those of FIPS 203 and 204")]
pub enum Lattice {
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlKem512,
    MlKem768,
    MlKem1024,
}

impl Lattice {
    fn id(self) -> c_int {
        match self {
            Lattice::MlDsa44 => sys::NID_MLDSA44,
            Lattice::MlDsa65 => sys::NID_MLDSA65,
            Lattice::MlDsa87 => sys::NID_MLDSA87,
            Lattice::MlKem512 => sys::NID_MLKEM512,
            Lattice::MlKem768 => sys::NID_MLKEM768,
            Lattice::MlKem1024 => sys::NID_MLKEM1024,
        }
    }

    /// The last two arcs of the object identifier, after 2.16.840.1.101.3.4.
    fn arcs(self) -> [u8; 2] {
        match self {
            Lattice::MlDsa44 => [3, 17],
            Lattice::MlDsa65 => [3, 18],
            Lattice::MlDsa87 => [3, 19],
            Lattice::MlKem512 => [4, 1],
            Lattice::MlKem768 => [4, 2],
            Lattice::MlKem1024 => [4, 3],
        }
    }

    /// The family of its keys.
    pub fn family(self) -> Family {
        match self {
            Lattice::MlDsa44 | Lattice::MlDsa65 | Lattice::MlDsa87 => Family::MlDsa,
            _ => Family::MlKem,
        }
    }

    /// How many bytes the seed of a private key has.
    pub fn seed_length(self) -> usize {
        match self.family() {
            Family::MlDsa => 32,
            _ => 64,
        }
    }

    /// How many bytes a public key has.
    pub fn public_length(self) -> usize {
        match self {
            Lattice::MlDsa44 => 1312,
            Lattice::MlDsa65 => 1952,
            Lattice::MlDsa87 => 2592,
            Lattice::MlKem512 => 800,
            Lattice::MlKem768 => 1184,
            Lattice::MlKem1024 => 1568,
        }
    }
}

impl PKey {
    /// The private key of a seed.
    pub fn from_seed(algorithm: Lattice, seed: &[u8]) -> Option<PKey> {
        if seed.len() != algorithm.seed_length() {
            return None;
        }
        let length = seed.len() as u8;
        // PrivateKeyInfo: a version, the algorithm, and an octet string with [0] the seed.
        let [family, size] = algorithm.arcs();
        let head = [
            0x30,
            length + 20,
            0x02,
            1,
            0,
            0x30,
            11,
            0x06,
            9,
            0x60,
            0x86,
            0x48,
            1,
            0x65,
            3,
            4,
            family,
            size,
            0x04,
            length + 2,
            0x80,
            length,
        ];
        let info = Zeroizing::new([&head, seed].concat());
        PKey::from_pkcs8(&info)
    }

    /// The seed of a private key that was made of one.
    pub fn seed(&self) -> Option<Zeroizing<Vec<u8>>> {
        // SAFETY: `written` gives room for as many bytes as it says.
        written(|out, length| unsafe { sys::EVP_PKEY_get_private_seed(self.key(), out, length) })
            .map(Zeroizing::new)
    }

    /// The public key of its bytes.
    pub fn from_lattice_public(algorithm: Lattice, bytes: &[u8]) -> Option<PKey> {
        let make = match algorithm.family() {
            Family::MlDsa => sys::EVP_PKEY_pqdsa_new_raw_public_key,
            _ => sys::EVP_PKEY_kem_new_raw_public_key,
        };
        // SAFETY: pointer and length are a slice's, and the key is new.
        unsafe { PKey::take(make(algorithm.id(), bytes.as_ptr(), bytes.len())) }
    }

    /// Whether it is a key of this size.
    pub fn is_lattice(&self, algorithm: Lattice) -> bool {
        self.is(algorithm.family())
            && self
                .raw_public()
                .is_some_and(|bytes| bytes.len() == algorithm.public_length())
    }

    /// A new shared secret for the owner of this public key, and its ciphertext.
    pub fn encapsulate(&self) -> Option<(Zeroizing<Vec<u8>>, Vec<u8>)> {
        let context = self.context()?;
        let (mut ciphertext_length, mut secret_length) = (0, 0);
        // SAFETY: the context lives; the first call says how much room the second one needs.
        unsafe {
            done(sys::EVP_PKEY_encapsulate(
                context.get(),
                null_mut(),
                &mut ciphertext_length,
                null_mut(),
                &mut secret_length,
            ))?;
            let mut ciphertext = vec![0; ciphertext_length];
            let mut secret = Zeroizing::new(vec![0; secret_length]);
            done(sys::EVP_PKEY_encapsulate(
                context.get(),
                ciphertext.as_mut_ptr(),
                &mut ciphertext_length,
                secret.as_mut_ptr(),
                &mut secret_length,
            ))?;
            Some((secret, ciphertext))
        }
    }

    /// The shared secret of a ciphertext, for this private key.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let context = self.context()?;
        // SAFETY: the context lives, pointer and length are a slice's; `written` gives room for as many bytes as it says.
        written(|out, length| unsafe {
            sys::EVP_PKEY_decapsulate(
                context.get(),
                out,
                length,
                ciphertext.as_ptr(),
                ciphertext.len(),
            )
        })
        .map(Zeroizing::new)
    }
}
