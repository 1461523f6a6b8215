//! Timestamps.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// The last second that this thread wrote, and its text.
    static SECOND: Cell<(u64, [u8; SECONDS])> = const { Cell::new((u64::MAX, *b"0000-00-00T00:00:00")) };
}

/// The length of a time without its fraction.
const SECONDS: usize = 19;

/// Appends a time as `2026-01-31T12:00:00.000Z`.
pub(super) fn write_rfc3339(line: &mut String, time: SystemTime) {
    // Clocks before 1970 are wrong anyway.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (last, mut text) = SECOND.get();
    if last != since.as_secs() {
        text = second(since.as_secs());
        SECOND.set((since.as_secs(), text));
    }
    let mut fraction = *b".000Z";
    put(&mut fraction[1..4], since.subsec_millis().into());
    for ascii in [&text[..], &fraction] {
        line.push_str(std::str::from_utf8(ascii).unwrap_or_default());
    }
}

/// The text of a second since 1970.
fn second(number: u64) -> [u8; SECONDS] {
    let (days, seconds) = (number / 86_400, number % 86_400);
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00";
    for (end, number) in [
        (4, year),
        (7, month),
        (10, day),
        (13, seconds / 3600),
        (16, seconds / 60 % 60),
        (19, seconds % 60),
    ] {
        put(&mut text[..end], number);
    }
    text
}

/// Writes a number over the zeros at the end of a text.
pub(super) fn put(text: &mut [u8], mut number: u64) {
    for digit in text.iter_mut().rev() {
        if number == 0 {
            break;
        }
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The date of a day since 1970, by counting from 1 March of year 0, so that leap days are the last of their year.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn known_times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_827_696, "2000-02-29T12:34:56.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_709_251_200, "2024-03-01T00:00:00.000Z"),
            (4_102_444_799, "2099-12-31T23:59:59.000Z"),
        ] {
            let mut line = String::new();
            write_rfc3339(&mut line, UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(line, text);
        }
    }

    #[test]
    fn a_second_has_many_milliseconds() {
        for (millis, text) in [
            (7, "00.007Z"),
            (999, "00.999Z"),
            (1000, "01.000Z"),
            (60, "00.060Z"),
        ] {
            let mut line = String::new();
            write_rfc3339(&mut line, UNIX_EPOCH + Duration::from_millis(millis));
            assert_eq!(line, format!("1970-01-01T00:00:{text}"));
        }
    }
}
