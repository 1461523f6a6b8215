//! ML-KEM, <https://wicg.github.io/webcrypto-modern-algos/#ml-kem>.

use nano_webidl::{Fallible, Scope, Value};
use zeroize::Zeroizing;

use super::algorithm::{self, Algorithm, Encapsulation};
use super::aws_lc::Lattice;
use super::key::{Key, operation_error};
use super::lattice::{Generate, ImportLattice, Scheme, keys};
use super::pair::PairUsages;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[
    Algorithm {
        encapsulation: Some(encapsulation),
        ..keys!(ML_KEM_512)
    },
    Algorithm {
        encapsulation: Some(encapsulation),
        ..keys!(ML_KEM_768)
    },
    Algorithm {
        encapsulation: Some(encapsulation),
        ..keys!(ML_KEM_1024)
    },
];

pub(super) const ML_KEM_512: Scheme = scheme("ML-KEM-512", Lattice::MlKem512);
pub(super) const ML_KEM_768: Scheme = scheme("ML-KEM-768", Lattice::MlKem768);
const ML_KEM_1024: Scheme = scheme("ML-KEM-1024", Lattice::MlKem1024);

const fn scheme(name: &'static str, lattice: Lattice) -> Scheme {
    Scheme {
        name,
        lattice,
        usages: PairUsages {
            public: &[KeyUsage::EncapsulateKey, KeyUsage::EncapsulateBits],
            private: &[KeyUsage::DecapsulateKey, KeyUsage::DecapsulateBits],
        },
        use_: "enc",
    }
}

fn encapsulation<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<Box<dyn Encapsulation>> {
    algorithm::no_parameters(scope, value)?;
    Ok(Box::new(MlKem))
}

struct MlKem;

impl Encapsulation for MlKem {
    // https://wicg.github.io/webcrypto-modern-algos/#ml-kem-operations-encapsulate
    fn encapsulate(&self, key: &Key) -> Fallible<(Zeroizing<Vec<u8>>, Vec<u8>)> {
        let public = key.pair(KeyType::Public)?;
        public
            .encapsulate()
            .ok_or_else(|| operation_error("No secret could be encapsulated"))
    }

    // https://wicg.github.io/webcrypto-modern-algos/#ml-kem-operations-decapsulate
    fn decapsulate(&self, key: &Key, ciphertext: &[u8]) -> Fallible<Zeroizing<Vec<u8>>> {
        let private = key.pair(KeyType::Private)?;
        private
            .decapsulate(ciphertext)
            .ok_or_else(|| operation_error("The ciphertext is not one for such a key"))
    }
}
