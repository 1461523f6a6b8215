//! Zstandard, RFC 8878, as responses have it, RFC 9659; the streams of the Compression Standard do not know it.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::codec::{Algorithm, Step};

/// The largest window: <https://www.rfc-editor.org/rfc/rfc9659#section-3>.
const WINDOW_BITS: u32 = 23;
/// Bytes of a frame's header at most: <https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1>, with the magic number.
const HEADER_BYTES: usize = 18;
/// What a decompressor takes beside a window: its tables, and blocks as they come and go. Measured by a test.
const OTHER_BYTES: usize = 512 << 10;

/// Undoes the compression of one frame.
pub(crate) struct Decompressor {
    /// `None` where there was no memory for it.
    context: Option<DCtx<'static>>,
    /// Bytes of the frame that were read.
    read: usize,
    /// The first of these.
    header: [u8; HEADER_BYTES],
    /// Bytes that were made of it.
    written: u64,
}

impl Decompressor {
    pub(crate) fn new() -> Decompressor {
        let context = DCtx::try_create().and_then(|mut context| {
            let limited = context.set_parameter(DParameter::WindowLogMax(WINDOW_BITS));
            limited.is_ok().then_some(context)
        });
        Decompressor {
            context,
            read: 0,
            header: [0; HEADER_BYTES],
            written: 0,
        }
    }

    /// Notes what a step has taken and made.
    fn note(&mut self, input: &[u8], written: usize) {
        if let Some(rest) = self.header.get_mut(self.read..) {
            let length = rest.len().min(input.len());
            rest[..length].copy_from_slice(&input[..length]);
        }
        self.read = self.read.saturating_add(input.len());
        self.written = self.written.saturating_add(written as u64);
    }

    /// Whether as much has come as the header announces; zstd itself does not look where an empty block is the last one.
    fn is_as_announced(&self) -> bool {
        let header = &self.header[..self.read.min(HEADER_BYTES)];
        match zstd_safe::get_frame_content_size(header) {
            Ok(Some(size)) => size == self.written,
            Ok(None) | Err(_) => true,
        }
    }
}

impl Algorithm for Decompressor {
    fn wanted(&self, input: &[u8]) -> usize {
        // All is allocated when the header has been read.
        if self.read >= HEADER_BYTES {
            return 0;
        }
        // A header that comes in pieces may announce anything; too large a window is refused.
        let window = match self.read {
            0 => window_bytes(input).unwrap_or(usize::MAX),
            _ => usize::MAX,
        };
        let most = window.min(1 << WINDOW_BITS) + OTHER_BYTES;
        most.saturating_sub(self.memory())
    }

    fn memory(&self) -> usize {
        self.context.as_ref().map_or(0, DCtx::sizeof)
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Step, String> {
        let context = self.context.as_mut();
        let context = context.ok_or_else(|| "there is no memory to decode it".to_owned())?;
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let wanted = context
            .decompress_stream(&mut to, &mut from)
            .map_err(|code| zstd_safe::get_error_name(code).to_lowercase())?;
        let step = Step {
            read: from.pos(),
            written: to.pos(),
            // Nothing more is wanted of a frame that is complete.
            ended: wanted == 0,
        };
        self.note(&input[..step.read], step.written);
        if step.ended && !self.is_as_announced() {
            return Err("its content is not as long as its header says".to_owned());
        }
        Ok(step)
    }

    fn ends_by_itself(&self) -> bool {
        true
    }
}

/// The size of the window that a frame's header announces, if all that says it has come:
/// <https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1>.
fn window_bytes(header: &[u8]) -> Option<usize> {
    const SINGLE_SEGMENT: u8 = 1 << 5;
    let rest = header.get(4..)?;
    let (descriptor, rest) = rest.split_first()?;
    if descriptor & SINGLE_SEGMENT == 0 {
        let window = rest.first()?;
        let base = 1usize.checked_shl(10 + u32::from(window >> 3))?;
        return base.checked_add(base / 8 * usize::from(window & 7));
    }
    // The window is all of the content, whose size follows the dictionary's number.
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = rest.get(dictionary..dictionary + length)?;
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(size);
    let size = usize::try_from(u64::from_le_bytes(bytes)).ok()?;
    // Two bytes begin where one ends.
    size.checked_add(if length == 2 { 256 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

    fn frame(rest: &[u8]) -> Vec<u8> {
        [&MAGIC, rest].concat()
    }

    /// Decodes a frame that comes in pieces; also the most that the decompressor had, and said that it would have.
    fn decoded(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize, usize), String> {
        let mut decompressor = Decompressor::new();
        let (mut all, mut held, mut said) = (Vec::new(), 0, 0);
        let mut output = vec![0; 32 << 10];
        for mut input in bytes.chunks(piece) {
            loop {
                said = said.max(decompressor.memory() + decompressor.wanted(input));
                let step = decompressor.step(input, &mut output, false)?;
                input = &input[step.read..];
                all.extend_from_slice(&output[..step.written]);
                held = held.max(decompressor.memory());
                if step.ended {
                    return Ok((all, held, said));
                }
                if input.is_empty() && step.written < output.len() {
                    break;
                }
            }
        }
        Err("it does not end".to_owned())
    }

    fn encoded(data: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(zstd_safe::compress_bound(data.len()));
        zstd_safe::compress(&mut encoded, data, 3).unwrap();
        encoded
    }

    #[test]
    fn frames_are_undone() {
        // One raw block, of a content of five bytes.
        let hello = frame(b"\x20\x05\x29\0\0hello");
        assert_eq!(decoded(&hello, 1).unwrap().0, b"hello");
        assert!(decoded(&hello[..hello.len() - 1], 1).is_err());
        let data: Vec<u8> = (0..300_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        for piece in [1, 7, 1 << 20] {
            assert!(
                decoded(&encoded(&data), piece).unwrap().0 == data,
                "{piece}"
            );
        }
        assert!(decoded(b"this is plain text", 100).is_err());
    }

    #[test]
    fn frames_have_as_much_as_they_announce() {
        // 464 bytes, of which none come: an empty block is the last.
        let none = frame(&[0x60, 0xD0, 0, 1, 0, 0]);
        // Five bytes, of which two come, in a block before that.
        let some = frame(b"\x20\x05\x10\0\0he\x01\0\0");
        // Five bytes, and none announced.
        let more = frame(b"\x20\0\x29\0\0hello");
        for piece in [1, 7, 100] {
            for frame in [&none, &some, &more] {
                assert!(decoded(frame, piece).is_err(), "{frame:x?} by {piece}");
            }
        }
        // One of another kind, to be skipped, has none.
        assert_eq!(decoded(b"\x50\x2A\x4D\x18\x02\0\0\0ab", 1).unwrap().0, b"");
    }

    #[test]
    fn no_more_is_taken_than_was_said() {
        let data = vec![1; 10 << 20];
        for piece in [3, 1 << 20] {
            let (_, held, said) = decoded(&encoded(&data), piece).unwrap();
            let most = (1 << WINDOW_BITS) + OTHER_BYTES;
            assert!(held <= said && said <= most, "{piece}: {held} of {said}");
        }
        // Few bytes need no large window.
        let (_, held, said) = decoded(&encoded(b"hello"), 100).unwrap();
        assert!(
            held <= said && said <= OTHER_BYTES + 1024,
            "{held} of {said}"
        );
    }

    #[test]
    fn windows_are_at_most_eight_mebibytes() {
        assert_eq!(window_bytes(&frame(&[0, 13 << 3])), Some(8 << 20));
        assert_eq!(window_bytes(&frame(&[0, (13 << 3) + 1])), Some(9 << 20));
        assert_eq!(window_bytes(&frame(&[0x20, 5])), Some(5));
        assert_eq!(window_bytes(&frame(&[0x60, 1, 0])), Some(257));
        assert_eq!(window_bytes(&frame(&[0xA1, 9, 1, 0, 0, 0])), Some(1));
        assert_eq!(window_bytes(&frame(&[0xE0, 0xFF])), None);
        assert_eq!(window_bytes(&MAGIC), None);
        // An empty last block, in a window of 8 and of 9 MiB.
        assert_eq!(decoded(&frame(&[0, 13 << 3, 1, 0, 0]), 100).unwrap().0, b"");
        assert!(decoded(&frame(&[0, (13 << 3) + 1, 1, 0, 0]), 100).is_err());
    }
}
