//! The payload of compressed messages: <https://www.rfc-editor.org/rfc/rfc7692#section-7.2>.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::fault::Fault;

/// What ends a message's data, and is not sent.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// About what zlib takes to decompress, and to compress.
pub(crate) const INFLATER: usize = 48 << 10;
pub(crate) const DEFLATER: usize = 272 << 10;

/// How hard is tried: it runs where connections are served.
const LEVEL: Compression = Compression::fast();

/// Unfolds one message.
pub(crate) struct Inflater {
    zlib: Decompress,
    is_over: bool,
}

/// How far one step came.
pub(crate) struct Step {
    /// Bytes of input that were taken.
    pub(crate) read: usize,
    /// Bytes of output that were made.
    pub(crate) written: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self {
            zlib: Decompress::new(false),
            is_over: false,
        }
    }

    /// Unfolds some input into a slice. What is left of the input is to be given again, unless nothing was done: then it wants more.
    ///
    /// # Errors
    /// The input is no such data.
    pub(crate) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if self.is_over {
            // 7.2.3.4 has no block with the "BFINAL" bit in the middle; what follows one that is last is none of its message.
            self.zlib.reset(false);
            self.is_over = false;
        }
        let (read, written) = (self.zlib.total_in(), self.zlib.total_out());
        let status = self
            .zlib
            .decompress(input, output, FlushDecompress::Sync)
            .map_err(|_| Fault::corrupt())?;
        let step = Step {
            read: usize::try_from(self.zlib.total_in() - read).unwrap_or(input.len()),
            written: usize::try_from(self.zlib.total_out() - written).unwrap_or(output.len()),
        };
        self.is_over = status == Status::StreamEnd;
        Ok(step)
    }

    /// What is to be unfolded after a message's last byte.
    pub(crate) fn tail(&self) -> &'static [u8] {
        // A peer that has set "BFINAL" has said the end already.
        if self.is_over { &[] } else { &TAIL }
    }
}

/// Folds one message.
pub(crate) struct Deflater(Compress);

impl Deflater {
    /// With a window of 2^`bits` bytes, 9 to 15.
    pub(crate) fn new(bits: u8) -> Self {
        Self(Compress::new_with_window_bits(
            LEVEL,
            false,
            bits.clamp(9, 15),
        ))
    }

    /// Folds some of `input`, the rest of the message, onto the end of `out`, within its capacity. Gives what it took, and whether that
    /// was all: then the message's data ends in `out`, without the tail.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(usize, bool), Fault> {
        let before = self.0.total_in();
        let status = self.0.compress_vec(input, out, FlushCompress::Sync);
        if status.is_err() {
            return Err(Fault::Broken("a message cannot be compressed".into()));
        }
        let taken = usize::try_from(self.0.total_in() - before).unwrap_or(input.len());
        // zlib has flushed everything where it leaves room.
        let is_over = taken == input.len() && out.len() < out.capacity();
        Ok((taken, is_over))
    }
}

/// Takes the tail off a message's data.
pub(crate) fn without_tail(data: &mut Vec<u8>) {
    if data.ends_with(&TAIL) {
        data.truncate(data.len() - TAIL.len());
    }
    if data.is_empty() {
        // 7.2.3.6: an empty block stands for nothing.
        data.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(data: &[u8], piece: usize) -> Result<Vec<u8>, Fault> {
        let mut inflater = Inflater::new();
        let mut all = Vec::new();
        let mut unfold = |inflater: &mut Inflater, mut input: &[u8]| {
            loop {
                let mut output = vec![0; piece];
                let step = inflater.step(input, &mut output)?;
                all.extend_from_slice(&output[..step.written]);
                input = &input[step.read..];
                if input.is_empty() && step.written < output.len() {
                    return Ok(());
                }
                if step.read == 0 && step.written == 0 {
                    return Err(Fault::corrupt());
                }
            }
        };
        unfold(&mut inflater, data)?;
        let tail = inflater.tail();
        unfold(&mut inflater, tail)?;
        Ok(all)
    }

    fn folded(message: &[u8], piece: usize) -> Vec<u8> {
        let mut deflater = Deflater::new(15);
        let (mut all, mut rest) = (Vec::new(), message);
        loop {
            let mut out = Vec::with_capacity(piece);
            let (taken, is_over) = deflater.step(rest, &mut out).unwrap();
            rest = &rest[taken..];
            all.extend_from_slice(&out);
            if is_over {
                without_tail(&mut all);
                return all;
            }
        }
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let long: Vec<u8> = (0..200_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        for message in [&b""[..], b"a", b"Hello, Hello, Hello", &long] {
            for piece in [64, 1000, 70_000] {
                let data = folded(message, piece);
                assert_eq!(unfolded(&data, piece).unwrap(), message);
            }
        }
    }

    #[test]
    fn examples_of_the_standard() {
        // RFC 7692, sections 7.2.3.1, 7.2.3.3, 7.2.3.4 and 7.2.3.5
        let shared = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let stored = [
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        let two = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        for data in [&shared[..], &stored, &last, &two] {
            assert_eq!(unfolded(data, 100).unwrap(), b"Hello");
        }
        assert!(unfolded(&[0xff; 20], 100).is_err());
    }
}
