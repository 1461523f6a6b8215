//! AES-OCB, <https://wicg.github.io/webcrypto-modern-algos/#aes-ocb>: RFC 7253, on the block cipher of AWS-LC.

use aws_lc_rs::cipher::{DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use nano_webidl::Fallible;

use super::aead::Aead;
use super::aes::{failed, unbound};
use super::algorithm::Cipher;
use super::aws_lc::Direction;
use super::key::{Key, operation_error};

/// The parameters: the nonce has up to 15 bytes, the tag 64, 96 or 128 bits.
pub struct AesOcb(pub Aead);

/// The block cipher with one key.
struct Blocks<'a>(&'a Key);

impl Blocks<'_> {
    /// Encrypts or decrypts whole blocks, each by itself.
    fn apply(&self, direction: Direction, blocks: &mut [u8]) -> Fallible<()> {
        if blocks.is_empty() {
            return Ok(());
        }
        let key = unbound(self.0)?;
        match direction {
            Direction::Encrypt => EncryptingKey::ecb(key)
                .and_then(|key| key.less_safe_encrypt(blocks, EncryptionContext::None))
                .map(|_| ()),
            Direction::Decrypt => DecryptingKey::ecb(key)
                .and_then(|key| key.decrypt(blocks, DecryptionContext::None).map(|_| ())),
        }
        .map_err(|_| failed())
    }

    fn encrypt(&self, block: u128) -> Fallible<u128> {
        let mut bytes = block.to_be_bytes();
        self.apply(Direction::Encrypt, &mut bytes)?;
        Ok(u128::from_be_bytes(bytes))
    }
}

/// `double`, RFC 7253, section 2.
fn double(block: u128) -> u128 {
    (block << 1) ^ ((block >> 127) * 0x87)
}

/// The first bytes of a block that is not whole.
fn padded(bytes: &[u8]) -> u128 {
    let mut block = [0; 16];
    block[..bytes.len()].copy_from_slice(bytes);
    if let Some(end) = block.get_mut(bytes.len()) {
        *end = 0x80;
    }
    u128::from_be_bytes(block)
}

/// The key-dependent values, RFC 7253, section 4.1.
struct Masks {
    star: u128,
    dollar: u128,
    /// `L_i`, as many as there are powers of two in the longest data.
    powers: Vec<u128>,
}

impl Masks {
    fn new(blocks: &Blocks) -> Fallible<Masks> {
        let star = blocks.encrypt(0)?;
        let dollar = double(star);
        let powers = std::iter::successors(Some(double(dollar)), |mask| Some(double(*mask)));
        Ok(Masks {
            star,
            dollar,
            powers: powers.take(64).collect(),
        })
    }

    /// The offsets of the whole blocks of `data`, and the last one.
    fn offset(&self, offset: u128, index: usize) -> u128 {
        offset ^ self.powers[(index + 1).trailing_zeros() as usize]
    }
}

/// XORs each whole block with its offset; gives the offset after the last one.
fn mask(masks: &Masks, first: u128, data: &mut [u8]) -> u128 {
    let mut offset = first;
    for (index, block) in data.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        offset = masks.offset(offset, index);
        *block = (u128::from_be_bytes(*block) ^ offset).to_be_bytes();
    }
    offset
}

/// The XOR of whole blocks.
fn sum(data: &[u8]) -> u128 {
    let blocks = data.as_chunks::<16>().0.iter();
    blocks.fold(0, |sum, block| sum ^ u128::from_be_bytes(*block))
}

impl AesOcb {
    /// `HASH`, RFC 7253, section 4.1.
    fn hash(&self, blocks: &Blocks, masks: &Masks) -> Fallible<u128> {
        let whole = self.0.additional_data.len() / 16 * 16;
        let (head, tail) = self.0.additional_data.split_at(whole);
        let mut data = head.to_vec();
        let offset = mask(masks, 0, &mut data);
        blocks.apply(Direction::Encrypt, &mut data)?;
        let last = match tail {
            [] => 0,
            tail => blocks.encrypt(padded(tail) ^ offset ^ masks.star)?,
        };
        Ok(sum(&data) ^ last)
    }

    /// The first offset, RFC 7253, section 4.2.
    fn first_offset(&self, blocks: &Blocks) -> Fallible<u128> {
        let mut nonce = [0; 16];
        nonce[16 - self.0.iv.len()..].copy_from_slice(&self.0.iv);
        nonce[15 - self.0.iv.len()] |= 1;
        nonce[0] |= (self.0.tag_bits % 128) << 1;
        let nonce = u128::from_be_bytes(nonce);
        let bottom = (nonce & 63) as u32;
        let top = blocks.encrypt(nonce & !63)?;
        // Stretch = Ktop || (Ktop[1..64] xor Ktop[9..72]), from bit `bottom` on.
        let right = ((top >> 64) ^ (top >> 56)) as u64;
        Ok(match bottom {
            0 => top,
            bottom => (top << bottom) | u128::from(right >> (64 - bottom)),
        })
    }

    /// Encrypts or decrypts; gives the tag, too. RFC 7253, sections 4.2 and 4.3.
    fn apply(&self, direction: Direction, key: &Key, data: &[u8]) -> Fallible<(Vec<u8>, [u8; 16])> {
        let blocks = Blocks(key);
        let masks = Masks::new(&blocks)?;
        let first = self.first_offset(&blocks)?;
        let mut result = data.to_vec();
        let whole = data.len() / 16 * 16;
        let (head, tail) = result.split_at_mut(whole);
        let mut offset = mask(&masks, first, head);
        blocks.apply(direction, head)?;
        mask(&masks, first, head);
        let plain = match direction {
            Direction::Encrypt => data,
            Direction::Decrypt => &*head,
        };
        let mut checksum = sum(&plain[..whole]);
        if !tail.is_empty() {
            offset ^= masks.star;
            let pad = blocks.encrypt(offset)?.to_be_bytes();
            let given = tail.to_vec();
            tail.iter_mut()
                .zip(pad)
                .for_each(|(byte, pad)| *byte ^= pad);
            checksum ^= padded(match direction {
                Direction::Encrypt => &given,
                Direction::Decrypt => tail,
            });
        }
        let tag = blocks.encrypt(checksum ^ offset ^ masks.dollar)? ^ self.hash(&blocks, &masks)?;
        Ok((result, tag.to_be_bytes()))
    }
}

impl Cipher for AesOcb {
    fn check(&self) -> Fallible<()> {
        if !matches!(self.0.iv.len(), 1..=15) {
            return Err(operation_error(format!(
                "The initialization vector (iv) must have 1 to 15 bytes, not {}",
                self.0.iv.len()
            )));
        }
        match self.0.tag_bits {
            64 | 96 | 128 => Ok(()),
            other => Err(operation_error(format!(
                "A tag has 64, 96 or 128 bits, not {other}"
            ))),
        }
    }

    // https://wicg.github.io/webcrypto-modern-algos/#aes-ocb-operations-encrypt
    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.check()?;
        let (mut result, tag) = self.apply(Direction::Encrypt, key, data)?;
        result.extend_from_slice(&tag[..usize::from(self.0.tag_bits) / 8]);
        Ok(result)
    }

    // https://wicg.github.io/webcrypto-modern-algos/#aes-ocb-operations-decrypt; tags are compared in the same time wherever they differ.
    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        self.check()?;
        let length = usize::from(self.0.tag_bits) / 8;
        let split = data.len().checked_sub(length).ok_or_else(failed)?;
        let (data, given) = data.split_at(split);
        let (result, tag) = self.apply(Direction::Decrypt, key, data)?;
        verify_slices_are_equal(&tag[..length], given).map_err(|_| failed())?;
        Ok(result)
    }
}
