//! Keys on Curve448, which AWS-LC does not have: Ed448 (RFC 8032) and X448 (RFC 7748), by `crrl`, in constant time. Their external
//! forms are RFC 8410's.

use crrl::ed448;
use crrl::x448::{x448, x448_base};
use zeroize::Zeroizing;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve448 {
    /// Signatures.
    Ed448,
    /// Agreement.
    X448,
}

/// A public key, or a private one with its public one.
pub struct Key448 {
    curve: Curve448,
    public: Vec<u8>,
    private: Option<Zeroizing<Vec<u8>>>,
}

impl Curve448 {
    /// How many bytes each key has.
    pub fn length(self) -> usize {
        match self {
            Curve448::Ed448 => 57,
            Curve448::X448 => 56,
        }
    }

    /// The `AlgorithmIdentifier`: 1.3.101.113 or 1.3.101.111, without parameters.
    fn identifier(self) -> [u8; 7] {
        let arc = match self {
            Curve448::Ed448 => 113,
            Curve448::X448 => 111,
        };
        [0x30, 5, 0x06, 3, 0x2b, 0x65, arc]
    }

    /// What comes before the key in a `SubjectPublicKeyInfo`: it is a bit string.
    fn spki_head(self) -> Vec<u8> {
        let length = self.length() as u8;
        [
            &[0x30, length + 10],
            &self.identifier()[..],
            &[0x03, length + 1, 0],
        ]
        .concat()
    }

    /// What comes before the key in a `PrivateKeyInfo`: a version, and it is an octet string in another one.
    fn pkcs8_head(self) -> Vec<u8> {
        let length = self.length() as u8;
        [
            &[0x30, length + 14, 0x02, 1, 0],
            &self.identifier()[..],
            &[0x04, length + 2, 0x04, length],
        ]
        .concat()
    }
}

impl Key448 {
    /// The public key of its bytes. Whether they are a point is seen when it is used.
    pub fn from_public(curve: Curve448, bytes: &[u8]) -> Option<Key448> {
        (bytes.len() == curve.length()).then(|| Key448 {
            curve,
            public: bytes.to_vec(),
            private: None,
        })
    }

    /// The private key of its bytes.
    pub fn from_private(curve: Curve448, bytes: &[u8]) -> Option<Key448> {
        let public = match curve {
            Curve448::Ed448 => ed448::PrivateKey::decode(bytes)?
                .public_key
                .encode()
                .to_vec(),
            Curve448::X448 => x448_base(bytes.try_into().ok()?).to_vec(),
        };
        Some(Key448 {
            curve,
            public,
            private: Some(Zeroizing::new(bytes.to_vec())),
        })
    }

    /// The key in a `SubjectPublicKeyInfo`.
    pub fn from_spki(curve: Curve448, bytes: &[u8]) -> Option<Key448> {
        Key448::from_public(curve, bytes.strip_prefix(&curve.spki_head()[..])?)
    }

    /// The key in a `PrivateKeyInfo`.
    pub fn from_pkcs8(curve: Curve448, bytes: &[u8]) -> Option<Key448> {
        Key448::from_private(curve, bytes.strip_prefix(&curve.pkcs8_head()[..])?)
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub fn to_spki(&self) -> Vec<u8> {
        [self.curve.spki_head(), self.public.clone()].concat()
    }

    /// The private key as `PrivateKeyInfo`.
    pub fn to_pkcs8(&self) -> Option<Vec<u8>> {
        let private = self.private.as_deref()?;
        Some([&self.curve.pkcs8_head()[..], private].concat())
    }

    /// The public key alone.
    pub fn to_public(&self) -> Key448 {
        Key448 {
            curve: self.curve,
            public: self.public.clone(),
            private: None,
        }
    }

    /// The public key's bytes.
    pub fn raw_public(&self) -> &[u8] {
        &self.public
    }

    /// The private key's bytes.
    pub fn raw_private(&self) -> Option<&[u8]> {
        self.private.as_deref().map(Vec::as_slice)
    }

    /// The signature of a message with a context of at most 255 bytes.
    pub fn sign(&self, context: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let key = ed448::PrivateKey::decode(self.private.as_deref()?)?;
        (context.len() <= 255).then(|| key.sign_ctx(context, message).to_vec())
    }

    /// Whether a signature is that of the message and the context. Points of small order, as key or in the signature, make none.
    pub fn verify(&self, signature: &[u8], context: &[u8], message: &[u8]) -> bool {
        let is_strong = |point: &ed448::Point| point.has_low_order() == 0;
        let Some(key) = ed448::PublicKey::decode(&self.public) else {
            return false;
        };
        let first = signature.get(..57).and_then(ed448::Point::decode);
        context.len() <= 255
            && is_strong(&key.point)
            && first.as_ref().is_some_and(is_strong)
            && key.verify_ctx(signature, context, message)
    }

    /// The secret that this private key and another one's public key agree on; none where it would be zeros.
    pub fn agree(&self, other: &Key448) -> Option<Zeroizing<Vec<u8>>> {
        let private = self.private.as_deref()?.as_slice().try_into().ok()?;
        let public = other.public.as_slice().try_into().ok()?;
        let secret = Zeroizing::new(x448(public, private).to_vec());
        // Each byte is looked at.
        (secret.iter().fold(0, |all, byte| all | byte) != 0).then_some(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).expect("text"), 16);
        digits.map(|digits| byte(digits).expect("digits")).collect()
    }

    #[test]
    fn signatures_are_those_of_rfc_8032() {
        // Section 7.4, "Blank".
        let private = bytes(
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
        );
        let key = Key448::from_private(Curve448::Ed448, &private).expect("a key");
        let public = bytes(
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
        );
        assert_eq!(key.raw_public(), public);
        let signature = key.sign(b"", b"").expect("a signature");
        assert_eq!(signature[..8], bytes("533a37f6bbe45725"));
        assert!(key.verify(&signature, b"", b""));
        assert!(!key.verify(&signature, b"x", b""));
        assert!(!key.verify(&signature, b"", b"x"));
        assert!(!key.verify(&signature[1..], b"", b""));
        assert!(key.sign(&[0; 256], b"").is_none());
    }

    #[test]
    fn points_of_small_order_are_refused() {
        // The neutral point: any signature of it would verify.
        let mut neutral = vec![0; 57];
        neutral[0] = 1;
        let key = Key448::from_public(Curve448::Ed448, &neutral).expect("a key");
        let mut signature = vec![0; 114];
        signature[0] = 1;
        assert!(!key.verify(&signature, b"", b"text"));
        let zero = Key448::from_public(Curve448::X448, &[0; 56]).expect("a key");
        let own = Key448::from_private(Curve448::X448, &[7; 56]).expect("a key");
        assert!(own.agree(&zero).is_none());
        assert!(own.agree(&own.to_public()).is_some());
    }

    #[test]
    fn external_forms_are_read_as_they_were_written() {
        for curve in [Curve448::Ed448, Curve448::X448] {
            let key = Key448::from_private(curve, &vec![7; curve.length()]).expect("a key");
            let pkcs8 = key.to_pkcs8().expect("private");
            let again = Key448::from_pkcs8(curve, &pkcs8).expect("a key");
            assert_eq!(again.raw_private(), key.raw_private());
            let spki = key.to_spki();
            assert_eq!(usize::from(spki[1]) + 2, spki.len());
            assert_eq!(usize::from(pkcs8[1]) + 2, pkcs8.len());
            let public = Key448::from_spki(curve, &spki).expect("a key");
            assert_eq!(public.raw_public(), key.raw_public());
            assert!(Key448::from_spki(curve, &spki[..spki.len() - 1]).is_none());
            assert!(Key448::from_pkcs8(curve, &[&pkcs8[..], &[0]].concat()).is_none());
            assert!(Key448::from_spki(curve, &pkcs8).is_none());
        }
    }
}
