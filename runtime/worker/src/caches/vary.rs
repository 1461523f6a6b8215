//! By which fields of its request a response varies: <https://httpwg.org/specs/rfc9110.html#field.vary>.

use std::cell::LazyCell;
use std::fmt;

use http::HeaderName;

use crate::Fields;

/// How many fields a response may vary by: as many as requests to a host may have.
const MOST_NAMES: usize = 100;
/// How many bytes say so.
const MOST_BYTES: usize = 16 << 10;

static VARY: HeaderName = http::header::VARY;

/// Why no cache keeps a response: what it varies by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooVaried {
    /// Every request has one of its own.
    Everything,
    /// More fields than are compared.
    ManyFields,
}

impl fmt::Display for TooVaried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything (Vary: *)"),
            Self::ManyFields => write!(
                f,
                "more than {MOST_NAMES} fields, or its Vary is longer than {MOST_BYTES} bytes"
            ),
        }
    }
}

/// The names in a response's `Vary`, each once.
pub(super) fn names(fields: &Fields) -> Result<Vec<HeaderName>, TooVaried> {
    if fields.values(&VARY).map(<[u8]>::len).sum::<usize>() > MOST_BYTES {
        return Err(TooVaried::ManyFields);
    }
    let mut names = Vec::new();
    let values = fields.values(&VARY);
    for name in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let name = name.trim_ascii();
        if name == b"*" {
            return Err(TooVaried::Everything);
        }
        // What is no name is in no request.
        let Ok(name) = HeaderName::from_bytes(name) else {
            continue;
        };
        if names.contains(&name) {
            continue;
        }
        if names.len() == MOST_NAMES {
            return Err(TooVaried::ManyFields);
        }
        names.push(name);
    }
    Ok(names)
}

/// A request's fields, of which those with a name are found at once: an app may have many of them, and ask for many names.
#[derive(Debug, Default)]
pub struct SortedFields<'f>(Vec<(&'f [u8], &'f [u8])>);

impl<'f> FromIterator<(&'f [u8], &'f [u8])> for SortedFields<'f> {
    /// Of names in lower case, and values.
    fn from_iter<T: IntoIterator<Item = (&'f [u8], &'f [u8])>>(fields: T) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        // Values of a name stay in their order.
        fields.sort_by_key(|(name, _)| *name);
        Self(fields)
    }
}

/// Fields that are sorted once somebody looks at them: most responses do not vary.
pub type LazyFields<'f> = LazyCell<SortedFields<'f>, &'f dyn Fn() -> SortedFields<'f>>;

impl<'f> SortedFields<'f> {
    /// What each field takes.
    pub const SIZE: usize = size_of::<(&[u8], &[u8])>();

    /// The values of a name.
    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &'f [u8]> {
        let wanted = name.as_str().as_bytes();
        let begin = self.0.partition_point(|(name, _)| *name < wanted);
        let own = self.0[begin..]
            .iter()
            .take_while(move |(name, _)| *name == wanted);
        own.map(|(_, value)| *value)
    }

    /// The values of a name, combined: <https://httpwg.org/specs/rfc9110.html#field.order>.
    pub(super) fn combined(&self, name: &HeaderName) -> Option<Box<[u8]>> {
        let mut values = self.values(name);
        let mut all = values.next()?.to_vec();
        for value in values {
            all.extend_from_slice(SEPARATOR);
            all.extend_from_slice(value);
        }
        Some(all.into())
    }

    /// Whether these are the combined values of a name.
    pub(super) fn has(&self, name: &HeaderName, combined: Option<&[u8]>) -> bool {
        let mut values = self.values(name);
        let (Some(first), Some(combined)) = (values.next(), combined) else {
            return self.values(name).next().is_none() && combined.is_none();
        };
        let rest = combined.strip_prefix(first);
        let rest = values.try_fold(rest, |rest, value| {
            let rest = rest?.strip_prefix(SEPARATOR)?;
            Some(rest.strip_prefix(value))
        });
        rest.flatten().is_some_and(<[u8]>::is_empty)
    }
}

/// What is between combined values.
const SEPARATOR: &[u8] = b", ";

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn varying(vary: &str) -> Result<usize, TooVaried> {
        let map = HeaderMap::from_iter([(VARY.clone(), vary.parse().unwrap())]);
        names(&Fields::from(&map)).map(|names| names.len())
    }

    #[test]
    fn names_count_once_and_are_bounded() {
        assert_eq!(varying("a, A,,b c, x-b"), Ok(2));
        assert_eq!(varying("a, *"), Err(TooVaried::Everything));
        let some = |count: usize| {
            let names: Vec<_> = (0..count).map(|number| format!("x{number}")).collect();
            varying(&names.join(","))
        };
        assert_eq!(some(MOST_NAMES), Ok(MOST_NAMES));
        assert_eq!(some(MOST_NAMES + 1), Err(TooVaried::ManyFields));
        assert_eq!(varying(&"a,".repeat(MOST_BYTES / 2)), Ok(1));
        assert_eq!(
            varying(&"a,".repeat(MOST_BYTES / 2 + 1)),
            Err(TooVaried::ManyFields)
        );
    }

    #[test]
    fn values_are_combined_in_their_order() {
        let pairs = [("b", "2"), ("a", "x"), ("b", "1"), ("c", "")];
        let fields: SortedFields = pairs
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        for (name, wanted) in [
            ("a", Some("x")),
            ("b", Some("2, 1")),
            ("c", Some("")),
            ("d", None),
        ] {
            let name = HeaderName::from_static(name);
            let combined = fields.combined(&name);
            assert_eq!(combined.as_deref(), wanted.map(str::as_bytes));
            assert!(fields.has(&name, combined.as_deref()), "{name}");
            for other in [Some(&b"2"[..]), Some(b"2, 1, "), Some(b"2, "), Some(b"y")] {
                assert!(!fields.has(&name, other), "{name}");
            }
            assert_eq!(fields.has(&name, None), wanted.is_none(), "{name}");
        }
    }
}
