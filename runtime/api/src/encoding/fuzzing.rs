//! See [`crate::fuzzing`].

use super::base64::{decode, encode};
use super::utf8_decoder::Utf8Decoder;
use crate::fuzzing::input::{Input, cut};
use crate::shell::fuzzing::try_in_script;

/// UTF-8 in chunks: the text does not depend on how it is cut.
pub fn utf8_decoder(case: &[u8]) {
    let mut input = Input::new(case);
    let (size, ignore_bom) = (input.byte(), input.byte() & 1 != 0);
    let bytes = input.rest();
    let mut decoder = Utf8Decoder::default();
    let mut text = String::new();
    let mut decode = |chunk: &[u8], last: bool| {
        decoder.decode(chunk, last, ignore_bom, |bytes| {
            text.push_str(&String::from_utf8_lossy(bytes));
        });
    };
    for chunk in cut(bytes, size) {
        decode(chunk, false);
    }
    decode(&[], true);
    let whole = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if !ignore_bom => rest,
        _ => bytes,
    };
    assert_eq!(text, String::from_utf8_lossy(whole));
}

/// Forgiving-base64, against the standard's steps written down.
pub fn base64(case: &[u8]) {
    assert_eq!(decode(case), steps(case));
    assert_eq!(decode(encode(case).as_bytes()).as_deref(), Some(case));
}

/// <https://infra.spec.whatwg.org/#forgiving-base64-decode>
fn steps(text: &[u8]) -> Option<Vec<u8>> {
    // 1.
    let mut data: Vec<u8> = text.to_vec();
    data.retain(|byte| !matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | b' '));
    // 2.
    if data.len().is_multiple_of(4) {
        for _ in 0..2 {
            data.pop_if(|last| *last == b'=');
        }
    }
    // 3.
    if data.len() % 4 == 1 {
        return None;
    }
    // 4. to 8.
    let (mut output, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in data {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            output.push((buffer >> bits) as u8);
        }
    }
    Some(output)
}

/// `TextDecoder` with any encoding, in a stream and at once.
pub fn text_decoder(case: &[u8]) {
    try_in_script(
        "text_decoder",
        include_str!("../../../fuzz/scripts/text_decoder.js"),
        case,
    );
}
