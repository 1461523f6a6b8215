//! The sponges of Keccak's family: cSHAKE and KMAC (NIST SP 800-185), TurboSHAKE and KangarooTwelve (RFC 9861).

use keccak::Keccak;

/// How strong a function is: 128 or 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// 128 bits
    Bits128,
    /// 256 bits
    Bits256,
}

impl Strength {
    /// How many bytes are absorbed, or given, between two permutations.
    fn rate(self) -> usize {
        match self {
            Strength::Bits128 => 168,
            Strength::Bits256 => 136,
        }
    }
}

/// A state that takes bytes, and then gives as many as are wanted.
pub struct Sponge {
    state: [u64; 25],
    rate: usize,
    /// The next byte of the rate.
    position: usize,
    /// Whether all 24 rounds are made, or the last 12 of them.
    full: bool,
}

impl Sponge {
    fn new(strength: Strength, full: bool) -> Sponge {
        Sponge {
            state: [0; 25],
            rate: strength.rate(),
            position: 0,
            full,
        }
    }

    fn permute(&mut self) {
        let state = &mut self.state;
        match self.full {
            true => Keccak::new().with_f1600(|permute| permute(state)),
            false => Keccak::new().with_p1600::<12>(|permute| permute(state)),
        }
        self.position = 0;
    }

    fn xor(&mut self, position: usize, byte: u8) {
        self.state[position / 8] ^= u64::from(byte) << (8 * (position % 8));
    }

    /// Takes bytes.
    pub fn absorb(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match bytes.first_chunk::<8>() {
                Some(word) if self.position.is_multiple_of(8) => {
                    self.state[self.position / 8] ^= u64::from_le_bytes(*word);
                    self.position += 8;
                    bytes = &bytes[8..];
                }
                _ => {
                    self.xor(self.position, *first);
                    self.position += 1;
                    bytes = rest;
                }
            }
            if self.position == self.rate {
                self.permute();
            }
        }
    }

    /// Ends what is absorbed; `padding` has the domain's bits and the first one of the padding.
    pub fn finish(mut self, padding: u8) -> Sponge {
        self.xor(self.position, padding);
        self.xor(self.rate - 1, 0x80);
        self.permute();
        self
    }

    /// Gives so many bytes.
    pub fn squeeze(mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            for word in &self.state[..self.rate / 8] {
                let wanted = (length - bytes.len()).min(8);
                bytes.extend_from_slice(&word.to_le_bytes()[..wanted]);
            }
            self.permute();
        }
        bytes
    }
}

/// A number's bytes, big-endian, at least one.
fn number(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|byte| **byte == 0).count();
    bytes[zeros..].to_vec()
}

/// `left_encode`, NIST SP 800-185, section 2.3.1.
fn left_encode(value: u64) -> Vec<u8> {
    let mut bytes = number(value);
    bytes.insert(0, bytes.len() as u8);
    bytes
}

/// `right_encode`, NIST SP 800-185, section 2.3.1.
fn right_encode(value: u64) -> Vec<u8> {
    let mut bytes = number(value);
    bytes.push(bytes.len() as u8);
    bytes
}

/// Absorbs `bytepad` of strings, NIST SP 800-185, sections 2.3.2 and 2.3.3.
fn absorb_strings(sponge: &mut Sponge, strings: &[&[u8]]) {
    sponge.absorb(&left_encode(sponge.rate as u64));
    for string in strings {
        sponge.absorb(&left_encode(8 * string.len() as u64));
        sponge.absorb(string);
    }
    if sponge.position > 0 {
        sponge.permute();
    }
}

/// cSHAKE, which takes data now, NIST SP 800-185, section 3.
pub fn cshake(strength: Strength, function_name: &[u8], customization: &[u8]) -> Sponge {
    let mut sponge = Sponge::new(strength, true);
    // Without both it is SHAKE.
    if !(function_name.is_empty() && customization.is_empty()) {
        absorb_strings(&mut sponge, &[function_name, customization]);
    }
    sponge
}

/// What ends the data of cSHAKE.
pub fn cshake_padding(function_name: &[u8], customization: &[u8]) -> u8 {
    match function_name.is_empty() && customization.is_empty() {
        true => 0x1f,
        false => 0x04,
    }
}

/// KMAC: `length` bytes for the key and the data, NIST SP 800-185, section 4.
pub fn kmac(
    strength: Strength,
    key: &[u8],
    customization: &[u8],
    data: &[u8],
    length: usize,
) -> Vec<u8> {
    let mut sponge = Sponge::new(strength, true);
    absorb_strings(&mut sponge, &[b"KMAC", customization]);
    absorb_strings(&mut sponge, &[key]);
    sponge.absorb(data);
    sponge.absorb(&right_encode(8 * length as u64));
    sponge.finish(0x04).squeeze(length)
}

/// TurboSHAKE, which takes data now, and ends with its domain, 0x01 to 0x7f; RFC 9861, section 2.
pub fn turbo_shake(strength: Strength) -> Sponge {
    Sponge::new(strength, false)
}

/// `length_encode`, RFC 9861, section 3.3: as `right_encode`, but nothing has no bytes.
fn length_encode(value: u64) -> Vec<u8> {
    match value {
        0 => vec![0],
        _ => right_encode(value),
    }
}

/// KangarooTwelve, which takes data, and ends with its customization; RFC 9861, section 3.
pub struct KangarooTwelve {
    strength: Strength,
    /// Of the first chunk, and of the chaining values of the others.
    node: Sponge,
    /// Of the current chunk, if that is not the first.
    leaf: Sponge,
    /// Bytes of the current chunk.
    position: usize,
    /// How many chunks are complete.
    chunks: u64,
}

impl KangarooTwelve {
    const CHUNK: usize = 8192;

    /// One that has taken nothing.
    pub fn new(strength: Strength) -> KangarooTwelve {
        KangarooTwelve {
            strength,
            node: turbo_shake(strength),
            leaf: turbo_shake(strength),
            position: 0,
            chunks: 0,
        }
    }

    /// Takes bytes.
    pub fn absorb(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // A chunk is complete when more follows: one that is the only one is no part of a tree.
            if self.position == Self::CHUNK {
                self.end_chunk();
            }
            let (head, tail) = bytes.split_at(bytes.len().min(Self::CHUNK - self.position));
            match self.chunks {
                0 => self.node.absorb(head),
                _ => self.leaf.absorb(head),
            }
            self.position += head.len();
            bytes = tail;
        }
    }

    fn end_chunk(&mut self) {
        if self.chunks == 0 {
            self.node.absorb(&[3, 0, 0, 0, 0, 0, 0, 0]);
        } else {
            let chaining_length = match self.strength {
                Strength::Bits128 => 32,
                Strength::Bits256 => 64,
            };
            let done = std::mem::replace(&mut self.leaf, turbo_shake(self.strength));
            let chaining_value = done.finish(0x0b).squeeze(chaining_length);
            self.node.absorb(&chaining_value);
        }
        self.chunks += 1;
        self.position = 0;
    }

    /// `length` bytes.
    pub fn finish(mut self, customization: &[u8], length: usize) -> Vec<u8> {
        self.absorb(customization);
        self.absorb(&length_encode(customization.len() as u64));
        if self.chunks == 0 {
            return self.node.finish(0x07).squeeze(length);
        }
        self.end_chunk();
        self.node.absorb(&length_encode(self.chunks - 1));
        self.node.absorb(&[0xff, 0xff]);
        self.node.finish(0x06).squeeze(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_encoded_as_the_standard_says() {
        assert_eq!(left_encode(0), [1, 0]);
        assert_eq!(left_encode(168), [1, 168]);
        assert_eq!(right_encode(256), [1, 0, 2]);
        assert_eq!(length_encode(0), [0]);
        assert_eq!(length_encode(12), [12, 1]);
    }

    #[test]
    fn without_names_it_is_shake() {
        let sponge = cshake(Strength::Bits128, b"", b"");
        let bytes = sponge.finish(cshake_padding(b"", b"")).squeeze(4);
        assert_eq!(bytes, [0x7f, 0x9c, 0x2b, 0xa4]);
    }

    /// RFC 9861, section 5: of messages that are one chunk, with what follows them and without, and of one that is many.
    #[test]
    fn the_standards_examples_of_trees() {
        for (length, digest) in [
            (0, [0x1a, 0xc2, 0xd4, 0x50]),
            (17, [0x6b, 0xf7, 0x5f, 0xa2]),
            (4913, [0xcb, 0x55, 0x2e, 0x2e]),
            (8191, [0x1b, 0x57, 0x76, 0x36]),
            (8192, [0x48, 0xf2, 0x56, 0xf6]),
            (83_521, [0x87, 0x01, 0x04, 0x5e]),
        ] {
            // 0x00 to 0xfa, again and again.
            let message: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let mut state = KangarooTwelve::new(Strength::Bits128);
            message.chunks(1000).for_each(|piece| state.absorb(piece));
            assert_eq!(state.finish(b"", 32)[..4], digest, "{length}");
        }
    }
}
