//! Timestamps.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

thread_local! {
    /// The last time that this thread wrote, in milliseconds since 1970, and its text: many lines have the same.
    static LAST: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// The length of a time without its fraction.
const SECONDS: usize = 19;

const ZERO: [u8; SECONDS] = *b"0000-00-00T00:00:00";

/// Appends a time as `2026-01-31T12:00:00.000Z`.
pub(super) fn write_rfc3339(line: &mut String, time: SystemTime) {
    // Clocks before 1970 are wrong anyway.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), u64::from(since.subsec_millis()));
    let now = seconds * 1000 + millis;
    LAST.with_borrow_mut(|(last, text)| {
        if *last / 1000 != seconds || text.is_empty() {
            text.clear();
            push(text, &second(seconds));
            push(text, b".000Z");
            *last = seconds * 1000;
        }
        if *last != now {
            let mut fraction = *b".000Z";
            put(&mut fraction[1..4], millis);
            text.truncate(SECONDS);
            push(text, &fraction);
            *last = now;
        }
        line.push_str(text);
    });
}

fn push(text: &mut String, ascii: &[u8]) {
    text.push_str(std::str::from_utf8(ascii).unwrap_or_default());
}

/// The text of a second since 1970.
fn second(number: u64) -> [u8; SECONDS] {
    let second = i64::try_from(number).ok();
    let time = second.and_then(|second| Timestamp::from_second(second).ok());
    let text = time.unwrap_or_default().to_string();
    text.as_bytes().first_chunk().copied().unwrap_or(ZERO)
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
