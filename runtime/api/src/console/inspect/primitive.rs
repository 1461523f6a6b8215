//! Strings, numbers, symbols, dates, and the colours of everything.

use nano_engine::text::text;
use nano_webidl::{Scope, Value};

/// The colours of a terminal, by what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    String,
    Symbol,
    Number,
    Boolean,
    Undefined,
    Null,
    Special,
    Date,
    RegExp,
}

impl Style {
    /// The text between the escape sequences of the style.
    pub(super) fn paint(self, text: &str) -> String {
        let (on, off) = match self {
            Style::String | Style::Symbol => (32, 39),
            Style::Number | Style::Boolean => (33, 39),
            Style::Undefined => (90, 39),
            Style::Null => (1, 22),
            Style::Special => (36, 39),
            Style::Date => (35, 39),
            Style::RegExp => (31, 39),
        };
        format!("\u{1b}[{on}m{text}\u{1b}[{off}m")
    }
}

/// A string in quotes: single ones, unless it has those itself and lacks others. Everything that does not show is escaped.
pub(super) fn quote(units: &[u16]) -> String {
    let has = |c: char| units.contains(&(c as u16));
    let quote = match (
        has('\''),
        has('"'),
        has('`'),
        units.windows(2).any(|pair| pair == [0x24, 0x7b]),
    ) {
        (false, ..) => '\'',
        (true, false, ..) => '"',
        (true, true, false, false) => '`',
        _ => '\'',
    };
    let mut text = String::with_capacity(units.len() + 2);
    text.push(quote);
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok('\n') => text.push_str("\\n"),
            Ok('\t') => text.push_str("\\t"),
            Ok('\r') => text.push_str("\\r"),
            Ok('\u{8}') => text.push_str("\\b"),
            Ok('\u{c}') => text.push_str("\\f"),
            Ok('\u{b}') => text.push_str("\\v"),
            Ok('\\') => text.push_str("\\\\"),
            Ok(c) if c == quote => text.extend(['\\', c]),
            Ok(c @ ('\0'..='\u{1f}' | '\u{7f}'..='\u{9f}')) => {
                text.push_str(&format!("\\x{:02X}", c as u32))
            }
            Ok(c @ ('\u{2028}' | '\u{2029}')) => text.push_str(&format!("\\u{:04X}", c as u32)),
            Ok(c) => text.push(c),
            Err(lone) => text.push_str(&format!("\\u{:04X}", lone.unpaired_surrogate())),
        }
    }
    text.push(quote);
    text
}

/// A number as JavaScript writes it, but negative zero with its sign.
pub fn number_text(scope: &mut Scope, number: f64) -> String {
    if number == 0.0 && number.is_sign_negative() {
        return "-0".to_owned();
    }
    let number: Value = v8::Number::new(scope, number).into();
    number.to_rust_string_lossy(scope)
}

/// `1n`. Gigantic ones are not printed: it would take V8 very long.
pub(super) fn bigint_text<'s>(
    scope: &mut Scope<'s, '_>,
    bigint: v8::Local<'s, v8::BigInt>,
) -> String {
    let words = bigint.word_count();
    if words > 1000 {
        return format!("<BigInt of {} bits>", words * 64);
    }
    let value: Value = bigint.into();
    format!("{}n", value.to_rust_string_lossy(scope))
}

/// `Symbol(description)`
pub(super) fn symbol_text<'s>(
    scope: &mut Scope<'s, '_>,
    symbol: v8::Local<'s, v8::Symbol>,
) -> String {
    let description = symbol.description(scope);
    match v8::Local::<v8::String>::try_from(description) {
        Ok(description) => format!("Symbol({})", text(scope, description, 1000)),
        Err(_) => "Symbol()".to_owned(),
    }
}

/// `2026-01-31T12:00:00.000Z`, <https://tc39.es/ecma262/#sec-date-time-string-format>.
pub(super) fn date_text(time: f64) -> String {
    if !time.is_finite() {
        return "Invalid Date".to_owned();
    }
    let milliseconds = time as i64;
    let (days, of_day) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = civil(days);
    let year = if (0..=9999).contains(&year) {
        format!("{year:04}")
    } else {
        format!("{}{:06}", if year < 0 { '-' } else { '+' }, year.abs())
    };
    let (hours, minutes, seconds) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!(
        "{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z",
        of_day % 1000
    )
}

/// Year, month and day of a number of days since 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from March here, so that the leap day is the last one; an era has 400 of them.
    const DAYS_PER_ERA: i64 = 146_097;
    let since_0000_03_01 = days + 719_468;
    let (era, of_era) = (
        since_0000_03_01.div_euclid(DAYS_PER_ERA),
        since_0000_03_01.rem_euclid(DAYS_PER_ERA),
    );
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        quote(&text.encode_utf16().collect::<Vec<_>>())
    }

    #[test]
    fn quotes_are_chosen_by_what_is_inside() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"so\""), "`it's \"so\"`");
        assert_eq!(quoted("it's \"so\" `too`"), "'it\\'s \"so\" `too`'");
        assert_eq!(quoted("'\"${x}"), "'\\'\"${x}'");
    }

    #[test]
    fn what_does_not_show_is_escaped() {
        assert_eq!(quoted("a\nb\t\\\u{1}\u{7f}"), "'a\\nb\\t\\\\\\x01\\x7F'");
        assert_eq!(quote(&[0x61, 0xd800, 0x62]), "'a\\uD800b'");
        assert_eq!(quoted("é😀"), "'é😀'");
    }

    #[test]
    fn dates_are_written_as_iso_8601() {
        assert_eq!(date_text(0.0), "1970-01-01T00:00:00.000Z");
        assert_eq!(date_text(-1.0), "1969-12-31T23:59:59.999Z");
        assert_eq!(date_text(951_782_400_000.0), "2000-02-29T00:00:00.000Z");
        assert_eq!(date_text(1_767_225_599_001.0), "2025-12-31T23:59:59.001Z");
        assert_eq!(date_text(8.64e15), "+275760-09-13T00:00:00.000Z");
        assert_eq!(date_text(-8.64e15), "-271821-04-20T00:00:00.000Z");
        assert_eq!(date_text(f64::NAN), "Invalid Date");
    }
}
