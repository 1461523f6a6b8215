//! What AWS-LC can do and `aws-lc-rs` has no function for: RSA with any exponent, salt and label, elliptic curves with any hash,
//! keys in their external forms, AES-GCM with any initialization vector, AES-KW with 192 bits. The only file of the runtime that
//! calls AWS-LC by itself.
//!
//! Its functions say `None` where AWS-LC refuses what it is given: the caller knows what that means.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null, null_mut};

use aws_lc_sys as sys;
use zeroize::Zeroizing;

use super::digest::Hash;

/// An object of AWS-LC's, freed when it is dropped.
struct Owned<T>(NonNull<T>, unsafe extern "C" fn(*mut T));

impl<T> Owned<T> {
    /// Takes what a function of AWS-LC has made.
    ///
    /// # Safety
    /// Nobody else frees `object`, and `free` is its function for that.
    unsafe fn take(object: *mut T, free: unsafe extern "C" fn(*mut T)) -> Option<Self> {
        let object = NonNull::new(object);
        if object.is_none() {
            forget_errors();
        }
        object.map(|object| Owned(object, free))
    }

    fn get(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives it to somebody who frees it.
    fn release(self) -> *mut T {
        let object = self.get();
        std::mem::forget(self);
        object
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: by the contract of `take`.
        unsafe { (self.1)(self.get()) }
    }
}

/// AWS-LC keeps a list of what went wrong with each thread; nobody reads it.
fn forget_errors() {
    // SAFETY: it has no conditions.
    unsafe { sys::ERR_clear_error() }
}

/// The functions of AWS-LC say 1 when they have done it.
fn done(code: c_int) -> Option<()> {
    if code == 1 {
        return Some(());
    }
    forget_errors();
    None
}

/// Bytes that a function of AWS-LC writes: it says how many at most when it is asked without room for them, and how many there are
/// when it has written.
fn written(write: impl Fn(*mut u8, &mut usize) -> c_int) -> Option<Vec<u8>> {
    let mut length = 0;
    done(write(null_mut(), &mut length))?;
    let mut bytes = vec![0; length];
    done(write(bytes.as_mut_ptr(), &mut length))?;
    bytes.truncate(length);
    Some(bytes)
}

fn number(bytes: &[u8]) -> Option<Owned<sys::BIGNUM>> {
    // SAFETY: the pointer and the length are a slice's.
    unsafe {
        Owned::take(
            sys::BN_bin2bn(bytes.as_ptr(), bytes.len(), null_mut()),
            sys::BN_clear_free,
        )
    }
}

/// A number's bytes, as many as it has.
///
/// # Safety
/// `number` is null, or a number that nobody changes meanwhile.
unsafe fn number_bytes(number: *const sys::BIGNUM) -> Option<Vec<u8>> {
    let number = NonNull::new(number.cast_mut())?.as_ptr();
    // SAFETY: by the caller's promise; `BN_bn2bin` writes as many bytes as `BN_num_bytes` says.
    unsafe {
        let mut bytes = vec![0; sys::BN_num_bytes(number) as usize];
        sys::BN_bn2bin(number, bytes.as_mut_ptr());
        Some(bytes)
    }
}

fn message_digest(hash: Hash) -> *const sys::EVP_MD {
    // SAFETY: these functions have no conditions, and give what lives for ever.
    unsafe {
        match hash {
            Hash::Sha1 => sys::EVP_sha1(),
            Hash::Sha256 => sys::EVP_sha256(),
            Hash::Sha384 => sys::EVP_sha384(),
            Hash::Sha512 => sys::EVP_sha512(),
            Hash::Sha3_256 => sys::EVP_sha3_256(),
            Hash::Sha3_384 => sys::EVP_sha3_384(),
            Hash::Sha3_512 => sys::EVP_sha3_512(),
        }
    }
}

/// The families of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// RSA, `rsaEncryption`
    Rsa,
    /// Elliptic curves, `id-ecPublicKey`
    Ec,
    /// `id-Ed25519`
    Ed25519,
    /// `id-X25519`
    X25519,
    /// ML-DSA of any size
    MlDsa,
    /// ML-KEM of any size
    MlKem,
}

impl Family {
    fn id(self) -> c_int {
        match self {
            Family::Rsa => sys::EVP_PKEY_RSA,
            Family::Ec => sys::EVP_PKEY_EC,
            Family::Ed25519 => sys::EVP_PKEY_ED25519,
            Family::X25519 => sys::EVP_PKEY_X25519,
            Family::MlDsa => sys::EVP_PKEY_PQDSA,
            Family::MlKem => sys::EVP_PKEY_KEM,
        }
    }
}

/// A public key, or a private one with its public one.
pub struct PKey(Owned<sys::EVP_PKEY>);

// SAFETY: AWS-LC's keys may be used by several threads at a time as long as nobody changes them, and nothing changes a `PKey`.
unsafe impl Send for PKey {}
// SAFETY: as above.
unsafe impl Sync for PKey {}

impl PKey {
    /// # Safety
    /// As for `Owned::take`.
    unsafe fn take(key: *mut sys::EVP_PKEY) -> Option<PKey> {
        // SAFETY: by the caller's promise.
        unsafe { Owned::take(key, sys::EVP_PKEY_free) }.map(PKey)
    }

    fn key(&self) -> *mut sys::EVP_PKEY {
        self.0.get()
    }

    fn new() -> Option<PKey> {
        // SAFETY: the key is new.
        unsafe { PKey::take(sys::EVP_PKEY_new()) }
    }

    /// Whether it is of a family.
    pub fn is(&self, family: Family) -> bool {
        // SAFETY: the key lives.
        unsafe { sys::EVP_PKEY_id(self.key()) == family.id() }
    }

    /// The key in a `SubjectPublicKeyInfo`, or in a `PrivateKeyInfo`, and nothing behind it.
    fn parse(
        bytes: &[u8],
        parse: unsafe extern "C" fn(*mut sys::CBS) -> *mut sys::EVP_PKEY,
    ) -> Option<PKey> {
        let mut rest = sys::CBS {
            data: bytes.as_ptr(),
            len: bytes.len(),
        };
        // SAFETY: `rest` is a slice's bytes, and the key is new.
        let key = unsafe { PKey::take(parse(&mut rest)) }?;
        (rest.len == 0).then_some(key)
    }

    /// The key in a `SubjectPublicKeyInfo`.
    pub fn from_spki(bytes: &[u8]) -> Option<PKey> {
        PKey::parse(bytes, sys::EVP_parse_public_key)
    }

    /// The key in a `PrivateKeyInfo`.
    pub fn from_pkcs8(bytes: &[u8]) -> Option<PKey> {
        PKey::parse(bytes, sys::EVP_parse_private_key)
    }

    fn marshal(
        &self,
        marshal: unsafe extern "C" fn(*mut sys::CBB, *const sys::EVP_PKEY) -> c_int,
    ) -> Option<Vec<u8>> {
        let mut builder = std::mem::MaybeUninit::<sys::CBB>::zeroed();
        // SAFETY: the builder is made before it is used and finished, or cleaned up; what it gives is freed after it was copied.
        unsafe {
            done(sys::CBB_init(builder.as_mut_ptr(), 256))?;
            let (mut data, mut length) = (null_mut(), 0);
            let result = done(marshal(builder.as_mut_ptr(), self.key())).and_then(|()| {
                done(sys::CBB_finish(
                    builder.as_mut_ptr(),
                    &mut data,
                    &mut length,
                ))
            });
            if result.is_none() {
                sys::CBB_cleanup(builder.as_mut_ptr());
                return None;
            }
            let bytes = std::slice::from_raw_parts(data, length).to_vec();
            // It cleanses what it frees.
            sys::OPENSSL_free(data.cast());
            Some(bytes)
        }
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub fn to_spki(&self) -> Option<Vec<u8>> {
        self.marshal(sys::EVP_marshal_public_key)
    }

    /// The private key as `PrivateKeyInfo`.
    pub fn to_pkcs8(&self) -> Option<Vec<u8>> {
        self.marshal(sys::EVP_marshal_private_key)
    }

    /// The public key alone.
    pub fn to_public(&self) -> Option<PKey> {
        PKey::from_spki(&self.to_spki()?)
    }

    /// A private key of Ed25519 or X25519 of its 32 bytes.
    pub fn from_raw_private(family: Family, bytes: &[u8]) -> Option<PKey> {
        // SAFETY: the pointer and the length are a slice's, and the key is new.
        unsafe {
            PKey::take(sys::EVP_PKEY_new_raw_private_key(
                family.id(),
                null_mut(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }
    }

    /// A public key of Ed25519 or X25519 of its 32 bytes.
    pub fn from_raw_public(family: Family, bytes: &[u8]) -> Option<PKey> {
        // SAFETY: as above.
        unsafe {
            PKey::take(sys::EVP_PKEY_new_raw_public_key(
                family.id(),
                null_mut(),
                bytes.as_ptr(),
                bytes.len(),
            ))
        }
    }

    /// The public key's bytes, of Ed25519, X25519, ML-DSA and ML-KEM.
    pub fn raw_public(&self) -> Option<Vec<u8>> {
        // SAFETY: `written` gives room for as many bytes as it says.
        written(|out, length| unsafe { sys::EVP_PKEY_get_raw_public_key(self.key(), out, length) })
    }

    /// The private key's bytes, of Ed25519 and X25519.
    pub fn raw_private(&self) -> Option<Vec<u8>> {
        // SAFETY: as above.
        written(|out, length| unsafe { sys::EVP_PKEY_get_raw_private_key(self.key(), out, length) })
    }

    fn context(&self) -> Option<Owned<sys::EVP_PKEY_CTX>> {
        // SAFETY: the key lives, the context takes a reference to it, and is new.
        unsafe {
            Owned::take(
                sys::EVP_PKEY_CTX_new(self.key(), null_mut()),
                sys::EVP_PKEY_CTX_free,
            )
        }
    }

    /// The secret that this private key and another one's public key agree on: ECDH and X25519.
    pub fn agree(&self, other: &PKey) -> Option<Zeroizing<Vec<u8>>> {
        let context = self.context()?;
        // SAFETY: context and keys live; `written` gives room for as many bytes as it says.
        unsafe {
            done(sys::EVP_PKEY_derive_init(context.get()))?;
            done(sys::EVP_PKEY_derive_set_peer(context.get(), other.key()))?;
            written(|out, length| sys::EVP_PKEY_derive(context.get(), out, length))
        }
        .map(Zeroizing::new)
    }

    /// The signature of a message by an algorithm that hashes it itself: Ed25519, which knows no context, and ML-DSA.
    pub fn sign_message(&self, message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let digest = self.message_context(sys::EVP_DigestSignInit, context)?;
        // SAFETY: the context lives, pointer and length are a slice's; `written` gives room for as many bytes as it says.
        written(|out, length| unsafe {
            sys::EVP_DigestSign(digest.get(), out, length, message.as_ptr(), message.len())
        })
    }

    /// Whether a signature is [that](Self::sign_message) of the message.
    pub fn verify_message(&self, signature: &[u8], message: &[u8], context: &[u8]) -> Option<()> {
        let digest = self.message_context(sys::EVP_DigestVerifyInit, context)?;
        // SAFETY: the context lives, pointers and lengths are slices'.
        done(unsafe {
            sys::EVP_DigestVerify(
                digest.get(),
                signature.as_ptr(),
                signature.len(),
                message.as_ptr(),
                message.len(),
            )
        })
    }

    fn message_context(
        &self,
        begin: unsafe extern "C" fn(
            *mut sys::EVP_MD_CTX,
            *mut *mut sys::EVP_PKEY_CTX,
            *const sys::EVP_MD,
            *mut sys::ENGINE,
            *mut sys::EVP_PKEY,
        ) -> c_int,
        context: &[u8],
    ) -> Option<Owned<sys::EVP_MD_CTX>> {
        let mut of_key = null_mut();
        // SAFETY: the digest's context is new, and has that of the key; the key lives; pointer and length are a slice's.
        unsafe {
            let digest = Owned::take(sys::EVP_MD_CTX_new(), sys::EVP_MD_CTX_free)?;
            done(begin(
                digest.get(),
                &mut of_key,
                null(),
                null_mut(),
                self.key(),
            ))?;
            if !context.is_empty() {
                done(sys::EVP_PKEY_CTX_set_signature_context(
                    of_key,
                    context.as_ptr(),
                    context.len(),
                ))?;
            }
            Some(digest)
        }
    }
}

mod cipher;
mod ec;
mod pq;
mod rsa;

pub use cipher::{Direction, aes_gcm, aes_key_wrap};
pub use ec::Curve;
pub use pq::Lattice;
pub use rsa::{RsaNumbers, RsaPadding};
