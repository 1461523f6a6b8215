//! The bytes behind blobs: immutable, shared by every blob that was made of them, never copied to be sliced.

use std::sync::Arc;

use bytes::Bytes;
use nano_webidl::{Fallible, Scope, require_room, room};

use crate::bindings::types::{BlobPart, EndingType};
use crate::reserved::reserve;

/// Up to this size another blob's bytes are copied: a list of crumbs would cost more than they are.
const MAX_COPIED_BYTES: usize = 4096;

/// The longest chunk that a stream of a blob gives.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// A blob's bytes: the concatenation of a list of buffers, none of which is empty.
#[derive(Clone, Default)]
pub struct BlobData {
    /// Not a slice, which would be a copy of what was put together. Its streams may leave the thread.
    parts: Arc<Vec<Bytes>>,
    size: u64,
}

impl BlobData {
    fn new(parts: Vec<Bytes>) -> Self {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        BlobData {
            parts: Arc::new(parts),
            size,
        }
    }

    /// <https://w3c.github.io/FileAPI/#process-blob-parts>
    ///
    /// # Errors
    /// A `RangeError` if they do not fit into the app's memory.
    pub fn from_parts<'s>(
        scope: &mut Scope<'s, '_>,
        parts: Vec<BlobPart<'s>>,
        endings: EndingType,
    ) -> Fallible<Self> {
        let copied = parts.iter().map(|part| match part {
            BlobPart::UsvString(text) => text.len(),
            BlobPart::BufferSource(buffer) => buffer.len(),
            BlobPart::Blob(blob) => blob.data().copied(),
        });
        let copied = copied.fold(0, usize::saturating_add);
        // A blob of itself twice, again and again, has few bytes and many parts.
        let shared = parts.iter().map(|part| match part {
            BlobPart::Blob(blob) => blob.data().parts.len() + 1,
            _ => 1,
        });
        let shared = shared.fold(0, usize::saturating_add);
        let mut builder = Builder {
            parts: room::list(scope, shared, copied)?,
            copied: Vec::with_capacity(copied),
        };
        for part in parts {
            match part {
                BlobPart::UsvString(text) if endings == EndingType::Native => {
                    with_native_line_endings(&text, &mut builder.copied);
                }
                BlobPart::UsvString(text) => builder.copied.extend_from_slice(text.as_bytes()),
                BlobPart::BufferSource(buffer) => {
                    buffer.read(scope, |bytes| builder.copied.extend_from_slice(bytes))
                }
                BlobPart::Blob(blob) => builder.share(scope, blob.data())?,
            }
        }
        builder.finish(scope)
    }

    /// The same data, which counts against the app's memory limit.
    ///
    /// # Errors
    /// A `RangeError` if it does not fit.
    pub fn reserved(self, scope: &mut Scope) -> Fallible<Self> {
        let parts = self.parts.iter().cloned();
        let parts = parts.map(|part| reserve(scope, part));
        Ok(BlobData::new(parts.collect::<Fallible<_>>()?))
    }

    /// About how many bytes there are beside those of the parts, which are reserved.
    pub fn external_size(&self) -> usize {
        self.parts.len() * size_of::<Bytes>()
    }

    /// Number of bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from `start` to `end`, which are in order and within the data. Copies nothing.
    pub fn slice(&self, start: u64, end: u64) -> Self {
        let mut offset = 0;
        let mut parts = Vec::new();
        for part in &*self.parts {
            let length = part.len() as u64;
            // The part of the range that lies in this buffer.
            let from = start.clamp(offset, offset + length) - offset;
            let to = end.clamp(offset, offset + length) - offset;
            if from < to {
                parts.push(part.slice(from as usize..to as usize));
            }
            offset += length;
        }
        BlobData::new(parts)
    }

    /// Whether all bytes are in one buffer already.
    pub fn is_in_one(&self) -> bool {
        self.parts.len() <= 1
    }

    /// All bytes in one buffer; without a copy where they are in one already.
    ///
    /// # Errors
    /// A `RangeError` if a copy does not fit into the app's memory limit.
    pub fn to_bytes(&self, scope: &mut Scope) -> Fallible<Bytes> {
        Ok(match self.parts.as_slice() {
            [] => Bytes::new(),
            [only] => only.clone(),
            _ => self.to_vec(scope)?.into(),
        })
    }

    /// A copy of all bytes.
    ///
    /// # Errors
    /// A `RangeError` if it does not fit into the app's memory limit.
    pub fn to_vec(&self, scope: &mut Scope) -> Fallible<Vec<u8>> {
        require_room(scope, usize::try_from(self.size).unwrap_or(usize::MAX))?;
        Ok(self.parts.concat())
    }

    /// Appends all bytes.
    pub fn append_to(&self, output: &mut Vec<u8>) {
        self.parts
            .iter()
            .for_each(|part| output.extend_from_slice(part));
    }

    /// How many bytes are copied where this becomes part of another blob.
    fn copied(&self) -> usize {
        let lengths = self.parts.iter().map(Bytes::len);
        lengths.filter(|length| *length <= MAX_COPIED_BYTES).sum()
    }

    /// All bytes in pieces of a size that a stream should have.
    pub fn chunks(&self) -> impl Iterator<Item = Bytes> + Send + use<> {
        let parts = self.parts.clone();
        (0..parts.len()).flat_map(move |index| {
            let part = parts[index].clone();
            (0..part.len())
                .step_by(MAX_CHUNK_BYTES)
                .map(move |start| part.slice(start..part.len().min(start + MAX_CHUNK_BYTES)))
        })
    }
}

impl From<Bytes> for BlobData {
    fn from(bytes: Bytes) -> Self {
        BlobData::new(if bytes.is_empty() {
            Vec::new()
        } else {
            vec![bytes]
        })
    }
}

/// A blob's bytes while its parts are put together.
struct Builder {
    parts: Vec<Bytes>,
    /// What was copied since the last of `parts`.
    copied: Vec<u8>,
}

impl Builder {
    fn share(&mut self, scope: &mut Scope, data: &BlobData) -> Fallible<()> {
        for part in &*data.parts {
            if part.len() <= MAX_COPIED_BYTES {
                self.copied.extend_from_slice(part);
            } else {
                self.flush(scope)?;
                self.parts.push(part.clone());
            }
        }
        Ok(())
    }

    fn flush(&mut self, scope: &mut Scope) -> Fallible<()> {
        if !self.copied.is_empty() {
            let mut bytes = std::mem::take(&mut self.copied);
            bytes.shrink_to_fit();
            self.parts.push(reserve(scope, bytes)?);
        }
        Ok(())
    }

    fn finish(mut self, scope: &mut Scope) -> Fallible<BlobData> {
        self.flush(scope)?;
        Ok(BlobData::new(self.parts))
    }
}

/// Appends <https://w3c.github.io/FileAPI/#convert-line-endings-to-native>; the native line ending is "\n".
fn with_native_line_endings(text: &str, output: &mut Vec<u8>) {
    let mut lines = text.split('\r');
    output.extend_from_slice(lines.next().unwrap_or_default().as_bytes());
    for line in lines {
        output.push(b'\n');
        output.extend_from_slice(line.strip_prefix('\n').unwrap_or(line).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(parts: &[&'static str]) -> BlobData {
        BlobData::new(
            parts
                .iter()
                .map(|part| Bytes::from_static(part.as_bytes()))
                .collect(),
        )
    }

    #[test]
    fn slices_cross_parts_without_copies() {
        let data = data(&["abc", "def", "ghi"]);
        assert_eq!(data.size(), 9);
        let slice = data.slice(2, 7);
        assert_eq!(slice.parts.concat(), b"cdefg");
        assert_eq!(slice.parts[0].as_ptr(), data.parts[0][2..].as_ptr());
        assert_eq!(slice.slice(1, 4).parts.concat(), b"def");
        assert_eq!(slice.slice(1, 4).parts.len(), 1);
        assert_eq!(data.slice(4, 4).size(), 0);
        assert_eq!(data.slice(9, 9).parts.len(), 0);
    }

    #[test]
    fn chunks_are_bounded_and_complete() {
        let data = BlobData::from(Bytes::from(vec![7; MAX_CHUNK_BYTES + 1]));
        let lengths: Vec<usize> = data.chunks().map(|chunk| chunk.len()).collect();
        assert_eq!(lengths, [MAX_CHUNK_BYTES, 1]);
        assert_eq!(BlobData::default().chunks().count(), 0);
    }

    #[test]
    fn line_endings_become_native() {
        let mut output = b"x".to_vec();
        with_native_line_endings("a\r\nb\rc\n\r\r\nd\r", &mut output);
        assert_eq!(output, b"xa\nb\nc\n\n\nd\n");
    }
}
