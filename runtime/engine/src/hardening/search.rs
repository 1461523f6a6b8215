//! `indexOf` and `lastIndexOf` of long strings, in time that grows with their lengths, not with the product of them.
//!
//! V8 knows the last 250 characters of what it looks for, and nothing where it looks backwards: where those are found again and
//! again, it compares all of a needle at each place of a text. That is one call that cannot be interrupted, and it may be a client
//! that sends both: half a megabyte in one of a megabyte takes minutes. `hardening.js` decides which go here.

use crate::entry;
use crate::external_memory::has_room;
use memchr::memmem;
use v8::ValueViewData::{OneByte, TwoByte};

/// `find(text, needle, position)`: where the needle is first at a position or after it, or -1.
pub(super) unsafe extern "C" fn find_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe {
        entry::function(info, |scope, args, result| {
            callback(scope, &args, result, find)
        })
    }
}

/// `findLast(text, needle, position)`: where the needle is last at a position or before it, or -1. `NaN` is the end.
pub(super) unsafe extern "C" fn find_last_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe {
        entry::function(info, |scope, args, result| {
            callback(scope, &args, result, find_last);
        });
    }
}

/// What [`search`] takes for each unit of a needle: itself, and its border.
const BYTES_A_UNIT: usize = size_of::<u16>() + size_of::<u32>();

type Data<'a> = v8::ValueViewData<'a>;

fn callback<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: &v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
    find: fn(&Data, &Data, f64) -> Option<usize>,
) {
    let strings = (args.get(0).try_cast(), args.get(1).try_cast());
    let (Ok(text), Ok(needle)): (
        Result<v8::Local<v8::String>, _>,
        Result<v8::Local<v8::String>, _>,
    ) = strings
    else {
        return;
    };
    let Some(position) = args.get(2).number_value(scope) else {
        return;
    };
    let needs_borders = !(text.is_onebyte() && needle.is_onebyte());
    if needs_borders && !has_room(scope, BYTES_A_UNIT.saturating_mul(needle.length())) {
        if let Some(message) =
            v8::String::new(scope, "Out of memory: the string to look for is too long")
        {
            let error = v8::Exception::range_error(scope, message);
            scope.throw_exception(error);
        }
        return;
    }
    // The second view must not flatten its string: V8 must not move the first one's.
    drop(v8::ValueView::new(scope, needle));
    let text = v8::ValueView::new(scope, text);
    let needle = v8::ValueView::new(scope, needle);
    let found = find(&text.data(), &needle.data(), position);
    // A string has less than 2^29 characters.
    let index = found.and_then(|index| i32::try_from(index).ok());
    result.set_int32(index.unwrap_or(-1));
}

/// <https://tc39.es/ecma262/#sec-stringindexof>, of a position that is clamped.
fn find(text: &Data, needle: &Data, position: f64) -> Option<usize> {
    let start = clamp(position, length(text));
    let found = match (text, needle) {
        (OneByte(text), OneByte(needle)) => memmem::find(&text[start..], needle),
        (OneByte(text), TwoByte(needle)) => search(text[start..].iter(), needle.iter()),
        (TwoByte(text), OneByte(needle)) => search(text[start..].iter(), needle.iter()),
        (TwoByte(text), TwoByte(needle)) => search(text[start..].iter(), needle.iter()),
    };
    Some(start + found?)
}

/// <https://tc39.es/ecma262/#sec-stringlastindexof>, of a position that is clamped.
fn find_last(text: &Data, needle: &Data, position: f64) -> Option<usize> {
    let (all, part) = (length(text), length(needle));
    let position = if position.is_nan() {
        all
    } else {
        clamp(position, all)
    };
    let end = position.saturating_add(part).min(all);
    let before_end = match (text, needle) {
        (OneByte(text), OneByte(needle)) => return memmem::rfind(&text[..end], needle),
        (OneByte(text), TwoByte(needle)) => search(text[..end].iter().rev(), needle.iter().rev()),
        (TwoByte(text), OneByte(needle)) => search(text[..end].iter().rev(), needle.iter().rev()),
        (TwoByte(text), TwoByte(needle)) => search(text[..end].iter().rev(), needle.iter().rev()),
    }?;
    Some(end - before_end - part)
}

/// `NaN` is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, which is what is wanted"
)]
fn clamp(position: f64, length: usize) -> usize {
    (position as usize).min(length)
}

fn length(data: &Data) -> usize {
    match data {
        OneByte(units) => units.len(),
        TwoByte(units) => units.len(),
    }
}

/// Where a needle begins in a text: Knuth, Morris and Pratt's. (Two-byte strings are not searched as bytes: a needle can be
/// between the units of a text at each place of it, which would make that quadratic again.)
fn search<'s, T: Copy + Into<u16> + 's, N: Copy + Into<u16> + 's>(
    text: impl Iterator<Item = &'s T>,
    needle: impl Iterator<Item = &'s N>,
) -> Option<usize> {
    let needle: Vec<u16> = needle.map(|&unit| unit.into()).collect();
    let Some(borders) = borders(&needle) else {
        return Some(0);
    };
    let mut matched = 0;
    for (index, &unit) in text.enumerate() {
        let unit = unit.into();
        while needle[matched] != unit && matched > 0 {
            matched = borders[matched - 1] as usize;
        }
        if needle[matched] == unit {
            matched += 1;
        }
        if matched == needle.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}

/// For each beginning of a needle, how much of it both begins and ends it, itself aside. `None` of an empty one.
fn borders(needle: &[u16]) -> Option<Vec<u32>> {
    let mut borders = Vec::with_capacity(needle.len());
    borders.push(0);
    let mut matched = 0_u32;
    for &unit in needle.get(1..)? {
        while needle[matched as usize] != unit && matched > 0 {
            matched = borders[matched as usize - 1];
        }
        if needle[matched as usize] == unit {
            matched += 1;
        }
        borders.push(matched);
    }
    Some(borders)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All strings of up to so many of two units.
    fn strings(most: usize) -> Vec<Vec<u16>> {
        let of = |length: usize| {
            (0..1_usize << length).map(move |bits| {
                let unit = |place| if bits >> place & 1 == 0 { 0x61 } else { 0x6161 };
                (0..length).map(unit).collect()
            })
        };
        (0..=most).flat_map(of).collect()
    }

    #[test]
    fn finds_what_comparing_at_each_place_does() {
        for text in strings(9) {
            for needle in strings(4) {
                for start in 0..=text.len() {
                    let is_at = |&place: &usize| text[place..].starts_with(&needle);
                    let first = (start..=text.len()).find(is_at);
                    let last = (0..=start).rev().find(is_at);
                    let position = u32::try_from(start).unwrap_or(0).into();
                    let case = format!("{needle:?} in {text:?} from {start}");
                    assert_eq!(
                        find(&TwoByte(&text), &TwoByte(&needle), position),
                        first,
                        "{case}"
                    );
                    assert_eq!(
                        find_last(&TwoByte(&text), &TwoByte(&needle), position),
                        last,
                        "{case}"
                    );
                }
            }
        }
    }

    #[test]
    fn looks_for_strings_of_any_width_in_any_other() {
        let (narrow, wide) = (b"a\xffb\xffb".as_slice(), [0x61, 0xff, 0x62, 0xff, 0x62]);
        for text in [OneByte(narrow), TwoByte(&wide)] {
            for needle in [OneByte(b"\xffb"), TwoByte(&[0xff, 0x62])] {
                assert_eq!(find(&text, &needle, 0.), Some(1));
                assert_eq!(find(&text, &needle, 2.), Some(3));
                assert_eq!(find_last(&text, &needle, f64::NAN), Some(3));
                assert_eq!(find_last(&text, &needle, 2.), Some(1));
                assert_eq!(find_last(&text, &needle, -1.), None);
            }
            // What would be a match, cut down to bytes.
            assert_eq!(find(&text, &TwoByte(&[0x1ff, 0x62]), 0.), None);
        }
    }
}
