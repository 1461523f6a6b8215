//! `application/x-www-form-urlencoded`, <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>.

use nano_webidl::{ExternalSize, Fallible, Scope, require_room};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Names and values in order.
pub type Pairs = Vec<(String, String)>;

/// About how many bytes a pair takes in a list.
pub fn pair_size(name: &str, value: &str) -> usize {
    size_of::<(String, String)>() + name.len() + value.len()
}

/// A list of pairs that belongs to an app.
#[derive(Debug, Default)]
pub struct PairList(pub Pairs);

impl ExternalSize for PairList {
    fn external_size(&self) -> usize {
        let sizes = self.0.iter().map(|(name, value)| pair_size(name, value));
        sizes.sum()
    }
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-parser>
///
/// # Errors
/// A `RangeError` if the pairs do not fit into the app's memory limit.
pub fn parse(scope: &mut Scope, input: &[u8]) -> Fallible<Pairs> {
    require_room(scope, room(input))?;
    Ok(pairs(input))
}

/// 1. Let sequences be the result of splitting input on 0x26 (&). 3.1. If bytes is the empty byte sequence, then continue.
fn sequences(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input
        .split(|&byte| byte == b'&')
        .filter(|bytes| !bytes.is_empty())
}

/// How much memory the pairs of an input take, at the most: of some inputs thirty times as much as they do themselves.
pub(super) fn room(input: &[u8]) -> usize {
    /// The smallest blocks of the allocator, for name and value.
    const BLOCKS: usize = 2 * 8;
    // A malformed byte becomes three.
    let malformed = input.iter().filter(|byte| !byte.is_ascii()).count();
    // The pair that is decoded is there with spaces for "+", too, and as bytes.
    let longest = sequences(input).map(<[u8]>::len).max().unwrap_or(0);
    sequences(input).count() * (size_of::<(String, String)>() + BLOCKS)
        + input.len()
        + 2 * malformed
        + 2 * longest
}

/// What [`parse`] gives, if there is [`room`].
pub(super) fn pairs(input: &[u8]) -> Pairs {
    sequences(input)
        .map(|bytes| {
            // 3.2. and 3.3. Up to the first 0x3D (=) is the name; the rest is the value.
            let (name, value) = match bytes.iter().position(|&byte| byte == b'=') {
                Some(equals) => (&bytes[..equals], &bytes[equals + 1..]),
                None => (bytes, &[][..]),
            };
            // 3.4. to 3.6.
            (decode(name), decode(value))
        })
        .collect()
}

/// Replaces "+" by a space, percent-decodes, and decodes UTF-8 without BOM.
fn decode(bytes: &[u8]) -> String {
    if !bytes.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// The length of what [`serialize`] writes.
pub fn serialized_length(pairs: &[(String, String)]) -> usize {
    let text = |text: &str| {
        utf8_percent_encode(text, FORM_URLENCODED)
            .map(str::len)
            .sum::<usize>()
    };
    // "=" and "&"
    let lengths = pairs
        .iter()
        .map(|(name, value)| text(name) + text(value) + 2);
    lengths.sum::<usize>().saturating_sub(1)
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-serializer>
pub fn serialize(pairs: &[(String, String)], output: &mut String) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            output.push('&');
        }
        encode(name, output);
        output.push('=');
        encode(value, output);
    }
}

/// <https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set>, without the space, which becomes "+".
const FORM_URLENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b' ')
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// Percent-encodes, and replaces spaces by "+".
fn encode(text: &str, output: &mut String) {
    for (index, words) in text.split(' ').enumerate() {
        if index > 0 {
            output.push('+');
        }
        output.extend(utf8_percent_encode(words, FORM_URLENCODED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(list: &[(&str, &str)]) -> Pairs {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn parses_what_the_standard_says() {
        assert_eq!(pairs(b""), list(&[]));
        assert_eq!(
            pairs(b"&&a&=b&c=d=e&"),
            list(&[("a", ""), ("", "b"), ("c", "d=e")])
        );
        assert_eq!(pairs(b"a+b=c%20d%2B"), list(&[("a b", "c d+")]));
        assert_eq!(pairs(b"%=%2&%zz=%4a"), list(&[("%", "%2"), ("%zz", "J")]));
        // Invalid UTF-8 is replaced; a byte order mark stays.
        assert_eq!(
            pairs(b"%ff=\xef\xbb\xbfx&\xff=%C3"),
            list(&[("\u{fffd}", "\u{feff}x"), ("\u{fffd}", "\u{fffd}")])
        );
    }

    #[test]
    fn serializes_what_it_can_parse() {
        let all = list(&[("a b", "ü&=+%"), ("*-._", "~'()"), ("", "")]);
        let mut text = String::new();
        serialize(&all, &mut text);
        assert_eq!(text, "a+b=%C3%BC%26%3D%2B%25&*-._=%7E%27%28%29&=");
        assert_eq!(serialized_length(&all), text.len());
        assert_eq!(serialized_length(&[]), 0);
        assert_eq!(pairs(text.as_bytes()), all);
    }

    #[test]
    fn there_is_room_for_all_pairs() {
        for input in [&b"a=b"[..], b"&a&&b", b"\xff\xff=\xff", b"", b"%41=%42&x"] {
            let taken: usize = PairList(pairs(input)).external_size();
            assert!(room(input) >= taken, "{input:?}");
        }
        assert!(room(&b"&a".repeat(1000)) >= 64 * 1000);
    }
}
