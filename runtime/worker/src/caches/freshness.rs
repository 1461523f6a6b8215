//! How long a shared cache may keep a response: <https://httpwg.org/specs/rfc9111.html#calculating.freshness.lifetime>.
//!
//! As in Workers, a response without a lifetime of its own is kept until there is no room for it, and one with `Set-Cookie` is not kept,
//! unless `Cache-Control: private=Set-Cookie` has it kept without that field.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use http::HeaderName;
use http::header::{AGE, DATE, EXPIRES, SET_COOKIE};

use crate::Fields;

static CONTROL: HeaderName = http::header::CACHE_CONTROL;

/// How long a response may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// It may not be kept.
    None,
    /// It does not say.
    Unknown,
    /// So long from now on.
    Fresh(Duration),
}

/// How many bytes `Cache-Control` may have; a response with more of it is not kept.
const MOST_BYTES: usize = 16 << 10;

/// The lifetime of a response, and the fields of it that are not to be kept.
pub(super) fn lifetime(fields: &Fields, now: SystemTime) -> (Lifetime, HashSet<HeaderName>) {
    let values = fields.values(&CONTROL);
    if values.map(<[u8]>::len).sum::<usize>() > MOST_BYTES {
        return (Lifetime::None, HashSet::new());
    }
    let mut withheld = HashSet::new();
    let (mut max_age, mut shared_max_age) = (None, None);
    for value in fields.values(&CONTROL) {
        for (name, argument) in directives(value) {
            match (name.to_ascii_lowercase().as_slice(), argument) {
                (b"no-store", _) | (b"private" | b"no-cache", None) => {
                    return (Lifetime::None, HashSet::new());
                }
                (b"private" | b"no-cache", Some(names)) => {
                    let names = names.split(|byte| *byte == b',');
                    let names =
                        names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
                    withheld.extend(names);
                }
                // Of several, the first one counts.
                (b"max-age", Some(seconds)) => max_age = max_age.or(Some(delta(seconds))),
                (b"s-maxage", Some(seconds)) => {
                    shared_max_age = shared_max_age.or(Some(delta(seconds)));
                }
                _ => {}
            }
        }
    }
    if fields.get(&SET_COOKIE).is_some() && !withheld.contains(&SET_COOKIE) {
        return (Lifetime::None, HashSet::new());
    }
    let lifetime = shared_max_age.or(max_age).or_else(|| {
        let expires = fields.get(&EXPIRES)?;
        // What is no date, as "0", is in the past.
        let expires = date(expires).unwrap_or(SystemTime::UNIX_EPOCH);
        let begin = fields.get(&DATE).and_then(date).unwrap_or(now);
        Some(expires.duration_since(begin).unwrap_or_default())
    });
    let Some(lifetime) = lifetime else {
        return (Lifetime::Unknown, withheld);
    };
    let age = fields.get(&AGE).map(delta).unwrap_or_default();
    (Lifetime::Fresh(lifetime.saturating_sub(age)), withheld)
}

/// <https://httpwg.org/specs/rfc9111.html#delta-seconds>; what is none is 0: such a response is stale.
fn delta(text: &[u8]) -> Duration {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Duration::ZERO;
    }
    let seconds = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    // Too many for the type are many.
    Duration::from_secs(
        seconds
            .unwrap_or(u64::from(u32::MAX))
            .min(u64::from(u32::MAX)),
    )
}

fn date(text: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(text).ok()?).ok()
}

/// The directives of a field, with their arguments, of which quotation marks are no part.
fn directives(value: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let mut is_quoted = false;
    let parts = value.split(move |byte| {
        is_quoted ^= *byte == b'"';
        *byte == b',' && !is_quoted
    });
    parts.map(|part| match part.iter().position(|byte| *byte == b'=') {
        None => (part.trim_ascii(), None),
        Some(at) => {
            let argument = part[at + 1..].trim_ascii();
            let argument = argument.strip_prefix(b"\"").unwrap_or(argument);
            let argument = argument.strip_suffix(b"\"").unwrap_or(argument);
            (part[..at].trim_ascii(), Some(argument))
        }
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn of(fields: &[(&'static str, &str)]) -> (Lifetime, HashSet<HeaderName>) {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        // 1994-11-06 08:49:37
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        lifetime(&Fields::from(&map), now)
    }

    fn seconds(fields: &[(&'static str, &str)]) -> Option<u64> {
        match of(fields).0 {
            Lifetime::Fresh(time) => Some(time.as_secs()),
            Lifetime::Unknown => None,
            Lifetime::None => Some(0),
        }
    }

    #[test]
    fn lifetimes_are_those_of_shared_caches() {
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[("cache-control", "public")]), None);
        assert_eq!(seconds(&[("cache-control", "Max-Age=60")]), Some(60));
        assert_eq!(seconds(&[("cache-control", "max-age=\"60\"")]), Some(60));
        assert_eq!(
            seconds(&[("cache-control", "max-age=60, s-maxage=5")]),
            Some(5)
        );
        assert_eq!(
            seconds(&[
                ("cache-control", "s-maxage=5"),
                ("cache-control", "max-age=60")
            ]),
            Some(5)
        );
        assert_eq!(
            seconds(&[("cache-control", "max-age=60"), ("age", "59")]),
            Some(1)
        );
        assert_eq!(seconds(&[("cache-control", "max-age=-1")]), Some(0));
        assert_eq!(
            seconds(&[("cache-control", "max-age=99999999999999999999")]),
            Some(u64::from(u32::MAX))
        );
        let expires = ("expires", "Sun, 06 Nov 1994 08:50:37 GMT");
        assert_eq!(seconds(&[expires]), Some(60));
        assert_eq!(
            seconds(&[expires, ("date", "Sun, 06 Nov 1994 08:50:36 GMT")]),
            Some(1)
        );
        assert_eq!(seconds(&[("expires", "0")]), Some(0));
        assert_eq!(seconds(&[expires, ("cache-control", "max-age=7")]), Some(7));
    }

    #[test]
    fn what_is_not_for_shared_caches_is_not_kept() {
        for value in [
            "no-store",
            "private",
            "max-age=60, no-cache",
            "x=\"a,b\", no-store",
        ] {
            assert_eq!(of(&[("cache-control", value)]).0, Lifetime::None, "{value}");
        }
        assert_eq!(
            of(&[("cache-control", "x=\"no-store, private\"")]).0,
            Lifetime::Unknown
        );
        assert_eq!(of(&[("set-cookie", "a=b")]).0, Lifetime::None);
        let (lifetime, withheld) = of(&[
            ("set-cookie", "a=b"),
            ("cache-control", "private=\"x-a, Set-Cookie\", max-age=9"),
        ]);
        assert_eq!(lifetime, Lifetime::Fresh(Duration::from_secs(9)));
        let names = ["x-a", "set-cookie"].map(HeaderName::from_static);
        assert_eq!(withheld, HashSet::from(names));
        let long = format!("private=\"{}\"", "x,".repeat(MOST_BYTES / 2));
        assert_eq!(of(&[("cache-control", &long)]).0, Lifetime::None);
    }
}
