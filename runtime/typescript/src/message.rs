//! How the process and its helpers talk: a message is a head, which is small and JSON, and texts as they are. So no text is there
//! twice, and how much room they take is known before it is taken.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes of a head.
const MAX_HEAD: u64 = 4 << 20;
/// The most bytes of a message's texts: what is made of one is larger than that.
const MAX_TEXTS: u64 = 32 << 20;

/// Writes a message: the lengths of its parts, and these.
pub(crate) fn write<const TEXTS: usize>(
    to: &mut impl Write,
    head: &impl Serialize,
    texts: [&str; TEXTS],
) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    to.write_all(&(head.len() as u64).to_le_bytes())?;
    for text in texts {
        to.write_all(&(text.len() as u64).to_le_bytes())?;
    }
    to.write_all(&head)?;
    for text in texts {
        to.write_all(text.as_bytes())?;
    }
    to.flush()
}

/// The beginning of a message, which tells what follows.
#[derive(Debug)]
pub(crate) struct Beginning<Head, const TEXTS: usize> {
    head: Head,
    lengths: [usize; TEXTS],
}

impl<Head: DeserializeOwned, const TEXTS: usize> Beginning<Head, TEXTS> {
    /// Reads one; an error at the end.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let head = read_length(from)?;
        let mut lengths = [0; TEXTS];
        let mut sum = 0_u64;
        for length in &mut lengths {
            let bytes = read_length(from)?;
            sum = sum.saturating_add(bytes);
            *length = usize::try_from(bytes).map_err(io::Error::other)?;
        }
        if head > MAX_HEAD || sum > MAX_TEXTS {
            return Err(io::Error::other("the message is too long"));
        }
        let head = read_part(from, usize::try_from(head).map_err(io::Error::other)?)?;
        Ok(Self {
            head: serde_json::from_slice(&head)?,
            lengths,
        })
    }
}

impl<Head, const TEXTS: usize> Beginning<Head, TEXTS> {
    /// The bytes that its texts take.
    pub(crate) fn size(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Reads the texts.
    pub(crate) fn read_texts(self, from: &mut impl Read) -> io::Result<(Head, [String; TEXTS])> {
        let mut texts = [const { String::new() }; TEXTS];
        for (text, length) in texts.iter_mut().zip(self.lengths) {
            *text = String::from_utf8(read_part(from, length)?).map_err(io::Error::other)?;
        }
        Ok((self.head, texts))
    }
}

fn read_length(from: &mut impl Read) -> io::Result<u64> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    Ok(u64::from_le_bytes(length))
}

fn read_part(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut part = vec![0; length];
    from.read_exact(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers where what is written lies.
    #[derive(Default)]
    struct Pipe {
        bytes: Vec<u8>,
        written: Vec<(*const u8, usize)>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.push((bytes.as_ptr(), bytes.len()));
            self.bytes.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn texts_are_never_copied() {
        let texts = ["\"\n\u{0}\u{2028}é\\".repeat(1000), String::new()];
        let mut pipe = Pipe::default();
        write(&mut pipe, &7, [&texts[0], &texts[1]]).unwrap();
        let text = (texts[0].as_ptr(), texts[0].len());
        assert!(pipe.written.contains(&text));
        let mut from = &pipe.bytes[..];
        let beginning = Beginning::<u8, 2>::read(&mut from).unwrap();
        assert_eq!(beginning.size(), from.len());
        let (head, read) = beginning.read_texts(&mut from).unwrap();
        assert_eq!((head, &read), (7, &texts));
        assert_eq!(read[0].capacity(), read[0].len());
        assert!(from.is_empty());
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let lengths = |lengths: [u64; 3]| {
            let bytes = lengths.map(u64::to_le_bytes).concat();
            Beginning::<u8, 2>::read(&mut &bytes[..]).map_err(|error| error.kind())
        };
        assert!(lengths([u64::MAX, 0, 0]).is_err_and(|kind| kind == io::ErrorKind::Other));
        let texts = lengths([1, MAX_TEXTS, 1]);
        assert!(texts.is_err_and(|kind| kind == io::ErrorKind::Other));
        // There are no more bytes.
        let cut = lengths([1, 0, 0]);
        assert!(cut.is_err_and(|kind| kind == io::ErrorKind::UnexpectedEof));
    }
}
