//! `application/x-www-form-urlencoded`, <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>.

use nano_webidl::Weigh;

/// Names and values in order.
pub type Pairs = Vec<(String, String)>;

/// About how many bytes a pair takes in a list.
pub fn pair_size(name: &str, value: &str) -> usize {
    size_of::<(String, String)>() + name.len() + value.len()
}

/// A list of pairs that belongs to an app.
#[derive(Debug, Default)]
pub struct PairList(pub Pairs);

impl Weigh for PairList {
    fn weigh(&self) -> usize {
        let sizes = self.0.iter().map(|(name, value)| pair_size(name, value));
        sizes.sum()
    }
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-parser>
pub fn parse(input: &[u8]) -> Pairs {
    // 1. Let sequences be the result of splitting input on 0x26 (&).
    input
        .split(|&byte| byte == b'&')
        // 3.1. If bytes is the empty byte sequence, then continue.
        .filter(|bytes| !bytes.is_empty())
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
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        decoded.push(match (first, tail) {
            (b'+', _) => b' ',
            // https://url.spec.whatwg.org/#percent-decode
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (byte, _) => *byte,
        });
    }
    match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-serializer>
pub fn serialize(pairs: &[(String, String)]) -> String {
    let mut output = String::with_capacity(
        pairs
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum(),
    );
    for (name, value) in pairs {
        if !output.is_empty() {
            output.push('&');
        }
        encode(name, &mut output);
        output.push('=');
        encode(value, &mut output);
    }
    output
}

/// Percent-encodes with the application/x-www-form-urlencoded percent-encode set, and spaces as "+".
fn encode(text: &str, output: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                output.push(char::from(byte))
            }
            b' ' => output.push('+'),
            _ => {
                output.push('%');
                output.push(char::from(DIGITS[usize::from(byte >> 4)]));
                output.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Pairs {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn parses_what_the_standard_says() {
        assert_eq!(parse(b""), pairs(&[]));
        assert_eq!(
            parse(b"&&a&=b&c=d=e&"),
            pairs(&[("a", ""), ("", "b"), ("c", "d=e")])
        );
        assert_eq!(parse(b"a+b=c%20d%2B"), pairs(&[("a b", "c d+")]));
        assert_eq!(parse(b"%=%2&%zz=%4a"), pairs(&[("%", "%2"), ("%zz", "J")]));
        // Invalid UTF-8 is replaced; a byte order mark stays.
        assert_eq!(
            parse(b"%ff=\xef\xbb\xbfx&\xff=%C3"),
            pairs(&[("\u{fffd}", "\u{feff}x"), ("\u{fffd}", "\u{fffd}")])
        );
    }

    #[test]
    fn serializes_what_it_can_parse() {
        let list = pairs(&[("a b", "ü&=+%"), ("*-._", "~'()"), ("", "")]);
        let text = serialize(&list);
        assert_eq!(text, "a+b=%C3%BC%26%3D%2B%25&*-._=%7E%27%28%29&=");
        assert_eq!(
            parse(text.as_bytes()),
            pairs(&[("a b", "ü&=+%"), ("*-._", "~'()"), ("", "")])
        );
    }
}
