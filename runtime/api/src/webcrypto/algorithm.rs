//! The registry of algorithms, <https://w3c.github.io/webcrypto/#algorithm-overview>: which operations each has, the dictionary of
//! their parameters, and their steps. What is not there is a `NotSupportedError`.

use nano_engine::text::text;
use nano_webidl::idl::{Bytes, FromJs};
use nano_webidl::{Error, Fallible, Scope, Value};
use zeroize::Zeroizing;

use super::digest::{Digest, Hash};
use super::jwk::Jwk;
use super::key::{Key, NewKey, Usages, not_supported};
use super::pair::PairUsages;
use super::parallel::Time;
use super::{
    aes, chacha20_poly1305, digest, ecdh, ecdsa, ed448, ed25519, hkdf, hmac, kmac, ml_dsa, ml_kem,
    pbkdf2, rsa, x448, x25519, xof,
};
use crate::bindings::ty;
use crate::bindings::types::{AlgorithmIdentifier, HashAlgorithmIdentifier, KeyFormat};
use crate::reserved::reserve;

/// Bytes of an algorithm's parameters, see [`copy`].
pub type Copied = bytes::Bytes;

/// Makes the steps of an operation with the parameters that the app has given: converts them to the algorithm's dictionary.
pub type Normalize<T> = for<'s, 'i> fn(&mut Scope<'s, 'i>, Value<'s>) -> Fallible<T>;

/// A registered algorithm, and the operations that it has.
pub struct Algorithm {
    /// The recognized name.
    pub name: &'static str,
    /// digest
    pub digest: Option<Normalize<Digest>>,
    /// encrypt, decrypt
    pub cipher: Option<Normalize<Box<dyn Cipher>>>,
    /// wrapKey, unwrapKey, where they are not encrypt and decrypt
    pub wrap: Option<Normalize<Box<dyn Cipher>>>,
    /// sign, verify
    pub signature: Option<Normalize<Box<dyn Signature>>>,
    /// generateKey
    pub generate: Option<Normalize<Box<dyn Generation>>>,
    /// importKey
    pub import: Option<Normalize<Box<dyn Import>>>,
    /// exportKey
    pub export: Option<Export>,
    /// deriveBits
    pub derivation: Option<Normalize<Box<dyn Derivation>>>,
    /// "get key length": it may fail, after the other things that can be wrong were looked at.
    pub key_length: Option<Normalize<Fallible<Option<u32>>>>,
    /// encapsulate, decapsulate
    pub encapsulation: Option<Normalize<Box<dyn Encapsulation>>>,
    /// What each key of a pair is used for, where there are pairs; getPublicKey gives the public one.
    pub pairs: Option<&'static PairUsages>,
}

impl Algorithm {
    /// One that has no operation yet.
    pub const fn new(name: &'static str) -> Algorithm {
        Algorithm {
            name,
            digest: None,
            cipher: None,
            wrap: None,
            signature: None,
            generate: None,
            import: None,
            export: None,
            derivation: None,
            key_length: None,
            encapsulation: None,
            pairs: None,
        }
    }
}

/// All of them, by family.
const REGISTRY: &[&[Algorithm]] = &[
    digest::ALGORITHMS,
    xof::ALGORITHMS,
    hmac::ALGORITHMS,
    kmac::ALGORITHMS,
    aes::ALGORITHMS,
    rsa::ALGORITHMS,
    ecdsa::ALGORITHMS,
    ecdh::ALGORITHMS,
    ed25519::ALGORITHMS,
    x25519::ALGORITHMS,
    ed448::ALGORITHMS,
    x448::ALGORITHMS,
    hkdf::ALGORITHMS,
    pbkdf2::ALGORITHMS,
    chacha20_poly1305::ALGORITHMS,
    ml_dsa::ALGORITHMS,
    ml_kem::ALGORITHMS,
];

/// All registered algorithms.
pub fn all() -> impl Iterator<Item = &'static Algorithm> {
    REGISTRY.iter().copied().flatten()
}

/// The entry of a name that is recognized already.
///
/// # Errors
/// A `NotSupportedError` where there is none.
pub fn of_name(name: &str) -> Fallible<&'static Algorithm> {
    all()
        .find(|algorithm| algorithm.name == name)
        .ok_or_else(|| not_supported(format!("The algorithm '{name}' is not supported")))
}

/// An algorithm with the parameters that the app has given.
pub struct Normalized<T> {
    /// Its entry.
    pub algorithm: &'static Algorithm,
    /// The operation's steps.
    pub steps: T,
}

/// <https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm>. `operation` is what messages call the column of
/// the registry that `column` is.
///
/// # Errors
/// A `NotSupportedError` where the algorithm does not have the operation, a `TypeError` where the parameters are not its own; what
/// the app's getters throw.
pub fn normalize<'s, T>(
    scope: &mut Scope<'s, '_>,
    identifier: &AlgorithmIdentifier<'s>,
    operation: &str,
    column: impl Fn(&'static Algorithm) -> Option<Normalize<T>>,
) -> Fallible<Normalized<T>> {
    // If alg is an instance of a DOMString: normalize a new Algorithm dictionary with that name.
    let parameters: v8::Local<v8::Object> = match *identifier {
        AlgorithmIdentifier::Object(object) => object,
        AlgorithmIdentifier::DomString(name) => {
            let key = nano_webidl::internalized(scope, "name");
            let prototype = v8::null(scope).into();
            v8::Object::with_prototype_and_properties(
                scope,
                prototype,
                &[key.into()],
                &[name.into()],
            )
        }
    };
    // 2. and 3. Let initialAlg be alg as an Algorithm dictionary, algName its name.
    let named = ty::Algorithm::from_js(scope, parameters.into());
    let name = named.map_err(|error| error.of("the algorithm"))?.name;
    let name = text(scope, name, 100);
    // 5. If registeredAlgorithms contains a key that is a case-insensitive match; otherwise throw a NotSupportedError.
    let found = all()
        .filter(|algorithm| algorithm.name.eq_ignore_ascii_case(&name))
        .find_map(|algorithm| Some((algorithm, column(algorithm)?)));
    let Some((algorithm, convert)) = found else {
        let known: Vec<_> = all()
            .filter(|algorithm| column(algorithm).is_some())
            .map(|algorithm| algorithm.name)
            .collect();
        let message = format!(
            "The algorithm '{name}' is not supported; {operation} knows {}",
            known.join(", ")
        );
        return Err(not_supported(message));
    };
    // 6. to 10. Convert alg to the desired dictionary, with copies of its bytes, and normalize the algorithms in it.
    let steps = convert(scope, parameters.into()).map_err(|error| match error {
        // Conversions do not know whose members they are about.
        Error::Type(_) => error.of(format_args!("the algorithm {}", algorithm.name)),
        other => other,
    })?;
    Ok(Normalized { algorithm, steps })
}

/// Normalizes the hash in an algorithm's parameters, of those that were registered with it: SHA-1 and SHA-2.
///
/// # Errors
/// As for [`normalize`].
pub fn hash<'s>(scope: &mut Scope<'s, '_>, given: HashAlgorithmIdentifier<'s>) -> Fallible<Hash> {
    let given = match given {
        HashAlgorithmIdentifier::Object(object) => AlgorithmIdentifier::Object(object),
        HashAlgorithmIdentifier::DomString(name) => AlgorithmIdentifier::DomString(name),
    };
    match normalize(scope, &given, "digest()", |algorithm| algorithm.digest)? {
        Normalized {
            steps: Digest::Hash(hash),
            ..
        } if !hash.is_sha3() => Ok(hash),
        Normalized { algorithm, .. } => Err(not_supported(format!(
            "{} cannot be used with this algorithm; use SHA-256, SHA-384 or SHA-512",
            algorithm.name
        ))),
    }
}

/// A copy of the bytes of a member. It counts for as long as it is there, as getters of the app may run, and normalize again, before it
/// is used, and long work may wait with it.
///
/// # Errors
/// A `RangeError` if it does not fit into the app's memory limit.
pub fn copy(scope: &mut Scope, bytes: Bytes) -> Fallible<Copied> {
    /// The overhead of what they belong to covers fewer.
    const MIN_RESERVED_BYTES: usize = 256;
    let copy = bytes.to_vec(scope)?;
    match copy.len() < MIN_RESERVED_BYTES {
        true => Ok(copy.into()),
        false => reserve(scope, copy),
    }
}

/// As [`copy`], of a member that need not be there.
///
/// # Errors
/// As for [`copy`].
pub fn copy_optional(scope: &mut Scope, bytes: Option<Bytes>) -> Fallible<Option<Copied>> {
    bytes.map(|bytes| copy(scope, bytes)).transpose()
}

/// The dictionary that has nothing but a name, which is known.
///
/// # Errors
/// None.
pub fn no_parameters<'s>(_: &mut Scope<'s, '_>, _: Value<'s>) -> Fallible<()> {
    Ok(())
}

/// What an algorithm's steps need to know of a key length that has none: HKDF and PBKDF2 take any.
///
/// # Errors
/// What the app's getters throw.
pub fn any_key_length<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<Fallible<Option<u32>>> {
    no_parameters(scope, value)?;
    Ok(Ok(None))
}

/// encrypt and decrypt, or wrapKey and unwrapKey.
pub trait Cipher: Send {
    /// Looks at the parameters.
    ///
    /// # Errors
    /// An `OperationError` where they can be used with no key.
    fn check(&self) -> Fallible<()> {
        Ok(())
    }

    /// The ciphertext of data.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>>;

    /// The plaintext of data.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>>;

    /// How long that takes even for few bytes.
    fn time(&self) -> Time {
        Time::Short
    }
}

/// sign and verify.
pub trait Signature: Send {
    /// Looks at the parameters.
    ///
    /// # Errors
    /// An `OperationError` where they can be used with no key.
    fn check(&self) -> Fallible<()> {
        Ok(())
    }

    /// How many bytes a signature has, where the app can choose a large number.
    fn bytes(&self) -> usize {
        0
    }

    /// The signature of data.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn sign(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>>;

    /// Whether a signature is that of the data.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn verify(&self, key: &Key, signature: &[u8], data: &[u8]) -> Fallible<bool>;

    /// How long that takes even for few bytes.
    fn time(&self) -> Time {
        Time::of_bytes(self.bytes())
    }
}

/// A new key, or two.
pub enum Generated {
    /// A secret key.
    Secret(NewKey),
    /// A pair.
    Pair {
        /// The public key, and what it is used for.
        public: (NewKey, Usages),
        /// The private key, and what it is used for.
        private: (NewKey, Usages),
    },
}

/// generateKey.
pub trait Generation: Send {
    /// Looks at what the key shall be used for, and at the parameters, in this order.
    ///
    /// # Errors
    /// A `SyntaxError`, and those of the algorithm's specification.
    fn check(&self, usages: Usages) -> Fallible<()>;

    /// Makes the key. Where that takes long it asks `wanted` now and then, and fails if nobody wants it any more.
    ///
    /// # Errors
    /// An `OperationError`.
    fn generate(&self, usages: Usages, wanted: &dyn Fn() -> bool) -> Fallible<Generated>;

    /// How many bytes it takes, where the app can choose a large number.
    fn bytes(&self) -> usize {
        0
    }

    /// How long it takes.
    fn time(&self) -> Time {
        Time::of_bytes(self.bytes())
    }
}

/// The external form of a key.
pub enum KeyData {
    /// All formats but one.
    Bytes(Zeroizing<Vec<u8>>),
    /// "jwk"
    Jwk(Box<Jwk>),
}

/// importKey.
pub trait Import: Send {
    /// Makes the key of its external form.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey>;

    /// Looks at the parameters.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn check(&self) -> Fallible<()> {
        Ok(())
    }
}

/// exportKey. The key may be exported; whether in this format, the steps know.
pub type Export = fn(KeyFormat, &Key) -> Fallible<KeyData>;

/// deriveBits.
pub trait Derivation: Send {
    /// Looks at the parameters and at the length.
    ///
    /// # Errors
    /// An `OperationError` where they can be used with no key.
    fn check(&self, length: Option<u32>) -> Fallible<()>;

    /// Looks whether the parameters go with the key.
    ///
    /// # Errors
    /// An `InvalidAccessError`.
    fn check_key(&self, _key: &Key) -> Fallible<()> {
        Ok(())
    }

    /// So many bits, rounded up to bytes; as many as there are where `length` is none.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn derive(&self, key: &Key, length: Option<u32>) -> Fallible<Zeroizing<Vec<u8>>>;

    /// The same a slice at a time, where it may take more than a second.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn slices(&self, _key: &Key, _length: Option<u32>) -> Fallible<Option<Box<dyn Slices>>> {
        Ok(None)
    }

    /// How long that takes.
    fn time(&self, _length: Option<u32>) -> Time {
        Time::Short
    }
}

/// A derivation that has begun.
pub trait Slices: Send {
    /// Goes on for some milliseconds; the bits, when they are there.
    fn advance(&mut self) -> Option<Zeroizing<Vec<u8>>>;
}

/// encapsulate and decapsulate.
pub trait Encapsulation: Send {
    /// A new shared secret, and its ciphertext.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn encapsulate(&self, key: &Key) -> Fallible<(Zeroizing<Vec<u8>>, Vec<u8>)>;

    /// The shared secret of a ciphertext.
    ///
    /// # Errors
    /// Those of the algorithm's specification.
    fn decapsulate(&self, key: &Key, ciphertext: &[u8]) -> Fallible<Zeroizing<Vec<u8>>>;
}

/// The error for a format that an algorithm's keys do not have.
pub fn no_such_format(format: KeyFormat, name: &str) -> Error {
    not_supported(format!(
        "Keys of {name} cannot be had in the format '{}'",
        format.as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_what_makes_keys_can_export_them() {
        let mut names: Vec<_> = all().map(|a| a.name.to_ascii_lowercase()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for algorithm in all().filter(|a| a.generate.is_some()) {
            assert!(algorithm.import.is_some(), "{}", algorithm.name);
            assert!(algorithm.export.is_some(), "{}", algorithm.name);
        }
    }
}
