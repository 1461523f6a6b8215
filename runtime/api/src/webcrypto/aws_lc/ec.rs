//! Elliptic curves.

use super::*;

/// <https://w3c.github.io/webcrypto/#dfn-NamedCurve>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// P-256
    P256,
    /// P-384
    P384,
    /// P-521
    P521,
}

impl Curve {
    /// All of them.
    pub const ALL: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::P384 => "P-384",
            Curve::P521 => "P-521",
        }
    }

    /// How many bytes a coordinate has.
    pub fn size(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    fn id(self) -> c_int {
        match self {
            Curve::P256 => sys::NID_X9_62_prime256v1,
            Curve::P384 => sys::NID_secp384r1,
            Curve::P521 => sys::NID_secp521r1,
        }
    }
}

/// A key on a curve that is being made.
struct EcKey(Owned<sys::EC_KEY>);

impl EcKey {
    fn new(curve: Curve) -> Option<EcKey> {
        // SAFETY: the key is new.
        unsafe { Owned::take(sys::EC_KEY_new_by_curve_name(curve.id()), sys::EC_KEY_free) }
            .map(EcKey)
    }

    fn new_point(&self) -> Option<Owned<sys::EC_POINT>> {
        // SAFETY: the key lives; the point is new.
        unsafe {
            let group = sys::EC_KEY_get0_group(self.0.get());
            Owned::take(sys::EC_POINT_new(group), sys::EC_POINT_free)
        }
    }

    /// Looks whether the key is one, and the private part belongs to the public one.
    fn finish(self) -> Option<PKey> {
        let key = PKey::new()?;
        // SAFETY: both live; the new key owns this one from then on.
        unsafe {
            done(sys::EC_KEY_check_key(self.0.get()))?;
            done(sys::EVP_PKEY_assign_EC_KEY(key.key(), self.0.get()))?;
        }
        self.0.release();
        Some(key)
    }
}

impl PKey {
    /// A new private key.
    pub fn ec_generate(curve: Curve) -> Option<PKey> {
        let key = EcKey::new(curve)?;
        // SAFETY: the key lives.
        done(unsafe { sys::EC_KEY_generate_key(key.0.get()) })?;
        key.finish()
    }

    /// The public key that is this point, of any form that SEC 1 has.
    pub fn from_ec_point(curve: Curve, bytes: &[u8]) -> Option<PKey> {
        let key = EcKey::new(curve)?;
        key.set_public(bytes)?;
        key.finish()
    }

    /// The private key that is this number; its public key is the point.
    pub fn from_ec_scalar(curve: Curve, scalar: &[u8], point: &[u8]) -> Option<PKey> {
        let key = EcKey::new(curve)?;
        let scalar = number(scalar)?;
        key.set_public(point)?;
        // SAFETY: key and number live.
        done(unsafe { sys::EC_KEY_set_private_key(key.0.get(), scalar.get()) })?;
        key.finish()
    }

    fn ec(&self) -> Option<*const sys::EC_KEY> {
        // SAFETY: the key lives, and keeps what it gives.
        let key = unsafe { sys::EVP_PKEY_get0_EC_KEY(self.key()) };
        (!key.is_null()).then_some(key.cast_const())
    }

    /// Its curve.
    pub fn ec_curve(&self) -> Option<Curve> {
        // SAFETY: the key lives.
        let id = unsafe { sys::EC_GROUP_get_curve_name(sys::EC_KEY_get0_group(self.ec()?)) };
        Curve::ALL.into_iter().find(|curve| curve.id() == id)
    }

    /// The public key as a point that is not compressed.
    pub fn ec_point(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 1 + 2 * self.ec_curve()?.size()];
        let key = self.ec()?;
        // SAFETY: the key lives, pointer and length are a slice's.
        let length = unsafe {
            sys::EC_POINT_point2oct(
                sys::EC_KEY_get0_group(key),
                sys::EC_KEY_get0_public_key(key),
                sys::point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
                bytes.as_mut_ptr(),
                bytes.len(),
                null_mut(),
            )
        };
        (length == bytes.len()).then_some(bytes)
    }

    /// The private key as a number of the curve's size.
    pub fn ec_scalar(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![0; self.ec_curve()?.size()]);
        // SAFETY: the key lives, pointer and length are a slice's.
        unsafe {
            let scalar = sys::EC_KEY_get0_private_key(self.ec()?);
            if scalar.is_null() {
                return None;
            }
            done(sys::BN_bn2bin_padded(
                bytes.as_mut_ptr(),
                bytes.len(),
                scalar,
            ))?;
        }
        Some(bytes)
    }

    /// The signature of a digest by ECDSA: r and s, each of the curve's size.
    pub fn ecdsa_sign(&self, digest: &[u8]) -> Option<Vec<u8>> {
        let size = self.ec_curve()?.size();
        let mut bytes = vec![0; 2 * size];
        // SAFETY: the key lives, the signature is new, pointers and lengths are slices'.
        unsafe {
            let signature = Owned::take(
                sys::ECDSA_do_sign(digest.as_ptr(), digest.len(), self.ec()?),
                sys::ECDSA_SIG_free,
            )?;
            let (mut r, mut s) = (null(), null());
            sys::ECDSA_SIG_get0(signature.get(), &mut r, &mut s);
            let (first, second) = bytes.split_at_mut(size);
            done(sys::BN_bn2bin_padded(first.as_mut_ptr(), size, r))?;
            done(sys::BN_bn2bin_padded(second.as_mut_ptr(), size, s))?;
        }
        Some(bytes)
    }

    /// Whether a signature is that of the digest.
    pub fn ecdsa_verify(&self, signature: &[u8], digest: &[u8]) -> Option<()> {
        let size = self.ec_curve()?.size();
        if signature.len() != 2 * size {
            return None;
        }
        let (r, s) = signature.split_at(size);
        let (r, s) = (number(r)?, number(s)?);
        // SAFETY: all objects live; the signature owns both numbers from then on; pointer and length are a slice's.
        unsafe {
            let signature = Owned::take(sys::ECDSA_SIG_new(), sys::ECDSA_SIG_free)?;
            done(sys::ECDSA_SIG_set0(signature.get(), r.get(), s.get()))?;
            r.release();
            s.release();
            done(sys::ECDSA_do_verify(
                digest.as_ptr(),
                digest.len(),
                signature.get(),
                self.ec()?,
            ))
        }
    }
}

impl EcKey {
    fn set_public(&self, bytes: &[u8]) -> Option<()> {
        let point = self.new_point()?;
        // SAFETY: key and point live and are of one group, pointer and length are a slice's.
        unsafe {
            done(sys::EC_POINT_oct2point(
                sys::EC_KEY_get0_group(self.0.get()),
                point.get(),
                bytes.as_ptr(),
                bytes.len(),
                null_mut(),
            ))?;
            done(sys::EC_KEY_set_public_key(self.0.get(), point.get()))
        }
    }
}
