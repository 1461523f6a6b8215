//! UTF-8 in chunks, without decoding it: V8 makes strings of UTF-8 bytes itself, so all there is to do is to cut chunks where
//! no code point is torn apart, and to take the byte order mark away.

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The state between the chunks of one stream.
#[derive(Default)]
pub struct Utf8Decoder {
    /// The begin of a code point whose other bytes may come with the next chunk: 3 bytes at most.
    pending: Vec<u8>,
    /// Whether text came out already: then a byte order mark is a character as any other.
    started: bool,
}

impl Utf8Decoder {
    /// Takes a chunk, and gives `emit` the bytes that can be decoded now. `last` is for the end of the stream: what is torn
    /// then stays torn.
    pub fn decode<R>(
        &mut self,
        chunk: &[u8],
        last: bool,
        ignore_bom: bool,
        emit: impl FnOnce(&[u8]) -> R,
    ) -> R {
        let joined;
        let bytes = if self.pending.is_empty() {
            chunk
        } else {
            joined = [&self.pending, chunk].concat();
            self.pending.clear();
            &joined
        };
        let torn = if last { 0 } else { torn_suffix(bytes) };
        let (mut text, rest) = bytes.split_at(bytes.len() - torn);
        self.pending.extend_from_slice(rest);
        if !self.started && !text.is_empty() {
            self.started = true;
            if !ignore_bom {
                text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            }
        }
        emit(text)
    }
}

/// How many bytes at the end are the begin of a code point that more bytes could complete.
fn torn_suffix(bytes: &[u8]) -> usize {
    for length in 1..=bytes.len().min(3) {
        let tail = &bytes[bytes.len() - length..];
        if matches!(tail[0], 0x80..=0xbf) {
            continue;
        }
        // A lead byte: `error_len` is `None` only if all of the tail can begin a code point.
        let torn = std::str::from_utf8(tail)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none());
        return if torn { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]], ignore_bom: bool) -> Vec<Vec<u8>> {
        let mut decoder = Utf8Decoder::default();
        let count = chunks.len();
        chunks
            .iter()
            .enumerate()
            .map(|(index, chunk)| {
                decoder.decode(chunk, index + 1 == count, ignore_bom, <[u8]>::to_vec)
            })
            .collect()
    }

    #[test]
    fn code_points_are_kept_whole() {
        let face = "😀".as_bytes();
        assert_eq!(
            decode(&[&face[..1], &face[1..3], &face[3..]], false),
            [b"".to_vec(), b"".to_vec(), face.to_vec()]
        );
        assert_eq!(
            decode(&[b"a\xc3", b"\xbcb"], false),
            [b"a".to_vec(), "üb".as_bytes().to_vec()]
        );
    }

    #[test]
    fn what_no_byte_can_complete_is_not_held_back() {
        // A surrogate, an overlong form, a code point that is too large, a lone continuation byte, no lead byte at all.
        for bad in [
            &b"\xed\xa0"[..],
            b"\xe0\x80",
            b"\xf4\x90",
            b"\x80",
            b"\xc1",
            b"\xff",
        ] {
            assert_eq!(torn_suffix(bad), 0, "{bad:?}");
        }
        for torn in [&b"\xc2"[..], b"\xe0\xa0", b"\xf0\x90\x80", b"\xed\x9f"] {
            assert_eq!(torn_suffix(torn), torn.len(), "{torn:?}");
        }
    }

    #[test]
    fn the_end_gives_out_what_is_torn() {
        assert_eq!(
            decode(&[b"\xf0\x9f", b""], false),
            [b"".to_vec(), b"\xf0\x9f".to_vec()]
        );
    }

    #[test]
    fn one_byte_order_mark_is_taken_away() {
        let twice = b"\xef\xbb\xbf\xef\xbb\xbfx";
        assert_eq!(
            decode(&[&twice[..2], &twice[2..]], false).concat(),
            b"\xef\xbb\xbfx"
        );
        assert_eq!(decode(&[&twice[..2], &twice[2..]], true).concat(), twice);
        assert_eq!(
            decode(&[b"x", BYTE_ORDER_MARK], false).concat(),
            b"x\xef\xbb\xbf"
        );
    }
}
