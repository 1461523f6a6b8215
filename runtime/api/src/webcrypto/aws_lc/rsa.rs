//! RSA.

use super::*;

/// How a signature is padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaPadding {
    /// RSASSA-PKCS1-v1_5
    Pkcs1,
    /// RSASSA-PSS with a salt of so many bytes
    Pss(c_int),
}

/// The numbers of a key, in the order of RFC 8017; big-endian, without leading zeros.
#[derive(Clone, Default)]
pub struct RsaNumbers {
    /// The modulus.
    pub n: Vec<u8>,
    /// The public exponent.
    pub e: Vec<u8>,
    /// What only the private key has.
    pub private: Option<RsaPrivateNumbers>,
}

/// d, p, q, d mod (p - 1), d mod (q - 1), 1/q mod p.
pub type RsaPrivateNumbers = Zeroizing<[Vec<u8>; 6]>;

/// Asks whether to go on, see [`PKey::rsa_generate`].
unsafe extern "C" fn go_on(_: c_int, _: c_int, callback: *mut sys::BN_GENCB) -> c_int {
    // SAFETY: `rsa_generate` has put it there, and waits for the end.
    let wanted = unsafe { &*sys::BN_GENCB_get_arg(callback).cast::<&dyn Fn() -> bool>() };
    c_int::from(wanted())
}

impl PKey {
    fn from_rsa(rsa: Owned<sys::RSA>) -> Option<PKey> {
        let key = PKey::new()?;
        // SAFETY: both live; the key owns `rsa` from then on.
        unsafe {
            done(sys::EVP_PKEY_assign_RSA(key.key(), rsa.get()))?;
        }
        rsa.release();
        Some(key)
    }

    fn rsa(&self) -> Option<*const sys::RSA> {
        // SAFETY: the key lives, and keeps what it gives.
        let rsa = unsafe { sys::EVP_PKEY_get0_RSA(self.key()) };
        (!rsa.is_null()).then_some(rsa.cast_const())
    }

    /// A new private key. `wanted` is asked again and again, and where it says no, there is none.
    pub fn rsa_generate(bits: u32, exponent: &[u8], wanted: &dyn Fn() -> bool) -> Option<PKey> {
        let exponent = number(exponent)?;
        // SAFETY: all objects are new and live; the callback has a reference to `wanted`, which outlives the call.
        unsafe {
            let rsa = Owned::take(sys::RSA_new(), sys::RSA_free)?;
            let callback = Owned::take(sys::BN_GENCB_new(), sys::BN_GENCB_free)?;
            sys::BN_GENCB_set(
                callback.get(),
                Some(go_on),
                std::ptr::from_ref(&wanted).cast_mut().cast::<c_void>(),
            );
            done(sys::RSA_generate_key_ex(
                rsa.get(),
                c_int::try_from(bits).ok()?,
                exponent.get(),
                callback.get(),
            ))?;
            PKey::from_rsa(rsa)
        }
    }

    /// The key of these numbers, if they belong together.
    pub fn from_rsa_numbers(numbers: &RsaNumbers) -> Option<PKey> {
        let (n, e) = (number(&numbers.n)?, number(&numbers.e)?);
        // SAFETY: all numbers live, and are copied.
        let rsa = unsafe {
            let rsa = match &numbers.private {
                None => sys::RSA_new_public_key(n.get(), e.get()),
                Some(private) => {
                    let [d, p, q, dp, dq, qi] = &**private;
                    sys::RSA_new_private_key(
                        n.get(),
                        e.get(),
                        number(d)?.get(),
                        number(p)?.get(),
                        number(q)?.get(),
                        number(dp)?.get(),
                        number(dq)?.get(),
                        number(qi)?.get(),
                    )
                }
            };
            Owned::take(rsa, sys::RSA_free)?
        };
        PKey::from_rsa(rsa)
    }

    /// The key's numbers.
    pub fn rsa_numbers(&self) -> Option<RsaNumbers> {
        let rsa = self.rsa()?;
        // SAFETY: the key keeps them, and does not change them.
        unsafe {
            let private = sys::RSA_get0_d(rsa);
            Some(RsaNumbers {
                n: number_bytes(sys::RSA_get0_n(rsa))?,
                e: number_bytes(sys::RSA_get0_e(rsa))?,
                private: match private.is_null() {
                    true => None,
                    false => Some(Zeroizing::new([
                        number_bytes(private)?,
                        number_bytes(sys::RSA_get0_p(rsa))?,
                        number_bytes(sys::RSA_get0_q(rsa))?,
                        number_bytes(sys::RSA_get0_dmp1(rsa))?,
                        number_bytes(sys::RSA_get0_dmq1(rsa))?,
                        number_bytes(sys::RSA_get0_iqmp(rsa))?,
                    ])),
                },
            })
        }
    }

    /// The modulus' length in bits.
    pub fn rsa_bits(&self) -> Option<u32> {
        // SAFETY: the key lives.
        Some(unsafe { sys::RSA_bits(self.rsa()?) })
    }

    /// A context for a signature of this hash.
    fn rsa_signature(
        &self,
        begin: unsafe extern "C" fn(*mut sys::EVP_PKEY_CTX) -> c_int,
        padding: RsaPadding,
        hash: Hash,
    ) -> Option<Owned<sys::EVP_PKEY_CTX>> {
        let context = self.context()?;
        // SAFETY: the context lives.
        unsafe {
            done(begin(context.get()))?;
            let number = match padding {
                RsaPadding::Pkcs1 => sys::RSA_PKCS1_PADDING,
                RsaPadding::Pss(_) => sys::RSA_PKCS1_PSS_PADDING,
            };
            done(sys::EVP_PKEY_CTX_set_rsa_padding(context.get(), number))?;
            done(sys::EVP_PKEY_CTX_set_signature_md(
                context.get(),
                message_digest(hash),
            ))?;
            if let RsaPadding::Pss(salt) = padding {
                done(sys::EVP_PKEY_CTX_set_rsa_mgf1_md(
                    context.get(),
                    message_digest(hash),
                ))?;
                done(sys::EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt))?;
            }
        }
        Some(context)
    }

    /// The signature of a digest.
    pub fn rsa_sign(&self, padding: RsaPadding, hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
        let context = self.rsa_signature(sys::EVP_PKEY_sign_init, padding, hash)?;
        // SAFETY: the context lives, pointer and length are a slice's; `written` gives room for as many bytes as it says.
        written(|out, length| unsafe {
            sys::EVP_PKEY_sign(context.get(), out, length, digest.as_ptr(), digest.len())
        })
    }

    /// Whether a signature is that of the digest.
    pub fn rsa_verify(
        &self,
        padding: RsaPadding,
        hash: Hash,
        signature: &[u8],
        digest: &[u8],
    ) -> Option<()> {
        let context = self.rsa_signature(sys::EVP_PKEY_verify_init, padding, hash)?;
        // SAFETY: the context lives, pointers and lengths are slices'.
        done(unsafe {
            sys::EVP_PKEY_verify(
                context.get(),
                signature.as_ptr(),
                signature.len(),
                digest.as_ptr(),
                digest.len(),
            )
        })
    }

    /// Encrypts or decrypts by RSAES-OAEP.
    pub fn rsa_oaep(
        &self,
        direction: Direction,
        hash: Hash,
        label: &[u8],
        data: &[u8],
    ) -> Option<Vec<u8>> {
        let context = self.context()?;
        let context = context.get();
        // SAFETY: the context lives, pointers and lengths are slices'; the label is a copy that the context owns from then on, or
        // that is freed; `written` gives room for as many bytes as it says.
        unsafe {
            done(match direction {
                Direction::Encrypt => sys::EVP_PKEY_encrypt_init(context),
                Direction::Decrypt => sys::EVP_PKEY_decrypt_init(context),
            })?;
            done(sys::EVP_PKEY_CTX_set_rsa_padding(
                context,
                sys::RSA_PKCS1_OAEP_PADDING,
            ))?;
            done(sys::EVP_PKEY_CTX_set_rsa_oaep_md(
                context,
                message_digest(hash),
            ))?;
            done(sys::EVP_PKEY_CTX_set_rsa_mgf1_md(
                context,
                message_digest(hash),
            ))?;
            if !label.is_empty() {
                let copy = sys::OPENSSL_memdup(label.as_ptr().cast(), label.len()).cast::<u8>();
                if copy.is_null() {
                    return None;
                }
                let set = sys::EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, label.len());
                if done(set).is_none() {
                    sys::OPENSSL_free(copy.cast());
                    return None;
                }
            }
            written(|out, length| {
                let step = match direction {
                    Direction::Encrypt => sys::EVP_PKEY_encrypt,
                    Direction::Decrypt => sys::EVP_PKEY_decrypt,
                };
                step(context, out, length, data.as_ptr(), data.len())
            })
        }
    }
}
