//! Ed25519, <https://w3c.github.io/webcrypto/#ed25519>.

use nano_webidl::Fallible;

use super::algorithm::{self, Algorithm, Signature};
use super::aws_lc::Family;
use super::key::{Key, operation_error};
use super::okp::{Curve, Generate, ImportOkp, Scheme};
use super::pair::PairUsages;
use crate::bindings::types::{KeyType, KeyUsage};

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    signature: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Ed25519))
    }),
    generate: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Generate(&ED25519)))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportOkp(&ED25519)))
    }),
    export: Some(|format, key| ED25519.export(format, key)),
    pairs: Some(&ED25519.usages),
    ..Algorithm::new(ED25519.name)
}];

pub(super) const ED25519: Scheme = Scheme {
    name: "Ed25519",
    curve: Curve::AwsLc(Family::Ed25519),
    usages: PairUsages {
        public: &[KeyUsage::Verify],
        private: &[KeyUsage::Sign],
    },
    use_: "sig",
    algs: &["Ed25519", "EdDSA"],
};

/// The ordinates of the eight points whose order divides eight, little-endian, with those that are not reduced.
const SMALL_ORDER: [[u8; 32]; 7] = [
    ordinate(0, 0, 0),
    ordinate(1, 0, 0),
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    ordinate(0xec, 0xff, 0x7f),
    ordinate(0xed, 0xff, 0x7f),
    ordinate(0xee, 0xff, 0x7f),
];

const fn ordinate(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Whether these are the 32 bytes of a point of small order; the last bit is the sign of the other coordinate.
fn is_small_order(point: &[u8]) -> bool {
    SMALL_ORDER.iter().any(|small| {
        point.len() == 32 && point[..31] == small[..31] && point[31] & 0x7f == small[31]
    })
}

struct Ed25519;

impl Signature for Ed25519 {
    // https://w3c.github.io/webcrypto/#ed25519-operations-sign
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let private = key.pair(KeyType::Private)?;
        private
            .sign_message(data, &[])
            .ok_or_else(|| operation_error("The data could not be signed"))
    }

    // https://w3c.github.io/webcrypto/#ed25519-operations-verify
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool> {
        let public = key.pair(KeyType::Public)?;
        // "If the key data of key represents an invalid point or a small-order element […], return false." The same of R; AWS-LC looks
        // at neither.
        let point = public.raw_public();
        if point.is_none_or(|point| is_small_order(&point))
            || signature.get(..32).is_none_or(is_small_order)
        {
            return Ok(false);
        }
        Ok(public.verify_message(signature, data, &[]).is_some())
    }
}
