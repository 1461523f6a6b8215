//! See [`crate::fuzzing`].

use zeroize::Zeroizing;

use super::algorithm::{Import, KeyData, of_name};
use super::aws_lc::Curve;
use super::digest::Hash;
use super::ec::{GivenCurve, ImportEc};
use super::jwk::Jwk;
use super::key::{Key, Usages};
use super::lattice::ImportLattice;
use super::okp::ImportOkp;
use super::rsa::ImportRsa;
use super::{ecdh, ecdsa, ed448, ed25519, ml_dsa, ml_kem, rsa, x448, x25519};
use crate::bindings::types::KeyFormat;
use crate::fuzzing::input::Input;

const FORMATS: [KeyFormat; 5] = [
    KeyFormat::Jwk,
    KeyFormat::Spki,
    KeyFormat::Pkcs8,
    KeyFormat::RawPublic,
    KeyFormat::RawSeed,
];

fn algorithm(number: u8) -> Box<dyn Import> {
    let curve = Curve::ALL[usize::from(number >> 4) % Curve::ALL.len()];
    match number % 13 {
        0 => Box::new(ImportEc(&ecdsa::ECDSA, GivenCurve(Ok(curve)))),
        1 => Box::new(ImportEc(&ecdh::ECDH, GivenCurve(Ok(curve)))),
        2 => Box::new(ImportOkp(&ed25519::ED25519)),
        3 => Box::new(ImportOkp(&x25519::X25519)),
        4 => Box::new(ImportOkp(&ed448::ED448)),
        5 => Box::new(ImportOkp(&x448::X448)),
        6 => Box::new(ImportLattice(&ml_dsa::ML_DSA_44)),
        7 => Box::new(ImportLattice(&ml_dsa::ML_DSA_65)),
        8 => Box::new(ImportLattice(&ml_kem::ML_KEM_512)),
        9 => Box::new(ImportLattice(&ml_kem::ML_KEM_768)),
        number => Box::new(ImportRsa {
            scheme: match number {
                10 => &rsa::PKCS1,
                11 => &rsa::PSS,
                _ => &rsa::OAEP,
            },
            hash: Hash::Sha256,
        }),
    }
}

fn data(format: KeyFormat, bytes: &[u8]) -> Option<KeyData> {
    Some(match format {
        KeyFormat::Jwk => KeyData::Jwk(Box::new(Jwk::from_json(bytes).ok()?)),
        _ => KeyData::Bytes(Zeroizing::new(bytes.to_vec())),
    })
}

/// A key of an external form, which may be used for nothing.
fn import(steps: &dyn Import, format: KeyFormat, bytes: &[u8]) -> Option<Key> {
    let key = steps.import(format, data(format, bytes)?, true, Usages::default());
    let key = key.ok()?;
    Some(Key {
        key_type: key.key_type,
        extractable: true,
        algorithm: key.algorithm,
        usages: Usages::default(),
        material: key.material,
    })
}

fn export(format: KeyFormat, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
    let export = of_name(key.algorithm.name).ok()?.export?;
    match export(format, key).ok()? {
        KeyData::Bytes(bytes) => Some(bytes),
        KeyData::Jwk(jwk) => jwk.to_json().ok(),
    }
}

/// A key's external form, of any algorithm. What was taken is given in all forms that there are, and taken again as the same.
pub fn crypto_key(case: &[u8]) {
    let mut input = Input::new(case);
    let steps = algorithm(input.byte());
    let format = *input.one_of(&FORMATS);
    let Some(key) = import(&*steps, format, input.rest()) else {
        return;
    };
    assert!(
        export(format, &key).is_some(),
        "it is given as it was taken"
    );
    key.size();
    for format in FORMATS {
        let Some(exported) = export(format, &key) else {
            continue;
        };
        let again = import(&*steps, format, &exported);
        let again = again.and_then(|again| {
            // A public key may be all that a form has.
            let is_same = again.key_type == key.key_type && again.algorithm == key.algorithm;
            is_same.then(|| export(format, &again))
        });
        match again {
            Some(again) => assert_eq!(again.as_ref(), Some(&exported)),
            None => assert!(
                matches!(format, KeyFormat::Spki | KeyFormat::RawPublic),
                "{format:?} is not taken again"
            ),
        }
    }
}
