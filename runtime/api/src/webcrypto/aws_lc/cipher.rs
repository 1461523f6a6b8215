//! AES-GCM and AES-KW.

use super::*;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From plaintext to ciphertext.
    Encrypt,
    /// From ciphertext to plaintext.
    Decrypt,
}

/// AES-GCM with a key of 16, 24 or 32 bytes; the ciphertext ends with the tag.
pub fn aes_gcm(
    direction: Direction,
    key: &[u8],
    iv: &[u8],
    additional_data: &[u8],
    tag_length: usize,
    data: &[u8],
) -> Option<Vec<u8>> {
    let (data, tag) = match direction {
        Direction::Encrypt => (data, None),
        Direction::Decrypt => {
            let (data, tag) = data.split_at(data.len().checked_sub(tag_length)?);
            (data, Some(tag))
        }
    };
    let encrypt = c_int::from(direction == Direction::Encrypt);
    let iv_length = c_int::try_from(iv.len()).ok()?;
    let tag_length_ = c_int::try_from(tag_length).ok()?;
    let mut result = Vec::with_capacity(data.len() + tag_length);
    // SAFETY: the context is new; the key has the cipher's length, and the initialization vector that which is set before; the
    // result has room for as many bytes as there are of data, and the tag.
    unsafe {
        let cipher = match key.len() {
            16 => sys::EVP_aes_128_gcm(),
            24 => sys::EVP_aes_192_gcm(),
            32 => sys::EVP_aes_256_gcm(),
            _ => return None,
        };
        let context = Owned::take(sys::EVP_CIPHER_CTX_new(), sys::EVP_CIPHER_CTX_free)?;
        let context = context.get();
        let control = |command, length, pointer| {
            done(sys::EVP_CIPHER_CTX_ctrl(context, command, length, pointer))
        };
        let init = |cipher, key, iv| {
            done(sys::EVP_CipherInit_ex(
                context,
                cipher,
                null_mut(),
                key,
                iv,
                encrypt,
            ))
        };
        init(cipher, null(), null())?;
        control(sys::EVP_CTRL_AEAD_SET_IVLEN, iv_length, null_mut())?;
        init(null(), key.as_ptr(), iv.as_ptr())?;
        update(context, null_mut(), additional_data)?;
        update(context, result.as_mut_ptr(), data)?;
        result.set_len(data.len());
        let mut length = 0;
        let mut rest = [0; 16];
        match tag {
            Some(tag) => {
                let tag = tag.as_ptr().cast_mut().cast();
                control(sys::EVP_CTRL_AEAD_SET_TAG, tag_length_, tag)?;
                done(sys::EVP_CipherFinal_ex(
                    context,
                    rest.as_mut_ptr(),
                    &mut length,
                ))?;
            }
            None => {
                done(sys::EVP_CipherFinal_ex(
                    context,
                    rest.as_mut_ptr(),
                    &mut length,
                ))?;
                let mut tag = vec![0_u8; tag_length];
                control(
                    sys::EVP_CTRL_AEAD_GET_TAG,
                    tag_length_,
                    tag.as_mut_ptr().cast(),
                )?;
                result.extend_from_slice(&tag);
            }
        }
    }
    Some(result)
}

/// Gives data to a cipher, in pieces, as it counts with an `int`.
///
/// # Safety
/// The context has a cipher of a stream's kind, and `out` has room for as many bytes, or is null.
unsafe fn update(context: *mut sys::EVP_CIPHER_CTX, out: *mut u8, data: &[u8]) -> Option<()> {
    const PIECE: usize = 1 << 30;
    for (index, piece) in data.chunks(PIECE).enumerate() {
        let mut length = 0;
        // SAFETY: by the caller's promise; a piece's length fits.
        unsafe {
            let out = match out.is_null() {
                true => out,
                false => out.add(index * PIECE),
            };
            done(sys::EVP_CipherUpdate(
                context,
                out,
                &mut length,
                piece.as_ptr(),
                piece.len() as c_int,
            ))?;
        }
    }
    Some(())
}

/// AES Key Wrap (RFC 3394) with a key of 16, 24 or 32 bytes and the default initial value.
pub fn aes_key_wrap(direction: Direction, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let bits = u32::try_from(key.len() * 8).ok()?;
    let mut schedule = std::mem::MaybeUninit::<sys::AES_KEY>::zeroed();
    let length = match direction {
        Direction::Encrypt => data.len() + 8,
        Direction::Decrypt => data.len().checked_sub(8)?,
    };
    let mut result = vec![0; length];
    // SAFETY: the schedule is made before it is used, and cleansed; the result is 8 bytes longer or shorter than the data, as it has to be.
    let written = unsafe {
        let prepare = match direction {
            Direction::Encrypt => sys::AES_set_encrypt_key,
            Direction::Decrypt => sys::AES_set_decrypt_key,
        };
        let step = match direction {
            Direction::Encrypt => sys::AES_wrap_key,
            Direction::Decrypt => sys::AES_unwrap_key,
        };
        let prepared: c_int = prepare(key.as_ptr(), bits, schedule.as_mut_ptr());
        let written: c_int = match prepared {
            0 => step(
                schedule.as_ptr(),
                null(),
                result.as_mut_ptr(),
                data.as_ptr(),
                data.len(),
            ),
            _ => -1,
        };
        sys::OPENSSL_cleanse(schedule.as_mut_ptr().cast(), size_of::<sys::AES_KEY>());
        written
    };
    if usize::try_from(written) != Ok(length) {
        forget_errors();
        return None;
    }
    Some(result)
}
